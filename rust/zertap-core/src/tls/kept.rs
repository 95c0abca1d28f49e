//! What an observer keeps between messages: few octets inline, the rare rest behind one box.

use super::hello::ClientHello;
use crate::compact::compact;
use crate::handshake::{Alert, Text, TextKind};
use arrayvec::ArrayVec;

/// Alerts kept of one connection; more are counted by nobody (warnings can come without end).
const ALERT_LIMIT: usize = 32;

/// What current clients send fits: a name of 32 octets, a session id, 31 suites.
const ROOM: usize = 126;

/// What stays of the ClientHello until the ServerHello answers it: server name, session id, suites, in
/// one run.
#[derive(Debug, Default)]
pub(super) struct Kept {
    octets: ArrayVec<u8, ROOM>,
    /// All of them, where they are too many.
    long: Option<Box<[u8]>>,
    name: u16,
    session: u8,
    /// The whole ClientHello was read; it offered 1.3 and no pre-shared key: a 1.3 server may ask for a certificate.
    pub(super) may_be_asked: bool,
}

impl Kept {
    /// Keeps what is needed of `hello`, instead of an earlier one.
    pub(super) fn keep(&mut self, hello: &ClientHello<'_>) {
        self.name = u16::try_from(hello.name.len()).unwrap_or(0);
        let name = hello.name.get(..usize::from(self.name)).unwrap_or_default();
        let session = hello.session.get(..32).unwrap_or(hello.session);
        self.session = session.len() as u8;
        self.may_be_asked = hello.whole && hello.offers_13() && !hello.pre_shared_key;
        let runs = [name, session, hello.suites];
        self.octets.clear();
        let fits = runs.iter().all(|run| self.octets.try_extend_from_slice(run).is_ok());
        self.long = (!fits).then(|| runs.concat().into_boxed_slice());
    }

    /// Keeps the cipher kinds of an SSLv2-format hello that stand for TLS suites (RFC 5246 E.2).
    pub(super) fn keep_ssl2(&mut self, kinds: &[u8], session: &[u8]) {
        let suites: Vec<u8> = kinds
            .as_chunks::<3>()
            .0
            .iter()
            .filter(|kind| kind[0] == 0)
            .flat_map(|kind| [kind[1], kind[2]])
            .collect();
        self.keep(&ClientHello { suites: &suites, session, ..ClientHello::default() });
    }

    fn octets(&self) -> &[u8] {
        self.long.as_deref().unwrap_or(&self.octets)
    }

    /// host_name of server_name; empty when there was none.
    pub(super) fn name(&self) -> &[u8] {
        self.octets().get(..usize::from(self.name)).unwrap_or_default()
    }

    /// legacy_session_id of the ClientHello.
    pub(super) fn session(&self) -> &[u8] {
        let start = usize::from(self.name);
        self.octets().get(start..start + usize::from(self.session)).unwrap_or_default()
    }

    /// Whether the ClientHello offered this suite.
    pub(super) fn offers(&self, suite: u16) -> bool {
        let start = usize::from(self.name) + usize::from(self.session);
        let suites = self.octets().get(start..).unwrap_or_default();
        suites.as_chunks::<2>().0.contains(&suite.to_be_bytes())
    }
}

/// Things most connections never have.
#[derive(Debug, Default)]
pub(super) struct Cold {
    /// Alerts in the order of their octets.
    pub(super) alerts: Vec<Alert>,
    /// Offered lists, where they are asked for.
    pub(super) offers: Vec<Text>,
    /// Fingerprints, where they are asked for.
    pub(super) fingerprints: Vec<Text>,
    /// legacy_session_id of the ServerHello where it does not echo the client's.
    pub(super) session: Box<[u8]>,
    /// SSLv2.
    pub(super) ssl2: super::ssl2::Ssl2,
}

impl Cold {
    /// Notes an alert.
    pub(super) fn note(&mut self, alert: Alert) {
        if self.alerts.len() < ALERT_LIMIT {
            self.alerts.push(alert);
        }
    }

    /// Whether there are texts but name and session id.
    pub(super) fn has_texts(&self) -> bool {
        !(self.alerts.is_empty() && self.offers.is_empty() && self.fingerprints.is_empty())
    }

    /// Keeps the lists that a ClientHello offers; a later hello replaces an earlier one's.
    pub(super) fn offer(&mut self, hello: &ClientHello<'_>) {
        let own_version = hello.version.to_be_bytes();
        let versions = if hello.versions.is_empty() { &own_version[..] } else { hello.versions };
        let types = hello.extension_types();
        let lists = [
            (TextKind::OfferedVersions, versions),
            (TextKind::OfferedSuites, hello.suites),
            (TextKind::OfferedGroups, hello.groups),
            (TextKind::OfferedSignatures, hello.signatures),
            (TextKind::OfferedAlpn, hello.alpn),
            (TextKind::OfferedExtensions, &types),
        ];
        self.offers = lists.into_iter().filter(|(_, list)| !list.is_empty()).map(text).collect();
    }
}

/// One text.
pub(super) fn text((kind, octets): (TextKind, &[u8])) -> Text {
    Text { kind, bytes: octets.into() }
}

compact!(struct Kept { octets, long, name, session, may_be_asked });
