//! Conversations as tests: hellos and records built octet by octet, and a driver that speaks them to the observer.

use zertap_core::handshake::{
    Alert, Chunk, CryptoProfile, End, Findings, Flag, Flags, Observe, Options, Phase, Progress, Room, Side,
    TextKind, TlsProfile,
};
use zertap_core::tls::{TlsObserver, Walk, WalkEvent};

pub(crate) const CLIENT: Side = Side::A;
pub(crate) const SERVER: Side = Side::B;

// ---- records ----

/// One record.
pub(crate) fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut octets = vec![kind, 3, 3];
    octets.extend(u16::try_from(body.len()).expect("a record body").to_be_bytes());
    octets.extend(body);
    octets
}

/// One handshake message in one record.
pub(crate) fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    record(22, &bare(kind, content))
}

/// One handshake message without a record.
pub(crate) fn bare(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![kind];
    octets.extend(&u32::try_from(content.len()).expect("a message").to_be_bytes()[1..]);
    octets.extend(content);
    octets
}

/// The body of `octets`' first record, cut into records of `size`.
pub(crate) fn recut(octets: &[u8], size: usize) -> Vec<u8> {
    octets[5..].chunks(size).flat_map(|piece| record(octets[0], piece)).collect()
}

/// A type-23 record of this length.
pub(crate) fn sealed(length: u16) -> Vec<u8> {
    record(23, &vec![0xE5; usize::from(length)])
}

/// An encrypted handshake record up to 1.2.
pub(crate) fn finished() -> Vec<u8> {
    record(22, &[0xF1; 40])
}

pub(crate) fn ccs() -> Vec<u8> {
    record(20, &[1])
}

pub(crate) fn alert(level: u8, description: u8) -> Vec<u8> {
    record(21, &[level, description])
}

/// Joins octets.
pub(crate) fn join<const N: usize>(parts: &[Vec<u8>; N]) -> Vec<u8> {
    parts.concat()
}

// ---- hellos ----

/// An extension.
pub(crate) fn extension(number: u16, body: &[u8]) -> Vec<u8> {
    let mut octets = number.to_be_bytes().to_vec();
    octets.extend(u16::try_from(body.len()).expect("an extension").to_be_bytes());
    octets.extend(body);
    octets
}

/// server_name.
pub(crate) fn sni(name: &[u8]) -> Vec<u8> {
    let length = u16::try_from(name.len()).expect("a name");
    let mut body = (length + 3).to_be_bytes().to_vec();
    body.push(0);
    body.extend(length.to_be_bytes());
    body.extend(name);
    extension(0, &body)
}

/// A hello of either side; built with `content`.
#[derive(Clone)]
pub(crate) struct Hello {
    pub(crate) version: u16,
    pub(crate) random: [u8; 32],
    pub(crate) session: Vec<u8>,
    pub(crate) suites: Vec<u16>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

pub(crate) const RETRY: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2,
    0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

impl Hello {
    /// A ClientHello that offers 1.3 and 1.2.
    pub(crate) fn client() -> Self {
        Self {
            version: 0x0303,
            random: [7; 32],
            session: vec![5; 32],
            suites: vec![0x1301, 0x1302, 0x1303, 0x1305, 0xC02F, 0x009C, 0xC0B4],
            extensions: vec![sni(b"example.org"), extension(43, &[4, 3, 4, 3, 3])],
        }
    }

    /// A ServerHello of TLS 1.2.
    pub(crate) fn server_12(suite: u16) -> Self {
        Self { session: vec![9; 32], suites: vec![suite], extensions: vec![], ..Self::client() }
    }

    /// A ServerHello of TLS 1.3 with key_share x25519.
    pub(crate) fn server_13(suite: u16) -> Self {
        let share = [&[0, 29, 0, 2][..], &[1, 2]].concat();
        let extensions = vec![extension(43, &[3, 4]), extension(51, &share)];
        Self { suites: vec![suite], extensions, ..Self::client() }
    }

    /// A HelloRetryRequest for secp256r1.
    pub(crate) fn retry() -> Self {
        let extensions = vec![extension(43, &[3, 4]), extension(51, &[0, 23])];
        Self { random: RETRY, suites: vec![0x1301], extensions, ..Self::client() }
    }

    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    fn head(&self) -> Vec<u8> {
        let mut content = self.version.to_be_bytes().to_vec();
        content.extend(self.random);
        content.push(u8::try_from(self.session.len()).expect("a session id"));
        content.extend(&self.session);
        content
    }

    fn tail(&self, mut content: Vec<u8>) -> Vec<u8> {
        let block = self.extensions.concat();
        if !block.is_empty() {
            content.extend(u16::try_from(block.len()).expect("extensions").to_be_bytes());
            content.extend(block);
        }
        content
    }

    /// Content of a ClientHello.
    pub(crate) fn offer(&self) -> Vec<u8> {
        let mut content = self.head();
        content.extend(u16::try_from(self.suites.len() * 2).expect("suites").to_be_bytes());
        content.extend(self.suites.iter().flat_map(|suite| suite.to_be_bytes()));
        content.extend([1, 0]);
        self.tail(content)
    }

    /// Content of a ServerHello.
    pub(crate) fn answer(&self) -> Vec<u8> {
        let mut content = self.head();
        content.extend(self.suites[0].to_be_bytes());
        content.push(0);
        self.tail(content)
    }
}

/// A ClientHello in one record.
pub(crate) fn client_hello() -> Vec<u8> {
    message(1, &Hello::client().offer())
}

/// A 1.3 ServerHello in one record.
pub(crate) fn server_hello_13(suite: u16) -> Vec<u8> {
    message(2, &Hello::server_13(suite).answer())
}

/// A 1.2 ServerHello in one record.
pub(crate) fn server_hello_12(suite: u16) -> Vec<u8> {
    message(2, &Hello::server_12(suite).answer())
}

/// Certificate, ServerKeyExchange and ServerHelloDone of TLS 1.2.
pub(crate) fn rest_of_server_flight() -> Vec<u8> {
    let key_exchange = [3, 0, 29, 2, 1, 2, 4, 3, 0, 2, 9, 9];
    join(&[message(11, &certificate_list(&[0x30; 700])), message(12, &key_exchange), message(14, &[])])
}

/// Content of a Certificate message with one certificate.
pub(crate) fn certificate_list(der: &[u8]) -> Vec<u8> {
    let length = |octets: usize| u32::try_from(octets).expect("a certificate").to_be_bytes()[1..].to_vec();
    join(&[length(der.len() + 3), length(der.len()), der.to_vec()])
}

/// The server's encrypted flight of TLS 1.3 with a certificate.
pub(crate) fn server_flight_13() -> Vec<u8> {
    join(&[ccs(), sealed(27), sealed(900), sealed(280), sealed(53)])
}

// ---- conversations ----

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Octets { side: Side, bytes: Vec<u8>, seen: u64, starts: bool, cut: u32 },
    End { side: Side, how: End, seen: u64 },
    Gap { side: Side, length: u64 },
    OneSided(Side),
    Conflict(Side),
    Due,
}

/// How the observer is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    Tls(Side),
    Midstream(Side),
    Ssl2(Side),
}

/// A conversation: each side sees all that the other sent before, unless said otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    pub(crate) start: Start,
    pub(crate) options: Options,
    pub(crate) events: Vec<Event>,
    pub(crate) sent: [u64; 2],
}

impl Talk {
    pub(crate) fn new() -> Self {
        Self::begun(Start::Tls(CLIENT))
    }

    pub(crate) fn begun(start: Start) -> Self {
        Self { start, options: Options::default(), events: vec![], sent: [0; 2] }
    }

    pub(crate) fn client(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.says(CLIENT, bytes)
    }

    pub(crate) fn server(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.says(SERVER, bytes)
    }

    pub(crate) fn says(self, side: Side, bytes: impl Into<Vec<u8>>) -> Self {
        let seen = self.sent[side.other() as usize];
        self.says_having_seen(side, bytes, seen)
    }

    pub(crate) fn says_having_seen(mut self, side: Side, bytes: impl Into<Vec<u8>>, seen: u64) -> Self {
        let bytes = bytes.into();
        self.sent[side as usize] += bytes.len() as u64;
        self.events.push(Event::Octets { side, bytes, seen, starts: true, cut: 0 });
        self
    }

    /// A segment of which the last `cut` octets were not captured: they come as a gap behind it.
    pub(crate) fn says_cut(mut self, side: Side, bytes: impl Into<Vec<u8>>, cut: u32) -> Self {
        let bytes = bytes.into();
        let seen = self.sent[side.other() as usize];
        self.sent[side as usize] += bytes.len() as u64;
        self.events.push(Event::Octets { side, bytes, seen, starts: true, cut });
        self.loses(side, u64::from(cut))
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

    pub(crate) fn client_fin(self) -> Self {
        self.ends(CLIENT, End::Fin)
    }

    pub(crate) fn server_fin(self) -> Self {
        self.ends(SERVER, End::Fin)
    }

    pub(crate) fn client_rst(self) -> Self {
        self.ends(CLIENT, End::Rst)
    }

    pub(crate) fn server_rst(self) -> Self {
        self.ends(SERVER, End::Rst)
    }

    pub(crate) fn and(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// As a seed for the fuzz target of the observer (`seeds.rs`).
    fn keep(&self) {
        let mut said = crate::seeds::Said::to("tls", &crate::seeds::SCRIPT);
        let mut sent = [0; 2];
        for event in &self.events {
            match event {
                Event::Octets { side, bytes, seen, .. } => {
                    said.block(*side as u8 | u8::from(*seen < sent[side.other() as usize]) << 1, bytes);
                    sent[*side as usize] += bytes.len() as u64;
                }
                Event::Gap { side, length } => {
                    said.block(*side as u8 | 1 << 2, &vec![0; (*length).min(1_000) as usize]);
                    sent[*side as usize] += length;
                }
                Event::End { side, how: End::Fin, .. } => said.block(*side as u8 | 2 << 2, b""),
                Event::End { side, how: End::Rst, .. } => said.block(*side as u8 | 3 << 2, b""),
                Event::Conflict(side) => said.block(*side as u8 | 4 << 2, b""),
                Event::Due => said.block(5 << 2, b""),
                Event::OneSided(_) => {}
            }
        }
    }

    /// What comes of it, connection still open.
    pub(crate) fn run(&self) -> Outcome {
        Outcome::of(self)
    }

    /// What comes of it when the connection is over.
    pub(crate) fn close(&self) -> Outcome {
        let mut outcome = Outcome::of(self);
        if !outcome.over {
            let progress = outcome.observer.close();
            outcome.take(progress);
            outcome.findings = outcome.observer.findings();
        }
        outcome
    }
}

/// What came of a conversation.
pub(crate) struct Outcome {
    pub(crate) observer: TlsObserver,
    pub(crate) phases: Vec<Phase>,
    pub(crate) findings: Findings,
    pub(crate) over: bool,
    pub(crate) walks: Option<[Walk; 2]>,
}

impl Outcome {
    fn of(talk: &Talk) -> Self {
        talk.keep();
        let observer = match talk.start {
            Start::Tls(side) => TlsObserver::new(side, talk.options),
            Start::Midstream(side) => TlsObserver::midstream(side, talk.options),
            Start::Ssl2(side) => TlsObserver::ssl2(side, talk.options),
        };
        let mut outcome =
            Self { findings: observer.findings(), observer, phases: vec![], over: false, walks: None };
        let mut room = Room { options: talk.options, ..Room::default() };
        for event in &talk.events {
            if outcome.over {
                outcome.walk(event);
            } else {
                outcome.tell(event, &mut room);
            }
        }
        if !outcome.over {
            outcome.findings = outcome.observer.findings();
        }
        outcome
    }

    fn tell(&mut self, event: &Event, room: &mut Room) {
        let progress = match event {
            Event::Octets { side, bytes, seen, starts, cut } => {
                let chunk = Chunk { bytes, seen: *seen, starts_segment: *starts, cut: *cut };
                self.observer.push(*side, chunk, room)
            }
            Event::End { side, how, seen } => self.observer.end(*side, *how, *seen),
            Event::Gap { side, length } => self.observer.gap(*side, *length),
            Event::OneSided(side) => self.observer.one_sided(*side),
            Event::Due => self.observer.due(),
            Event::Conflict(side) => {
                self.observer.conflict(*side);
                Progress::NeedMore
            }
        };
        self.take(progress);
    }

    fn take(&mut self, progress: Progress) {
        match progress {
            Progress::NeedMore => {}
            Progress::Moved(phase) => self.phases.push(phase),
            Progress::Finished(phase) => {
                self.phases.push(phase);
                self.over = true;
                self.findings = self.observer.findings();
                self.walks = self.observer.walk().map(|walks| walks.0);
                self.notice_clear();
            }
        }
    }

    fn notice_clear(&mut self) {
        let clear = self.walks.iter().flatten().any(|walk| walk.standing() == WalkEvent::Clear);
        if clear && self.phases.last() != Some(&Phase::TlsThenClear) {
            self.phases.push(Phase::TlsThenClear);
        }
    }

    fn walk(&mut self, event: &Event) {
        let Some(walks) = &mut self.walks else { return };
        match event {
            Event::Octets { side, bytes, .. } => {
                let desync = walks[*side as usize].advance(bytes) == WalkEvent::Desync;
                self.findings.flags =
                    self.findings.flags.union(Flags(u64::from(desync) << Flag::Desync as u8));
            }
            Event::Gap { side, .. } | Event::Conflict(side) => walks[*side as usize].lose(),
            _ => {}
        }
        self.notice_clear();
    }

    /// The phase at last.
    pub(crate) fn phase(&self) -> Phase {
        self.phases.last().copied().unwrap_or(Phase::TlsBegun)
    }

    pub(crate) fn profile(&self) -> &TlsProfile {
        match &self.findings.profile {
            Some(CryptoProfile::Tls(profile)) => profile,
            other => panic!("no TLS profile: {other:?}"),
        }
    }

    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.findings.flags.contains(flag)
    }

    pub(crate) fn text(&self, kind: TextKind) -> &[u8] {
        self.findings.texts.iter().find(|(number, _)| *number == kind as u8).map_or(&[], |(_, octets)| octets)
    }

    /// The alerts, each as it travels in a row.
    pub(crate) fn alerts(&self) -> Vec<[u8; 4]> {
        self.text(TextKind::Alerts).as_chunks::<4>().0.to_vec()
    }

    /// All that must not depend on how octets were cut.
    pub(crate) fn summary(&self) -> (Phase, Findings, Vec<Phase>) {
        (self.phase(), self.findings.clone(), self.observer.milestones().collect())
    }
}

/// A clear alert as it travels in a row.
pub(crate) fn said(from: Side, level: u8, description: u8) -> [u8; 4] {
    Alert { from, level, description, encrypted: false }.octets()
}

/// An encrypted alert as it travels in a row.
pub(crate) fn hid(from: Side) -> [u8; 4] {
    Alert { from, level: 0, description: 0, encrypted: true }.octets()
}

// ---- whole handshakes ----

/// TLS 1.2, full, ECDHE.
pub(crate) fn full_12() -> Talk {
    Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
        .client(join(&[message(16, &[1; 33]), ccs(), finished()]))
        .server(join(&[ccs(), finished()]))
}

/// TLS 1.2, abbreviated.
pub(crate) fn resumed_12() -> Talk {
    Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), ccs(), finished()]))
        .client(join(&[ccs(), finished()]))
}

/// TLS 1.3 up to the server's flight.
pub(crate) fn flight_13(suite: u16) -> Talk {
    Talk::new().client(client_hello()).server(join(&[server_hello_13(suite), server_flight_13()]))
}

/// TLS 1.3, full, no client certificate.
pub(crate) fn full_13() -> Talk {
    flight_13(0x1301).client(join(&[ccs(), sealed(53)]))
}

/// TLS 1.3 with an empty client certificate.
pub(crate) fn certified_13() -> Talk {
    flight_13(0x1301).client(join(&[ccs(), sealed(25), sealed(53)]))
}
