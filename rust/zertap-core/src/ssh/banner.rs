//! The identification line: `SSH-protoversion-softwareversion SP comments CR LF` (RFC 4253 section 4.2).
//!
//! Read leniently, as OpenSSH does: up to 8192 octets, LF alone, CR alone, NUL inside; each oddity is a flag.

use crate::compact::compact;
use crate::handshake::{Flag, Flags};

/// Octets of the line that are kept as text.
const KEPT: usize = 255;
/// Room for a usual line.
const USUAL: usize = 64;
/// The longest line, its end included, that RFC 4253 section 4.2 allows.
const REGULAR: u16 = 255;
/// The longest line that is followed (A10).
const LONGEST: u16 = 8192;

/// What the line has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its end is not there yet; all octets were used.
    Open,
    /// It has ended; so many octets of the slice belong to it.
    Ended(usize),
    /// More than 8192 octets and no end.
    TooLong,
}

/// One side's identification line, as far as read.
#[derive(Debug, Default)]
pub(super) struct Banner {
    kept: Vec<u8>,
    length: u16,
    last: u8,
    ended: bool,
    odd: bool,
    speaks: Option<Speaks>,
}

impl Banner {
    /// Takes the next octets of the line.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Line {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let octets = memchr::memchr2(b'\n', 0, rest).unwrap_or(rest.len());
            let (plain, telling) = rest.split_at(octets);
            used += plain.len();
            if !self.go_on(plain) {
                return Line::TooLong;
            }
            let Some(&octet) = telling.first() else { break };
            if octet == 0 && self.last == b'\r' {
                // CR alone: a packet's length begins with a zero octet, a line never goes on with one.
                self.end(true);
                return Line::Ended(used);
            }
            if self.length >= LONGEST {
                return Line::TooLong;
            }
            used += 1;
            if octet == b'\n' {
                self.length += 1;
                self.end(self.last != b'\r');
                return Line::Ended(used);
            }
            self.odd = true;
            self.go_on(&[octet]);
        }
        Line::Open
    }

    /// Takes octets that end no line, as many as a line may have; whether these were all.
    fn go_on(&mut self, octets: &[u8]) -> bool {
        let taken = octets.get(..usize::from(LONGEST - self.length)).unwrap_or(octets);
        let kept = taken.get(..(KEPT + 1).saturating_sub(self.kept.len())).unwrap_or(taken);
        if self.kept.capacity() == 0 {
            self.kept.reserve(USUAL);
        }
        self.kept.extend_from_slice(kept);
        self.length += taken.len() as u16;
        self.last = taken.last().copied().unwrap_or(self.last);
        taken.len() == octets.len()
    }

    fn end(&mut self, odd: bool) {
        self.ended = true;
        self.odd |= odd;
        let text = self.text().len();
        self.kept.truncate(text);
        if self.kept.capacity() > USUAL {
            self.kept.shrink_to_fit();
        }
        self.speaks = Some(Speaks::announced(self.text()));
    }

    /// The line without its end, at most 255 octets; empty before it began.
    pub(super) fn text(&self) -> &[u8] {
        let text = self.kept.strip_suffix(b"\r").unwrap_or(&self.kept);
        text.get(..KEPT).unwrap_or(text)
    }

    /// Which protocol versions the speaker of this line announces, once the line has ended.
    pub(super) fn speaks(&self) -> Option<Speaks> {
        self.speaks
    }

    /// What is odd about the line so far.
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        if self.length > REGULAR {
            flags.insert(Flag::LongBanner);
        }
        if self.odd {
            flags.insert(Flag::OddBanner);
        }
        flags
    }
}

/// The protocol versions that one side announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Speaks {
    /// SSH-1.
    pub(super) one: bool,
    /// SSH-2.
    pub(super) two: bool,
}

impl Speaks {
    /// Reads `SSH-major.minor`: major 2 and above is SSH-2, 1.99 is both (RFC 4253 section 5.1), any other 1.x is SSH-1.
    fn announced(line: &[u8]) -> Self {
        if line.starts_with(b"SSH-2.0-") {
            return Self { one: false, two: true };
        }
        let version = line.strip_prefix(b"SSH-").unwrap_or_default();
        let (major, rest) = leading_number(version);
        let minor = rest.strip_prefix(b".").and_then(|rest| leading_number(rest).0);
        match (major, minor) {
            (Some(1), Some(99)) => Self { one: true, two: true },
            (Some(1), _) => Self { one: true, two: false },
            (Some(2..), _) => Self { one: false, two: true },
            _ => Self { one: false, two: false },
        }
    }

    /// What both can speak.
    pub(super) const fn both(self, other: Self) -> Self {
        Self { one: self.one && other.one, two: self.two && other.two }
    }

    /// Whether nothing is left.
    pub(super) const fn is_nothing(self) -> bool {
        !self.one && !self.two
    }
}

/// A decimal number at the start of `text` and what follows it.
fn leading_number(text: &[u8]) -> (Option<u32>, &[u8]) {
    let digits = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    let value = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
    (value, rest)
}

compact!(struct Speaks { one, two });
compact!(struct Banner { kept, length, last, ended, odd, speaks });

#[cfg(test)]
mod tests {
    use super::{Banner, Line, Speaks};

    fn speaks(line: &[u8]) -> (bool, bool) {
        let mut banner = Banner::default();
        assert_eq!(banner.push(line), Line::Ended(line.len()));
        let Speaks { one, two } = banner.speaks().unwrap();
        (one, two)
    }

    #[test]
    fn the_announced_version_decides_what_a_side_speaks() {
        assert_eq!(speaks(b"SSH-2.0-OpenSSH_9.2 with comments\r\n"), (false, true));
        assert_eq!(speaks(b"SSH-1.99-Cisco-1.25\n"), (true, true));
        assert_eq!(speaks(b"SSH-1.5-x\r\n"), (true, false));
        assert_eq!(speaks(b"SSH-2.0\r\n"), (false, true));
        assert_eq!(speaks(b"SSH-10.1-future\r\n"), (false, true));
        assert_eq!(speaks(b"SSH-99999999999999.0-x\r\n"), (false, false));
        assert_eq!(speaks(b"SSH-\r\n"), (false, false));
    }

    #[test]
    fn the_text_leaves_out_the_line_end_and_stops_at_255_octets() {
        let mut banner = Banner::default();
        banner.push(b"SSH-2.0-x\r");
        assert_eq!(banner.text(), b"SSH-2.0-x");
        banner.push(&[b'y'; 300]);
        assert_eq!(banner.text().len(), 255);
        assert_eq!(banner.push(b"\r\n"), Line::Ended(2));
        assert_eq!(banner.text().len(), 255);
    }

    #[test]
    fn a_line_reads_the_same_however_its_octets_come() {
        let long = |length: usize, end: &[u8]| [&vec![b'x'; length][..], end].concat();
        let lines = [
            b"SSH-2.0-x\r\nrest".to_vec(),
            b"SSH-2.0-x\nrest".to_vec(),
            b"SSH-2.0-x\r\0rest".to_vec(),
            b"SSH-\0\0-x\ry\0\r\r\n\n".to_vec(),
            b"\0\n".to_vec(),
            long(255, b"\r\n"),
            long(254, b"\r\0"),
            long(8190, b"\r\n"),
            long(8191, b"\r\n"),
            long(8191, b"\r\0"),
            long(8192, b"\n"),
            long(8192, b"\0\n"),
            long(9000, b"\n"),
        ];
        for line in &lines {
            let (mut whole, mut apart) = (Banner::default(), Banner::default());
            let told = whole.push(line);
            let mut used = 0;
            let mut last = Line::Open;
            while let (Line::Open, Some(octet)) = (last, line.get(used)) {
                last = apart.push(&[*octet]);
                used += usize::from(last == Line::Open);
            }
            let last = if let Line::Ended(more) = last { Line::Ended(used + more) } else { last };
            assert_eq!((told, whole.text()), (last, apart.text()));
            assert_eq!((whole.flags(), whole.speaks()), (apart.flags(), apart.speaks()));
        }
    }
}
