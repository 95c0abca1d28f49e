//! What the wire has shown of one connection so far: one byte a row.
//!
//! Phases say what was *seen*. That `TlsComplete` means "protected" is decided in Python's
//! `protection.py`, by one table that a test proves total over `Phase::ALL`.
//!
//! ```text
//! Silent ─ Sniffing ─┬─ Clear ─────────(upgrade, full mode)──┐
//!                    ├─ TlsBegun ─ TlsAgreed ─┬─ TlsProvisional ─ TlsComplete ─ TlsThenClear
//!                    │                        ├─ TlsFailed
//!                    │                        └─ TlsLost
//!                    ├─ SshBegun ─ SshAgreed ─┬─ SshComplete
//!                    │                        ├─ SshFailed
//!                    │                        └─ SshLost
//!                    └─ Unseen (picked up in mid-life, no start visible)
//! ```

use crate::compact::compact;

/// What the wire has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    /// No payload octet yet in either direction.
    #[default]
    Silent = 0,
    /// One or two octets that could begin a handshake: too few to say so (A3).
    Sniffing = 1,
    /// Payload, and no recognised handshake at its start.
    Clear = 2,
    /// The beginning of a TLS or SSL handshake.
    TlsBegun = 3,
    /// A ServerHello (not a HelloRetryRequest) settled version and suite.
    TlsAgreed = 4,
    /// TLS 1.3 with a certificate in the client's flight: complete unless the server refuses it (A5 rule 4).
    TlsProvisional = 5,
    /// Both sides finished the handshake (A4, A5).
    TlsComplete = 6,
    /// A handshake was begun and did not complete.
    TlsFailed = 7,
    /// Complete, and later data in clear at an exact record boundary (A7).
    TlsThenClear = 8,
    /// A handshake was begun; the octets that would decide it were lost, and the connection ended (A8).
    TlsLost = 9,
    /// An SSH identification line, or its first four octets.
    SshBegun = 10,
    /// KEXINIT from both sides: algorithms computed.
    SshAgreed = 11,
    /// NEWKEYS from both sides (SSH-1: A6).
    SshComplete = 12,
    /// A handshake was begun and did not complete.
    SshFailed = 13,
    /// As `TlsLost`.
    SshLost = 14,
    /// Picked up in mid-life without a visible start (A8).
    Unseen = 15,
}

impl Phase {
    /// Every phase, indexed by its number.
    pub const ALL: [Phase; 16] = [
        Phase::Silent,
        Phase::Sniffing,
        Phase::Clear,
        Phase::TlsBegun,
        Phase::TlsAgreed,
        Phase::TlsProvisional,
        Phase::TlsComplete,
        Phase::TlsFailed,
        Phase::TlsThenClear,
        Phase::TlsLost,
        Phase::SshBegun,
        Phase::SshAgreed,
        Phase::SshComplete,
        Phase::SshFailed,
        Phase::SshLost,
        Phase::Unseen,
    ];

    /// The name of this phase, as Python sees it.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Silent => "SILENT",
            Phase::Sniffing => "SNIFFING",
            Phase::Clear => "CLEAR",
            Phase::TlsBegun => "TLS_BEGUN",
            Phase::TlsAgreed => "TLS_AGREED",
            Phase::TlsProvisional => "TLS_PROVISIONAL",
            Phase::TlsComplete => "TLS_COMPLETE",
            Phase::TlsFailed => "TLS_FAILED",
            Phase::TlsThenClear => "TLS_THEN_CLEAR",
            Phase::TlsLost => "TLS_LOST",
            Phase::SshBegun => "SSH_BEGUN",
            Phase::SshAgreed => "SSH_AGREED",
            Phase::SshComplete => "SSH_COMPLETE",
            Phase::SshFailed => "SSH_FAILED",
            Phase::SshLost => "SSH_LOST",
            Phase::Unseen => "UNSEEN",
        }
    }

    /// Whether a handshake has begun and its outcome is open.
    pub const fn is_open(self) -> bool {
        matches!(self, Phase::TlsBegun | Phase::TlsAgreed | Phase::SshBegun | Phase::SshAgreed)
    }

    /// Whether the handshake completed, whatever came after.
    pub const fn is_complete(self) -> bool {
        matches!(self, Phase::TlsProvisional | Phase::TlsComplete | Phase::TlsThenClear | Phase::SshComplete)
    }

    /// Whether this phase belongs in a row's history.
    ///
    /// Only phases whose order does not depend on how octets were cut into segments do. A row tells its
    /// current phase anyway; what precedes the first milestone is "no handshake yet".
    pub const fn is_milestone(self) -> bool {
        matches!(
            self,
            Phase::TlsBegun
                | Phase::TlsComplete
                | Phase::TlsFailed
                | Phase::TlsThenClear
                | Phase::TlsLost
                | Phase::SshBegun
                | Phase::SshComplete
                | Phase::SshFailed
                | Phase::SshLost
        )
    }
}

compact!(
    enum Phase {
        Silent,
        Sniffing,
        Clear,
        TlsBegun,
        TlsAgreed,
        TlsProvisional,
        TlsComplete,
        TlsFailed,
        TlsThenClear,
        TlsLost,
        SshBegun,
        SshAgreed,
        SshComplete,
        SshFailed,
        SshLost,
        Unseen,
    }
);
