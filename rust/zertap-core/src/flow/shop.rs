//! What a tap keeps for all of its connections and lends each of them while a packet of it is handled.

use super::follow::{Cause, Workplace};
use super::rooms::SpareRooms;
use super::settlements::Settlements;
use crate::batch::EventBatch;
use crate::config::Config;
use crate::handshake::Room;
use crate::profiles::Profiles;

/// See above.
#[derive(Debug, Default)]
pub struct Shop {
    /// How the tap was set up.
    pub config: Config,
    /// What listeners share.
    pub room: Room,
    /// What handshakes came to, each once.
    pub profiles: Profiles,
    /// What was written.
    pub batch: EventBatch,
    settlements: Settlements,
    spare: SpareRooms,
}

impl Shop {
    /// One with these settings.
    pub fn new(config: Config) -> Self {
        Self {
            room: Room { options: config.options, ..Room::default() },
            profiles: Profiles::numbered_from(config.first_profile),
            config,
            ..Self::default()
        }
    }

    /// The workplace for one packet.
    #[inline]
    pub fn place(&mut self, cause: Cause) -> Workplace<'_> {
        let Self { config, room, profiles, settlements, batch, spare } = self;
        Workplace { config, room, profiles, settlements, batch, spare, cause }
    }
}
