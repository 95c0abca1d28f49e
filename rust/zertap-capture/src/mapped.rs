//! A capture's octets where the page cache holds them, so that nothing is copied: the one place of this crate with
//! `unsafe`, and why.
//!
//! A file that is shortened while it is mapped takes its pages away from under the reader, and the reader's process
//! with them (SIGBUS). So a file is mapped only under a read lease (`F_SETLEASE`, fcntl(2)): the kernel grants it
//! while nobody has the file open for writing, and makes whoever wants to write or truncate wait until it is given
//! back. It is looked at before every piece, and given back whenever the caller pauses. Without a lease (a file that
//! is still written, another owner's, a file system that has none, another system than Linux) the file is read.
//!
//! A view may be looked at by other threads too, each under a lease of its own ([`Onlooker`]), or read from the file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use memmap2::{Mmap, MmapOptions};

/// How much is mapped at once: few calls, few words to other cores when it is given back, and pages that were used are given back.
const VIEW: u64 = 32 << 20;

/// Views begin and are populated in multiples of this. Every page size divides it, and where the page cache holds a huge page it
/// is mapped whole: its first and last octets by pages of 4 KiB would cost more than all that lies between them.
const PIECE: u64 = 2 << 20;

/// Smaller files are read: mapping them would cost more than it saves.
pub(crate) const LEAST: u64 = 1 << 20;

/// A regular file that nobody can change while it is looked at.
pub(crate) struct Mapped {
    file: Arc<File>,
    size: u64,
    leased: bool,
}

/// Some of the file.
#[derive(Clone)]
pub(crate) struct View {
    /// The octets. May be looked at under the lease of whoever made the view, or under another one.
    pub(crate) octets: Arc<Mmap>,
    /// Where they begin in the file.
    pub(crate) base: u64,
    file: Arc<File>,
}

impl View {
    /// Whether both are the same piece of memory.
    pub(crate) fn is(&self, other: &View) -> bool {
        Arc::ptr_eq(&self.octets, &other.octets)
    }

    /// Reads `length` octets of it from the file as it is now, from `start` on; fewer if the file has become shorter.
    pub(crate) fn read(&self, start: usize, length: usize, room: &mut Vec<u8>) -> io::Result<()> {
        room.clear();
        room.resize(length, 0);
        let mut filled = 0;
        while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read_at(&self.file, rest, self.base + (start + filled) as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        room.truncate(filled);
        Ok(())
    }
}

/// Another thread's right to look at views: a lease of its own on the file in which they lie.
#[derive(Default)]
pub(crate) struct Onlooker {
    /// The file once more, for a lease belongs to all copies of a descriptor.
    file: Option<File>,
    /// The file of the views looked at last.
    of: Option<Arc<File>>,
    size: u64,
    leased: bool,
}

impl Onlooker {
    /// Whether the view may be looked at until `pause`, or until this is asked again.
    pub(crate) fn may_look(&mut self, view: &View) -> bool {
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, &view.file)) {
            self.pause();
            (self.file, self.of) = (lease::once_more(&view.file), Some(Arc::clone(&view.file)));
        }
        let Some(file) = &self.file else { return false };
        if self.leased {
            if !lease::holds(file) {
                self.pause();
                return false;
            }
        } else if lease::take(file) {
            self.leased = true;
            self.size = file.metadata().map_or(0, |about| about.len());
        }
        self.leased && view.base + view.octets.len() as u64 <= self.size
    }

    /// Lets others write; nothing may be looked at until it is asked for again.
    pub(crate) fn pause(&mut self) {
        if let Some(file) = self.file.as_ref().filter(|_| self.leased) {
            lease::give_back(file);
        }
        self.leased = false;
    }
}

impl Drop for Onlooker {
    fn drop(&mut self) {
        self.pause();
    }
}

impl Mapped {
    /// The file, if it can be leased.
    pub(crate) fn of(file: &File) -> Option<Self> {
        let mut mapped = Self { file: Arc::new(file.try_clone().ok()?), size: 0, leased: false };
        (mapped.lease().ok()? && mapped.size >= LEAST).then_some(mapped)
    }

    /// A view that holds `count` octets from `offset` on, if the file has them; `None` if the file has to be read from now on.
    pub(crate) fn view(&mut self, offset: u64, count: usize) -> Option<View> {
        if !self.holds() {
            return None;
        }
        let base = offset / PIECE * PIECE;
        let wanted = VIEW.max(offset - base + count as u64);
        let length = wanted.min(self.size.saturating_sub(base)) as usize;
        // Where there is no room for a view, less is needed to read.
        let octets = Arc::new(map(&self.file, base, length).ok()?);
        Some(View { octets, base, file: Arc::clone(&self.file) })
    }

    /// Has the kernel map the view's pages from `from` on, as far as `to` and to the end of that piece, in one go. How far they are;
    /// `None` if the file has to be read from now on.
    pub(crate) fn populate(&mut self, view: &View, from: usize, to: usize) -> Option<usize> {
        if !self.holds() {
            return None;
        }
        let from = from / PIECE as usize * PIECE as usize;
        let to = to.next_multiple_of(PIECE as usize).min(view.octets.len());
        populate(&view.octets, from, to.saturating_sub(from));
        Some(to)
    }

    fn holds(&self) -> bool {
        self.leased && lease::holds(&self.file)
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
fn read_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, room, offset)
}

#[cfg(not(unix))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[expect(
    unsafe_code,
    reason = "mapping a file is safe only while it cannot be changed; the lease sees to that"
)]
fn map(file: &File, base: u64, length: usize) -> io::Result<Mmap> {
    // SAFETY: the octets must not change while they are borrowed. The lease that `view` has just looked at keeps every
    // other opener from writing, and `pause` ends it only when no view is being looked at. Onlookers in other threads look at
    // one only after `may_look`, under a lease of their own that was there or came when the file was long enough.
    unsafe { MmapOptions::new().offset(base).len(length).map(file) }
}

/// A kernel that cannot (before 5.14) maps them as they are touched.
#[cfg(target_os = "linux")]
fn populate(octets: &Mmap, from: usize, length: usize) {
    let _ = octets.advise_range(memmap2::Advice::PopulateRead, from, length);
}

#[cfg(not(target_os = "linux"))]
fn populate(_: &Mmap, _: usize, _: usize) {}

#[cfg(target_os = "linux")]
mod lease {
    use std::fs::File;
    use std::os::fd::AsRawFd;

    /// The same file, opened once more, also if its path leads elsewhere by now.
    pub(super) fn once_more(file: &File) -> Option<File> {
        File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
    }

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

    pub(super) fn once_more(_: &File) -> Option<File> {
        None
    }

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
    fn an_onlooker_looks_under_a_lease_of_its_own() {
        let file = file("onlooker", 1);
        let mut mapped = Mapped::of(&file).unwrap();
        let view = mapped.view(0, 1).unwrap();
        let mut onlooker = Onlooker::default();
        assert!(onlooker.may_look(&view));
        mapped.pause();
        let again =
            std::path::PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file)));
        let write = || {
            let mut options = std::fs::OpenOptions::new();
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
            options.write(true).open(&again)
        };
        assert_eq!(write().unwrap_err().raw_os_error(), Some(libc::EWOULDBLOCK));
        // Somebody waits: the file is read from here on, until nobody writes any more.
        assert!(!onlooker.may_look(&view));
        let writer = write().unwrap();
        assert!(!onlooker.may_look(&view));
        drop(writer);
        assert!(onlooker.may_look(&view));
    }

    #[test]
    fn nobody_looks_at_what_was_shortened_and_reading_ends_where_the_file_does() {
        let file = file("shortened", 2);
        let mut mapped = Mapped::of(&file).unwrap();
        let view = mapped.view(0, 1).unwrap();
        mapped.pause();
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(1000).unwrap();
        let mut onlooker = Onlooker::default();
        assert!(!onlooker.may_look(&view));
        let mut room = vec![];
        view.read(990, 100, &mut room).unwrap();
        assert_eq!(room, [2; 10]);
    }
}
