//! Packets of attackers: cheap to make, so that what is measured is the tap.

use zertap_core::config::Config;
use zertap_core::tap::Tap;
use zertap_core::time::{Span, Timestamp};
use zertap_core::wire::{Address, LinkType, Segment, TcpFlags};

/// Who sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

/// One client's address and port towards the one server.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) address: u32,
    pub(crate) port: u16,
    pub(crate) server_port: u16,
}

impl Peer {
    /// The n-th of many: addresses first, then ports.
    pub(crate) fn number(n: u32) -> Self {
        Self { address: 0x0a00_0000 + n, port: 40_000, server_port: 443 }
    }
}

/// A tap and those who send to it.
pub(crate) struct Attacker {
    tap: Tap,
    now: Timestamp,
    rows: u64,
}

impl Default for Attacker {
    fn default() -> Self {
        let config = Config { hash_key: [0x5eed, 0xca11], ..Config::default() };
        Self { tap: Tap::new(config), now: Timestamp(1_000_000_000), rows: 0 }
    }
}

impl Attacker {
    /// One segment, a microsecond after the one before. Rows are thrown away as they come.
    pub(crate) fn sends(&mut self, peer: Peer, from: From, flags: u8, numbers: [u32; 2], payload: &[u8]) {
        self.now = self.now.after(Span(1_000));
        let ends = [
            (Address::v4(peer.address.to_be_bytes()), peer.port),
            (Address::v4([192, 0, 2, 1]), peer.server_port),
        ];
        let [source, target] = if from == From::Client { ends } else { [ends[1], ends[0]] };
        let segment = Segment {
            source: source.0,
            destination: target.0,
            source_port: source.1,
            destination_port: target.1,
            lane: 0,
            sequence: numbers[0],
            acknowledgment: numbers[1],
            flags: TcpFlags(flags),
            window: 65_535,
            options: &[],
            payload,
            payload_on_wire: payload.len() as u32,
            fragment_overlap: false,
        };
        self.tap.push_segment(self.now, &segment);
        self.fetch();
    }

    /// One frame of raw IP.
    pub(crate) fn frame(&mut self, octets: &[u8]) {
        self.now = self.now.after(Span(1_000));
        self.tap.push_frame(self.now, LinkType::RAW, octets, octets.len() as u32);
        self.fetch();
    }

    /// SYN, SYN/ACK, ACK: what comes next has the numbers 1001 and 9001.
    pub(crate) fn opens(&mut self, peer: Peer) {
        self.sends(peer, From::Client, 2, [1000, 0], b"");
        self.sends(peer, From::Server, 18, [9000, 1001], b"");
        self.sends(peer, From::Client, 16, [1001, 9001], b"");
    }

    /// How many packets came.
    pub(crate) fn pushed(&self) -> u64 {
        self.tap.counters().frames
    }

    /// The account must balance under attack too.
    pub(crate) fn settle(&mut self) {
        assert_eq!(self.tap.ledger().imbalances(), Vec::<String>::new());
    }

    fn fetch(&mut self) {
        if self.tap.waiting_rows() >= 4096 {
            self.rows += self.tap.drain_packed().len() as u64;
        }
    }
}
