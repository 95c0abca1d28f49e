//! Rows summed by what they have in common, so that Python touches each group once and no row.
//!
//! What is common is lent: which *sorts* of rows (kind, pattern, milestones told before) count for what, which text says
//! what the facts of a row have in common (its *class*), and how ends and ports are chosen (`place.rs`). What a sum stands
//! for is none of our business.
//!
//! ```text
//!  row ─► sort ─► postings ─┬─► class (of the facts, or of none) ─┐
//!   ├──► ends, ports ───────┴─────────────────────────────────────┼─► key ─► entry += posting
//!   └──► note ─► owner of the local end, where notes name owners ─┘
//! ```
//!
//! What rows of one sort and one face do is worked out once (an *order*); a row costs the finding of its order and of its entry.

mod entries;
mod groups;
mod key;
mod order;
mod place;

pub(crate) use groups::Groups;

use crate::batch::{EventBatch, ask_ahead};
use crate::error;
use entries::Entries;
use key::{Face, Key};
use place::{Network, Places};
use pyo3::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use zertap_core::event::{Row, RowKind};

/// How many counters an entry has: connections in all, in part, short, active; octets and segments to and from the server.
const COUNTERS: usize = 8;
/// Which of them is a level.
const ACTIVE: usize = 3;

type Counts = [i64; COUNTERS];

/// Keyed, since others choose addresses and ports, and quick.
type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// What a row adds to one group.
#[derive(Clone, Debug)]
struct Posting {
    /// Which of the caller's words the group's text begins with.
    shown: u8,
    /// Whether the row's facts are part of the group.
    faceted: bool,
    levels: [i64; 4],
    /// Whether the row's octets and segments are the group's.
    traffic: bool,
}

#[derive(Debug)]
struct Sort {
    /// The traffic is that of the whole life, not that since the previous row.
    totals: bool,
    postings: Vec<Posting>,
    /// Whether the facts of such rows are part of any group.
    faceted: bool,
}

/// What facts mean under one word.
#[derive(Clone, Copy, Debug)]
struct Meaning {
    class: u32,
    /// The facts say more than the class: it matters whose are the latest.
    dated: bool,
}

/// What rows of one sort and face add, all about them known.
#[derive(Debug)]
struct Order {
    totals: bool,
    postings: Vec<(Posting, Meaning)>,
}

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Sums {
    places: Places,
    /// By owner: the texts of each way and local end.
    middles: Vec<Arc<[String]>>,
    /// Owners by their first text.
    named: Map<String, u32>,
    /// Notes name owners: of the client in the upper half, of the server in the lower.
    owned: bool,
    /// The owner that a half of a note stands for; several halves may stand for one.
    owners: Map<u32, u32>,
    sorts: Map<u64, u32>,
    taught: Vec<Sort>,
    faces: Map<Face, u32>,
    next_face: u32,
    meanings: Map<(u32, u8), Meaning>,
    /// Faces that say more than their class, in an order of their own: which counts of two at one moment.
    ranks: Map<u32, String>,
    classes: Map<Arc<str>, u32>,
    texts: Map<u32, Arc<str>>,
    next_class: u32,
    entries: Entries,
    /// The order of rows of this sort (upper half) and face.
    known: Map<u64, u32>,
    orders: Vec<Order>,
    /// The rows made ready for counting, if all about them is known.
    ready: Option<Vec<Ready>>,
}

/// A row that counts for something.
#[derive(Clone, Copy, Debug)]
struct Ready {
    row: u32,
    order: u32,
    face: u32,
}

/// The face of rows whose facts play no part.
const FACELESS: u32 = 0;

/// What must be taught: sorts, (word, face, row that has it), and halves of notes.
type Unknown = (Vec<u64>, Vec<(u8, u32, usize)>, Vec<u32>);

/// The owner whom nobody knows.
const NOBODY: u32 = 0;

#[pymethods]
impl Sums {
    #[new]
    fn new(
        py: Python<'_>,
        networks: Vec<(Vec<u8>, u8)>,
        merged: Option<(u16, u16)>,
        turned: (u16, u16),
        middles: Vec<String>,
        owned: bool,
    ) -> PyResult<Self> {
        let networks = networks.into_iter().map(|(address, length)| Network::new(&address, length));
        let networks = networks
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| error::usage(py, "a network has four or sixteen octets"))?;
        if middles.len() != place::WAYS * 2 {
            return Err(error::usage(py, "one text for each way and local end"));
        }
        Ok(Self {
            places: Places { networks, merged, turned },
            named: middles.first().map(|first| (first.clone(), NOBODY)).into_iter().collect(),
            middles: vec![middles.into()],
            owned,
            owners: [(0, NOBODY)].into_iter().collect(),
            sorts: Map::default(),
            taught: Vec::new(),
            faces: Map::default(),
            next_face: FACELESS + 1,
            meanings: Map::default(),
            ranks: Map::default(),
            classes: Map::default(),
            texts: Map::default(),
            next_class: 0,
            entries: Entries::default(),
            known: Map::default(),
            orders: Vec::new(),
            ready: None,
        })
    }

    fn __len__(&self) -> usize {
        self.entries.len()
    }

    fn span(
        &self,
        batch: PyRef<'_, EventBatch>,
        start: usize,
        stop: usize,
        boundary: u64,
    ) -> (usize, u64, u64) {
        let rows = batch.rows().get(start..stop).unwrap_or_default();
        let count = rows.iter().take_while(|row| moment(row) < boundary).count();
        let (before, after) = rows.split_at(count);
        let latest = before.iter().map(|row| row.at.0).max().unwrap_or(0);
        (start + count, after.first().map_or(0, moment), latest)
    }

    fn prepare(
        &mut self,
        py: Python<'_>,
        batch: PyRef<'_, EventBatch>,
        start: usize,
        stop: usize,
    ) -> Unknown {
        let batch = &*batch;
        py.detach(|| self.resolve(batch, start, stop))
    }

    fn teach_sort(&mut self, sort: u64, totals: bool, postings: Vec<(u8, bool, [i64; 4], bool)>) {
        let posting = |(shown, faceted, levels, traffic)| Posting { shown, faceted, levels, traffic };
        self.sorts.insert(sort, self.taught.len() as u32);
        let postings: Vec<Posting> = postings.into_iter().map(posting).collect();
        let faceted = postings.iter().any(|posting| posting.faceted);
        self.taught.push(Sort { totals, postings, faceted });
    }

    fn teach(&mut self, shown: u8, face: u32, text: String, rank: Option<String>) -> u32 {
        let text: Arc<str> = text.into();
        let class = *self.classes.entry(Arc::clone(&text)).or_insert_with(|| {
            self.next_class += 1;
            self.next_class
        });
        self.texts.insert(class, text);
        self.meanings.insert((face, shown), Meaning { class, dated: rank.is_some() });
        if let Some(rank) = rank {
            self.ranks.insert(face, rank);
        }
        class
    }

    fn teach_owner(&mut self, py: Python<'_>, half: u32, middles: Vec<String>) -> PyResult<u32> {
        let Some(first) = middles.first().filter(|_| middles.len() == place::WAYS * 2) else {
            return Err(error::usage(py, "one text for each way and local end"));
        };
        let owner = if let Some(owner) = self.named.get(first) {
            *owner
        } else {
            let owner = self.middles.len() as u32;
            self.named.insert(first.clone(), owner);
            self.middles.push(middles.into());
            owner
        };
        self.owners.insert(half, owner);
        Ok(owner)
    }

    fn count(&mut self, py: Python<'_>, batch: PyRef<'_, EventBatch>) -> PyResult<()> {
        let batch = &*batch;
        let known = py.detach(|| self.add(batch));
        known.ok_or_else(|| error::usage(py, "rows were counted before all of them was taught"))
    }

    fn close(&mut self, py: Python<'_>, keep: bool) -> Groups {
        py.detach(|| {
            let groups = self.entries.close(keep);
            Groups::new(groups, self.texts.clone(), self.middles.clone())
        })
    }

    fn forget(&mut self) -> (BTreeSet<u32>, BTreeSet<u32>) {
        let faces: BTreeSet<u32> = self.entries.iter().map(|group| group.entry.face).collect();
        self.faces.retain(|_, face| faces.contains(face));
        self.meanings.retain(|(face, _), _| *face == FACELESS || faces.contains(face));
        self.ranks.retain(|face, _| faces.contains(face));
        let used = self.entries.iter().map(|group| group.key.class);
        let classes: BTreeSet<u32> =
            used.chain(self.meanings.values().map(|meaning| meaning.class)).collect();
        self.classes.retain(|_, class| classes.contains(class));
        self.texts.retain(|class, _| classes.contains(class));
        (self.known, self.orders) = Default::default();
        self.ready = None;
        (classes, faces)
    }
}

impl Sums {
    /// Finds the order of each row; what is not known yet.
    fn resolve(&mut self, batch: &EventBatch, start: usize, stop: usize) -> Unknown {
        let rows = batch.rows().get(start..stop).unwrap_or_default();
        let mut missing = Missing::default();
        let mut ready = Vec::with_capacity(rows.len());
        for (row, at) in rows.iter().zip(start..) {
            ask_ahead(rows, at - start);
            let number = batch.sort_of(row);
            let Some(&sort) = self.sorts.get(&number) else {
                missing.sorts.insert(number);
                continue;
            };
            let Some(taught) = self.taught.get(sort as usize).filter(|taught| !taught.postings.is_empty())
            else {
                continue;
            };
            let face = if taught.faceted { self.face(row) } else { FACELESS };
            if self.owned {
                let unknown = |half: &u32| !self.owners.contains_key(half);
                missing.halves.extend(halves_of(row).into_iter().filter(unknown));
            }
            match self.known.get(&(u64::from(sort) << 32 | u64::from(face))) {
                Some(&order) => ready.push(Ready { row: at as u32, order, face }),
                None => self.learn(sort, face, at, &mut ready, &mut missing),
            }
        }
        let Missing { sorts, meanings, halves, .. } = missing;
        let known = sorts.is_empty() && meanings.is_empty() && halves.is_empty();
        self.ready = known.then_some(ready);
        (sorts.into_iter().collect(), meanings, halves.into_iter().collect())
    }

    /// The number of a row's face.
    fn face(&mut self, row: &Row) -> u32 {
        let face = Face::of(row);
        if let Some(number) = self.faces.get(&face) {
            return *number;
        }
        self.next_face = self.next_face.wrapping_add(1);
        self.faces.insert(face, self.next_face);
        self.next_face
    }

    /// Makes the order of a sort and a face from what was taught, or says what of it was not.
    #[cold]
    fn learn(&mut self, sort: u32, face: u32, at: usize, ready: &mut Vec<Ready>, missing: &mut Missing) {
        let Some(taught) = self.taught.get(sort as usize) else { return };
        let mut order = Order { totals: taught.totals, postings: Vec::new() };
        for posting in &taught.postings {
            let wanted = (if posting.faceted { face } else { FACELESS }, posting.shown);
            if let Some(meaning) = self.meanings.get(&wanted) {
                order.postings.push((posting.clone(), *meaning));
            } else if missing.asked.insert(wanted) {
                missing.meanings.push((posting.shown, wanted.0, at));
            }
        }
        if order.postings.len() == taught.postings.len() {
            let number = self.orders.len() as u32;
            self.orders.push(order);
            self.known.insert(u64::from(sort) << 32 | u64::from(face), number);
            ready.push(Ready { row: at as u32, order: number, face });
        }
    }

    /// Adds the rows made ready; `None` if something about them is not known.
    fn add(&mut self, batch: &EventBatch) -> Option<()> {
        for Ready { row, order, face } in self.ready.take()? {
            let row = batch.rows().get(row as usize)?;
            let order = self.orders.get(order as usize)?;
            let (place, sides) = self.places.of(row);
            let (octets, segments) = if order.totals {
                (row.octets, row.segments)
            } else {
                (row.octets_delta, row.segments_delta)
            };
            let mut traffic = [octets[0], octets[1], segments[0], segments[1]].map(u64::cast_signed);
            if place.is_turned() {
                traffic = [traffic[1], traffic[0], traffic[3], traffic[2]];
            }
            for (posting, meaning) in &order.postings {
                let face = if posting.faceted { face } else { FACELESS };
                for local in sides.iter() {
                    // The server's socket is the connection's own server, unless the server opened it.
                    let [client, server] = halves_of(row);
                    let half = if (local == 0) == place.is_turned() { client } else { server };
                    let owner = if self.owned { *self.owners.get(&half)? } else { NOBODY };
                    let entry = self.entries.of(&Key { class: meaning.class, place, local, owner })?;
                    entry.add(posting, &traffic);
                    if meaning.dated && is_later(&self.ranks, (row.at.0, face), (entry.at, entry.face)) {
                        (entry.at, entry.face) = (row.at.0, face);
                    }
                }
            }
        }
        Some(())
    }
}

/// What is still to be taught.
#[derive(Default)]
struct Missing {
    sorts: BTreeSet<u64>,
    meanings: Vec<(u8, u32, usize)>,
    asked: BTreeSet<(u32, u8)>,
    halves: BTreeSet<u32>,
}

/// Whether the facts of one row are later than those of another.
fn is_later(ranks: &Map<u32, String>, one: (u64, u32), other: (u64, u32)) -> bool {
    one.0 > other.0 || (one.0 == other.0 && ranks.get(&one.1) > ranks.get(&other.1))
}

/// The moment to which a row belongs: that of a boundary closes what came before it.
fn moment(row: &Row) -> u64 {
    row.at.0.saturating_sub(u64::from(row.kind == RowKind::Interval))
}

/// What a row's note says of client and server.
fn halves_of(row: &Row) -> [u32; 2] {
    [(row.note >> 32) as u32, row.note as u32]
}
