//! The two ends of one connection, without saying which is client or server.

use crate::compact::{Compact, Reading, Writer, compact};
use std::ops::{Index, IndexMut};

/// One end of a connection; as an argument, the end that *sent* the octets.
///
/// `A` is the TCP initiator when the SYN was seen, else the best guess of `flow/key.rs`. Observers must
/// not read a role into it: either TCP side may be the TLS client (EDGE_CASES A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Side {
    /// The initiator, as far as known.
    A = 0,
    /// The acceptor, as far as known.
    B = 1,
}

impl Side {
    /// Both ends, in index order.
    pub const BOTH: [Side; 2] = [Side::A, Side::B];

    /// The opposite end.
    pub const fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

/// One value for each end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PerSide<T>(pub [T; 2]);

impl<T> PerSide<T> {
    /// The value of one end, and that of the other.
    #[inline]
    pub fn both_mut(&mut self, side: Side) -> [&mut T; 2] {
        let [a, b] = &mut self.0;
        match side {
            Side::A => [a, b],
            Side::B => [b, a],
        }
    }
}

impl<T> Index<Side> for PerSide<T> {
    type Output = T;
    fn index(&self, side: Side) -> &T {
        &self.0[side as usize]
    }
}

impl<T> IndexMut<Side> for PerSide<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        &mut self.0[side as usize]
    }
}

compact!(
    enum Side {
        A,
        B,
    }
);

impl<T: Compact> Compact for PerSide<T> {
    fn write(self, to: &mut Writer) {
        self.0.write(to);
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        Compact::read(from).map(Self)
    }
}
