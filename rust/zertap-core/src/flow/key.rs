//! Who talks to whom: the identity of a connection, and every guess about its direction.

use crate::handshake::Side;
use crate::wire::{Address, Segment};

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Its address.
    pub address: Address,
    /// Its port.
    pub port: u16,
}

/// Identity of a connection: two endpoints in a fixed order, and the lane (VLAN, tunnel) they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKey {
    low: Endpoint,
    high: Endpoint,
    lane: u32,
}

impl std::hash::Hash for FlowKey {
    /// All forty octets in one write: a keyed hash pays for every call.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let mut octets = [0; 40];
        let (low, rest) = octets.split_at_mut(16);
        let (high, rest) = rest.split_at_mut(16);
        low.copy_from_slice(&self.low.address.0);
        high.copy_from_slice(&self.high.address.0);
        let ports = u32::from(self.low.port) << 16 | u32::from(self.high.port);
        rest.copy_from_slice(&(u64::from(ports) << 32 | u64::from(self.lane)).to_le_bytes());
        state.write(&octets);
    }
}

impl FlowKey {
    /// The key of a segment, and whether its sender is the lower endpoint.
    pub fn of(segment: &Segment<'_>) -> (FlowKey, bool) {
        let source = Endpoint { address: segment.source, port: segment.source_port };
        let destination = Endpoint { address: segment.destination, port: segment.destination_port };
        let from_low = source <= destination;
        let (low, high) = if from_low { (source, destination) } else { (destination, source) };
        (FlowKey { low, high, lane: segment.lane }, from_low)
    }

    /// The lower and the higher endpoint.
    pub fn endpoints(&self) -> [Endpoint; 2] {
        [self.low, self.high]
    }

    /// VLAN and tunnel lane.
    pub fn lane(&self) -> u32 {
        self.lane
    }

    /// The same endpoints on another lane.
    pub fn on_lane(self, lane: u32) -> FlowKey {
        FlowKey { lane, ..self }
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
