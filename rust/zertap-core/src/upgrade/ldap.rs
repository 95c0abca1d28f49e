//! LDAP: the StartTLS extended operation (RFC 4511 sections 4.12 and 4.14).
//!
//! Messages are stepped over by their BER length; only the first octets of each are read. Once SASL puts a
//! layer of its own around them, nothing here can be read any more and nothing is tried.

use super::gather::Gather;
use super::{Here, Protocol, Said};
use crate::handshake::{PerSide, Side};
use crate::reader::Reader;

/// The object identifier of StartTLS.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// One direction's current message.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    start: Gather<64>,
    /// Octets still to come, once its length is known.
    left: Option<u32>,
}

/// A conversation in LDAP.
#[derive(Debug)]
pub(super) struct Ldap {
    client: Side,
    lanes: PerSide<Message>,
    /// The message identifier of the question.
    asked: Option<u32>,
}

impl Ldap {
    /// The protocol in whose words TLS was asked for, while the answer is awaited.
    pub(super) fn asked(&self) -> Option<Protocol> {
        self.asked.map(|_| Protocol::Ldap)
    }

    /// A conversation begun by `client`.
    pub(super) fn new(client: Side) -> Self {
        Self { client, lanes: PerSide::default(), asked: None }
    }

    /// Takes octets, at most up to a message's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], _: Here) -> (usize, Said) {
        let (used, whole) = self.lanes[side].push(bytes);
        let said = match whole {
            Whole::NotYet => Said::Nothing,
            Whole::Never => Said::Over,
            Whole::Message(start) => self.hear(side, start.octets()).unwrap_or(Said::Nothing),
        };
        (used, said)
    }

    fn hear(&mut self, side: Side, message: &[u8]) -> Option<Said> {
        let mut reader = Reader::new(message);
        let (_, _) = (reader.u8()?, length(&mut reader)?);
        let id = number(&mut reader)?;
        let operation = reader.u8()?;
        length(&mut reader)?;
        if side == self.client {
            let name = (operation, reader.u8()?, reader.vec8()?);
            if name == (0x77, 0x80, START_TLS) {
                self.asked = Some(id);
            }
        } else if operation == 0x78 && self.asked == Some(id) {
            self.asked = None;
            if reader.array()? == [0x0A, 1, 0] {
                return Some(Said::Upgrade { client: self.client, protocol: Protocol::Ldap });
            }
        }
        None
    }
}

/// What has become of a message.
enum Whole {
    NotYet,
    Never,
    Message(Gather<64>),
}

impl Message {
    fn push(&mut self, bytes: &[u8]) -> (usize, Whole) {
        let mut used = 0;
        while self.left.is_none() {
            let Some(octet) = bytes.get(used) else { return (used, Whole::NotYet) };
            used += 1;
            self.start.push(std::slice::from_ref(octet));
            let mut reader = Reader::new(self.start.octets());
            if reader.u8() != Some(0x30) || self.start.len() > 6 {
                return (used, Whole::Never);
            }
            self.left = length(&mut reader);
        }
        let rest = bytes.get(used..).unwrap_or_default();
        let taken = rest.get(..self.left.unwrap_or(0) as usize).unwrap_or(rest);
        self.start.push(taken);
        let left = self.left.unwrap_or(0) - taken.len() as u32;
        self.left = Some(left);
        if left > 0 {
            return (used + taken.len(), Whole::NotYet);
        }
        self.left = None;
        (used + taken.len(), Whole::Message(self.start.take()))
    }
}

/// A BER length: one octet, or up to four behind their count.
fn length(reader: &mut Reader<'_>) -> Option<u32> {
    match reader.u8()? {
        short @ 0..=0x7F => Some(u32::from(short)),
        count @ 0x81..=0x84 => reader.take(usize::from(count & 0x7F)).map(big_endian),
        _ => None,
    }
}

/// A non-negative INTEGER of at most four octets.
fn number(reader: &mut Reader<'_>) -> Option<u32> {
    (reader.u8()? == 2).then_some(())?;
    reader.vec8().filter(|octets| (1..=4).contains(&octets.len())).map(big_endian)
}

fn big_endian(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet))
}
