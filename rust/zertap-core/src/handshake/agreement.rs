//! What two SSH offers came to, and the memory of it: most connections of a host repeat one of few pairs of offers.

use super::SshProfile;
use crate::compact::compact;
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

/// How many lists an offer has.
pub const SSH_LISTS: usize = 10;

/// What one side offers, as far as it could be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SshOffer {
    /// The lists, joined by LF as they leave us.
    pub joined: Box<[u8]>,
    /// Where each list ends in `joined`.
    pub ends: [u32; SSH_LISTS],
    /// How many lists could be read.
    pub lists: u8,
    /// `first_kex_packet_follows`.
    pub guesses: bool,
    /// It could be read to its end.
    pub is_complete: bool,
    /// The role that it announces.
    pub announced: Option<SshRole>,
}

/// What a side is in SSH, whatever it is in TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshRole {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// What is known of a server's host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// SHA-256 of the blob as it was sent.
    pub fingerprint: [u8; 32],
    /// The type name in the blob.
    pub name: Box<str>,
    /// Bits of the key, for the types whose layout is known.
    pub bits: Option<u16>,
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
    offers: [Arc<SshOffer>; 2],
    agreement: Arc<SshAgreement>,
}

impl Known {
    /// Whether these are the offers; those that were seen before are the same in memory.
    fn is_of(&self, offers: [&Arc<SshOffer>; 2]) -> bool {
        let mut pairs = self.offers.iter().zip(offers);
        pairs.all(|(known, offer)| Arc::ptr_eq(known, offer) || known == offer)
    }
}

impl SshAgreements {
    /// What the client's and the server's offer come to; `negotiate` finds it where it is not known.
    pub fn of(
        &mut self,
        offers: [&Arc<SshOffer>; 2],
        negotiate: impl FnOnce() -> SshAgreement,
    ) -> Arc<SshAgreement> {
        if let Some(known) = self.known.iter().find(|known| known.is_of(offers)) {
            return Arc::clone(&known.agreement);
        }
        let agreement = Arc::new(negotiate());
        if offers.iter().all(|offer| offer.joined.len() <= LONGEST) {
            self.remember(Known { offers: offers.map(Arc::clone), agreement: Arc::clone(&agreement) });
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

compact!(
    enum SshRole {
        Client,
        Server,
    }
);

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

    fn ask(memory: &mut SshAgreements, offers: [&Arc<SshOffer>; 2]) -> bool {
        let mut asked = false;
        memory.of(offers, || {
            asked = true;
            agreement()
        });
        asked
    }

    fn offer(joined: &[u8], end: u32, guesses: bool) -> Arc<SshOffer> {
        let ends = std::array::from_fn(|place| if place == 0 { end } else { 0 });
        Arc::new(SshOffer { joined: joined.into(), ends, lists: 1, guesses, ..SshOffer::default() })
    }

    #[test]
    fn the_same_pair_is_negotiated_once_and_any_difference_again() {
        let mut memory = SshAgreements::default();
        let one = &offer(b"a,b\nc", 3, false);
        assert!(ask(&mut memory, [one, one]));
        assert!(!ask(&mut memory, [one, one]));
        assert!(!ask(&mut memory, [one, &offer(b"a,b\nc", 3, false)]));
        for other in [offer(b"a,b\nd", 3, false), offer(b"a,b\nc", 2, false), offer(b"a,b\nc", 3, true)] {
            assert!(ask(&mut memory, [one, &other]));
            assert!(ask(&mut memory, [&other, one]));
            assert!(!ask(&mut memory, [&other, one]));
        }
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_makes_room() {
        let mut memory = SshAgreements::default();
        let offers: Vec<_> = (0..=MOST as u8).map(|number| offer(&[number], 1, false)).collect();
        assert!(offers.iter().all(|offer| ask(&mut memory, [offer, offer])));
        assert_eq!(memory.known.len(), MOST);
        assert!(!ask(&mut memory, [&offers[1], &offers[1]]));
        assert!(ask(&mut memory, [&offers[0], &offers[0]]));
        assert!(!ask(&mut memory, [&offers[MOST], &offers[MOST]]));
        let long = &offer(&[0; LONGEST + 1], 1, false);
        assert!(ask(&mut memory, [long, long]) && ask(&mut memory, [long, long]));
    }
}
