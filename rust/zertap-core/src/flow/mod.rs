//! The connection table: the only home of per-connection state.

mod connection;
mod follow;
mod interval;
mod key;
mod lanes;
mod milestones;
mod snapshot;
mod table;
mod timers;

pub use connection::Connection;
pub use follow::{Cause, Workplace};
pub use interval::Boundaries;
pub use key::FlowKey;
pub use table::{Table, TableCounters};
