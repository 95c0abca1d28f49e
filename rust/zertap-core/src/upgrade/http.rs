//! HTTP/1: a tunnel asked for with CONNECT, or an upgrade to TLS (RFC 9110 section 9.3.6, RFC 2817).
//!
//! Bodies are not measured. A request counts from its blank line on; the answer begins with the first octet
//! that the server sent having seen that, wherever a body before it ended.

use super::line::{Line, Text};
use super::{Here, Protocol, Said};
use crate::handshake::{PerSide, Side};

/// How far into the client's direction a connection without any CONNECT is followed: requests of
/// RFC 2817 come first, and this is the commonest of all protocols in clear.
const PLAIN_WINDOW: u64 = 64 * 1024;

/// A conversation in HTTP/1.
#[derive(Debug)]
pub(super) struct Http {
    client: Side,
    lanes: PerSide<Line>,
    /// What the request that is being read asks for.
    wish: Option<Protocol>,
    /// What an ended request asked for, and the client's stream offset behind it.
    asked: Option<(Protocol, u64)>,
    answer: Answer,
    connects: bool,
}

/// Where in its answer the server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Nothing of it was seen.
    Awaited,
    /// A status line comes next.
    Status,
    /// Header of an interim answer (1xx): another one follows.
    Interim,
    /// Header of the answer that grants.
    Granting,
}

impl Http {
    /// The protocol in whose words TLS was asked for, while the answer is awaited.
    pub(super) fn asked(&self) -> Option<Protocol> {
        self.asked.map(|(protocol, _)| protocol).or(self.wish)
    }

    /// A conversation begun by `client`.
    pub(super) fn new(client: Side) -> Self {
        let lanes = PerSide::default();
        Self { client, lanes, wish: None, asked: None, answer: Answer::Awaited, connects: false }
    }

    /// Octets of one direction are missing.
    pub(super) fn lose(&mut self, side: Side) {
        self.lanes[side].lose();
        self.wish = None;
    }

    /// Takes octets, at most up to a line's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Said) {
        if side == self.client {
            let (used, line) = self.lanes[side].push(bytes);
            let from = here.at + used as u64;
            let asked = line.map_or(Said::Nothing, |line| self.hear_client(&line, from));
            let over = !self.connects && self.asked.is_none() && from > PLAIN_WINDOW;
            return (used, if over { Said::Over } else { asked });
        }
        let Some((protocol, _)) = self.asked.filter(|(_, from)| *from <= here.seen) else {
            return (bytes.len(), Said::Nothing);
        };
        if self.answer == Answer::Awaited {
            self.answer = Answer::Status;
            self.lanes[side].begin();
        }
        let (used, line) = self.lanes[side].push(bytes);
        (used, line.map_or(Said::Nothing, |line| self.hear_server(&line, protocol)))
    }

    fn hear_client(&mut self, line: &Text, from: u64) -> Said {
        if line.octets().starts_with(b"CONNECT ") {
            self.wish = Some(Protocol::HttpConnect);
            self.connects = true;
        } else if asks_upgrade(line) {
            self.wish = self.wish.or(Some(Protocol::HttpUpgrade));
        } else if line.is_blank()
            && let Some(protocol) = self.wish.take()
        {
            self.asked = Some((protocol, from));
            self.answer = Answer::Awaited;
            if protocol == Protocol::HttpConnect {
                return Said::Asked { client: self.client };
            }
        }
        Said::Nothing
    }

    fn hear_server(&mut self, line: &Text, protocol: Protocol) -> Said {
        match self.answer {
            Answer::Granting if line.is_blank() => {
                self.asked = None;
                return match protocol {
                    Protocol::HttpConnect => Said::Tunnel { client: self.client, protocol },
                    _ => Said::Upgrade { client: self.client, protocol },
                };
            }
            Answer::Interim if line.is_blank() => self.answer = Answer::Status,
            Answer::Status => return self.hear_status(line, protocol),
            _ => {}
        }
        Said::Nothing
    }

    fn hear_status(&mut self, line: &Text, protocol: Protocol) -> Said {
        let mut words = line.words();
        let version = words.next().unwrap_or_default();
        let code = words.next().unwrap_or_default();
        let wanted: &[u8] = if protocol == Protocol::HttpConnect { b"2" } else { b"101" };
        if version.starts_with(b"HTTP/1.") && code.starts_with(wanted) {
            self.answer = Answer::Granting;
        } else if version.starts_with(b"HTTP/1.") && code.starts_with(b"1") {
            self.answer = Answer::Interim;
        } else {
            self.asked = None;
            return Said::Refused;
        }
        Said::Nothing
    }
}

/// `Upgrade: TLS/1.0`, alone or in a list.
fn asks_upgrade(line: &Text) -> bool {
    let mut words = line.words();
    words.next().is_some_and(|name| name.eq_ignore_ascii_case(b"upgrade:"))
        && words.any(|word| word.to_ascii_uppercase().starts_with(b"TLS/"))
}
