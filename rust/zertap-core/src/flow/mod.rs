//! The connection table: the only home of per-connection state.

mod advised;
mod connection;
mod follow;
mod index;
mod interval;
mod key;
mod lanes;
mod linger;
mod milestones;
mod named;
mod ordinals;
mod prefetch;
mod snapshot;
mod table;
mod timers;
mod told;

pub use advised::Heard;
pub use connection::Connection;
pub use follow::{Cause, Workplace};
pub use interval::Boundaries;
pub use key::{Endpoint, FlowKey};
pub use named::{ConnectionRef, Turn};
pub use table::{Identity, Table, TableCounters};
