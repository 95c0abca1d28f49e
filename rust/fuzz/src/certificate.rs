//! The certificate reader: any octets give bounded facts or none, the same each time.
//!
//! Input: the DER.

use zertap_core::certificate::{CertificateCache, LeafCertificate, MAX_DER};

/// Reads the certificate by itself, and twice through a cache.
pub fn hold(data: &[u8]) {
    let read = LeafCertificate::read(data);
    let Some(facts) = &read else { return };
    assert!(data.len() <= MAX_DER);
    assert!(facts.serial.len() <= data.len());
    assert!(facts.not_after_text.len() <= 24 && facts.not_after_text.is_ascii());
    assert!(!facts.traits.signature_name().contains(char::is_control));
    // Six letters for an octet: an escaped control character of two octets in UTF-8.
    let room = 16 * data.len();
    for name in [&facts.subject, &facts.issuer] {
        assert!(name.len() <= room, "{} octets of DER, {} of name", data.len(), name.len());
        assert!(!name.contains(char::is_control), "{name:?}");
    }
    let mut cache = CertificateCache::with_limits(4, 4096);
    for _ in 0..2 {
        assert_eq!(cache.read(data).as_deref(), read.as_ref());
    }
}
