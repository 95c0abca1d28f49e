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

mod groups;
mod key;
mod place;

pub(crate) use groups::Groups;

use crate::batch::EventBatch;
use crate::error;
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
}

/// What facts mean under one word.
#[derive(Clone, Copy, Debug)]
struct Meaning {
    class: u32,
    /// The facts say more than the class: it matters whose are the latest.
    dated: bool,
}

/// One group, over its life.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    initial: Counts,
    last: Counts,
    at: u64,
    face: u32,
    touched: bool,
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
    entries: Vec<(Key, Entry)>,
    /// Where the entry of a key is.
    index: Map<Key, u32>,
    /// The rows made ready for counting, if all about them is known.
    ready: Option<Vec<Ready>>,
}

/// A row that counts for something.
#[derive(Clone, Copy, Debug)]
struct Ready {
    row: usize,
    sort: u32,
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
            entries: Vec::new(),
            index: Map::default(),
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
        self.taught.push(Sort { totals, postings: postings.into_iter().map(posting).collect() });
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
            let mut groups = std::mem::take(&mut self.entries);
            groups.retain(|(_, entry)| entry.touched || entry.initial[ACTIVE] != 0);
            if keep {
                self.index.clear();
                self.entries.clone_from(&groups);
                for ((key, entry), at) in self.entries.iter_mut().zip(0..) {
                    (entry.initial, entry.touched) = (entry.last, false);
                    self.index.insert(*key, at);
                }
            } else {
                self.index = Map::default();
            }
            Groups::new(groups, self.texts.clone(), self.middles.clone())
        })
    }

    fn forget(&mut self) -> (BTreeSet<u32>, BTreeSet<u32>) {
        let faces: BTreeSet<u32> = self.entries.iter().map(|(_, entry)| entry.face).collect();
        self.faces.retain(|_, face| faces.contains(face));
        self.meanings.retain(|(face, _), _| *face == FACELESS || faces.contains(face));
        self.ranks.retain(|face, _| faces.contains(face));
        let used = self.entries.iter().map(|(key, _)| key.class);
        let classes: BTreeSet<u32> =
            used.chain(self.meanings.values().map(|meaning| meaning.class)).collect();
        self.classes.retain(|_, class| classes.contains(class));
        self.texts.retain(|class, _| classes.contains(class));
        self.ready = None;
        (classes, faces)
    }
}

impl Sums {
    /// Finds sort and face of each row; what is not known yet.
    fn resolve(&mut self, batch: &EventBatch, start: usize, stop: usize) -> Unknown {
        let rows = batch.rows().get(start..stop).unwrap_or_default();
        let (mut sorts, mut unknown, mut halves) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        let mut asked = BTreeSet::new();
        let mut ready = Vec::with_capacity(rows.len());
        for (row, at) in rows.iter().zip(start..) {
            let number = batch.sort_of(row);
            let Some(&sort) = self.sorts.get(&number) else {
                sorts.insert(number);
                continue;
            };
            let postings = self.taught.get(sort as usize).map_or(&[][..], |sort| &sort.postings);
            if postings.is_empty() {
                continue;
            }
            let mut face = FACELESS;
            if postings.iter().any(|posting| posting.faceted) {
                face = *self.faces.entry(Face::of(row)).or_insert_with(|| {
                    self.next_face = self.next_face.wrapping_add(1);
                    self.next_face
                });
            }
            if self.owned {
                halves.extend(halves_of(row).into_iter().filter(|half| !self.owners.contains_key(half)));
            }
            for posting in postings {
                let wanted = (if posting.faceted { face } else { FACELESS }, posting.shown);
                if !self.meanings.contains_key(&wanted) && asked.insert(wanted) {
                    unknown.push((posting.shown, wanted.0, at));
                }
            }
            ready.push(Ready { row: at, sort, face });
        }
        let known = sorts.is_empty() && unknown.is_empty() && halves.is_empty();
        self.ready = known.then_some(ready);
        (sorts.into_iter().collect(), unknown, halves.into_iter().collect())
    }

    /// Adds the rows made ready; `None` if something about them is not known.
    fn add(&mut self, batch: &EventBatch) -> Option<()> {
        for Ready { row, sort, face } in self.ready.take()? {
            let row = batch.rows().get(row)?;
            let sort = self.taught.get(sort as usize)?;
            let (place, sides) = self.places.of(row);
            let (octets, segments) =
                if sort.totals { (row.octets, row.segments) } else { (row.octets_delta, row.segments_delta) };
            let mut traffic = [octets[0], octets[1], segments[0], segments[1]].map(u64::cast_signed);
            if place.is_turned() {
                traffic = [traffic[1], traffic[0], traffic[3], traffic[2]];
            }
            for posting in &sort.postings {
                let face = if posting.faceted { face } else { FACELESS };
                let meaning = *self.meanings.get(&(face, posting.shown))?;
                for local in sides.iter() {
                    // The server's socket is the connection's own server, unless the server opened it.
                    let [client, server] = halves_of(row);
                    let half = if (local == 0) == place.is_turned() { client } else { server };
                    let owner = if self.owned { *self.owners.get(&half)? } else { NOBODY };
                    let key = Key { class: meaning.class, place, local, owner };
                    let at = *self.index.entry(key).or_insert_with(|| {
                        self.entries.push((key, Entry::default()));
                        self.entries.len() as u32 - 1
                    });
                    let (_, entry) = self.entries.get_mut(at as usize)?;
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

impl Entry {
    fn add(&mut self, posting: &Posting, traffic: &[i64; 4]) {
        let (levels, counts) = self.last.split_at_mut(posting.levels.len());
        for (level, more) in levels.iter_mut().zip(posting.levels) {
            *level = level.saturating_add(more);
        }
        if posting.traffic {
            for (count, more) in counts.iter_mut().zip(traffic) {
                *count = count.saturating_add(*more);
            }
        }
        self.touched = true;
    }
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
