//! What a reader asks the processor for before it is read.

use zertap_core::prefetch::prefetch;

/// Asks for octets that will be read some records later; what the page cache holds is in no cache of the core.
#[inline]
pub(crate) fn ask_ahead(behind: &[u8], length: usize) {
    const AHEAD: usize = 3072;
    const LINE: usize = 64;
    /// Lines asked for in any case: a count that varies would be a jump that cannot be predicted.
    const ALWAYS: usize = 8;
    // One look at the length for all of them; what stands before `AHEAD` was asked for with earlier records.
    let Some((near, more)) = behind.split_first_chunk::<{ AHEAD + ALWAYS * LINE }>() else { return };
    near.as_chunks::<LINE>().0.iter().skip(AHEAD / LINE).for_each(prefetch);
    // Of long records mostly the headers are read, and what is read to its end the core follows by itself.
    let lines = length / LINE;
    if lines > ALWAYS {
        more.as_chunks::<LINE>().0.iter().take(lines - ALWAYS).step_by(4).for_each(prefetch);
    }
}

/// Asks for where the next records may begin: most frames are as long as Ethernet lets them be, or bear nothing but headers.
/// `around` is what stands round a frame in its record. For who reads headers only: asking for all that lies between takes
/// longer than reading does.
#[inline]
pub(crate) fn ask_for_heads(behind: &[u8], around: usize) {
    const LONG: usize = 1514;
    const SHORT: usize = 66;
    let (long, short) = (LONG + around, SHORT + around);
    // One look at the length for all of them.
    let Some(near) = behind.get(..=3 * long) else { return };
    for at in [short, long, long + short, 2 * long, 2 * long + short, 3 * long] {
        near.get(at).into_iter().for_each(prefetch);
    }
}
