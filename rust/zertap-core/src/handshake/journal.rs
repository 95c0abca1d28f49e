//! What one connection showed, step by step: the evidence for its last phase.
//!
//! A tap keeps a journal only when it is asked to, of one connection named by its first packet. Observers and
//! the follower note what they understood in the moment they understand it; nothing is decoded again for it.
//! Without a journal each place that could note something costs one test of `Room::journal`, at the
//! frequency of handshake messages and phase moves, never of packets; what it calls then is kept out of line.
//!
//! Only facts are noted: kinds, numbers, lengths. No octet of payload ever reaches a step.

mod shown;

pub use shown::{Form, Shown};

use super::{Fault, Phase, Side};
use crate::time::Timestamp;

/// Steps kept: beyond it only those that fold into others, and the decisive ones.
const LIMIT: usize = 2000;
/// Decisive steps kept beyond that.
const RESERVE: usize = 64;

/// The packet, or the passing of time, that something is due to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Packet time.
    pub at: Timestamp,
    /// Number of the packet in the tap, from 1. For a timer: of the packet that let the time pass.
    pub packet: u64,
}

/// One step, or a run of equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// What brought it.
    pub first: Moment,
    /// What brought the last one of a run.
    pub last: Moment,
    /// Who sent it; nobody where time passed or both are meant.
    pub side: Option<Side>,
    /// What was shown.
    pub shown: Shown,
    /// How many of it.
    pub count: u64,
    /// Octets, all together.
    pub octets: u64,
}

/// The journal of one connection.
#[derive(Debug)]
pub struct Journal {
    wanted: u64,
    connection: Option<u64>,
    /// What happens now happens to the wanted connection.
    active: bool,
    over: bool,
    now: Moment,
    client: Side,
    /// Where the phase moved last.
    phase: Option<Phase>,
    steps: Vec<Told>,
    contents: u64,
    dropped: u64,
}

impl Journal {
    /// A journal of the connection whose first packet is number `first_packet` of the tap.
    pub fn of(first_packet: u64) -> Self {
        Self {
            wanted: first_packet,
            connection: None,
            active: false,
            over: false,
            now: Moment { at: Timestamp(0), packet: 0 },
            client: Side::A,
            phase: None,
            steps: Vec::new(),
            contents: 0,
            dropped: 0,
        }
    }

    /// The steps, in order of the packets that brought them.
    pub fn steps(&self) -> &[Told] {
        &self.steps
    }

    /// Steps that found no place.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Which side is the connection's client, as its rows say.
    pub fn client(&self) -> Side {
        self.client
    }

    /// Whether the connection's last row was written.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// A connection opens; it is the one if this is its first packet.
    #[cold]
    #[inline(never)]
    pub(crate) fn opens(&mut self, first_packet: u64, connection: u64, now: Moment) {
        self.now = now;
        self.active = first_packet == self.wanted && self.connection.is_none();
        if self.active {
            self.connection = Some(connection);
        }
    }

    /// What follows happens to this connection, now.
    #[cold]
    #[inline(never)]
    pub(crate) fn attend(&mut self, connection: u64, now: Moment) {
        self.now = now;
        self.active = !self.over && self.connection == Some(connection);
    }

    /// What follows happens to nobody that matters, until somebody is attended to.
    pub(crate) fn turn_away(&mut self, now: Moment) {
        self.now = now;
        self.active = false;
    }

    /// How often something was noted that octets showed.
    pub(crate) fn contents(&self) -> u64 {
        self.contents
    }

    /// A row of the connection was written.
    #[cold]
    #[inline(never)]
    pub(crate) fn row(&mut self, client: Side) {
        if self.active {
            self.client = client;
        }
    }

    /// Its last row was written.
    #[cold]
    #[inline(never)]
    pub(crate) fn ends(&mut self, kind: &'static str) {
        self.note(None, Shown::Ended(kind), 0);
        if self.active {
            (self.over, self.active) = (true, false);
        }
    }

    /// Where the phase moved last.
    pub(crate) fn phase(&self) -> Option<Phase> {
        self.phase
    }

    /// Notes that the phase moved, once.
    #[cold]
    #[inline(never)]
    pub(crate) fn moved(&mut self, from: Phase, to: Phase, fault: Fault, gave_up: Option<Side>) {
        if self.active && from != to && self.phase.replace(to) != Some(to) {
            self.note(None, Shown::Moved { from, to, fault, gave_up }, 0);
        }
    }

    /// Notes what `side` showed, by so many octets.
    #[cold]
    #[inline(never)]
    pub(crate) fn note(&mut self, side: Option<Side>, shown: Shown, octets: u64) {
        self.note_several(side, shown, 1, octets);
    }

    /// Notes what `side` showed several times.
    pub(crate) fn note_several(&mut self, side: Option<Side>, shown: Shown, count: u64, octets: u64) {
        if !self.active {
            return;
        }
        let now = self.now;
        self.contents += u64::from(shown.is_content());
        if let Some(run) = self.run(side, shown) {
            run.count += count;
            run.octets += octets;
            run.last = now;
            return;
        }
        let limit = if shown.is_decisive() { LIMIT + RESERVE } else { LIMIT };
        if self.steps.len() >= limit {
            self.dropped += count;
            return;
        }
        let (first, last) = (now, now);
        self.steps.push(Told { first, last, side, shown, count, octets });
    }

    /// The run that more of the same belongs to: nothing but other runs came since.
    fn run(&mut self, side: Option<Side>, shown: Shown) -> Option<&mut Told> {
        let now = self.now;
        let since = self.steps.iter_mut().rev().take_while(|step| step.shown.folds());
        let found = since.take(8).find(|step| step.side == side && step.shown == shown)?;
        (shown.folds() && found.last.packet <= now.packet).then_some(found)
    }
}

/// Notes for one direction while its octets are read; without a journal it does nothing.
#[derive(Debug)]
pub struct Scribe<'a> {
    journal: Option<&'a mut Journal>,
    side: Side,
}

impl<'a> Scribe<'a> {
    pub(crate) fn new(journal: Option<&'a mut Journal>, side: Side) -> Self {
        Self { journal, side }
    }

    /// One who notes nothing.
    pub(crate) fn none() -> Self {
        Self { journal: None, side: Side::A }
    }

    /// Notes what the direction showed.
    #[inline]
    pub(crate) fn note(&mut self, shown: Shown, octets: u64) {
        if let Some(journal) = &mut self.journal {
            journal.note(Some(self.side), shown, octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        let mut journal = Journal::of(1);
        journal.opens(1, 7, moment(1));
        journal
    }

    fn moment(packet: u64) -> Moment {
        Moment { at: Timestamp(packet * 10), packet }
    }

    #[test]
    fn only_the_wanted_connection_is_noted() {
        let mut journal = journal();
        journal.note(Some(Side::A), Shown::Syn, 0);
        journal.attend(8, moment(2));
        journal.note(Some(Side::A), Shown::Syn, 0);
        journal.opens(3, 9, moment(3));
        journal.note(Some(Side::A), Shown::Syn, 0);
        journal.attend(7, moment(4));
        journal.note(Some(Side::B), Shown::SynAck, 0);
        journal.ends("closed");
        journal.attend(7, moment(5));
        journal.note(Some(Side::B), Shown::Syn, 0);
        let packets: Vec<u64> = journal.steps().iter().map(|step| step.first.packet).collect();
        assert_eq!((packets, journal.is_over()), (vec![1, 4, 4], true));
    }

    #[test]
    fn runs_of_both_directions_fold_and_anything_else_ends_them() {
        let mut journal = journal();
        let data = Shown::Encrypted(23);
        for packet in 1..=10 {
            journal.attend(7, moment(packet));
            let side = if packet % 2 == 0 { Side::A } else { Side::B };
            journal.note(Some(side), data, 100);
        }
        journal.note(Some(Side::A), Shown::Fin, 0);
        journal.note(Some(Side::A), data, 1);
        let runs: Vec<(u64, u64, u64)> =
            journal.steps().iter().map(|step| (step.count, step.octets, step.last.packet)).collect();
        assert_eq!(runs, [(5, 500, 9), (5, 500, 10), (1, 0, 10), (1, 1, 10)]);
    }

    #[test]
    fn steps_are_bounded_and_the_decisive_ones_still_find_room() {
        let mut journal = journal();
        for _ in 0..3 * LIMIT {
            journal.note(Some(Side::A), Shown::Message(4), 1);
        }
        journal.ends("closed");
        assert_eq!((journal.steps().len(), journal.dropped()), (LIMIT + 1, 2 * LIMIT as u64));
        assert_eq!(journal.steps().last().map(|step| step.shown), Some(Shown::Ended("closed")));
    }
}
