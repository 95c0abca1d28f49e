//! One segment of one connection: what TCP makes of it, what the listener is told, which rows follow.
//!
//! The rules are EDGE_CASES A2 (when a connection exists), A7 (data in clear), A8 (causal order, gaps) and
//! the TCP catalogue. Nothing here knows TLS or SSH.

use super::attempts::Attempt;
use super::connection::{
    Beyond, Connection, DUE_PASSED, DoubtfulReset, Extras, LISTENED, Life, Listening, MOVE_WITHHELD, NewSyn,
    ONE_SIDED_TOLD, SYN_SEEN, SYNACK_OF_A, SYNACK_SEEN,
};
use crate::batch::EventBatch;
use crate::config::Config;
use crate::event::{Row, RowKind, Settled};
use crate::handshake::{Chunk, End, Findings, Flag, Flags, PerSide, Phase, Progress, Room, Shown, Side};
use crate::observer::{Joined, Observer};
use crate::profiles::Profiles;
use crate::stream::{Care, Delivery, Overdue, Piece, Seq};
use crate::time::Timestamp;
use crate::tls::WalkEvent;
use crate::wire::{Segment, TcpFlags, Usual};
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

/// Rooms of listeners that have finished: a room is large, and every connection needs one for a moment.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "the box is what is handed out: a connection keeps a pointer")]
pub struct SpareRooms(Vec<Box<Listening>>);

impl SpareRooms {
    /// How many are kept; more are needed only while many handshakes run at once.
    const MOST: usize = 256;

    #[inline]
    fn furnish(&mut self, joined: Joined) -> Box<Listening> {
        match self.0.pop() {
            None => Box::new(Listening { observer: Observer::new(joined), recent: PerSide::default() }),
            Some(mut room) => {
                // Field by field, in place: made first and moved then, all of the room would be copied.
                room.observer = Observer::new(joined);
                room.recent = PerSide::default();
                room
            }
        }
    }

    fn give_back(&mut self, mut room: Box<Listening>) {
        if self.0.len() < Self::MOST {
            // What it heard is let go at once.
            room.observer = Observer::new(Joined::AtStart);
            self.0.push(room);
        }
    }
}

impl Workplace<'_> {
    /// Handles one segment that `side` sent.
    pub fn segment(&mut self, conn: &mut Connection, side: Side, segment: &Segment<'_>) -> Wishes {
        let octets = Octets::of_whole(segment);
        match octets.map_or(Taken::No, |octets| take_usual(conn, side, self.cause.at, octets)) {
            Taken::No => return self.unusual(conn, side, segment),
            Taken::Heard => octets.into_iter().for_each(|octets| self.hear(conn, side, octets)),
            Taken::Done => {}
        }
        Wishes::default()
    }

    /// Gives the octets of the usual segment to whoever wants them.
    pub fn hear(&mut self, conn: &mut Connection, side: Side, octets: Octets<'_>) {
        if let Some(listening) = &mut conn.listening {
            listening.recent[side].remember(octets.sequence, octets.payload);
        }
        let seen = conn.stream.halves[side.other()].offset(octets.acknowledgment);
        let chunk = Chunk { bytes: octets.payload, seen, starts_segment: true, cut: 0 };
        self.deliver_data(conn, side, chunk);
    }

    fn unusual(&mut self, conn: &mut Connection, side: Side, segment: &Segment<'_>) -> Wishes {
        let mut wishes = Wishes::default();
        conn.latest = self.cause.at;
        conn.stream.halves[side].count_segment();
        note_oddities(conn, segment);
        if segment.flags.rst() {
            self.reset(conn, side, segment, &mut wishes);
        } else if segment.flags.syn() {
            self.synchronise(conn, side, segment, &mut wishes);
        } else {
            if confirms_new_connection(conn, side, segment) {
                wishes.replaced = true;
                return wishes;
            }
            if conn.life == Life::HalfOpen && is_stray(conn, side, segment) {
                return wishes;
            }
            let before = (conn.stream.halves[side].highest(), conn.stream.halves[side].ack());
            self.establish(conn, side, segment, &mut wishes);
            self.take_payload(conn, side, segment);
            if before != (conn.stream.halves[side].highest(), conn.stream.halves[side].ack()) {
                contradict_reset(conn);
            }
        }
        if !wishes.ended && !wishes.replaced {
            self.drive(conn, &mut wishes);
        }
        wishes
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
    pub fn supersede(&mut self, conn: &mut Connection) {
        if !self.end_if_ending(conn) {
            if let Some(new) = conn.extras.as_ref().and_then(|extras| extras.new_syn) {
                conn.latest = new.cause.at;
            }
            self.terminate(conn, RowKind::Replaced, None);
        }
    }

    /// Ends a connection whose end was seen already and only waits to be believed: at its own time.
    fn end_if_ending(&mut self, conn: &mut Connection) -> bool {
        let reset = conn.extras.as_ref().and_then(|extras| extras.waiting_reset.or(extras.doubtful));
        if let Some(reset) = reset {
            self.believe(conn, reset);
        } else if let Some((at, _)) = conn.closed() {
            conn.latest = at;
            self.terminate(conn, RowKind::Closed, None);
        } else {
            return false;
        }
        true
    }

    /// A RST ends its connection, at the time it came.
    fn believe(&mut self, conn: &mut Connection, reset: DoubtfulReset) {
        conn.latest = reset.at;
        if let Some(ack) = reset.ack
            && conn.stream.halves[reset.side.other()].believes(ack)
        {
            conn.stream.acknowledge(reset.side, ack);
        }
        if conn.listening.is_some() && conn.stream.halves[reset.side].may_have_sent(reset.seq) {
            // What its sender had sent before it and nobody captured is a hole, acknowledged or not.
            conn.stream.acknowledge(reset.side.other(), reset.seq);
        }
        self.terminate(conn, RowKind::Reset, Some(reset.side));
    }

    /// A connection for this segment is new: what it says about who opened it.
    pub fn greet(&mut self, conn: &mut Connection) {
        if conn.is_midstream() {
            conn.flag(Flag::Midstream);
            conn.phase = Phase::Unseen;
        }
    }

    /// SYN and SYN/ACK (TCP-09, TCP-11, TCP-15).
    fn synchronise(&mut self, conn: &mut Connection, side: Side, segment: &Segment<'_>, wishes: &mut Wishes) {
        if conn.life != Life::HalfOpen {
            return self.late_syn(conn, side, segment, wishes);
        }
        let first = Seq(segment.sequence).plus(1);
        let accepted = conn.stream.halves[side.other()].ack();
        if let Some(ack) = accepted
            && !(0..=i64::from(segment.payload_on_wire)).contains(&i64::from(first.distance_to(ack)))
        {
            // The other side has answered another SYN.
            return;
        }
        let half = &conn.stream.halves[side];
        if !half.is_known() || half.next() != first {
            conn.stream.restart(side, first);
        }
        if segment.payload_on_wire > 0 && accepted != Some(first) {
            listen(conn, self.spare);
            let piece = Piece { seq: first, ..piece_of(segment) };
            conn.stream.hold(side, piece, &mut conn.flags);
        }
        if segment.flags.ack() {
            self.answer_syn(conn, side, Seq(segment.acknowledgment), wishes);
        } else {
            conn.bits |= SYN_SEEN;
        }
    }

    /// A SYN/ACK: the SYN that it acknowledges counts, and of that SYN's octets what it acknowledges.
    fn answer_syn(&mut self, conn: &mut Connection, side: Side, ack: Seq, wishes: &mut Wishes) {
        let both = conn.synack_sender() == Some(side.other());
        let opener = &conn.stream.halves[side.other()];
        let taken = opener.next().distance_to(ack);
        let offered = opener.next().distance_to(opener.highest());
        if !opener.is_known() || taken == 0 || !(0..=offered).contains(&taken) {
            conn.stream.restart(side.other(), ack);
        }
        conn.stream.acknowledge(side, ack);
        conn.bits = (conn.bits & !SYNACK_OF_A) | SYNACK_SEEN | if side == Side::A { SYNACK_OF_A } else { 0 };
        if both {
            self.established(conn, wishes);
        }
    }

    /// A SYN on a connection that lives already: a repetition, or the sign of a new one.
    fn late_syn(&mut self, conn: &mut Connection, side: Side, segment: &Segment<'_>, wishes: &mut Wishes) {
        let first = Seq(segment.sequence).plus(1);
        if segment.flags.ack() {
            let answers = conn
                .extras
                .as_ref()
                .and_then(|extras| extras.new_syn)
                .is_some_and(|new| new.side == side.other() && new.first == Seq(segment.acknowledgment));
            if answers {
                conn.stream.halves[side].uncount_segment();
            }
            wishes.replaced = answers;
            return;
        }
        let repeated =
            conn.stream.halves[side].is_known() && conn.stream.halves[side].offset_of(first) == Some(0);
        if repeated {
            return;
        }
        conn.stream.halves[side].uncount_segment();
        let waits_for_its_end = conn.life == Life::Closing
            || conn.extras.as_ref().is_some_and(|extras| extras.waiting_reset.is_some());
        if waits_for_its_end {
            wishes.replaced = true;
            return;
        }
        let new = NewSyn { side, first, from_low: conn.low_side == side, cause: self.cause };
        let known = &mut conn.extras().new_syn;
        if !known.is_some_and(|known| (known.side, known.first) == (side, first)) {
            *known = Some(new);
        }
    }

    /// A2: the first acknowledgement or payload after the SYN/ACK; after the SYN, where no SYN/ACK is seen.
    fn establish(&mut self, conn: &mut Connection, side: Side, segment: &Segment<'_>, wishes: &mut Wishes) {
        if conn.life == Life::HalfOpen
            && segment.flags.ack()
            && conn.synack_sender() == Some(side.other())
            && !conn.stream.halves[side.other()].may_have_sent(Seq(segment.acknowledgment))
        {
            // TCP-15: of several SYN/ACKs the one that is acknowledged counts.
            conn.stream.restart(side.other(), Seq(segment.acknowledgment));
        }
        let half = &mut conn.stream.halves[side];
        let first = Seq(segment.sequence);
        let fits = half.is_known() && (half.is_past_first_segment() || half.next().distance_to(first) >= 0);
        if !fits {
            half.begin(first);
        }
        if segment.flags.ack() {
            let ack = Seq(segment.acknowledgment);
            let other = &mut conn.stream.halves[side.other()];
            if !other.is_known() {
                // Also in mid-life: what lies between this and the first octets captured was lost.
                other.begin(ack);
            }
            if other.believes(ack) {
                conn.stream.acknowledge(side, ack);
            }
        }
        if conn.life != Life::HalfOpen {
            return;
        }
        if conn.synack_sender() != Some(side)
            || segment.payload_on_wire > 0
            || !conn.stream.halves[side.other()].is_visible()
        {
            self.established(conn, wishes);
        }
    }

    fn established(&mut self, conn: &mut Connection, wishes: &mut Wishes) {
        self.tell(None, Shown::Established, 0);
        // Whoever goes on with the opening did not heed it.
        contradict_reset(conn);
        conn.life = Life::Established;
        conn.established = self.cause.at;
        wishes.established = true;
        if self.config.rows.contains(RowKind::Opened) {
            self.write(conn, RowKind::Opened);
        }
    }

    fn take_payload(&mut self, conn: &mut Connection, side: Side, segment: &Segment<'_>) {
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
    fn drive(&mut self, conn: &mut Connection, wishes: &mut Wishes) {
        if conn.life == Life::HalfOpen {
            return;
        }
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
        self.finish_if_over(conn, wishes);
    }

    fn finish_if_over(&mut self, conn: &mut Connection, wishes: &mut Wishes) {
        if let Some(reset) = conn.extras.as_ref().and_then(|extras| extras.waiting_reset) {
            let ack = conn.stream.halves[reset.side].ack();
            let overdue = self.cause.at.since(reset.at) >= self.config.stream.gap_span;
            if overdue || conn.stream.may_judge(reset.side, ack) {
                self.believe(conn, reset);
                wishes.ended = true;
            }
            return;
        }
        let both = Side::BOTH.iter().all(|side| conn.stream.halves[*side].fin_delivered());
        if both && conn.life == Life::Established {
            conn.life = Life::Closing;
            wishes.closing = true;
        }
        if conn.life == Life::Closing {
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
    }

    fn drain_with_gaps(&mut self, conn: &mut Connection) {
        if conn.life == Life::HalfOpen {
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
    fn deliver(&mut self, conn: &mut Connection, side: Side, delivery: Delivery<'_>) {
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
        let Some(walks) = conn.walks() else { return };
        match walks[side].advance(chunk.bytes) {
            WalkEvent::Ok => {}
            WalkEvent::Clear => {
                conn.beyond = Beyond::Nothing;
                self.progress(conn, Progress::Finished(Phase::TlsThenClear));
                return;
            }
            WalkEvent::Desync => conn.flags.insert(Flag::Desync),
        }
        if chunk.cut > 0 {
            self.deliver_gap(conn, side, u64::from(chunk.cut));
        }
    }

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
        let milestones = conn.history.len();
        if last {
            self.settle(conn);
        } else if phase == Phase::TlsProvisional && conn.has(DUE_PASSED) {
            // A5: once the waiting span has passed, complete stays complete.
            let progress = tell_due(conn);
            return self.progress(conn, progress);
        }
        let told_by_settling = conn.history.len() > milestones;
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
        let mut findings = listening.observer.findings();
        if conn.phase == Phase::Clear && listening.observer.is_of_a_handshake() {
            // What had looked like a beginning was none: how much of it came in one segment must not matter.
            findings = Findings::default();
        }
        conn.flags = conn.flags.union(findings.flags);
        if let Some(advice) = conn.advice() {
            advice.lay_over(&mut findings);
        }
        Arc::new(settled_from(findings, self.profiles))
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

    /// TCP-10: exact, in the window, or outside it.
    fn reset(&mut self, conn: &mut Connection, side: Side, segment: &Segment<'_>, wishes: &mut Wishes) {
        let seq = Seq(segment.sequence);
        if conn.life == Life::Closing {
            self.terminate(conn, RowKind::Closed, None);
            wishes.ended = true;
            return;
        }
        let ack = segment.flags.ack().then_some(Seq(segment.acknowledgment));
        let reset = DoubtfulReset { side, at: self.cause.at, seq, ack };
        match judge_reset(conn, side, seq, ack) {
            Exactness::Exact => {
                if let Some(ack) = ack
                    && conn.stream.halves[side.other()].believes(ack)
                {
                    conn.stream.acknowledge(side, ack);
                }
                let seen = conn.stream.halves[side].ack();
                if !conn.stream.may_judge(side, seen) {
                    if conn.life == Life::HalfOpen {
                        // It acknowledges octets, which only an established connection can have carried.
                        self.established(conn, wishes);
                    }
                    conn.extras().waiting_reset.get_or_insert(reset);
                    wishes.gap_deadline = Some(self.cause.at.after(self.config.stream.gap_span));
                    return;
                }
                self.terminate(conn, RowKind::Reset, Some(side));
                wishes.ended = true;
            }
            Exactness::InWindow => {
                conn.extras().doubtful.get_or_insert(reset);
            }
            Exactness::Outside => conn.flag(Flag::ResetIgnored),
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

/// What the usual segment says: nothing of its payload is missing, and it came in one piece.
#[derive(Clone, Copy, Debug)]
pub struct Octets<'a> {
    sequence: Seq,
    acknowledgment: Seq,
    flags: TcpFlags,
    payload: &'a [u8],
}

impl<'a> Octets<'a> {
    /// That of a frame of the usual shape.
    #[inline]
    pub fn of(usual: &Usual<'a>) -> Self {
        Self {
            sequence: Seq(usual.sequence()),
            acknowledgment: Seq(usual.acknowledgment()),
            flags: usual.flags(),
            payload: usual.payload(),
        }
    }

    /// That of a segment, if it is whole.
    fn of_whole(segment: &Segment<'a>) -> Option<Self> {
        let Segment { sequence, acknowledgment, flags, payload, .. } = *segment;
        let whole = !segment.fragment_overlap && payload.len() as u64 == u64::from(segment.payload_on_wire);
        let (sequence, acknowledgment) = (Seq(sequence), Seq(acknowledgment));
        whole.then_some(Self { sequence, acknowledgment, flags, payload })
    }
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is not the usual one: nothing was done.
    No,
    /// All is done.
    Done,
    /// Its octets are wanted: `Workplace::hear` has to follow.
    Heard,
}

/// Takes the usual segment: an acknowledgement, or the next octets of an established connection that holds nothing back
/// and misses nothing. Nothing was waited for, and nothing will be; so this does all that `unusual` would do.
#[inline]
pub fn take_usual(conn: &mut Connection, side: Side, at: Timestamp, octets: Octets<'_>) -> Taken {
    let Octets { sequence, acknowledgment, flags, payload } = octets;
    let [half, other] = [&conn.stream.halves[side], &conn.stream.halves[side.other()]];
    let calm = flags.0 & TELLING == TcpFlags::ACK.0
        && conn.life == Life::Established
        && conn.stream.holding.is_none()
        && conn.extras.as_deref().is_none_or(Extras::is_calm);
    // Nothing that the other side sent is missing, and it is captured.
    let heard = half.is_known() && half.is_visible() && other.is_caught_up(acknowledgment);
    let next = payload.is_empty() || half.next() == sequence && conn.has(LISTENED) && !half.fin_delivered();
    if !(calm && heard && next) {
        return Taken::No;
    }
    conn.latest = at;
    conn.stream.halves[side].count_usual(acknowledgment, payload.len() as u32);
    let walked = match &mut conn.beyond {
        _ if payload.is_empty() => true,
        _ if conn.listening.is_some() => false,
        Beyond::Walks(walks) => walks[side].pass_inside(payload.len()),
        Beyond::Nothing | Beyond::Closed(..) => true,
    };
    if walked { Taken::Done } else { Taken::Heard }
}

/// As `segment`, for the SYN of an attempt: the first of its connection, and nothing but a SYN.
pub fn take_bare_syn(conn: &mut Connection, side: Side, sequence: u32) {
    conn.stream.halves[side].count_segment();
    conn.stream.restart(side, Seq(sequence).plus(1));
    conn.bits |= SYN_SEEN;
}

/// How a RST's sequence number compares with what its receiver expects.
enum Exactness {
    Exact,
    InWindow,
    Outside,
}

/// The flags that make a segment more than octets and an acknowledgement.
pub(super) const TELLING: u8 =
    TcpFlags::SYN.0 | TcpFlags::FIN.0 | TcpFlags::RST.0 | TcpFlags::URG.0 | TcpFlags::ACK.0;

/// The largest window assumed when judging a RST: what current stacks let a receive buffer grow to.
const ASSUMED_WINDOW: i32 = 1 << 20;

fn judge_reset(conn: &Connection, side: Side, seq: Seq, ack: Option<Seq>) -> Exactness {
    let half = &conn.stream.halves[side];
    let other = &conn.stream.halves[side.other()];
    if !half.is_known() {
        return match ack {
            // An answer to a SYN must acknowledge it (RFC 9293 3.10.7.3).
            Some(ack) if conn.life == Life::HalfOpen && !other.may_have_sent(ack) => Exactness::Outside,
            None if conn.life == Life::HalfOpen => Exactness::InWindow,
            // In mid-life its sender need not have seen all that the tap saw.
            Some(ack) if other.next().distance_to(ack).unsigned_abs() > ASSUMED_WINDOW.unsigned_abs() => {
                Exactness::Outside
            }
            _ => Exactness::Exact,
        };
    }
    let exact = seq == half.awaited()
        || seq == half.highest()
        || Some(seq) == other.ack()
        || conn.fin_end(side) == Some(seq)
        || (conn.life == Life::HalfOpen && seq.plus(1) == half.next());
    let ahead = half.next().distance_to(seq);
    if exact {
        Exactness::Exact
    } else if (0..ASSUMED_WINDOW).contains(&ahead) {
        Exactness::InWindow
    } else {
        Exactness::Outside
    }
}

fn note_oddities(conn: &mut Connection, segment: &Segment<'_>) {
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

/// Whether the sender of a new SYN goes on from it: the old connection is over (one-sided captures).
fn confirms_new_connection(conn: &Connection, side: Side, segment: &Segment<'_>) -> bool {
    conn.extras.as_ref().and_then(|extras| extras.new_syn).is_some_and(|new| {
        new.side == side
            && new.first == Seq(segment.sequence)
            && conn.stream.halves[side].next() != new.first
            && !conn.stream.halves[side.other()].is_visible()
    })
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

/// Whether a segment cannot belong to an attempt: it acknowledges what the other side never sent, and no
/// SYN/ACK is there which it might answer (an old connection's challenge, RFC 9293 section 3.5.1).
fn is_stray(conn: &Connection, side: Side, segment: &Segment<'_>) -> bool {
    let other = &conn.stream.halves[side.other()];
    segment.flags.ack()
        && other.is_known()
        && conn.synack_sender() != Some(side.other())
        && !other.may_have_sent(Seq(segment.acknowledgment))
}

/// New data or a new acknowledgement after a RST in doubt: the connection lives (TCP-10).
fn contradict_reset(conn: &mut Connection) {
    let doubt = conn.extras.as_mut().and_then(|extras| extras.doubtful.take());
    if doubt.is_some() {
        conn.flag(Flag::ResetIgnored);
    }
}

/// Tells the listener that the waiting span has passed.
fn tell_due(conn: &mut Connection) -> Progress {
    let torn = Side::BOTH.iter().any(|side| conn.stream.has_hole(*side));
    conn.listening.as_mut().map_or(Progress::NeedMore, |listening| listening.observer.due(torn))
}

/// A retransmission carried other octets: the framing of this direction is no longer exact (TCP-04, A7).
fn conflict(conn: &mut Connection, side: Side) {
    conn.flag(Flag::OverlapConflict);
    if let Some(listening) = &mut conn.listening {
        listening.observer.conflict(side);
    } else if let Some(walks) = conn.walks() {
        walks[side].lose();
    }
}

/// Whether somebody listens, or will when the first payload comes.
fn is_open(conn: &Connection) -> bool {
    conn.listening.is_some() || !conn.has(LISTENED)
}

/// The first payload gives a connection its listener: attempts and idle connections never need one.
fn listen(conn: &mut Connection, spare: &mut SpareRooms) {
    if !conn.has(LISTENED) {
        conn.bits |= LISTENED;
        // A half-open connection is at its start, though the SYN that brings data is only being looked at.
        let midstream = conn.life != Life::HalfOpen && conn.is_midstream();
        let joined = if midstream {
            Joined::Midstream
        } else if conn.life == Life::HalfOpen || (conn.has(SYNACK_SEEN) && conn.has(SYN_SEEN)) {
            Joined::AtStart
        } else if conn.has(SYNACK_SEEN) {
            Joined::Answered
        } else {
            Joined::Unanswered(Side::A)
        };
        let mut room = spare.furnish(joined);
        for side in Side::BOTH {
            if conn.stream.halves[side].fin_delivered() {
                room.observer.end(side, End::Fin, 0);
            }
        }
        conn.listening = Some(room);
    }
}

fn piece_of<'a>(segment: &Segment<'a>) -> Piece<'a> {
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

pub(super) fn settled_from(findings: Findings, profiles: &mut Profiles) -> Settled {
    Settled {
        profile: findings.profile.map(|profile| profiles.intern(profile)),
        fault: findings.fault,
        gave_up: findings.gave_up,
        protocol_client: findings.client,
        server_certificate: findings.server_certificate,
        client_certificate: findings.client_certificate,
        texts: findings.texts,
    }
}
