//! A conversation of two directions, spoken to the observer that decides who listens.

use crate::tls_support::{
    ccs, client_hello, finished, join, message, rest_of_server_flight, server_hello_12,
};
use zertap_core::handshake::{Chunk, End, Flag, Options, Phase, Progress, Room, Side, TextKind};
use zertap_core::observer::{Joined, Observer};
use zertap_core::tls::WalkEvent;

pub(crate) const CLIENT: Side = Side::A;
pub(crate) const SERVER: Side = Side::B;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Octets { side: Side, bytes: Vec<u8>, seen: u64 },
    Gap { side: Side, length: u64 },
    End { side: Side, how: End, seen: u64 },
}

/// A conversation; each side has seen all that the other sent before, unless said otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Talk {
    pub(crate) events: Vec<Event>,
    sent: [u64; 2],
}

impl Talk {
    pub(crate) fn client(self, bytes: impl AsRef<[u8]>) -> Self {
        self.says(CLIENT, bytes)
    }

    pub(crate) fn server(self, bytes: impl AsRef<[u8]>) -> Self {
        self.says(SERVER, bytes)
    }

    pub(crate) fn says(self, side: Side, bytes: impl AsRef<[u8]>) -> Self {
        let seen = self.sent[side.other() as usize];
        self.says_having_seen(side, bytes, seen)
    }

    pub(crate) fn says_having_seen(mut self, side: Side, bytes: impl AsRef<[u8]>, seen: u64) -> Self {
        let bytes = bytes.as_ref().to_vec();
        self.sent[side as usize] += bytes.len() as u64;
        self.events.push(Event::Octets { side, bytes, seen });
        self
    }

    /// What a side has sent so far.
    pub(crate) fn sent(&self, side: Side) -> u64 {
        self.sent[side as usize]
    }

    pub(crate) fn loses(mut self, side: Side, length: u64) -> Self {
        self.sent[side as usize] += length;
        self.events.push(Event::Gap { side, length });
        self
    }

    pub(crate) fn ends(mut self, side: Side, how: End) -> Self {
        let seen = self.sent[side.other() as usize];
        self.events.push(Event::End { side, how, seen });
        self
    }

    /// A whole TLS 1.2 handshake that `client` begins.
    pub(crate) fn handshake_of(self, client: Side) -> Self {
        let server = client.other();
        self.says(client, client_hello())
            .says(server, join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
            .says(client, join(&[message(16, &[1; 33]), ccs(), finished()]))
            .says(server, join(&[ccs(), finished()]))
    }

    pub(crate) fn handshake(self) -> Self {
        self.handshake_of(CLIENT)
    }

    /// What comes of it in mode `full`.
    pub(crate) fn run(&self) -> Outcome {
        self.run_with(Options::default())
    }

    pub(crate) fn run_with(&self, options: Options) -> Outcome {
        let mut room = Room { options, ..Room::default() };
        let mut observer = Observer::new(Joined::AtStart);
        let mut outcome = Outcome {
            phase: Phase::Silent,
            phases: vec![],
            over: false,
            upgrade: None,
            flags: vec![],
            server_name: None,
            octets: [0; 2],
            then_clear: false,
        };
        for event in &self.events {
            if outcome.over {
                break;
            }
            let progress = match event {
                Event::Octets { side, bytes, seen } => {
                    let chunk = Chunk { bytes, seen: *seen, starts_segment: true, cut: 0 };
                    observer.push(*side, chunk, true, &mut room)
                }
                Event::Gap { side, length } => observer.gap(*side, *length, &room),
                Event::End { side, how, seen } => observer.end(*side, *how, *seen),
            };
            outcome.take(progress);
        }
        let findings = observer.findings();
        let text = |kind: TextKind| {
            let found = findings.texts.iter().find(|(number, _)| *number == kind as u8);
            found.map(|(_, octets)| String::from_utf8_lossy(octets).into_owned())
        };
        outcome.upgrade = text(TextKind::Upgrade);
        outcome.server_name = text(TextKind::ServerName);
        outcome.flags = findings.flags.iter().collect();
        outcome.octets = findings.handshake_octets.0;
        outcome.then_clear = observer
            .walk()
            .is_some_and(|walks| Side::BOTH.iter().any(|side| walks[*side].standing() == WalkEvent::Clear));
        outcome
    }

    /// The same conversation, every direction's octets cut where `cut` says; the pieces of one event stay together.
    pub(crate) fn cut(&self, mut cut: impl FnMut(usize) -> usize) -> Self {
        let mut events = vec![];
        for event in &self.events {
            let Event::Octets { side, bytes, seen } = event else {
                events.push(event.clone());
                continue;
            };
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
                events.push(Event::Octets { side: *side, bytes: piece.to_vec(), seen: *seen });
                rest = tail;
            }
        }
        Self { events, sent: self.sent }
    }
}

/// What came of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) phase: Phase,
    pub(crate) phases: Vec<Phase>,
    pub(crate) over: bool,
    pub(crate) upgrade: Option<String>,
    pub(crate) server_name: Option<String>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) octets: [u64; 2],
    /// Data in clear followed the handshake.
    pub(crate) then_clear: bool,
}

impl Outcome {
    fn take(&mut self, progress: Progress) {
        let (phase, over) = match progress {
            Progress::NeedMore => return,
            Progress::Moved(phase) => (phase, false),
            Progress::Finished(phase) => (phase, true),
        };
        self.phase = phase;
        self.over = over;
        self.phases.push(phase);
    }

    /// All that must not depend on how octets were cut.
    pub(crate) fn summary(&self) -> Outcome {
        Outcome { phases: vec![], ..self.clone() }
    }

    #[track_caller]
    pub(crate) fn is_upgraded(&self, name: &str) {
        assert_eq!((self.phase, self.upgrade.as_deref()), (Phase::TlsComplete, Some(name)), "{self:?}");
        assert!(self.flags.contains(&Flag::Upgraded), "{self:?}");
        assert_eq!(self.server_name.as_deref(), Some("example.org"));
    }

    #[track_caller]
    pub(crate) fn is_clear(&self) {
        assert_eq!((self.phase, self.upgrade.as_deref()), (Phase::Clear, None), "{self:?}");
        assert!(self.flags.is_empty(), "{self:?}");
    }
}
