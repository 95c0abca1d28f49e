//! What is left out of a report that must not name anybody: names, and what can be looked up like a name.

use crate::sources::Source;
use crate::value::Value;

/// Parts of a certificate that name its holder or issuer, or that can be looked up in public logs.
const NAMING_PARTS: [&str; 6] = ["serial", "subject", "issuer", "subject_sha256", "issuer_sha256", "sha256"];

/// The value as far as it names nobody.
pub(crate) fn veiled(source: Source, value: Value<'_>) -> Value<'_> {
    match source {
        Source::File
        | Source::TlsSni
        | Source::TlsSessionId
        | Source::TlsServerCertificateSha1
        | Source::TlsClientCertificateSha1
        | Source::SshHostKeyFingerprint => Value::Null,
        Source::TlsServerCertificate | Source::TlsClientCertificate => without_names(value),
        _ => value,
    }
}

fn without_names(value: Value<'_>) -> Value<'_> {
    let Value::Object(entries) = value else { return value };
    let veil = |(key, value)| (key, if NAMING_PARTS.contains(&key) { Value::Null } else { value });
    Value::Object(entries.into_iter().map(veil).collect())
}
