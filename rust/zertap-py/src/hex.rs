//! Octets as hexadecimal digits.

/// Upper or lower case of hexadecimal digits.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Upper,
    Lower,
}

pub(crate) fn hex(octets: &[u8], case: Case) -> String {
    let mut text = Vec::with_capacity(2 * octets.len());
    push_hex(&mut text, octets, case);
    // Only ASCII digits went in.
    String::from_utf8(text).unwrap_or_default()
}

/// Octets turned into digits at a time: those of a session's identity, a digest.
const HEX_PIECE: usize = 32;

/// Appends octets as hexadecimal digits.
pub(crate) fn push_hex(out: &mut Vec<u8>, octets: &[u8], case: Case) {
    let digits: &[u8; 16] = match case {
        Case::Upper => b"0123456789ABCDEF",
        Case::Lower => b"0123456789abcdef",
    };
    for piece in octets.chunks(HEX_PIECE) {
        let mut text = [0; 2 * HEX_PIECE];
        for (pair, octet) in text.as_chunks_mut::<2>().0.iter_mut().zip(piece) {
            *pair = [digits[usize::from(octet >> 4)], digits[usize::from(octet & 15)]];
        }
        out.extend_from_slice(text.get(..2 * piece.len()).unwrap_or_default());
    }
}
