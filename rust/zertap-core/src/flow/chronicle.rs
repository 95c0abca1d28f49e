//! What of a connection is written once, or nearly, and read when a row is made: its numbers and milestones, in thirty
//! octets.
//!
//! Moments stand as distances from the connection's start. What does not fit is `Exact` instead, behind the extras: a
//! handshake that was long in coming, the third milestone, the numbers of a tap that has seen very much.

use crate::compact::compact;
use crate::event::{History, Milestone};
use crate::handshake::Phase;
use crate::time::Timestamp;

/// The most milestones that a connection can have: begun, complete, in clear.
const LIMIT: usize = 3;

/// How many of them have their moments here.
const NEAR: usize = 2;

/// See above. In distances and numbers the largest value says that the true one is `Exact`.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(2))]
pub struct Chronicle {
    established: u32,
    number: u32,
    ordinal: u16,
    first_packet: [u16; 3],
    at: [[u8; 5]; NEAR],
    phases: [Phase; LIMIT],
    /// How many there are in the upper half; whether the waiting span had passed, a bit for each, in the lower.
    marks: u8,
}

/// What did not fit into a chronicle; the rest of it means nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exact {
    established: Timestamp,
    at: [Timestamp; LIMIT],
    number: u64,
    first_packet: u64,
    ordinal: u32,
}

/// Where a chronicle stands: the connection's start, and what did not fit.
pub type Read<'a> = (Timestamp, Option<&'a Exact>);

/// The largest number of 48 bits.
const MOST_48: u64 = (1 << 48) - 1;
/// The largest number of 40 bits.
const MOST_40: u64 = (1 << 40) - 1;

impl Chronicle {
    /// That of a connection that begins with this packet. What does not fit is written to what `exact` gives.
    pub fn new<'e>(
        number: u64,
        ordinal: u32,
        first_packet: u64,
        exact: impl FnOnce() -> &'e mut Exact,
    ) -> Self {
        let mut chronicle = Self {
            established: 0,
            number: 0,
            ordinal: 0,
            first_packet: [0; 3],
            at: [[0; 5]; NEAR],
            phases: [Phase::Silent; LIMIT],
            marks: 0,
        };
        chronicle.set_numbers(number, ordinal);
        chronicle.set_first_packet(first_packet.min(MOST_48));
        let fits = chronicle.number < u32::MAX && chronicle.ordinal < u16::MAX && first_packet < MOST_48;
        if !fits {
            let exact = exact();
            (exact.number, exact.ordinal, exact.first_packet) = (number, ordinal, first_packet);
        }
        chronicle
    }

    /// Sets number and ordinal, as far as they fit.
    pub(super) fn set_numbers(&mut self, number: u64, ordinal: u32) {
        self.number = fitting_32(number).unwrap_or(u32::MAX);
        self.ordinal = u16::try_from(ordinal).unwrap_or(u16::MAX);
    }

    fn set_first_packet(&mut self, number: u64) {
        self.first_packet = [number as u16, (number >> 16) as u16, (number >> 32) as u16];
    }

    /// Number in the tap.
    pub fn number(&self, (_, exact): Read<'_>) -> u64 {
        if self.number < u32::MAX { self.number.into() } else { exact.map_or(0, |exact| exact.number) }
    }

    /// It is the n-th connection of its key.
    pub fn ordinal(&self, (_, exact): Read<'_>) -> u32 {
        if self.ordinal < u16::MAX { self.ordinal.into() } else { exact.map_or(0, |exact| exact.ordinal) }
    }

    /// Number of the first packet.
    pub fn first_packet(&self, (_, exact): Read<'_>) -> u64 {
        let [low, middle, high] = self.first_packet.map(u64::from);
        let number = high << 32 | middle << 16 | low;
        if number < MOST_48 { number } else { exact.map_or(0, |exact| exact.first_packet) }
    }

    /// When it was established.
    pub fn established(&self, (start, exact): Read<'_>) -> Timestamp {
        let near = Timestamp(start.0.wrapping_add(self.established.into()));
        if self.established < u32::MAX { near } else { exact.map_or(near, |exact| exact.established) }
    }

    /// Notes when it was established.
    pub fn establish<'e>(&mut self, start: Timestamp, at: Timestamp, exact: impl FnOnce() -> &'e mut Exact) {
        let near = at.0.checked_sub(start.0).and_then(fitting_32);
        self.established = near.unwrap_or(u32::MAX);
        if near.is_none() {
            exact().established = at;
        }
    }

    /// How many milestones there are.
    pub fn milestones(&self) -> usize {
        usize::from(self.marks >> 4)
    }

    /// Whether a phase was reached.
    pub fn contains(&self, phase: Phase) -> bool {
        self.phases.get(..self.milestones()).is_some_and(|phases| phases.contains(&phase))
    }

    /// Forgets all milestones.
    pub fn forget_milestones(&mut self) {
        self.marks = 0;
    }

    /// Adds a milestone; beyond the limit the last is overwritten, so that the end stays true.
    pub fn push<'e>(
        &mut self,
        start: Timestamp,
        milestone: Milestone,
        exact: impl FnOnce() -> &'e mut Exact,
    ) {
        let place = self.milestones().min(LIMIT - 1);
        let near = milestone.at.0.checked_sub(start.0).filter(|near| *near < MOST_40);
        if let Some(distance) = self.at.get_mut(place) {
            let octets = near.unwrap_or(MOST_40).to_le_bytes();
            distance.copy_from_slice(octets.first_chunk::<5>().unwrap_or(&[0; 5]));
        }
        if (near.is_none() || place >= NEAR)
            && let Some(at) = exact().at.get_mut(place)
        {
            *at = milestone.at;
        }
        self.phases[place] = milestone.phase;
        let after_due = self.marks & 0x0f & !(1 << place) | u8::from(milestone.after_due) << place;
        self.marks = (place as u8 + 1) << 4 | after_due;
    }

    /// The milestones as rows show them.
    pub fn history(&self, read: Read<'_>) -> History {
        let mut history = History::default();
        self.iter(read).for_each(|milestone| history.push(milestone));
        history
    }

    /// How it began, if it began with a handshake.
    pub fn begun(&self, read: Read<'_>) -> Option<Milestone> {
        self.iter(read).next().filter(|first| matches!(first.phase, Phase::TlsBegun | Phase::SshBegun))
    }

    fn iter<'a>(&'a self, (start, exact): Read<'a>) -> impl Iterator<Item = Milestone> + 'a {
        (0..LIMIT).zip(self.phases).take(self.milestones()).map(move |(place, phase)| {
            let near = self.at.get(place).map_or(MOST_40, |distance| {
                let [one, two, three, four, five] = *distance;
                u64::from_le_bytes([one, two, three, four, five, 0, 0, 0])
            });
            let near_at = Timestamp(start.0.wrapping_add(near));
            let exact_at = exact.and_then(|exact| exact.at.get(place)).copied();
            let at = if near < MOST_40 { near_at } else { exact_at.unwrap_or(near_at) };
            Milestone { phase, at, after_due: self.marks & 1 << place != 0 }
        })
    }
}

/// A number that is less than the largest one of 32 bits.
fn fitting_32(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number < u32::MAX)
}

compact!(struct Chronicle { established, number, ordinal, first_packet, at, phases, marks });

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Around every bound, and anything.
    fn number() -> impl Strategy<Value = u64> {
        let bound = prop_oneof![Just(0_u64), Just(1 << 16), Just(1 << 32), Just(1 << 40), Just(1 << 48)];
        prop_oneof![
            (bound, 0_u64..6).prop_map(|(bound, off)| bound.saturating_add(off).saturating_sub(3)),
            any::<u64>()
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

        #[test]
        fn what_was_written_is_read_again_whether_it_fits_or_not(
            numbers in prop::array::uniform6(number()), ordinal in number(), order in 0_usize..5, late in any::<u8>(),
        ) {
            let [number, first_packet, start, established, first, second] = numbers;
            let (start, ordinal) = (Timestamp(start), ordinal as u32);
            let after = |distance: u64| Timestamp(start.0.saturating_add(distance));
            let mut exact = Exact::default();
            let mut asked = 0;
            let mut chronicle = Chronicle::new(number, ordinal, first_packet, || { asked += 1; &mut exact });
            chronicle.establish(start, after(established), || { asked += 1; &mut exact });
            let phases = [Phase::TlsBegun, Phase::TlsComplete, Phase::TlsThenClear, Phase::Clear, Phase::TlsFailed];
            let mut history = History::default();
            for (place, phase) in phases.into_iter().enumerate().take(order) {
                let at = [after(first), after(second), Timestamp(first), after(first), after(second)][place];
                let milestone = Milestone { phase, at, after_due: late & 1 << place != 0 };
                chronicle.push(start, milestone, || { asked += 1; &mut exact });
                if place < LIMIT {
                    history.push(milestone);
                }
                prop_assert!(chronicle.contains(phase));
                if place >= LIMIT {
                    let kept: Vec<_> = history.entries().iter().copied().take(LIMIT - 1).collect();
                    history = History::default();
                    kept.into_iter().chain([milestone]).for_each(|milestone| history.push(milestone));
                }
            }
            let read = (start, (asked > 0).then_some(&exact));
            prop_assert_eq!(chronicle.number(read), number);
            prop_assert_eq!(chronicle.ordinal(read), ordinal);
            prop_assert_eq!(chronicle.first_packet(read), first_packet);
            prop_assert_eq!(chronicle.established(read), after(established));
            prop_assert_eq!(chronicle.history(read), history);
            prop_assert_eq!(chronicle.milestones(), order.min(LIMIT));
            let usual = number < 1 << 31 && first_packet < 1 << 47 && ordinal < 1 << 15 && established < 1 << 31
                && first < 1 << 39 && second < 1 << 39 && order <= NEAR && start.0 < 1 << 60;
            prop_assert!(!usual || asked == 0);
        }
    }
}
