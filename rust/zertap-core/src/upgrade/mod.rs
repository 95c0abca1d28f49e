//! From clear text to TLS by agreement: STARTTLS and its relatives, tunnels, connection headers (TLS-40).
//!
//! # Theory
//!
//! Two directions in clear. Their first octets tell the protocol (`recognise.rs`); from then on a grammar
//! per protocol waits, for the connection's whole life, for a question and the answer that grants it. Then
//! TLS is *expected*: from the first octet that the client sent having seen the answer. What it sent before
//! that, behind its question, was not meant as TLS, whoever put it there (CVE-2011-0411), and is read as
//! clear text. If the octets that follow begin no ClientHello, the conversation goes on in clear.
//!
//! Through a tunnel goes a conversation of its own: TLS, SSH, or another upgrade. There a client may speak
//! before the answer (`early.rs`).
//!
//! ```text
//! Recognising ──► grammar ──granted──► expected ──hello──► Begins, the caller follows TLS
//!      ▲  │                                │
//!      │  └─ SSH banner in a tunnel ───────│─────────────► Begins, the caller follows SSH
//!      └──────── tunnel, no hello ─────────┤
//!                grammar goes on ◄─────────┘ no hello
//! ```
//!
//! # Rules
//!
//! * Any cut of the same octets gives the same answer: every grammar works octet by octet or by counts.
//! * What of the other direction a speaker had seen (`seen`) orders question and answer, not arrival.
//! * Memory is constant: at most 128 octets of the current line or message, wiped when it ends, never printed. Only
//!   a hello that came early is kept, as far as `early.rs` says.
//! * After lost octets a grammar of lines goes on with the next line; one of lengths gives up.
//!
//! # Blind spots
//!
//! * A client that sends its ClientHello before the answer to its question is understood only in tunnels.
//! * Lines before an SSH server's banner are not looked past inside a tunnel.

mod begins;
mod database;
mod early;
mod expected;
mod frame;
mod gather;
mod http;
mod ldap;
mod line;
mod lines;
mod protocol;
mod rdp;
mod recognise;
pub(crate) mod tds;
mod tunnel;
mod xmpp;

pub use begins::{Begins, Form, Kept};
pub use protocol::Protocol;

use crate::handshake::{PerSide, Side};
use crate::ssh;
use crate::tls::Probe;
use early::Early;
use expected::Expected;
pub(crate) use gather::Gather;
use recognise::{DECIDED, Guess};

/// Enough for the header fields of an SSLv2 hello, the longest of all beginnings.
pub(crate) type Beginning = Gather<16>;

/// Where octets stand.
#[derive(Clone, Copy, Debug)]
pub struct Here {
    /// Offset of the first of them in their direction.
    pub at: u64,
    /// Octets of the other direction that their sender had acknowledged.
    pub seen: u64,
}

impl Here {
    const fn after(self, used: usize) -> Self {
        Self { at: self.at + used as u64, ..self }
    }
}

/// What a grammar has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// Nothing that matters.
    Nothing,
    /// There can be no upgrade any more.
    Over,
    /// TLS begins with what this client sends next.
    Upgrade { client: Side, protocol: Protocol },
    /// A tunnel was asked for: what this client sends next is meant for its far end.
    Asked { client: Side },
    /// It was not granted; there may be another try.
    Refused,
    /// Another conversation begins: TLS by this client, or anything else.
    Tunnel { client: Side, protocol: Protocol },
}

/// How far a conversation in clear has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was not recognised.
    Nothing,
    /// Its protocol is known.
    Talk(&'static str),
    /// The client asked for TLS.
    Asked(&'static str),
    /// TLS is expected next.
    Granted(&'static str),
}

/// One protocol's grammar.
#[derive(Debug)]
enum Grammar {
    Http(http::Http),
    Ldap(ldap::Ldap),
    Lines(lines::Lines),
    MySql(database::MySql),
    Postgres(database::Postgres),
    Proxy(tunnel::Proxy),
    Rdp(rdp::Rdp),
    Socks4(tunnel::Socks4),
    Socks5(tunnel::Socks5),
    Tds(tds::Tds),
    Xmpp(xmpp::Xmpp),
}

/// How far a connection's protocol is known.
#[derive(Debug)]
enum Reading {
    /// First octets of each direction, and whether they are none of ours.
    Recognising(PerSide<Gather<DECIDED>>, PerSide<bool>),
    /// This one.
    Talk(Box<Grammar>),
    /// None, or one that can announce nothing any more.
    Over,
}

/// Watches a connection in clear for an announced handshake.
#[derive(Debug)]
pub struct Upgrades {
    reading: Reading,
    expected: Option<Expected>,
    /// The innermost tunnel, and who asked for it.
    tunnel: Option<(Side, Protocol)>,
    /// What was sent into a tunnel that was not granted yet.
    early: Option<Box<Early>>,
}

impl Default for Upgrades {
    fn default() -> Self {
        Self { reading: Reading::new(), ..Self::over() }
    }
}

impl Upgrades {
    /// A watch that waits for nothing.
    pub const fn over() -> Self {
        Self { reading: Reading::Over, expected: None, tunnel: None, early: None }
    }

    /// Whether a protocol was recognised that may yet lead to a handshake.
    pub const fn is_waiting(&self) -> bool {
        self.expected.is_some() || matches!(self.reading, Reading::Talk(_))
    }

    /// How far the conversation has come, in words for a journal.
    pub(crate) fn heard(&self) -> Heard {
        match (&self.expected, &self.reading) {
            (Some(expected), _) => Heard::Granted(expected.protocol.word()),
            (None, Reading::Talk(grammar)) => match grammar.asked() {
                Some(protocol) => Heard::Asked(protocol.word()),
                None => Heard::Talk(grammar.word()),
            },
            (None, _) => Heard::Nothing,
        }
    }

    /// Whether a tunnel was asked for and not answered: what its client says is meant for the far end.
    pub const fn awaits_tunnel(&self) -> bool {
        self.early.is_some()
    }

    /// Takes the next octets of one direction.
    pub fn push(&mut self, side: Side, bytes: &[u8], here: Here) -> Option<Begins> {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let place = here.after(used);
            match self.expect(side, rest, place) {
                Expectation::None => {}
                Expectation::Skip => return None,
                Expectation::Begins(begins) => return Some(Begins { next: used, ..begins }),
            }
            let (taken, begins) = self.talk(side, rest, place);
            used += taken;
            if let Some(begins) = begins {
                return Some(Begins { next: used, ..begins });
            }
        }
        None
    }

    /// Octets of one direction were lost. Answers who announced a handshake, if its ClientHello is among them.
    pub fn gap(&mut self, side: Side) -> Option<(Side, Protocol)> {
        self.reading.lose(side);
        self.early = None;
        let expected = self.expected.take_if(|expected| expected.client == side)?;
        // What a lost packet of TDS carried cannot be told from its header.
        (expected.protocol != Protocol::Tds).then_some((expected.client, expected.protocol))
    }

    /// Whether these octets are those in which the announced handshake begins.
    fn expect(&mut self, side: Side, bytes: &[u8], here: Here) -> Expectation {
        let Some(mut expected) = self.expected.filter(|expected| expected.client == side) else {
            return Expectation::None;
        };
        if expected.first.len() == 0 {
            if here.seen < expected.from {
                // Sent before the answer came: the rest of a request, or something slipped in behind it.
                return if expected.tunnel { Expectation::Skip } else { Expectation::None };
            }
            expected.first_seen = here.seen;
        }
        let kept = expected.first;
        expected.first.push(bytes);
        match expected.probe() {
            (Probe::No, _) => {
                self.expected = None;
                let before = Here { at: here.at - kept.len() as u64, seen: expected.first_seen };
                self.replay(side, kept.octets(), before).map_or(Expectation::None, Expectation::Begins)
            }
            (Probe::Begun, form) => {
                *self = Self::over();
                let Expected { client, protocol, first_seen, .. } = expected;
                Expectation::Begins(Begins::of(protocol, client, form, side, kept.octets(), first_seen))
            }
            (Probe::Short, _) => {
                self.expected = Some(expected);
                Expectation::Skip
            }
        }
    }

    /// Lets the grammar read octets again that were kept.
    fn replay(&mut self, side: Side, bytes: &[u8], here: Here) -> Option<Begins> {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let (taken, begins) = self.talk(side, rest, here.after(used));
            used += taken;
            if begins.is_some() {
                return begins;
            }
        }
        None
    }

    /// Lets the grammar read; answers how many octets it took, at least one.
    fn talk(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Option<Begins>) {
        if let Some(early) = self.early.take_if(|early| early.client == side) {
            return self.hasten(early, bytes, here);
        }
        let (used, said) = match &mut self.reading {
            Reading::Recognising(..) => return self.recognise(side, bytes, here),
            Reading::Talk(grammar) => grammar.step(side, bytes, here),
            Reading::Over => return (bytes.len(), None),
        };
        match said {
            Said::Nothing if used > 0 => {}
            Said::Nothing | Said::Over => {
                (self.reading, self.early) = (Reading::Over, None);
                return (bytes.len(), None);
            }
            Said::Asked { client } => self.early = Some(Box::new(Early::new(client))),
            Said::Refused => self.early = None,
            Said::Upgrade { client, protocol } => {
                let from = if side == client { 0 } else { here.after(used).at };
                self.announce(client, protocol, from, false);
            }
            Said::Tunnel { client, protocol } => {
                return (used, self.open(side, client, protocol, here.after(used)));
            }
        }
        (used, None)
    }

    fn announce(&mut self, client: Side, protocol: Protocol, from: u64, tunnel: bool) {
        let (first, first_seen) = (Beginning::default(), 0);
        self.expected = Some(Expected { client, protocol, from, tunnel, first, first_seen });
    }

    /// A tunnel was granted: what was sent into it before that goes first.
    fn open(&mut self, side: Side, client: Side, protocol: Protocol, behind: Here) -> Option<Begins> {
        self.reading = Reading::new();
        self.tunnel = Some((client, protocol));
        let early = self.early.take();
        // Behind a request whose end was seen everything is meant for the tunnel.
        let from = if side == client || early.is_some() { 0 } else { behind.at };
        self.announce(client, protocol, from, true);
        let early = early?;
        let begins = self.push(client, &early.octets, Here { at: early.at, seen: early.seen })?;
        let mut kept = PerSide::<Kept>::default();
        kept[client] = Kept { octets: early.octets, seen: early.seen };
        Some(Begins { kept, ..begins })
    }

    /// Keeps what a client sends into a tunnel that was not granted yet, if it begins a handshake.
    fn hasten(&mut self, mut early: Box<Early>, bytes: &[u8], here: Here) -> (usize, Option<Begins>) {
        if early.take(bytes, here) {
            self.early = Some(early);
            return (bytes.len(), None);
        }
        let before = Here { at: early.at, seen: early.seen };
        (bytes.len(), self.replay(early.client, &early.octets, before))
    }

    /// Takes one octet more of a direction whose protocol is not known.
    fn recognise(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Option<Begins>) {
        let Reading::Recognising(first, strange) = &mut self.reading else { return (bytes.len(), None) };
        if strange[side] {
            return (bytes.len(), None);
        }
        let other = side.other();
        first[side].push(bytes.get(..1).unwrap_or_default());
        let answers = strange[other] || first[other].len() > 0;
        let in_tunnel = if strange[other] { None } else { self.tunnel };
        match (recognise::recognise(side, first[side].octets(), answers), in_tunnel) {
            (_, Some((client, protocol))) if ssh::probe(first[side].octets()) == ssh::Probe::Begun => {
                let mut kept = first.0.map(|first| Kept { octets: first.octets().to_vec(), seen: 0 });
                kept[side as usize].seen = here.seen;
                *self = Self::over();
                let begins = Begins { protocol, client, form: Form::Ssh, kept: PerSide(kept), next: 1 };
                return (1, Some(begins));
            }
            (_, Some(_)) if ssh::probe(first[side].octets()) == ssh::Probe::Short => {}
            (Guess::Short, _) => {}
            (Guess::Never, _) => {
                strange[side] = true;
                if strange[other] {
                    self.reading = Reading::Over;
                }
            }
            (Guess::Found(grammar), _) => {
                let (first, missed) = (*first, strange[other]);
                self.reading = Reading::Talk(grammar);
                if missed {
                    self.reading.lose(other);
                } else {
                    self.replay(other, first[other].octets(), Here { at: 0, seen: 0 });
                }
                let begun = Here { at: here.after(1).at - first[side].len() as u64, seen: here.seen };
                return (1, self.replay(side, first[side].octets(), begun));
            }
        }
        (1, None)
    }
}

/// What the expectation of a handshake makes of octets.
enum Expectation {
    /// They are clear text.
    None,
    /// They are used up.
    Skip,
    /// The handshake begins.
    Begins(Begins),
}

impl Reading {
    fn new() -> Self {
        Reading::Recognising(PerSide::default(), PerSide::default())
    }

    /// Octets of one direction are missing.
    fn lose(&mut self, side: Side) {
        let goes_on = match self {
            Reading::Recognising(_, strange) => {
                strange[side] = true;
                !strange[side.other()]
            }
            Reading::Talk(grammar) => grammar.lose(side),
            Reading::Over => false,
        };
        if !goes_on {
            *self = Reading::Over;
        }
    }
}

impl Grammar {
    /// The protocol of a question for TLS that was not answered yet. A tunnel's request is not read.
    fn asked(&self) -> Option<Protocol> {
        match self {
            Grammar::Http(http) => http.asked(),
            Grammar::Ldap(ldap) => ldap.asked(),
            Grammar::Lines(lines) => lines.asked(),
            Grammar::Postgres(postgres) => postgres.asked(),
            Grammar::Rdp(rdp) => rdp.asked(),
            Grammar::Xmpp(xmpp) => xmpp.asked(),
            Grammar::MySql(_)
            | Grammar::Proxy(_)
            | Grammar::Socks4(_)
            | Grammar::Socks5(_)
            | Grammar::Tds(_) => None,
        }
    }

    /// What the conversation is called.
    fn word(&self) -> &'static str {
        match self {
            Grammar::Http(_) => "http",
            Grammar::Ldap(_) => Protocol::Ldap.word(),
            Grammar::Lines(lines) => lines.word(),
            Grammar::MySql(_) => Protocol::MySql.word(),
            Grammar::Postgres(_) => Protocol::Postgresql.word(),
            Grammar::Proxy(_) => Protocol::Proxy.word(),
            Grammar::Rdp(_) => Protocol::Rdp.word(),
            Grammar::Socks4(_) => Protocol::Socks4.word(),
            Grammar::Socks5(_) => Protocol::Socks5.word(),
            Grammar::Tds(_) => Protocol::Tds.word(),
            Grammar::Xmpp(_) => Protocol::Xmpp.word(),
        }
    }

    fn step(&mut self, side: Side, bytes: &[u8], here: Here) -> (usize, Said) {
        match self {
            Grammar::Http(http) => http.step(side, bytes, here),
            Grammar::Ldap(ldap) => ldap.step(side, bytes, here),
            Grammar::Lines(lines) => lines.step(side, bytes, here),
            Grammar::MySql(mysql) => mysql.step(side, bytes, here),
            Grammar::Postgres(postgres) => postgres.step(side, bytes, here),
            Grammar::Proxy(proxy) => proxy.step(side, bytes, here),
            Grammar::Rdp(rdp) => rdp.step(side, bytes, here),
            Grammar::Socks4(socks) => socks.step(side, bytes, here),
            Grammar::Socks5(socks) => socks.step(side, bytes, here),
            Grammar::Tds(tds) => tds.step(side, bytes, here),
            Grammar::Xmpp(xmpp) => xmpp.step(side, bytes, here),
        }
    }

    /// Octets of one direction are missing. Answers whether the grammar can go on behind them.
    fn lose(&mut self, side: Side) -> bool {
        match self {
            Grammar::Http(http) => http.lose(side),
            Grammar::Lines(lines) => lines.lose(side),
            Grammar::Xmpp(xmpp) => xmpp.lose(side),
            _ => return false,
        }
        true
    }
}
