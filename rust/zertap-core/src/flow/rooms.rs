//! Rooms of listeners: who needs one gets it with its first payload, and gives it back when all is heard.

use super::connection::{Connection, LISTENED, Life, Listening, SYN_SEEN, SYNACK_SEEN};
use super::recent::Recent;
use crate::handshake::{End, PerSide, Side};
use crate::observer::{Joined, Observer};

/// Rooms of listeners that have finished, as the next connection whose start is seen needs them: a room is large, and every
/// connection needs one for a moment.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "the box is what is handed out: a connection keeps a pointer")]
pub struct SpareRooms(Vec<Box<Listening>>);

impl SpareRooms {
    /// How many are kept; more are needed only while many handshakes run at once.
    const MOST: usize = 256;

    #[inline]
    fn furnish(&mut self, joined: Joined) -> Box<Listening> {
        match self.0.pop() {
            None => Box::new(Listening { observer: Observer::new(joined), recent: PerSide::default() }),
            Some(mut room) => {
                if joined != Joined::AtStart {
                    room.observer = Observer::new(joined);
                }
                room
            }
        }
    }

    /// Takes out of a room what is in it; the room is free then.
    pub(super) fn empty(&mut self, mut room: Box<Listening>) -> Listening {
        let observer = std::mem::replace(&mut room.observer, Observer::new(Joined::AtStart));
        let recent = room.recent;
        self.give_back(room);
        Listening { observer, recent }
    }

    /// A room with this in it.
    pub(super) fn furnish_again(&mut self, listening: Listening) -> Box<Listening> {
        match self.0.pop() {
            None => Box::new(listening),
            Some(mut room) => {
                *room = listening;
                room
            }
        }
    }

    pub(super) fn give_back(&mut self, mut room: Box<Listening>) {
        if self.0.len() < Self::MOST {
            // What it heard is let go at once. Field by field, in place: made first and moved then, all of it would be copied.
            room.observer = Observer::new(Joined::AtStart);
            room.recent.0.iter_mut().for_each(Recent::forget);
            self.0.push(room);
        }
    }
}

/// The first payload gives a connection its listener: attempts and idle connections never need one.
pub(super) fn listen(conn: &mut Connection, spare: &mut SpareRooms) {
    if !conn.has(LISTENED) {
        conn.bits |= LISTENED;
        // A half-open connection is at its start, though the SYN that brings data is only being looked at.
        let midstream = conn.life != Life::HalfOpen && conn.is_midstream();
        let joined = if midstream {
            Joined::Midstream
        } else if conn.life == Life::HalfOpen || (conn.has(SYNACK_SEEN) && conn.has(SYN_SEEN)) {
            Joined::AtStart
        } else if conn.has(SYNACK_SEEN) {
            Joined::Answered
        } else {
            Joined::Unanswered(Side::A)
        };
        let mut room = spare.furnish(joined);
        for side in Side::BOTH {
            if conn.stream.halves[side].fin_delivered() {
                room.observer.end(side, End::Fin, 0);
            }
        }
        conn.listening = Some(room);
    }
}
