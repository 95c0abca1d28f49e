//! What was offered and what was warned of, as lists of registered names.

use crate::facts::{role, text};
use crate::value::Value;
use zertap_core::event::Row;
use zertap_core::handshake::{Side, TextKind};
use zertap_core::registry::tls::{
    AlertDescription, ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme,
};

pub(crate) fn alerts(row: &Row) -> Value<'_> {
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

pub(crate) fn tls_offered(row: &Row) -> Value<'_> {
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

pub(crate) fn ssh_offered(row: &Row) -> Value<'_> {
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

pub(crate) fn version(number: u16) -> Value<'static> {
    ProtocolVersion(number).name().map_or_else(|| Value::owned(format!("{number:04X}")), Value::text)
}

pub(crate) fn group(number: u16) -> Value<'static> {
    NamedGroup(number).name().map_or_else(|| Value::owned(format!("{number:04X}")), Value::text)
}

pub(crate) fn scheme(number: u16) -> Value<'static> {
    SignatureScheme(number).name().map_or_else(|| Value::owned(format!("{number:04X}")), Value::text)
}

fn extension(number: u16) -> Value<'static> {
    ExtensionType(number).name().map_or_else(|| Value::owned(format!("{number:04X}")), Value::text)
}
