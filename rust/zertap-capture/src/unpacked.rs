//! A file's octets, unpacked: for files that hold no packets but are stored in the same ways.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::compressed;
use crate::stdin::own_stdin;
use crate::window::Input;

/// How many first octets tell the compression.
const HEAD: usize = 4;

/// A file, a pipe or standard input, read from its first octet to its last.
///
/// A read that a signal interrupts may be made again.
pub struct Octets {
    state: State,
}

/// How far it is.
enum State {
    /// The first octets, which tell the compression, are being read.
    Beginning {
        file: File,
        head: Vec<u8>,
    },
    Reading(Input),
    /// It could not be begun; that was told.
    Failed,
}

impl Octets {
    /// Opens the file at `path`; `-` is standard input. Reads nothing yet.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = if path == Path::new("-") { own_stdin()? } else { File::open(path)? };
        Ok(Self { state: State::Beginning { file, head: Vec::with_capacity(HEAD) } })
    }
}

impl Read for Octets {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let State::Beginning { file, head } = &mut self.state {
            loop {
                let mut rest = [0; HEAD];
                let count = file.read(rest.get_mut(head.len()..).unwrap_or_default())?;
                head.extend_from_slice(rest.get(head.len()..head.len() + count).unwrap_or_default());
                if count == 0 || head.len() == HEAD {
                    break;
                }
            }
        }
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Beginning { file, head } => {
                let compression = compressed::recognise(&head);
                State::Reading(compressed::unpack(compression, Box::new(Cursor::new(head).chain(file)))?)
            }
            other => other,
        };
        match &mut self.state {
            State::Reading(input) => input.read(room),
            State::Beginning { .. } | State::Failed => Ok(0),
        }
    }
}
