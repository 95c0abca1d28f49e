//! What two offers come to: RFC 4253 section 7.1, with AEAD ciphers after OpenSSH PROTOCOL 1.6.

use super::facts::{self, KexFamily};
use super::kexinit::{KexInit, List, names, printable};
use crate::handshake::{Evidence, SshAgreement, SshProfile, SshRole};
use crate::registry::ssh::HostKeyNeed;
use std::cell::OnceCell;

/// One list's outcome.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice<'a> {
    /// A list was lost or could not be read.
    Unknown,
    /// Nothing in common.
    Nothing,
    /// This name.
    Name(&'a [u8]),
}

/// Computes what the two sides use.
pub(super) fn negotiate(client: &KexInit, server: &KexInit) -> SshAgreement {
    let both = Both { client, server };
    let kex = both.kex();
    let host_key = both.host_key(kex);
    let cipher_c2s = both.first(List::CipherC2s);
    let cipher_s2c = both.first(List::CipherS2c);
    let mac_c2s = both.mac(cipher_c2s, List::MacC2s);
    let mac_s2c = both.mac(cipher_s2c, List::MacS2c);
    let compression_c2s = both.first(List::CompressionC2s);
    let compression_s2c = both.first(List::CompressionS2c);
    let all = [kex, host_key, cipher_c2s, cipher_s2c, mac_c2s, mac_s2c, compression_c2s, compression_s2c];
    let known = all.iter().any(|choice| matches!(choice, Choice::Name(_)));
    let misguessed = both.differ_in_first();
    SshAgreement {
        family: kex.name().map_or(KexFamily::Unknown, facts::kex_family),
        nothing_common: all.contains(&Choice::Nothing),
        client_misguessed: client.guesses && misguessed,
        server_misguessed: server.guesses && misguessed,
        profile: SshProfile {
            version: 2,
            kex: kex.text(),
            host_key: host_key.text(),
            cipher_c2s: cipher_c2s.text(),
            cipher_s2c: cipher_s2c.text(),
            mac_c2s: mac_c2s.text(),
            mac_s2c: mac_s2c.text(),
            compression_c2s: compression_c2s.text(),
            compression_s2c: compression_s2c.text(),
            strict_kex: both.is_strict(),
            evidence_algorithms: if known { Evidence::Negotiated } else { Evidence::NotVisible },
            ..SshProfile::default()
        },
    }
}

/// Whether a side's key exchange list says that it is the client, or the server.
pub(super) fn announced_role(init: &KexInit) -> Option<SshRole> {
    let list = init.list(List::Kex)?;
    let marks = names(list).map(|name| (facts::marks_client(name), facts::marks_server(name)));
    match marks.fold((false, false), |all, one| (all.0 | one.0, all.1 | one.1)) {
        (true, false) => Some(SshRole::Client),
        (false, true) => Some(SshRole::Server),
        _ => None,
    }
}

impl<'a> Choice<'a> {
    fn name(self) -> Option<&'a [u8]> {
        if let Choice::Name(name) = self { Some(name) } else { None }
    }

    fn text(self) -> Option<Box<str>> {
        self.name().map(printable)
    }
}

/// How many names are looked for one by one; nearly always one of the first is found.
const FEW: usize = 16;

/// The names of one list. Lists may be as long as a packet, so where many names are looked for they are sorted.
struct Offered<'a> {
    list: &'a [u8],
    asked: usize,
    sorted: Vec<&'a [u8]>,
}

impl<'a> Offered<'a> {
    fn of(list: &'a [u8]) -> Self {
        Self { list, asked: 0, sorted: Vec::new() }
    }

    fn contains(&mut self, name: &[u8]) -> bool {
        self.asked += 1;
        if self.asked <= FEW {
            return names(self.list).any(|other| other == name);
        }
        if self.asked == FEW + 1 {
            self.sorted = names(self.list).collect();
            self.sorted.sort_unstable();
        }
        self.sorted.binary_search(&name).is_ok()
    }
}

#[derive(Clone, Copy)]
struct Both<'a> {
    client: &'a KexInit,
    server: &'a KexInit,
}

impl<'a> Both<'a> {
    /// The first method of the client that the server also has and for which both have a host key that it can use.
    fn kex(self) -> Choice<'a> {
        let [signature, curve, any] = [const { OnceCell::new() }; 3];
        self.first_that(List::Kex, |name| {
            let need = facts::host_key_need(name);
            let usable = match need {
                HostKeyNeed::Signature => &signature,
                HostKeyNeed::EllipticCurve => &curve,
                HostKeyNeed::None => &any,
            };
            let is_there =
                || self.first_that(List::HostKey, |key| facts::meets(key, need)) != Choice::Nothing;
            *usable.get_or_init(is_there) && !facts::is_marker(name)
        })
    }

    fn host_key(self, kex: Choice<'_>) -> Choice<'a> {
        let need = kex.name().map_or(HostKeyNeed::None, facts::host_key_need);
        self.first_that(List::HostKey, |name| facts::meets(name, need))
    }

    fn mac(self, cipher: Choice<'a>, list: List) -> Choice<'a> {
        match cipher {
            Choice::Unknown => Choice::Unknown,
            Choice::Name(cipher) if facts::is_named_twice(cipher) => Choice::Name(cipher),
            Choice::Name(cipher) if facts::is_aead(cipher) => Choice::Name(b"implicit"),
            _ => self.first(list),
        }
    }

    fn first(self, list: List) -> Choice<'a> {
        self.first_that(list, |_| true)
    }

    /// The first fitting name of the client's list that stands in the server's.
    fn first_that(self, list: List, fits: impl Fn(&[u8]) -> bool) -> Choice<'a> {
        let (Some(client), Some(server)) = (self.client.list(list), self.server.list(list)) else {
            return Choice::Unknown;
        };
        let mut offered = Offered::of(server);
        let common = names(client).find(|name| offered.contains(name) && fits(name));
        common.map_or(Choice::Nothing, Choice::Name)
    }

    /// Whether the preferred methods or the preferred host keys differ, so that a guess is wrong.
    fn differ_in_first(self) -> bool {
        let first =
            |init: &'a KexInit, list| Some(names(init.list(list)?).find(|name| !facts::is_marker(name)));
        [List::Kex, List::HostKey].into_iter().any(|list| {
            matches!((first(self.client, list), first(self.server, list)), (Some(ours), Some(theirs)) if ours != theirs)
        })
    }

    fn is_strict(self) -> bool {
        let has = |init: &KexInit, mark: fn(&[u8]) -> bool| {
            init.list(List::Kex).is_some_and(|list| names(list).any(mark))
        };
        has(self.client, facts::is_strict_client) && has(self.server, facts::is_strict_server)
    }
}
