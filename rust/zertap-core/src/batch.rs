//! Rows, in the order in which they were written.

use crate::event::{Milestone, Row, RowKind, Settled};
use crate::flow::{Cause, Connection};
use crate::handshake::{Flag, PerSide, Phase, Side};
use std::sync::Arc;

/// Rows waiting to be drained.
#[derive(Debug, Default)]
pub struct EventBatch {
    rows: Vec<Row>,
}

impl EventBatch {
    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many rows wait.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row waits.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes all rows out.
    pub fn take(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }

    /// Writes the snapshot of one connection.
    pub(crate) fn push(
        &mut self,
        conn: &mut Connection,
        kind: RowKind,
        cause: Cause,
        settled: Option<Arc<Settled>>,
    ) {
        let client = client_side(conn, settled.as_deref());
        if conn.is_midstream() && settled.as_ref().is_none_or(|settled| settled.protocol_client.is_none()) {
            conn.flag(Flag::RoleGuessed);
        }
        let octets = PerSide(Side::BOTH.map(|side| conn.stream.halves[side].octets()));
        let segments = PerSide(Side::BOTH.map(|side| conn.stream.halves[side].segments()));
        let (told_octets, told_segments, previous, history_before) = match &conn.extras {
            Some(extras) => {
                (extras.told_octets, extras.told_segments, extras.told_phase, extras.told_history)
            }
            None => (PerSide::default(), PerSide::default(), Phase::Silent, 0),
        };
        let since = |now: &PerSide<u64>, told: &PerSide<u64>| {
            let difference = PerSide(Side::BOTH.map(|side| now[side].saturating_sub(told[side])));
            Row::by_role(client, &difference)
        };
        let endpoints = conn.key.endpoints();
        let client_first = if conn.low_side == client { endpoints } else { [endpoints[1], endpoints[0]] };
        self.rows.push(Row {
            kind,
            phase: conn.phase,
            previous,
            at: cause.at,
            start: conn.start,
            established: conn.was_established().then_some(conn.established),
            end: conn.latest,
            connection: conn.number,
            ordinal: conn.ordinal,
            packet: cause.packet,
            first_packet: conn.first_packet,
            lane: conn.key.lane(),
            addresses: client_first.map(|endpoint| endpoint.address),
            ports: client_first.map(|endpoint| endpoint.port),
            octets: Row::by_role(client, &octets),
            segments: Row::by_role(client, &segments),
            octets_delta: since(&octets, &told_octets),
            segments_delta: since(&segments, &told_segments),
            flags: conn.flags,
            history: conn.history,
            history_before,
            due_passed: conn.due_passed(),
            client,
            note: conn.extras.as_ref().map_or(0, |extras| extras.note),
            settled,
        });
        if !kind.is_last() {
            let (phase, told) = (conn.phase, conn.history.entries().len() as u8);
            let extras = conn.extras();
            extras.told_octets = octets;
            extras.told_segments = segments;
            extras.told_phase = phase;
            extras.told_history = told;
        }
    }
}

/// Who is the client: the initiator; without a SYN the side that acts as the protocol's client.
fn client_side(conn: &Connection, settled: Option<&Settled>) -> Side {
    if conn.is_midstream() {
        settled.and_then(|settled| settled.protocol_client).unwrap_or(Side::A)
    } else {
        Side::A
    }
}

impl Row {
    /// When the handshake began and when it was complete, if both are known.
    pub fn handshake(&self) -> Option<(Milestone, Milestone)> {
        let entries = self.history.entries();
        let begun = entries.iter().find(|entry| matches!(entry.phase, Phase::TlsBegun | Phase::SshBegun))?;
        let complete = entries.iter().find(|entry| entry.phase.is_complete())?;
        Some((*begun, *complete))
    }
}
