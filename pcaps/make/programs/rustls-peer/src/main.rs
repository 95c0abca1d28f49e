//! `rustls-peer client ADDRESS NAME AUTHORITY [OPTION...]` or `rustls-peer server ADDRESS CERT KEY [OPTION...]`.
//!
//! Options: `tls12` alone, `tls13` alone; `cert=FILE,KEY` (client) shows a certificate; `ask=AUTHORITY` (server) requires
//! one; `twice` (client) opens a second connection, which may resume. One line is echoed. Prints what was negotiated as
//! `key=value`, or `error=`, for every connection, and `done`.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, CommonState, RootCertStore, ServerConfig, ServerConnection};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [role, address, first, second, options @ ..] = &words[..] else {
        return Err("see the source".into());
    };
    if role == "client" {
        client(address, first, second, options)?;
    } else {
        server(address, first, second, options)?;
    }
    println!("done");
    Ok(())
}

static TLS12_ALONE: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];
static TLS13_ALONE: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

fn versions(options: &[String]) -> &'static [&'static rustls::SupportedProtocolVersion] {
    if options.iter().any(|option| option == "tls12") {
        TLS12_ALONE
    } else if options.iter().any(|option| option == "tls13") {
        TLS13_ALONE
    } else {
        rustls::ALL_VERSIONS
    }
}

fn value<'a>(options: &'a [String], name: &str) -> Option<&'a str> {
    options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
}

fn roots(file: &str) -> Outcome<RootCertStore> {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from_pem_file(file)?)?;
    Ok(store)
}

fn identity(certificate: &str, key: &str) -> Outcome<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    Ok((chain, PrivateKeyDer::from_pem_file(key)?))
}

fn tell(state: &CommonState) {
    println!("version={:?}", state.protocol_version().expect("negotiated"));
    println!("cipher={:?}", state.negotiated_cipher_suite().expect("negotiated").suite());
    println!("group={:?}", state.negotiated_key_exchange_group().map(|group| group.name()));
    println!("kind={:?}", state.handshake_kind().expect("complete"));
}

fn client(address: &str, name: &str, authority: &str, options: &[String]) -> Outcome<()> {
    let builder = ClientConfig::builder_with_protocol_versions(versions(options))
        .with_root_certificates(roots(authority)?);
    let config = match value(options, "cert").and_then(|files| files.split_once(',')) {
        Some((certificate, key)) => {
            let (chain, key) = identity(certificate, key)?;
            builder.with_client_auth_cert(chain, key)?
        }
        None => builder.with_no_client_auth(),
    };
    let config = Arc::new(config);
    let times = if options.iter().any(|option| option == "twice") { 2 } else { 1 };
    for _ in 0..times {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let mut session = ClientConnection::new(config.clone(), ServerName::try_from(name.to_owned())?)?;
        if let Err(error) = speak(&mut session, &mut socket) {
            println!("error={error}");
        }
    }
    Ok(())
}

fn speak(session: &mut ClientConnection, socket: &mut TcpStream) -> Outcome<()> {
    let mut stream = rustls::Stream::new(session, socket);
    stream.write_all(b"hello\n")?;
    let mut heard = [0; 100];
    let count = stream.read(&mut heard)?;
    tell(stream.conn);
    println!("heard={}", String::from_utf8_lossy(&heard[..count]).trim());
    stream.conn.send_close_notify();
    stream.conn.complete_io(stream.sock)?;
    Ok(())
}

fn server(address: &str, certificate: &str, key: &str, options: &[String]) -> Outcome<()> {
    let builder = ServerConfig::builder_with_protocol_versions(versions(options));
    let builder = match value(options, "ask") {
        Some(authority) => builder
            .with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots(authority)?)).build()?),
        None => builder.with_no_client_auth(),
    };
    let (chain, key) = identity(certificate, key)?;
    let config = Arc::new(builder.with_single_cert(chain, key)?);
    let listener = TcpListener::bind(address)?;
    loop {
        let (mut socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        let mut session = ServerConnection::new(config.clone())?;
        if let Err(error) = answer(&mut session, &mut socket) {
            println!("error={error}");
        }
    }
}

fn answer(session: &mut ServerConnection, socket: &mut TcpStream) -> Outcome<()> {
    let mut stream = rustls::Stream::new(session, socket);
    let mut heard = [0; 100];
    let count = stream.read(&mut heard)?;
    tell(stream.conn);
    stream.write_all(&heard[..count])?;
    while stream.read(&mut heard)? > 0 {}
    stream.conn.send_close_notify();
    stream.conn.complete_io(stream.sock)?;
    Ok(())
}
