//! Reads a cipher suite's name into facts. A piece that is not understood is an error, never a guess.

use crate::snapshot::Problem;

/// The facts of one suite, as names of the engine's variants.
pub(crate) struct Facts {
    pub(crate) exchange: &'static str,
    pub(crate) authentication: &'static str,
    pub(crate) export: bool,
    /// Display name of the cipher, e.g. `AES-128-GCM`.
    pub(crate) cipher: String,
    pub(crate) mac: Option<&'static str>,
    pub(crate) prf: Option<&'static str>,
}

/// The facts behind `name`; `None` for signalling values.
pub(crate) fn facts(name: &str) -> Result<Option<Facts>, Problem> {
    let understood = match name {
        _ if name.ends_with("_SCSV") => return Ok(None),
        "TLS_NULL_WITH_NULL_NULL" => Some(nothing()),
        _ if name.starts_with("SSL_CK_") => sslv2(name),
        _ if name.contains("_WITH_") => with(name),
        _ => tls13(name),
    };
    understood
        .map(Some)
        .ok_or_else(|| format!("cipher suite `{name}`: a piece of the name is not understood"))
}

/// The suite in force before any handshake (RFC 5246 A.5).
fn nothing() -> Facts {
    let cipher = "NULL".to_owned();
    Facts { exchange: "Null", authentication: "Null", export: false, cipher, mac: None, prf: None }
}

/// `SSL_CK_<cipher>_WITH_<hash>` (SSLv2): the key always goes by RSA.
fn sslv2(name: &str) -> Option<Facts> {
    let (cipher, hash) = name.strip_prefix("SSL_CK_")?.split_once("_WITH_")?;
    let cipher = match cipher {
        "RC4_128" => "RC4-128",
        "RC4_64" => "RC4-64",
        "RC4_128_EXPORT40" => "RC4-40",
        "RC2_128_CBC" => "RC2-128-CBC",
        "RC2_128_CBC_EXPORT40" => "RC2-40-CBC",
        "IDEA_128_CBC" => "IDEA-128-CBC",
        "DES_64_CBC" => "DES-56-CBC",
        "DES_192_EDE3_CBC" => "3DES-CBC",
        _ => return None,
    };
    let export = name.contains("_EXPORT");
    let mac = Some(mac(hash)?);
    Some(Facts { exchange: "Rsa", authentication: "Rsa", export, cipher: cipher.to_owned(), mac, prf: None })
}

/// `TLS_<exchange>_WITH_<cipher>_<hash>`.
fn with(name: &str) -> Option<Facts> {
    let name = name.strip_prefix("OLD_").unwrap_or(name);
    let (agreement, protection) = name.split_once('_')?.1.split_once("_WITH_")?;
    let export = agreement.contains("EXPORT");
    let agreement = agreement.trim_end_matches("_EXPORT").trim_end_matches("_EXPORT1024");
    let (exchange, authentication) = agreed(agreement)?;
    let (cipher, hash) = protected(protection)?;
    // The GOST suites with MGM exist in TLS 1.3 only, although their names follow the old form (RFC 9367).
    let (exchange, authentication) =
        if cipher.ends_with("-MGM") { ("Tls13", "Tls13") } else { (exchange, authentication) };
    let aead = is_aead(&cipher);
    let prf = Some(prf(exchange, hash, aead)?);
    Some(Facts {
        exchange,
        authentication,
        export,
        mac: if aead { None } else { Some(mac(hash)?) },
        prf,
        cipher,
    })
}

/// `TLS_<cipher>_<hash>` (TLS 1.3), or two hashes where nothing is encrypted (RFC 9150).
fn tls13(name: &str) -> Option<Facts> {
    let (cipher, hash) = name.strip_prefix("TLS_")?.rsplit_once('_')?;
    let prf = Some(hash_variant(hash)?);
    let (cipher, mac) = match cipher {
        "SHA256" | "SHA384" if cipher == hash => ("NULL".to_owned(), Some(mac(hash)?)),
        "AEGIS_128L" => ("AEGIS-128L".to_owned(), None),
        "AEGIS_256" => ("AEGIS-256".to_owned(), None),
        _ => (cipher_name(cipher)?, None),
    };
    Some(Facts { exchange: "Tls13", authentication: "Tls13", export: false, cipher, mac, prf })
}

/// Key exchange and authentication.
fn agreed(words: &str) -> Option<(&'static str, &'static str)> {
    Some(match words {
        "NULL" => ("Null", "Null"),
        "RSA" | "RSA_FIPS" => ("Rsa", "Rsa"),
        "DH_RSA" => ("Dh", "Rsa"),
        "DH_DSS" => ("Dh", "Dss"),
        "DH_anon" => ("Dhe", "Anonymous"),
        "DHE_RSA" => ("Dhe", "Rsa"),
        "DHE_DSS" => ("Dhe", "Dss"),
        "ECDH_RSA" => ("Ecdh", "Rsa"),
        "ECDH_ECDSA" => ("Ecdh", "Ecdsa"),
        "ECDH_anon" => ("Ecdhe", "Anonymous"),
        "ECDHE_RSA" => ("Ecdhe", "Rsa"),
        "ECDHE_ECDSA" => ("Ecdhe", "Ecdsa"),
        "PSK" => ("Psk", "Psk"),
        "RSA_PSK" => ("RsaPsk", "Rsa"),
        "DHE_PSK" | "PSK_DHE" => ("DhePsk", "Psk"),
        "ECDHE_PSK" => ("EcdhePsk", "Psk"),
        "KRB5" => ("Krb5", "Krb5"),
        "SRP_SHA" => ("Srp", "Srp"),
        "SRP_SHA_RSA" => ("Srp", "Rsa"),
        "SRP_SHA_DSS" => ("Srp", "Dss"),
        "ECCPWD" => ("EccPwd", "Password"),
        "ECJPAKE" => ("EcJpake", "Password"),
        "GOSTR341094" | "GOSTR341001" | "GOSTR341112_256" => ("Gost", "Gost"),
        "FORTEZZA_KEA" => ("Fortezza", "Fortezza"),
        "CECPQ1_RSA" => ("CecPq1", "Rsa"),
        "CECPQ1_ECDSA" => ("CecPq1", "Ecdsa"),
        _ => return None,
    })
}

/// Cipher and the word for hash or MAC; RFC 6655's CCM suites name no hash and use SHA-256.
fn protected(words: &str) -> Option<(String, &str)> {
    let gost = match words {
        "28147_CNT_IMIT" => Some(("GOST-28147-CNT", "IMIT")),
        "NULL_GOSTR3411" => Some(("NULL", "GOSTR3411")),
        "KUZNYECHIK_CTR_OMAC" => Some(("Kuznyechik-CTR", "KUZNYECHIK_OMAC")),
        "MAGMA_CTR_OMAC" => Some(("Magma-CTR", "MAGMA_OMAC")),
        "KUZNYECHIK_MGM_L" | "KUZNYECHIK_MGM_S" => Some(("Kuznyechik-MGM", "STREEBOG256")),
        "MAGMA_MGM_L" | "MAGMA_MGM_S" => Some(("Magma-MGM", "STREEBOG256")),
        _ => None,
    };
    if let Some((cipher, hash)) = gost {
        return Some((cipher.to_owned(), hash));
    }
    if words.ends_with("_CCM") || words.ends_with("_CCM_8") {
        return Some((cipher_name(words)?, "SHA256"));
    }
    let (cipher, hash) = words.rsplit_once('_')?;
    Some((cipher_name(cipher)?, hash))
}

/// The engine's name of a cipher.
fn cipher_name(words: &str) -> Option<String> {
    Some(match words {
        "NULL" => "NULL".to_owned(),
        "RC4_40" => "RC4-40".to_owned(),
        "RC4_56" => "RC4-56".to_owned(),
        "RC4_128" => "RC4-128".to_owned(),
        "RC2_CBC_40" => "RC2-40-CBC".to_owned(),
        "RC2_CBC_56" => "RC2-56-CBC".to_owned(),
        "DES40_CBC" | "DES_CBC_40" => "DES-40-CBC".to_owned(),
        "DES_CBC" => "DES-56-CBC".to_owned(),
        "3DES_EDE_CBC" => "3DES-CBC".to_owned(),
        "IDEA_CBC" => "IDEA-128-CBC".to_owned(),
        "SEED_CBC" => "SEED-128-CBC".to_owned(),
        "FORTEZZA_CBC" => "Fortezza-80-CBC".to_owned(),
        "CHACHA20_POLY1305" => "ChaCha20-Poly1305".to_owned(),
        "SM4_GCM" => "SM4-128-GCM".to_owned(),
        "SM4_CCM" => "SM4-128-CCM".to_owned(),
        _ => block_cipher(words)?,
    })
}

/// `<algorithm>_<bits>_<mode>`.
fn block_cipher(words: &str) -> Option<String> {
    let (algorithm, rest) = words.split_once('_')?;
    let (bits, mode) = rest.split_once('_')?;
    let algorithm = match algorithm {
        "AES" => "AES",
        "ARIA" => "ARIA",
        "CAMELLIA" => "Camellia",
        _ => return None,
    };
    let known = matches!(bits, "128" | "256") && matches!(mode, "CBC" | "GCM" | "CCM" | "CCM_8");
    known.then(|| format!("{algorithm}-{bits}-{}", mode.replace('_', "-")))
}

/// Whether a cipher of this name authenticates by itself.
fn is_aead(cipher: &str) -> bool {
    ["-GCM", "-CCM", "-CCM-8", "-Poly1305", "-MGM"].iter().any(|ending| cipher.ends_with(ending))
}

/// The engine's variant of a MAC.
fn mac(word: &str) -> Option<&'static str> {
    Some(match word {
        "MD5" => "Md5",
        "SHA" => "Sha1",
        "SHA256" => "Sha256",
        "SHA384" => "Sha384",
        "IMIT" => "GostImit",
        "GOSTR3411" => "GostR341194",
        "KUZNYECHIK_OMAC" => "KuznyechikOmac",
        "MAGMA_OMAC" => "MagmaOmac",
        _ => return None,
    })
}

/// Hash of the TLS 1.2 PRF: the suite's, but never below SHA-256 (RFC 5246 section 5).
fn prf(exchange: &str, hash: &str, aead: bool) -> Option<&'static str> {
    match (exchange, hash) {
        ("Gost", "GOSTR3411") => Some("GostR341194"),
        ("Gost", _) => Some("Streebog256"),
        (_, "MD5" | "SHA") if !aead => Some("Sha256"),
        _ => hash_variant(hash),
    }
}

/// The engine's variant of a hash.
fn hash_variant(word: &str) -> Option<&'static str> {
    Some(match word {
        "SHA256" => "Sha256",
        "SHA384" => "Sha384",
        "SHA512" => "Sha512",
        "SM3" => "Sm3",
        "STREEBOG256" => "Streebog256",
        _ => return None,
    })
}
