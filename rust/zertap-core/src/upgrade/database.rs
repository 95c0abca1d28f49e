//! Databases: a request of fixed form asks for TLS before anything else is said.

use super::frame::{Frame, Whole};
use super::{Here, Protocol, Said};
use crate::handshake::Side;
use crate::reader::Reader;

/// SSLRequest: length 8, code 80877103.
pub(super) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F];
/// GSSENCRequest: length 8, code 80877104.
pub(super) const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x30];

/// The start of a PostgreSQL connection: requests of eight octets, answers of one.
#[derive(Debug)]
pub(super) struct Postgres {
    client: Side,
    request: Frame,
    /// Whether TLS was asked for, or encryption by GSSAPI; and the client's stream offset behind it.
    asked: Option<(bool, u64)>,
}

impl Postgres {
    /// The protocol in whose words TLS was asked for, while the answer is awaited.
    pub(super) fn asked(&self) -> Option<Protocol> {
        self.asked.filter(|(tls, _)| *tls).map(|_| Protocol::Postgresql)
    }

    /// A connection begun by `client`.
    pub(super) fn new(client: Side) -> Self {
        Self { client, request: Frame::default(), asked: None }
    }

    /// Takes octets, at most up to the end of a request or answer.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Said) {
        if side != self.client {
            return (1, self.hear_server(bytes.first().copied(), here.seen));
        }
        let (used, whole) = self.request.push(bytes, 8, |_| Some(0));
        let Whole::Packet(request) = whole else { return (used, Said::Nothing) };
        let is = |wanted: [u8; 8]| request.octets() == wanted;
        if !is(SSL_REQUEST) && !is(GSS_REQUEST) {
            return (used, Said::Over);
        }
        self.asked = Some((is(SSL_REQUEST), here.at + used as u64));
        (used, Said::Nothing)
    }

    fn hear_server(&mut self, answer: Option<u8>, seen: u64) -> Said {
        let asked = self.asked.take().filter(|(_, from)| *from <= seen);
        match (asked, answer) {
            (Some((true, _)), Some(b'S')) => {
                Said::Upgrade { client: self.client, protocol: Protocol::Postgresql }
            }
            (Some(_), Some(b'N')) => Said::Nothing,
            _ => Said::Over,
        }
    }
}

/// Capability flags: TLS follows; the protocol of 4.1 and later.
const CLIENT_SSL: u32 = 0x0800;
const CLIENT_PROTOCOL_41: u32 = 0x0200;

/// The start of a MySQL or MariaDB connection: the server's greeting, then the client's first packet.
#[derive(Debug)]
pub(super) struct MySql {
    server: Side,
    greeted: bool,
    greeting: Frame,
    request: Frame,
}

impl MySql {
    /// A connection that `server` greets.
    pub(super) fn new(server: Side) -> Self {
        Self { server, greeted: false, greeting: Frame::default(), request: Frame::default() }
    }

    /// Takes octets, at most up to a packet's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], _: Here) -> (usize, Said) {
        let frame = if side == self.server { &mut self.greeting } else { &mut self.request };
        let (used, whole) = frame.push(bytes, 4, packet_length);
        let Whole::Packet(packet) = whole else { return (used, Said::Nothing) };
        let said = match side == self.server {
            true if !self.greeted => {
                self.greeted = true;
                Said::Nothing
            }
            false if self.greeted && asks(packet.octets()) == Some(true) => {
                Said::Upgrade { client: side, protocol: Protocol::MySql }
            }
            _ => Said::Over,
        };
        (used, said)
    }
}

/// Three octets, least significant first, then the sequence number.
fn packet_length(header: &[u8]) -> Option<u32> {
    let [low, middle, high, _] = *header.first_chunk::<4>()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}

/// Whether a client's first packet is an SSLRequest: a login packet that ends before the user's name.
fn asks(packet: &[u8]) -> Option<bool> {
    let length = packet_length(packet)?;
    let mut body = Reader::new(packet.get(4..)?);
    let low = u32::from(u16::from_le_bytes(body.array()?));
    let modern = low & CLIENT_PROTOCOL_41 != 0;
    Some(low & CLIENT_SSL != 0 && if modern { length == 32 } else { length == 5 })
}
