//! The engine: packets in, rows out.
//!
//! Each row is a complete snapshot of one connection at the moment something worth saying happened to it.
//! The engine has no I/O, no clock and no threads; it speaks the wire's language and never says "protected".

pub mod certificate;
pub mod handshake;
pub mod reader;
pub mod time;
