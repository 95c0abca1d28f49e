//! The engine: packets in, rows out.
//!
//! Each row is a complete snapshot of one connection at the moment something worth saying happened to it.
//! The engine has no I/O, no clock and no threads; it speaks the wire's language and never says "protected".
#![deny(unsafe_code)]

pub mod batch;
pub mod certificate;
pub mod config;
pub mod event;
pub mod flow;
pub mod handshake;
pub mod ledger;
pub mod observer;
pub mod prefetch;
pub mod profiles;
pub mod reader;
pub mod registry;
pub mod ssh;
pub mod stream;
pub mod tap;
pub mod time;
pub mod tls;
pub mod upgrade;
pub mod wire;
