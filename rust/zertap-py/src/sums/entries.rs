//! Groups while rows are added: their counters, and where each of them is.

use super::key::Key;
use super::{ACTIVE, Counts, Posting};
use hashbrown::HashTable;

/// One group, over its life.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) last: Counts,
    pub(crate) at: u64,
    pub(crate) face: u32,
    touched: bool,
}

/// One group.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Group {
    pub(crate) key: Key,
    pub(crate) entry: Entry,
}

const _: () = assert!(size_of::<Group>() == 128, "two cache lines, and nine to eighteen octets to find it");

/// Groups in the order in which they came, in pieces that stay where they are.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pieces: Vec<Vec<Group>>,
    length: usize,
}

/// How many groups a piece has.
const PIECE: usize = 512;

impl Pieces {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Group> {
        self.pieces.get(at / PIECE)?.get(at % PIECE)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.pieces.iter().flatten()
    }

    fn get_mut(&mut self, at: usize) -> Option<&mut Group> {
        self.pieces.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    fn push(&mut self, group: Group) {
        if self.length.is_multiple_of(PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(group);
            self.length += 1;
        }
    }
}

/// What is added up.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    list: Pieces,
    /// The counters of the first groups, those that are older than the interval, when it began. All of the others began at
    /// zero.
    initial: Vec<Counts>,
    /// Half of a key's hash, and its place in the list: so the list is not asked where the index grows.
    index: HashTable<(u32, u32)>,
    state: ahash::RandomState,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.list.iter()
    }

    /// The entry of a key, made if there is none; `None` where numbers of entries end.
    #[inline]
    pub(crate) fn of(&mut self, key: &Key) -> Option<&mut Entry> {
        let half = self.state.hash_one(key) as u32;
        let list = &self.list;
        let is_it = |(other, at): &(u32, u32)| {
            *other == half && list.get(*at as usize).is_some_and(|group| group.key == *key)
        };
        let at = if let Some((_, at)) = self.index.find(widened(half), is_it) {
            *at
        } else {
            let at = u32::try_from(self.list.len()).ok()?;
            self.index.insert_unique(widened(half), (half, at), |(half, _)| widened(*half));
            self.list.push(Group { key: *key, entry: Entry::default() });
            at
        };
        self.list.get_mut(at as usize).map(|group| &mut group.entry)
    }

    /// The groups so far, which of them are to be told, and what the first of them began with. With *keep* those live on.
    pub(crate) fn close(&mut self, keep: bool) -> (Pieces, Vec<u32>, Vec<Counts>) {
        let (list, initial) = (std::mem::take(&mut self.list), std::mem::take(&mut self.initial));
        let was_active = |at: u32| initial.get(at as usize).is_some_and(|began| began[ACTIVE] != 0);
        let told = list.iter().zip(0..).filter(|(group, at)| group.entry.touched || was_active(*at));
        let told: Vec<u32> = told.map(|(_, at)| at).collect();
        self.index = HashTable::new();
        if keep {
            self.live_on(told.iter().filter_map(|at| list.get(*at as usize)));
        }
        (list, told, initial)
    }

    /// An interval begins with these.
    fn live_on<'a>(&mut self, groups: impl Iterator<Item = &'a Group>) {
        for Group { key, entry } in groups {
            self.initial.push(entry.last);
            if let Some(room) = self.of(key) {
                *room = Entry { touched: false, ..*entry };
            }
        }
    }
}

/// A whole hash from half of one: which is all that is remembered.
fn widened(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Entry {
    pub(super) fn add(&mut self, posting: &Posting, traffic: &[i64; 4]) {
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
