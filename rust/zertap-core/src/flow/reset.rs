//! RST: believed, doubted or ignored (TCP-10).

use super::arrival::Arrival;
use super::connection::{Connection, DoubtfulReset, Life};
use super::follow::{Wishes, Workplace};
use crate::event::RowKind;
use crate::handshake::{Flag, Side};
use crate::stream::Seq;

impl Workplace<'_> {
    /// TCP-10: exact, in the window, or outside it.
    #[cold]
    pub(super) fn reset(
        &mut self,
        conn: &mut Connection,
        side: Side,
        segment: &Arrival<'_>,
        wishes: &mut Wishes,
    ) {
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

    /// A RST ends its connection, at the time it came.
    #[cold]
    pub(super) fn believe(&mut self, conn: &mut Connection, reset: DoubtfulReset) {
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

    /// Ends a connection whose end was seen already and only waits to be believed: at its own time.
    #[cold]
    pub(super) fn end_if_ending(&mut self, conn: &mut Connection) -> bool {
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
}

/// How a RST's sequence number compares with what its receiver expects.
enum Exactness {
    Exact,
    InWindow,
    Outside,
}

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

/// New data or a new acknowledgement after a RST in doubt: the connection lives (TCP-10).
pub(super) fn contradict_reset(conn: &mut Connection) {
    let doubt = conn.extras.as_mut().and_then(|extras| extras.doubtful.take());
    if doubt.is_some() {
        conn.flag(Flag::ResetIgnored);
    }
}
