//! The registry tables: every row is whole, found by its key, and says what its name says.

use std::collections::HashSet;
use zertap_core::registry::tls::{
    AlertDescription, Authentication, CIPHER_SUITES, CipherSuite, CompressionMethod, ContentType,
    ExtensionType, HandshakeType, KeyExchange, NamedGroup, ProtocolVersion, SignatureScheme,
};
use zertap_core::registry::{BulkCipher, HashAlgorithm, MacAlgorithm, Standing, ssh, x509};

#[test]
fn every_suite_is_found_by_its_number_and_has_its_own_name() {
    let mut names = HashSet::new();
    for row in CIPHER_SUITES {
        assert_eq!(CipherSuite(row.number).name(), Some(row.name));
        assert!(names.insert(row.name), "{} stands twice", row.name);
    }
    assert!(CIPHER_SUITES.len() > 380);
}

#[test]
fn tables_are_sorted_and_without_doubles() {
    assert!(CIPHER_SUITES.is_sorted_by(|left, right| left.number < right.number));
    assert!(NamedGroup::rows().is_sorted_by(|left, right| left.number < right.number));
    assert!(SignatureScheme::rows().is_sorted_by(|left, right| left.number < right.number));
    assert!(AlertDescription::rows().is_sorted_by(|left, right| left.number < right.number));
    assert!(ExtensionType::rows().is_sorted_by(|left, right| left.number < right.number));
    assert!(ProtocolVersion::rows().is_sorted_by(|left, right| left.number < right.number));
    assert!(ssh::SSH_KEXES.is_sorted_by(|left, right| left.name < right.name));
    assert!(ssh::SSH_HOST_KEYS.is_sorted_by(|left, right| left.name < right.name));
    assert!(ssh::SSH_CIPHERS.is_sorted_by(|left, right| left.name < right.name));
    assert!(ssh::SSH_MACS.is_sorted_by(|left, right| left.name < right.name));
    assert!(x509::X509_SIGNATURE_ALGORITHMS.is_sorted_by(|left, right| left.oid < right.oid));
    assert!(x509::X509_CURVES.is_sorted_by(|left, right| left.oid < right.oid));
    assert!(x509::X509_NAME_ATTRIBUTES.is_sorted_by(|left, right| left.oid < right.oid));
}

#[test]
fn every_suite_but_the_signalling_values_has_facts() {
    for row in CIPHER_SUITES {
        assert_eq!(row.facts.is_none(), row.name.ends_with("_SCSV"), "{}", row.name);
    }
}

#[test]
fn a_suite_authenticates_records_by_its_cipher_or_by_a_mac_but_not_by_both() {
    for row in CIPHER_SUITES {
        let Some(facts) = row.facts else { continue };
        if row.number == 0 {
            assert_eq!((facts.mac, facts.tag_octets), (None, 0));
            continue;
        }
        assert_eq!(facts.mac.is_none(), facts.cipher.is_aead(), "{}", row.name);
        let expected = facts.mac.map_or(facts.cipher.tag_octets(), MacAlgorithm::octets);
        assert_eq!(facts.tag_octets, expected, "{}", row.name);
        assert!(facts.tag_octets >= 4, "{}", row.name);
    }
}

#[test]
fn facts_agree_with_the_words_in_the_name() {
    for row in CIPHER_SUITES {
        let Some(facts) = row.facts else { continue };
        let name = row.name;
        for (word, mode) in [("_GCM", "GCM"), ("_CBC", "CBC"), ("_CCM_8", "CCM-8"), ("POLY1305", "Poly1305")]
        {
            assert_eq!(name.contains(word), facts.cipher.mode().name() == mode, "{name}: {mode}");
        }
        for (word, algorithm) in
            [("AES", "AES"), ("CAMELLIA", "Camellia"), ("ARIA", "ARIA"), ("RC4", "RC4"), ("SEED", "SEED")]
        {
            assert_eq!(name.contains(word), facts.cipher.algorithm() == algorithm, "{name}: {algorithm}");
        }
        if let Some(bits) = ["_128_", "_256_"]
            .iter()
            .find(|bits| name.contains(**bits) && !name.contains("EXPORT") && !name.contains("GOST"))
        {
            assert_eq!(facts.cipher.key_bits().to_string(), bits.trim_matches('_'), "{name}");
        }
        assert_eq!(name.contains("EXPORT"), facts.export, "{name}");
        assert_eq!(name.contains("anon"), facts.authentication == Authentication::Anonymous, "{name}");
        assert_eq!(facts.prf.is_none(), row.number > 0xFFFF || row.number == 0, "{name}");
        if name.ends_with("_SHA384") {
            assert_eq!(facts.prf, Some(HashAlgorithm::Sha384), "{name}");
        }
        if name.starts_with("TLS_") && name.ends_with("_SHA") && !name.contains("GOST") {
            assert_eq!(
                (facts.mac, facts.prf),
                (Some(MacAlgorithm::Sha1), Some(HashAlgorithm::Sha256)),
                "{name}"
            );
        }
        let tls13 = !name.contains("_WITH_") || name.contains("_MGM_");
        assert_eq!(tls13, facts.exchange == KeyExchange::Tls13, "{name}");
    }
}

/// One suite of each kind, read by hand from its defining document.
#[test]
fn well_known_suites_are_what_their_documents_say() {
    let said = |number: u32| {
        let facts = CipherSuite(number).facts().expect("has facts");
        let mac = facts.mac.map_or("-", MacAlgorithm::name);
        let prf = facts.prf.map_or("-", HashAlgorithm::name);
        let (exchange, authentication) = (facts.exchange.name(), facts.authentication.name());
        format!("{exchange} {authentication} {} {} {mac} {prf}", facts.cipher.name(), facts.cipher.key_bits())
    };
    for (number, expected) in [
        (0x0003, "RSA RSA RC4-40 40 MD5 SHA-256"),
        (0x000A, "RSA RSA 3DES-CBC 168 SHA-1 SHA-256"),
        (0x0018, "DHE anon RC4-128 128 MD5 SHA-256"),
        (0x002F, "RSA RSA AES-128-CBC 128 SHA-1 SHA-256"),
        (0x003D, "RSA RSA AES-256-CBC 256 SHA-256 SHA-256"),
        (0x00A9, "PSK PSK AES-256-GCM 256 - SHA-384"),
        (0x00B9, "RSA_PSK RSA NULL 0 SHA-384 SHA-384"),
        (0x1301, "TLS13 TLS13 AES-128-GCM 128 - SHA-256"),
        (0x1305, "TLS13 TLS13 AES-128-CCM-8 128 - SHA-256"),
        (0xC004, "ECDH ECDSA AES-128-CBC 128 SHA-1 SHA-256"),
        (0xC028, "ECDHE RSA AES-256-CBC 256 SHA-384 SHA-384"),
        (0xC02C, "ECDHE ECDSA AES-256-GCM 256 - SHA-384"),
        (0xC0AA, "DHE_PSK PSK AES-128-CCM-8 128 - SHA-256"),
        (0xC102, "GOST GOST GOST-28147-CNT 256 GOST-28147-IMIT Streebog-256"),
        (0xCCA8, "ECDHE RSA ChaCha20-Poly1305 256 - SHA-256"),
        (0x01_0080, "RSA RSA RC4-128 128 MD5 -"),
        (0x02_0080, "RSA RSA RC4-40 40 MD5 -"),
        (0x07_00C0, "RSA RSA 3DES-CBC 168 MD5 -"),
    ] {
        assert_eq!(said(number), expected, "{number:04X}");
    }
}

/// EDGE_CASES A5: outcomes of TLS 1.3 are inferred from these lengths.
#[test]
fn tls13_suites_give_the_lengths_that_hidden_records_are_judged_by() {
    for (number, lengths) in [
        (0x1301, (16, 32)),
        (0x1302, (16, 48)),
        (0x1303, (16, 32)),
        (0x1304, (16, 32)),
        (0x1305, (8, 32)),
        (0x00C6, (16, 32)),
        (0x00C7, (16, 32)),
        (0xC0B4, (32, 32)),
        (0xC0B5, (48, 48)),
    ] {
        assert_eq!(CipherSuite(number).tls13_lengths(), Some(lengths), "{number:04X}");
    }
    for number in [0x002F, 0xC02F, 0x00FF, 0x1A1A, 0x01_0080, 0x9999] {
        assert_eq!(CipherSuite(number).tls13_lengths(), None, "{number:04X}");
    }
}

#[test]
fn versions_have_exactly_the_output_words() {
    for (number, name) in [
        (0x0200, "SSLv2"),
        (0x0300, "SSLv3"),
        (0x0301, "TLSv1.0"),
        (0x0302, "TLSv1.1"),
        (0x0303, "TLSv1.2"),
        (0x0304, "TLSv1.3"),
        (0x7F12, "TLSv1.3-draft18"),
        (0x7F1C, "TLSv1.3-draft28"),
    ] {
        assert_eq!(ProtocolVersion(number).name(), Some(name));
        assert_eq!(ProtocolVersion(number).is_draft(), number >= 0x7F00);
    }
    assert_eq!(ProtocolVersion(0x0305).name(), None);
}

#[test]
fn numbers_that_nobody_knows_keep_their_value_and_have_no_name() {
    assert_eq!(NamedGroup(0xBEEF), NamedGroup(0xBEEF));
    assert_eq!((NamedGroup(0xBEEF).name(), SignatureScheme(0xBEEF).name()), (None, None));
    assert_eq!((CipherSuite(0xBEEF).name(), CipherSuite(u32::MAX).facts()), (None, None));
    assert_eq!((AlertDescription(255).name(), ssh::message_name(30)), (None, None));
    assert!(
        ssh::cipher("rot13@example.org").is_none() && ssh::kex("").is_none() && ssh::kex("gss").is_none()
    );
}

#[test]
fn grease_is_exactly_sixteen_values() {
    let greased: Vec<u16> = (0..=u16::MAX).filter(|number| NamedGroup(*number).is_grease()).collect();
    assert_eq!(greased.len(), 16);
    assert_eq!((greased.first(), greased.last()), (Some(&0x0A0A), Some(&0xFAFA)));
    assert!(greased.iter().all(|number| CipherSuite(u32::from(*number)).is_grease()));
    assert!(greased.iter().all(|number| CipherSuite(u32::from(*number)).name().is_none()));
    assert!(!CipherSuite(0x01_0A0A).is_grease() && !ExtensionType(0x0A1A).is_grease());
}

#[test]
fn names_that_handshakes_show_are_there() {
    for (number, name) in [
        (0x0017, "secp256r1"),
        (0x001D, "x25519"),
        (0x0100, "ffdhe2048"),
        (0x0200, "MLKEM512"),
        (0x0202, "MLKEM1024"),
        (4587, "SecP256r1MLKEM768"),
        (4588, "X25519MLKEM768"),
        (4589, "SecP384r1MLKEM1024"),
        (0x6399, "X25519Kyber768Draft00"),
    ] {
        assert_eq!(NamedGroup(number).name(), Some(name));
    }
    assert_eq!(SignatureScheme(0x0403).name(), Some("ecdsa_secp256r1_sha256"));
    assert_eq!(SignatureScheme(0x0202).name(), Some("dsa_sha1"));
    assert_eq!(SignatureScheme(0x0905).name(), Some("mldsa65"));
    assert_eq!(AlertDescription(116).name(), Some("certificate_required"));
    assert_eq!(ExtensionType(65037).name(), Some("encrypted_client_hello"));
    assert_eq!(CompressionMethod(1).name(), Some("DEFLATE"));
    assert_eq!((ContentType(22).name(), HandshakeType(2).name()), (Some("handshake"), Some("server_hello")));
    assert_eq!(CipherSuite(0x01_0080).name(), Some("SSL_CK_RC4_128_WITH_MD5"));
    assert_eq!(
        (ssh::message_name(21), ssh::disconnect_reason_name(3)),
        (Some("SSH_MSG_NEWKEYS"), Some("SSH_DISCONNECT_KEY_EXCHANGE_FAILED"))
    );
}

#[test]
fn every_ssh_name_is_found_by_itself() {
    assert!(ssh::SSH_KEXES.iter().all(|row| ssh::kex(row.name).is_some_and(|found| found.name == row.name)));
    assert!(ssh::SSH_HOST_KEYS.iter().all(|row| ssh::host_key(row.name) == Some(row)));
    assert!(ssh::SSH_CIPHERS.iter().all(|row| ssh::cipher(row.name) == Some(row)));
    assert!(ssh::SSH_MACS.iter().all(|row| ssh::mac(row.name) == Some(row)));
    assert!(ssh::SSH_COMPRESSIONS.iter().all(|row| ssh::compression(row.name) == Some(row)));
}

#[test]
fn key_exchange_families_tell_what_they_need_of_the_host_key() {
    use ssh::{HostKeyNeed, KexFamily};
    for (name, family, need, hash) in [
        (
            "curve25519-sha256@libssh.org",
            KexFamily::Curve25519,
            HostKeyNeed::Signature,
            Some(HashAlgorithm::Sha256),
        ),
        (
            "diffie-hellman-group-exchange-sha1",
            KexFamily::DhGex,
            HostKeyNeed::Signature,
            Some(HashAlgorithm::Sha1),
        ),
        (
            "diffie-hellman-group18-sha512",
            KexFamily::DhGroup,
            HostKeyNeed::Signature,
            Some(HashAlgorithm::Sha512),
        ),
        ("ecdh-sha2-nistp384", KexFamily::Ecdh, HostKeyNeed::Signature, Some(HashAlgorithm::Sha384)),
        ("ecdh-sha2-1.3.132.0.38", KexFamily::Ecdh, HostKeyNeed::Signature, None),
        (
            "mlkem768x25519-sha256",
            KexFamily::HybridMlKem,
            HostKeyNeed::Signature,
            Some(HashAlgorithm::Sha256),
        ),
        (
            "sntrup761x25519-sha512@openssh.com",
            KexFamily::HybridSntrup,
            HostKeyNeed::Signature,
            Some(HashAlgorithm::Sha512),
        ),
        (
            "gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==",
            KexFamily::Gss,
            HostKeyNeed::None,
            Some(HashAlgorithm::Sha256),
        ),
        ("gss-unheard-of-sha3-xyz", KexFamily::Gss, HostKeyNeed::None, None),
        ("rsa2048-sha256", KexFamily::Rsa, HostKeyNeed::Signature, Some(HashAlgorithm::Sha256)),
    ] {
        let row = ssh::kex(name).expect(name);
        assert_eq!((row.family, row.host_key, row.hash), (family, need, hash), "{name}");
    }
}

#[test]
fn markers_are_told_from_methods() {
    for marker in ["ext-info-c", "ext-info-s", "kex-strict-c-v00@openssh.com", "kex-strict-s-v00@openssh.com"]
    {
        assert!(ssh::is_kex_marker(marker) && ssh::kex(marker).is_none(), "{marker}");
    }
    assert!(ssh::SSH_KEXES.iter().all(|row| !ssh::is_kex_marker(row.name)));
}

#[test]
fn ssh_ciphers_and_macs_carry_their_facts() {
    let chacha = ssh::cipher("chacha20-poly1305@openssh.com").expect("known").cipher;
    assert_eq!((chacha, chacha.is_aead(), chacha.key_bits()), (BulkCipher::ChaCha20Poly1305, true, 256));
    assert_eq!(ssh::cipher("aes192-ctr").expect("known").cipher.name(), "AES-192-CTR");
    assert!(ssh::cipher("aes256-gcm@openssh.com").expect("known").cipher.is_aead());
    for row in ssh::SSH_CIPHERS {
        assert_eq!(
            row.name.to_lowercase().contains("gcm"),
            row.cipher.mode().name() == "GCM",
            "{}",
            row.name
        );
        assert_eq!(row.name.ends_with("-ctr"), row.cipher.mode().name() == "CTR", "{}", row.name);
    }
    for row in ssh::SSH_MACS {
        assert_eq!(row.name.contains("-etm@"), row.encrypt_then_mac, "{}", row.name);
        let full = row.mac.map_or(row.tag_bits, |mac| u16::from(mac.octets()) * 8);
        assert!(row.tag_bits == full || (row.name.contains("-96") && row.tag_bits == 96), "{}", row.name);
    }
}

#[test]
fn host_keys_know_their_kind_and_certificates() {
    use ssh::KeyKind;
    let sk = ssh::host_key("sk-ssh-ed25519-cert-v01@openssh.com").expect("known");
    assert!(sk.is_certificate() && sk.key == KeyKind::SkEd25519);
    let rsa = ssh::host_key("rsa-sha2-512").expect("known");
    assert_eq!((rsa.key, rsa.hash, rsa.is_certificate()), (KeyKind::Rsa, Some(HashAlgorithm::Sha512), false));
    for row in ssh::SSH_HOST_KEYS {
        let says_so = ["-cert-v0", "x509v3-", "pgp-"].iter().any(|word| row.name.contains(word));
        assert_eq!(says_so, row.is_certificate(), "{}", row.name);
    }
}

#[test]
fn algorithm_names_are_unambiguous() {
    let ciphers: HashSet<_> = BulkCipher::ALL.iter().map(|cipher| cipher.name()).collect();
    assert_eq!(ciphers.len(), BulkCipher::ALL.len());
    assert!(BulkCipher::ALL.iter().all(|cipher| cipher.is_aead() == (cipher.tag_octets() > 0)));
    let hashes: HashSet<_> = HashAlgorithm::ALL.iter().map(|hash| hash.name()).collect();
    assert_eq!(hashes.len(), HashAlgorithm::ALL.len());
    let macs: HashSet<_> = MacAlgorithm::ALL.iter().map(|mac| mac.name()).collect();
    assert_eq!(macs.len(), MacAlgorithm::ALL.len());
}

#[test]
fn private_use_numbers_are_never_called_registered() {
    let registered = NamedGroup::rows().iter().filter(|row| row.standing == Standing::Iana);
    assert!(registered.clone().all(|row| !(0xFE00..=0xFEFF).contains(&row.number)));
    assert!(registered.count() > 50);
}
