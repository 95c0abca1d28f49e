//! Tunnels whose far end is somebody else: SOCKS, and the PROXY header in front of a connection.
//!
//! What goes through them is a conversation of its own: TLS at once, or another upgrade.

use super::frame::{Frame, Whole};
use super::gather::Gather;
use super::{Here, Protocol, Said};
use crate::handshake::Side;

/// SOCKS 4 and 4A: one request of eight octets and text behind it, one reply of eight octets.
#[derive(Debug)]
pub(super) struct Socks4 {
    client: Side,
    head: Gather<8>,
    /// Texts of the request that have not ended; none: the request has.
    texts: u8,
    reply: Frame,
}

impl Socks4 {
    /// A request by `client`.
    pub(super) fn new(client: Side) -> Self {
        Self { client, head: Gather::default(), texts: 1, reply: Frame::default() }
    }

    /// Takes octets, at most up to the request's or the reply's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], _: Here) -> (usize, Said) {
        if side == self.client {
            return self.hear_client(bytes);
        }
        let (used, whole) = self.reply.push(bytes, 8, |_| Some(0));
        let Whole::Packet(reply) = whole else { return (used, Said::Nothing) };
        let granted = reply.octets().starts_with(&[0, 0x5A]);
        let tunnel = Said::Tunnel { client: self.client, protocol: Protocol::Socks4 };
        (used, if granted { tunnel } else { Said::Over })
    }

    fn hear_client(&mut self, bytes: &[u8]) -> (usize, Said) {
        if self.head.len() < 8 {
            let head = bytes.get(..8 - self.head.len()).unwrap_or(bytes);
            self.head.push(head);
            if matches!(self.head.octets(), [_, _, _, _, 0, 0, 0, name] if *name != 0) {
                // 4A: the user's name, then the host's.
                self.texts = 2;
            }
            return (head.len(), Said::Nothing);
        }
        let end = bytes.iter().position(|octet| *octet == 0);
        let Some(end) = end.filter(|_| self.texts > 0) else { return (bytes.len(), Said::Nothing) };
        self.texts -= 1;
        (end + 1, if self.texts == 0 { Said::Asked { client: self.client } } else { Said::Nothing })
    }
}

/// SOCKS 5 (RFC 1928): the server's choice of method, the outcome of a password (RFC 1929), the reply.
/// Of the client's messages only the ends are looked for: behind the last the tunnel may begin unasked.
#[derive(Debug)]
pub(super) struct Socks5 {
    client: Side,
    frame: Frame,
    stage: Stage,
    request: Frame,
    wish: Wish,
}

/// What the server says next.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Method,
    Password,
    Reply,
}

/// What the client says next.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Methods,
    NameOrRequest,
    Name,
    Password,
    Request,
    Made,
}

impl Socks5 {
    /// A negotiation begun by `client`.
    pub(super) fn new(client: Side) -> Self {
        let (frame, request) = (Frame::default(), Frame::default());
        Self { client, frame, stage: Stage::Method, request, wish: Wish::Methods }
    }

    /// Takes octets, at most up to a message's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], _: Here) -> (usize, Said) {
        if side == self.client {
            return self.hear_client(bytes);
        }
        let (used, whole) = match self.stage {
            Stage::Method | Stage::Password => self.frame.push(bytes, 2, |_| Some(0)),
            Stage::Reply => self.frame.push(bytes, 5, rest_of_reply),
        };
        let message = match whole {
            Whole::NotYet => return (used, Said::Nothing),
            Whole::Never => return (used, Said::Over),
            Whole::Packet(message) => message,
        };
        let said = match (self.stage, message.octets()) {
            (Stage::Method, [5, 0]) | (Stage::Password, [1, 0]) => {
                self.stage = Stage::Reply;
                Said::Nothing
            }
            (Stage::Method, [5, 2]) => {
                self.stage = Stage::Password;
                Said::Nothing
            }
            (Stage::Reply, [5, 0, ..]) => Said::Tunnel { client: self.client, protocol: Protocol::Socks5 },
            _ => Said::Over,
        };
        (used, said)
    }

    fn hear_client(&mut self, bytes: &[u8]) -> (usize, Said) {
        let counted = |header: &[u8]| header.last().map(|length| u32::from(*length));
        if matches!(self.wish, Wish::NameOrRequest) {
            self.wish = if bytes.first() == Some(&1) { Wish::Name } else { Wish::Request };
        }
        let (used, whole) = match self.wish {
            Wish::Made => return (bytes.len(), Said::Nothing),
            Wish::Methods | Wish::Name => self.request.push(bytes, 2, counted),
            Wish::Password => self.request.push(bytes, 1, counted),
            Wish::Request | Wish::NameOrRequest => self.request.push(bytes, 5, rest_of_reply),
        };
        if matches!(whole, Whole::NotYet) {
            return (used, Said::Nothing);
        }
        self.wish = match (self.wish, whole) {
            (_, Whole::Never) | (Wish::Request, _) => Wish::Made,
            (Wish::Name, _) => Wish::Password,
            _ => Wish::NameOrRequest,
        };
        let asked = matches!(self.wish, Wish::Made) && matches!(whole, Whole::Packet(_));
        (used, if asked { Said::Asked { client: self.client } } else { Said::Nothing })
    }
}

/// What follows a reply's or a request's version, code, reserved octet, address type and the octet behind it.
fn rest_of_reply(start: &[u8]) -> Option<u32> {
    match *start.first_chunk::<5>()? {
        [5, _, _, 1, _] => Some(3 + 2),
        [5, _, _, 3, name] => Some(u32::from(name) + 2),
        [5, _, _, 4, _] => Some(15 + 2),
        _ => None,
    }
}

/// The first octets of a PROXY header, version 2.
pub(super) const PROXY_2: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest header of version 1, its line end included.
const PROXY_1_LENGTH: u32 = 107;

/// A PROXY header (HAProxy's specification, sections 2.1 and 2.2).
#[derive(Debug)]
pub(super) enum Proxy {
    /// A line; so many octets of it were seen.
    Line(Side, u32),
    /// Sixteen octets, the last two of which tell how many follow.
    Binary(Side, Frame),
}

impl Proxy {
    /// Takes octets, at most up to the header's end. The other side says nothing before that.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], _: Here) -> (usize, Said) {
        let (client, used, ended) = match self {
            Proxy::Line(client, seen) if *client == side => {
                let end = bytes.iter().position(|octet| *octet == b'\n');
                let used = end.map_or(bytes.len(), |end| end + 1);
                *seen = seen.saturating_add(used as u32);
                if *seen > PROXY_1_LENGTH {
                    return (used, Said::Over);
                }
                (*client, used, end.is_some())
            }
            Proxy::Binary(client, frame) if *client == side => {
                let (used, whole) = frame.push(bytes, 16, |header| {
                    let length = header.get(14..)?.first_chunk::<2>()?;
                    Some(u32::from(u16::from_be_bytes(*length)))
                });
                (*client, used, matches!(whole, Whole::Packet(_)))
            }
            _ => return (bytes.len(), Said::Over),
        };
        (used, if ended { Said::Tunnel { client, protocol: Protocol::Proxy } } else { Said::Nothing })
    }
}
