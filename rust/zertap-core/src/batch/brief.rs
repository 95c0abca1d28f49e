//! The last row of an attempt, in few octets.

use crate::event::{History, Row, RowKind};
use crate::handshake::{Flag, Flags, Phase, Side};
use crate::time::Timestamp;
use crate::wire::Address;

/// What is particular to the only row of a connection that never got beyond its SYN and an answer to it. All else that a row
/// says is the same for all of them: nothing flowed, nothing was established, nobody was asked to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Why it was written.
    pub kind: RowKind,
    /// Segments sent, by client and by server.
    pub segments: [u8; 2],
    /// Ports; the client first.
    pub ports: [u16; 2],
    /// VLAN and tunnel lane.
    pub lane: u32,
    /// n-th connection of the same addresses and ports, from 1.
    pub ordinal: u32,
    /// When it was written.
    pub at: Timestamp,
    /// Time of the SYN.
    pub start: Timestamp,
    /// Time of the last segment.
    pub end: Timestamp,
    /// Number of the connection in this tap.
    pub connection: u64,
    /// Number of the packet that caused the row.
    pub packet: u64,
    /// Number of the SYN's packet.
    pub first_packet: u64,
    /// Addresses; the client first.
    pub addresses: [Address; 2],
}

impl Brief {
    /// The row.
    pub fn row(&self) -> Row {
        let mut flags = Flags::default();
        flags.insert(Flag::NeverEstablished);
        let segments = self.segments.map(u64::from);
        Row {
            kind: self.kind,
            phase: Phase::Silent,
            previous: Phase::Silent,
            at: self.at,
            start: self.start,
            established: None,
            end: self.end,
            connection: self.connection,
            ordinal: self.ordinal,
            packet: self.packet,
            first_packet: self.first_packet,
            lane: self.lane,
            addresses: self.addresses,
            ports: self.ports,
            octets: [0; 2],
            segments,
            octets_delta: [0; 2],
            segments_delta: segments,
            flags,
            history: History::default(),
            history_before: 0,
            due_passed: false,
            client: Side::A,
            note: 0,
            settled: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_an_attempt_waits_in_96_octets() {
        assert!(size_of::<Brief>() <= 96, "{}", size_of::<Brief>());
    }
}
