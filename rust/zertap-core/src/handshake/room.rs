//! What all observers of one tap share.

use crate::certificate::CertificateCache;

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
}
