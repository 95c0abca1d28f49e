//! What two SSH offers came to, and the memory of it: most connections of a host repeat one of few pairs of offers.

use super::SshProfile;
use arrayvec::ArrayVec;
use std::sync::Arc;

/// How the messages 30 to 49 of a key exchange method are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KexFamily {
    /// One message each way, 30 and 31: DH groups, ECDH, the hybrids (RFC 4253 8, 5656 4, 8731, 10042).
    Exchange,
    /// Group exchange, 30 to 34 (RFC 4419).
    Group,
    /// GSS-API, 30 to 41 (RFC 4462, 8732).
    Gss,
    /// RSA key transport; the server begins (RFC 4432).
    Rsa,
    /// A method unknown to us.
    Unknown,
}

/// The outcome of one negotiation.
#[derive(Debug)]
pub struct SshAgreement {
    /// Algorithms, strict key exchange, version.
    pub profile: SshProfile,
    /// How the chosen method's messages are laid out.
    pub family: KexFamily,
    /// Some needed algorithm is not common to both.
    pub nothing_common: bool,
    /// The client sent a guessed packet and its guess was wrong (SSH-07).
    pub client_misguessed: bool,
    /// As for the client.
    pub server_misguessed: bool,
}

/// One side's offer: all that the outcome depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshOffer<'a> {
    /// The lists, one behind the other.
    pub lists: &'a [u8],
    /// Where they end.
    pub ends: &'a [u32],
    /// `first_kex_packet_follows`.
    pub guesses: bool,
}

/// The latest pairs of offers with what they came to.
#[derive(Debug, Default)]
pub struct SshAgreements {
    known: ArrayVec<Known, MOST>,
    /// The one that makes room next.
    oldest: usize,
}

/// Pairs remembered.
const MOST: usize = 16;
/// Offers longer than this are not worth their memory. Unit: octets.
const LONGEST: usize = 4096;

#[derive(Debug)]
struct Known {
    offers: [Kept; 2],
    agreement: Arc<SshAgreement>,
}

#[derive(Debug)]
struct Kept {
    lists: Box<[u8]>,
    ends: Box<[u32]>,
    guesses: bool,
}

impl Kept {
    fn of(offer: SshOffer<'_>) -> Self {
        Self { lists: offer.lists.into(), ends: offer.ends.into(), guesses: offer.guesses }
    }

    fn is(&self, offer: SshOffer<'_>) -> bool {
        offer == SshOffer { lists: &self.lists, ends: &self.ends, guesses: self.guesses }
    }
}

impl SshAgreements {
    /// What the client's and the server's offer come to; `negotiate` finds it where it is not known.
    pub fn of(
        &mut self,
        offers: [SshOffer<'_>; 2],
        negotiate: impl FnOnce() -> SshAgreement,
    ) -> Arc<SshAgreement> {
        let known = self
            .known
            .iter()
            .find(|known| known.offers.iter().zip(offers).all(|(kept, offer)| kept.is(offer)));
        if let Some(known) = known {
            return Arc::clone(&known.agreement);
        }
        let agreement = Arc::new(negotiate());
        if offers.iter().all(|offer| offer.lists.len() <= LONGEST) {
            self.remember(Known { offers: offers.map(Kept::of), agreement: Arc::clone(&agreement) });
        }
        agreement
    }

    fn remember(&mut self, new: Known) {
        if let Err(full) = self.known.try_push(new)
            && let Some(place) = self.known.get_mut(self.oldest)
        {
            *place = full.element();
            self.oldest = (self.oldest + 1) % MOST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement() -> SshAgreement {
        SshAgreement {
            profile: SshProfile::default(),
            family: KexFamily::Unknown,
            nothing_common: false,
            client_misguessed: false,
            server_misguessed: false,
        }
    }

    fn ask(memory: &mut SshAgreements, offers: [SshOffer<'_>; 2]) -> bool {
        let mut asked = false;
        memory.of(offers, || {
            asked = true;
            agreement()
        });
        asked
    }

    #[test]
    fn the_same_pair_is_negotiated_once_and_any_difference_again() {
        let mut memory = SshAgreements::default();
        let offer = SshOffer { lists: b"a,b\nc", ends: &[3, 5], guesses: false };
        assert!(ask(&mut memory, [offer, offer]));
        assert!(!ask(&mut memory, [offer, offer]));
        for other in [
            SshOffer { lists: b"a,b\nd", ..offer },
            SshOffer { ends: &[2, 5], ..offer },
            SshOffer { guesses: true, ..offer },
        ] {
            assert!(ask(&mut memory, [offer, other]));
            assert!(ask(&mut memory, [other, offer]));
            assert!(!ask(&mut memory, [other, offer]));
        }
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_makes_room() {
        let mut memory = SshAgreements::default();
        let lists: Vec<Vec<u8>> = (0..=MOST as u8).map(|number| vec![number]).collect();
        let pair = |lists| [SshOffer { lists, ends: &[1], guesses: false }; 2];
        assert!(lists.iter().all(|list| ask(&mut memory, pair(list))));
        assert_eq!(memory.known.len(), MOST);
        assert!(!ask(&mut memory, pair(&lists[1])));
        assert!(ask(&mut memory, pair(&lists[0])));
        assert!(!ask(&mut memory, pair(&lists[MOST])));
        let long = vec![0; LONGEST + 1];
        assert!(ask(&mut memory, pair(&long)) && ask(&mut memory, pair(&long)));
    }
}
