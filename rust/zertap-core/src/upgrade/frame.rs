//! Packets with a header of fixed length that tells how much follows: the first octets of each.

use super::gather::Gather;

/// Octets of a packet that are kept, where nothing else is said.
const START: usize = 32;

/// The current packet of one direction; its first `KEPT` octets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frame<const KEPT: usize = START> {
    start: Gather<KEPT>,
    /// Octets still to come, once the header is whole.
    left: Option<u32>,
}

/// What has become of a packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whole<const KEPT: usize = START> {
    /// It goes on.
    NotYet,
    /// Its header is none of this protocol.
    Never,
    /// It has ended; its first octets.
    Packet(Gather<KEPT>),
}

impl<const KEPT: usize> Frame<KEPT> {
    /// Takes octets, at most up to the packet's end, and answers how many. `body` reads from a header of
    /// `header` octets how many follow it.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        header: usize,
        body: impl Fn(&[u8]) -> Option<u32>,
    ) -> (usize, Whole<KEPT>) {
        let missing = header.saturating_sub(self.start.len());
        let head = bytes.get(..missing).unwrap_or(bytes);
        if self.left.is_none() {
            self.start.push(head);
            if self.start.len() < header {
                return (bytes.len(), Whole::NotYet);
            }
            self.left = body(self.start.octets());
        }
        let Some(left) = self.left else { return (head.len(), Whole::Never) };
        let rest = bytes.get(head.len()..).unwrap_or_default();
        let taken = rest.get(..left as usize).unwrap_or(rest);
        self.start.push(taken);
        let used = head.len() + taken.len();
        let left = left - taken.len() as u32;
        if left > 0 {
            self.left = Some(left);
            return (used, Whole::NotYet);
        }
        self.left = None;
        (used, Whole::Packet(self.start.take()))
    }
}
