//! Segments without octets that open and close a connection with which nothing else is going on: the answer to a SYN/ACK, FINs,
//! and what acknowledges them. Every connection has four of them, so they take a road of their own.

use super::arrival::Arrival;
use super::connection::{Connection, Life};
use super::follow::{Wishes, Workplace, is_calm};
use super::usual::TELLING;
use crate::handshake::Side;
use crate::stream::{Delivery, Seq};
use crate::wire::TcpFlags;

const ACK: u8 = TcpFlags::ACK.0;
const FIN: u8 = TcpFlags::ACK.0 | TcpFlags::FIN.0;

impl Workplace<'_> {
    /// Does all that `unusual` would do with such a segment; nothing, if it is another one. Whether it was.
    #[expect(clippy::inline_always, reason = "one step of a road that every connection takes four times")]
    #[inline(always)]
    pub(super) fn bare(
        &mut self,
        conn: &mut Connection,
        side: Side,
        segment: &Arrival<'_>,
        wishes: &mut Wishes,
    ) -> bool {
        let fin = match segment.flags.0 & TELLING {
            ACK => false,
            FIN => true,
            _ => return false,
        };
        if !(segment.is_bare() && is_in_turn(conn, side, segment, fin)) {
            return false;
        }
        conn.latest = self.cause.at;
        conn.stream.halves[side].count_empty(Seq(segment.acknowledgment));
        if conn.life == Life::HalfOpen {
            self.established(conn, wishes);
            return true;
        }
        if fin {
            let seen = conn.stream.halves[side.other()].offset(Seq(segment.acknowledgment));
            conn.stream.halves[side].deliver_fin();
            self.deliver(conn, side, Delivery::Fin { seen });
        }
        self.finish_if_over(conn, wishes);
        true
    }
}

/// Whether nothing is waited for, both directions are known, and a segment's numbers are those that come next in both.
#[expect(clippy::inline_always, reason = "see `bare`")]
#[inline(always)]
fn is_in_turn(conn: &Connection, side: Side, segment: &Arrival<'_>, fin: bool) -> bool {
    let (sequence, acknowledgment) = (Seq(segment.sequence), Seq(segment.acknowledgment));
    let [half, other] = [side, side.other()].map(|side| &conn.stream.halves[side]);
    let calm = is_calm(conn)
        && conn.stream.holding.is_none()
        && half.awaited() == sequence
        && other.is_caught_up(half, acknowledgment);
    calm && match (conn.life, fin) {
        (Life::HalfOpen, false) => {
            conn.synack_sender() == Some(side.other()) && other.next() == acknowledgment
        }
        (Life::HalfOpen, true) => false,
        // Behind its FIN a side has nothing to end, nor where octets were seen that no FIN can stand before.
        (_, true) => !half.fin_delivered() && half.highest() == sequence,
        (_, false) => true,
    }
}
