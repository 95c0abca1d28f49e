//! What a tap lends its connections, for tests of this room that have no tap.

use super::follow::{Cause, Workplace};
use super::{Settlements, SpareRooms};
use crate::batch::EventBatch;
use crate::config::Config;
use crate::handshake::Room;
use crate::profiles::Profiles;

/// See above.
#[derive(Default)]
pub struct Shop {
    config: Config,
    room: Room,
    profiles: Profiles,
    settlements: Settlements,
    /// What was written.
    pub batch: EventBatch,
    spare: SpareRooms,
}

impl Shop {
    /// The workplace for one packet.
    pub fn place(&mut self, cause: Cause) -> Workplace<'_> {
        let Self { config, room, profiles, settlements, batch, spare } = self;
        Workplace { config, room, profiles, settlements, batch, spare, cause }
    }
}
