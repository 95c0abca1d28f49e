//! MS-TDS 7: what follows PRELOGIN is TLS inside further PRELOGIN packets (MS-TDS sections 2.2.3.1, 2.2.6.5).
//!
//! TDS 8.0 begins with TLS and needs no grammar. Only what the server answers counts: it alone knows both wishes.

use super::frame::{Frame, Whole};
use super::{Here, Protocol, Said};
use crate::handshake::{PerSide, Side};
use crate::reader::Reader;

/// Octets of a packet's header: type, status, length with these octets, process, number, window.
pub(crate) const HEADER: usize = 8;
/// Packet types: a server's answer; PRELOGIN, and TLS in its clothes.
pub(crate) const ANSWER: u8 = 0x04;
/// See `ANSWER`.
pub(crate) const PRELOGIN: u8 = 0x12;

/// The option ENCRYPTION, and its value "not supported".
const ENCRYPTION: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
/// Octets kept of a packet: ENCRYPTION is the second of at most ten options.
const KEPT: usize = 96;

/// A conversation's PRELOGIN messages.
#[derive(Debug)]
pub(super) struct Tds {
    client: Side,
    lanes: PerSide<Frame<KEPT>>,
    /// Client's stream offset behind its PRELOGIN.
    asked: Option<u64>,
}

impl Tds {
    /// A conversation begun by `client`.
    pub(super) fn new(client: Side) -> Self {
        Self { client, lanes: PerSide::default(), asked: None }
    }

    /// Takes octets, at most up to a packet's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Said) {
        let (used, whole) = self.lanes[side].push(bytes, HEADER, body_length);
        let packet = match whole {
            Whole::NotYet => return (used, Said::Nothing),
            Whole::Never => return (used, Said::Over),
            Whole::Packet(packet) => packet,
        };
        let kind = packet.octets().first().copied();
        if side == self.client && kind == Some(PRELOGIN) {
            self.asked = Some(here.at + used as u64);
            return (used, Said::Nothing);
        }
        let answers = side != self.client && self.asked.is_some_and(|from| from <= here.seen);
        if answers && kind == Some(ANSWER) && encryption(packet.octets()) != Some(NOT_SUPPORTED) {
            return (used, Said::Upgrade { client: self.client, protocol: Protocol::Tds });
        }
        (used, Said::Over)
    }
}

/// Octets that follow a packet's header.
pub(crate) fn body_length(header: &[u8]) -> Option<u32> {
    let [_, 0..=1, high, low, ..] = *header.first_chunk::<HEADER>()? else { return None };
    u32::from(u16::from_be_bytes([high, low])).checked_sub(HEADER as u32)
}

/// The value of ENCRYPTION, if it lies in the octets kept: options of token, offset, length, up to 0xFF.
fn encryption(packet: &[u8]) -> Option<u8> {
    let body = packet.get(HEADER..)?;
    let mut options = Reader::new(body);
    loop {
        let token = options.u8().filter(|token| *token != 0xFF)?;
        let (offset, _) = (options.u16()?, options.u16()?);
        if token == ENCRYPTION {
            return body.get(usize::from(offset)).copied();
        }
    }
}
