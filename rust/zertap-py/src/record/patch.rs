//! The holes of a stencil: where in a record a row's own values stand, and in which form.

use super::calendar;
use crate::facts;
use crate::sources::{self, Protocol};
use zertap_core::event::Row;
use zertap_core::handshake::TextKind;
use zertap_core::wire::Address;

/// One hole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patch {
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) fill: Fill,
}

/// What fills a hole.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fill {
    /// A big-endian number, its highest octets cut off where it is longer than the hole.
    Number(Number),
    /// Sixteen octets: IPv4 in the first four, IPv6 in all. 0: client, 1: server.
    Address(usize),
    /// Hundredths of a second since midnight.
    Hundredths(Instant),
    /// A packed date.
    Day(Instant),
    /// Octets, cut off or filled up with zeros.
    Octets(Text),
    /// How many octets of the hole's own length such octets use; the hole for them is so long.
    Used(Text, usize),
}

/// Numbers of a row. Pairs: 0 client, 1 server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Connection,
    Port(usize),
    Octets(usize),
    Segments(usize),
}

/// Times of a record.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instant {
    Established,
    /// What the record tells.
    Event,
    /// The same, shifted as configured.
    Written,
}

/// Octets of one connection alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    TlsSessionId,
}

/// The times of one record, each as hundredths since midnight and packed date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) established: (u32, u32),
    pub(super) event: (u32, u32),
    pub(super) written: (u32, u32),
}

/// Makes times of instants; records that follow one another mostly bear one date.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calendar {
    days: u32,
    /// Zero: none yet.
    packed: u32,
}

impl Calendar {
    /// Hundredths since midnight and packed date of an instant in nanoseconds since 1970.
    pub(super) fn time(&mut self, at: u64) -> (u32, u32) {
        let (days, hundredths) = calendar::split(at);
        if self.packed == 0 || self.days != days {
            *self = Self { days, packed: calendar::pack(days) };
        }
        (hundredths, self.packed)
    }
}

impl Fill {
    /// What Python calls so; `used_of` is the length of the octets that a `used` hole counts.
    pub(super) fn named(form: &str, source: &str, used_of: usize) -> Option<Self> {
        Some(match form {
            "number" => Fill::Number(match source {
                "connection" => Number::Connection,
                "client_port" => Number::Port(0),
                "server_port" => Number::Port(1),
                "bytes_client" => Number::Octets(0),
                "bytes_server" => Number::Octets(1),
                "segments_client" => Number::Segments(0),
                "segments_server" => Number::Segments(1),
                _ => return None,
            }),
            "address" => Fill::Address(match source {
                "client_ip" => 0,
                "server_ip" => 1,
                _ => return None,
            }),
            "hundredths" => Fill::Hundredths(instant(source)?),
            "day" => Fill::Day(instant(source)?),
            "octets" if source == "tls_session_id" => Fill::Octets(Text::TlsSessionId),
            "used" if source == "tls_session_id" => Fill::Used(Text::TlsSessionId, used_of),
            _ => return None,
        })
    }
}

fn instant(source: &str) -> Option<Instant> {
    Some(match source {
        "established" => Instant::Established,
        "event" => Instant::Event,
        "written" => Instant::Written,
        _ => return None,
    })
}

impl Patch {
    /// Fills the hole in `record`.
    pub(super) fn apply(&self, record: &mut [u8], row: &Row, times: &Times) {
        let Some(hole) = record.get_mut(self.offset..self.offset + self.length) else { return };
        match self.fill {
            Fill::Number(number) => put(hole, number.of(row)),
            Fill::Address(end) => put_address(hole, row.addresses[end]),
            Fill::Hundredths(instant) => put(hole, instant.of(times).0.into()),
            Fill::Day(instant) => put(hole, instant.of(times).1.into()),
            Fill::Octets(text) => {
                let octets = text.of(row);
                let used = octets.len().min(hole.len());
                hole[..used].copy_from_slice(&octets[..used]);
                hole[used..].fill(0);
            }
            Fill::Used(text, room) => put(hole, text.of(row).len().min(room) as u64),
        }
    }
}

impl Number {
    fn of(self, row: &Row) -> u64 {
        match self {
            Number::Connection => row.connection,
            Number::Port(end) => row.ports[end].into(),
            Number::Octets(end) => row.octets[end],
            Number::Segments(end) => row.segments[end],
        }
    }
}

impl Instant {
    const fn of(self, times: &Times) -> (u32, u32) {
        match self {
            Instant::Established => times.established,
            Instant::Event => times.event,
            Instant::Written => times.written,
        }
    }
}

impl Text {
    fn of(self, row: &Row) -> &[u8] {
        match self {
            Text::TlsSessionId if sources::protocol_of(row.phase) == Some(Protocol::Tls) => {
                facts::text(row, TextKind::SessionId).unwrap_or_default()
            }
            Text::TlsSessionId => &[],
        }
    }
}

/// The usual lengths are stored at once.
#[inline]
fn put(hole: &mut [u8], value: u64) {
    let octets = value.to_be_bytes();
    match hole.len() {
        2 => hole.copy_from_slice(&octets[6..]),
        4 => hole.copy_from_slice(&octets[4..]),
        8 => hole.copy_from_slice(&octets),
        length => {
            let length = length.min(octets.len());
            hole[..length].copy_from_slice(&octets[octets.len() - length..]);
        }
    }
}

/// IPv4 at the left of sixteen octets, IPv6 in all; a hole of another length takes as many of them as it has.
#[inline]
fn put_address(hole: &mut [u8], address: Address) {
    let octets = match address.ipv4() {
        Some(short) => {
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&short);
            octets
        }
        None => address.0,
    };
    match <&mut [u8; 16]>::try_from(&mut *hole) {
        Ok(whole) => *whole = octets,
        Err(_) => hole.iter_mut().zip(octets).for_each(|(place, octet)| *place = octet),
    }
}
