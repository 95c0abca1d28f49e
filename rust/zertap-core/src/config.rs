//! What a tap is told when it is made.

use crate::event::RowKinds;
use crate::handshake::Options;
use crate::stream::StreamLimits;
use crate::time::{Recurring, Span};
use crate::wire::WireConfig;

/// Settings of one tap. The limits are those of EDGE_CASES A10.
#[derive(Clone, Debug)]
pub struct Config {
    /// How frames are decoded.
    pub wire: WireConfig,
    /// How streams are followed.
    pub stream: StreamLimits,
    /// What observers look at.
    pub options: Options,
    /// Which rows are written.
    pub rows: RowKinds,
    /// Whether `moved` rows are written before the waiting span has passed, too. Where not, only those of data in clear behind
    /// TLS are, since nothing else is an event then (A9), and what may be the first row of all: accounts begin with it.
    pub early_moves: bool,
    /// From establishment to the `due` row (zERT: 10 s).
    pub waiting_span: Span,
    /// Recording intervals: when the `interval` rows are due.
    pub interval: Option<Recurring>,
    /// How long the acknowledgement of the second FIN is awaited.
    pub closing_span: Span,
    /// How long an ended connection's stragglers are absorbed, while it is remembered.
    pub linger_span: Span,
    /// Connections kept at most; the longest idle is evicted.
    pub max_connections: usize,
    /// Half-open attempts remembered at most; the oldest is dropped.
    pub max_half_open: usize,
    /// Ended connections remembered at most, to absorb stragglers and to count what follows between the same addresses and
    /// ports. Beyond `least_ended` only as many as live.
    pub max_ended: usize,
    /// However few live, so many ended connections are remembered, within `max_ended`.
    pub least_ended: usize,
    /// Number of the first negotiated profile: taps whose rows are read together count from different ones.
    pub first_profile: u32,
    /// Key of the table's hash: attackers choose addresses and ports, so the caller gives a random one.
    pub hash_key: [u64; 2],
}

impl Default for Config {
    fn default() -> Self {
        Self {
            wire: WireConfig::default(),
            stream: StreamLimits::default(),
            options: Options::default(),
            rows: RowKinds::LAST,
            early_moves: true,
            waiting_span: Span::seconds(10),
            interval: None,
            closing_span: Span::seconds(2),
            linger_span: Span::seconds(60),
            max_connections: 1 << 20,
            max_half_open: 65_536,
            max_ended: 65_536,
            least_ended: 16_384,
            first_profile: 0,
            hash_key: [0, 0],
        }
    }
}
