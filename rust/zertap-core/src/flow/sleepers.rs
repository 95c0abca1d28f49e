//! Connections that have stalled before their handshake was over, or before it began: nothing of them comes for some seconds, and
//! nobody knows whether anything ever will. A slot and a listener's room for each is what whoever opens many of them and stops
//! is after, so they sleep in as few octets as tell all of it, and get both back with the next segment.

use super::chronicle::Chronicle;
use super::chunks::Chunks;
use super::connection::{Beyond, Connection, Extras, LISTENED, Life, Listening, NAMED};
use super::key::FlowKey;
use super::rooms::SpareRooms;
use crate::compact::{Compact, Held, Reading, Writer, read_number, write_number};
use crate::handshake::PerSide;
use crate::stream::Stream;
use crate::time::{Span, Timestamp};
use arrayvec::ArrayVec;
use std::collections::{BTreeMap, TryReserveError};

/// How long nothing comes of a connection before it may sleep.
pub const STALLED: Span = Span::seconds(5);

/// All that sleep, each under a number that is used again when it is free.
#[derive(Debug, Default)]
pub struct Sleepers {
    /// Of each its head, then what a writer wrote.
    places: Chunks<Option<Box<[u8]>>>,
    /// What of one is shared, or lies in boxes: few have any.
    held: BTreeMap<u32, Vec<Held>>,
    free: Vec<u32>,
    writer: Writer,
    /// Memory for the numbers of the one that is woken.
    numbers: Vec<u8>,
}

/// What is known of one without waking it.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Number in the tap.
    pub number: u64,
    /// n-th connection of its key.
    pub ordinal: u32,
    /// Time of its latest packet.
    pub latest: Timestamp,
}

/// Whether it may ever sleep as it is: established, its handshake not over, and nobody knows its slot.
pub fn is_open(conn: &Connection) -> bool {
    conn.life == Life::Established
        && (conn.listening.is_some() || !conn.has(LISTENED))
        && matches!(conn.beyond, Beyond::Nothing)
        && conn.extras.as_ref().is_none_or(|extras| extras.other_lane.is_none())
        && !conn.has(NAMED)
}

/// Whether such a connection waits for nothing but its next segment, and has done so for long.
pub fn has_stalled(conn: &Connection, now: Timestamp) -> bool {
    conn.latest.after(STALLED) <= now
        && conn.stream.is_calm()
        && conn.extras.as_deref().is_none_or(Extras::is_calm)
}

impl Sleepers {
    /// How many sleep.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Places, used or free.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// Makes room for so many more, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.places.try_reserve(more.saturating_sub(self.free.len()))?;
        self.free.try_reserve(self.places.len() + more - self.free.len())
    }

    /// Whether one is of this key.
    pub fn is_of(&self, number: u32, key: &FlowKey) -> bool {
        self.get(number).is_some_and(|octets| octets.starts_with(&written(key)))
    }

    /// What is known of one.
    pub fn head(&self, number: u32) -> Option<Head> {
        head(self.get(number)?).map(|(_, head, _)| head)
    }

    /// The numbers of all that sleep.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..).zip(self.places.iter()).filter(|(_, place)| place.is_some()).map(|(number, _)| number)
    }

    fn get(&self, number: u32) -> Option<&[u8]> {
        self.places.get(number as usize)?.as_deref()
    }

    /// Lays one down, and says under which number. Its listener's room goes back to those that are free.
    pub fn lay_down(&mut self, conn: Connection, spare: &mut SpareRooms) -> u32 {
        let number = self.free.pop().unwrap_or(self.places.len() as u32);
        if number as usize == self.places.len() {
            self.places.add();
        }
        let (octets, held) = write(conn, &mut self.writer, spare);
        if let Some(place) = self.places.get_mut(number as usize) {
            *place = Some(octets);
        }
        if !held.is_empty() {
            self.held.insert(number, held);
        }
        number
    }

    /// Wakes one, as it was.
    pub fn wake(&mut self, number: u32, spare: &mut SpareRooms) -> Option<Connection> {
        let octets = self.places.get_mut(number as usize)?.take()?;
        self.free.push(number);
        let held = self.held.remove(&number).unwrap_or_default();
        let conn = read(&octets, held, &mut self.numbers, spare);
        debug_assert!(conn.is_some(), "it was written here");
        conn
    }
}

/// Octets of a key at most: what it is, two addresses, ports, lane.
const KEY: usize = 1 + 32 + 4 + 5;

/// A key as it stands before everything else: none is the beginning of another.
fn written(key: &FlowKey) -> ArrayVec<u8, KEY> {
    let [low0, low1, high0, high1, ports] = key.words();
    let mut octets = ArrayVec::new();
    let mut add = |part: &[u8]| octets.extend(part.iter().copied());
    if key.is_ipv4() {
        add(&[0]);
        for address in [low1 as u32, high1 as u32] {
            add(&address.to_le_bytes());
        }
    } else {
        add(&[1]);
        for half in [low0, low1, high0, high1] {
            add(&half.to_le_bytes());
        }
    }
    add(&(ports >> 32).to_le_bytes()[..4]);
    write_number(&mut octets, ports & 0xffff_ffff);
    octets
}

fn word32(octets: &mut &[u8]) -> Option<u32> {
    let (word, rest) = octets.split_first_chunk()?;
    *octets = rest;
    Some(u32::from_le_bytes(*word))
}

fn lane(octets: &mut &[u8]) -> Option<u32> {
    read_number(octets)?.try_into().ok()
}

/// The key, what is known beside it, and what follows the head.
fn head(octets: &[u8]) -> Option<(FlowKey, Head, &[u8])> {
    let (kind, mut rest) = octets.split_first()?;
    let key = if *kind == 0 {
        let [low, high] = [word32(&mut rest)?, word32(&mut rest)?];
        FlowKey::between_ipv4(low, high, word32(&mut rest)?, lane(&mut rest)?)
    } else {
        let mut words = [0; 5];
        for word in words.iter_mut().take(4) {
            let (octets, tail) = rest.split_first_chunk()?;
            rest = tail;
            *word = u64::from_le_bytes(*octets);
        }
        words[4] = u64::from(word32(&mut rest)?) << 32 | u64::from(lane(&mut rest)?);
        FlowKey::of_words(words)
    };
    let (latest, tail) = rest.split_first_chunk()?;
    rest = tail;
    let latest = Timestamp(u64::from_le_bytes(*latest));
    let number = read_number(&mut rest)?;
    let ordinal = u32::try_from(read_number(&mut rest)?).ok()?;
    Some((key, Head { number, ordinal, latest }, rest))
}

fn write(mut conn: Connection, writer: &mut Writer, spare: &mut SpareRooms) -> (Box<[u8]>, Vec<Held>) {
    let mut first = Writer::default();
    first.fixed(&written(&conn.key));
    first.fixed(&conn.latest.0.to_le_bytes());
    first.number(conn.number());
    first.number(conn.ordinal().into());
    conn.listening.take().map(|room| spare.empty(room)).write(writer);
    let Connection {
        stream,
        latest,
        extras,
        phase,
        low_side,
        bits,
        mut chronicle,
        flags,
        settled,
        start,
        ..
    } = conn;
    stream.halves.write(writer);
    latest.since(start).0.write(writer);
    // They stand in the head.
    chronicle.set_numbers(0, 0);
    chronicle.write(writer);
    (phase, (low_side, (bits, flags))).write(writer);
    settled.write(writer);
    extras.map(|extras| *extras).write(writer);
    writer.finish(&first.into_plain())
}

fn read(octets: &[u8], held: Vec<Held>, numbers: &mut Vec<u8>, spare: &mut SpareRooms) -> Option<Connection> {
    let (key, Head { number, ordinal, latest }, written) = head(octets)?;
    let from = &mut Reading::new(written, held, numbers)?;
    let listening = Option::<Listening>::read(from)?.map(|listening| spare.furnish_again(listening));
    let halves = PerSide::read(from)?;
    let start = Timestamp(latest.0.saturating_sub(u64::read(from)?));
    let mut chronicle = Chronicle::read(from)?;
    chronicle.set_numbers(number, ordinal);
    let (phase, (low_side, (bits, flags))) = Compact::read(from)?;
    let settled = Compact::read(from)?;
    let extras = Option::<Extras>::read(from)?.map(Box::new);
    let stream = Stream { halves, holding: None };
    let (beyond, life) = (Beyond::Nothing, Life::Established);
    from.is_over().then_some(Connection {
        key,
        stream,
        latest,
        listening,
        extras,
        beyond,
        phase,
        life,
        low_side,
        bits,
        chronicle,
        flags,
        settled,
        start,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::attempts::Attempt;
    use crate::flow::connection::exact;
    use crate::flow::follow::Cause;
    use crate::handshake::{Chunk, Options, Phase, Room, Side};
    use crate::observer::{Joined, Observer};
    use crate::stream::Seq;
    use proptest::prelude::*;

    /// Beginnings that lead to every kind of listener.
    const BEGINNINGS: [&[u8]; 6] = [
        &[22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3],
        b"SSH-2.0-any\r\n\0\0\x01\x0c\x0a\x14",
        b"SSH-1.99-x\r",
        b"220 ready\r\n",
        &[0x80, 46, 1, 0, 2],
        &[22],
    ];

    fn connection(beginning: usize, pieces: &[(bool, Vec<u8>)], numbers: [u64; 3], wide: bool) -> Connection {
        let lane = if wide { u64::from(u32::MAX) } else { 3 };
        let key =
            if wide { FlowKey::of_words([1, 2, 3, 4, lane]) } else { FlowKey::between_ipv4(1, 2, 3, 4) };
        let cause = Cause { at: Timestamp(numbers[0] >> 1), packet: numbers[1] };
        let mut conn =
            Connection::of_attempt(&Attempt::new(key, wide, cause, numbers[2] as u32, 7, numbers[2]));
        conn.life = Life::Established;
        conn.latest = cause.at.after(Span(numbers[1] >> 8));
        let (room, mut observer) = (&mut Room::default(), Observer::new(Joined::AtStart));
        room.options = Options { offers: wide, fingerprints: wide, ..Options::default() };
        let mut recent = PerSide::default();
        let first = (true, BEGINNINGS[beginning % BEGINNINGS.len()].to_vec());
        for (from_client, octets) in [&first].into_iter().chain(pieces) {
            let side = if *from_client { Side::A } else { Side::B };
            let chunk = Chunk { bytes: octets, seen: 5, starts_segment: true, cut: 0 };
            let recent: &mut crate::flow::recent::Recent = &mut recent[side];
            recent.remember(Seq(octets.len() as u32), octets);
            if matches!(observer.push(side, chunk, true, room), crate::handshake::Progress::Finished(_)) {
                break;
            }
        }
        if wide {
            conn.extras().told_phase = Phase::TlsBegun;
            conn.extras().note = numbers[0];
            exact(&mut conn.extras);
        }
        conn.listening = (beginning < BEGINNINGS.len()).then(|| Box::new(Listening { observer, recent }));
        conn
    }

    fn compact(conn: Connection) -> (Box<[u8]>, Vec<Held>) {
        write(conn, &mut Writer::default(), &mut SpareRooms::default())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

        #[test]
        fn whoever_wakes_and_sleeps_again_is_the_same(
            beginning in 0..=BEGINNINGS.len(), pieces: Vec<(bool, Vec<u8>)>, numbers: [u64; 3], wide: bool,
        ) {
            let made = || connection(beginning, &pieces, numbers, wide);
            let (shown, key) = (format!("{:?}", made()), made().key);
            let (octets, held) = compact(made());
            let (count, spare) = (held.len(), &mut SpareRooms::default());
            prop_assert!(octets.starts_with(&written(&key)));
            let (found, told, _) = head(&octets).expect("a head");
            prop_assert!(found == key && told.latest == made().latest && told.number == numbers[2]);
            let woken = read(&octets, held, &mut vec![9; 7], spare).expect("as it was written");
            prop_assert_eq!(format!("{woken:?}"), shown);
            let (again, held) = compact(woken);
            prop_assert!(again == octets && held.len() == count);
        }

        #[test]
        fn what_was_damaged_wakes_as_something_or_nothing(
            beginning in 0..=BEGINNINGS.len(), pieces: Vec<(bool, Vec<u8>)>, damage: Vec<(u16, u8)>, cut: bool,
        ) {
            let (mut octets, held) = compact(connection(beginning, &pieces, [1 << 40, 2, 3], false));
            for (place, mask) in damage {
                let place = usize::from(place) % octets.len();
                octets[place] ^= mask;
                if cut {
                    octets = octets[..=place].into();
                }
            }
            read(&octets, held, &mut Vec::new(), &mut SpareRooms::default());
        }
    }
}
