//! Standard input as a file, on the systems that we know.

use std::fs::File;
use std::io;

/// Standard input as a file of its own: unbuffered, so that nothing is copied twice, and with its true errors.
#[cfg(unix)]
pub(crate) fn own_stdin() -> io::Result<File> {
    use std::os::fd::AsFd;
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// Standard input as a file of its own.
#[cfg(windows)]
pub(crate) fn own_stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}
