//! A list that grows by pieces of one size and never moves what it holds: growing copies nothing, needs no second room
//! of twice the size for a moment, and takes as long for the millionth entry as for the first.

use std::collections::TryReserveError;

/// Entries of one piece: many, so that what its last page of memory leaves empty is little for each.
const PIECE: usize = 4096;

/// See above.
#[derive(Debug)]
pub struct Chunks<T> {
    pieces: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T> Chunks<T> {
    /// How many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The entry under an index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.pieces.get(index / PIECE)?.get(index % PIECE)
    }

    /// The entry under an index, to be changed.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.pieces.get_mut(index / PIECE)?.get_mut(index % PIECE)
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// Adds an entry behind all others.
    pub fn push(&mut self, entry: T) {
        if self.len.is_multiple_of(PIECE) && self.pieces.len() == self.len / PIECE {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.pieces.get_mut(self.len / PIECE) {
            piece.push(entry);
            self.len += 1;
        }
    }

    /// Makes room for so many more, unless there is no memory for it.
    pub fn try_reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        while self.pieces.len() * PIECE < self.len + more {
            let mut piece = Vec::new();
            piece.try_reserve_exact(PIECE)?;
            self.pieces.try_reserve(1)?;
            self.pieces.push(piece);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_where_they_were_put_and_stay_there() {
        let mut chunks = Chunks::default();
        let mut first = None;
        for number in 0..3 * PIECE + 5 {
            if number == PIECE + 1 {
                chunks.try_reserve(2 * PIECE).expect("some room");
                assert_eq!(chunks.len(), number);
            }
            chunks.push(number);
            first = first.or_else(|| chunks.get(0).map(std::ptr::from_ref));
        }
        assert_eq!(chunks.len(), 3 * PIECE + 5);
        assert!(chunks.iter().copied().eq(0..3 * PIECE + 5));
        assert!((0..3 * PIECE + 5).all(|number| chunks.get(number) == Some(&number)));
        assert_eq!((chunks.get(3 * PIECE + 5), chunks.get(usize::MAX)), (None, None));
        *chunks.get_mut(2 * PIECE).expect("it is there") = 7;
        assert_eq!(chunks.get(2 * PIECE), Some(&7));
        assert_eq!(chunks.get(0).map(std::ptr::from_ref), first);
    }
}
