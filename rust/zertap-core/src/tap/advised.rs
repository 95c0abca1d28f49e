//! The three calls by which a caller tells the engine something about one live connection.

use super::Tap;
use crate::flow::{ConnectionRef, Heard};
use crate::handshake::Advice;

impl Tap {
    /// A provider's facts about a connection: a program that terminates TLS or SSH tells what observation cannot see.
    ///
    /// Its word stands where both speak. A `moved` row follows if something is new and such rows are wanted.
    pub fn advise(&mut self, whom: ConnectionRef, advice: Advice) -> bool {
        let heard = self.with_place(|table, place| table.advise(place, whom, advice));
        self.count(heard)
    }

    /// A handshake will begin with the next octets: observation, which clear data had ended, is armed again.
    pub fn expect_handshake(&mut self, whom: ConnectionRef) -> bool {
        let heard = self.table.expect_handshake(whom);
        self.count(heard)
    }

    /// A number of the caller's, which every later row of the connection bears and nobody here understands.
    pub fn mark(&mut self, whom: ConnectionRef, note: u64) -> bool {
        let heard = self.table.mark(whom, note, false);
        self.count(heard)
    }

    /// The same, unless something of the connection was reported: what it is told apart by must not change then.
    pub fn mark_early(&mut self, whom: ConnectionRef, note: u64) -> bool {
        let heard = self.table.mark(whom, note, true);
        self.count(heard)
    }

    fn count(&mut self, heard: Heard) -> bool {
        match heard {
            Heard::Taken => {}
            Heard::Gone => self.counters.gone += 1,
            Heard::Late => self.counters.late += 1,
        }
        heard == Heard::Taken
    }
}
