//! Groups as they were closed: one by one for people, rendered from templates for volume.

use super::entries::{Group, Pieces};
use super::key::Key;
use super::order::ordered;
use super::place::Way;
use super::{COUNTERS, Counts, Map};
use crate::address;
use crate::error;
use crate::json;
use crate::memory;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use zertap_core::prefetch::prefetch;
use zertap_core::wire::Address;

/// How many groups ahead memory is asked for one: in their order they lie anywhere.
const AHEAD: usize = 2;

/// What decides which template a group is rendered from.
fn variant(group: &Group) -> Variant {
    let Key { class, place, local, owner } = group.key;
    (class, group.entry.face, place.way as u8, local, Address(place.server).is_ipv4(), owner)
}

/// Class, face, way, local end, IPv4, owner?
type Variant = (u32, u32, u8, u8, bool, u32);

/// One group for Python: variant, addresses, ports, time of the latest facts, counters at both ends.
type Told<'py> = (Variant, Bound<'py, PyBytes>, Bound<'py, PyBytes>, [u16; 2], u64, Counts, Counts);

/// See the stub.
#[pyclass(module = "zertap._native", frozen)]
pub(crate) struct Groups {
    members: Pieces,
    /// What the first of them began with; all others with zeros.
    initial: Vec<Counts>,
    /// The number of each group's variant.
    variant: Vec<u32>,
    /// Where they are, in the order in which they are told.
    order: Vec<u32>,
    variants: Vec<Variant>,
    texts: Map<u32, Arc<str>>,
    middles: Vec<Arc<[String]>>,
}

impl Groups {
    /// In order of servers, clients, ports, ways, local ends and texts: the same however the rows came.
    pub(crate) fn new(
        (members, told, initial): (Pieces, Vec<u32>, Vec<Counts>),
        texts: Map<u32, Arc<str>>,
        middles: Vec<Arc<[String]>>,
    ) -> Self {
        let text = |key: &Key| Some((middle(&middles, key)?, texts.get(&key.class)?));
        let order = ordered(&members, told, |one, other| text(one).cmp(&text(other)));
        let (mut known, mut variants) = (Map::default(), Vec::new());
        let number = |group| {
            let found = variant(group);
            let (class, face, way, local, ipv4, owner) = found;
            // Few numbers are hashed quickly.
            let packed = [u64::from(class) << 32 | u64::from(face), u64::from(owner) << 32, u64::from(way)];
            let packed = (packed[0], packed[1] | packed[2] << 2 | u64::from(local) << 1 | u64::from(ipv4));
            *known.entry(packed).or_insert_with(|| {
                variants.push(found);
                variants.len() as u32 - 1
            })
        };
        let variant = members.iter().map(number).collect();
        Self { members, initial, variant, order, variants, texts, middles }
    }

    /// The group at this place of the order, its counters at the beginning, and the number of its variant.
    fn at(&self, place: usize) -> Option<(&Group, Option<&Counts>, usize)> {
        let at = *self.order.get(place)? as usize;
        Some((self.members.get(at)?, self.initial.get(at), *self.variant.get(at)? as usize))
    }

    /// How the text of a variant's groups ends: with what their way, local end, owner and class say.
    fn tail(&self, &(class, _, way, local, _, owner): &Variant) -> Option<String> {
        let middle = self.middles.get(owner as usize)?.get(usize::from(way) * 2 + usize::from(local))?;
        Some(format!("\n{middle}\n{}", self.texts.get(&class)?))
    }
}

/// Where the fields of a template are that differ from group to group.
#[derive(Clone, Debug, FromPyObject)]
struct Spots {
    server: usize,
    client: usize,
    ports: usize,
    identifier: usize,
    initial: usize,
    last: usize,
}

/// One template: its octets, and where the connections are repeated at both ends, if they are.
type Template = (Vec<u8>, Option<(usize, usize)>);

#[pymethods]
impl Groups {
    fn __len__(&self) -> usize {
        self.order.len()
    }

    fn group<'py>(&self, py: Python<'py>, index: usize) -> Option<Told<'py>> {
        let (group, initial, _) = self.at(index)?;
        let (place, entry) = (group.key.place, group.entry);
        let octets = |address: &[u8; 16]| PyBytes::new(py, address);
        Some((
            variant(group),
            octets(&place.server),
            octets(&place.client),
            place.ports,
            entry.at,
            initial.copied().unwrap_or_default(),
            entry.last,
        ))
    }

    fn variants(&self) -> Vec<Variant> {
        self.variants.clone()
    }

    fn render<'py>(
        &self,
        py: Python<'py>,
        rows: (usize, usize),
        templates: Vec<Template>,
        spots: Spots,
        digits: [u8; 16],
        last: (usize, u8),
    ) -> PyResult<Bound<'py, PyBytes>> {
        let octets = py.detach(|| self.write(rows, &templates, &spots, &digits, last));
        let octets = octets.ok_or_else(|| error::usage(py, "the templates do not fit the groups"))?;
        memory::octets(py, &octets)
    }
}

impl Groups {
    fn write(
        &self,
        (start, stop): (usize, usize),
        templates: &[Template],
        spots: &Spots,
        digits: &[u8; 16],
        last: (usize, u8),
    ) -> Option<Vec<u8>> {
        let length = templates.iter().map(|(template, _)| template.len()).max().unwrap_or_default();
        let mut out = Vec::with_capacity(stop.min(self.order.len()).saturating_sub(start) * length);
        let tails = self.variants.iter().map(|variant| self.tail(variant)).collect::<Option<Vec<_>>>()?;
        let mut names = Names::new(digits);
        for index in start..stop {
            if let Some((later, ..)) = self.at(index + AHEAD) {
                prefetch(later);
            }
            let (Group { key, entry }, before, variant) = self.at(index)?;
            let (template, repeated) = templates.get(variant)?;
            let begin = out.len();
            out.extend_from_slice(template);
            let octets = out.get_mut(begin..)?;
            put(octets, spots.server, &packed(key.place.server))?;
            put(octets, spots.client, &packed(key.place.client))?;
            put(octets, spots.ports, &key.place.ports[0].to_be_bytes())?;
            put(octets, spots.ports + 2, &key.place.ports[1].to_be_bytes())?;
            put(octets, spots.identifier, &names.identifier(key, tails.get(variant)?))?;
            if let Some(before) = before {
                put(octets, spots.initial, &counters(before))?;
            }
            put(octets, spots.last, &counters(&entry.last))?;
            if let Some((initial, last)) = *repeated {
                put(octets, initial, &fitting(before.map_or(0, |before| before[0])).to_be_bytes())?;
                put(octets, last, &fitting(entry.last[0]).to_be_bytes())?;
            }
            if index + 1 == self.order.len() {
                put(octets, last.0, &[last.1])?;
            }
        }
        Some(out)
    }
}

/// Names groups: by the beginning of the digest of their text.
struct Names {
    /// Two digits of each octet.
    pairs: [[u8; 2]; 256],
    text: Vec<u8>,
}

impl Names {
    fn new(digits: &[u8; 16]) -> Self {
        let pairs = std::array::from_fn(|octet| [digits[octet >> 4], digits[octet & 15]]);
        Self { pairs, text: Vec::new() }
    }

    /// Forty digits.
    fn identifier(&mut self, key: &Key, tail: &str) -> [u8; 40] {
        let text = &mut self.text;
        text.clear();
        text.extend_from_slice(b"server=");
        address::write(text, Address(key.place.server));
        text.extend_from_slice(b"\nclient=");
        address::write(text, Address(key.place.client));
        let [first, last] = key.place.ports;
        text.extend_from_slice(b"\nports=");
        json::write_int(text, first.into());
        text.push(b'-');
        json::write_int(text, last.into());
        text.extend_from_slice(tail.as_bytes());
        let mut out = [0; 40];
        for (pair, octet) in out.as_chunks_mut::<2>().0.iter_mut().zip(Sha256::digest(&*text)) {
            *pair = self.pairs[usize::from(octet)];
        }
        out
    }
}

/// What a group's text says of its way, its local end and whose that is.
fn middle<'a>(middles: &'a [Arc<[String]>], key: &Key) -> Option<&'a str> {
    let of_owner = middles.get(key.owner as usize)?;
    of_owner.get(key.place.way as usize * 2 + usize::from(key.local)).map(String::as_str)
}

fn put(octets: &mut [u8], at: usize, field: &[u8]) -> Option<()> {
    octets.get_mut(at..at + field.len())?.copy_from_slice(field);
    Some(())
}

/// An address at the left of sixteen octets.
fn packed(address: [u8; 16]) -> [u8; 16] {
    let Some(ipv4) = Address(address).ipv4() else { return address };
    let mut octets = [0; 16];
    octets[..4].copy_from_slice(&ipv4);
    octets
}

/// Four counters of four octets, four of eight; what outgrows its field stays at its end.
fn counters(counts: &Counts) -> [u8; 48] {
    let mut out = [0; 48];
    let (short, long) = out.split_at_mut(16);
    let half = COUNTERS / 2;
    for (field, count) in short.as_chunks_mut::<4>().0.iter_mut().zip(&counts[..half]) {
        *field = fitting(*count).to_be_bytes();
    }
    for (field, count) in long.as_chunks_mut::<8>().0.iter_mut().zip(&counts[half..]) {
        *field = (*count).max(0).cast_unsigned().to_be_bytes();
    }
    out
}

fn fitting(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

const _: () = assert!(Way::Ranged as usize + 1 == super::place::WAYS);
