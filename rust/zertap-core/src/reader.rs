//! A cursor over borrowed bytes: the one way in which wire formats are read.
//!
//! Every read answers `None` when too few octets are left and then consumes nothing, so a parser is a
//! chain of `?` and cannot reach beyond its input. Nothing here knows a protocol; nothing is copied.

/// A position in borrowed octets, moving forward only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The octets not yet read, without consuming them.
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many octets are left.
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything has been read.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `length` octets.
    #[inline]
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(length)?;
        self.rest = tail;
        Some(head)
    }

    /// The next `N` octets as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.rest.split_first_chunk::<N>()?;
        self.rest = tail;
        Some(*head)
    }

    /// Steps over `length` octets.
    #[inline]
    pub fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(|_| ())
    }

    /// One octet.
    #[inline]
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[octet]| octet)
    }

    /// Two octets, most significant first.
    #[inline]
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three octets, most significant first.
    #[inline]
    pub fn u24(&mut self) -> Option<u32> {
        self.array::<3>().map(|[high, middle, low]| u32::from_be_bytes([0, high, middle, low]))
    }

    /// Four octets, most significant first.
    #[inline]
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The octets behind a length of one octet (`opaque x<0..2^8-1>` in TLS's presentation language).
    #[inline]
    pub fn vec8(&mut self) -> Option<&'a [u8]> {
        self.prefixed(|reader| reader.u8().map(usize::from))
    }

    /// The octets behind a length of two octets.
    #[inline]
    pub fn vec16(&mut self) -> Option<&'a [u8]> {
        self.prefixed(|reader| reader.u16().map(usize::from))
    }

    /// The octets behind a length of three octets.
    #[inline]
    pub fn vec24(&mut self) -> Option<&'a [u8]> {
        self.prefixed(|reader| reader.u24().and_then(|length| usize::try_from(length).ok()))
    }

    /// The octets behind a length of four octets (`string` in RFC 4251 section 5).
    #[inline]
    pub fn vec32(&mut self) -> Option<&'a [u8]> {
        self.prefixed(|reader| reader.u32().and_then(|length| usize::try_from(length).ok()))
    }

    /// Reads a length and what it announces, or nothing at all.
    #[inline]
    fn prefixed(&mut self, length: impl FnOnce(&mut Self) -> Option<usize>) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let announced = length(&mut ahead)?;
        let body = ahead.take(announced)?;
        *self = ahead;
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn numbers_are_read_most_significant_octet_first() {
        let mut reader = Reader::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(reader.u8(), Some(0x01));
        assert_eq!(reader.u16(), Some(0x0203));
        assert_eq!(reader.u24(), Some(0x04_0506));
        assert_eq!(reader.u32(), Some(0x0708_090A));
        assert!(reader.is_empty());
        assert_eq!(reader.u8(), None);
    }

    #[test]
    fn a_read_beyond_the_end_consumes_nothing() {
        let mut reader = Reader::new(&[7, 8, 9]);
        assert_eq!(reader.u32(), None);
        assert_eq!(reader.take(4), None);
        assert_eq!(reader.skip(usize::MAX), None);
        assert_eq!(reader.array::<4>(), None);
        assert_eq!(reader.rest(), [7, 8, 9]);
        assert_eq!(reader.u24(), Some(0x07_0809));
    }

    #[test]
    fn a_length_prefix_that_promises_too_much_consumes_nothing() {
        for (bytes, width) in
            [(vec![3, 1, 2], 1), (vec![0, 3, 1, 2], 2), (vec![0, 0, 3, 1, 2], 3), (vec![0xFF; 9], 4)]
        {
            let mut reader = Reader::new(&bytes);
            let got = match width {
                1 => reader.vec8(),
                2 => reader.vec16(),
                3 => reader.vec24(),
                _ => reader.vec32(),
            };
            assert_eq!(got, None);
            assert_eq!(reader.remaining(), bytes.len());
        }
    }

    #[test]
    fn length_prefixed_parts_leave_what_follows_them() {
        let mut reader = Reader::new(&[1, 0xAA, 0, 1, 0xBB, 0, 0, 1, 0xCC, 0, 0, 0, 1, 0xDD, 0xEE]);
        assert_eq!(reader.vec8(), Some(&[0xAA][..]));
        assert_eq!(reader.vec16(), Some(&[0xBB][..]));
        assert_eq!(reader.vec24(), Some(&[0xCC][..]));
        assert_eq!(reader.vec32(), Some(&[0xDD][..]));
        assert_eq!(reader.rest(), [0xEE]);
    }

    #[test]
    fn an_empty_prefixed_part_is_there_and_empty() {
        let mut reader = Reader::new(&[0]);
        assert_eq!(reader.vec8(), Some(&[][..]));
        assert_eq!(reader.vec8(), None);
    }
}
