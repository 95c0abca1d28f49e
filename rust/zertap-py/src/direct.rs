//! The usual values of a row as JSON, without a `Value` in between; a test holds both ways equal.

use crate::address;
use crate::clock;
use crate::facts;
use crate::hex;
use crate::identity;
use crate::json;
use crate::offered;
use crate::sources::{self, Protocol, Source, Words};
use std::io::Write;
use zertap_core::event::Row;
use zertap_core::handshake::{Flag, TextKind};
use zertap_core::time::Timestamp;
use zertap_core::wire::Address;

/// The text of the second written last, and of its day: rows that follow one another mostly have one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days {
    /// Seconds since 1970.
    second: u64,
    /// Seconds since 1970 at which the day began.
    began: u64,
    text: [u8; TIME],
}

impl Default for Days {
    fn default() -> Self {
        // The beginning of time, so that the text is right.
        Self { second: 0, began: 0, text: *b"\"1970-01-01T00:00:00.000000000Z\"" }
    }
}

/// Octets of a time with its quotes.
const TIME: usize = 32;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400;
/// A decimal number of so few digits is the shortest text of the float nearest to it.
const FEW_DIGITS: u64 = 1_000_000_000_000_000;

/// Appends what a source says of a row; `false`: nothing, it is not among the usual ones.
pub(crate) fn write(
    out: &mut Vec<u8>,
    row: &Row,
    source: Source,
    words: &Words<'_>,
    days: &mut Days,
) -> bool {
    if words.nameless {
        return false;
    }
    match source.protocol() {
        Some(wanted) if sources::protocol_of(row.phase) != Some(wanted) => out.extend_from_slice(b"null"),
        Some(Protocol::Tls) => return write_tls(out, row, source),
        Some(Protocol::Ssh) => return write_ssh(out, row, source),
        None => return write_general(out, row, source, words, days),
    }
    true
}

fn write_general(out: &mut Vec<u8>, row: &Row, source: Source, words: &Words<'_>, days: &mut Days) -> bool {
    let settled = row.settled.as_deref();
    let phase = row.phase as usize;
    match source {
        Source::File => write_word(out, words.file),
        Source::FirstPacket => {
            json::write_int(out, row.first_packet - words.frames_before.min(row.first_packet));
        }
        Source::Packet => json::write_int(out, row.packet - words.frames_before.min(row.packet)),
        Source::Connection => json::write_int(out, row.connection),
        Source::Uid => write_hex(out, &identity::identity(row), hex::Case::Lower),
        Source::Ordinal => json::write_int(out, row.ordinal.into()),
        Source::Kind => json::write_text(out, row.kind.word()),
        Source::Verdict => write_word(out, words.verdicts.get(phase).map(String::as_str)),
        Source::Protocol => write_word(out, words.protocols.get(phase).map(String::as_str)),
        Source::Reason => write_word(out, settled.and_then(|settled| settled.fault.word())),
        Source::GaveUp => {
            write_word(
                out,
                settled.and_then(|settled| settled.gave_up).map(|side| facts::role_word(row, side)),
            );
        }
        Source::Flags => write_list(out, row.flags.iter(), |out, flag| json::write_text(out, flag.word())),
        Source::ClientIp => write_address(out, row.addresses[0]),
        Source::ClientPort => json::write_int(out, row.ports[0].into()),
        Source::ServerIp => write_address(out, row.addresses[1]),
        Source::ServerPort => json::write_int(out, row.ports[1].into()),
        Source::Start => write_time(out, row.start, days),
        Source::End => write_time(out, row.end, days),
        Source::Duration => write_scaled(out, row.duration().0, 9),
        Source::Closed => json::write_text(out, facts::closed(row.kind)),
        Source::BytesClient => json::write_int(out, row.octets[0]),
        Source::BytesServer => json::write_int(out, row.octets[1]),
        Source::SegmentsClient => json::write_int(out, row.segments[0]),
        Source::SegmentsServer => json::write_int(out, row.segments[1]),
        Source::HandshakeMs => match row.handshake() {
            Some((begun, complete)) => write_scaled(out, complete.at.since(begun.at).0, 6),
            None => out.extend_from_slice(b"null"),
        },
        Source::Upgrade => write_found(out, row, TextKind::Upgrade),
        Source::Events => write_list(out, facts::events_of(row, words), |out, (event, at)| {
            out.extend_from_slice(b"{\"type\":");
            json::write_int(out, event.kind);
            out.extend_from_slice(b",\"at\":");
            write_time(out, at, days);
            out.extend_from_slice(b",\"protocol\":");
            json::write_text(out, &event.protocol);
            out.extend_from_slice(if event.failed { b",\"failed\":true}" } else { b",\"failed\":false}" });
        }),
        _ => return false,
    }
    true
}

fn write_tls(out: &mut Vec<u8>, row: &Row, source: Source) -> bool {
    match source {
        Source::TlsSni => write_found(out, row, TextKind::ServerName),
        Source::TlsSniIsOuter if has(row, &[TextKind::ServerName]) => {
            out.extend_from_slice(if row.flags.contains(Flag::EchOffered) { b"true" } else { b"false" });
        }
        Source::TlsSniIsOuter => out.extend_from_slice(b"null"),
        Source::TlsSessionId => match facts::text(row, TextKind::SessionId) {
            Some(id) => write_hex(out, id, hex::Case::Upper),
            None => out.extend_from_slice(b"null"),
        },
        Source::TlsAlerts if !has(row, &[TextKind::Alerts]) => out.extend_from_slice(b"[]"),
        Source::TlsOffered if !has(row, &offered::OFFERED) => out.extend_from_slice(b"null"),
        _ => return false,
    }
    true
}

fn write_ssh(out: &mut Vec<u8>, row: &Row, source: Source) -> bool {
    match source {
        Source::SshClientBanner => write_found(out, row, TextKind::ClientBanner),
        Source::SshServerBanner => write_found(out, row, TextKind::ServerBanner),
        Source::SshOffered if !has(row, &[TextKind::ClientKexInit, TextKind::ServerKexInit]) => {
            out.extend_from_slice(b"null");
        }
        Source::SshHostKeyFingerprint => match facts::text(row, TextKind::HostKeyFingerprint) {
            Some(digest) => {
                out.extend_from_slice(b"\"SHA256:");
                identity::write_base64(out, digest);
                out.push(b'"');
            }
            None => out.extend_from_slice(b"null"),
        },
        _ => return false,
    }
    true
}

/// Whether a row has a text of one of these kinds.
fn has(row: &Row, kinds: &[TextKind]) -> bool {
    row.texts().any(|(found, _)| kinds.iter().any(|kind| *kind as u8 == found))
}

fn write_found(out: &mut Vec<u8>, row: &Row, kind: TextKind) {
    match facts::text(row, kind) {
        Some(octets) => json::write_text(out, &String::from_utf8_lossy(octets)),
        None => out.extend_from_slice(b"null"),
    }
}

fn write_word(out: &mut Vec<u8>, word: Option<&str>) {
    match word {
        Some(word) => json::write_text(out, word),
        None => out.extend_from_slice(b"null"),
    }
}

fn write_list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn write_hex(out: &mut Vec<u8>, octets: &[u8], case: hex::Case) {
    out.push(b'"');
    hex::push_hex(out, octets, case);
    out.push(b'"');
}

fn write_address(out: &mut Vec<u8>, of: Address) {
    out.push(b'"');
    address::write(out, of);
    out.push(b'"');
}

/// Appends `"YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ"`.
pub(crate) fn write_time(out: &mut Vec<u8>, at: Timestamp, days: &mut Days) {
    let (seconds, nanoseconds) = (at.0 / SECOND, at.0 % SECOND);
    if days.second != seconds {
        days.turn_to(seconds);
    }
    put_digits(&mut days.text[21..30], nanoseconds);
    out.extend_from_slice(&days.text);
}

impl Days {
    fn turn_to(&mut self, seconds: u64) {
        let (began, time) = (seconds - seconds % DAY, seconds % DAY);
        if self.began != began {
            let mut text = Vec::with_capacity(10);
            clock::write_date(&mut text, (began / DAY).cast_signed());
            // A u64 of nanoseconds ends in 2554: four digits of a year.
            self.text[1..11].copy_from_slice(&<[u8; 10]>::try_from(text).unwrap_or_default());
            self.began = began;
        }
        put_digits(&mut self.text[12..14], time / 3600);
        put_digits(&mut self.text[15..17], time / 60 % 60);
        put_digits(&mut self.text[18..20], time % 60);
        self.second = seconds;
    }
}

/// Appends a count of units as a decimal number of larger ones, each 10^`decimals` of them, as a float is written.
#[expect(clippy::cast_precision_loss, reason = "as the float would be")]
fn write_scaled(out: &mut Vec<u8>, units: u64, decimals: usize) {
    let unit = 10u64.pow(decimals as u32);
    if units >= FEW_DIGITS {
        // A Vec never fails to take it.
        return drop(write!(out, "{}", units as f64 / unit as f64));
    }
    json::write_int(out, units / unit);
    let mut part = *b".000000000";
    let Some(part) = part.get_mut(..=decimals) else { return };
    put_digits(&mut part[1..], units % unit);
    let used = part.iter().rposition(|digit| !matches!(digit, b'0' | b'.')).map_or(0, |last| last + 1);
    out.extend_from_slice(part.get(..used).unwrap_or_default());
}

/// Fills a place with the last decimal digits of a number.
fn put_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
