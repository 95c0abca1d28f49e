//! When memory runs out: an error while there is still something left to end in good order with, one line and an exit
//! status when there is not. The one place of the door with `unsafe`, and why.
//!
//! Rust's own answer is SIGABRT and a line of its own; what happens then can be chosen on a stable compiler only by a
//! global allocator. This one is the system's, which it asks first in any case, and a *reserve* of address space that
//! nobody has touched. The first request that cannot be met gives the reserve back to the system and is tried again; from
//! then on memory [`is_short`], which the door asks after every batch of frames and raises as `OutOfMemory`, so that
//! Python can deliver what was observed. A request that fails even then ends the process.
//!
//! What grows with the number of connections asks ahead inside [`may_fail`], where a failed request is the caller's.
#![expect(unsafe_code, reason = "`GlobalAlloc` is unsafe to implement; see each SAFETY")]

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

#[global_allocator]
static ALLOCATOR: Guarded = Guarded;

/// What is kept for the end. Unit: octets.
const RESERVE: Layout = match Layout::from_size_align(8 << 20, 4096) {
    Ok(layout) => layout,
    Err(_) => panic!("not a layout"),
};

static HELD: AtomicPtr<u8> = AtomicPtr::new(null_mut());
static SHORT: AtomicBool = AtomicBool::new(false);
/// Somebody has told of it.
static TOLD: AtomicBool = AtomicBool::new(false);

thread_local! {
    static MAY_FAIL: Cell<bool> = const { Cell::new(false) };
}

/// `zertap/cli/status.py` has the same number.
const OUT_OF_MEMORY: i32 = 71;
const LINE: &[u8] = b"zertap: out of memory: what was not yet written is lost\n";

/// Sets a reserve aside where there is none; then memory is short no longer.
pub(crate) fn set_aside() {
    if HELD.load(Ordering::Acquire).is_null() {
        // SAFETY: the layout's size is not zero.
        let reserve = unsafe { System.alloc(RESERVE) };
        if reserve.is_null() {
            return;
        }
        if HELD.compare_exchange(null_mut(), reserve, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            // SAFETY: allocated above with this layout, and nobody else has seen it.
            unsafe { System.dealloc(reserve, RESERVE) };
        }
    }
    SHORT.store(false, Ordering::Relaxed);
    TOLD.store(false, Ordering::Relaxed);
}

/// Gives the reserve back to the system: whoever ends in good order needs some of it. Whether there was one.
pub(crate) fn give_back() -> bool {
    SHORT.store(true, Ordering::Relaxed);
    let reserve = HELD.swap(null_mut(), Ordering::AcqRel);
    if !reserve.is_null() {
        // SAFETY: allocated with this layout by `set_aside`; the swap gave it to this thread alone.
        unsafe { System.dealloc(reserve, RESERVE) };
    }
    !reserve.is_null()
}

/// Whether the reserve had to be used.
pub(crate) fn is_short() -> bool {
    SHORT.load(Ordering::Relaxed)
}

/// The shortage was told: if memory runs out once more, there is nothing to add.
#[pyfunction]
pub(crate) fn shortage_told() {
    TOLD.store(true, Ordering::Relaxed);
}

/// Does something that answers for failed requests itself.
pub(crate) fn may_fail<T>(something: impl FnOnce() -> T) -> T {
    MAY_FAIL.set(true);
    let result = something();
    MAY_FAIL.set(false);
    result
}

/// Octets for Python. `PyBytes::new` panics where there is no memory for them; this raises `MemoryError`.
pub(crate) fn octets<'py>(py: Python<'py>, octets: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, octets.len(), |room| {
        room.copy_from_slice(octets);
        Ok(())
    })
}

struct Guarded;

// SAFETY: every method hands its arguments on to the system's allocator, whose promises are the same, and returns what
// that returned. Nothing here allocates or unwinds.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc`'s promises.
        met(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc_zeroed`'s promises.
        met(|| unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps `realloc`'s promises; where it fails, `old` stays as it was.
        met(|| unsafe { System.realloc(old, layout, size) })
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s promises.
        unsafe { System.dealloc(old, layout) }
    }
}

#[inline]
fn met(request: impl Fn() -> *mut u8) -> *mut u8 {
    let got = request();
    if got.is_null() { again(request) } else { got }
}

#[cold]
#[inline(never)]
fn again(request: impl Fn() -> *mut u8) -> *mut u8 {
    if MAY_FAIL.get() {
        return null_mut();
    }
    if give_back() {
        let got = request();
        if !got.is_null() {
            return got;
        }
    }
    // SAFETY: `LINE` is that long; both calls are safe at any moment (POSIX: async-signal-safe), and the second one ends
    // the process without running anything else of it.
    unsafe {
        if !TOLD.load(Ordering::Relaxed) {
            libc::write(2, LINE.as_ptr().cast(), LINE.len());
        }
        libc::_exit(OUT_OF_MEMORY)
    }
}
