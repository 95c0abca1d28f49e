//! Where in the connection a handshake begins: observers count from their own first octet.

use super::wrapping::Wrapping;
use crate::compact::compact;
use crate::handshake::{Chunk, End, Findings, Flag, Observe, PerSide, Progress, Room, Side, TextKind};
use crate::tls::TlsObserver;
use crate::upgrade::Protocol;

/// The beginning of a handshake: of the connection itself by default.
#[derive(Debug, Default)]
pub struct Origin {
    /// Stream offsets before it.
    pub base: PerSide<u64>,
    /// It came after data in clear.
    pub upgraded: bool,
    /// The protocol that announced it.
    pub protocol: Option<Protocol>,
    /// Packets that its records travel in.
    pub wrapping: Option<Box<Wrapping>>,
}

impl Origin {
    /// Whether it is the beginning of the connection, and nothing wraps it.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.base.0 == [0, 0] && self.wrapping.is_none()
    }

    /// What `side` had seen, counted from here.
    pub fn seen(&self, side: Side, seen: u64) -> u64 {
        seen.saturating_sub(self.base[side.other()])
    }

    /// A chunk of `side`, counted from here.
    pub fn chunk<'a>(&self, side: Side, chunk: Chunk<'a>) -> Chunk<'a> {
        Chunk { seen: self.seen(side, chunk.seen), ..chunk }
    }

    /// Gives octets of `side` to the handshake.
    pub fn push(&mut self, tls: &mut TlsObserver, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress {
        let chunk = self.chunk(side, chunk);
        match &mut self.wrapping {
            None => tls.push(side, chunk, room),
            Some(wrapping) => wrapping.push(tls, side, chunk, room),
        }
    }

    /// Tells the handshake of octets that will never be seen.
    pub fn gap(&mut self, tls: &mut TlsObserver, side: Side, length: u64) -> Progress {
        match &mut self.wrapping {
            None => tls.gap(side, length),
            Some(wrapping) => wrapping.gap(tls, side, length),
        }
    }

    /// Tells the handshake that a direction ended.
    pub fn end(&self, tls: &mut TlsObserver, side: Side, how: End, seen: u64) -> Progress {
        let seen = self.seen(side, seen);
        tls.end(
            side,
            how,
            self.wrapping.as_ref().map_or(seen, |wrapping| wrapping.inside(side.other(), seen)),
        )
    }

    /// What the observer found, and what is known of where it began.
    pub fn complete(&self, findings: &mut Findings) {
        if self.upgraded {
            findings.flags.insert(Flag::Upgraded);
        }
        if findings.handshake_octets != PerSide::default() {
            for side in Side::BOTH {
                let inside = findings.handshake_octets[side];
                let whole = self.wrapping.as_ref().map_or(inside, |wrapping| wrapping.outside(side, inside));
                findings.handshake_octets[side] = self.base[side] + whole;
            }
        }
        if let Some(protocol) = self.protocol {
            findings.texts.push(TextKind::Upgrade, protocol.word().as_bytes());
        }
    }
}

compact!(struct Origin { base, upgraded, protocol, wrapping });
