//! SSH_MSG_KEXINIT: what one side offers (RFC 4253 section 7.1).
//!
//! The lists are kept as they came and never split into owned names: there may be tens of thousands.

use super::negotiate::announced_role;
use crate::handshake::{SSH_LISTS as LISTS, SshOffer};
use crate::reader::Reader;
use crate::seen::Seen;
use memchr::memchr;
use std::sync::Arc;

/// The ten lists, in wire order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum List {
    Kex = 0,
    HostKey = 1,
    CipherC2s = 2,
    CipherS2c = 3,
    MacC2s = 4,
    MacS2c = 5,
    CompressionC2s = 6,
    CompressionS2c = 7,
}

/// The random octets before the lists.
const COOKIE: usize = 16;
/// What stands beside the lists, but for line ends that join them: lengths, a flag, a number.
const BESIDE: usize = 4 * LISTS + 1 + 4 - (LISTS - 1);
/// A name longer than this is cut where it is printed (RFC 4251 section 6 allows 64).
const NAME: usize = 128;

/// One side's offer.
pub(super) type KexInit = SshOffer;

impl KexInit {
    /// What follows the message number comes to; what was seen before with other random octets is not read again.
    pub(super) fn of(body: &[u8], known: &mut Seen<SshOffer>) -> Arc<Self> {
        let read = || Self::read(body);
        let lists = body.get(COOKIE..);
        lists.and_then(|lists| known.of(lists, |_| Some(read()))).unwrap_or_else(|| Arc::new(read()))
    }

    /// Reads what follows the message number; a body that ends early gives the lists before its end.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut this = Self::default();
        let mut reader = Reader::new(body);
        let mut joined = Vec::with_capacity(body.len().saturating_sub(COOKIE + BESIDE));
        if reader.skip(COOKIE).is_none() {
            return this;
        }
        for end in &mut this.ends {
            let Some(list) = reader.vec32() else { break };
            if this.lists > 0 {
                joined.push(b'\n');
            }
            joined.extend_from_slice(list);
            *end = joined.len() as u32;
            this.lists += 1;
        }
        this.joined = joined.into();
        if usize::from(this.lists) == LISTS {
            this.guesses = reader.u8().is_some_and(|flag| flag != 0);
            this.is_complete = reader.u32().is_some();
        }
        this.announced = announced_role(&this);
        this
    }

    /// One list, if it could be read.
    pub(super) fn list(&self, list: List) -> Option<&[u8]> {
        let index = list as usize;
        if index >= usize::from(self.lists) {
            return None;
        }
        let start =
            index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize + 1);
        self.joined.get(start..*self.ends.get(index)? as usize)
    }

    /// The lists, joined by LF.
    pub(super) fn joined(&self) -> &[u8] {
        &self.joined
    }
}

/// The names of a list; empty ones are nothing (RFC 4251 section 5).
pub(super) fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(list);
    let split = std::iter::from_fn(move || {
        let list = rest?;
        let end = memchr(b',', list);
        rest = end.and_then(|end| list.get(end + 1..));
        list.get(..end.unwrap_or(list.len()))
    });
    split.filter(|name| !name.is_empty())
}

/// A name as text: at most 128 octets, what is not printable ASCII as `\xNN`.
pub(super) fn printable(name: &[u8]) -> Box<str> {
    use std::fmt::Write;
    let shown = name.get(..NAME).unwrap_or(name);
    let plain = |octet: &u8| octet.is_ascii_graphic() && *octet != b'\\';
    if let Ok(text) = str::from_utf8(shown)
        && shown.iter().all(plain)
    {
        return text.into();
    }
    let mut text = String::with_capacity(shown.len());
    for &octet in shown {
        if plain(&octet) {
            text.push(char::from(octet));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{octet:02x}");
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::{KexInit, List, names, printable};

    #[test]
    fn a_body_that_ends_early_gives_the_lists_before_its_end() {
        let mut body = vec![0; 16];
        for list in ["a,b", "", "c"] {
            body.extend_from_slice(&(list.len() as u32).to_be_bytes());
            body.extend_from_slice(list.as_bytes());
        }
        body.extend_from_slice(&[0, 0, 0, 9, b'x']);
        let init = KexInit::read(&body);
        assert_eq!(init.list(List::Kex), Some(&b"a,b"[..]));
        assert_eq!(init.list(List::HostKey), Some(&b""[..]));
        assert_eq!(init.list(List::CipherC2s), Some(&b"c"[..]));
        assert_eq!(init.list(List::CipherS2c), None);
        assert!(!init.is_complete);
        assert_eq!(init.joined(), b"a,b\n\nc");
        assert_eq!(KexInit::read(&[1; 15]).list(List::Kex), None);
    }

    #[test]
    fn empty_names_are_nothing_and_odd_octets_are_escaped() {
        assert_eq!(names(b",,a,,b,").collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(&*printable(b"a\xff\\ b"), "a\\xff\\x5c\\x20b");
        assert_eq!(printable(&[b'x'; 5000]).len(), 128);
    }
}
