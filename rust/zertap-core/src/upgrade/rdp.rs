//! Remote desktop: the X.224 connection in TPKT packets negotiates the security protocol (MS-RDPBCGR 2.2.1.1-2).

use super::frame::{Frame, Whole};
use super::{Here, Protocol, Said};
use crate::handshake::{PerSide, Side};

/// Place of the negotiation structure in a Connection Confirm: TPKT header, X.224 header.
const NEGOTIATION: usize = 11;

/// A conversation's first packet each way.
#[derive(Debug)]
pub(super) struct Rdp {
    client: Side,
    lanes: PerSide<Frame>,
    /// Client's stream offset behind its request.
    asked: Option<u64>,
}

impl Rdp {
    /// The protocol in whose words TLS was asked for, while the answer is awaited.
    pub(super) fn asked(&self) -> Option<Protocol> {
        self.asked.map(|_| Protocol::Rdp)
    }

    /// A conversation begun by `client`.
    pub(super) fn new(client: Side) -> Self {
        Self { client, lanes: PerSide::default(), asked: None }
    }

    /// Takes octets, at most up to a packet's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Said) {
        let (used, whole) = self.lanes[side].push(bytes, 4, body_length);
        let packet = match whole {
            Whole::NotYet => return (used, Said::Nothing),
            Whole::Never => return (used, Said::Over),
            Whole::Packet(packet) => packet,
        };
        let from_client = side == self.client;
        if from_client && self.asked.is_none() && packet.octets().get(5) == Some(&0xE0) {
            self.asked = Some(here.at + used as u64);
            return (used, Said::Nothing);
        }
        let answered = !from_client && self.asked.is_some_and(|from| from <= here.seen);
        if answered && selects_tls(packet.octets()) == Some(true) {
            return (used, Said::Upgrade { client: self.client, protocol: Protocol::Rdp });
        }
        (used, Said::Over)
    }
}

/// TPKT (RFC 1006 section 6): version 3, reserved, length with its own four octets.
fn body_length(header: &[u8]) -> Option<u32> {
    let [3, _, high, low] = *header.first_chunk::<4>()? else { return None };
    u32::from(u16::from_be_bytes([high, low])).checked_sub(4)
}

/// Whether a Connection Confirm carries RDP_NEG_RSP with a protocol other than standard RDP security.
fn selects_tls(confirm: &[u8]) -> Option<bool> {
    (*confirm.get(5)? == 0xD0).then_some(())?;
    let [kind, _, length, 0, selected @ ..] = *confirm.get(NEGOTIATION..)?.first_chunk::<8>()? else {
        return None;
    };
    Some((kind, length) == (2, 8) && u32::from_le_bytes(selected) != 0)
}
