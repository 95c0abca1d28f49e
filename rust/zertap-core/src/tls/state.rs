//! The words in which the observer remembers: which rules hold, what has happened, what is still owed.

use crate::compact::compact;

/// Which rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Era {
    /// No ServerHello yet, or it was lost.
    #[default]
    Open,
    /// SSLv3 to TLS 1.2 (A4).
    UpTo12,
    /// TLS 1.3 and its drafts (A5).
    Tls13,
    /// SSLv2.
    Ssl2,
}

/// Things that have happened in this handshake.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(super) enum Saw {
    ClientHello = 1 << 0,
    ServerHello = 1 << 1,
    /// HelloRetryRequest.
    Retry = 1 << 2,
    /// Certificate, ServerKeyExchange, CertificateRequest or ServerHelloDone: a full handshake up to 1.2.
    FullFlight = 1 << 3,
    HelloDone = 1 << 4,
    /// A whole 1.3 ServerHello without pre_shared_key: the client may be asked for a certificate.
    NoPreSharedKey = 1 << 5,
    /// early_data in the only ClientHello.
    EarlyData = 1 << 6,
    /// ALPN in the ClientHello.
    AlpnOffered = 1 << 7,
    /// The waiting span has passed.
    Due = 1 << 8,
    /// The phase was `TlsProvisional` once.
    Provisional = 1 << 9,
    /// Provisional: the server's first record after the client's Finished is an alert by length, not
    /// caused by a closing sign of the client.
    Refusal = 1 << 10,
    /// Provisional: the same, but the client's closing sign came first.
    Farewell = 1 << 11,
    /// Only the server is visible, and it went on after the client had sent a Finished's worth of octets.
    ServerWentOn = 1 << 12,
    /// The side that began is the client for certain (not so on a pickup in mid-life).
    RoleKnown = 1 << 13,
    /// The ServerHello echoed the client's session id.
    SessionEchoed = 1 << 14,
    /// It failed by a FIN before the ServerHello; facts are still read, the outcome stands.
    FailedEarly = 1 << 15,
    /// Provisional: the same as `Refusal`, but the client's closing sign may have come first, unseen.
    Parting = 1 << 16,
    /// The waiting span passed while octets were missing.
    Torn = 1 << 17,
    /// Provisional: only a Finished was seen of the client's flight, and what came before it was lost.
    CertificateUnseen = 1 << 18,
}

/// What a lane still owes to completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remaining {
    /// Nothing.
    Settled,
    /// Octets that were surely not sent.
    Lacking,
    /// It may have sent them unseen.
    Unknown,
}

compact!(
    enum Era {
        Open,
        UpTo12,
        Tls13,
        Ssl2,
    }
);
