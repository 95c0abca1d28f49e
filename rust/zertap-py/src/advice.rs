//! A provider's facts, from Python's plain values to the engine's.

use crate::ends::Speaker;
use crate::error;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use zertap_core::certificate::LeafCertificate;
use zertap_core::handshake::{
    Advice, CryptoProfile, Fault, Outcome, SshProfile, Text, TextKind, TlsProfile, TlsShape,
};

/// Longest name kept of a provider, as the record's field holds it; and of any other text.
const NAME: usize = 16;
const TEXT: usize = 255;
/// Octets of a session id (RFC 5246 section 7.4.1.2), and of a host key's digest.
const SESSION_ID: usize = 32;

/// Reads what a provider says. Raises `zertap.errors.Usage`.
pub(crate) fn read(
    py: Python<'_>,
    protocol: &str,
    provider: &str,
    facts: &Bound<'_, PyDict>,
) -> PyResult<Advice> {
    let name: Box<str> = provider.chars().take(NAME).collect::<String>().into();
    if name.is_empty() {
        return Err(error::usage(py, "a provider has a name"));
    }
    let profile = match protocol {
        "tls" => CryptoProfile::Tls(TlsProfile { provider: Some(name), ..TlsProfile::default() }),
        "ssh" => CryptoProfile::Ssh(Box::new(SshProfile { provider: Some(name), ..SshProfile::default() })),
        other => {
            return Err(error::usage(py, &format!("a provider protects by `tls` or `ssh`, not `{other}`")));
        }
    };
    let mut advice = Advice {
        profile,
        outcome: None,
        fault: Fault::None,
        gave_up: None,
        client: None,
        server_certificate: None,
        client_certificate: None,
        texts: Vec::new(),
    };
    for (key, value) in facts {
        let key: String = key.extract()?;
        let taken = general(py, &mut advice, &key, &value)?
            || match &mut advice.profile {
                CryptoProfile::Tls(tls) => tls_fact(tls, &key, &value)?,
                CryptoProfile::Ssh(ssh) => ssh_fact(ssh, &key, &value)?,
            };
        if !taken {
            return Err(error::usage(py, &format!("no such fact of {protocol}: `{key}`")));
        }
    }
    Ok(advice)
}

fn general(py: Python<'_>, advice: &mut Advice, key: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match key {
        "outcome" => advice.outcome = Some(outcome(py, value.extract()?)?),
        "reason" => advice.fault = fault(py, value.extract()?)?,
        "gave_up" => advice.gave_up = Some(value.extract::<Speaker>()?.0),
        "client" => advice.client = Some(value.extract::<Speaker>()?.0),
        "server_certificate" => advice.server_certificate = Some(leaf(py, value.extract()?)?),
        "client_certificate" => advice.client_certificate = Some(leaf(py, value.extract()?)?),
        "sni" => advice.texts.push(text(TextKind::ServerName, value.extract()?, TEXT)),
        "session_id" => advice.texts.push(text(TextKind::SessionId, value.extract()?, SESSION_ID)),
        "client_banner" => advice.texts.push(text(TextKind::ClientBanner, value.extract()?, TEXT)),
        "server_banner" => advice.texts.push(text(TextKind::ServerBanner, value.extract()?, TEXT)),
        "host_key_fingerprint" => {
            advice.texts.push(text(TextKind::HostKeyFingerprint, value.extract()?, SESSION_ID));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn tls_fact(tls: &mut TlsProfile, key: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match key {
        "version" => tls.version = value.extract()?,
        "cipher" => tls.cipher = Some(value.extract()?),
        "group" => tls.group = Some(value.extract()?),
        "dh_bits" => tls.dh_bits = Some(value.extract()?),
        "signature_scheme" => tls.signature_scheme = Some(value.extract()?),
        "resumed" => tls.shape = if value.extract()? { TlsShape::Abbreviated } else { TlsShape::Full },
        "alpn" => tls.alpn = Some(cut(value.extract()?, TEXT)),
        "extended_master_secret" => tls.extended_master_secret = Some(value.extract()?),
        "encrypt_then_mac" => tls.encrypt_then_mac = Some(value.extract()?),
        "compression" => tls.compression = Some(value.extract()?),
        "client_certificate_requested" => tls.client_certificate_requested = Some(value.extract()?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn ssh_fact(ssh: &mut SshProfile, key: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let place = match key {
        "version" => {
            ssh.version = value.extract()?;
            return Ok(true);
        }
        "host_key_bits" => {
            ssh.host_key_bits = Some(value.extract()?);
            return Ok(true);
        }
        "kex" => &mut ssh.kex,
        "host_key" => &mut ssh.host_key,
        "cipher_c2s" => &mut ssh.cipher_c2s,
        "cipher_s2c" => &mut ssh.cipher_s2c,
        "mac_c2s" => &mut ssh.mac_c2s,
        "mac_s2c" => &mut ssh.mac_s2c,
        "compression_c2s" => &mut ssh.compression_c2s,
        "compression_s2c" => &mut ssh.compression_s2c,
        "host_key_type" => &mut ssh.host_key_type,
        _ => return Ok(false),
    };
    *place = Some(value.extract::<String>()?.chars().take(TEXT).collect::<String>().into());
    Ok(true)
}

fn outcome(py: Python<'_>, word: &str) -> PyResult<Outcome> {
    match word {
        "protected" => Ok(Outcome::Complete),
        "failed" => Ok(Outcome::Failed),
        "ended_clear" => Ok(Outcome::ThenClear),
        other => {
            let reason = format!("a provider tells of `protected`, `failed` or `ended_clear`, not `{other}`");
            Err(error::usage(py, &reason))
        }
    }
}

fn fault(py: Python<'_>, word: &str) -> PyResult<Fault> {
    let known = Fault::ALL.iter().copied().find(|fault| fault.word() == Some(word));
    known.ok_or_else(|| error::usage(py, &format!("no such reason of a failure: `{word}`")))
}

fn leaf(py: Python<'_>, der: &[u8]) -> PyResult<Arc<LeafCertificate>> {
    let read = LeafCertificate::read(der).map(Arc::new);
    read.ok_or_else(|| error::usage(py, "a certificate is not the DER of one"))
}

fn text(kind: TextKind, octets: &[u8], limit: usize) -> Text {
    Text { kind, bytes: cut(octets, limit) }
}

fn cut(octets: &[u8], limit: usize) -> Box<[u8]> {
    octets.get(..limit).unwrap_or(octets).into()
}
