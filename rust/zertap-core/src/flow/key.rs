//! Who talks to whom: the identity of a connection, and every guess about its direction.

use crate::handshake::Side;
use crate::wire::{Address, Corners, Ipv4Corners};

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Its address.
    pub address: Address,
    /// Its port.
    pub port: u16,
}

/// Identity of a connection: two endpoints in a fixed order, and the lane (VLAN, tunnel) they share.
///
/// Kept as numbers, so that hashing and comparing it are a few instructions: the halves of the lower address, of the
/// higher address, then both ports and the lane.
#[derive(Clone, Copy, Debug, Default, Eq)]
pub struct FlowKey {
    words: [u64; 5],
}

impl PartialEq for FlowKey {
    /// In place: the derived comparison calls the C library for forty octets.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let differences = self.words.iter().zip(&other.words).map(|(one, another)| one ^ another);
        differences.fold(0, |all, one| all | one) == 0
    }
}

/// The upper part of the lower half of an IPv4 address in its mapped form.
const MAPPED: u64 = 0xffff << 32;

impl FlowKey {
    /// That of nobody.
    pub(super) const NONE: Self = Self { words: [0; 5] };

    /// The key of a segment between these corners, and whether its sender is the lower endpoint: as `of`, in a few
    /// instructions, because each endpoint is a number of 48 bits.
    #[inline]
    pub fn of_ipv4(corners: &Ipv4Corners) -> (FlowKey, bool) {
        let end = |address: u32, port: u16| u64::from(address) << 16 | u64::from(port);
        let Ipv4Corners { source, destination, from, to, lane } = *corners;
        let (sender, receiver) = (end(source, from), end(destination, to));
        let (low, high) = (sender.min(receiver), sender.max(receiver));
        let ports = (low as u16, high as u16);
        let ports = u32::from(ports.0) << 16 | u32::from(ports.1);
        let key = Self::between_ipv4((low >> 16) as u32, (high >> 16) as u32, ports, lane);
        (key, sender <= receiver)
    }

    /// The key of these IPv4 addresses, the lower one first, their ports in the same order, and the lane.
    #[inline]
    pub(super) fn between_ipv4(low: u32, high: u32, ports: u32, lane: u32) -> FlowKey {
        let (low, high) = (MAPPED | u64::from(low), MAPPED | u64::from(high));
        FlowKey { words: [0, low, 0, high, u64::from(ports) << 32 | u64::from(lane)] }
    }

    /// The key of a segment between these corners, and whether its sender is the lower endpoint.
    #[inline]
    pub fn of(corners: &Corners) -> (FlowKey, bool) {
        let [source, destination] = corners.addresses.map(u128::from_be);
        let [from, to] = corners.ports.map(u64::from);
        let from_low = source < destination || (source == destination && from <= to);
        // Who sent a segment follows no pattern that could be predicted: swapped without a jump.
        let (swap_wide, swap) = (u128::from(from_low).wrapping_sub(1), u64::from(from_low).wrapping_sub(1));
        let difference = (source ^ destination) & swap_wide;
        let (low, high) = (source ^ difference, destination ^ difference);
        let difference = (from ^ to) & swap;
        let ports = (from ^ difference) << 16 | (to ^ difference);
        let [low, high] = [low, high].map(|address| [(address >> 64) as u64, address as u64]);
        let words = [low[0], low[1], high[0], high[1], ports << 32 | u64::from(corners.lane)];
        (FlowKey { words }, from_low)
    }

    /// Whether it is between IPv4 addresses.
    #[inline]
    pub(super) fn is_ipv4(&self) -> bool {
        let [low0, low1, high0, high1, _] = self.words;
        (low0 | high0) == 0 && (low1 ^ MAPPED | high1 ^ MAPPED) >> 32 == 0
    }

    /// All of it as numbers.
    #[inline]
    pub fn words(&self) -> [u64; 5] {
        self.words
    }

    /// The key that these are the numbers of.
    #[inline]
    pub(super) fn of_words(words: [u64; 5]) -> FlowKey {
        FlowKey { words }
    }

    /// The lower and the higher endpoint.
    pub fn endpoints(&self) -> [Endpoint; 2] {
        let [low0, low1, high0, high1, rest] = self.words;
        let end = |upper: u64, lower: u64, port: u64| Endpoint {
            address: Address((u128::from(upper) << 64 | u128::from(lower)).to_be_bytes()),
            port: port as u16,
        };
        [end(low0, low1, rest >> 48), end(high0, high1, rest >> 32)]
    }

    /// VLAN and tunnel lane.
    pub fn lane(&self) -> u32 {
        self.words[4] as u32
    }

    /// The same endpoints on another lane.
    pub fn on_lane(mut self, lane: u32) -> FlowKey {
        self.words[4] = self.words[4] >> 32 << 32 | u64::from(lane);
        self
    }
}

/// Who is the client of a connection whose SYN was not seen, and whose content does not tell.
///
/// A port below 1024 on exactly one side, or else the clearly lower one, is the server; equal ports leave
/// the sender of the first packet as the client.
pub fn guess_client(low: Endpoint, high: Endpoint, first_from_low: bool) -> bool {
    let well_known = |port: u16| port < 1024;
    match (well_known(low.port), well_known(high.port)) {
        (true, false) => false,
        (false, true) => true,
        _ if low.port == high.port => first_from_low,
        _ => low.port > high.port,
    }
}

/// The side of the lower endpoint, when `client_is_low` says which endpoint opened the connection.
pub fn side_of_low(client_is_low: bool) -> Side {
    if client_is_low { Side::A } else { Side::B }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

        /// Few different addresses and ports: equal ones, and orders that the port decides.
        #[test]
        fn the_key_of_ipv4_corners_is_that_of_all_corners(
            source in 0_u32..3, destination in 0_u32..3, from in 0_u16..3, to in 0_u16..3, far: [u32; 2], lane: u32,
        ) {
            for shift in [0_u32, 7, 30] {
                let [source, destination] = [source << shift ^ far[0], destination << shift ^ far[0]];
                for ports in [[from, to], [from << 14, to << 14], far.map(|port| port as u16)] {
                    let corners = Ipv4Corners { source, destination, from: ports[0], to: ports[1], lane };
                    prop_assert_eq!(FlowKey::of_ipv4(&corners), FlowKey::of(&corners.into()));
                }
            }
        }
    }
}
