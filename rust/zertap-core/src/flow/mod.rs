//! The connection table: the only home of per-connection state.

mod advised;
mod arrival;
mod attempts;
mod bare;
mod chronicle;
mod chunks;
mod connection;
mod counters;
mod current;
mod ended;
mod follow;
mod index;
mod interval;
mod key;
mod lanes;
mod named;
mod opening;
mod recent;
mod reset;
mod rooms;
mod settlements;
#[cfg(test)]
mod shop;
mod snapshot;
mod table;
mod timers;
mod told;
mod usual;

pub use advised::Heard;
pub use arrival::Arrival;
pub use connection::Connection;
pub use counters::TableCounters;
pub use current::current;
pub use follow::{Cause, Workplace};
pub use index::FlowHash;
pub use interval::Boundaries;
pub use key::{Endpoint, FlowKey};
pub use named::{ConnectionRef, Turn};
pub use rooms::SpareRooms;
pub use settlements::Settlements;
pub use table::{Guess, Identity, Table};
