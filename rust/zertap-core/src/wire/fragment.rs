//! IP fragments that wait for their siblings, within hard bounds.
//!
//! The table knows which datagrams wait, since when and how much memory they take; what the pieces of one datagram may
//! do to each other is told in `datagram`. Whoever sends fragments chooses addresses, numbers and order, so the map is
//! keyed at random, every limit drops the oldest datagram, and the time is that of the packets (EDGE_CASES A10, IP-12).

use std::collections::{HashMap, VecDeque};

use super::cut::Cut;
use super::datagram::{Datagram, Extent};
use super::segment::Address;
use super::skip::Skip;
use crate::time::{Span, Timestamp};

/// Bounds of the reassembly; each counts over all datagrams but `pieces`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentLimits {
    /// Octets of memory that waiting fragments may take, bookkeeping included.
    pub octets: usize,
    /// Datagrams that may wait.
    pub datagrams: usize,
    /// Pieces that one datagram may come in.
    pub pieces: usize,
    /// How long a datagram may take from its first fragment.
    pub age: Span,
}

impl Default for FragmentLimits {
    fn default() -> Self {
        Self { octets: 4 * 1024 * 1024, datagrams: 1024, pieces: 64, age: Span::seconds(30) }
    }
}

/// What became of fragments.
///
/// Each datagram of which a fragment was kept ends as `reassembled`, `expired`, `evicted` or `spoiled`, or still waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FragmentCounters {
    /// Datagrams that were completed.
    pub reassembled: u64,
    /// Datagrams given up for their age.
    pub expired: u64,
    /// Datagrams given up because a limit on octets or datagrams was reached.
    pub evicted: u64,
    /// Datagrams given up because their pieces contradicted each other or were too many.
    pub spoiled: u64,
    /// Completed IPv4 datagrams in which the first copy of overlapping octets was used.
    pub overlapped: u64,
    /// Fragments that no datagram can have: empty, uneven, or reaching beyond 65535 octets.
    pub refused: u64,
    /// Datagrams that wait now, spoiled ones included until they are old.
    pub waiting: usize,
    /// Octets of memory that they take now.
    pub held: usize,
}

/// What fragments of one datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    /// 4 or 6, so that the two never mix (IP-12).
    pub version: u8,
    /// The protocol, in IPv4; 0 in IPv6.
    pub carried: u8,
    pub ends: (Address, Address),
    pub number: u32,
    pub lane: u32,
}

/// One fragment.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    /// Unit: octets.
    pub offset: u32,
    pub more: bool,
    /// The protocol that this fragment's header names.
    pub carried: u8,
    pub body: Cut<'a>,
}

/// What is known of a datagram besides its octets, once it is complete.
pub(super) struct Whole {
    pub carried: u8,
    pub overlap: bool,
}

/// Datagrams that wait for fragments.
#[derive(Default)]
pub(super) struct FragmentTable {
    limits: FragmentLimits,
    waiting: HashMap<Identity, Datagram>,
    /// Identities by age, with the serial number of the datagram meant; those that are gone are passed over.
    order: VecDeque<(Identity, u64)>,
    serial: u64,
    counters: FragmentCounters,
}

impl FragmentTable {
    pub(super) fn new(limits: FragmentLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    pub(super) fn counters(&self) -> FragmentCounters {
        FragmentCounters { waiting: self.waiting.len(), ..self.counters }
    }

    /// Adds one fragment. When it completes its datagram, `buffer` receives the octets.
    pub(super) fn push(
        &mut self,
        at: Timestamp,
        identity: Identity,
        piece: Piece<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<Whole, Skip> {
        if !piece.body.is_whole() {
            return Err(Skip::Truncated);
        }
        let Some(extent) = Extent::of(&piece) else {
            self.counters.refused += 1;
            return Err(Skip::FragmentDropped);
        };
        self.expire(at, &identity);
        let serial = self.admit(at, identity);
        let Some(datagram) = self.waiting.get_mut(&identity) else { return Err(Skip::FragmentDropped) };
        let (before, sound) = (datagram.memory(), !datagram.spoiled);
        let accepted = datagram.add(extent, &piece, identity.version, self.limits.pieces);
        self.counters.held = (self.counters.held + datagram.memory()).saturating_sub(before);
        self.counters.spoiled += u64::from(sound && datagram.spoiled);
        if !accepted {
            return Err(Skip::FragmentDropped);
        }
        match datagram.join(buffer) {
            Some(whole) => {
                self.remove(&identity);
                self.counters.reassembled += 1;
                self.counters.overlapped += u64::from(whole.overlap);
                Ok(whole)
            }
            None => Err(self.shrink(&identity, serial)),
        }
    }

    /// Gives up what is too old: the datagrams at the head of the order, and the one now asked for.
    fn expire(&mut self, at: Timestamp, identity: &Identity) {
        let age = self.limits.age;
        while let Some((oldest, serial)) = self.order.front().copied() {
            match self.waiting.get(&oldest) {
                Some(datagram) if datagram.serial == serial && datagram.fits(at, age) => break,
                Some(datagram) if datagram.serial == serial => self.give_up_expired(&oldest),
                _ => {}
            }
            self.order.pop_front();
        }
        if self.waiting.get(identity).is_some_and(|datagram| !datagram.fits(at, age)) {
            self.give_up_expired(identity);
        }
    }

    fn give_up_expired(&mut self, identity: &Identity) {
        if let Some(datagram) = self.remove(identity) {
            self.counters.expired += u64::from(!datagram.spoiled);
        }
    }

    /// Makes sure the datagram has an entry, and says its serial number.
    fn admit(&mut self, at: Timestamp, identity: Identity) -> u64 {
        if let Some(datagram) = self.waiting.get(&identity) {
            return datagram.serial;
        }
        while self.waiting.len() >= self.limits.datagrams.max(1) && self.evict_oldest() {}
        self.serial += 1;
        let datagram = Datagram::new(self.serial, at);
        self.counters.held += datagram.memory();
        self.waiting.insert(identity, datagram);
        self.order.push_back((identity, self.serial));
        if self.order.len() > 2 * self.limits.datagrams.max(1) {
            let waiting = &self.waiting;
            self.order
                .retain(|(identity, serial)| waiting.get(identity).is_some_and(|d| d.serial == *serial));
        }
        self.serial
    }

    /// Drops the oldest datagrams until memory is within its bound; says what that means for the one just added to.
    fn shrink(&mut self, identity: &Identity, serial: u64) -> Skip {
        while self.counters.held > self.limits.octets && self.evict_oldest() {}
        match self.waiting.get(identity) {
            Some(datagram) if datagram.serial == serial => Skip::FragmentHeld,
            _ => Skip::FragmentDropped,
        }
    }

    /// Whether there was one to drop.
    fn evict_oldest(&mut self) -> bool {
        while let Some((oldest, serial)) = self.order.pop_front() {
            if self.waiting.get(&oldest).is_some_and(|datagram| datagram.serial == serial) {
                if let Some(datagram) = self.remove(&oldest) {
                    self.counters.evicted += u64::from(!datagram.spoiled);
                }
                return true;
            }
        }
        false
    }

    fn remove(&mut self, identity: &Identity) -> Option<Datagram> {
        let datagram = self.waiting.remove(identity)?;
        self.counters.held = self.counters.held.saturating_sub(datagram.memory());
        Some(datagram)
    }
}
