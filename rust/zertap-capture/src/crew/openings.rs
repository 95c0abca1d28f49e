//! Which packets opened a connection, of all workers together: a connection's number is how many did up to its own.
//!
//! One bit a packet and a count for every 512 of them: a thousand million packets take 140 MB, whatever they open.

/// Packets that opened a connection.
#[derive(Debug, Default)]
pub(super) struct Openings {
    words: Vec<u64>,
    /// Openings before each block.
    before: Vec<u64>,
}

/// Words of a block.
const BLOCK: usize = 8;

impl Openings {
    /// This packet opened one.
    pub(super) fn note(&mut self, packet: u64) {
        let word = (packet / 64) as usize;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (packet % 64);
        }
    }

    /// How many packets up to this one opened a connection. All openings up to it must be known.
    pub(super) fn up_to(&mut self, packet: u64) -> u64 {
        let word = (packet / 64) as usize;
        let block = word / BLOCK;
        while self.before.len() <= block {
            let last = self.before.len().checked_sub(1);
            let count = last.map_or(0, |last| {
                let words = self.words.get(last * BLOCK..).unwrap_or_default();
                self.before.get(last).copied().unwrap_or(0) + ones(words.iter().take(BLOCK))
            });
            self.before.push(count);
        }
        let whole = ones(self.words.get(block * BLOCK..word).unwrap_or_default().iter());
        let part = self.words.get(word).map_or(0, |bits| bits & (u64::MAX >> (63 - packet % 64)));
        self.before.get(block).copied().unwrap_or(0) + whole + u64::from(part.count_ones())
    }
}

fn ones<'a>(words: impl Iterator<Item = &'a u64>) -> u64 {
    words.map(|word| u64::from(word.count_ones())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_has_the_number_that_counting_gives() {
        let mut openings = Openings::default();
        let packets: Vec<u64> = (1..4000).filter(|packet| packet % 7 == 1 || packet % 512 == 511).collect();
        for packet in packets.iter().rev() {
            openings.note(*packet);
        }
        for (packet, number) in packets.iter().zip(1..) {
            assert_eq!(openings.up_to(*packet), number);
        }
        assert_eq!(openings.up_to(5000), packets.len() as u64);
    }
}
