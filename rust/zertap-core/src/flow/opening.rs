//! How a connection opens: SYN, SYN/ACK and what completes them (EDGE_CASES A2, TCP-09, TCP-11, TCP-15).

use super::arrival::Arrival;
use super::attempts::Attempt;
use super::chronicle::Chronicle;
use super::connection::{Beyond, Connection, Life, NewSyn, SYN_SEEN, SYNACK_OF_A, SYNACK_SEEN, exact};
use super::follow::{Wishes, Workplace, piece_of};
use super::key::side_of_low;
use super::reset::contradict_reset;
use super::rooms::listen;
use crate::event::RowKind;
use crate::handshake::{Flags, PerSide, Phase, Shown, Side};
use crate::stream::{Half, Piece, Seq, Stream};

impl Workplace<'_> {
    /// SYN and SYN/ACK (TCP-09, TCP-11, TCP-15).
    pub(super) fn synchronise(
        &mut self,
        conn: &mut Connection,
        side: Side,
        segment: &Arrival<'_>,
        wishes: &mut Wishes,
    ) {
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
    #[cold]
    fn late_syn(&mut self, conn: &mut Connection, side: Side, segment: &Arrival<'_>, wishes: &mut Wishes) {
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
    #[inline]
    pub(super) fn establish(
        &mut self,
        conn: &mut Connection,
        side: Side,
        segment: &Arrival<'_>,
        wishes: &mut Wishes,
    ) {
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

    pub(super) fn established(&mut self, conn: &mut Connection, wishes: &mut Wishes) {
        self.tell(None, Shown::Established, 0);
        // Whoever goes on with the opening did not heed it.
        contradict_reset(conn);
        conn.life = Life::Established;
        conn.establish(self.cause.at);
        wishes.established = true;
        if self.config.rows.contains(RowKind::Opened) {
            self.write(conn, RowKind::Opened);
        }
    }
}

impl Connection {
    /// The connection of an attempt, as if it had had a slot when the SYN came, and the SYN/ACK to it: neither can establish or
    /// end it.
    pub fn of_attempt(attempt: &Attempt) -> Self {
        let Attempt { key, at, packet, number, sequence, ordinal, from_low, .. } = *attempt;
        let first = Seq(sequence).plus(1);
        let (answerer, bits) = match attempt.answer() {
            Some((_, answer)) => (Half::opened(Seq(answer).plus(1), Some(first)), SYN_SEEN | SYNACK_SEEN),
            None => (Half::default(), SYN_SEEN),
        };
        let mut extras = None;
        let chronicle = Chronicle::new(number, ordinal, packet, || exact(&mut extras));
        Self {
            key,
            // Who sends a SYN is the client.
            stream: Stream { halves: PerSide([Half::opened(first, None), answerer]), holding: None },
            latest: attempt.latest(),
            listening: None,
            extras,
            beyond: Beyond::Nothing,
            phase: Phase::Silent,
            life: Life::HalfOpen,
            low_side: side_of_low(from_low),
            bits,
            chronicle,
            flags: Flags::default(),
            settled: None,
            start: at,
        }
    }
}

/// Whether the sender of a new SYN goes on from it: the old connection is over (one-sided captures).
pub(super) fn confirms_new_connection(conn: &Connection, side: Side, segment: &Arrival<'_>) -> bool {
    conn.extras.as_ref().and_then(|extras| extras.new_syn).is_some_and(|new| {
        new.side == side
            && new.first == Seq(segment.sequence)
            && conn.stream.halves[side].next() != new.first
            && !conn.stream.halves[side.other()].is_visible()
    })
}

/// Whether a segment cannot belong to an attempt: it acknowledges what the other side never sent, and no
/// SYN/ACK is there which it might answer (an old connection's challenge, RFC 9293 section 3.5.1).
pub(super) fn is_stray(conn: &Connection, side: Side, segment: &Arrival<'_>) -> bool {
    let other = &conn.stream.halves[side.other()];
    segment.flags.ack()
        && other.is_known()
        && conn.synack_sender() != Some(side.other())
        && !other.may_have_sent(Seq(segment.acknowledgment))
}
