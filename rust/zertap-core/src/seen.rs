//! What was read from octets before: most connections to a host show the octets that the one before showed.

use std::sync::Arc;

/// What was read from octets lately, in places that follow from some of them: other octets take the place over.
#[derive(Debug)]
pub struct Seen<T>(Vec<Option<Known<T>>>);

/// Places.
const MOST: usize = 64;
/// Octets beyond this are not worth their memory.
const LONGEST: usize = 2048;

#[derive(Debug)]
struct Known<T> {
    octets: Arc<[u8]>,
    read: Arc<T>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Seen<T> {
    /// What `read` finds in these octets; they are read where they are not known.
    pub fn of(&mut self, octets: &[u8], read: impl FnOnce(&[u8]) -> Option<T>) -> Option<Arc<T>> {
        if let Some(known) = self.get(octets) {
            return Some(Arc::clone(known));
        }
        let read = Arc::new(read(octets)?);
        if octets.len() <= LONGEST {
            self.keep(&octets.into(), &read);
        }
        Some(read)
    }

    /// What was read from these octets, where it is known.
    pub fn get(&self, octets: &[u8]) -> Option<&Arc<T>> {
        let known = self.0.get(place(octets))?.as_ref()?;
        (*known.octets == *octets).then_some(&known.read)
    }

    /// Remembers what was read from these octets.
    pub fn keep(&mut self, octets: &Arc<[u8]>, read: &Arc<T>) {
        if octets.len() > LONGEST {
            return;
        }
        if self.0.is_empty() {
            self.0.resize_with(MOST, || None);
        }
        self.0[place(octets)] = Some(Known { octets: Arc::clone(octets), read: Arc::clone(read) });
    }
}

/// Where these octets are kept, by their length and by four of them in four places.
fn place(octets: &[u8]) -> usize {
    let places = [0, octets.len() / 3, octets.len() / 2, octets.len().saturating_sub(4)];
    let words =
        places.map(|place| octets.get(place..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default());
    let mix = |all: u32, word| (all ^ u32::from_le_bytes(word)).wrapping_mul(0x9e37_79b1).rotate_left(15);
    words.into_iter().fold(octets.len() as u32, mix) as usize % MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(memory: &mut Seen<Vec<u8>>, octets: &[u8]) -> bool {
        let mut asked = false;
        let read = memory.of(octets, |octets| {
            asked = true;
            Some(octets.to_vec())
        });
        assert_eq!(*read.unwrap(), octets);
        asked
    }

    #[test]
    fn octets_are_read_once_and_others_in_their_place_are_never_taken_for_them() {
        let mut memory = Seen::default();
        // Octets of which nothing else tells: all of these have one place.
        let octets: Vec<[u8; 64]> =
            (0..9).map(|one| std::array::from_fn(|at| u8::from(at == 8) * one)).collect();
        for round in 0..2 {
            for one in &octets {
                assert!(ask(&mut memory, one) && !ask(&mut memory, one), "{round}");
            }
        }
        for few in [&b"abc"[..], b"", b"abcd"] {
            assert!(ask(&mut memory, few) && !ask(&mut memory, few));
        }
        assert!(ask(&mut memory, &[7; LONGEST + 1]) && ask(&mut memory, &[7; LONGEST + 1]));
        assert_eq!(memory.0.len(), MOST);
        // What cannot be read is not remembered.
        assert_eq!(memory.of(b"nothing", |_| None), None);
        assert!(ask(&mut memory, b"nothing"));
    }
}
