//! Protocols of lines: the client asks with one line, the server grants with one.
//!
//! One table holds them all. The greeting chooses the rows that may apply, the question narrows them, the
//! answer settles it. Answers to earlier, pipelined questions are told apart by what the server had seen
//! when it answered, by the tag where there is one, and by their code.

use super::gather::Gather;
use super::line::{Line, Text};
use super::{Here, Protocol, Said};
use crate::handshake::{PerSide, Side};

/// One protocol's words. Letters are compared without case.
struct Dialect {
    protocol: Protocol,
    /// The first words of the client's line.
    asks: &'static [&'static [&'static str]],
    /// First words of the server's line that grant; a code followed by `-` is not yet the answer's end.
    grants: &'static str,
    /// First words of the server's line that refuse, where another `grants` could follow for another reason.
    refuses: &'static [&'static str],
    /// What stands before those words.
    before: Before,
}

/// What stands before the words that matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A tag, the same in question and answer.
    Tag,
    /// `:name` in the server's lines.
    Prefix,
}

const AUTH: &[&[&str]] = &[&["AUTH", "TLS"], &["AUTH", "SSL"], &["AUTH", "TLS-C"], &["AUTH", "TLS-P"]];
const STARTTLS: &[&[&str]] = &[&["STARTTLS"]];

/// Places in this table are the bits of `Dialects`.
const DIALECTS: [Dialect; 7] = [
    Dialect::plain(Protocol::Smtp, STARTTLS, "220", &[]),
    Dialect::plain(Protocol::Ftp, AUTH, "234", &[]),
    Dialect::plain(Protocol::Nntp, STARTTLS, "382", &[]),
    Dialect::plain(Protocol::Pop3, &[&["STLS"]], "+OK", &["-ERR"]),
    Dialect::plain(Protocol::ManageSieve, STARTTLS, "OK", &["NO", "BYE"]),
    Dialect { before: Before::Tag, ..Dialect::plain(Protocol::Imap, STARTTLS, "OK", &["NO", "BAD"]) },
    Dialect { before: Before::Prefix, ..Dialect::plain(Protocol::Irc, STARTTLS, "670", &["691"]) },
];

impl Dialect {
    const fn plain(
        protocol: Protocol,
        asks: &'static [&'static [&'static str]],
        grants: &'static str,
        refuses: &'static [&'static str],
    ) -> Self {
        Self { protocol, asks, grants, refuses, before: Before::Nothing }
    }

    /// Whether this line of the client asks for TLS.
    fn asks(&self, line: &Text) -> bool {
        let skipped = usize::from(self.before == Before::Tag);
        self.asks.iter().any(|wanted| {
            let mut words = line.words().skip(skipped);
            wanted.iter().all(|word| words.next().is_some_and(|said| same(said, word)))
                && words.next().is_none()
        })
    }

    /// What this line of the server says to a question that bore this tag.
    fn answer(&self, line: &Text, tag: &[u8]) -> Option<bool> {
        let mut words = line.words().peekable();
        match self.before {
            Before::Nothing => {}
            Before::Tag => words.next().filter(|word| *word == tag).map(|_| ())?,
            Before::Prefix => drop(words.next_if(|word| word.starts_with(b":"))),
        }
        let word = words.next()?;
        if same(word, self.grants) {
            return Some(true);
        }
        self.refuses.iter().any(|refusal| same(word, refusal)).then_some(false)
    }
}

fn same(said: &[u8], word: &str) -> bool {
    said.eq_ignore_ascii_case(word.as_bytes())
}

/// A set of rows of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialects(u8);

impl Dialects {
    /// The rows of these protocols.
    pub(super) fn of(protocols: &[Protocol]) -> Self {
        Self::where_row(|row| protocols.contains(&row.protocol))
    }

    fn where_row(test: impl Fn(&Dialect) -> bool) -> Self {
        let bits = DIALECTS.iter().enumerate().map(|(place, row)| u8::from(test(row)) << place);
        Self(bits.fold(0, |set, bit| set | bit))
    }

    fn rows(self) -> impl Iterator<Item = &'static Dialect> {
        DIALECTS.iter().enumerate().filter(move |(place, _)| self.0 >> place & 1 == 1).map(|(_, row)| row)
    }
}

/// A question for TLS that was not answered yet.
#[derive(Clone, Copy, Debug)]
struct Asked {
    dialects: Dialects,
    tag: Gather<32>,
    /// Stream offset of the client behind the question.
    from: u64,
}

/// A conversation in lines.
#[derive(Debug)]
pub(super) struct Lines {
    dialects: Dialects,
    server: Side,
    lanes: PerSide<Line>,
    asked: Option<Asked>,
}

impl Lines {
    /// What the conversation is called; a greeting alone cannot tell SMTP from FTP.
    pub(super) fn word(&self) -> &'static str {
        if self.dialects == Dialects::of(&[Protocol::Smtp, Protocol::Ftp]) {
            return "smtp or ftp";
        }
        self.dialects.rows().next().map_or("lines", |row| row.protocol.word())
    }

    /// The protocol in whose words TLS was asked for, while the answer is awaited.
    pub(super) fn asked(&self) -> Option<Protocol> {
        self.asked.and_then(|asked| asked.dialects.rows().next()).map(|row| row.protocol)
    }

    /// A conversation whose `server` is known.
    pub(super) fn new(dialects: Dialects, server: Side) -> Self {
        Self { dialects, server, lanes: PerSide::default(), asked: None }
    }

    /// Octets of one direction are missing.
    pub(super) fn lose(&mut self, side: Side) {
        self.lanes[side].lose();
    }

    /// Takes octets, at most up to a line's end.
    pub(super) fn step(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Said) {
        let (used, line) = self.lanes[side].push(bytes);
        let said = match line {
            None => Said::Nothing,
            Some(line) if side == self.server => self.hear_server(&line, here.seen),
            Some(line) => {
                self.hear_client(&line, here.at + used as u64);
                Said::Nothing
            }
        };
        (used, said)
    }

    fn hear_client(&mut self, line: &Text, from: u64) {
        let asking = self.dialects;
        let dialects = Dialects::where_row(|row| row.asks(line));
        let dialects = Dialects(dialects.0 & asking.0);
        if dialects != Dialects(0) {
            let mut tag = Gather::default();
            tag.push(line.words().next().unwrap_or_default());
            self.asked = Some(Asked { dialects, tag, from });
        }
    }

    fn hear_server(&mut self, line: &Text, seen: u64) -> Said {
        let Some(asked) = self.asked.filter(|asked| asked.from <= seen) else { return Said::Nothing };
        let tag = asked.tag.octets();
        let mut answers = asked.dialects.rows().map(|row| (row.protocol, row.answer(line, tag)));
        let settled = answers.find_map(|(protocol, answer)| Some((protocol, answer?)));
        let Some((protocol, granted)) = settled else { return Said::Nothing };
        self.asked = None;
        if granted { Said::Upgrade { client: self.server.other(), protocol } } else { Said::Nothing }
    }
}
