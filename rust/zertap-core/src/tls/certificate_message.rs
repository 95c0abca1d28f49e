//! The Certificate message up to TLS 1.2: only its leaf is looked at.
//!
//! Source: RFC 5246 7.4.2. The whole leaf is there or nothing is read; the chain behind it is skipped by
//! length and never gathered.

use crate::reader::Reader;

/// The leaf's DER octets in the content of a Certificate message; `None` where the sender has none (an
/// empty list) or they are not all there.
pub(super) fn leaf(content: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(content);
    reader.u24()?;
    reader.vec24().filter(|der| !der.is_empty())
}

#[cfg(test)]
mod tests {
    use super::leaf;

    #[test]
    fn the_leaf_is_the_first_of_the_list() {
        assert_eq!(leaf(&[0, 0, 9, 0, 0, 2, 7, 8, 0, 0, 1, 9]), Some(&[7, 8][..]));
    }

    #[test]
    fn an_empty_list_or_a_cut_leaf_gives_none() {
        assert_eq!(leaf(&[0, 0, 0]), None);
        assert_eq!(leaf(&[0, 0, 3, 0, 0, 0]), None);
        assert_eq!(leaf(&[0, 0, 6, 0, 0, 3, 7, 8]), None);
    }
}
