//! What each source of a row says: wire numbers, with their registered names, as values.
//!
//! The list of sources is the contract with `schema.py`; the words for verdicts and protocols are not here,
//! they come with the plan.

use crate::clock;
use crate::identity;
use crate::value::{Kind, Value};
use crate::veil::veiled;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::borrow::Cow;
use std::hash::Hasher;
use zertap_core::certificate::{CertificateTime, LeafCertificate};
use zertap_core::event::{Row, RowKind};
use zertap_core::handshake::{CryptoProfile, Flag, Phase, Side, SshProfile, TextKind, TlsProfile, TlsShape};
use zertap_core::registry::tls::{
    AlertDescription, CipherSuite, CompressionMethod, ExtensionType, NamedGroup, ProtocolVersion,
    SignatureScheme,
};
use zertap_core::time::{Span, Timestamp};

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
        S::File | S::FirstPacket | S::Packet | S::Connection | S::Uid | S::Ordinal => true,
        S::ClientIp | S::ClientPort | S::ServerIp | S::ServerPort | S::CommunityId | S::Note => true,
        S::Start | S::Established | S::End | S::Duration | S::HandshakeMs | S::Events => true,
        S::BytesClient | S::BytesServer | S::SegmentsClient | S::SegmentsServer => true,
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

/// What one source says of one row.
pub(crate) fn value<'a>(row: &'a Row, source: Source, words: &Words<'a>) -> Value<'a> {
    let found = match source.protocol() {
        Some(Protocol::Tls) => tls_value(row, source),
        Some(Protocol::Ssh) => ssh_value(row, source),
        None => general_value(row, source, words),
    };
    if words.nameless { veiled(source, found) } else { found }
}

fn general_value<'a>(row: &'a Row, source: Source, words: &Words<'a>) -> Value<'a> {
    let settled = row.settled.as_deref();
    let phase = row.phase as usize;
    match source {
        Source::File => Value::maybe(words.file, Value::text),
        Source::FirstPacket => Value::Int(row.first_packet - words.frames_before.min(row.first_packet)),
        Source::Packet => Value::Int(row.packet - words.frames_before.min(row.packet)),
        Source::Connection => Value::Int(row.connection),
        Source::Uid => Value::owned(uid(row)),
        Source::Ordinal => Value::Int(row.ordinal.into()),
        Source::Kind => Value::text(row.kind.word()),
        Source::Phase => Value::text(row.phase.name()),
        Source::Verdict => Value::maybe(words.verdicts.get(phase), |word| Value::text(word)),
        Source::Protocol => Value::maybe(words.protocols.get(phase), |word| Value::text(word)),
        Source::Reason => Value::maybe(settled.and_then(|settled| settled.fault.word()), Value::text),
        Source::GaveUp => Value::maybe(settled.and_then(|settled| settled.gave_up), |side| role(row, side)),
        Source::Flags => Value::List(row.flags.iter().map(|flag| Value::text(flag.word())).collect()),
        Source::ClientIp => Value::owned(row.addresses[0].to_string()),
        Source::ClientPort => Value::Int(row.ports[0].into()),
        Source::ServerIp => Value::owned(row.addresses[1].to_string()),
        Source::ServerPort => Value::Int(row.ports[1].into()),
        Source::Start => Value::Time(row.start),
        Source::Established => Value::maybe(row.established, Value::Time),
        Source::End => Value::Time(row.end),
        Source::Duration => Value::Float(seconds(row.duration().0)),
        Source::Closed => Value::text(closed(row.kind)),
        Source::BytesClient => Value::Int(row.octets[0]),
        Source::BytesServer => Value::Int(row.octets[1]),
        Source::SegmentsClient => Value::Int(row.segments[0]),
        Source::SegmentsServer => Value::Int(row.segments[1]),
        Source::HandshakeType => handshake_type(row),
        Source::HandshakeMs => Value::maybe(row.handshake(), |(begun, complete)| {
            Value::Float(milliseconds(complete.at.since(begun.at).0))
        }),
        Source::ProtocolClient => {
            Value::maybe(settled.and_then(|settled| settled.protocol_client), |side| role(row, side))
        }
        Source::Upgrade => text_of(row, TextKind::Upgrade),
        Source::Evidence => evidence(row),
        Source::Events => events(row, words),
        Source::KnownFrom => Value::maybe(profile(row), |profile| {
            Value::text(if provider(profile).is_some() { "provider" } else { "observation" })
        }),
        Source::Provider => Value::maybe(profile(row).and_then(provider), Value::text),
        Source::Note => Value::Int(row.note),
        Source::CommunityId => Value::owned(identity::community_id(row, words.community_seed)),
        _ => Value::Null,
    }
}

fn tls_value(row: &Row, source: Source) -> Value<'_> {
    match source {
        Source::TlsSni => text_of(row, TextKind::ServerName),
        Source::TlsSniIsOuter => Value::maybe(text(row, TextKind::ServerName), |_| {
            Value::Bool(row.flags.contains(Flag::EchOffered))
        }),
        Source::TlsSessionId => {
            Value::maybe(text(row, TextKind::SessionId), |id| Value::owned(hex(id, Case::Upper)))
        }
        Source::TlsAlerts => alerts(row),
        Source::TlsServerCertificate => {
            certificate(row.settled.as_deref().and_then(|settled| settled.server_certificate.as_deref()))
        }
        Source::TlsClientCertificate => {
            certificate(row.settled.as_deref().and_then(|settled| settled.client_certificate.as_deref()))
        }
        Source::TlsOffered => tls_offered(row),
        Source::TlsServerCertificateSha1 => {
            sha1(row.settled.as_deref().and_then(|settled| settled.server_certificate.as_deref()))
        }
        Source::TlsClientCertificateSha1 => {
            sha1(row.settled.as_deref().and_then(|settled| settled.client_certificate.as_deref()))
        }
        Source::TlsJa3 => md5_of(row, TextKind::Ja3),
        Source::TlsJa3String => text_of(row, TextKind::Ja3),
        Source::TlsJa3s => md5_of(row, TextKind::Ja3s),
        Source::TlsJa3sString => text_of(row, TextKind::Ja3s),
        Source::TlsJa4 => text_of(row, TextKind::Ja4),
        _ => Value::maybe(tls_profile(row), |profile| tls_profile_value(profile, source)),
    }
}

fn tls_profile_value(profile: &TlsProfile, source: Source) -> Value<'_> {
    match source {
        Source::TlsVersion => {
            if profile.version == 0 {
                Value::Null
            } else {
                version(profile.version)
            }
        }
        Source::TlsCipher => Value::maybe(profile.cipher, |number| Value::owned(cipher_hex(number))),
        Source::TlsCipherName => {
            Value::maybe(profile.cipher.and_then(|number| CipherSuite(number).name()), Value::text)
        }
        Source::TlsGroup => Value::maybe(profile.group, group),
        Source::TlsGroupId => Value::maybe(profile.group, |number| Value::Int(number.into())),
        Source::TlsDhBits => Value::maybe(profile.dh_bits, |bits| Value::Int(bits.into())),
        Source::TlsSignatureScheme => Value::maybe(profile.signature_scheme, scheme),
        Source::TlsSniAcknowledged => Value::maybe(profile.sni_acknowledged, Value::Bool),
        Source::TlsAlpn => {
            Value::maybe(profile.alpn.as_deref(), |name| Value::Text(String::from_utf8_lossy(name)))
        }
        Source::TlsResumed => match profile.shape {
            TlsShape::Unknown => Value::Null,
            TlsShape::Full => Value::Bool(false),
            TlsShape::Abbreviated => Value::Bool(true),
        },
        Source::TlsExtendedMasterSecret => Value::maybe(profile.extended_master_secret, Value::Bool),
        Source::TlsEncryptThenMac => Value::maybe(profile.encrypt_then_mac, Value::Bool),
        Source::TlsTruncatedHmac => Value::maybe(profile.truncated_hmac, Value::Bool),
        Source::TlsMaxFragmentLength => {
            // RFC 6066 section 4: codes 1 to 4 stand for 2^9 to 2^12 octets.
            Value::maybe(profile.max_fragment_length.filter(|code| (1..=4).contains(code)), |code| {
                Value::Int(256 << code)
            })
        }
        Source::TlsRecordSizeLimit => {
            Value::maybe(profile.record_size_limit, |limit| Value::Int(limit.into()))
        }
        Source::TlsSecureRenegotiation => Value::maybe(profile.secure_renegotiation, Value::Bool),
        Source::TlsCompression => Value::maybe(profile.compression, |number| {
            Value::Text(
                CompressionMethod(number).name().map_or_else(|| number.to_string().into(), Cow::Borrowed),
            )
        }),
        Source::TlsHelloRetry => Value::Bool(profile.hello_retry),
        Source::TlsClientCertificateRequested => {
            Value::maybe(profile.client_certificate_requested, Value::Bool)
        }
        Source::TlsEarlyDataOffered => Value::Bool(profile.early_data_offered),
        _ => Value::Null,
    }
}

fn ssh_value(row: &Row, source: Source) -> Value<'_> {
    match source {
        Source::SshClientBanner => text_of(row, TextKind::ClientBanner),
        Source::SshServerBanner => text_of(row, TextKind::ServerBanner),
        Source::SshHostKeyFingerprint => {
            Value::maybe(text(row, TextKind::HostKeyFingerprint), |digest| Value::owned(fingerprint(digest)))
        }
        Source::SshOffered => ssh_offered(row),
        Source::SshHassh => md5_of(row, TextKind::Hassh),
        Source::SshHasshString => text_of(row, TextKind::Hassh),
        Source::SshHasshServer => md5_of(row, TextKind::HasshServer),
        Source::SshHasshServerString => text_of(row, TextKind::HasshServer),
        _ => Value::maybe(ssh_profile(row), |profile| ssh_profile_value(profile, source)),
    }
}

fn ssh_profile_value(profile: &SshProfile, source: Source) -> Value<'_> {
    let name = |name: &'_ Option<Box<str>>| -> Option<Cow<'_, str>> {
        name.as_deref().map(|text| Cow::Owned(text.to_owned()))
    };
    let text = |field| Value::maybe(name(field), Value::Text);
    match source {
        Source::SshVersion => {
            if profile.version == 0 {
                Value::Null
            } else {
                Value::Int(profile.version.into())
            }
        }
        Source::SshKex => text(&profile.kex),
        Source::SshHostKey => text(&profile.host_key),
        Source::SshCipherC2s => text(&profile.cipher_c2s),
        Source::SshCipherS2c => text(&profile.cipher_s2c),
        Source::SshMacC2s => text(&profile.mac_c2s),
        Source::SshMacS2c => text(&profile.mac_s2c),
        Source::SshCompressionC2s => text(&profile.compression_c2s),
        Source::SshCompressionS2c => text(&profile.compression_s2c),
        Source::SshStrictKex => Value::Bool(profile.strict_kex),
        Source::SshHostKeyType => text(&profile.host_key_type),
        Source::SshHostKeyBits => Value::maybe(profile.host_key_bits, |bits| Value::Int(bits.into())),
        _ => Value::Null,
    }
}

/// The facts of a certificate that stand in an object, in the schema's order.
pub(crate) const CERTIFICATE_PARTS: [(&str, Kind); 12] = [
    ("serial", Kind::Text),
    ("not_before", Kind::Text),
    ("not_after", Kind::Text),
    ("not_after_type", Kind::Text),
    ("subject", Kind::Text),
    ("issuer", Kind::Text),
    ("subject_sha256", Kind::Text),
    ("issuer_sha256", Kind::Text),
    ("key_type", Kind::Text),
    ("key_bits", Kind::U64),
    ("signature_algorithm", Kind::Text),
    ("sha256", Kind::Text),
];

fn certificate(leaf: Option<&LeafCertificate>) -> Value<'_> {
    let Some(leaf) = leaf else { return Value::Null };
    let parts = CERTIFICATE_PARTS.iter().enumerate();
    Value::Object(parts.map(|(part, (name, _))| (*name, part_of(leaf, part))).collect())
}

/// One part of the certificate that a source means.
pub(crate) fn certificate_part(row: &Row, source: Source, part: usize) -> Value<'_> {
    let settled = row.settled.as_deref();
    let leaf = match source {
        _ if protocol_of(row.phase) != Some(Protocol::Tls) => None,
        Source::TlsServerCertificate => settled.and_then(|settled| settled.server_certificate.as_deref()),
        Source::TlsClientCertificate => settled.and_then(|settled| settled.client_certificate.as_deref()),
        _ => None,
    };
    Value::maybe(leaf, |leaf| part_of(leaf, part))
}

/// A part by its place in `CERTIFICATE_PARTS`.
fn part_of(leaf: &LeafCertificate, part: usize) -> Value<'_> {
    match part {
        0 => Value::owned(serial(&leaf.serial)),
        1 => Value::maybe(leaf.not_before.and_then(clock::rfc3339_seconds), Value::owned),
        2 => Value::maybe(leaf.not_after.and_then(clock::rfc3339_seconds), Value::owned),
        3 => Value::text(match leaf.not_after_type {
            CertificateTime::Utc => "utc",
            CertificateTime::Generalized => "generalized",
        }),
        4 => Value::text(&leaf.subject),
        5 => Value::text(&leaf.issuer),
        6 => Value::owned(hex(&leaf.subject_sha256, Case::Lower)),
        7 => Value::owned(hex(&leaf.issuer_sha256, Case::Lower)),
        8 => Value::text(leaf.traits.key.name()),
        9 if leaf.traits.key_bits != 0 => Value::Int(leaf.traits.key_bits.into()),
        10 => Value::Text(leaf.traits.signature_name()),
        11 => Value::owned(hex(&leaf.sha256, Case::Lower)),
        _ => Value::Null,
    }
}

fn sha1(leaf: Option<&LeafCertificate>) -> Value<'_> {
    Value::maybe(leaf, |leaf| Value::owned(hex(&leaf.sha1, Case::Lower)))
}

/// A serial number as its own digits: a leading zero octet is only the INTEGER's sign.
fn serial(octets: &[u8]) -> String {
    let digits = match octets {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    hex(digits, Case::Upper)
}

fn handshake_type(row: &Row) -> Value<'_> {
    match (protocol_of(row.phase), row.phase) {
        (Some(Protocol::Tls), Phase::TlsFailed) => Value::Int(3),
        (Some(Protocol::Tls), phase) if phase.is_complete() => {
            match tls_profile(row).map(|profile| profile.shape) {
                Some(TlsShape::Full) => Value::Int(1),
                Some(TlsShape::Abbreviated) => Value::Int(2),
                _ => Value::Null,
            }
        }
        _ => Value::Null,
    }
}

fn evidence(row: &Row) -> Value<'_> {
    let word = |evidence: zertap_core::handshake::Evidence| Value::text(evidence.word());
    match profile(row) {
        Some(CryptoProfile::Tls(profile)) => Value::Object(vec![
            ("outcome", word(profile.evidence_outcome)),
            ("parameters", word(profile.evidence_parameters)),
            ("group", word(profile.evidence_group)),
            ("resumption", word(profile.evidence_shape)),
            ("alpn", word(profile.evidence_alpn)),
            ("certificates", word(profile.evidence_certificates)),
        ]),
        Some(CryptoProfile::Ssh(profile)) => Value::Object(vec![
            ("outcome", word(profile.evidence_outcome)),
            ("algorithms", word(profile.evidence_algorithms)),
        ]),
        None => Value::Null,
    }
}

/// The events of a row, each with its time.
pub(crate) fn events_of<'a>(
    row: &'a Row,
    words: &Words<'a>,
) -> impl Iterator<Item = (&'a EventTemplate, Timestamp)> {
    let waiting_span = words.waiting_span;
    words.events.iter().map(move |event| (event, event_time(row, event.slot, waiting_span)))
}

/// The time of an event that has this slot.
pub(crate) fn event_time(row: &Row, slot: i64, waiting_span: u64) -> Timestamp {
    // A connection that did not end is told of when our view of it ends, not at its last packet.
    let last = if row.kind.is_end() { row.end } else { row.at };
    match slot {
        -1 => row.established.map_or(last, |at| at.after(Span(waiting_span))),
        slot => usize::try_from(slot)
            .ok()
            .and_then(|slot| row.history.entries().get(slot))
            .map_or(last, |milestone| milestone.at),
    }
}

fn events<'a>(row: &'a Row, words: &Words<'a>) -> Value<'a> {
    let object = |(event, at): (&'a EventTemplate, Timestamp)| {
        Value::Object(vec![
            ("type", Value::Int(event.kind)),
            ("at", Value::Time(at)),
            ("protocol", Value::text(&event.protocol)),
            ("failed", Value::Bool(event.failed)),
        ])
    };
    Value::List(events_of(row, words).map(object).collect())
}

fn alerts(row: &Row) -> Value<'_> {
    let octets = text(row, TextKind::Alerts).unwrap_or_default();
    let (alerts, _) = octets.as_chunks::<4>();
    Value::List(
        alerts
            .iter()
            .map(|[from, level, description, encrypted]| {
                let side = if *from == 0 { Side::A } else { Side::B };
                let clear = *encrypted == 0;
                Value::Object(vec![
                    ("from", role(row, side)),
                    ("level", if clear { alert_level(*level) } else { Value::Null }),
                    ("description", if clear { alert_description(*description) } else { Value::Null }),
                    ("encrypted", Value::Bool(!clear)),
                ])
            })
            .collect(),
    )
}

fn alert_level(level: u8) -> Value<'static> {
    match level {
        1 => Value::text("warning"),
        2 => Value::text("fatal"),
        other => Value::owned(other.to_string()),
    }
}

fn alert_description(number: u8) -> Value<'static> {
    AlertDescription(number).name().map_or_else(|| Value::owned(number.to_string()), Value::text)
}

/// The texts that say what a TLS client offered.
pub(crate) const OFFERED: [TextKind; 6] = [
    TextKind::OfferedVersions,
    TextKind::OfferedSuites,
    TextKind::OfferedGroups,
    TextKind::OfferedSignatures,
    TextKind::OfferedExtensions,
    TextKind::OfferedAlpn,
];

fn tls_offered(row: &Row) -> Value<'_> {
    let words = |kind, render: fn(u16) -> Value<'static>| {
        Value::maybe(text(row, kind), |octets| {
            let (numbers, _) = octets.as_chunks::<2>();
            Value::List(numbers.iter().map(|number| render(u16::from_be_bytes(*number))).collect())
        })
    };
    let offered = [
        ("versions", words(TextKind::OfferedVersions, version)),
        ("ciphers", words(TextKind::OfferedSuites, |number| Value::owned(format!("{number:04X}")))),
        ("groups", words(TextKind::OfferedGroups, group)),
        ("signature_schemes", words(TextKind::OfferedSignatures, scheme)),
        ("extensions", words(TextKind::OfferedExtensions, extension)),
        ("alpn", Value::maybe(text(row, TextKind::OfferedAlpn), alpn_names)),
    ];
    if offered.iter().all(|(_, value)| *value == Value::Null) {
        Value::Null
    } else {
        Value::Object(offered.into())
    }
}

fn alpn_names(mut list: &[u8]) -> Value<'_> {
    let mut names = Vec::new();
    while let Some((length, rest)) = list.split_first()
        && let Some((name, rest)) = rest.split_at_checked(usize::from(*length))
    {
        names.push(Value::Text(String::from_utf8_lossy(name)));
        list = rest;
    }
    Value::List(names)
}

/// The ten lists of KEXINIT (RFC 4253 7.1), in its order.
const KEXINIT_LISTS: [&str; 10] = [
    "kex",
    "host_key",
    "cipher_c2s",
    "cipher_s2c",
    "mac_c2s",
    "mac_s2c",
    "compression_c2s",
    "compression_s2c",
    "languages_c2s",
    "languages_s2c",
];

fn ssh_offered(row: &Row) -> Value<'_> {
    let lists = |kind| {
        Value::maybe(text(row, kind), |joined| {
            let lists = joined.split(|octet| *octet == b'\n').map(|list| {
                let names = list.split(|octet| *octet == b',').filter(|name| !name.is_empty());
                Value::List(names.map(|name| Value::Text(String::from_utf8_lossy(name))).collect())
            });
            Value::Object(KEXINIT_LISTS.into_iter().zip(lists).collect())
        })
    };
    let (client, server) = (lists(TextKind::ClientKexInit), lists(TextKind::ServerKexInit));
    if client == Value::Null && server == Value::Null {
        return Value::Null;
    }
    Value::Object(vec![("client", client), ("server", server)])
}

/// The negotiated profile of a row.
pub(crate) fn profile(row: &Row) -> Option<&CryptoProfile> {
    row.settled.as_deref()?.profile.as_ref().map(|(_, profile)| &**profile)
}

/// Who told of a profile, if it was not observed.
fn provider(profile: &CryptoProfile) -> Option<&str> {
    match profile {
        CryptoProfile::Tls(profile) => profile.provider.as_deref(),
        CryptoProfile::Ssh(profile) => profile.provider.as_deref(),
    }
}

pub(crate) fn tls_profile(row: &Row) -> Option<&TlsProfile> {
    match profile(row)? {
        CryptoProfile::Tls(profile) => Some(profile),
        CryptoProfile::Ssh(_) => None,
    }
}

pub(crate) fn ssh_profile(row: &Row) -> Option<&SshProfile> {
    match profile(row)? {
        CryptoProfile::Ssh(profile) => Some(profile),
        CryptoProfile::Tls(_) => None,
    }
}

/// One text of a row.
pub(crate) fn text(row: &Row, kind: TextKind) -> Option<&[u8]> {
    row.texts().find(|(found, _)| *found == kind as u8).map(|(_, octets)| octets)
}

fn text_of(row: &Row, kind: TextKind) -> Value<'_> {
    Value::maybe(text(row, kind), |octets| Value::Text(String::from_utf8_lossy(octets)))
}

fn md5_of(row: &Row, kind: TextKind) -> Value<'_> {
    Value::maybe(text(row, kind), |octets| Value::owned(identity::md5(octets)))
}

fn role(row: &Row, side: Side) -> Value<'static> {
    Value::text(role_word(row, side))
}

pub(crate) fn role_word(row: &Row, side: Side) -> &'static str {
    if side == row.client { "client" } else { "server" }
}

pub(crate) fn closed(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Closed => "fin",
        RowKind::Reset => "rst",
        RowKind::Replaced => "replaced",
        RowKind::Evicted => "evicted",
        RowKind::Opened | RowKind::Moved | RowKind::Due | RowKind::Interval | RowKind::Unfinished => "open",
    }
}

fn version(number: u16) -> Value<'static> {
    ProtocolVersion(number).name().map_or_else(|| Value::owned(format!("{number:04X}")), Value::text)
}

fn group(number: u16) -> Value<'static> {
    NamedGroup(number).name().map_or_else(|| Value::owned(format!("{number:04X}")), Value::text)
}

fn scheme(number: u16) -> Value<'static> {
    SignatureScheme(number).name().map_or_else(|| Value::owned(format!("{number:04X}")), Value::text)
}

fn extension(number: u16) -> Value<'static> {
    ExtensionType(number).name().map_or_else(|| Value::owned(format!("{number:04X}")), Value::text)
}

fn cipher_hex(number: u32) -> String {
    if number > 0xFFFF { format!("{number:06X}") } else { format!("{number:04X}") }
}

/// As OpenSSH prints it: unpadded base64 of the SHA-256.
fn fingerprint(digest: &[u8]) -> String {
    let mut out = b"SHA256:".to_vec();
    identity::write_base64(&mut out, digest);
    // Only ASCII went in.
    String::from_utf8(out).unwrap_or_default()
}

/// Upper or lower case of hexadecimal digits.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Upper,
    Lower,
}

pub(crate) fn hex(octets: &[u8], case: Case) -> String {
    let mut text = Vec::with_capacity(2 * octets.len());
    push_hex(&mut text, octets, case);
    // Only ASCII digits went in.
    String::from_utf8(text).unwrap_or_default()
}

/// Octets turned into digits at a time: those of a session's identity, a digest.
const HEX_PIECE: usize = 32;

/// Appends octets as hexadecimal digits.
pub(crate) fn push_hex(out: &mut Vec<u8>, octets: &[u8], case: Case) {
    let digits: &[u8; 16] = match case {
        Case::Upper => b"0123456789ABCDEF",
        Case::Lower => b"0123456789abcdef",
    };
    for piece in octets.chunks(HEX_PIECE) {
        let mut text = [0; 2 * HEX_PIECE];
        for (pair, octet) in text.as_chunks_mut::<2>().0.iter_mut().zip(piece) {
            *pair = [digits[usize::from(octet >> 4)], digits[usize::from(octet & 15)]];
        }
        out.extend_from_slice(text.get(..2 * piece.len()).unwrap_or_default());
    }
}

// Seconds as a float: exact to the nanosecond for spans under 100 days, enough for people.
#[expect(clippy::cast_precision_loss, reason = "durations for people; exact times stand beside them")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[expect(clippy::cast_precision_loss, reason = "durations for people; exact times stand beside them")]
fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

/// Identity of a connection from its addresses, ports, lane and start; the same in every run.
///
/// Not a secret: a fixed-key hash only spreads the bits. 96 bits.
pub(crate) fn identity(row: &Row) -> [u8; 12] {
    let mut hasher = SipHasher13::new_with_keys(0x7a65_7274_6170, 1);
    let mut octets = [0; IDENTIFYING];
    let mut rest = &mut octets[..];
    for (address, port) in row.addresses.iter().zip(row.ports) {
        // As a slice is hashed: its length stands in front.
        take(&mut rest, &(address.0.len() as u64).to_ne_bytes());
        take(&mut rest, &address.0);
        take(&mut rest, &port.to_ne_bytes());
    }
    take(&mut rest, &row.lane.to_ne_bytes());
    take(&mut rest, &row.start.0.to_ne_bytes());
    hasher.write(&octets);
    // Of sixteen octets the first twelve.
    hasher.finish128().as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Octets of which an identity is made: lengths, addresses, ports, lane, start.
const IDENTIFYING: usize = 2 * (8 + 16 + 2) + 4 + 8;

/// Puts octets at the beginning of what is left of a room.
fn take(rest: &mut &mut [u8], octets: &[u8]) {
    if let Some((place, behind)) = std::mem::take(rest).split_at_mut_checked(octets.len()) {
        place.copy_from_slice(octets);
        *rest = behind;
    }
}

/// The same as hexadecimal digits.
pub(crate) fn uid(row: &Row) -> String {
    hex(&identity(row), Case::Lower)
}
