//! What is known of a segment of the usual shape before its connection is looked up, in one cache line: so one who reads frames
//! for others hands it to them, and most segments are followed without another look at their frame.

use super::index::FlowHash;
use super::key::FlowKey;
use super::table::Identity;
use super::usual::{Heading, Octets};
use crate::wire::{Corners, Extent, Ground, Ipv4Corners, Naming, Usual};

/// One segment. Lies in a line of its own.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Known {
    key: FlowKey,
    hash: u64,
    sequence: u32,
    acknowledgment: u32,
    /// Its mark: the sender is the lower endpoint.
    extent: Extent,
}

/// What has to be known of a segment's name at once.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The keyed hash without the lane.
    pub hash: u64,
    from_low: bool,
}

/// Names a segment's connection in its place.
struct NamedIn<'k> {
    hash: &'k FlowHash,
    place: &'k mut Known,
}

impl NamedIn<'_> {
    #[inline]
    fn note(self, (key, from_low): (FlowKey, bool), hash_of: impl Fn(&FlowHash, &FlowKey) -> u64) -> Named {
        let hash = hash_of(self.hash, &key);
        (self.place.key, self.place.hash) = (key, hash);
        let laneless = if key.lane() == 0 { hash } else { hash_of(self.hash, &key.on_lane(0)) };
        Named { hash: laneless, from_low }
    }
}

impl Naming for NamedIn<'_> {
    type Name = Named;

    #[inline]
    fn ipv4(self, corners: Ipv4Corners) -> Named {
        self.note(FlowKey::of_ipv4(&corners), FlowHash::of_ipv4)
    }

    // Apart: where both wrote to one place, what they write would go through memory first.
    #[inline(never)]
    fn ipv6(self, corners: Corners) -> Named {
        self.note(FlowKey::of(&corners), FlowHash::of)
    }
}

impl Known {
    /// Of no segment: what stands where none was read yet.
    pub const NOTHING: Self =
        Self { key: FlowKey::NONE, hash: 0, sequence: 0, acknowledgment: 0, extent: Extent::NOWHERE };

    /// Who names the segment's connection here.
    #[inline]
    pub fn naming<'k>(&'k mut self, hash: &'k FlowHash) -> impl Naming<Name = Named> {
        NamedIn { hash, place: self }
    }

    /// Notes the segment of a named connection, from a frame that begins at `start` of the octets that stand together.
    #[inline]
    pub fn note(&mut self, usual: &Usual<'_>, named: Named, frame: &[u8], start: usize) {
        self.sequence = usual.sequence();
        self.acknowledgment = usual.acknowledgment();
        self.extent = usual.extent(frame, start, named.from_low);
    }

    /// The connection's key.
    #[inline]
    pub(super) fn key(&self) -> &FlowKey {
        &self.key
    }

    /// Keyed hash of the key.
    #[inline]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The segment's sender is the lower endpoint.
    #[inline]
    pub(super) fn is_from_low(&self) -> bool {
        self.extent.mark()
    }

    /// Where it lies.
    #[inline]
    pub fn extent(&self) -> &Extent {
        &self.extent
    }

    /// The connection's name.
    pub(super) fn identity(&self) -> Identity {
        Identity { key: self.key, from_low: self.is_from_low(), hash: self.hash }
    }

    #[inline]
    pub(super) fn heading(&self) -> Heading {
        Heading::new(self.sequence, self.acknowledgment, self.extent.flags(), self.extent.octets())
    }

    /// The segment with its octets, which lie on this ground; none if they end before.
    #[inline]
    pub(super) fn octets<'a>(&self, ground: Ground<'a>) -> Option<Octets<'a>> {
        Some(Octets { heading: self.heading(), payload: self.extent.payload(ground)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_a_cache_line() {
        assert_eq!(size_of::<Known>(), 64);
    }
}
