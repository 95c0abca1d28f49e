//! What all observers of one tap share.

use super::{HostKey, Journal, Shown, Side, SshAgreements, SshOffer};
use crate::certificate::CertificateCache;
use crate::compact::compact;
use crate::seen::Seen;

/// What observers are asked to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing to look at")]
pub struct Options {
    /// Read certificates (up to TLS 1.2 they pass in clear).
    pub certificates: bool,
    /// Follow a handshake that begins after data in clear.
    pub upgrades: bool,
    /// Keep the lists that the two sides offered.
    pub offers: bool,
    /// Keep what JA3, JA4 and HASSH are made of.
    pub fingerprints: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { certificates: true, upgrades: true, offers: false, fingerprints: false }
    }
}

/// Shared by all observers of one tap; handed to them with each call that may need it.
#[derive(Debug, Default)]
pub struct Room {
    /// What to look at.
    pub options: Options,
    /// Certificates seen before.
    pub certificates: CertificateCache,
    /// What pairs of SSH offers came to.
    pub agreements: SshAgreements,
    /// SSH host keys and offers seen before.
    pub ssh: SshSeen,
    /// Memory for a message that comes in several pieces; free, and empty.
    pub octets: Vec<u8>,
    /// The account of one connection, where somebody asked for it.
    pub journal: Option<Box<Journal>>,
}

/// What was read of SSH before.
#[derive(Debug, Default)]
pub struct SshSeen {
    /// Host keys by their blobs.
    pub host_keys: Seen<HostKey>,
    /// Offers by what follows the random octets.
    pub offers: Seen<SshOffer>,
}

/// The largest memory for a message that is kept for the next one: hellos and most certificates are smaller.
const LARGEST: usize = 4096;

impl Room {
    /// Takes memory back that a message was gathered in.
    pub(crate) fn take_back(&mut self, mut octets: Vec<u8>) {
        if octets.capacity() <= LARGEST {
            octets.clear();
            self.octets = octets;
        }
    }

    /// Notes what `side` showed, where somebody asked for it.
    #[inline]
    pub(crate) fn note(&mut self, side: Side, shown: Shown, octets: u64) {
        if let Some(journal) = &mut self.journal {
            journal.note(Some(side), shown, octets);
        }
    }
}

compact!(struct Options { certificates, upgrades, offers, fingerprints });
