//! Asking for memory before it is needed: the one place of the engine with `unsafe`, and why.
//!
//! A look-up in a table larger than the caches waits for memory twice, the index and the slot. Asked for a batch of
//! packets ahead, the waits overlap (`benches/README.md` has the figures). Stable Rust has no safe call for it.

/// Octets of a cache line; where lines are longer, asking twice costs nothing.
const LINE: usize = 64;

/// Hints that `place` will soon be read and written, all of it. Has no effect that a program could observe.
#[inline]
pub fn prefetch<T>(place: &T) {
    prefetch_first::<{ usize::MAX }, T>(place);
}

/// The same of its first `OCTETS` octets.
#[inline]
#[expect(
    unsafe_code,
    reason = "a prefetch reads nothing and faults on no address; the pointers come from a reference"
)]
pub fn prefetch_first<const OCTETS: usize, T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..lines::<OCTETS, T>() {
        let octet = (line * LINE).min(size_of::<T>().min(OCTETS) - 1);
        // SAFETY: SSE is part of every x86_64; the instruction is a hint that accesses no memory architecturally. The
        // pointer stays within the referenced value, because `octet` is less than its size.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast::<i8>().add(octet));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// In how many lines the first octets of a value may lie. Where values begin anywhere in a line, one may reach into one line
/// more; small ones of a size that divides a line's do not, as they stand in lists.
#[cfg(target_arch = "x86_64")]
const fn lines<const OCTETS: usize, T>() -> usize {
    let octets = if size_of::<T>() < OCTETS { size_of::<T>() } else { OCTETS };
    let begins = if LINE.is_multiple_of(size_of::<T>()) || align_of::<T>() > LINE {
        0
    } else {
        LINE - align_of::<T>()
    };
    (octets + begins).div_ceil(LINE)
}
