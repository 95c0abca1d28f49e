//! Segments of one connection to in-order octets of both directions, in causal order.
//!
//! ```text
//!            delivered              held islands
//! side A  ───────────────►│  hole  ├─────┤   ├───┤
//!                       next      (capped: A10)
//! ```
//!
//! The common case (the next segment, nothing held, nothing of the other side missing) copies nothing and
//! allocates nothing. What one side sent is released only after the other side was delivered up to what the
//! sender had acknowledged (EDGE_CASES A8): taps swap the two directions, acknowledgement numbers do not lie.
//! A hole that cannot be filled becomes a gap, an input like any other. This floor knows no protocol.

mod half;
mod holding;
mod seq;

pub use half::Half;
use holding::{Fin, Hole};
pub use holding::{Holding, Island};
pub use seq::Seq;

use crate::handshake::{Flag, Flags, PerSide, Side};
use crate::time::{Span, Timestamp};
use std::borrow::Cow;

/// Limits of EDGE_CASES A8 and A10 for one connection.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Out-of-order octets kept per direction.
    pub held_octets: usize,
    /// Out-of-order islands kept per direction.
    pub held_islands: usize,
    /// How long an acknowledged hole may stay open.
    pub gap_span: Span,
    /// How many further packets of the connection an acknowledged hole may stay open.
    pub gap_packets: u8,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { held_octets: 32 * 1024, held_islands: 64, gap_span: Span::seconds(1), gap_packets: 64 }
    }
}

/// How closely a stream must be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Only lengths matter: held pieces keep no octets, the two directions run free.
    Lengths,
    /// Octets matter, each direction by itself.
    Octets,
    /// Octets matter, and the order between the two directions.
    Causal,
}

/// What one segment carries, as far as streams care.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Sequence number of the first payload octet.
    pub seq: Seq,
    /// Captured payload octets.
    pub bytes: &'a [u8],
    /// Payload octets on the wire; more than `bytes.len()` after a snap-length cut.
    pub length: u32,
    /// Acknowledgement number, when the segment has one.
    pub ack: Option<Seq>,
}

/// Something that happens to a stream, in order.
#[derive(Debug)]
pub enum Delivery<'a> {
    /// The next octets of one direction.
    Data {
        /// The octets.
        bytes: Cow<'a, [u8]>,
        /// Octets of the other direction that the sender had acknowledged.
        seen: u64,
        /// The piece begins where a TCP segment's payload began.
        starts_segment: bool,
        /// Octets of the same segment that follow on the wire but were not captured.
        cut: u32,
    },
    /// Octets that will never be seen.
    Gap(u64),
    /// The direction was closed.
    Fin {
        /// Octets of the other direction that the sender had acknowledged.
        seen: u64,
    },
}

/// Both directions of one connection.
#[derive(Debug, Default)]
pub struct Stream {
    /// Per direction: what was delivered and acknowledged.
    pub halves: PerSide<Half>,
    /// Pieces that cannot be delivered yet; absent in the common case.
    pub holding: Option<Box<Holding>>,
}

impl Stream {
    /// Notes an acknowledgement sent by `side`.
    pub fn acknowledge(&mut self, side: Side, ack: Seq) {
        self.halves[side].acknowledge(ack);
    }

    /// Offers one segment's payload.
    ///
    /// Returns the part that can be delivered at once, borrowed; the rest is kept. `release` tells what
    /// became possible after it.
    pub fn offer<'a>(
        &mut self,
        side: Side,
        piece: Piece<'a>,
        care: Care,
        flags: &mut Flags,
    ) -> Option<Delivery<'a>> {
        self.offer_or_hold(side, piece, Some(care), flags)
    }

    /// Keeps one segment's payload without delivering any of it (data on a SYN, until it is accepted).
    #[cold]
    pub fn hold(&mut self, side: Side, piece: Piece<'_>, flags: &mut Flags) {
        self.offer_or_hold(side, piece, None, flags);
    }

    /// Fixes another beginning of one direction, of which nothing was delivered yet.
    pub fn restart(&mut self, side: Side, first: Seq) {
        let held = self.holding.as_mut().map_or(0, |held| held.forget(side));
        self.halves[side].rebegin(first, held);
    }

    fn offer_or_hold<'a>(
        &mut self,
        side: Side,
        piece: Piece<'a>,
        care: Option<Care>,
        flags: &mut Flags,
    ) -> Option<Delivery<'a>> {
        let (mut piece, starts) = self.trim(side, piece, flags)?;
        piece.ack = self.believed(side, piece.ack);
        let seen = self.seen(side, piece.ack);
        let half = &mut self.halves[side];
        let next = half.next();
        half.reach(piece.seq.plus(piece.length));
        let clear_road = self.holding.as_ref().is_none_or(|held| !held.blocks(side, next, piece.length));
        let in_turn = match care {
            None => false,
            Some(Care::Causal) => self.may_judge(side, piece.ack),
            Some(Care::Octets | Care::Lengths) => true,
        };
        if piece.seq == next && clear_road && in_turn {
            let half = &mut self.halves[side];
            half.advance(piece.length);
            half.count(piece.length);
            let cut = piece.length - piece.bytes.len() as u32;
            return Some(Delivery::Data {
                bytes: Cow::Borrowed(piece.bytes),
                seen,
                starts_segment: starts,
                cut,
            });
        }
        let island = Island {
            seq: piece.seq,
            length: piece.length,
            bytes: if care == Some(Care::Lengths) { Box::default() } else { piece.bytes.into() },
            ack: piece.ack,
            starts_segment: starts,
        };
        let holding = self.holding.get_or_insert_default();
        let new = holding.insert(side, island, flags);
        self.halves[side].count(new);
        None
    }

    /// Marks the end of one direction at sequence number `fin`.
    ///
    /// One that lies below octets already seen, or contradicts the first, is nobody's (TCP-20).
    /// It is delivered at once if it is its turn, else kept.
    pub fn offer_fin(
        &mut self,
        side: Side,
        fin: Seq,
        ack: Option<Seq>,
        care: Care,
        flags: &mut Flags,
    ) -> Option<Delivery<'static>> {
        let ack = self.believed(side, ack);
        let half = &self.halves[side];
        let known = self.fin(side);
        if known.map_or(half.highest().distance_to(fin) < 0, |known| known != fin) {
            flags.insert(Flag::BeyondFin);
        } else if known.is_none() && half.next() == fin && (care != Care::Causal || self.may_judge(side, ack))
        {
            return Some(self.deliver_fin(side, ack));
        } else if known.is_none() {
            self.holding.get_or_insert_default().fin[side] = Some(Fin { at: fin, ack });
        }
        None
    }

    /// Sequence number of the FIN, once seen.
    pub fn fin(&self, side: Side) -> Option<Seq> {
        let half = &self.halves[side];
        if half.fin_delivered() { Some(half.next()) } else { self.pending_fin(side).map(|fin| fin.at) }
    }

    fn pending_fin(&self, side: Side) -> Option<Fin> {
        self.holding.as_ref().and_then(|held| held.fin[side])
    }

    fn deliver_fin(&mut self, side: Side, ack: Option<Seq>) -> Delivery<'static> {
        let seen = self.seen(side, ack);
        self.halves[side].deliver_fin();
        if let Some(held) = &mut self.holding {
            held.fin[side] = None;
        }
        Delivery::Fin { seen }
    }

    /// The next delivery that has become possible, if any. Call until `None` after every offer.
    #[inline]
    pub fn release(&mut self, care: Care, limits: &StreamLimits) -> Option<(Side, Delivery<'static>)> {
        if self.holding.is_some() { self.release_held(care, limits) } else { None }
    }

    #[cold]
    fn release_held(&mut self, care: Care, limits: &StreamLimits) -> Option<(Side, Delivery<'static>)> {
        for side in Side::BOTH {
            if let Some(delivery) = self.release_side(side, care) {
                return Some((side, delivery));
            }
        }
        for side in Side::BOTH {
            // An acknowledgement of what the other side never sent (it has no hole) is not waited for.
            if !self.has_acknowledged_hole(side.other())
                && let Some(delivery) = self.release_side(side, Care::Octets)
            {
                return Some((side, delivery));
            }
        }
        if let Some(gap) = self.forced_gap(limits) {
            return Some(gap);
        }
        if self.holding.as_ref().is_some_and(|held| held.is_idle()) {
            self.holding = None;
        }
        None
    }

    /// Notes that a packet of this connection was handled at `at`; the gap that is now due, if any (A8).
    ///
    /// `deadline` tells the caller when to come back if no further packet does.
    #[inline]
    pub fn overdue(&mut self, at: Timestamp, limits: &StreamLimits) -> Overdue {
        if self.is_calm() { Overdue::Nothing } else { self.overdue_hole(at, limits) }
    }

    /// Whether nothing is held and nothing is known to be missing: then nothing can be released, nor is it overdue.
    #[inline]
    pub fn is_calm(&self) -> bool {
        self.holding.is_none() && !Side::BOTH.into_iter().any(|side| self.has_acknowledged_hole(side))
    }

    #[cold]
    fn overdue_hole(&mut self, at: Timestamp, limits: &StreamLimits) -> Overdue {
        let mut answer = Overdue::Nothing;
        for side in Side::BOTH {
            if !self.has_acknowledged_hole(side) {
                if let Some(held) = &mut self.holding {
                    held.hole[side] = None;
                }
                continue;
            }
            let next = self.halves[side].next();
            let held = self.holding.get_or_insert_default();
            match &mut held.hole[side] {
                Some(hole) if hole.at == next => {
                    hole.packets = hole.packets.saturating_add(1);
                    if hole.packets >= limits.gap_packets || at.since(hole.since) >= limits.gap_span {
                        held.hole[side] = None;
                        return match self.declare(side) {
                            Some(gap) => Overdue::Gap(side, gap),
                            None => Overdue::Nothing,
                        };
                    }
                }
                new => {
                    *new = Some(Hole { at: next, since: at, packets: 0 });
                    answer = Overdue::Wait(at.after(limits.gap_span));
                }
            }
        }
        answer
    }

    /// Declares the next gap because nothing more will come: acknowledged holes and holes below held pieces.
    pub fn flush(&mut self) -> Option<(Side, Delivery<'static>)> {
        for side in Side::BOTH {
            if self.has_hole(side)
                && let Some(gap) = self.declare(side)
            {
                return Some((side, gap));
            }
        }
        None
    }

    /// Whether the other side acknowledged octets of `side` that were never captured.
    #[inline]
    pub fn has_acknowledged_hole(&self, side: Side) -> bool {
        let half = &self.halves[side];
        let Some(ack) = self.halves[side.other()].ack() else { return false };
        half.is_known()
            && half.is_visible()
            && half.awaited().distance_to(ack) > 0
            && !half.fin_delivered()
            && self.holding.as_ref().is_none_or(|held| !held.starts_at(side, half.next()))
            && self.pending_fin(side).is_none_or(|fin| fin.at != half.next())
    }

    /// Whether the octets that `side` had acknowledged in `ack` were all delivered or declared lost.
    pub fn may_judge(&self, side: Side, ack: Option<Seq>) -> bool {
        let other = &self.halves[side.other()];
        let Some(ack) = ack else { return true };
        !other.is_known() || !other.is_visible() || other.awaited().distance_to(ack) <= 0
    }

    /// The stream offset of the other direction that `ack` stands for.
    pub fn seen(&self, side: Side, ack: Option<Seq>) -> u64 {
        let other = &self.halves[side.other()];
        match ack {
            Some(ack) if other.is_known() => other.offset(ack),
            _ => 0,
        }
    }

    /// The acknowledgement, if it can be true, else the last one that could: a forged or damaged number must not
    /// make its segment wait for octets that never were.
    fn believed(&self, side: Side, ack: Option<Seq>) -> Option<Seq> {
        if self.halves[side.other()].believes(ack?) { ack } else { self.halves[side].ack() }
    }

    /// Whether octets of this direction are missing: acknowledged ones, or some below what came.
    pub fn has_hole(&self, side: Side) -> bool {
        let half = &self.halves[side];
        let next = half.next();
        let below_island =
            self.holding.as_ref().is_some_and(|held| held.first(side).is_some_and(|seq| seq != next));
        // What is held at `next` was captured: it waits for the other direction, and a FIN behind it is no hole's end.
        let waits = self.holding.as_ref().is_some_and(|held| held.starts_at(side, next));
        let below_fin = !waits && self.pending_fin(side).is_some_and(|fin| fin.at != next);
        self.has_acknowledged_hole(side) || (half.is_known() && (below_island || below_fin))
    }

    /// Removes what was delivered before, what lies beyond the FIN, and empty pieces.
    ///
    /// Octets that pass a FIN which was not reached yet show that the FIN was nobody's (TCP-20).
    fn trim<'a>(&mut self, side: Side, mut piece: Piece<'a>, flags: &mut Flags) -> Option<(Piece<'a>, bool)> {
        let mut starts = true;
        if let Some(fin) = self.fin(side) {
            let room = piece.seq.octets_to(fin);
            if piece.length > room {
                flags.insert(Flag::BeyondFin);
                if self.halves[side].fin_delivered() {
                    piece.length = room;
                    piece.bytes = piece.bytes.get(..room as usize).unwrap_or(piece.bytes);
                } else if let Some(held) = &mut self.holding {
                    held.fin[side] = None;
                }
            }
        }
        let half = &self.halves[side];
        let behind = piece.seq.octets_to(half.next());
        if behind > 0 {
            // A keep-alive's stale octet lies just below the beginning; anything further down is odd.
            if u64::from(behind) > half.delivered() + 1 {
                flags.insert(Flag::BeyondFin);
            }
            let old = behind.min(piece.length);
            piece.seq = piece.seq.plus(old);
            piece.length -= old;
            piece.bytes = piece.bytes.get(old as usize..).unwrap_or_default();
            starts = false;
        }
        (piece.length > 0).then_some((piece, starts))
    }

    fn release_side(&mut self, side: Side, care: Care) -> Option<Delivery<'static>> {
        let next = self.halves[side].next();
        if let Some(held) = &mut self.holding {
            held.drop_below(side, next);
            if let Some(ack) = held.ready(side, next).map(|held| held.ack)
                && (care != Care::Causal || self.may_judge(side, ack))
            {
                let seen = self.seen(side, ack);
                let island = self.holding.as_mut()?.pop(side)?;
                self.halves[side].advance(island.length);
                let cut = island.length - island.bytes.len() as u32;
                let bytes = Cow::Owned(island.bytes.into_vec());
                return Some(Delivery::Data { bytes, seen, starts_segment: island.starts_segment, cut });
            }
        }
        let fin = self.pending_fin(side).filter(|fin| fin.at == next)?;
        (care != Care::Causal || self.may_judge(side, fin.ack)).then(|| self.deliver_fin(side, fin.ack))
    }

    /// A limit was hit: the lowest hole of that direction, or the hole of the other that blocks it, is declared.
    #[cold]
    fn forced_gap(&mut self, limits: &StreamLimits) -> Option<(Side, Delivery<'static>)> {
        let held = self.holding.as_ref()?;
        let full = Side::BOTH.into_iter().find(|side| held.is_over(*side, limits))?;
        let side = if self.has_hole(full) { full } else { full.other() };
        self.declare(side).map(|gap| (side, gap))
    }

    /// Skips the lowest hole of one direction, as far as it is known to be one: up to a held piece, the FIN, or
    /// the end of what was acknowledged.
    #[cold]
    fn declare(&mut self, side: Side) -> Option<Delivery<'static>> {
        let next = self.halves[side].next();
        let length = [
            self.holding.as_ref().and_then(|held| held.first(side)),
            self.pending_fin(side).map(|fin| fin.at),
            self.halves[side.other()].ack(),
        ]
        .into_iter()
        .flatten()
        .map(|end| next.octets_to(end))
        .filter(|length| *length > 0)
        .min()?;
        let half = &mut self.halves[side];
        half.reach(next.plus(length));
        half.advance(length);
        Some(Delivery::Gap(u64::from(length)))
    }
}

/// Whether a hole must be given up now.
#[derive(Debug)]
pub enum Overdue {
    /// No acknowledged hole, or one that waits already.
    Nothing,
    /// A new hole: come back at this time if no packet of the connection does first.
    Wait(Timestamp),
    /// This gap is declared.
    Gap(Side, Delivery<'static>),
}
