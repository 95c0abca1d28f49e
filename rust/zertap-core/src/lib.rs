//! The engine: packets in, rows out.
//!
//! Each row is a complete snapshot of one connection at the moment something worth saying happened to it.
//! The engine has no I/O, no clock and no threads; it speaks the wire's language and never says "protected".
//!
//! # Use
//!
//! A [`Tap`](tap::Tap) is one engine, for one thread. It takes frames of a link ([`push_frame`](tap::Tap::push_frame)),
//! decoded segments ([`push_segment`](tap::Tap::push_segment)) or plain streams ([`push_stream`](tap::Tap::push_stream)),
//! in order of time, and gives rows ([`drain`](tap::Tap::drain)). Which moments are worth a row says
//! [`Config::rows`](config::Config::rows): by default the end of each connection.
//!
//! ```
//! use zertap_core::config::Config;
//! use zertap_core::flow::Endpoint;
//! use zertap_core::handshake::{Fault, Phase, Side};
//! use zertap_core::tap::{StreamEnd, Tap};
//! use zertap_core::time::Timestamp;
//! use zertap_core::wire::Address;
//!
//! // Attackers choose addresses and ports: give a random key.
//! let mut tap = Tap::new(Config { hash_key: [0x0123, 0x4567], ..Config::default() });
//! let client = Endpoint { address: Address::v4([192, 0, 2, 1]), port: 50000 };
//! let server = Endpoint { address: Address::v4([192, 0, 2, 2]), port: 22 };
//!
//! let name = tap.open_stream(Timestamp(0), client, server, 0);
//! tap.push_stream(Timestamp(1), name, Side::B, b"SSH-2.0-Example\r\n", None);
//! tap.push_stream(Timestamp(2), name, Side::A, b"GET / HTTP/1.1\r\n\r\n", None);
//! tap.end_stream(Timestamp(3), name, StreamEnd::Reset(Side::B));
//!
//! let rows = tap.drain();
//! assert_eq!(rows.len(), 1);
//! assert_eq!(rows[0].phase, Phase::SshFailed);
//! assert_eq!(rows[0].settled.as_ref().map(|settled| settled.fault), Some(Fault::PeerNotSsh));
//! ```
//!
//! Nothing that comes over the wire makes it panic, and every buffer has a cap ([`StreamLimits`](stream::StreamLimits),
//! [`Config`](config::Config)). What the wire says wrong is data: a phase with its [`Fault`](handshake::Fault), and
//! [`Flags`](handshake::Flags) that never change it. Numbers that nobody knows are kept as they are; names are in
//! [`registry`].
//!
//! What a caller learns of a live connection goes back by [`advise`](tap::Tap::advise),
//! [`expect_handshake`](tap::Tap::expect_handshake) and [`mark`](tap::Tap::mark), by the name that
//! [`open_stream`](tap::Tap::open_stream) or [`find`](tap::Tap::find) gave; where it is gone they answer `false`.
#![deny(unsafe_code)]

pub mod batch;
pub mod certificate;
pub mod compact;
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
pub mod seen;
pub mod ssh;
pub mod stream;
pub mod tap;
pub mod time;
pub mod tls;
pub mod upgrade;
pub mod wire;
