//! Packets with a header of fixed length that tells how much follows: the first octets of each.

use super::gather::Gather;

/// Octets of a packet that are kept.
const START: usize = 32;

/// The current packet of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frame {
    start: Gather<START>,
    /// Octets still to come, once the header is whole.
    left: Option<u32>,
}

/// What has become of a packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whole {
    /// It goes on.
    NotYet,
    /// Its header is none of this protocol.
    Never,
    /// It has ended; its first octets.
    Packet(Gather<START>),
}

impl Frame {
    /// Takes octets, at most up to the packet's end, and answers how many. `body` reads from a header of
    /// `header` octets how many follow it.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        header: usize,
        body: impl Fn(&[u8]) -> Option<u32>,
    ) -> (usize, Whole) {
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
