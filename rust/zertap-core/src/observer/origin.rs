//! Where in the connection a handshake begins: observers count from their own first octet.

use crate::handshake::{Chunk, Findings, Flag, PerSide, Side, Text, TextKind};
use crate::upgrade::Protocol;

/// The beginning of a handshake: of the connection itself by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// Stream offsets before it.
    pub base: PerSide<u64>,
    /// It came after data in clear.
    pub upgraded: bool,
    /// The protocol that announced it.
    pub protocol: Option<Protocol>,
}

impl Origin {
    /// What `side` had seen, counted from here.
    pub fn seen(&self, side: Side, seen: u64) -> u64 {
        seen.saturating_sub(self.base[side.other()])
    }

    /// A chunk of `side`, counted from here.
    pub fn chunk<'a>(&self, side: Side, chunk: Chunk<'a>) -> Chunk<'a> {
        Chunk { seen: self.seen(side, chunk.seen), ..chunk }
    }

    /// What the observer found, and what is known of where it began.
    pub fn complete(&self, mut findings: Findings) -> Findings {
        if self.upgraded {
            findings.flags.insert(Flag::Upgraded);
        }
        if findings.handshake_octets != PerSide::default() {
            for side in Side::BOTH {
                findings.handshake_octets[side] += self.base[side];
            }
        }
        let name = self.protocol.map(|protocol| protocol.word().as_bytes().into());
        findings.texts.extend(name.map(|bytes| Text { kind: TextKind::Upgrade, bytes }));
        findings
    }
}
