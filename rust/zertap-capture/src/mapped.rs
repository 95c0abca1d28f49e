//! A capture's octets where the page cache holds them, so that nothing is copied: the one place of this crate with
//! `unsafe`, and why.
//!
//! A file that is shortened while it is mapped takes its pages away from under the reader, and the reader's process
//! with them (SIGBUS). So a file is mapped only under a read lease (`F_SETLEASE`, fcntl(2)): the kernel grants it
//! while nobody has the file open for writing, and makes whoever wants to write or truncate wait until it is given
//! back. It is looked at before every view, and given back whenever the caller pauses. Without a lease (a file that
//! is still written, another owner's, a file system that has none, another system than Linux) the file is read.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use memmap2::{Mmap, MmapOptions};

/// How much is mapped at once: few calls, and pages that were used are given back.
const VIEW: u64 = 8 << 20;

/// Views begin at multiples of this; every page size divides it.
const ALIGNMENT: u64 = 64 << 10;

/// Smaller files are read: mapping them would cost more than it saves.
pub(crate) const LEAST: u64 = 1 << 20;

/// Views that wait for slower readers; who is further behind maps for himself.
const SHARED: usize = 4;

/// A regular file that nobody can change while it is looked at.
pub(crate) struct Mapped {
    file: File,
    size: u64,
    leased: bool,
    others: Option<Shelf>,
}

/// Views for several readers of one capture: what the first has mapped costs the others nothing.
#[derive(Clone, Default)]
pub(crate) struct Shelf(Arc<Mutex<VecDeque<Shared>>>);

/// A view of the file that this was when it was mapped: a path may lead to another one by now.
struct Shared {
    file: FileName,
    base: u64,
    octets: Arc<Mmap>,
}

/// Device and inode.
type FileName = (u64, u64);

impl Shelf {
    /// The view, made by `map` if nobody has made it. Whoever needs it meanwhile waits rather than making another.
    fn view(
        &self,
        file: FileName,
        (base, length): (u64, usize),
        map: impl FnOnce() -> io::Result<Mmap>,
    ) -> io::Result<Arc<Mmap>> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |view: &&Shared| view.file == file && view.base == base && view.octets.len() == length;
        if let Some(view) = views.iter().find(fits) {
            return Ok(Arc::clone(&view.octets));
        }
        let octets = Arc::new(map()?);
        views.push_back(Shared { file, base, octets: Arc::clone(&octets) });
        if views.len() > SHARED {
            views.pop_front();
        }
        Ok(octets)
    }
}

/// Some of the file.
pub(crate) struct View {
    /// The octets.
    pub(crate) octets: Arc<Mmap>,
    /// Where they begin in the file.
    pub(crate) base: u64,
}

impl Mapped {
    /// The file, if it can be leased.
    pub(crate) fn of(file: &File, others: Option<&Shelf>) -> Option<Self> {
        let mut mapped =
            Self { file: file.try_clone().ok()?, size: 0, leased: false, others: others.cloned() };
        (mapped.lease().ok()? && mapped.size >= LEAST).then_some(mapped)
    }

    /// Octets from `offset` on, at least `count` if the file has them; `None` if the file has to be read from now on.
    pub(crate) fn view(&mut self, offset: u64, count: usize) -> Option<View> {
        if !self.leased || !lease::holds(&self.file) {
            return None;
        }
        let base = offset / ALIGNMENT * ALIGNMENT;
        let wanted = VIEW.max(offset - base + count as u64);
        let length = wanted.min(self.size.saturating_sub(base)) as usize;
        // Where there is no room for a view, less is needed to read.
        let octets = match &self.others {
            Some(others) => self.shared(others, base, length),
            None => map(&self.file, base, length).map(Arc::new),
        };
        octets.ok().map(|octets| View { octets, base })
    }

    /// A view that another reader may have made. It is looked at under our own lease, which is on the file, whoever mapped it.
    fn shared(&self, others: &Shelf, base: u64, length: usize) -> io::Result<Arc<Mmap>> {
        others.view(file_name(&self.file)?, (base, length), || map(&self.file, base, length))
    }

    /// Lets others write; nothing may be looked at until `resume`.
    pub(crate) fn pause(&mut self) {
        if self.leased {
            lease::give_back(&self.file);
            self.leased = false;
        }
    }

    /// Goes on after a pause; `false` if the file has to be read from now on.
    pub(crate) fn resume(&mut self) -> io::Result<bool> {
        if self.leased { Ok(true) } else { self.lease() }
    }

    /// The rest of the file, to be read.
    pub(crate) fn into_reader(mut self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        self.pause();
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }

    fn lease(&mut self) -> io::Result<bool> {
        self.leased = lease::take(&self.file);
        let before = self.size;
        self.size = self.file.metadata()?.len();
        // What was shortened while nobody looked is read, so that the end is found where it is.
        Ok(self.leased && self.size >= before)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        self.pause();
    }
}

#[cfg(unix)]
fn file_name(file: &File) -> io::Result<FileName> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().map(|about| (about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn file_name(_: &File) -> io::Result<FileName> {
    Err(io::ErrorKind::Unsupported.into())
}

#[expect(
    unsafe_code,
    reason = "mapping a file is safe only while it cannot be changed; the lease sees to that"
)]
fn map(file: &File, base: u64, length: usize) -> io::Result<Mmap> {
    // SAFETY: the octets must not change while they are borrowed. The lease that `view` has just looked at keeps every
    // other opener from writing, and `pause` ends it only when no view is being looked at. Several readers may look at one
    // view: each does so only under a lease of its own.
    unsafe { MmapOptions::new().offset(base).len(length).populate().map(file) }
}

#[cfg(target_os = "linux")]
mod lease {
    use std::fs::File;
    use std::os::fd::AsRawFd;

    /// fcntl(2); the `libc` crate has no name for it.
    const F_SETSIG: i32 = 10;

    /// Takes a read lease. When somebody wants to write, the kernel tells by a signal that nobody has to handle.
    pub(super) fn take(file: &File) -> bool {
        control(file, F_SETSIG, libc::SIGURG) == 0 && control(file, libc::F_SETLEASE, libc::F_RDLCK) == 0
    }

    /// Whether the lease is held and nobody waits for its end.
    pub(super) fn holds(file: &File) -> bool {
        control(file, libc::F_GETLEASE, 0) == libc::F_RDLCK
    }

    pub(super) fn give_back(file: &File) {
        control(file, libc::F_SETLEASE, libc::F_UNLCK);
    }

    #[expect(unsafe_code, reason = "the standard library has no leases")]
    fn control(file: &File, command: i32, argument: i32) -> i32 {
        // SAFETY: these commands take one number and touch no memory of ours; the descriptor is open while borrowed.
        unsafe { libc::fcntl(file.as_raw_fd(), command, argument) }
    }
}

#[cfg(not(target_os = "linux"))]
mod lease {
    use std::fs::File;

    pub(super) fn take(_: &File) -> bool {
        false
    }

    pub(super) fn holds(_: &File) -> bool {
        false
    }

    pub(super) fn give_back(_: &File) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn file(name: &str, octet: u8) -> File {
        let path = std::env::temp_dir().join(format!("zertap-mapped-{}-{name}", std::process::id()));
        std::fs::write(&path, vec![octet; LEAST as usize]).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    #[test]
    fn what_one_reader_has_mapped_the_next_one_gets_and_nobody_another_file() {
        let (one, other, views) = (file("one", 1), file("other", 2), Shelf::default());
        let mut readers = [&one, &one, &other].map(|file| Mapped::of(file, Some(&views)).unwrap());
        let [first, second, third] = readers.each_mut().map(|reader| reader.view(0, 1).unwrap().octets);
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!((first[0], third[0]), (1, 2));
        assert_eq!(views.0.lock().unwrap().len(), 2);
    }

    #[test]
    fn views_that_nobody_fetches_are_let_go() {
        let views = Shelf::default();
        let file = file("many", 3);
        let name = file_name(&file).unwrap();
        for number in 0..10 {
            let base = number * ALIGNMENT;
            views.view(name, (base, 4096), || map(&file, base, 4096)).unwrap();
        }
        let kept: Vec<u64> = views.0.lock().unwrap().iter().map(|view| view.base / ALIGNMENT).collect();
        assert_eq!(kept, [6, 7, 8, 9]);
    }
}
