//! SSH and TLS through tunnels, also where the client does not wait for the answer; ends before a handshake is answered.

use crate::ssh_support::{CLIENT_LINE, Offer, SERVER_LINE, newkeys, packet, string};
use crate::support::{CLIENT, Outcome, SERVER, Talk};
use crate::tls_support::{
    ccs, client_hello, finished, join, message, rest_of_server_flight, server_hello_12,
};
use zertap_core::handshake::{End, Flag, Options, Phase};

const GRANTED: &str = "HTTP/1.1 200 OK\r\n\r\n";

fn connect() -> Talk {
    Talk::default().client("CONNECT example.org:22 HTTP/1.1\r\nHost: example.org:22\r\n\r\n")
}

fn socks4() -> Talk {
    Talk::default().client([&[4, 1, 0, 22, 0, 0, 0, 1][..], b"user\0host.example\0"].concat())
}

fn socks5() -> Talk {
    Talk::default()
        .client([5, 1, 0])
        .server([5, 0])
        .client([&[5, 1, 0, 3, 11][..], b"example.org\0\x16"].concat())
}

const SOCKS4_REPLY: [u8; 8] = [0, 0x5A, 0, 0, 0, 0, 0, 0];
const SOCKS5_REPLY: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// Every tunnel, granted.
fn tunnels() -> Vec<(&'static str, Talk)> {
    vec![
        ("http_connect", connect().server(GRANTED)),
        ("socks4", socks4().server(SOCKS4_REPLY)),
        ("socks5", socks5().server(SOCKS5_REPLY)),
        ("proxy", Talk::default().client("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")),
        (
            "proxy",
            Talk::default().client(join(&[b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C".to_vec(), vec![7; 12]])),
        ),
    ]
}

/// The rest of SSH behind both lines.
fn exchange(talk: Talk) -> Talk {
    talk.client(Offer::default().packet())
        .server(Offer::default().packet())
        .client(packet(30, &string(&[7; 32])))
        .server([packet(31, &string(b"key")), newkeys()].concat())
        .client(newkeys())
}

fn is_ssh(outcome: &Outcome, name: &str) {
    assert_eq!((outcome.phase, outcome.upgrade.as_deref()), (Phase::SshComplete, Some(name)), "{outcome:?}");
    assert!(outcome.flags.contains(&Flag::Upgraded));
}

/// Found by loss at random: behind the header the client's line was lost, and what it went on with was called no SSH.
#[test]
fn a_lost_line_behind_a_tunnels_header_is_no_refusal_of_ssh() {
    for (name, tunnel) in tunnels() {
        let talk = tunnel.loses(CLIENT, CLIENT_LINE.len() as u64).server(SERVER_LINE);
        let outcome = exchange(talk).run();
        let expected = if name == "proxy" { Phase::SshComplete } else { Phase::Clear };
        assert_eq!(outcome.phase, expected, "{name}: {outcome:?}");
    }
    // Nothing lost: what the client said is no SSH, and the server's line answers it.
    let outcome =
        Talk::default().client("GET / HTTP/1.0\r\n").server(SERVER_LINE).client("Host: a\r\n").run();
    assert_eq!(outcome.phase, Phase::SshFailed, "{outcome:?}");
}

/// Found by loss at random: both hellos were lost, the server's first, and the end told as the server's failure.
#[test]
fn hellos_lost_behind_a_tunnels_header_blame_nobody() {
    for lost_first in [CLIENT, SERVER] {
        let talk = Talk::default().client("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
        let talk = talk.loses(lost_first, 900).loses(lost_first.other(), 900);
        let talk = talk.client(join(&[message(16, &[1; 33]), ccs(), finished()])).server(ccs());
        for ended in [talk.clone().ends(SERVER, End::Fin).ends(CLIENT, End::Fin), talk.ends(SERVER, End::Rst)]
        {
            assert_ne!(ended.run().phase, Phase::TlsFailed, "{lost_first:?}");
        }
    }
}

#[test]
fn ssh_is_followed_through_every_tunnel_whoever_speaks_first() {
    for (name, tunnel) in tunnels() {
        is_ssh(&exchange(tunnel.clone().client(CLIENT_LINE).server(SERVER_LINE)).run(), name);
        is_ssh(&exchange(tunnel.server(SERVER_LINE).client(CLIENT_LINE)).run(), name);
    }
}

#[test]
fn ssh_through_a_tunnel_is_the_same_in_any_cut() {
    for (_, tunnel) in tunnels() {
        for talk in [
            exchange(tunnel.clone().client(CLIENT_LINE).server(SERVER_LINE)),
            exchange(tunnel.clone().server(SERVER_LINE).client(CLIENT_LINE)),
        ] {
            for size in [1, 2, 3, 7] {
                assert_eq!(talk.cut(|_| size).run().summary(), talk.run().summary());
            }
        }
    }
}

#[test]
fn the_banner_may_come_in_the_segment_that_grants() {
    let granted = [GRANTED.as_bytes(), SERVER_LINE].concat();
    is_ssh(&exchange(connect().server(granted).client(CLIENT_LINE)).run(), "http_connect");
}

#[test]
fn ssh_through_a_tunnel_that_ends_has_failed() {
    let begun = connect().server(GRANTED).server(SERVER_LINE);
    assert_eq!(begun.run().phase, Phase::SshBegun);
    let ended = begun.ends(CLIENT, End::Rst).run();
    assert_eq!((ended.phase, ended.upgrade.as_deref()), (Phase::SshFailed, Some("http_connect")));
}

#[test]
fn mode_zert_follows_no_tunnel() {
    let options = Options { upgrades: false, ..Options::default() };
    for (_, tunnel) in tunnels().into_iter().filter(|(name, _)| *name != "proxy") {
        let outcome = exchange(tunnel.client(CLIENT_LINE).server(SERVER_LINE)).run_with(options);
        assert_eq!((outcome.phase, outcome.upgrade), (Phase::Clear, None));
    }
}

#[test]
fn a_word_of_ssh_outside_a_tunnel_announces_nothing() {
    let talk =
        Talk::default().client("GET / HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n");
    assert_eq!(talk.run().phase, Phase::Clear);
    let refused = connect().server("HTTP/1.1 403 No\r\n\r\nSSH-2.0-x\r\n").client(CLIENT_LINE);
    assert_eq!(refused.run().phase, Phase::Clear);
}

/// Requests, and the answers that follow what the client sends at once behind them.
fn impatient() -> Vec<(&'static str, Talk, Vec<u8>)> {
    let password = [&[5, 1, 2][..], b"\x01\x02me\x06secret", &[5, 1, 0, 1, 192, 0, 2, 1, 0, 22]].concat();
    vec![
        ("http_connect", connect(), GRANTED.into()),
        ("socks4", socks4(), SOCKS4_REPLY.into()),
        ("socks4", Talk::default().client(b"\x04\x01\x00\x16\xC0\x00\x02\x01\0"), SOCKS4_REPLY.into()),
        ("socks5", socks5(), SOCKS5_REPLY.into()),
        (
            "socks5",
            Talk::default().client([5, 1, 0, 5, 1, 0, 1, 192, 0, 2, 1, 0, 22]),
            [&[5, 0][..], &SOCKS5_REPLY].concat(),
        ),
        ("socks5", Talk::default().client(password), [&[5, 2, 1, 0][..], &SOCKS5_REPLY].concat()),
    ]
}

#[test]
fn tls_sent_before_the_grant_is_followed() {
    for (name, asked, granted) in impatient() {
        let talk = |granted: &[u8]| {
            asked
                .clone()
                .client(client_hello())
                .server(granted)
                .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
                .client(join(&[crate::tls_support::message(16, &[1; 33]), crate::tls_support::ccs()]))
                .client(crate::tls_support::finished())
                .server(join(&[crate::tls_support::ccs(), crate::tls_support::finished()]))
        };
        let outcome = talk(&granted).run();
        outcome.is_upgraded(name);
        for size in [1, 3, 50] {
            assert_eq!(talk(&granted).cut(|_| size).run().summary(), outcome.summary(), "{name}");
        }
        let whole = talk(&granted);
        assert_eq!(outcome.octets, [whole.sent(CLIENT), whole.sent(SERVER)]);
    }
}

#[test]
fn ssh_sent_before_the_grant_is_followed() {
    for (name, asked, granted) in impatient() {
        let talk = exchange(asked.client(CLIENT_LINE).server([&granted[..], SERVER_LINE].concat()));
        is_ssh(&talk.run(), name);
        assert_eq!(talk.cut(|_| 1).run().summary(), talk.run().summary());
    }
}

#[test]
fn what_was_sent_before_a_refusal_is_forgotten() {
    let refused = connect().client(client_hello()).server("HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n");
    refused.clone().client("more\r\n").run().is_clear();
    let asked = refused.client("CONNECT example.org:22 HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n");
    asked.server(GRANTED).handshake().run().is_upgraded("http_connect");
    socks5().client(client_hello()).server([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).run().is_clear();
}

#[test]
fn an_early_hello_without_end_is_given_up() {
    let endless = [&[22, 3, 1, 0x40, 0, 1, 0, 0x3F, 0xFC, 3, 3][..], &vec![0; 20_000]].concat();
    let talk = connect().client(endless).server(GRANTED);
    assert_eq!(talk.run().phase, Phase::Clear);
}

/// The end of the client's direction behind its hello, before the ServerHello, whoever announced it.
#[test]
fn an_end_before_the_answer_is_told_to_a_handshake_that_nothing_announced() {
    let begun = Talk::default().client("hello?\r\n").server("who is it\r\n").client(client_hello());
    let ended = begun.ends(CLIENT, End::Fin);
    ended.run().is_clear();
    let answered = ended.server(join(&[server_hello_12(0xC02F), rest_of_server_flight()])).run();
    assert_eq!((answered.phase, answered.upgrade), (Phase::TlsFailed, None));
}

#[test]
fn an_end_before_the_hello_fails_what_was_announced() {
    let talk = connect().server(GRANTED).ends(SERVER, End::Fin).client(client_hello());
    assert_eq!(talk.run().phase, Phase::TlsFailed);
}

#[test]
fn an_announced_handshake_has_begun_with_its_hello() {
    let outcome = connect().server(GRANTED).handshake().run();
    assert_eq!(outcome.phases, [Phase::Clear, Phase::TlsBegun, Phase::TlsAgreed, Phase::TlsComplete]);
}
