//! One segment of one connection: what TCP makes of it, what the listener is told, which rows follow.
//!
//! The rules are EDGE_CASES A2 (when a connection exists), A7 (data in clear), A8 (causal order, gaps) and
//! the TCP catalogue. Nothing here knows TLS or SSH.

use super::arrival::Arrival;
use super::attempts::Attempt;
use super::connection::{
    Beyond, Connection, DUE_PASSED, DoubtfulReset, Extras, LISTENED, Life, Listening, MOVE_WITHHELD,
    ONE_SIDED_TOLD,
};
use super::opening::{confirms_new_connection, is_stray};
use super::reset::contradict_reset;
use super::rooms::{SpareRooms, listen};
use super::settlements::Settlements;
use super::usual::{Octets, Taken, take_usual};
use crate::batch::EventBatch;
use crate::config::Config;
use crate::event::{Row, RowKind, Settled};
use crate::handshake::{Chunk, End, Findings, Flag, Flags, Phase, Progress, Room, Shown, Side};
use crate::profiles::Profiles;
use crate::stream::{Care, Delivery, Overdue, Piece, Seq};
use crate::time::Timestamp;
use crate::tls::WalkEvent;
use std::sync::Arc;

/// What a connection needs from its tap while one packet is handled.
#[derive(Debug)]
pub struct Workplace<'a> {
    /// Settings.
    pub config: &'a Config,
    /// Shared by all observers.
    pub room: &'a mut Room,
    /// Interned profiles.
    pub profiles: &'a mut Profiles,
    /// What was settled lately.
    pub settlements: &'a mut Settlements,
    /// Where rows go.
    pub batch: &'a mut EventBatch,
    /// Listeners' rooms that are free.
    pub spare: &'a mut SpareRooms,
    /// The packet being handled.
    pub cause: Cause,
}

/// What made something happen.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// Packet time.
    pub at: Timestamp,
    /// Number of the packet in the tap, from 1.
    pub packet: u64,
}

/// What the table must do after a connection handled a packet.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent wishes, each said by its name")]
pub struct Wishes {
    /// It was established just now.
    pub established: bool,
    /// Both directions were closed just now: wait for the last acknowledgement.
    pub closing: bool,
    /// Come back at this time if no packet of the connection does first.
    pub gap_deadline: Option<Timestamp>,
    /// The connection ended, its last row is written.
    pub ended: bool,
    /// This segment begins a new connection with the same key; the old one has been ended.
    pub replaced: bool,
}

impl Wishes {
    /// Whether there is anything to do.
    #[inline]
    pub fn any(&self) -> bool {
        self.established || self.closing || self.ended || self.replaced || self.gap_deadline.is_some()
    }
}

impl Workplace<'_> {
    /// Handles one segment that `side` sent.
    #[expect(clippy::inline_always, reason = "see `bare`")]
    #[inline(always)]
    pub fn segment(&mut self, conn: &mut Connection, side: Side, segment: &Arrival<'_>) -> Wishes {
        let mut wishes = Wishes::default();
        if !self.bare(conn, side, segment, &mut wishes) {
            self.any(conn, side, segment, &mut wishes);
        }
        wishes
    }

    /// The same of a segment of any kind: the usual one whose connection was not guessed is still among them.
    #[inline(never)]
    fn any(&mut self, conn: &mut Connection, side: Side, segment: &Arrival<'_>, wishes: &mut Wishes) {
        match Octets::of_whole(segment) {
            Some(octets) => match take_usual(conn, side, self.cause.at, octets.heading) {
                Taken::No => self.unusual(conn, side, segment, wishes),
                Taken::Heard => self.hear_apart(conn, side, octets),
                Taken::Done => {}
            },
            None => self.unusual(conn, side, segment, wishes),
        }
    }

    /// Gives the octets of the usual segment to whoever wants them.
    #[expect(clippy::inline_always, reason = "see `Table::straight`")]
    #[inline(always)]
    pub fn hear(&mut self, conn: &mut Connection, side: Side, octets: Octets<'_>) {
        if !conn.has(LISTENED) {
            listen(conn, self.spare);
        }
        let Some(listening) = &mut conn.listening else {
            self.walk_on(conn, side, octets.payload);
            return;
        };
        let other = &conn.stream.halves[side.other()];
        let seen = other.offset(octets.acknowledgment());
        let chunk = Chunk { bytes: octets.payload, seen, starts_segment: true, cut: 0 };
        let progress = listening.observer.push(side, chunk, other.is_visible(), self.room);
        if progress != Progress::NeedMore {
            self.progress(conn, progress);
        }
        // Behind the last segment that anybody listens to, nothing is compared with it.
        if let Some(listening) = &mut conn.listening {
            listening.recent[side].remember(octets.sequence(), octets.payload);
        }
    }

    /// The same, of a segment whose connection was not guessed.
    fn hear_apart(&mut self, conn: &mut Connection, side: Side, octets: Octets<'_>) {
        listen(conn, self.spare);
        let seen = conn.stream.halves[side.other()].offset(octets.acknowledgment());
        let chunk = Chunk { bytes: octets.payload, seen, starts_segment: true, cut: 0 };
        self.deliver_data(conn, side, chunk);
        if let Some(listening) = &mut conn.listening {
            listening.recent[side].remember(octets.sequence(), octets.payload);
        }
    }

    pub(super) fn unusual(
        &mut self,
        conn: &mut Connection,
        side: Side,
        segment: &Arrival<'_>,
        wishes: &mut Wishes,
    ) {
        conn.latest = self.cause.at;
        conn.stream.halves[side].count_segment();
        note_oddities(conn, segment);
        if segment.flags.rst() {
            self.reset(conn, side, segment, wishes);
        } else if segment.flags.syn() {
            self.synchronise(conn, side, segment, wishes);
        } else {
            if confirms_new_connection(conn, side, segment) {
                wishes.replaced = true;
                return;
            }
            if conn.life == Life::HalfOpen && is_stray(conn, side, segment) {
                return;
            }
            let (in_doubt, before) = (is_reset_in_doubt(conn), come_to(conn, side));
            self.establish(conn, side, segment, wishes);
            self.take_payload(conn, side, segment);
            if in_doubt && before != come_to(conn, side) {
                contradict_reset(conn);
            }
        }
        if !wishes.ended && !wishes.replaced {
            self.drive(conn, wishes);
        }
    }

    /// The waiting span since establishment has passed.
    pub fn due(&mut self, conn: &mut Connection) {
        self.attend(conn);
        self.tell(None, Shown::Due, 0);
        conn.bits |= DUE_PASSED;
        self.tell_one_sided(conn);
        let progress = tell_due(conn);
        self.progress(conn, progress);
        if self.config.rows.contains(RowKind::Due) {
            self.write(conn, RowKind::Due);
        }
    }

    /// A hole's deadline, or a waiting reset's, has come.
    #[cold]
    pub fn gap_due(&mut self, conn: &mut Connection) -> Wishes {
        let mut wishes = Wishes::default();
        self.attend(conn);
        self.drive(conn, &mut wishes);
        wishes
    }

    /// Ends a connection: what is still held is delivered with its gaps, open questions are answered.
    pub fn terminate(&mut self, conn: &mut Connection, kind: RowKind, reset_by: Option<Side>) {
        self.attend(conn);
        self.drain_with_gaps(conn);
        if let Some(side) = reset_by
            && let Some(listening) = &mut conn.listening
        {
            let seen = conn.stream.seen(side, conn.stream.halves[side].ack());
            let progress = listening.observer.end(side, End::Rst, seen);
            self.progress(conn, progress);
        }
        self.tell_one_sided(conn);
        if conn.life != Life::HalfOpen
            && let Some(listening) = &mut conn.listening
        {
            let progress = listening.observer.close();
            self.progress(conn, progress);
        }
        self.write_last(conn, kind);
    }

    /// The input ends, or memory is short: the connection did not end, our view of it did (A9).
    #[cold]
    pub fn abandon(&mut self, conn: &mut Connection, kind: RowKind) {
        self.attend(conn);
        if self.end_if_ending(conn) {
            return;
        }
        self.drain_with_gaps(conn);
        if self.end_if_ending(conn) {
            return;
        }
        self.tell_one_sided(conn);
        if let Some(listening) = &mut conn.listening {
            let progress = listening.observer.abandon();
            self.progress(conn, progress);
        }
        self.write_last(conn, kind);
    }

    /// A new connection took its addresses and ports: it ended then, unless it had ended before (TCP-11).
    #[cold]
    pub fn supersede(&mut self, conn: &mut Connection) {
        if !self.end_if_ending(conn) {
            if let Some(new) = conn.extras.as_ref().and_then(|extras| extras.new_syn) {
                conn.latest = new.cause.at;
            }
            self.terminate(conn, RowKind::Replaced, None);
        }
    }

    /// A connection for this segment is new: what it says about who opened it.
    pub fn greet(&mut self, conn: &mut Connection) {
        if conn.is_midstream() {
            conn.flag(Flag::Midstream);
            conn.phase = Phase::Unseen;
        }
    }

    #[inline]
    fn take_payload(&mut self, conn: &mut Connection, side: Side, segment: &Arrival<'_>) {
        let piece = piece_of(segment);
        let mut flags = Flags::default();
        if segment.payload_on_wire > 0 {
            listen(conn, self.spare);
            check_repetition(conn, side, piece);
            let care = care_of(conn);
            let offered = conn.stream.offer(side, piece, care, &mut flags);
            if let Some(delivery) = offered {
                self.deliver(conn, side, delivery);
            }
        }
        if segment.flags.fin() {
            let fin = piece.seq.plus(piece.length);
            if let Some(end) = conn.stream.offer_fin(side, fin, piece.ack, care_of(conn), &mut flags) {
                self.deliver(conn, side, end);
            }
        }
        conn.flags = conn.flags.union(flags);
        if flags.contains(Flag::OverlapConflict) {
            conflict(conn, side);
        }
    }

    /// Delivers what has become possible, gives up holes that are overdue, ends what has ended.
    pub(super) fn drive(&mut self, conn: &mut Connection, wishes: &mut Wishes) {
        if conn.life == Life::HalfOpen {
            return;
        }
        if !conn.stream.is_calm() {
            self.drive_held(conn, wishes);
        }
        self.finish_if_over(conn, wishes);
    }

    #[inline(never)]
    fn drive_held(&mut self, conn: &mut Connection, wishes: &mut Wishes) {
        loop {
            while let Some((side, delivery)) = conn.stream.release(care_of(conn), &self.config.stream) {
                self.deliver(conn, side, delivery);
            }
            match conn.stream.overdue(self.cause.at, &self.config.stream) {
                Overdue::Nothing => break,
                Overdue::Wait(deadline) => {
                    wishes.gap_deadline = Some(deadline);
                    break;
                }
                Overdue::Gap(side, gap) => self.deliver(conn, side, gap),
            }
        }
    }

    #[inline]
    pub(super) fn finish_if_over(&mut self, conn: &mut Connection, wishes: &mut Wishes) {
        if let Some(reset) = conn.extras.as_ref().and_then(|extras| extras.waiting_reset) {
            return self.weigh(conn, reset, wishes);
        }
        let both = Side::BOTH.iter().all(|side| conn.stream.halves[*side].fin_delivered());
        if both && conn.life == Life::Established {
            conn.life = Life::Closing;
            wishes.closing = true;
        }
        if conn.life == Life::Closing {
            self.finish_closing(conn, wishes);
        }
    }

    /// A reset waits for what was sent before it.
    #[cold]
    fn weigh(&mut self, conn: &mut Connection, reset: DoubtfulReset, wishes: &mut Wishes) {
        let ack = conn.stream.halves[reset.side].ack();
        let overdue = self.cause.at.since(reset.at) >= self.config.stream.gap_span;
        if overdue || conn.stream.may_judge(reset.side, ack) {
            self.believe(conn, reset);
            wishes.ended = true;
        }
    }

    /// Both directions were closed: it ends when the second FIN is acknowledged.
    #[inline(never)]
    fn finish_closing(&mut self, conn: &mut Connection, wishes: &mut Wishes) {
        let Some((_, second)) = conn.closed() else { return };
        let acknowledged = match (conn.stream.halves[second.other()].ack(), conn.fin_end(second)) {
            (Some(ack), Some(end)) => end.distance_to(ack) >= 0,
            _ => false,
        };
        if acknowledged {
            self.terminate(conn, RowKind::Closed, None);
            wishes.ended = true;
        }
    }

    fn drain_with_gaps(&mut self, conn: &mut Connection) {
        if conn.life == Life::HalfOpen || conn.stream.is_calm() {
            return;
        }
        loop {
            while let Some((side, delivery)) = conn.stream.release(care_of(conn), &self.config.stream) {
                self.deliver(conn, side, delivery);
            }
            match conn.stream.flush() {
                Some((side, gap)) => self.deliver(conn, side, gap),
                None => break,
            }
        }
    }

    /// Gives one delivery to whoever listens.
    pub(super) fn deliver(&mut self, conn: &mut Connection, side: Side, delivery: Delivery<'_>) {
        match delivery {
            Delivery::Data { bytes, seen, starts_segment, cut } => {
                let chunk = Chunk { bytes: &bytes, seen, starts_segment, cut };
                self.deliver_data(conn, side, chunk);
            }
            Delivery::Gap(length) => {
                conn.flags.insert(Flag::Gap);
                self.tell(Some(side), Shown::Gap, length);
                self.deliver_gap(conn, side, length);
            }
            Delivery::Fin { seen } => {
                self.tell(Some(side), Shown::Fin, 0);
                if conn.stream.halves[side.other()].fin_delivered() {
                    conn.close(side);
                }
                if let Some(listening) = &mut conn.listening {
                    let progress = listening.observer.end(side, End::Fin, seen);
                    self.progress(conn, progress);
                }
            }
        }
    }

    fn deliver_data(&mut self, conn: &mut Connection, side: Side, chunk: Chunk<'_>) {
        if let Some(listening) = &mut conn.listening {
            let peer_visible = conn.stream.halves[side.other()].is_visible();
            if !chunk.bytes.is_empty() {
                let progress = listening.observer.push(side, chunk, peer_visible, self.room);
                self.progress(conn, progress);
            }
            if chunk.cut > 0 {
                self.deliver_gap(conn, side, u64::from(chunk.cut));
            }
            return;
        }
        if self.walk_on(conn, side, chunk.bytes) && chunk.cut > 0 {
            self.deliver_gap(conn, side, u64::from(chunk.cut));
        }
    }

    /// Follows the records behind a handshake; whether they are followed any further.
    fn walk_on(&mut self, conn: &mut Connection, side: Side, bytes: &[u8]) -> bool {
        let Some(walks) = conn.walks() else { return false };
        match walks[side].advance(bytes) {
            WalkEvent::Ok => {}
            WalkEvent::Clear => {
                conn.beyond = Beyond::Nothing;
                self.progress(conn, Progress::Finished(Phase::TlsThenClear));
                return false;
            }
            WalkEvent::Desync => conn.flags.insert(Flag::Desync),
        }
        true
    }

    #[cold]
    fn deliver_gap(&mut self, conn: &mut Connection, side: Side, length: u64) {
        if let Some(listening) = &mut conn.listening {
            let progress = listening.observer.gap(side, length, self.room);
            self.progress(conn, progress);
        } else if let Some(walks) = conn.walks() {
            // A7: after a gap no record boundary is exact; a lost packet is never called clear text.
            walks[side].lose();
            conn.flags.insert(Flag::Desync);
        }
    }

    /// Takes an observer's answer: the phase, the settled facts, a row if it is a milestone.
    fn progress(&mut self, conn: &mut Connection, progress: Progress) {
        let (phase, last) = match progress {
            Progress::NeedMore => return,
            Progress::Moved(phase) => (phase, false),
            Progress::Finished(phase) => (phase, true),
        };
        let phase = conn.heed(phase);
        self.tell_move(conn, phase);
        let moved = conn.reach(phase, self.cause.at);
        let milestones = conn.chronicle.milestones();
        if last {
            self.settle(conn);
        } else if phase == Phase::TlsProvisional && conn.has(DUE_PASSED) {
            // A5: once the waiting span has passed, complete stays complete.
            let progress = tell_due(conn);
            return self.progress(conn, progress);
        }
        let told_by_settling = conn.chronicle.milestones() > milestones;
        if moved && !told_by_settling && phase.is_milestone() {
            self.write_moved(conn);
        }
    }

    /// Writes the row of a milestone, where such rows are wanted at this moment.
    pub(super) fn write_moved(&mut self, conn: &mut Connection) {
        if !self.config.rows.contains(RowKind::Moved) {
            return;
        }
        let counts = conn.has(DUE_PASSED) || conn.phase == Phase::TlsThenClear;
        if counts || self.config.early_moves || self.batch.begins(self.cause.at) {
            self.write(conn, RowKind::Moved);
        } else {
            conn.bits |= MOVE_WITHHELD;
        }
    }

    /// Keeps what the listener found and lets it go.
    #[inline(never)]
    fn settle(&mut self, conn: &mut Connection) {
        let Some(listening) = conn.listening.take() else { return };
        let settled = self.settled(&listening, conn);
        conn.settled = Some(settled);
        let walks = listening.observer.walk();
        self.spare.give_back(listening);
        let Some(walks) = walks else { return };
        let standing = Side::BOTH.map(|side| walks[side].standing());
        if standing.contains(&WalkEvent::Desync) {
            conn.flag(Flag::Desync);
        }
        if standing.contains(&WalkEvent::Clear) {
            // Data in clear followed in the very segment that completed the handshake.
            self.progress(conn, Progress::Moved(Phase::TlsThenClear));
        } else if conn.closed().is_none() {
            conn.beyond = Beyond::Walks(walks);
        }
    }

    fn settled(&mut self, listening: &Listening, conn: &mut Connection) -> Arc<Settled> {
        if conn.phase != Phase::Clear
            && conn.advice().is_none()
            && let Some(outline) = listening.observer.outline()
        {
            conn.flags = conn.flags.union(outline.flags);
            return self.settlements.outlined(&outline, || listening.observer.findings(), self.profiles);
        }
        let mut findings = listening.observer.findings();
        if conn.phase == Phase::Clear && listening.observer.is_of_a_handshake() {
            // What had looked like a beginning was none: how much of it came in one segment must not matter.
            findings = Findings::default();
        }
        conn.flags = conn.flags.union(findings.flags);
        if let Some(advice) = conn.advice() {
            advice.lay_over(&mut findings);
        }
        self.settlements.settle(findings, self.profiles)
    }

    fn tell_one_sided(&mut self, conn: &mut Connection) {
        if conn.has(ONE_SIDED_TOLD) || conn.life == Life::HalfOpen {
            return;
        }
        let Some(visible) = conn.only_visible() else { return };
        conn.bits |= ONE_SIDED_TOLD;
        conn.flag(Flag::OneSided);
        self.tell(Some(visible), Shown::OneSided, 0);
        if let Some(listening) = &mut conn.listening {
            let progress = listening.observer.one_sided(visible);
            self.progress(conn, progress);
        }
    }

    /// Writes a row of a live connection.
    pub(super) fn write(&mut self, conn: &mut Connection, kind: RowKind) {
        let row = self.row(conn, kind);
        self.tell_row(&row);
        self.batch.push(row);
    }

    /// The row of a connection as it stands.
    pub(super) fn row(&mut self, conn: &mut Connection, kind: RowKind) -> Row {
        let provisional = conn.listening.take().map(|listening| {
            let settled = self.settled(&listening, conn);
            conn.listening = Some(listening);
            settled
        });
        let settled = conn.settled.clone().or(provisional);
        conn.snapshot(kind, self.cause, settled)
    }

    /// Writes the last row of an attempt that the end of input leaves open.
    pub fn leave_unanswered(&mut self, attempt: &Attempt) {
        self.batch.fates.count(RowKind::Unfinished, true, false);
        if self.config.rows.contains(RowKind::Unfinished) {
            self.batch.push_brief(attempt.unanswered(self.cause));
        }
    }

    /// Writes the last row of an attempt that is refused.
    pub fn leave_refused(&mut self, attempt: &Attempt) {
        self.batch.fates.count(RowKind::Reset, true, false);
        if self.config.rows.contains(RowKind::Reset) {
            self.batch.push_brief(attempt.refused(self.cause));
        }
    }

    /// Writes the connection's last row.
    fn write_last(&mut self, conn: &mut Connection, kind: RowKind) {
        if conn.life == Life::HalfOpen {
            conn.flag(Flag::NeverEstablished);
        }
        if kind == RowKind::Evicted {
            conn.flag(Flag::Evicted);
        }
        self.batch.fates.count(kind, conn.life == Life::HalfOpen, conn.phase == Phase::Unseen);
        if self.config.rows.contains(kind) {
            self.write(conn, kind);
        }
        self.tell_end(kind);
    }
}

/// How far a direction has come: its furthest octet seen and its furthest acknowledgement.
fn come_to(conn: &Connection, side: Side) -> (Seq, Option<Seq>) {
    let half = &conn.stream.halves[side];
    (half.highest(), half.ack())
}

fn is_reset_in_doubt(conn: &Connection) -> bool {
    conn.extras.as_deref().is_some_and(|extras| extras.doubtful.is_some())
}

fn note_oddities(conn: &mut Connection, segment: &Arrival<'_>) {
    if segment.flags.urg() && segment.payload_on_wire > 0 {
        conn.flag(Flag::Urgent);
    }
    if segment.is_truncated() {
        conn.flag(Flag::Truncated);
    }
    if segment.fragment_overlap {
        conn.flag(Flag::FragmentOverlap);
    }
}

/// TCP-04: a retransmission whose octets differ from the first copy.
fn check_repetition(conn: &mut Connection, side: Side, piece: Piece<'_>) {
    let Some(listening) = &mut conn.listening else { return };
    let next = conn.stream.halves[side].next();
    if piece.seq.distance_to(next) > 0 {
        // One octet just below what is due is a keep-alive's, of any value (TCP-13).
        let keep_alive = piece.length == 1 && piece.seq.plus(1) == next;
        if !keep_alive && listening.recent[side].contradicts(piece.seq, piece.bytes) {
            conflict(conn, side);
        }
    } else {
        listening.recent[side].remember(piece.seq, piece.bytes);
    }
}

/// Tells the listener that the waiting span has passed.
fn tell_due(conn: &mut Connection) -> Progress {
    let torn = Side::BOTH.iter().any(|side| conn.stream.has_hole(*side));
    conn.listening.as_mut().map_or(Progress::NeedMore, |listening| listening.observer.due(torn))
}

/// A retransmission carried other octets: the framing of this direction is no longer exact (TCP-04, A7).
#[cold]
fn conflict(conn: &mut Connection, side: Side) {
    conn.flag(Flag::OverlapConflict);
    if let Some(listening) = &mut conn.listening {
        listening.observer.conflict(side);
    } else if let Some(walks) = conn.walks() {
        walks[side].lose();
    }
}

/// Whether no reset and no successor of the connection is waited for.
pub(super) fn is_calm(conn: &Connection) -> bool {
    conn.extras.as_deref().is_none_or(Extras::is_calm)
}

/// Whether somebody listens, or will when the first payload comes.
fn is_open(conn: &Connection) -> bool {
    conn.listening.is_some() || !conn.has(LISTENED)
}

pub(super) fn piece_of<'a>(segment: &Arrival<'a>) -> Piece<'a> {
    Piece {
        seq: Seq(segment.sequence),
        bytes: segment.payload,
        length: segment.payload_on_wire,
        ack: segment.flags.ack().then_some(Seq(segment.acknowledgment)),
    }
}

fn care_of(conn: &Connection) -> Care {
    if is_open(conn) {
        Care::Causal
    } else if matches!(conn.beyond, Beyond::Walks(_)) {
        Care::Octets
    } else {
        Care::Lengths
    }
}
