//! Which protocol is this? Asked of each direction's first octets.
//!
//! A wrong guess costs the reading of a direction, never a verdict: TLS is announced only where question
//! and answer agree, and believed only where a ClientHello follows.

use super::database::{GSS_REQUEST, MySql, Postgres, SSL_REQUEST};
use super::http::Http;
use super::ldap::Ldap;
use super::lines::{Dialects, Lines};
use super::rdp::Rdp;
use super::tds::{self, Tds};
use super::tunnel::{PROXY_2, Proxy, Socks4, Socks5};
use super::xmpp::Xmpp;
use super::{Grammar, Protocol};
use crate::handshake::Side;

/// Octets that decide at the latest.
pub(super) const DECIDED: usize = 20;

/// What first octets say.
#[derive(Debug)]
pub(super) enum Guess {
    /// More are needed.
    Short,
    /// None of ours.
    Never,
    /// This.
    Found(Box<Grammar>),
}

/// Text at the start of a direction, letters without case, and what it says. First match counts.
const WORDS: &[(&str, Word)] = &[
    ("220", Word::Greeting(&[Protocol::Smtp, Protocol::Ftp])),
    ("* OK", Word::Greeting(&[Protocol::Imap])),
    ("* PREAUTH", Word::Greeting(&[Protocol::Imap])),
    ("+OK", Word::Greeting(&[Protocol::Pop3])),
    ("200 ", Word::Greeting(&[Protocol::Nntp])),
    ("201 ", Word::Greeting(&[Protocol::Nntp])),
    ("\"IMPLEMENTATION\"", Word::Greeting(&[Protocol::ManageSieve])),
    ("\"SASL\"", Word::Greeting(&[Protocol::ManageSieve])),
    ("\"SIEVE\"", Word::Greeting(&[Protocol::ManageSieve])),
    ("\"STARTTLS\"", Word::Greeting(&[Protocol::ManageSieve])),
    ("\"VERSION\"", Word::Greeting(&[Protocol::ManageSieve])),
    (":", Word::Greeting(&[Protocol::Irc])),
    ("NOTICE ", Word::Greeting(&[Protocol::Irc])),
    ("CAP ", Word::Irc),
    ("NICK ", Word::Irc),
    ("PASS ", Word::Irc),
    ("STARTTLS", Word::Irc),
    ("USER ", Word::Irc),
    ("<?xml ", Word::Xmpp),
    ("<stream:stream", Word::Xmpp),
    ("PROXY ", Word::Proxy),
    ("CONNECT ", Word::Http),
    ("DELETE ", Word::Http),
    ("GET ", Word::Http),
    ("HEAD ", Word::Http),
    ("OPTIONS ", Word::Http),
    ("PATCH ", Word::Http),
    ("POST ", Word::Http),
    ("PUT ", Word::Http),
    ("TRACE ", Word::Http),
];

/// What a word at the start of a direction says of its speaker.
#[derive(Clone, Copy)]
enum Word {
    /// A server of one of these.
    Greeting(&'static [Protocol]),
    /// An IRC client.
    Irc,
    Xmpp,
    Proxy,
    Http,
}

impl Word {
    const fn greets(self) -> bool {
        matches!(self, Word::Greeting(_))
    }

    fn grammar(self, speaker: Side) -> Grammar {
        match self {
            Word::Greeting(protocols) => Grammar::Lines(Lines::new(Dialects::of(protocols), speaker)),
            Word::Irc => Grammar::Lines(Lines::new(Dialects::of(&[Protocol::Irc]), speaker.other())),
            Word::Xmpp => Grammar::Xmpp(Xmpp::new(speaker)),
            Word::Proxy => Grammar::Proxy(Proxy::Line(speaker, 0)),
            Word::Http => Grammar::Http(Http::new(speaker)),
        }
    }
}

/// Judges the first octets of one direction. `answers`: the other direction has spoken before.
pub(super) fn recognise(speaker: Side, octets: &[u8], answers: bool) -> Guess {
    let mut open = false;
    let (words, patterns) =
        octets.first().map_or((u64::MAX, u64::MAX), |first| BEGINNINGS[usize::from(*first)]);
    for (text, word) in those(WORDS, words) {
        match begins(octets, text.as_bytes()) {
            // A greeting is the first thing said; later the same word is anything (`+OK` of Redis).
            Some(true) if !(answers && word.greets()) => {
                return Guess::Found(Box::new(word.grammar(speaker)));
            }
            Some(_) => {}
            None => open = true,
        }
    }
    for (pattern, make) in those(PATTERNS, patterns) {
        match matches(octets, pattern) {
            // Each of these is the first thing said, too.
            Some(true) if !answers => return Guess::Found(Box::new(make(speaker))),
            Some(_) => {}
            None => open = true,
        }
    }
    if open && octets.len() < DECIDED { Guess::Short } else { Guess::Never }
}

/// By a first octet: which words and which patterns begin with it. One bit each; nearly all are ruled out by it.
static BEGINNINGS: [(u64, u64); 256] = {
    const { assert!(WORDS.len() <= 64 && PATTERNS.len() <= 64) };
    let mut beginnings = [(0, 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let mut place = 0;
        while place < WORDS.len() {
            let wanted = WORDS[place].0.as_bytes()[0];
            beginnings[octet].0 |= ((octet as u8).eq_ignore_ascii_case(&wanted) as u64) << place;
            place += 1;
        }
        let mut place = 0;
        while place < PATTERNS.len() {
            let range = &PATTERNS[place].0[0];
            let fits = *range.start() <= octet as u8 && octet as u8 <= *range.end();
            beginnings[octet].1 |= (fits as u64) << place;
            place += 1;
        }
        octet += 1;
    }
    beginnings
};

/// The entries whose bits are set, in order.
fn those<T>(entries: &[T], mut bits: u64) -> impl Iterator<Item = &T> {
    std::iter::from_fn(move || {
        let entry = entries.get(bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(entry)
    })
}

/// Whether octets begin with this text; `None` while both agree and octets are too few.
fn begins(octets: &[u8], text: &[u8]) -> Option<bool> {
    let both = octets.len().min(text.len());
    let same = octets.get(..both)?.eq_ignore_ascii_case(text.get(..both)?);
    if same && octets.len() < text.len() { None } else { Some(same) }
}

/// One octet of a pattern: the range it must lie in.
type Octet = std::ops::RangeInclusive<u8>;

/// Any octet.
const ANY: Octet = 0..=0xFF;

const fn is(octet: u8) -> Octet {
    octet..=octet
}

/// Octets at the start of a direction and what they begin.
type Pattern = (&'static [Octet], fn(Side) -> Grammar);

const PATTERNS: &[Pattern] = &[
    (&of(SSL_REQUEST), |side| Grammar::Postgres(Postgres::new(side))),
    (&of(GSS_REQUEST), |side| Grammar::Postgres(Postgres::new(side))),
    (&of(PROXY_2), |side| Grammar::Proxy(Proxy::Binary(side, super::frame::Frame::default()))),
    // Packet of less than 64 KiB, number 0, protocol version 10, the server's version as text.
    (&[ANY, ANY, is(0), is(0), is(10), b'0'..=b'9'], |side| Grammar::MySql(MySql::new(side))),
    // PRELOGIN, its first packet; the window; the option that must come first.
    (&[is(tds::PRELOGIN), 0..=1, ANY, ANY, ANY, ANY, ANY, is(0), is(0)], |side| Grammar::Tds(Tds::new(side))),
    // TPKT; X.224 Connection Request.
    (&[is(3), is(0), ANY, ANY, ANY, is(0xE0)], |side| Grammar::Rdp(Rdp::new(side))),
    // CONNECT to a port.
    (&[is(4), is(1)], |side| Grammar::Socks4(Socks4::new(side))),
    // At least one method.
    (&[is(5), 1..=0xFF], |side| Grammar::Socks5(Socks5::new(side))),
    // SEQUENCE, its length in one octet, INTEGER of one or two octets.
    (&[is(0x30), 5..=0x7F, is(2), 1..=4], |side| Grammar::Ldap(Ldap::new(side))),
    (&[is(0x30), is(0x81), ANY, is(2), 1..=4], |side| Grammar::Ldap(Ldap::new(side))),
    (&[is(0x30), is(0x82), ANY, ANY, is(2), 1..=4], |side| Grammar::Ldap(Ldap::new(side))),
    (&[is(0x30), is(0x84), ANY, ANY, ANY, ANY, is(2), 1..=4], |side| Grammar::Ldap(Ldap::new(side))),
];

const fn of<const N: usize>(octets: [u8; N]) -> [Octet; N] {
    let mut pattern = [const { 0..=0 }; N];
    let mut at = 0;
    while at < N {
        pattern[at] = is(octets[at]);
        at += 1;
    }
    pattern
}

/// Whether octets begin as the pattern says; `None` while they do and are too few.
fn matches(octets: &[u8], pattern: &[Octet]) -> Option<bool> {
    let fits = octets.iter().zip(pattern).all(|(octet, range)| range.contains(octet));
    if fits && octets.len() < pattern.len() { None } else { Some(fits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_octet_rules_out_what_cannot_begin_with_it_and_nothing_else() {
        for octet in 0..=u8::MAX {
            let (words, patterns) = BEGINNINGS[usize::from(octet)];
            for (place, (text, _)) in WORDS.iter().enumerate() {
                let possible = begins(&[octet], text.as_bytes()) != Some(false);
                assert_eq!(words & 1 << place != 0, possible, "{octet} {text}");
            }
            for (place, (pattern, _)) in PATTERNS.iter().enumerate() {
                let possible = matches(&[octet], pattern) != Some(false);
                assert_eq!(patterns & 1 << place != 0, possible, "{octet} {place}");
            }
        }
        assert!(those(WORDS, u64::MAX).count() == WORDS.len() && those(WORDS, 0).count() == 0);
    }
}
