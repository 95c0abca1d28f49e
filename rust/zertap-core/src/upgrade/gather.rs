//! The first octets of something, up to a fixed number; what comes after them is counted and forgotten.
//!
//! Octets of a conversation in clear may be secret: they are wiped when the next thing begins, and never printed.

/// At most `N` octets.
#[derive(Clone, Copy)]
pub(crate) struct Gather<const N: usize> {
    octets: [u8; N],
    kept: u8,
}

impl<const N: usize> Default for Gather<N> {
    fn default() -> Self {
        const { assert!(N <= u8::MAX as usize) };
        Self { octets: [0; N], kept: 0 }
    }
}

impl<const N: usize> std::fmt::Debug for Gather<N> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Gather({} of {N})", self.kept)
    }
}

impl<const N: usize> Gather<N> {
    /// Takes as many of `bytes` as there is room for.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let kept = usize::from(self.kept);
        let room = self.octets.get_mut(kept..).unwrap_or_default();
        let taken = room.len().min(bytes.len());
        if let (Some(room), Some(taken)) = (room.get_mut(..taken), bytes.get(..taken)) {
            room.copy_from_slice(taken);
        }
        self.kept = (kept + bytes.len()).min(N) as u8;
    }

    /// The octets kept.
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.kept)).unwrap_or_default()
    }

    /// How many are kept.
    pub(crate) const fn len(&self) -> usize {
        self.kept as usize
    }

    /// Hands the octets out and forgets them.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Gather;

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut gather = Gather::<4>::default();
        gather.push(b"ab");
        assert_eq!(gather.octets(), b"ab");
        gather.push(b"cdef");
        assert_eq!(gather.octets(), b"abcd");
        assert_eq!(gather.take().octets(), b"abcd");
        assert_eq!(gather.octets(), b"");
    }

    #[test]
    fn octets_are_not_printed() {
        let mut gather = Gather::<8>::default();
        gather.push(b"secret");
        assert_eq!(format!("{gather:?}"), "Gather(6 of 8)");
    }
}
