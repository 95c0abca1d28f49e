//! The connection table: the only home of per-connection state.

mod attempts;
mod connection;
mod current;
mod follow;
mod index;
mod interval;
mod key;
mod lanes;
mod linger;
mod milestones;
mod ordinals;

mod snapshot;
mod table;
mod timers;
mod told;

pub use connection::Connection;
pub use current::current;
pub use follow::{Cause, SpareRooms, Workplace};

pub use interval::Boundaries;
pub use key::FlowKey;
pub use table::{Guess, Identity, Table, TableCounters};
