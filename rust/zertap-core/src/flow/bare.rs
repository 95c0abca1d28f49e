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
            // What an acknowledgement from before says is missing begins to be waited for now.
            self.drive(conn, wishes);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::attempts::Attempt;
    use crate::flow::follow::Cause;
    use crate::flow::key::FlowKey;
    use crate::flow::shop::Shop;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    /// A connection behind its SYN/ACK, and what its tap would lend it.
    struct Followed {
        conn: Connection,
        shop: Shop,
    }

    impl Followed {
        fn new(answered: bool) -> Self {
            let cause = Cause { at: Timestamp(1), packet: 1 };
            let mut attempt = Attempt::new(FlowKey::NONE, true, cause, 99, 1, 1);
            (attempt.answered, attempt.answer_sequence) = (answered, 499);
            Self { conn: Connection::of_attempt(&attempt), shop: Shop::default() }
        }

        /// Takes a segment on all roads, or on the one that every segment can take; what is to be seen of it.
        fn take(
            &mut self,
            packet: u64,
            side: Side,
            segment: &Arrival<'_>,
            all_roads: bool,
        ) -> (Wishes, String) {
            let Self { conn, shop } = self;
            let mut place = shop.place(Cause { at: Timestamp(packet), packet });
            let mut wishes = Wishes::default();
            if all_roads {
                wishes = place.segment(conn, side, segment);
            } else {
                place.unusual(conn, side, segment, &mut wishes);
            }
            (wishes, format!("{wishes:?} {conn:?} {:?}", shop.batch.rows()))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn the_short_roads_do_what_the_long_one_does(
            answered in prop::bool::weighted(0.9),
            acts in prop::collection::vec((any::<bool>(), 0_u8..12, 0_u8..12, 0_u8..12, 0_u8..8), 1..14),
        ) {
            let [mut short, mut long] = [Followed::new(answered), Followed::new(answered)];
            for ((from_a, flags, before, behind, length), packet) in acts.into_iter().zip(2..) {
                let side = if from_a { Side::A } else { Side::B };
                let flags = match flags { 0..7 => ACK, 7..10 => FIN, 10 => TcpFlags::FIN.0, _ => 0 };
                // Mostly the numbers that come next.
                let near = |number: Seq, off: u8| number.plus(u32::from(off.max(9) - 9)).minus(u32::from(off == 11)).0;
                let [half, other] = [side, side.other()].map(|side| &long.conn.stream.halves[side]);
                let (sequence, acknowledgment) = (near(half.awaited(), before), near(other.awaited(), behind));
                let payload = b"GET".get(..usize::from(length.max(4) - 4)).unwrap_or_default();
                let segment = Arrival {
                    payload,
                    payload_on_wire: payload.len() as u32,
                    sequence,
                    acknowledgment,
                    flags: TcpFlags(flags),
                    fragment_overlap: false,
                };
                let (wishes, shown) = long.take(packet, side, &segment, false);
                prop_assert_eq!(short.take(packet, side, &segment, true).1, shown);
                if wishes.ended || wishes.replaced {
                    break;
                }
            }
        }
    }
}
