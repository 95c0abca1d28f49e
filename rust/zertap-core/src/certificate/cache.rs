//! Each distinct certificate is read once: the same server sends the same octets thousands of times.
//!
//! Two generations bound it without a list of ages: new and used certificates stand in the young one; when
//! that is full it becomes the old one, and what the old one still held is dropped. The table compares whole
//! certificates behind a hash with a random seed, so a crafted certificate does not pass for another; one that
//! collides costs a comparison.

use super::{LeafCertificate, MAX_DER};
use crate::seen::Seen;
use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// Most certificates held, both generations together.
const MAX_ENTRIES: usize = 4096;

/// Most octets held, both generations together: certificates and the texts read from them.
const MAX_OCTETS: usize = 16 * 1024 * 1024;

/// Distinct leaf certificates by their DER octets, bounded. The latest are found at a glance.
#[derive(Debug)]
pub struct CertificateCache {
    /// The latest, found without hashing them whole.
    latest: Seen<LeafCertificate>,
    young: Generation,
    old: Generation,
    max_entries: usize,
    max_octets: usize,
    counters: CacheCounters,
}

/// How often the cache helped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Certificates found.
    pub hits: u64,
    /// Certificates read anew.
    pub misses: u64,
    /// Certificates longer than [`MAX_DER`], refused unread.
    pub refused: u64,
    /// Certificates dropped to make room.
    pub dropped: u64,
}

/// What was read; an unreadable certificate is remembered as `None`.
type Known = Option<Arc<LeafCertificate>>;

/// Certificates of one age.
#[derive(Debug, Default)]
struct Generation {
    entries: HashMap<Arc<[u8]>, Known, RandomState>,
    octets: usize,
}

impl Default for CertificateCache {
    fn default() -> Self {
        Self::with_limits(MAX_ENTRIES, MAX_OCTETS)
    }
}

impl CertificateCache {
    /// A cache that holds at most `entries` certificates and `octets` octets of them.
    pub fn with_limits(entries: usize, octets: usize) -> Self {
        let (latest, young, old, counters) = Default::default();
        Self { latest, young, old, max_entries: entries, max_octets: octets, counters }
    }

    /// The facts of the certificate in `der`; `None` when it cannot be read (see [`LeafCertificate::read`]).
    pub fn read(&mut self, der: &[u8]) -> Option<Arc<LeafCertificate>> {
        if der.len() > MAX_DER {
            self.counters.refused += 1;
            return None;
        }
        if let Some(leaf) = self.latest.get(der) {
            self.counters.hits += 1;
            return Some(Arc::clone(leaf));
        }
        let (der, leaf) = self.look_up(der);
        if let Some(leaf) = &leaf {
            self.latest.keep(&der, leaf);
        }
        leaf
    }

    /// The same of one that is not among the latest.
    fn look_up(&mut self, der: &[u8]) -> (Arc<[u8]>, Known) {
        if let Some((der, known)) = self.young.entries.get_key_value(der) {
            self.counters.hits += 1;
            return (Arc::clone(der), known.clone());
        }
        let (der, leaf) = if let Some((der, known)) = self.old.take(der) {
            self.counters.hits += 1;
            (der, known)
        } else {
            self.counters.misses += 1;
            (der.into(), LeafCertificate::read(der).map(Arc::new))
        };
        self.keep(Arc::clone(&der), leaf.clone());
        (der, leaf)
    }

    /// How often the cache helped so far.
    pub const fn counters(&self) -> CacheCounters {
        self.counters
    }

    /// How many certificates are held.
    pub fn len(&self) -> usize {
        self.young.entries.len() + self.old.entries.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many octets the certificates and their texts take. Unit: octets.
    pub const fn octets(&self) -> usize {
        self.young.octets + self.old.octets
    }

    /// Puts a certificate into the young generation, and lets the old one go when that is full.
    fn keep(&mut self, der: Arc<[u8]>, leaf: Known) {
        let weight = weight(&der, leaf.as_deref());
        if weight > self.max_octets / 2 || self.max_entries < 2 {
            self.counters.dropped += 1;
            return;
        }
        let full = self.young.entries.len() >= self.max_entries / 2;
        if full || self.young.octets + weight > self.max_octets / 2 {
            self.counters.dropped += self.old.entries.len() as u64;
            self.old = std::mem::take(&mut self.young);
        }
        self.young.octets += weight;
        self.young.entries.insert(der, leaf);
    }
}

impl Generation {
    /// Takes a certificate out.
    fn take(&mut self, der: &[u8]) -> Option<(Arc<[u8]>, Known)> {
        let (der, leaf) = self.entries.remove_entry(der)?;
        self.octets = self.octets.saturating_sub(weight(&der, leaf.as_deref()));
        Some((der, leaf))
    }
}

/// What an entry takes. Unit: octets.
fn weight(der: &[u8], leaf: Option<&LeafCertificate>) -> usize {
    der.len()
        + leaf
            .map_or(0, |leaf| size_of_val(leaf) + leaf.subject.len() + leaf.issuer.len() + leaf.serial.len())
}
