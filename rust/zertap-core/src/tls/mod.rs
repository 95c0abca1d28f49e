//! SSL and TLS, from an SSLv2-format hello to TLS 1.3: has a handshake begun, what did it agree, did it complete.
//!
//! Knows records and messages; knows no TCP and no flow. `observer.rs` says the theory; EDGE_CASES A3 to A8
//! are its specification.

mod assembly;
mod certificate_message;
mod findings;
mod fingerprint;
mod hello;
mod judge12;
mod judge13;
mod kept;
mod key_exchange;
mod lengths;
mod messages;
mod observer;
mod outcome;
mod probe;
mod record;
mod records;
mod ssl2;
mod state;
mod tell;
mod walk;

pub use observer::TlsObserver;
pub use probe::{Probe, begins_hello, probe, probe_server_hello, probe_ssl2};
pub use walk::{Walk, WalkEvent, resynchronises};
