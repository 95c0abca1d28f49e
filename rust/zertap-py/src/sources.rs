//! The sources of a row's values: their names, types, and what each follows from. What they say is in `facts.rs`.
//!
//! The list is the contract with `schema.py`; the words for verdicts and protocols are not here, they come with the
//! plan.

use crate::offered::OFFERED;
use crate::value::Kind;
use zertap_core::event::Row;
use zertap_core::handshake::{Phase, TextKind};

/// Defines the sources once: variant, name, type.
macro_rules! sources {
    ($($variant:ident = $name:literal, $kind:ident;)*) => {
        /// A wire-level value of a row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Source { $($variant,)* }

        /// Every source by name.
        pub(crate) const ALL: &[(&str, Source)] = &[$(($name, Source::$variant),)*];

        impl Source {
            pub(crate) const fn kind(self) -> Kind { match self { $(Source::$variant => Kind::$kind,)* } }
        }
    };
}

sources! {
    File = "file", Text;
    FirstPacket = "first_packet", U64;
    Packet = "packet", U64;
    Connection = "connection", U64;
    Uid = "uid", Text;
    Ordinal = "ordinal", U64;
    Kind = "kind", Text;
    Phase = "phase", Text;
    Verdict = "verdict", Text;
    Protocol = "protocol", Text;
    Reason = "reason", Text;
    GaveUp = "gave_up", Text;
    Flags = "flags", Words;
    ClientIp = "client_ip", Text;
    ClientPort = "client_port", U64;
    ServerIp = "server_ip", Text;
    ServerPort = "server_port", U64;
    Start = "start", Time;
    Established = "established", Time;
    End = "end", Time;
    Duration = "duration", F64;
    Closed = "closed", Text;
    BytesClient = "bytes_client", U64;
    BytesServer = "bytes_server", U64;
    SegmentsClient = "segments_client", U64;
    SegmentsServer = "segments_server", U64;
    HandshakeType = "handshake_type", U64;
    HandshakeMs = "handshake_ms", F64;
    ProtocolClient = "protocol_client", Text;
    Upgrade = "upgrade", Text;
    Evidence = "evidence", Object;
    Events = "events", List;
    CommunityId = "community_id", Text;
    KnownFrom = "source", Text;
    Provider = "provider", Text;
    Note = "note", U64;
    TlsVersion = "tls_version", Text;
    TlsCipher = "tls_cipher", Text;
    TlsCipherName = "tls_cipher_name", Text;
    TlsGroup = "tls_group", Text;
    TlsGroupId = "tls_group_id", U64;
    TlsDhBits = "tls_dh_bits", U64;
    TlsSignatureScheme = "tls_signature_scheme", Text;
    TlsSni = "tls_sni", Text;
    TlsSniIsOuter = "tls_sni_is_outer", Bool;
    TlsSniAcknowledged = "tls_sni_acknowledged", Bool;
    TlsAlpn = "tls_alpn", Text;
    TlsResumed = "tls_resumed", Bool;
    TlsExtendedMasterSecret = "tls_extended_master_secret", Bool;
    TlsEncryptThenMac = "tls_encrypt_then_mac", Bool;
    TlsTruncatedHmac = "tls_truncated_hmac", Bool;
    TlsMaxFragmentLength = "tls_max_fragment_length", U64;
    TlsRecordSizeLimit = "tls_record_size_limit", U64;
    TlsSecureRenegotiation = "tls_secure_renegotiation", Bool;
    TlsCompression = "tls_compression", Text;
    TlsHelloRetry = "tls_hello_retry", Bool;
    TlsClientCertificateRequested = "tls_client_certificate_requested", Bool;
    TlsEarlyDataOffered = "tls_early_data_offered", Bool;
    TlsSessionId = "tls_session_id", Text;
    TlsAlerts = "tls_alerts", List;
    TlsServerCertificate = "tls_server_certificate", Object;
    TlsClientCertificate = "tls_client_certificate", Object;
    TlsOffered = "tls_offered", Object;
    TlsServerCertificateSha1 = "tls_server_certificate_sha1", Text;
    TlsClientCertificateSha1 = "tls_client_certificate_sha1", Text;
    TlsJa3 = "tls_ja3", Text;
    TlsJa3String = "tls_ja3_string", Text;
    TlsJa3s = "tls_ja3s", Text;
    TlsJa3sString = "tls_ja3s_string", Text;
    TlsJa4 = "tls_ja4", Text;
    SshVersion = "ssh_version", U64;
    SshClientBanner = "ssh_client_banner", Text;
    SshServerBanner = "ssh_server_banner", Text;
    SshKex = "ssh_kex", Text;
    SshHostKey = "ssh_host_key", Text;
    SshCipherC2s = "ssh_cipher_c2s", Text;
    SshCipherS2c = "ssh_cipher_s2c", Text;
    SshMacC2s = "ssh_mac_c2s", Text;
    SshMacS2c = "ssh_mac_s2c", Text;
    SshCompressionC2s = "ssh_compression_c2s", Text;
    SshCompressionS2c = "ssh_compression_s2c", Text;
    SshStrictKex = "ssh_strict_kex", Bool;
    SshHostKeyFingerprint = "ssh_host_key_fingerprint", Text;
    SshHostKeyType = "ssh_host_key_type", Text;
    SshHostKeyBits = "ssh_host_key_bits", U64;
    SshOffered = "ssh_offered", Object;
    SshHassh = "ssh_hassh", Text;
    SshHasshString = "ssh_hassh_string", Text;
    SshHasshServer = "ssh_hassh_server", Text;
    SshHasshServerString = "ssh_hassh_server_string", Text;
}

impl Source {
    /// The source of this name.
    pub(crate) fn named(name: &str) -> Option<Source> {
        ALL.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
    }

    /// The thing by which alone its value follows, beside the row's protocol; `None`: it is the row's own.
    pub(crate) fn shared(self) -> Option<Shared> {
        match self {
            Source::TlsServerCertificate | Source::TlsServerCertificateSha1 => {
                Some(Shared::ServerCertificate)
            }
            Source::TlsClientCertificate | Source::TlsClientCertificateSha1 => {
                Some(Shared::ClientCertificate)
            }
            Source::TlsSni
            | Source::TlsSniIsOuter
            | Source::TlsSessionId
            | Source::TlsAlerts
            | Source::TlsOffered
            | Source::TlsJa3
            | Source::TlsJa3String
            | Source::TlsJa3s
            | Source::TlsJa3sString
            | Source::TlsJa4
            | Source::SshClientBanner
            | Source::SshServerBanner
            | Source::SshHostKeyFingerprint
            | Source::SshOffered
            | Source::SshHassh
            | Source::SshHasshString
            | Source::SshHasshServer
            | Source::SshHasshServerString => None,
            Source::Evidence => Some(Shared::Profile),
            other => other.protocol().map(|_| Shared::Profile),
        }
    }

    /// The protocol a source belongs to, if to one alone.
    pub(crate) fn protocol(self) -> Option<Protocol> {
        let at = self as usize;
        if at >= Source::SshVersion as usize {
            Some(Protocol::Ssh)
        } else if at >= Source::TlsVersion as usize {
            Some(Protocol::Tls)
        } else {
            None
        }
    }
}

/// Whether a value is the row's own: it does not follow from the row's phase, kind, fault, flags, pattern, sides and
/// profile, and from which texts and certificates there are.
pub(crate) fn is_own(row: &Row, source: Source) -> bool {
    use Source as S;
    let has =
        |kinds: &[TextKind]| row.texts().any(|(found, _)| kinds.iter().any(|kind| *kind as u8 == found));
    let settled = row.settled.as_deref();
    match source {
        S::File
        | S::FirstPacket
        | S::Packet
        | S::Connection
        | S::Uid
        | S::Ordinal
        | S::ClientIp
        | S::ClientPort
        | S::ServerIp
        | S::ServerPort
        | S::CommunityId
        | S::Note
        | S::Start
        | S::Established
        | S::End
        | S::Duration
        | S::HandshakeMs
        | S::Events
        | S::BytesClient
        | S::BytesServer
        | S::SegmentsClient
        | S::SegmentsServer => true,
        S::Upgrade => has(&[TextKind::Upgrade]),
        S::TlsSni => has(&[TextKind::ServerName]),
        S::TlsSessionId => has(&[TextKind::SessionId]),
        S::TlsAlerts => has(&[TextKind::Alerts]),
        S::TlsOffered => has(&OFFERED),
        S::TlsJa3 | S::TlsJa3String => has(&[TextKind::Ja3]),
        S::TlsJa3s | S::TlsJa3sString => has(&[TextKind::Ja3s]),
        S::TlsJa4 => has(&[TextKind::Ja4]),
        S::SshClientBanner => has(&[TextKind::ClientBanner]),
        S::SshServerBanner => has(&[TextKind::ServerBanner]),
        S::SshHostKeyFingerprint => has(&[TextKind::HostKeyFingerprint]),
        S::SshOffered => has(&[TextKind::ClientKexInit, TextKind::ServerKexInit]),
        S::SshHassh | S::SshHasshString => has(&[TextKind::Hassh]),
        S::SshHasshServer | S::SshHasshServerString => has(&[TextKind::HasshServer]),
        S::TlsServerCertificate | S::TlsServerCertificateSha1 => {
            settled.is_some_and(|settled| settled.server_certificate.is_some())
        }
        S::TlsClientCertificate | S::TlsClientCertificateSha1 => {
            settled.is_some_and(|settled| settled.client_certificate.is_some())
        }
        _ => false,
    }
}

/// What many rows have in common, each once in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    Profile,
    ServerCertificate,
    ClientCertificate,
}

/// The two observed protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Tls,
    Ssh,
}

/// Which protocol a phase speaks of.
pub(crate) fn protocol_of(phase: Phase) -> Option<Protocol> {
    match phase {
        Phase::TlsBegun
        | Phase::TlsAgreed
        | Phase::TlsProvisional
        | Phase::TlsComplete
        | Phase::TlsFailed
        | Phase::TlsThenClear
        | Phase::TlsLost => Some(Protocol::Tls),
        Phase::SshBegun | Phase::SshAgreed | Phase::SshComplete | Phase::SshFailed | Phase::SshLost => {
            Some(Protocol::Ssh)
        }
        Phase::Silent | Phase::Sniffing | Phase::Clear | Phase::Unseen => None,
    }
}

/// Words and names that a row itself does not hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    /// The row's pattern.
    pub(crate) pattern: u32,
    pub(crate) verdicts: &'a [String; 16],
    pub(crate) protocols: &'a [String; 16],
    /// The event template of the row's pattern.
    pub(crate) events: &'a [EventTemplate],
    /// Unit: nanoseconds.
    pub(crate) waiting_span: u64,
    /// Name of the capture, and the number of frames before it in the tap.
    pub(crate) file: Option<&'a str>,
    pub(crate) frames_before: u64,
    /// Seed of Community ID.
    pub(crate) community_seed: u16,
    /// Nobody is to be named.
    pub(crate) nameless: bool,
}

/// One event of a history pattern.
#[derive(Clone, Debug)]
pub(crate) struct EventTemplate {
    pub(crate) kind: u64,
    /// Milestone number, or -1 for the end of the waiting span, or -2 for the row's end.
    pub(crate) slot: i64,
    pub(crate) protocol: String,
    pub(crate) failed: bool,
}
