//! The first octets of each direction: who should listen? (EDGE_CASES A3)
//!
//! Octets that decide nothing yet are kept, at most sixteen a direction, so that the observer that is
//! chosen sees the stream from its beginning.

use super::Joined;
use crate::compact::compact;
use crate::handshake::{Chunk, End, PerSide, Phase, Progress, Side};
use crate::ssh;
use crate::tls;

/// Enough for the header fields of an SSLv2 hello, the longest of all beginnings.
const KEEP: usize = 16;

/// The first octets of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct First {
    octets: [u8; KEEP],
    length: u8,
    /// What their sender had acknowledged.
    pub seen: u64,
}

impl First {
    /// The octets kept.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// These octets with more behind them, as far as they fit.
    fn with(&self, more: &[u8], seen: u64) -> First {
        let mut joined = *self;
        if joined.length == 0 {
            joined.seen = seen;
        }
        for octet in more {
            let Some(place) = joined.octets.get_mut(usize::from(joined.length)) else { break };
            *place = *octet;
            joined.length += 1;
        }
        joined
    }
}

/// What a chosen observer needs to know of the time before it existed.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The first octets of both directions, without the chunk that decided.
    pub first: PerSide<First>,
    /// A direction whose first octets were lost to the capture.
    pub lost: PerSide<bool>,
    /// Whether the first octets seen of a direction are the first that there were.
    pub known: PerSide<bool>,
    /// How a direction ended before it was decided who listens, and what its sender had seen then.
    pub ended: PerSide<Option<(End, u64)>>,
}

/// How a TLS or SSL handshake begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A ClientHello.
    Hello,
    /// A ClientHello, or a ServerHello whose ClientHello cannot have been seen (A3).
    HelloOrAnswer,
    /// An SSLv2-format ClientHello.
    Ssl2,
}

/// What the first octets say.
#[derive(Debug)]
pub enum Verdict {
    /// Nothing worth telling.
    Undecided,
    /// One or two octets of a possible beginning.
    Short,
    /// TLS or SSL.
    Tls(Form, Kept),
    /// SSH.
    Ssh(Kept),
    /// Data in clear.
    Clear(Kept),
    /// Picked up in mid-life, and this is no beginning.
    Nobody,
}

/// Watches the first octets of both directions.
#[derive(Debug)]
pub struct Sniffer {
    kept: Kept,
    joined: Joined,
    /// A handshake was announced, behind so many octets in clear.
    pub expected: Option<Box<PerSide<u64>>>,
}

/// How octets compare with the beginnings that are known.
enum Match {
    Tls(Form),
    Ssh,
    Short,
    None,
}

impl Sniffer {
    /// A sniffer for a new connection.
    #[inline]
    pub fn new(joined: Joined) -> Self {
        let known = PerSide(Side::BOTH.map(|side| match joined {
            Joined::AtStart | Joined::Answered => true,
            Joined::Unanswered(opener) => side == opener,
            Joined::Midstream => false,
        }));
        Self { kept: Kept { known, ..Kept::default() }, joined, expected: None }
    }

    /// A sniffer for a handshake that was announced, behind so many octets in clear.
    pub fn expecting(base: PerSide<u64>) -> Self {
        Self { expected: Some(Box::new(base)), ..Self::new(Joined::AtStart) }
    }

    /// Takes octets of one direction.
    pub fn push(&mut self, side: Side, chunk: Chunk<'_>, peer_visible: bool) -> Verdict {
        if self.kept.lost[side] {
            return Verdict::Undecided;
        }
        let first = self.kept.first[side].with(chunk.bytes, chunk.seen);
        match compare(first.octets(), self.is_start_unseen(side, peer_visible)) {
            Match::Tls(form) => Verdict::Tls(form, self.take()),
            Match::Ssh => Verdict::Ssh(self.take()),
            Match::Short => {
                self.kept.first[side] = first;
                if self.joined == Joined::Midstream { Verdict::Undecided } else { Verdict::Short }
            }
            Match::None if self.joined == Joined::Midstream => Verdict::Nobody,
            Match::None if !self.kept.known[side] => self.misses(side),
            Match::None if self.answers_what_was_lost(side, &first, peer_visible) => self.misses(side),
            Match::None => Verdict::Clear(self.take()),
        }
    }

    /// Whether the beginning of the connection may have passed unseen.
    fn is_start_unseen(&self, side: Side, peer_visible: bool) -> bool {
        let joined_late = match self.joined {
            Joined::Midstream => true,
            // The SYN that was missed may have brought the hello.
            Joined::Answered => side == Side::B && self.kept.first[Side::A].octets().is_empty(),
            Joined::AtStart | Joined::Unanswered(_) => false,
        };
        joined_late || !peer_visible || self.kept.lost[side.other()]
    }

    /// Whether these first octets answer others that nobody captured: then a hello may have been among those, and nobody
    /// can say that there was none. TLS records do, and clear text of the side that was connected to (as a server without
    /// TLS answers a hello).
    fn answers_what_was_lost(&self, side: Side, first: &First, peer_visible: bool) -> bool {
        let other = side.other();
        let unheard = first.seen > 0 && self.kept.first[other].octets().is_empty();
        let answers = self.kept.lost[other] && peer_visible && side == Side::B;
        let records = matches!(first.octets(), [20..=24, ..]);
        (unheard && (answers || records)) || (records && self.joined == Joined::Answered)
    }

    /// Octets that need not be a direction's first are no beginning of anything, and do not say that there was none.
    fn misses(&mut self, side: Side) -> Verdict {
        match self.gap(side) {
            Progress::NeedMore => Verdict::Undecided,
            _ => Verdict::Nobody,
        }
    }

    /// The first octets of a direction, or those after them, were lost.
    pub fn gap(&mut self, side: Side) -> Progress {
        self.kept.lost[side] = true;
        self.kept.first[side] = First::default();
        if self.kept.lost[side.other()] { Progress::Finished(Phase::Unseen) } else { Progress::NeedMore }
    }

    /// A direction ended.
    pub fn end(&mut self, side: Side, how: End, seen: u64) {
        self.kept.ended[side] = Some((how, seen));
    }

    /// The connection is over and nothing was decided.
    pub fn close(&mut self) -> Progress {
        if self.kept.lost.0.contains(&true) { Progress::Finished(Phase::Unseen) } else { Progress::NeedMore }
    }

    fn take(&mut self) -> Kept {
        std::mem::take(&mut self.kept)
    }
}

/// Whether the very first octets that are heard of a connection begin a ClientHello, and nothing else is to be weighed: what a
/// sniffer would find, without keeping anything. So most handshakes begin.
pub fn is_plain_hello(joined: Joined, side: Side, chunk: &Chunk<'_>, peer_visible: bool) -> bool {
    let at_start = match joined {
        Joined::AtStart | Joined::Unanswered(_) => true,
        Joined::Answered => side == Side::A,
        Joined::Midstream => false,
    };
    at_start && peer_visible && chunk.bytes.first_chunk().is_some_and(tls::begins_hello)
}

fn compare(octets: &[u8], start_unseen: bool) -> Match {
    let (hello, form) = if start_unseen {
        let answer = tls::probe_server_hello(octets);
        (if answer == tls::Probe::No { tls::probe(octets) } else { answer }, Form::HelloOrAnswer)
    } else {
        (tls::probe(octets), Form::Hello)
    };
    match (hello, tls::probe_ssl2(octets), ssh::probe(octets)) {
        (tls::Probe::Begun, _, _) => Match::Tls(form),
        (_, tls::Probe::Begun, _) => Match::Tls(Form::Ssl2),
        (_, _, ssh::Probe::Begun) => Match::Ssh,
        (tls::Probe::No, tls::Probe::No, ssh::Probe::No) => Match::None,
        _ => Match::Short,
    }
}

compact!(struct First { octets, length, seen });
compact!(struct Kept { first, lost, known, ended });
compact!(struct Sniffer { kept, joined, expected });
