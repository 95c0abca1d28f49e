//! What was settled of connections, once where it is equal: a connection that lives on keeps a pointer.
//!
//! Servers settle the same with nearly all of their clients, but for names and session ids. What was settled lately is
//! remembered in places that follow from the hash of its facts; other facts take the place over. So memory is bounded
//! whatever an attacker invents, and what is forgotten is only written again.

use crate::event::{Facts, Settled};
use crate::handshake::{Findings, Held, Kept, Outline, TextKind, Texts};
use crate::profiles::Profiles;
use foldhash::quality::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// Places: more than a site has combinations of profile, certificates, banners and faults at a time.
const PLACES: usize = 1024;

/// What was settled lately: of each combination of facts the latest.
#[derive(Debug, Default)]
pub struct Settlements {
    latest: Vec<Option<Arc<Settled>>>,
    hasher: RandomState,
    /// The same by outlines.
    outlined: Vec<Option<Outlined>>,
}

/// What was settled the last time that findings had this outline.
#[derive(Debug)]
struct Outlined {
    words: [u64; 8],
    _held: Held,
    settled: Arc<Settled>,
}

impl Settlements {
    /// What an observer found, in memory that others may share.
    pub fn settle(&mut self, mut findings: Findings, profiles: &mut Profiles) -> Arc<Settled> {
        let own = findings.texts.take_own();
        let texts = findings.texts;
        let facts = Facts {
            profile: findings.profile.map(|profile| profiles.intern(profile)),
            fault: findings.fault,
            gave_up: findings.gave_up,
            protocol_client: findings.client,
            server_certificate: findings.server_certificate,
            client_certificate: findings.client_certificate,
            texts,
        };
        let latest = place(&mut self.latest, self.hasher.hash_one(Known(&facts)));
        let facts = match latest {
            Some(known) if is_same(known.facts(), &facts) => {
                if known.has_own(&own) {
                    return Arc::clone(known);
                }
                Arc::clone(known.facts())
            }
            _ => Arc::new(facts.shrunk()),
        };
        Arc::clone(latest.insert(Arc::new(Settled::new(facts, own))))
    }

    /// The same of findings of which an outline is known: `findings` are asked for only where they are new.
    pub fn outlined(
        &mut self,
        outline: &Outline<'_>,
        findings: impl Fn() -> Findings,
        profiles: &mut Profiles,
    ) -> Arc<Settled> {
        let mark = outline.mark();
        if let Some(known) = place(&mut self.outlined, mark).as_mut().filter(|known| known.is(outline)) {
            let settled = known.again(outline);
            debug_assert!(is_alike(&settled, &self.settle(findings(), profiles)), "{outline:?}");
            return settled;
        }
        let settled = self.settle(findings(), profiles);
        let (words, held) = (outline.words, outline.kept.hold());
        *place(&mut self.outlined, mark) =
            Some(Outlined { words, _held: held, settled: Arc::clone(&settled) });
        settled
    }
}

impl Outlined {
    fn is(&self, outline: &Outline<'_>) -> bool {
        let differ =
            self.words.iter().zip(outline.words).fold(0, |differ, (word, other)| differ | (word ^ other));
        differ == 0 && (matches!(outline.kept, Kept::Tls(_)) || self.has_lines(outline.lines))
    }

    fn has_lines(&self, lines: [&[u8]; 2]) -> bool {
        let texts = &self.settled.facts().texts;
        let kinds = [TextKind::ClientBanner, TextKind::ServerBanner];
        kinds.into_iter().zip(lines).all(|(kind, line)| texts.get(kind) == line)
    }

    /// The same facts with a name and a session id that may be others.
    fn again(&mut self, outline: &Outline<'_>) -> Arc<Settled> {
        let own = Texts::of_one(outline.name, outline.session);
        if !self.settled.has_own(&own) {
            self.settled = Arc::new(Settled::new(Arc::clone(self.settled.facts()), own));
        }
        Arc::clone(&self.settled)
    }
}

/// Whether both say the same: numbers of profiles differ where one was forgotten in between.
fn is_alike(one: &Settled, other: &Settled) -> bool {
    let profile = |settled: &Settled| settled.profile.as_ref().map(|(_, profile)| Arc::clone(profile));
    let facts = |settled: &Settled| Facts { profile: None, ..Facts::clone(settled.facts()) };
    profile(one) == profile(other) && facts(one) == facts(other) && one.texts().eq(other.texts())
}

/// Facts as they are told from others.
struct Known<'a>(&'a Facts);

impl Hash for Known<'_> {
    /// Of what usually differs.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Facts { profile, fault, server_certificate, texts, .. } = self.0;
        let certificate = server_certificate.as_ref().map_or(0, |leaf| Arc::as_ptr(leaf).addr());
        let profile = profile.as_ref().map_or(u32::MAX, |(number, _)| *number);
        state.write_u64(certificate as u64);
        state.write_u64(u64::from(profile) << 8 | *fault as u64);
        texts.run().hash(state);
    }
}

/// Whether what is known are these facts: of what is shared already, the same, so nothing of it is read.
fn is_same(known: &Facts, facts: &Facts) -> bool {
    let profile = match (&known.profile, &facts.profile) {
        (Some((number, known)), Some((other, profile))) => number == other && Arc::ptr_eq(known, profile),
        (known, other) => known.is_none() && other.is_none(),
    };
    profile
        && (known.fault, known.gave_up, known.protocol_client)
            == (facts.fault, facts.gave_up, facts.protocol_client)
        && is_same_leaf(known.server_certificate.as_ref(), facts.server_certificate.as_ref())
        && is_same_leaf(known.client_certificate.as_ref(), facts.client_certificate.as_ref())
        && known.texts == facts.texts
}

fn is_same_leaf<T>(known: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    known.map(Arc::as_ptr) == other.map(Arc::as_ptr)
}

/// Where something with this hash is remembered; the places are made when the first is needed.
fn place<T>(places: &mut Vec<Option<T>>, hash: u64) -> &mut Option<T> {
    if places.is_empty() {
        places.resize_with(PLACES, || None);
    }
    &mut places[hash as usize % PLACES]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::{CryptoProfile, Fault, Flags, KexFamily, SshAgreement, SshProfile, TlsProfile};

    fn found(texts: &[(TextKind, &[u8])]) -> Findings {
        let mut all = Texts::default();
        for (kind, octets) in texts {
            all.push(*kind, octets);
        }
        let profile = TlsProfile { version: 0x0303, ..TlsProfile::default() };
        Findings { profile: Some(CryptoProfile::Tls(profile)), texts: all, ..Findings::default() }
    }

    fn shown(settled: &Settled) -> Vec<(u8, Vec<u8>)> {
        settled.texts().map(|(kind, octets)| (kind, octets.to_vec())).collect()
    }

    #[test]
    fn what_is_equal_is_kept_once_and_every_text_stays_what_it_was() {
        use TextKind::{Alerts, ServerName, SessionId};
        let (mut settlements, mut profiles) = (Settlements::default(), Profiles::default());
        let mut settle = |texts: &[(TextKind, &[u8])]| {
            let settled = settlements.settle(found(texts), &mut profiles);
            let mut wanted: Vec<_> =
                texts.iter().map(|(kind, octets)| (*kind as u8, octets.to_vec())).collect();
            wanted.sort_unstable();
            let mut told = shown(&settled);
            told.sort_unstable();
            assert_eq!(told, wanted);
            settled
        };
        let one = settle(&[(ServerName, b"a.example"), (SessionId, &[7; 32])]);
        let same = settle(&[(ServerName, b"a.example"), (SessionId, &[7; 32])]);
        assert!(Arc::ptr_eq(&one, &same));
        let other = settle(&[(ServerName, b"b.example"), (SessionId, &[8; 32])]);
        assert!(!Arc::ptr_eq(&one, &other) && Arc::ptr_eq(one.facts(), other.facts()));
        // The same octets, divided in another way, are another name.
        let shifted = settle(&[(ServerName, b"b.example\x08"), (SessionId, &[8; 31])]);
        assert!(*shifted != *other);
        let alert = settle(&[(ServerName, b"a.example"), (Alerts, &[0, 2, 40, 0]), (SessionId, &[7; 32])]);
        assert!(*alert != *one && !Arc::ptr_eq(one.facts(), alert.facts()));
        assert!(shown(&settle(&[])).is_empty());
        settle(&[(SessionId, &[9; 300]), (ServerName, b"long")]);
    }

    #[test]
    fn findings_are_asked_for_only_where_their_outline_is_new() {
        use TextKind::{ClientBanner, ServerName, SessionId};
        let (mut settlements, mut profiles) = (Settlements::default(), Profiles::default());
        let mut settle = |word: u64, line: &[u8], name: &[u8]| {
            let agreement = &Arc::new(SshAgreement {
                profile: SshProfile::default(),
                family: KexFamily::Unknown,
                nothing_common: false,
                client_misguessed: false,
                server_misguessed: false,
            });
            let (words, flags) = ([word, 0, 0, 0, 0, 0, 0, 0], Flags::default());
            let kept = Kept::Ssh(agreement, None);
            let outline = Outline { words, kept, lines: [line, b""], name, session: b"s", flags };
            let asked = std::cell::Cell::new(0);
            let findings = || {
                asked.set(asked.get() + 1);
                found(&[(ClientBanner, line), (ServerName, name), (SessionId, b"s")])
            };
            let settled = settlements.outlined(&outline, findings, &mut profiles);
            (settled, asked.get())
        };
        // A build with assertions asks once more, to compare.
        let known = u32::from(cfg!(debug_assertions));
        let (one, asked) = settle(7, b"SSH-2.0-a", b"a.example");
        assert_eq!(asked, 1);
        let (same, asked) = settle(7, b"SSH-2.0-a", b"a.example");
        assert!(Arc::ptr_eq(&one, &same) && asked == known);
        let (other, asked) = settle(7, b"SSH-2.0-a", b"b.example");
        assert!(Arc::ptr_eq(one.facts(), other.facts()) && !Arc::ptr_eq(&one, &other) && asked == known);
        assert_eq!(shown(&other).len(), 3);
        assert_eq!(shown(&other)[0], (ServerName as u8, b"b.example".to_vec()));
        // Another line, and other words.
        assert_eq!(settle(7, b"SSH-2.0-b", b"a.example").1, 1);
        assert_eq!(settle(8, b"SSH-2.0-b", b"a.example").1, 1);
    }

    #[test]
    fn facts_that_differ_are_told_apart_and_their_number_is_bounded() {
        let (mut settlements, mut profiles) = (Settlements::default(), Profiles::default());
        for number in 0..5000_u32 {
            let banner = number.to_be_bytes();
            let settled = settlements.settle(found(&[(TextKind::ClientBanner, &banner)]), &mut profiles);
            assert_eq!(shown(&settled), [(TextKind::ClientBanner as u8, banner.to_vec())]);
        }
        let refused = Findings { fault: Fault::Reset, ..found(&[]) };
        assert_eq!(settlements.settle(refused, &mut profiles).fault, Fault::Reset);
        assert_eq!(settlements.settle(found(&[]), &mut profiles).fault, Fault::None);
        assert_eq!((settlements.latest.len(), settlements.latest.capacity()), (PLACES, PLACES));
    }
}
