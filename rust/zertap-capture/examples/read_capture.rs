//! Reads a capture and prints what the wire showed of each TCP connection in it.
//!
//! Run: `cargo run -p zertap-capture --example read_capture -- pcaps/tour.pcap`

use std::error::Error;
use std::path::Path;
use zertap_capture::Source;
use zertap_core::config::Config;
use zertap_core::handshake::CryptoProfile;
use zertap_core::registry::tls::{CipherSuite, ProtocolVersion};
use zertap_core::tap::{RawFrame, Tap};
use zertap_core::wire::LinkType;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "pcaps/tour.pcap".into());
    let mut source = Source::open(Path::new(&path))?;
    let mut tap = Tap::new(Config { hash_key: [1, 2], ..Config::default() });
    loop {
        // Frames come in batches, so that waiting for one connection's memory overlaps with the others'.
        let mut count = 0;
        tap.push_frames(&mut source.next_frames()?.map(|frame| {
            count += 1;
            RawFrame {
                at: frame.at,
                link: LinkType(frame.link),
                bytes: frame.bytes,
                wire_length: frame.wire_length,
            }
        }));
        if count == 0 {
            break;
        }
    }
    tap.finish();
    for row in tap.drain() {
        let profile = row.settled.as_ref().and_then(|settled| settled.profile.as_ref());
        let [client, server] = row.addresses;
        println!(
            "{client}:{} -> {server}:{}  {}  {}",
            row.ports[0],
            row.ports[1],
            row.phase.name(),
            profile.map_or_else(String::new, |(_, profile)| told(profile)),
        );
    }
    Ok(())
}

/// The negotiated facts by their registered names.
fn told(profile: &CryptoProfile) -> String {
    match profile {
        CryptoProfile::Tls(tls) => {
            let version = ProtocolVersion(tls.version).name().unwrap_or("unknown version");
            let suite = tls.cipher.and_then(|number| CipherSuite(number).name()).unwrap_or("unknown suite");
            format!("{version} {suite}")
        }
        CryptoProfile::Ssh(ssh) => {
            format!("SSH-{} {}", ssh.version, ssh.kex.as_deref().unwrap_or("unknown key exchange"))
        }
    }
}
