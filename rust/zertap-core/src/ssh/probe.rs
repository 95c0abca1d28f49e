//! Where an SSH conversation begins: the first octets of a stream, or a line of the server's (EDGE_CASES A3).
//!
//! Nothing is kept but counters, so a direction in clear can be watched at no cost in memory.

use crate::compact::compact;
use memchr::memchr;

/// What every identification line begins with (RFC 4253 section 4.2).
pub const SSH_PREFIX: &[u8; 4] = b"SSH-";

/// How many octets of a server's stream are searched for an identification line (A3, A10).
const SCAN_OCTETS: u16 = 8192;
/// How many lines may come before it (A10).
const SCAN_LINES: u16 = 1024;

/// Whether a stream's first octets begin SSH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// They do not, and no further octet can change that.
    No,
    /// All of them match, but four are needed.
    Short,
    /// Four octets match: a handshake has begun.
    Begun,
}

/// Judges the first octets of a stream.
pub fn probe(first_octets: &[u8]) -> Probe {
    let given = first_octets.get(..SSH_PREFIX.len()).unwrap_or(first_octets);
    if !SSH_PREFIX.starts_with(given) {
        Probe::No
    } else if given.len() == SSH_PREFIX.len() {
        Probe::Begun
    } else {
        Probe::Short
    }
}

/// What a [`LineScan`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Not yet; go on.
    More,
    /// A line begins with `SSH-`; `next` octets of the pushed slice are used up, the last of them its `-`.
    ///
    /// The observer wants the stream from the start of that line: first [`SSH_PREFIX`], then `&bytes[next..]`.
    Found {
        /// Octets of the pushed slice up to and including the four.
        next: usize,
    },
    /// The limits are passed; there will be none.
    Never,
}

/// Searches a server's stream for an identification line at the start of a line.
///
/// Limits: all four octets within the first 8192 of the stream, at most 1024 lines before them. The answer does not depend on
/// how the octets are cut; only LF ends a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineScan {
    octets: u16,
    lines: u16,
    /// Octets of the current line that match the prefix; `SKIP` when it has gone astray.
    matched: u8,
}

/// The current line does not begin with the prefix.
const SKIP: u8 = u8::MAX;

impl LineScan {
    /// Takes the next octets.
    pub fn push(&mut self, bytes: &[u8]) -> Scan {
        let mut rest = bytes;
        loop {
            if self.octets >= SCAN_OCTETS || self.lines > SCAN_LINES {
                return Scan::Never;
            }
            rest = self.pass_line(rest);
            let Some((&octet, behind)) = rest.split_first().filter(|_| self.octets < SCAN_OCTETS) else {
                return if self.octets < SCAN_OCTETS { Scan::More } else { Scan::Never };
            };
            rest = behind;
            self.octets += 1;
            self.step(octet);
            if usize::from(self.matched) == SSH_PREFIX.len() {
                return Scan::Found { next: bytes.len() - rest.len() };
            }
        }
    }

    /// Passes what is left of a line that is none, as far as is looked at; what follows begins with its end.
    fn pass_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.matched != SKIP {
            return bytes;
        }
        let most = bytes.len().min(usize::from(SCAN_OCTETS - self.octets));
        let line = bytes.get(..most).unwrap_or(bytes);
        let passed = memchr(b'\n', line).unwrap_or(most);
        self.octets += passed as u16;
        bytes.get(passed..).unwrap_or_default()
    }

    /// `length` octets will never be seen; the line they end in cannot be the one.
    pub fn gap(&mut self, length: u64) {
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.octets = self.octets.saturating_add(length);
        self.matched = SKIP;
    }

    /// Octets of the stream before the line that was found.
    pub fn start(&self) -> u64 {
        u64::from(self.octets).saturating_sub(SSH_PREFIX.len() as u64)
    }

    fn step(&mut self, octet: u8) {
        if octet == b'\n' {
            self.lines += 1;
            self.matched = 0;
        } else if SSH_PREFIX.get(usize::from(self.matched)) == Some(&octet) {
            self.matched += 1;
        } else {
            self.matched = SKIP;
        }
    }
}

compact!(struct LineScan { octets, lines, matched });
