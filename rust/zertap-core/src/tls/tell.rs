//! What a record or message showed, for the journal: told by what it changed, nothing is read twice.

use super::assembly::Content;
use super::observer::TlsObserver;
use super::record::{Mark, content};
use super::state::Saw;
use super::walk::Walk;
use crate::handshake::{Fault, Phase, Room, Shown, Side};

/// Where a direction stood before some octets of a record's body were taken.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each said by its name")]
pub(super) struct Before {
    alerts: usize,
    changed: bool,
    finished: bool,
    reads_messages: bool,
    encrypted_alert: bool,
}

impl TlsObserver {
    /// Where `side` stands, if anybody keeps a journal.
    #[inline]
    pub(super) fn before(&self, side: Side, room: &Room) -> Option<Before> {
        room.journal.as_ref()?;
        let lane = &self.lanes[side];
        Some(Before {
            alerts: self.colder().map_or(0, |cold| cold.alerts.len()),
            changed: lane.is(Mark::Changed),
            finished: lane.is(Mark::Finished),
            reads_messages: self.reads_messages(side),
            encrypted_alert: self.is_encrypted_alert(side),
        })
    }

    /// Tells what a record's octets changed; `last`: the record has ended.
    #[cold]
    #[inline(never)]
    pub(super) fn tell(&self, side: Side, before: &Before, last: bool, room: &mut Room) {
        let lane = &self.lanes[side];
        let alerts = self.colder().map(|cold| &cold.alerts[..]).unwrap_or_default();
        for alert in alerts.iter().skip(before.alerts).filter(|alert| !alert.encrypted) {
            let shown = Shown::Alert { level: alert.level, description: alert.description };
            room.note(side, shown, 2);
        }
        let opaque = lane.is(Mark::Opaque) || !before.reads_messages;
        let shown = match lane.walk.kind() {
            _ if !last => return,
            content::CHANGE_CIPHER_SPEC => Shown::ChangeCipherSpec(!before.changed && lane.is(Mark::Changed)),
            content::ALERT if before.encrypted_alert => Shown::Encrypted(content::ALERT),
            content::HANDSHAKE if lane.is(Mark::Finished) && !before.finished => Shown::Finished,
            content::HANDSHAKE if opaque => Shown::Encrypted(content::HANDSHAKE),
            content::ALERT | content::HANDSHAKE => return,
            other => Shown::Encrypted(other),
        };
        room.note(side, shown, u64::from(lane.walk.length()));
    }

    /// Tells of a handshake message in clear; `retried`: the server had asked for another ClientHello before.
    #[cold]
    pub(super) fn tell_message(&self, side: Side, message: &Content<'_>, retried: bool, room: &mut Room) {
        let is_retry = !retried && self.saw(Saw::Retry);
        let shown = if is_retry { Shown::Retry } else { Shown::Message(message.kind) };
        room.note(side, shown, u64::from(self.lanes[side].assembly.claimed()));
        if let Some(journal) = &mut room.journal
            && journal.phase() == Some(Phase::TlsBegun)
        {
            // What follows in the same segment follows the agreement.
            journal.moved(Phase::TlsBegun, self.phase(), self.fault, self.gave_up);
        }
    }

    /// Tells of the records that follow the completing one in the same segment.
    pub(super) fn tell_rest(&self, side: Side, from: Phase, rest: &[u8], room: &mut Room) {
        if let Some(journal) = &mut room.journal
            && !rest.is_empty()
        {
            journal.moved(from, self.phase(), Fault::None, None);
            for (kind, length) in self.lanes[side].walk.records(rest) {
                journal.note(Some(side), Shown::Encrypted(kind), u64::from(length));
            }
        }
    }
}

impl Walk {
    /// The records whose headers end in these octets: content type and length. This walk itself stays.
    pub fn records(mut self, mut octets: &[u8]) -> impl Iterator<Item = (u8, u16)> {
        use super::walk::Step;
        std::iter::from_fn(move || {
            loop {
                match self.step(&mut octets) {
                    Step::Header => return Some((self.kind(), self.length())),
                    Step::Body { .. } => {}
                    Step::Need => return None,
                    Step::NotRecord | Step::TooLong => {
                        self.lose();
                        return None;
                    }
                }
            }
        })
    }
}
