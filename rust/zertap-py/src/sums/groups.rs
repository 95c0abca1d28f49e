//! Groups as they were closed: one by one for people, rendered from templates for volume.

use super::key::Key;
use super::place::Way;
use super::{COUNTERS, Counts, Entry, Map};
use crate::direct;
use crate::error;
use crate::json;
use crate::memory;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use zertap_core::wire::Address;

/// One group, with its counters at both ends.
pub(crate) type Group = (Key, Entry);

/// What decides which template a group is rendered from.
fn variant((key, entry): &Group) -> Variant {
    let Key { class, place, local, owner } = *key;
    (class, entry.face, place.way as u8, local, Address(place.server).is_ipv4(), owner)
}

/// Class, face, way, local end, IPv4, owner?
type Variant = (u32, u32, u8, u8, bool, u32);

/// One group for Python: variant, addresses, ports, time of the latest facts, counters at both ends.
type Told<'py> = (Variant, Bound<'py, PyBytes>, Bound<'py, PyBytes>, [u16; 2], u64, Counts, Counts);

/// See the stub.
#[pyclass(module = "zertap._native", frozen)]
pub(crate) struct Groups {
    members: Vec<Group>,
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
    pub(crate) fn new(groups: Vec<Group>, texts: Map<u32, Arc<str>>, middles: Vec<Arc<[String]>>) -> Self {
        let text = |at: u32| {
            let key = groups.get(at as usize).map(|(key, _)| key)?;
            Some((middle(&middles, key)?, texts.get(&key.class)?))
        };
        let mut order: Vec<(Rank, u32)> = groups.iter().map(|(key, _)| rank(key)).zip(0..).collect();
        order.sort_unstable_by(|(one, at), (other, there)| {
            one.cmp(other).then_with(|| text(*at).cmp(&text(*there)))
        });
        let order = order.into_iter().map(|(_, at)| at).collect();
        let (mut known, mut variants) = (Map::default(), Vec::new());
        let number = |group| {
            let variant = variant(group);
            *known.entry(variant).or_insert_with(|| {
                variants.push(variant);
                variants.len() as u32 - 1
            })
        };
        let variant = groups.iter().map(number).collect();
        Self { members: groups, variant, order, variants, texts, middles }
    }

    /// The group at this place of the order, and the number of its variant.
    fn at(&self, place: usize) -> Option<(&Group, usize)> {
        let at = *self.order.get(place)? as usize;
        Some((self.members.get(at)?, *self.variant.get(at)? as usize))
    }
}

/// Server, client, then ports, way and local end: what groups are sorted by before their texts.
type Rank = (u128, u128, u64);

fn rank(key: &Key) -> Rank {
    let place = &key.place;
    let [first, last] = place.ports.map(u64::from);
    let rest = first << 32 | last << 16 | (place.way as u64) << 8 | u64::from(key.local);
    (u128::from_be_bytes(place.server), u128::from_be_bytes(place.client), rest)
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
        let (group, _) = self.at(index)?;
        let (place, entry) = (group.0.place, group.1);
        let octets = |address: &[u8; 16]| PyBytes::new(py, address);
        Some((
            variant(group),
            octets(&place.server),
            octets(&place.client),
            place.ports,
            entry.at,
            entry.initial,
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
        let mut text = Vec::new();
        for index in start..stop {
            let ((key, entry), variant) = self.at(index)?;
            let (template, repeated) = templates.get(variant)?;
            let begin = out.len();
            out.extend_from_slice(template);
            let octets = out.get_mut(begin..)?;
            put(octets, spots.server, &packed(key.place.server))?;
            put(octets, spots.client, &packed(key.place.client))?;
            put(octets, spots.ports, &key.place.ports[0].to_be_bytes())?;
            put(octets, spots.ports + 2, &key.place.ports[1].to_be_bytes())?;
            put(octets, spots.identifier, &self.identifier(key, digits, &mut text)?)?;
            put(octets, spots.initial, &counters(&entry.initial))?;
            put(octets, spots.last, &counters(&entry.last))?;
            if let Some((initial, last)) = *repeated {
                put(octets, initial, &fitting(entry.initial[0]).to_be_bytes())?;
                put(octets, last, &fitting(entry.last[0]).to_be_bytes())?;
            }
            if index + 1 == self.order.len() {
                put(octets, last.0, &[last.1])?;
            }
        }
        Some(out)
    }

    /// Forty digits: the beginning of the digest of the group's text.
    fn identifier(&self, key: &Key, digits: &[u8; 16], text: &mut Vec<u8>) -> Option<[u8; 40]> {
        let middle = middle(&self.middles, key)?;
        let class = self.texts.get(&key.class)?;
        let [server, client] = [key.place.server, key.place.client].map(Address);
        let [first, last] = key.place.ports;
        text.clear();
        text.extend_from_slice(b"server=");
        direct::write_plain_address(text, server);
        text.extend_from_slice(b"\nclient=");
        direct::write_plain_address(text, client);
        text.extend_from_slice(b"\nports=");
        json::write_int(text, first.into());
        text.push(b'-');
        json::write_int(text, last.into());
        for line in [middle, class] {
            text.push(b'\n');
            text.extend_from_slice(line.as_bytes());
        }
        let mut out = [0; 40];
        for (pair, octet) in out.chunks_exact_mut(2).zip(Sha256::digest(&*text)) {
            pair.copy_from_slice(&[digits[usize::from(octet >> 4)], digits[usize::from(octet & 15)]]);
        }
        Some(out)
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
    for (field, count) in short.chunks_exact_mut(4).zip(&counts[..half]) {
        field.copy_from_slice(&fitting(*count).to_be_bytes());
    }
    for (field, count) in long.chunks_exact_mut(8).zip(&counts[half..]) {
        field.copy_from_slice(&(*count).max(0).cast_unsigned().to_be_bytes());
    }
    out
}

fn fitting(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

const _: () = assert!(Way::Ranged as usize + 1 == super::place::WAYS);
