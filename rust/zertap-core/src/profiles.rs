//! Each distinct negotiated profile once, numbered, bounded.

use crate::handshake::CryptoProfile;
use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// How many distinct profiles are remembered; traffic of a whole site shows a few hundred.
const LIMIT: usize = 16_384;

/// Interned profiles of one tap. Numbers are never used twice.
#[derive(Debug)]
pub struct Profiles {
    known: HashMap<Arc<CryptoProfile>, u32, RandomState>,
    /// Of those that look alike the latest: it is asked for again before long.
    latest: Vec<Option<(u32, Arc<CryptoProfile>)>>,
    next: u32,
    step: u32,
}

/// How many looks are told apart.
const LOOKS: usize = 256;

impl Default for Profiles {
    fn default() -> Self {
        Self::of_share(0, 1)
    }
}

impl Profiles {
    /// None yet; the first will have this number.
    pub fn numbered_from(first: u32) -> Self {
        Self { next: first, ..Self::default() }
    }

    /// Those of one tap of `count`, which never uses a number that another one uses.
    pub fn of_share(index: u32, count: u32) -> Self {
        Self { known: HashMap::default(), latest: vec![None; LOOKS], next: index, step: count }
    }

    /// The number of a profile, the same for equal profiles as long as both are remembered.
    ///
    /// Beyond the limit all are forgotten at once: an attacker who invents profiles costs numbers, not memory.
    pub fn intern(&mut self, profile: CryptoProfile) -> (u32, Arc<CryptoProfile>) {
        let look = look(&profile);
        if let Some((number, shared)) = &self.latest[look]
            && **shared == profile
        {
            return (*number, Arc::clone(shared));
        }
        let (number, shared) = self.intern_anew(profile);
        self.latest[look] = Some((number, Arc::clone(&shared)));
        (number, shared)
    }

    /// The same for one that is not the latest of its look.
    fn intern_anew(&mut self, profile: CryptoProfile) -> (u32, Arc<CryptoProfile>) {
        if let Some((shared, &number)) = self.known.get_key_value(&profile) {
            return (number, Arc::clone(shared));
        }
        if self.known.len() >= LIMIT {
            self.known.clear();
            self.latest.fill(None);
        }
        let shared = Arc::new(profile);
        let number = self.next;
        self.next = self.next.wrapping_add(self.step);
        self.known.insert(Arc::clone(&shared), number);
        (number, shared)
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// What a profile looks like at a glance: a place among `LOOKS`.
fn look(profile: &CryptoProfile) -> usize {
    let seen = match profile {
        CryptoProfile::Tls(tls) => {
            let answers = [u32::from(tls.hello_retry), u32::from(tls.early_data_offered), tls.shape as u32];
            let key = tls.server_certificate.as_ref().map_or(0, |leaf| u32::from(leaf.key_bits));
            let alpn = tls.alpn.as_ref().map_or(tls.evidence_alpn as u32, |alpn| alpn.len() as u32);
            let numbers = [u32::from(tls.group.unwrap_or_default()), key, alpn, u32::from(tls.version)];
            gather(tls.cipher.unwrap_or_default(), numbers.into_iter().chain(answers))
        }
        CryptoProfile::Ssh(ssh) => {
            let names = [&ssh.kex, &ssh.host_key, &ssh.cipher_c2s, &ssh.mac_c2s, &ssh.host_key_type];
            gather(1, names.map(|name| name.as_ref().map_or(0, |name| name.len() as u32)).into_iter())
        }
    };
    (seen >> 16) as usize % LOOKS
}

fn gather(first: u32, others: impl Iterator<Item = u32>) -> u32 {
    others
        .fold(first, |all, one| all.wrapping_mul(0x9e37_79b1).rotate_left(15) ^ one)
        .wrapping_mul(0x9e37_79b1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::TlsProfile;

    fn profile(number: u32) -> CryptoProfile {
        CryptoProfile::Tls(TlsProfile { cipher: Some(number), ..TlsProfile::default() })
    }

    #[test]
    fn equal_profiles_have_one_number_however_many_look_alike() {
        let mut profiles = Profiles::of_share(1, 3);
        for round in 0..3 {
            for cipher in 0..1000 {
                let (number, shared) = profiles.intern(profile(cipher));
                assert_eq!((number, &*shared), (1 + 3 * cipher, &profile(cipher)), "{round}");
                assert!(Arc::ptr_eq(&shared, &profiles.intern(profile(cipher)).1));
            }
        }
        assert_eq!(profiles.len(), 1000);
    }

    #[test]
    fn what_is_forgotten_gets_a_new_number() {
        let mut profiles = Profiles::default();
        let most = u32::try_from(LIMIT).expect("it is small");
        (0..most).for_each(|cipher| assert_eq!(profiles.intern(profile(cipher)).0, cipher));
        assert_eq!((profiles.len(), profiles.intern(profile(7)).0), (LIMIT, 7));
        assert_eq!((profiles.intern(profile(most)).0, profiles.len()), (most, 1));
        assert_eq!(profiles.intern(profile(7)).0, most + 1);
    }
}
