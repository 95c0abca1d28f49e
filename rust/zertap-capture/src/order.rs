//! Numbers in either byte order, read only where the bytes are really there.

/// The byte order in which a capture, or one section of it, was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The most significant octet first.
    Big,
    /// The least significant octet first.
    Little,
}

impl Order {
    /// The number at `at`, or `None` when `bytes` ends before it.
    #[inline]
    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Big => u16::from_be_bytes(raw),
            Self::Little => u16::from_le_bytes(raw),
        })
    }

    /// The number at `at`, or `None` when `bytes` ends before it.
    #[inline]
    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        bytes.get(at..)?.first_chunk().map(|&raw| self.whole(raw))
    }

    /// Four octets as a number.
    #[inline]
    pub(crate) fn whole(self, raw: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(raw),
            Self::Little => u32::from_le_bytes(raw),
        }
    }

    /// The number that `bytes` begins with, or `None` when there are fewer than eight.
    pub(crate) fn i64(self, bytes: &[u8]) -> Option<i64> {
        let raw = *bytes.first_chunk()?;
        Some(match self {
            Self::Big => i64::from_be_bytes(raw),
            Self::Little => i64::from_le_bytes(raw),
        })
    }
}
