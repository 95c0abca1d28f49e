//! What a client sends into a tunnel before it was granted: clients of SOCKS that save a round trip, and impatient ones
//! of CONNECT.
//!
//! Kept only while it can begin a handshake, so that nothing else of a conversation in clear is ever held; dropped when the
//! tunnel is refused.

use super::Here;
use crate::handshake::Side;
use crate::ssh;
use crate::tls::{self, Probe};

/// Octets kept: those of one hello (EDGE_CASES A10). More than a first flight cannot be sent without an answer.
const MOST: usize = 16 * 1024;

/// The first octets of a tunnel that was asked for.
pub(super) struct Early {
    pub(super) client: Side,
    pub(super) octets: Vec<u8>,
    /// Their place in the stream.
    pub(super) at: u64,
    /// What their sender had acknowledged.
    pub(super) seen: u64,
}

impl std::fmt::Debug for Early {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Early({})", self.octets.len())
    }
}

impl Early {
    /// Nothing was sent yet.
    pub(super) const fn new(client: Side) -> Self {
        Self { client, octets: Vec::new(), at: 0, seen: 0 }
    }

    /// Takes octets. Answers whether together they may still begin a handshake.
    pub(super) fn take(&mut self, bytes: &[u8], here: Here) -> bool {
        if self.octets.is_empty() {
            (self.at, self.seen) = (here.at, here.seen);
        }
        self.octets.extend_from_slice(bytes);
        let octets = self.octets.get(..16).unwrap_or(&self.octets);
        let may_begin = tls::probe(octets) != Probe::No || ssh::probe(octets) != ssh::Probe::No;
        may_begin && self.octets.len() <= MOST
    }
}
