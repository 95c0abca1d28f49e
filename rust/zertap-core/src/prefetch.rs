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
    for line in 0..size_of::<T>().min(OCTETS).div_ceil(LINE) {
        // SAFETY: SSE is part of every x86_64; the instruction is a hint that accesses no memory architecturally. The
        // pointer stays within the referenced value, because `line * LINE` is less than its size.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast::<i8>().add(line * LINE));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
