//! Tunnels whose far end is somebody else: SOCKS, and the PROXY header in front of a connection.
//!
//! What goes through them is a conversation of its own: TLS at once, or another upgrade.

use super::frame::{Frame, Whole};
use super::{Here, Protocol, Said};
use crate::handshake::Side;

/// SOCKS 4: one reply of eight octets. The request needs no reading: the reply says that it was granted.
#[derive(Debug)]
pub(super) struct Socks4 {
    client: Side,
    reply: Frame,
}

impl Socks4 {
    /// A request by `client`.
    pub(super) fn new(client: Side) -> Self {
        Self { client, reply: Frame::default() }
    }

    /// Takes octets, at most up to the reply's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], _: Here) -> (usize, Said) {
        if side == self.client {
            return (bytes.len(), Said::Nothing);
        }
        let (used, whole) = self.reply.push(bytes, 8, |_| Some(0));
        let Whole::Packet(reply) = whole else { return (used, Said::Nothing) };
        let granted = reply.octets().starts_with(&[0, 0x5A]);
        let tunnel = Said::Tunnel { client: self.client, protocol: Protocol::Socks4 };
        (used, if granted { tunnel } else { Said::Over })
    }
}

/// SOCKS 5 (RFC 1928): the server's choice of method, the outcome of a password (RFC 1929), the reply.
/// What the client says is not read.
#[derive(Debug)]
pub(super) struct Socks5 {
    client: Side,
    frame: Frame,
    stage: Stage,
}

/// What the server says next.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Method,
    Password,
    Reply,
}

impl Socks5 {
    /// A negotiation begun by `client`.
    pub(super) fn new(client: Side) -> Self {
        Self { client, frame: Frame::default(), stage: Stage::Method }
    }

    /// Takes octets, at most up to the end of one of the server's messages.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], _: Here) -> (usize, Said) {
        if side == self.client {
            return (bytes.len(), Said::Nothing);
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
}

/// What follows a reply's version, code, reserved octet, address type and the octet behind it.
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
