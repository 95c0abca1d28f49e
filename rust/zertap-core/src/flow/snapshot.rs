//! A connection as a row: everything that is known of it now.

use super::connection::Connection;
use super::follow::Cause;
use crate::event::{Row, RowKind, Settled};
use crate::handshake::{Flag, Flags, PerSide, Phase, Side};
use std::sync::Arc;

impl Connection {
    /// The snapshot of this connection; remembers what it told, so that the next one can say what was added.
    pub(crate) fn snapshot(&mut self, kind: RowKind, cause: Cause, settled: Option<Arc<Settled>>) -> Row {
        let client = self.client_side(settled.as_deref());
        if self.is_midstream() && settled.as_ref().is_none_or(|settled| settled.protocol_client.is_none()) {
            self.flag(Flag::RoleGuessed);
        }
        let octets = PerSide(Side::BOTH.map(|side| self.stream.halves[side].octets()));
        let segments = PerSide(Side::BOTH.map(|side| self.stream.halves[side].segments()));
        let (told_octets, told_segments, previous, history_before) = match &self.extras {
            Some(extras) => {
                (extras.told_octets, extras.told_segments, extras.told_phase, extras.told_history)
            }
            None => (PerSide::default(), PerSide::default(), Phase::Silent, 0),
        };
        let since = |now: &PerSide<u64>, told: &PerSide<u64>| {
            let difference = PerSide(Side::BOTH.map(|side| now[side].saturating_sub(told[side])));
            Row::by_role(client, &difference)
        };
        let endpoints = self.key.endpoints();
        let client_first = if self.low_side == client { endpoints } else { [endpoints[1], endpoints[0]] };
        let (octets_delta, segments_delta) = (since(&octets, &told_octets), since(&segments, &told_segments));
        let note = self.extras.as_ref().map_or(0, |extras| extras.note);
        if !kind.is_last() {
            let (phase, told) = (self.phase, self.chronicle.milestones() as u8);
            let extras = self.extras();
            extras.told_octets = octets;
            extras.told_segments = segments;
            if kind != RowKind::Interval {
                extras.told_phase = phase;
                extras.told_history = told;
            }
        }
        // Said last, it is written where it is wanted.
        Row {
            kind,
            phase: self.phase,
            previous,
            at: cause.at,
            start: self.start,
            established: self.was_established().then_some(self.established()),
            end: self.latest,
            connection: self.number(),
            ordinal: self.ordinal(),
            packet: cause.packet,
            first_packet: self.first_packet(),
            lane: self.key.lane(),
            addresses: client_first.map(|endpoint| endpoint.address),
            ports: client_first.map(|endpoint| endpoint.port),
            octets: Row::by_role(client, &octets),
            segments: Row::by_role(client, &segments),
            octets_delta,
            segments_delta,
            flags: self.flags_now(),
            history: self.history(),
            history_before,
            due_passed: self.due_passed(),
            client,
            note,
            settled,
        }
    }

    /// The anomalies, without what later packets disproved: the other direction appeared after all.
    fn flags_now(&self) -> Flags {
        if self.only_visible().is_some() { self.flags } else { self.flags.without(Flag::OneSided) }
    }

    /// Who is the client: the initiator; without a SYN the side that acts as the protocol's client.
    fn client_side(&self, settled: Option<&Settled>) -> Side {
        if self.is_midstream() {
            settled.and_then(|settled| settled.protocol_client).unwrap_or(Side::A)
        } else {
            Side::A
        }
    }
}
