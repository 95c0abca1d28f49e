//! Every protocol's upgrade, granted and refused, and what must not be taken for one.

use crate::support::{CLIENT, SERVER, Talk};
use crate::tls_support::{alert, client_hello, join, rest_of_server_flight, server_hello_12};
use zertap_core::handshake::{End, Flag, Options, Phase};

/// SMTP up to its STARTTLS, which the server has not answered.
fn smtp() -> Talk {
    Talk::default()
        .server("220 mx.example ESMTP\r\n")
        .client("EHLO me\r\n")
        .server("250-mx.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n")
        .client("STARTTLS\r\n")
}

/// Every protocol: its word, the conversation up to the grant, the same with a refusal.
pub(crate) fn protocols() -> Vec<(&'static str, Talk, Talk)> {
    let mut all = vec![
        ("smtp", smtp().server("220 2.0.0 go\r\n"), smtp().server("454 not now\r\n")),
        (
            "xmpp",
            xmpp().server(XMPP_PROCEED),
            xmpp().server("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"),
        ),
        (
            "postgresql",
            Talk::default().client(SSL_REQUEST).server("S"),
            Talk::default().client(SSL_REQUEST).server("N"),
        ),
        ("mysql", mysql(0x0800), mysql(0)),
        ("ldap", ldap().server(extended_response(0)), ldap().server(extended_response(52))),
        ("rdp", rdp().server(confirm(2, 1)), rdp().server(confirm(3, 2))),
        (
            "socks4",
            socks4().server([0, 0x5A, 1, 2, 3, 4, 5, 6]),
            socks4().server([0, 0x5B, 1, 2, 3, 4, 5, 6]),
        ),
        (
            "socks5",
            socks5().server([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
            socks5().server([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]),
        ),
        (
            "http_connect",
            connect().server("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"),
            connect().server("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
        ),
        (
            "http_upgrade",
            tls_upgrade().server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n"),
            tls_upgrade().server("HTTP/1.1 200 OK\r\n\r\n"),
        ),
    ];
    let lines = [
        ("ftp", "220 ready\r\n", "AUTH TLS\r\n", "234 go\r\n", "504 no\r\n"),
        (
            "imap",
            "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n",
            "a1 STARTTLS\r\n",
            "a1 OK go\r\n",
            "a1 BAD no\r\n",
        ),
        ("pop3", "+OK ready\r\n", "STLS\r\n", "+OK go\r\n", "-ERR no\r\n"),
        ("nntp", "200 ready\r\n", "STARTTLS\r\n", "382 go\r\n", "580 no\r\n"),
        (
            "managesieve",
            "\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\n",
            "STARTTLS\r\n",
            "OK \"go\"\r\n",
            "NO \"no\"\r\n",
        ),
    ];
    for (word, greeting, question, grant, refusal) in lines {
        let asked = Talk::default().server(greeting).client(question);
        all.push((word, asked.clone().server(grant), asked.server(refusal)));
    }
    let irc = Talk::default().client("STARTTLS\r\n");
    all.push((
        "irc",
        irc.clone().server(":irc.example 670 * :go\r\n"),
        irc.server(":irc.example 691 * :no\r\n"),
    ));
    all
}

const XMPP_PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

fn xmpp() -> Talk {
    Talk::default()
        .client("<?xml version='1.0'?><stream:stream to='example.org' version='1.0'>")
        .server("<stream:stream id='1'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>")
        .client("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
}

/// Greeting and the client's first packet with these flags: 32 octets if it asks for TLS, else a login.
fn mysql(ssl: u16) -> Talk {
    let greeting = [&[60, 0, 0, 0, 10][..], b"8.0.36\0", &[0x2E; 52]].concat();
    let length = if ssl == 0 { 60 } else { 32 };
    let mut request = vec![length, 0, 0, 1];
    request.extend((0x8200 | ssl).to_le_bytes());
    request.resize(4 + usize::from(length), 0);
    Talk::default().server(greeting).client(request)
}

fn ldap() -> Talk {
    let bind = [&[0x30, 0x2C, 2, 1, 1, 0x60, 0x27, 2, 1, 3, 4, 0x20][..], &[b'd'; 32], &[0x80, 0]].concat();
    let oid = b"1.3.6.1.4.1.1466.20037";
    let request = [&[0x30, 0x1D, 2, 1, 2, 0x77, 0x18, 0x80, 0x16][..], oid].concat();
    Talk::default().client(bind).server([0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]).client(request)
}

fn extended_response(code: u8) -> Vec<u8> {
    vec![0x30, 0x84, 0, 0, 0, 12, 2, 1, 2, 0x78, 7, 10, 1, code, 4, 0, 4, 0]
}

fn rdp() -> Talk {
    let cookie = b"Cookie: mstshash=me\r\n";
    let length = 11 + cookie.len() + 8;
    let head = [3, 0, 0, length as u8, length as u8 - 5, 0xE0, 0, 0, 0, 0, 0];
    Talk::default().client([&head[..], cookie, &[1, 0, 8, 0, 3, 0, 0, 0]].concat())
}

fn confirm(kind: u8, selected: u8) -> Vec<u8> {
    vec![3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, kind, 0, 8, 0, selected, 0, 0, 0]
}

fn socks4() -> Talk {
    Talk::default().client([&[4, 1, 1, 0xBB, 0, 0, 0, 1][..], b"user\0host.example\0"].concat())
}

fn socks5() -> Talk {
    Talk::default()
        .client([5, 2, 0, 2])
        .server([5, 2])
        .client(b"\x01\x02me\x06secret")
        .server([1, 0])
        .client([&[5, 1, 0, 3, 11][..], b"example.org", &[1, 0xBB]].concat())
}

fn connect() -> Talk {
    Talk::default().client("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n")
}

fn tls_upgrade() -> Talk {
    Talk::default().client("OPTIONS * HTTP/1.1\r\nHost: x\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n")
}

#[test]
fn every_protocol_is_followed_into_tls_and_named() {
    for (word, granted, _) in protocols() {
        println!("{word}");
        granted.handshake().run().is_upgraded(word);
    }
}

#[test]
fn a_refused_upgrade_stays_clear() {
    for (word, _, refused) in protocols() {
        println!("{word}");
        refused.client("more\r\n").server("421 bye\r\n").run().is_clear();
    }
}

#[test]
fn what_follows_a_granted_upgrade_but_is_no_hello_stays_clear() {
    for (word, granted, _) in protocols() {
        println!("{word}");
        let talk = granted.client("NOOP\r\nQUIT\r\n").server("250 fine\r\n").client([22, 3, 3, 0, 1]);
        let outcome = talk.run();
        assert_eq!((outcome.phase, outcome.upgrade), (Phase::Clear, None), "{word}");
    }
}

#[test]
fn mode_zert_only_flags_them() {
    let options = Options { upgrades: false, ..Options::default() };
    for (word, granted, _) in protocols() {
        let outcome = granted.handshake().run_with(options);
        assert_eq!((outcome.phase, outcome.upgrade), (Phase::Clear, None), "{word}");
        assert_eq!(outcome.flags, [Flag::MidstreamTls], "{word}");
    }
}

#[test]
fn the_hello_may_begin_in_the_segment_that_asked() {
    let mysql = mysql(0x0800);
    let crate::support::Event::Octets { bytes, .. } = &mysql.events[1] else { panic!("a request") };
    let request = join(&[bytes.clone(), client_hello()]);
    let answer = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
    let outcome = Talk::default().server(greeting_of(&mysql)).client(request).server(answer).run();
    assert_eq!((outcome.phase, outcome.upgrade.as_deref()), (Phase::TlsAgreed, Some("mysql")));
    let proxied = join(&[b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(), client_hello()]);
    let answer = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
    let outcome = Talk::default().client(proxied).server(answer).run();
    assert_eq!((outcome.phase, outcome.upgrade.as_deref()), (Phase::TlsAgreed, Some("proxy")));
}

fn greeting_of(talk: &Talk) -> Vec<u8> {
    let crate::support::Event::Octets { bytes, .. } = &talk.events[0] else { panic!("a greeting") };
    bytes.clone()
}

#[test]
fn a_proxy_header_stands_before_tls_and_before_other_upgrades() {
    let line = "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n";
    let binary = [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[0x21, 0x11, 0, 12], &[7; 12]].concat();
    Talk::default().client(line).handshake().run().is_upgraded("proxy");
    Talk::default().client(&binary).handshake().run().is_upgraded("proxy");
    let mail = |header: &[u8]| {
        Talk::default()
            .client(header)
            .server("220 mx\r\n")
            .client("EHLO me\r\n")
            .server("250 STARTTLS\r\n")
            .client("STARTTLS\r\n")
            .server("220 go\r\n")
            .handshake()
    };
    mail(line.as_bytes()).run().is_upgraded("smtp");
    mail(&binary).run().is_upgraded("smtp");
    Talk::default()
        .client(line)
        .client("GET / HTTP/1.0\r\n\r\n")
        .server("HTTP/1.0 200 OK\r\n\r\n")
        .run()
        .is_clear();
}

#[test]
fn a_tunnel_may_carry_another_upgrade() {
    connect()
        .server("HTTP/1.1 200 OK\r\n\r\n")
        .server("* OK hi\r\n")
        .client("x STARTTLS\r\n")
        .server("x OK go\r\n")
        .handshake()
        .run()
        .is_upgraded("imap");
}

#[test]
fn a_proxy_that_wants_a_password_first_is_asked_again() {
    connect()
        .server("HTTP/1.1 407 Who?\r\nContent-Length: 6\r\n\r\nden")
        .loses(SERVER, 3)
        .client("CONNECT example.org:443 HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n")
        .server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
        .handshake()
        .run()
        .is_upgraded("http_connect");
}

#[test]
fn postgresql_may_ask_for_gssapi_first() {
    Talk::default()
        .client([0, 0, 0, 8, 4, 210, 22, 48])
        .server("N")
        .client(SSL_REQUEST)
        .server("S")
        .handshake()
        .run()
        .is_upgraded("postgresql");
}

#[test]
fn ftp_may_be_refused_one_word_and_granted_the_next() {
    Talk::default()
        .server("220-welcome\r\n220 ready\r\n")
        .client("AUTH TLS\r\n")
        .server("500 what?\r\n")
        .client("auth ssl\r\n")
        .server("234 go\r\n")
        .handshake()
        .run()
        .is_upgraded("ftp");
}

/// CVE-2011-0411: somebody slips commands in behind STARTTLS; the server drops or keeps them, TLS follows.
#[test]
fn commands_slipped_in_behind_starttls_do_not_hide_the_handshake() {
    let talk = Talk::default().server("220 mx\r\n").client("EHLO me\r\n").server("250 STARTTLS\r\n");
    for slipped in ["STARTTLS\r\nRSET\r\nMAIL FROM:<x>\r\n", "STARTTLS\r\nhalf a li"] {
        talk.clone().client(slipped).server("220 go\r\n").handshake().run().is_upgraded("smtp");
    }
}

#[test]
fn commands_in_flight_when_the_grant_comes_are_not_taken_for_tls() {
    let talk = smtp();
    let seen = talk.sent(SERVER);
    talk.server("220 go\r\n")
        .says_having_seen(CLIENT, "NOOP\r\n", seen)
        .handshake()
        .run()
        .is_upgraded("smtp");
}

#[test]
fn only_the_tag_that_asked_is_the_one_answered() {
    let asked =
        Talk::default().server("* OK hi\r\n").client("a1 NOOP\r\na2 STARTTLS\r\n").server("a1 OK done\r\n");
    asked.clone().server("a2 OK go\r\n").handshake().run().is_upgraded("imap");
    asked.server("a2 NO no\r\n").client("a3 LOGOUT\r\n").run().is_clear();
}

#[test]
fn a_word_in_a_message_is_no_question() {
    let talk =
        Talk::default().server("+OK hi\r\n").client("RETR 1\r\n").server("+OK\r\nSTLS\r\n+OK\r\n.\r\n");
    talk.client("QUIT\r\n").server("+OK\r\n").client(client_hello()).run().is_clear();
}

#[test]
fn starttls_is_found_behind_a_mebibyte_of_clear_text() {
    let body = "a line of a message, of no interest to anybody\r\n".repeat(1 << 20 >> 5);
    let long = "x".repeat(1 << 20);
    smtp_with(&body).is_upgraded("smtp");
    smtp_with(&format!("{long}\r\n")).is_upgraded("smtp");
}

fn smtp_with(body: &str) -> crate::support::Outcome {
    Talk::default()
        .server("220 mx\r\n")
        .client("EHLO me\r\n")
        .server("250 STARTTLS\r\n")
        .client("DATA\r\n")
        .server("354 go\r\n")
        .client(body)
        .client(".\r\n")
        .server("250 queued\r\n")
        .server("250 x\r\n".repeat(1 << 15))
        .client("STARTTLS\r\n")
        .server("220 go\r\n")
        .handshake()
        .run()
}

#[test]
fn an_announced_handshake_that_is_answered_by_an_alert_has_failed() {
    let outcome = smtp().server("220 go\r\n").client(client_hello()).server(alert(2, 40)).run();
    assert_eq!((outcome.phase, outcome.upgrade.as_deref()), (Phase::TlsFailed, Some("smtp")));
}

#[test]
fn an_announced_handshake_that_ends_unanswered_has_failed() {
    let begun = smtp().server("220 go\r\n").client(client_hello());
    assert_eq!(begun.run().phase, Phase::TlsBegun);
    for how in [End::Fin, End::Rst] {
        let outcome = begun.clone().ends(SERVER, how).run();
        assert_eq!((outcome.phase, outcome.upgrade.as_deref()), (Phase::TlsFailed, Some("smtp")));
    }
}

#[test]
fn an_announced_handshake_is_recognised_without_its_hello() {
    let outcome = smtp()
        .server("220 go\r\n")
        .loses(CLIENT, 200)
        .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
        .run();
    assert_eq!((outcome.phase, outcome.upgrade.as_deref()), (Phase::TlsAgreed, Some("smtp")));
    let talk = smtp().server("220 go\r\n").loses(CLIENT, 6).server("250 fine\r\n").client("QUIT\r\n");
    assert_eq!(talk.run().phase, Phase::Clear);
}

#[test]
fn lost_lines_do_not_end_the_grammar() {
    Talk::default()
        .server("220 mx\r\n")
        .client("EHLO me\r\n")
        .server("250-half a li")
        .loses(SERVER, 30)
        .server("rest\r\n250 STARTTLS\r\n")
        .client("STARTTLS\r\n")
        .server("220 go\r\n")
        .handshake()
        .run()
        .is_upgraded("smtp");
}

#[test]
fn an_unnamed_upgrade_is_followed_when_a_server_hello_answers_it() {
    let outcome = Talk::default().client("hello?\r\n").server("who is it\r\n").handshake().run();
    assert_eq!((outcome.phase, outcome.upgrade), (Phase::TlsComplete, None));
    assert_eq!(outcome.flags, [Flag::Upgraded]);
}

#[test]
fn the_handshake_is_counted_from_the_start_of_the_connection() {
    let before = smtp().server("220 go\r\n");
    let talk = before.clone().handshake();
    let outcome = talk.run();
    assert_eq!(outcome.octets, [talk.sent(CLIENT), talk.sent(SERVER)]);
    assert!(before.sent(SERVER) > 0);
}

#[test]
fn an_answer_on_its_way_when_tls_was_asked_for_grants_nothing() {
    let talk = Talk::default().server("+OK hi\r\n").client("NOOP\r\n");
    let seen = talk.sent(CLIENT);
    talk.client("STLS\r\n")
        .says_having_seen(SERVER, "+OK\r\n", seen)
        .server("-ERR no\r\n")
        .client(client_hello())
        .ends(SERVER, End::Fin)
        .run()
        .is_clear();
}

#[test]
fn an_answer_that_looks_like_a_greeting_begins_no_grammar() {
    let redis = Talk::default()
        .client("*1\r\n$4\r\nPING\r\n")
        .server("+OK\r\n")
        .client("x\r\nSTLS\r\n")
        .server("+OK\r\n");
    redis.client(client_hello()).ends(SERVER, End::Fin).run().is_clear();
}
