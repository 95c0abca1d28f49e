//! XMPP: the element `starttls`, answered by `proceed` (RFC 6120 section 5.4).
//!
//! Only element names are read. A `>` inside a quoted attribute ends an element early, which matters to no
//! element that counts here.

use super::gather::Gather;
use super::{Here, Protocol, Said};
use crate::handshake::{PerSide, Side};

/// One direction's current element.
#[derive(Clone, Copy, Debug, Default)]
struct Element {
    /// What stands behind `<`, as far as kept.
    name: Gather<40>,
    inside: bool,
    last: u8,
}

/// A conversation in XMPP.
#[derive(Debug)]
pub(super) struct Xmpp {
    client: Side,
    lanes: PerSide<Element>,
    /// Client's stream offset behind its question.
    asked: Option<u64>,
}

impl Xmpp {
    /// The protocol in whose words TLS was asked for, while the answer is awaited.
    pub(super) fn asked(&self) -> Option<Protocol> {
        self.asked.map(|_| Protocol::Xmpp)
    }

    /// A conversation begun by `client`, the initiating entity.
    pub(super) fn new(client: Side) -> Self {
        Self { client, lanes: PerSide::default(), asked: None }
    }

    /// Octets of one direction are missing.
    pub(super) fn lose(&mut self, side: Side) {
        self.lanes[side] = Element::default();
    }

    /// Takes octets, at most up to an element's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Said) {
        let (used, element) = self.lanes[side].push(bytes);
        let said = match element {
            None => Said::Nothing,
            Some((name, closed)) => self.hear(side, local(name.octets()), closed, here.after(used)),
        };
        (used, said)
    }

    fn hear(&mut self, side: Side, name: &[u8], closed: bool, behind: Here) -> Said {
        if side == self.client {
            if name == b"starttls" {
                self.asked = Some(behind.at);
            }
            return Said::Nothing;
        }
        let answered = self.asked.is_some_and(|from| from <= behind.seen);
        match name {
            b"proceed" if answered && closed => {
                self.asked = None;
                Said::Upgrade { client: self.client, protocol: Protocol::Xmpp }
            }
            b"failure" if answered => {
                self.asked = None;
                Said::Nothing
            }
            _ => Said::Nothing,
        }
    }
}

impl Element {
    /// Answers how many octets were taken, and at an element's end what stood in it and whether that closes it.
    fn push(&mut self, bytes: &[u8]) -> (usize, Option<(Gather<40>, bool)>) {
        let edge = if self.inside { b'>' } else { b'<' };
        let at = bytes.iter().position(|octet| *octet == edge);
        let before = bytes.get(..at.unwrap_or(bytes.len())).unwrap_or_default();
        if self.inside {
            self.name.push(before);
            self.last = before.last().copied().unwrap_or(self.last);
        }
        let Some(at) = at else { return (bytes.len(), None) };
        let ended = self.inside;
        self.inside = !ended;
        let name = self.name.take();
        let closed = self.last == b'/' || name.octets().starts_with(b"/");
        self.last = 0;
        (at + 1, ended.then_some((name, closed)))
    }
}

/// The element's name without what surrounds it: `/`, a namespace prefix, attributes.
fn local(element: &[u8]) -> &[u8] {
    let element = element.strip_prefix(b"/").unwrap_or(element);
    let ends = |octet: &u8| octet.is_ascii_whitespace() || *octet == b'/';
    let name = element.split(ends).next().unwrap_or_default();
    name.rsplit(|octet| *octet == b':').next().unwrap_or_default()
}
