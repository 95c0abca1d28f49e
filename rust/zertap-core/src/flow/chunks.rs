//! A list that grows by pieces of one size and never moves what it holds: growing copies nothing, needs no second room
//! of twice the size for a moment, and takes as long for the millionth entry as for the first.

use std::collections::TryReserveError;

/// Entries of one piece: a power of two, and a length that the compiler knows, so that within a piece nothing is checked. Many, so
/// that what its last page of memory leaves empty is little for each.
const PIECE: usize = 2048;

/// See above. A place where nothing was put yet holds the default.
#[derive(Debug)]
pub struct Chunks<T> {
    pieces: Vec<Box<[T; PIECE]>>,
    len: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T: Default> Chunks<T> {
    /// How many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The entry under an index; there may be some behind the last one, with nothing in them.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.pieces.get(index / PIECE).map(|piece| &piece[index % PIECE])
    }

    /// The same, to be changed.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.pieces.get_mut(index / PIECE).map(|piece| &mut piece[index % PIECE])
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flat_map(|piece| piece.iter()).take(self.len)
    }

    /// Adds an entry behind all others: the default, which stands there already.
    #[inline]
    pub fn add(&mut self) {
        if self.len == self.pieces.len() * PIECE {
            self.add_piece();
        }
        self.len += 1;
    }

    #[cold]
    fn add_piece(&mut self) {
        self.pieces.extend(filled(Vec::with_capacity(PIECE)));
    }

    /// Makes room for so many more, unless there is no memory for it.
    pub fn try_reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        while self.pieces.len() * PIECE < self.len + more {
            let mut piece = Vec::new();
            piece.try_reserve_exact(PIECE)?;
            self.pieces.try_reserve(1)?;
            self.pieces.extend(filled(piece));
        }
        Ok(())
    }
}

/// A piece in the room that was made for it.
fn filled<T: Default>(mut room: Vec<T>) -> Option<Box<[T; PIECE]>> {
    room.resize_with(PIECE, T::default);
    room.into_boxed_slice().try_into().ok()
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
            chunks.add();
            *chunks.get_mut(number).expect("it was added") = number;
            first = first.or_else(|| chunks.get(0).map(std::ptr::from_ref));
        }
        assert_eq!(chunks.len(), 3 * PIECE + 5);
        assert!(chunks.iter().copied().eq(0..3 * PIECE + 5));
        assert!((0..3 * PIECE + 5).all(|number| chunks.get(number) == Some(&number)));
        assert_eq!(
            (chunks.get(3 * PIECE + 5), chunks.get(4 * PIECE), chunks.get(usize::MAX)),
            (Some(&0), None, None)
        );
        *chunks.get_mut(2 * PIECE).expect("it is there") = 7;
        assert_eq!(chunks.get(2 * PIECE), Some(&7));
        assert_eq!(chunks.get(0).map(std::ptr::from_ref), first);
    }
}
