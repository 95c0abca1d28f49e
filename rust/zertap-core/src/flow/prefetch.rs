//! Asking for memory before it is needed: the one place of the engine with `unsafe`, and why.
//!
//! A look-up in a table larger than the caches waits for memory twice, the index and the slot. Asked for a batch of
//! packets ahead, the waits overlap (`benches/README.md` has the figures). Stable Rust has no safe call for it.

/// Hints that `place` will soon be read and written. Has no effect that a program could observe.
#[inline]
#[expect(
    unsafe_code,
    reason = "a prefetch reads nothing and faults on no address; the pointer comes from a reference"
)]
pub fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of every x86_64; the instruction is a hint that accesses no memory architecturally.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
