//! Why a handshake did not complete.

use crate::compact::compact;

/// The closed list of reasons of EDGE_CASES A1, in its order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Fault {
    /// Nothing went wrong.
    #[default]
    None = 0,
    /// An alert that ends the handshake, clear or told by its length.
    Alert = 1,
    /// TCP was closed (FIN) before completion.
    Closed = 2,
    /// TCP was reset before completion.
    Reset = 3,
    /// A TLS hello was answered by octets that are not TLS.
    PeerNotTls = 4,
    /// An SSH banner was answered by octets that are not SSH.
    PeerNotSsh = 5,
    /// TLS 1.3: the server refused the client's certificate after the client's Finished (A5 rule 4).
    ClientCertificateRefused = 6,
    /// SSH_MSG_DISCONNECT (or SSH-1 MSG_DISCONNECT) in clear.
    Disconnect = 7,
    /// The two SSH offers have no algorithm in common, and the connection ended.
    NoCommonAlgorithm = 8,
    /// A record or packet length that the protocol forbids.
    BadLength = 9,
    /// More than 8192 octets of SSH banner without a line end.
    BannerTooLong = 10,
    /// Octets that the protocol forbids at this place.
    ProtocolViolation = 11,
    /// The octets that would decide were lost to the capture.
    CaptureLoss = 12,
}

impl Fault {
    /// Every fault, indexed by its number.
    pub const ALL: [Fault; 13] = [
        Fault::None,
        Fault::Alert,
        Fault::Closed,
        Fault::Reset,
        Fault::PeerNotTls,
        Fault::PeerNotSsh,
        Fault::ClientCertificateRefused,
        Fault::Disconnect,
        Fault::NoCommonAlgorithm,
        Fault::BadLength,
        Fault::BannerTooLong,
        Fault::ProtocolViolation,
        Fault::CaptureLoss,
    ];

    /// The word used in every output; `None` has no word.
    pub const fn word(self) -> Option<&'static str> {
        Some(match self {
            Fault::None => return None,
            Fault::Alert => "alert",
            Fault::Closed => "closed",
            Fault::Reset => "reset",
            Fault::PeerNotTls => "peer_not_tls",
            Fault::PeerNotSsh => "peer_not_ssh",
            Fault::ClientCertificateRefused => "client_certificate_refused",
            Fault::Disconnect => "disconnect",
            Fault::NoCommonAlgorithm => "no_common_algorithm",
            Fault::BadLength => "bad_length",
            Fault::BannerTooLong => "banner_too_long",
            Fault::ProtocolViolation => "protocol_violation",
            Fault::CaptureLoss => "capture_loss",
        })
    }
}

compact!(
    enum Fault {
        None,
        Alert,
        Closed,
        Reset,
        PeerNotTls,
        PeerNotSsh,
        ClientCertificateRefused,
        Disconnect,
        NoCommonAlgorithm,
        BadLength,
        BannerTooLong,
        ProtocolViolation,
        CaptureLoss,
    }
);
