//! One direction of a TLS connection while its handshake is followed: the record layer's state.
//!
//! Framing is `Walk`'s, messages are `Assembly`'s; this holds them together with what the judges ask of a
//! direction: has it changed to its new keys, has it sent its Finished, was any of it lost.

use super::assembly::{Assembly, kind};
use super::walk::Walk;
use crate::compact::compact;

/// Content types of records (RFC 8446 5.1).
pub(super) mod content {
    pub(crate) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(crate) const ALERT: u8 = 21;
    pub(crate) const HANDSHAKE: u8 = 22;
    pub(crate) const APPLICATION_DATA: u8 = 23;
}

/// Empty records in a row that are tolerated (A10).
pub(super) const EMPTY_LIMIT: u8 = 32;

/// One thing that is true of a direction.
#[derive(Clone, Copy)]
#[repr(u16)]
pub(super) enum Mark {
    /// A record header has been seen.
    Started = 1 << 0,
    /// ChangeCipherSpec was sent and counted: what follows is encrypted (up to 1.2).
    Changed = 1 << 1,
    /// ChangeCipherSpec was sent before it is known whether it counts.
    Pending = 1 << 2,
    /// A type-22 record followed the counted ChangeCipherSpec: the Finished (up to 1.2).
    Finished = 1 << 3,
    /// An application record followed the Finished.
    Application = 1 << 4,
    /// Some octets were lost to the capture.
    Holed = 1 << 5,
    /// Record headers may have been lost.
    Blind = 1 << 6,
    /// Application records after framing was found again.
    ApplicationFoundAgain = 1 << 7,
    /// ClientKeyExchange was sent.
    Keyed = 1 << 8,
    /// A retransmission had other content.
    Conflict = 1 << 9,
    /// The current type-22 record does not look clear, and nothing else says that it should be.
    Opaque = 1 << 10,
    /// The octets of this direction are SSLv2 records.
    Ssl2 = 1 << 11,
    /// The first octet will say whether this direction speaks SSLv2 or TLS.
    Undecided = 1 << 12,
    /// The current type-22 record's first message header must look clear to be believed.
    Suspect = 1 << 13,
    /// The sender closed this direction.
    Ended = 1 << 14,
}

/// The state of one direction.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Record framing.
    pub(super) walk: Walk,
    /// Content of the current record's single-octet matters: ChangeCipherSpec's value, half an alert.
    pub(super) octet: Option<u8>,
    /// Empty records in a row.
    pub(super) empties: u8,
    marks: u16,
    /// Message layer.
    pub(super) assembly: Assembly,
    /// Octets of this direction so far, lost ones included.
    pub(super) offset: u64,
    /// The most octets of this direction that the other side is known to have acknowledged.
    pub(super) acked: u64,
    /// What the sender had acknowledged when it sent the first octet of the current record.
    pub(super) seen: u64,
    /// Where the handshake ended in this direction.
    pub(super) done: u64,
}

impl Lane {
    /// A direction of which nothing was seen.
    pub(super) const BLANK: Lane = Lane {
        walk: Walk::START,
        octet: None,
        empties: 0,
        marks: 0,
        assembly: Assembly::NOTHING,
        offset: 0,
        acked: 0,
        seen: 0,
        done: 0,
    };

    /// Whether `mark` is set.
    pub(super) const fn is(&self, mark: Mark) -> bool {
        self.marks & mark as u16 != 0
    }

    /// Sets `mark`.
    pub(super) const fn set(&mut self, mark: Mark) {
        self.marks |= mark as u16;
    }

    /// Takes `mark` back.
    pub(super) const fn unset(&mut self, mark: Mark) {
        self.marks &= !(mark as u16);
    }

    /// Whether record boundaries are exact: nothing lost, nothing contradicted (A7).
    pub(super) const fn is_exact(&self) -> bool {
        !self.is(Mark::Holed) && !self.is(Mark::Blind) && !self.is(Mark::Conflict)
    }

    /// Whether the other side acknowledged octets that were never delivered; a FIN counts as one.
    pub(super) const fn is_short(&self) -> bool {
        self.acked > self.offset.saturating_add(self.is(Mark::Ended) as u64)
    }

    /// Counts captured octets.
    pub(super) const fn advance(&mut self, count: usize) {
        self.lack(count as u64);
    }

    /// Counts octets that were never captured.
    pub(super) const fn lack(&mut self, count: u64) {
        self.offset = self.offset.saturating_add(count);
    }

    /// Stream offset at which the current record ends.
    pub(super) const fn record_end(&self) -> u64 {
        self.offset.saturating_add(self.walk.left() as u64)
    }

    /// Framing is lost until `resynchronises` finds it again (A8).
    pub(super) fn go_blind(&mut self) {
        self.walk.lose();
        self.assembly.lose();
        self.set(Mark::Blind);
        self.octet = None;
    }

    /// Framing was found again at a segment's start.
    pub(super) fn find_again(&mut self) {
        self.walk = Walk::default();
    }

    /// The record walk that stays when the handshake is over: lost where boundaries are not exact.
    pub(super) const fn parked(&self) -> Walk {
        if self.is_exact() { self.walk } else { Walk::lost() }
    }

    /// Whether the message whose header was just read can be believed to be clear, where a lost or an
    /// undecided ChangeCipherSpec leaves it open: random octets do not look like this.
    pub(super) fn looks_clear(&self, message: u8) -> bool {
        let claimed = self.assembly.claimed();
        let record = u32::from(self.walk.length());
        if self.assembly.is_lost() {
            return matches!(message, 0..=6 | 8 | 11..=16 | 20..=25) && claimed + 4 == record;
        }
        let known = [kind::CLIENT_HELLO, kind::SERVER_HELLO, kind::CERTIFICATE, kind::CLIENT_KEY_EXCHANGE];
        known.contains(&message) && claimed < 0x1_0000 && claimed + 4 >= record
    }
}

compact!(struct Lane { walk, octet, empties, marks, assembly, offset, acked, seen, done });
