//! What holds for the rows of any tap, whatever was pushed.

use std::collections::HashMap;

use zertap_core::config::Config;
use zertap_core::event::{MILESTONES, Row, RowKind, RowKinds};
use zertap_core::handshake::Phase;
use zertap_core::tap::Tap;
use zertap_core::time::{Recurring, Span};

/// Settings with every kind of row and limits that a short input reaches.
pub fn config(octet: u8) -> Config {
    let mut config = Config {
        rows: RowKind::ALL.iter().fold(RowKinds::NONE, |kinds, kind| kinds.with(*kind)),
        ..Config::default()
    };
    config.options.certificates = octet & 1 == 0;
    config.options.upgrades = octet & 2 == 0;
    config.options.offers = octet & 4 == 0;
    if octet & 8 != 0 {
        config.rows = RowKinds::LAST;
    }
    if octet & 16 != 0 {
        config.max_connections = 4;
        config.max_half_open = 2;
        config.max_ended = 2;
    }
    if octet & 32 != 0 {
        config.stream.held_octets = 64;
        config.stream.held_islands = 3;
        config.stream.gap_packets = 2;
    }
    if octet & 64 != 0 {
        config.interval = Recurring::new(Span::seconds(1), Span(0));
    }
    config
}

/// Reads the rows of one tap as they come.
#[derive(Default)]
pub struct Watch {
    last: HashMap<u64, Row>,
    /// The last row that was no interval's: those are none of the rows that a row speaks of.
    told: HashMap<u64, Row>,
}

impl Watch {
    /// Takes the rows that wait and compares each with its connection's previous one.
    pub fn drain(&mut self, tap: &mut Tap) {
        for row in tap.drain() {
            row_holds(&row);
            if let Some(before) = self.last.get(&row.connection) {
                follows(before, &row);
                is_told(self.told.get(&row.connection), &row);
            }
            if row.kind != RowKind::Interval {
                self.told.insert(row.connection, row.clone());
            }
            self.last.insert(row.connection, row);
        }
        assert_eq!(tap.ledger().imbalances(), Vec::<String>::new());
    }

    /// Ends the input: every connection that ever had a row has its last one now.
    pub fn finish(mut self, tap: &mut Tap) {
        tap.finish();
        self.drain(tap);
        for row in self.last.values() {
            assert!(row.kind.is_last(), "no last row: {row:?}");
        }
        tap.finish();
        assert_eq!(tap.waiting_rows(), 0, "rows after the end");
        assert_eq!(tap.live(), 0, "connections after the end");
    }
}

/// What holds for a row by itself.
fn row_holds(row: &Row) {
    let entries = row.history.entries();
    let phases: Vec<Phase> = entries.iter().map(|entry| entry.phase).collect();
    assert!(grammar(&phases), "{phases:?}");
    assert!(entries.is_sorted_by_key(|entry| entry.at), "{entries:?}");
    assert!(entries.is_sorted_by_key(|entry| entry.after_due), "{entries:?}");
    assert!(row.start <= row.end && row.end <= row.at, "{row:?}");
    assert!(row.first_packet <= row.packet, "{row:?}");
    assert!(usize::from(row.history_before) <= entries.len(), "{row:?}");
    if row.phase.is_milestone() {
        assert_eq!(entries.last().map(|entry| entry.phase), Some(row.phase));
    }
    for (_, text) in row.texts() {
        assert!(text.len() <= 256 * 1024);
    }
    for (total, delta) in
        row.octets.iter().zip(row.octets_delta).chain(row.segments.iter().zip(row.segments_delta))
    {
        assert!(delta <= *total, "{row:?}");
    }
}

/// A handshake begins before it completes, fails or is lost, and only then may data in clear follow.
fn grammar(phases: &[Phase]) -> bool {
    use Phase::{
        SshBegun, SshComplete, SshFailed, SshLost, TlsBegun, TlsComplete, TlsFailed, TlsLost, TlsThenClear,
    };
    phases.len() <= MILESTONES
        && matches!(
            phases,
            [] | [TlsBegun]
                | [TlsBegun, TlsComplete | TlsFailed | TlsLost]
                | [TlsBegun, TlsComplete, TlsThenClear]
                | [SshBegun]
                | [SshBegun, SshComplete | SshFailed | SshLost]
        )
}

/// What a row says of its connection's previous row.
fn is_told(before: Option<&Row>, row: &Row) {
    let told = before.map_or((Phase::Silent, 0), |before| (before.phase, before.history.entries().len()));
    assert_eq!((row.previous, usize::from(row.history_before)), told);
}

/// What holds between two rows of one connection.
fn follows(before: &Row, row: &Row) {
    assert!(!before.kind.is_last(), "a row after the last: {before:?} {row:?}");
    assert_eq!((before.start, before.first_packet), (row.start, row.first_packet));
    assert_eq!((before.lane, before.ordinal), (row.lane, row.ordinal));
    assert!(before.at <= row.at && before.packet <= row.packet);
    assert!(row.history.entries().starts_with(&before.history.entries()), "{before:?} {row:?}");
    let sum = |counts: [u64; 2]| counts[0] + counts[1];
    assert_eq!(sum(before.octets) + sum(row.octets_delta), sum(row.octets));
    assert_eq!(sum(before.segments) + sum(row.segments_delta), sum(row.segments));
    if before.phase.is_complete() && before.phase != Phase::TlsProvisional {
        assert!(row.phase.is_complete(), "a complete handshake came undone: {before:?} {row:?}");
    }
}
