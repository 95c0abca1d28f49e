//! The connection table: the only home of per-connection state.

mod connection;
mod follow;
mod key;
mod lanes;
mod milestones;
mod snapshot;
mod table;
mod timers;
mod told;

pub use connection::Connection;
pub use follow::{Cause, Workplace};
pub use key::FlowKey;
pub use table::{Table, TableCounters};
