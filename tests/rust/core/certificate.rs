//! Certificates against what OpenSSL says of them, and against everything that can be wrong with them.

use proptest::prelude::*;
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use zertap_core::certificate::{CertificateCache, CertificateKey, CertificateTime, LeafCertificate, MAX_DER};
use zertap_core::registry::HashAlgorithm;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/certificates")
}

fn der(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.der"))).expect(name)
}

fn leaf(name: &str) -> LeafCertificate {
    LeafCertificate::read(&der(name)).expect(name)
}

/// What OpenSSL said of the certificate when it was made: word to value.
fn told(name: &str) -> HashMap<String, String> {
    let text = fs::read_to_string(folder().join(format!("{name}.txt"))).expect(name);
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(word, value)| (word.to_owned(), value.to_owned())).collect()
}

const NAMES: [&str; 10] = [
    "dsa-2048",
    "ec-p256-long-serial",
    "ec-p521-generalized",
    "ed25519-no-subject",
    "ed448",
    "ml-dsa-65",
    "rsa-1025-sha512",
    "rsa-2048",
    "rsa-pss-key",
    "rsa-signed-pss",
];

fn hex(octets: &[u8]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Puts `new` over the only place where `old` stands.
fn patch(der: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let places: Vec<usize> =
        der.windows(old.len()).enumerate().filter(|(_, window)| *window == old).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "nothing to patch");
    for at in places {
        der[at..at + new.len()].copy_from_slice(new);
    }
}

#[test]
fn facts_agree_with_openssl() {
    for name in NAMES {
        let (leaf, told) = (leaf(name), told(name));
        let serial = hex(&leaf.serial).to_uppercase();
        assert_eq!(serial.strip_prefix("00").unwrap_or(&serial), told["serial"], "{name}");
        assert_eq!(leaf.not_before.map(|at| at.to_string()), told.get("not_before").cloned(), "{name}");
        assert_eq!(leaf.not_after.map(|at| at.to_string()), told.get("not_after").cloned(), "{name}");
        assert_eq!(hex(&leaf.sha256), told["sha256"], "{name}");
        assert_eq!(&*leaf.traits.signature_oid, told["signature_oid"], "{name}");
        // OpenSSL turns the attributes of one relative name round; RFC 4514 2.2 gives them no order.
        let as_encoded = |word: &str| told[word].replace("UID=u1+CN=Łódź", "CN=Łódź+UID=u1");
        assert_eq!(
            (&*leaf.subject, &*leaf.issuer),
            (&*as_encoded("subject"), &*as_encoded("issuer")),
            "{name}"
        );
        if told["openssl_key_bits"] != "0" {
            assert_eq!(leaf.traits.key_bits.to_string(), told["openssl_key_bits"], "{name}");
        }
    }
}

#[test]
fn keys_and_signatures_are_named() {
    for (name, key, bits, curve, signature, digest) in [
        ("rsa-2048", CertificateKey::Rsa, 2048, None, "sha256WithRSAEncryption", Some(HashAlgorithm::Sha256)),
        (
            "rsa-1025-sha512",
            CertificateKey::Rsa,
            1025,
            None,
            "sha512WithRSAEncryption",
            Some(HashAlgorithm::Sha512),
        ),
        (
            "rsa-signed-pss",
            CertificateKey::Rsa,
            2048,
            None,
            "RSASSA-PSS with SHA-384",
            Some(HashAlgorithm::Sha384),
        ),
        (
            "rsa-pss-key",
            CertificateKey::RsaPss,
            2048,
            None,
            "RSASSA-PSS with SHA-256",
            Some(HashAlgorithm::Sha256),
        ),
        ("dsa-2048", CertificateKey::Dsa, 2048, None, "dsa-with-sha256", Some(HashAlgorithm::Sha256)),
        (
            "ec-p256-long-serial",
            CertificateKey::Ec,
            256,
            Some("secp256r1"),
            "ecdsa-with-SHA256",
            Some(HashAlgorithm::Sha256),
        ),
        (
            "ec-p521-generalized",
            CertificateKey::Ec,
            521,
            Some("secp521r1"),
            "ecdsa-with-SHA512",
            Some(HashAlgorithm::Sha512),
        ),
        ("ed25519-no-subject", CertificateKey::Ed25519, 256, None, "Ed25519", None),
        ("ed448", CertificateKey::Ed448, 456, None, "Ed448", None),
        ("ml-dsa-65", CertificateKey::MlDsa, 15616, None, "id-ml-dsa-65", None),
    ] {
        let leaf = leaf(name);
        assert_eq!(
            (leaf.traits.key, leaf.traits.key_bits, leaf.curve.as_deref()),
            (key, bits, curve),
            "{name}"
        );
        assert_eq!(
            (&*leaf.traits.signature_name(), leaf.traits.signature_digest),
            (signature, digest),
            "{name}"
        );
    }
}

#[test]
fn the_time_keeps_the_form_it_was_written_in() {
    let utc = leaf("rsa-2048");
    assert_eq!((utc.not_after_type, &*utc.not_after_text), (CertificateTime::Utc, "491231235959Z"));
    let generalized = leaf("ec-p521-generalized");
    assert_eq!(
        (generalized.not_after_type, &*generalized.not_after_text),
        (CertificateTime::Generalized, "20610304050607Z")
    );
}

#[test]
fn a_serial_keeps_its_raw_octets() {
    assert_eq!(leaf("ec-p256-long-serial").serial.len(), 20);
    assert_eq!(*leaf("ec-p521-generalized").serial, [0x00, 0xFF, 0x00]);
    let mut negative = der("rsa-2048");
    patch(&mut negative, &[0x02, 0x02, 0x10, 0x00], &[0x02, 0x02, 0x90, 0x00]);
    assert_eq!(
        *LeafCertificate::read(&negative).expect("a negative serial is still a serial").serial,
        [0x90, 0x00]
    );
}

#[test]
fn equal_names_have_equal_digests_and_others_do_not() {
    let one = leaf("ed448");
    assert_eq!(one.subject_sha256, one.issuer_sha256);
    assert_eq!(leaf("ed25519-no-subject").issuer_sha256, one.issuer_sha256);
    assert_ne!(leaf("ed25519-no-subject").subject_sha256, one.subject_sha256);
}

#[test]
fn an_empty_name_is_an_empty_text() {
    assert_eq!(&*leaf("ed25519-no-subject").subject, "");
}

#[test]
fn a_time_that_is_no_date_is_left_out_and_the_rest_kept() {
    let mut odd = der("rsa-2048");
    patch(&mut odd, b"491231235959Z", b"499931235959Z");
    let read = LeafCertificate::read(&odd).expect("lenient");
    assert_eq!((read.not_after, &*read.not_after_text), (None, "499931235959Z"));
    assert_eq!((read.traits.key_bits, read.not_before), (2048, Some(1_709_168_523)));
    let mut unprintable = der("rsa-2048");
    patch(&mut unprintable, b"491231235959Z", b"4912312359\x1b[Z");
    assert_eq!(&*LeafCertificate::read(&unprintable).expect("lenient").not_after_text, "");
}

#[test]
fn control_characters_in_a_name_are_escaped() {
    let mut steering = der("ed448");
    patch(&mut steering, b"plain.example", b"\x1b[2Jn.exampl\x7f");
    let read = LeafCertificate::read(&steering).expect("still a certificate");
    assert_eq!(&*read.subject, "CN=\\1B[2Jn.exampl\\7F,C=DE");
}

#[test]
fn a_name_that_breaks_its_string_type_is_given_in_octets() {
    let mut broken = der("ed448");
    patch(&mut broken, b"plain.example", b"plain.exampl\xFF");
    let read = LeafCertificate::read(&broken).expect("still a certificate");
    assert_eq!(&*read.subject, "CN=#0C0D706C61696E2E6578616D706CFF,C=DE");
}

#[test]
fn octets_after_the_certificate_change_nothing_but_its_digest() {
    for name in NAMES {
        let mut longer = der(name);
        longer.extend_from_slice(b"garbage");
        let (plain, read) =
            (leaf(name), LeafCertificate::read(&longer).expect("trailing octets are ignored"));
        assert_eq!(LeafCertificate { sha256: plain.sha256, sha1: plain.sha1, ..read }, plain);
    }
}

#[test]
fn a_certificate_cut_anywhere_is_none() {
    for name in NAMES {
        let whole = der(name);
        assert!((0..whole.len()).all(|end| LeafCertificate::read(&whole[..end]).is_none()), "{name}");
    }
}

#[test]
fn a_certificate_over_the_limit_is_refused_unread() {
    let mut long = der("rsa-2048");
    long.resize(MAX_DER, 0);
    assert!(LeafCertificate::read(&long).is_some());
    long.push(0);
    assert!(LeafCertificate::read(&long).is_none());
    let mut cache = CertificateCache::default();
    assert!(cache.read(&long).is_none());
    assert_eq!((cache.counters().refused, cache.len()), (1, 0));
}

#[test]
fn the_same_octets_are_read_once() {
    let mut cache = CertificateCache::default();
    let first = cache.read(&der("rsa-2048")).expect("readable");
    let second = cache.read(&der("rsa-2048")).expect("readable");
    assert!(Arc::ptr_eq(&first, &second));
    assert!(cache.read(b"no certificate").is_none() && cache.read(b"no certificate").is_none());
    let counters = cache.counters();
    assert_eq!((counters.hits, counters.misses, cache.len()), (2, 2, 2));
}

#[test]
fn the_cache_stays_within_its_limits_and_keeps_what_is_used() {
    let mut cache = CertificateCache::with_limits(64, 1 << 20);
    let used = der("ed448");
    let kept = cache.read(&used).expect("readable");
    for number in 0..10_000_u32 {
        cache.read(&number.to_be_bytes());
        if number % 8 == 0 {
            assert!(Arc::ptr_eq(&kept, &cache.read(&used).expect("readable")), "dropped though used");
        }
        assert!(cache.len() <= 64 && cache.octets() <= 1 << 20);
    }
    assert!(cache.counters().dropped > 9_000);
}

#[test]
fn octets_bound_the_cache_too() {
    let whole = der("rsa-2048");
    let mut cache = CertificateCache::with_limits(1_000_000, 64 * 1024);
    for number in 0..500_u32 {
        cache.read(&[&whole[..], &number.to_be_bytes()].concat());
        assert!(cache.octets() <= 64 * 1024);
    }
    assert!(cache.len() > 10);
    let mut tiny = CertificateCache::with_limits(10, 16);
    assert!(tiny.read(&whole).is_some() && tiny.is_empty(), "too large to keep, yet read");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is changed in a certificate, reading it ends, and twice alike.
    #[test]
    fn changed_certificates_never_panic(which in 0..NAMES.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut changed = der(NAMES[which]);
        for (at, octet) in changes {
            let at = at.index(changed.len());
            changed[at] = octet;
        }
        prop_assert_eq!(LeafCertificate::read(&changed), LeafCertificate::read(&changed));
    }

    /// The head of a certificate holds the lengths: change those most.
    #[test]
    fn changed_heads_never_panic(which in 0..NAMES.len(), at in 0..160_usize, octet: u8, cut in 0..4096_usize) {
        let mut changed = der(NAMES[which]);
        if let Some(place) = changed.get_mut(at) {
            *place = octet;
        }
        changed.truncate(cut.max(at));
        let read = LeafCertificate::read(&changed);
        prop_assert!(read.is_none_or(|leaf| leaf.serial.len() <= changed.len()));
    }

    /// Octets that were never a certificate.
    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert_eq!(LeafCertificate::read(&noise), LeafCertificate::read(&noise));
    }
}
