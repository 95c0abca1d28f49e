//! What each source says of a row: wire numbers, with their registered names, as values.

use crate::certificate::{certificate, sha1};
use crate::hex::{Case, hex};
use crate::identity;
use crate::offered::{alerts, group, scheme, ssh_offered, tls_offered, version};
use crate::sources::{EventTemplate, Protocol, Source, Words, protocol_of};
use crate::value::Value;
use crate::veil::veiled;
use std::borrow::Cow;
use zertap_core::event::{Row, RowKind};
use zertap_core::handshake::{CryptoProfile, Flag, Phase, Side, SshProfile, TextKind, TlsProfile, TlsShape};
use zertap_core::registry::tls::{CipherSuite, CompressionMethod};
use zertap_core::time::{Span, Timestamp};

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
        Source::Uid => Value::owned(identity::uid(row)),
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
            .and_then(|slot| row.history.iter().nth(slot))
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

pub(crate) fn role(row: &Row, side: Side) -> Value<'static> {
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

// Seconds as a float: exact to the nanosecond for spans under 100 days, enough for people.
#[expect(clippy::cast_precision_loss, reason = "durations for people; exact times stand beside them")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[expect(clippy::cast_precision_loss, reason = "durations for people; exact times stand beside them")]
fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}
