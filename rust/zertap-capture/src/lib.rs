//! Where frames come from.
//!
//! A [`Source`] reads one capture, whatever its shape (pcap or pcapng, plain, gzip or zstd, a file, a pipe or
//! standard input), and hands out one borrowed [`Frame`] after the other. It does not look inside a frame.
//!
//! ```
//! use zertap_capture::Source;
//! use zertap_core::{config::Config, tap::Tap, wire::LinkType};
//!
//! // A pcap without packets: its header, microseconds, Ethernet.
//! let header: &[u8] = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0";
//! let mut source = Source::from_reader("empty".into(), Box::new(header))?;
//! let mut tap = Tap::new(Config::default());
//! while let Some(frame) = source.next_frame()? {
//!     tap.push_frame(frame.at, LinkType(frame.link), frame.bytes, frame.wire_length);
//! }
//! tap.finish();
//! assert!(tap.drain().is_empty());
//! # Ok::<(), zertap_capture::CaptureError>(())
//! ```
//!
//! The floors, lowest first: `clock` turns stamps into time, `order` reads numbers and `stdin` opens standard input,
//! `error` and `frame` hold the words, `mapped` looks at files in place, `window` holds the part of the stream being
//! read, `compressed` unpacks into it, `pcap` and `pcapng` find the records in it, and `source` chooses between them.
//! Beside them `tally` counts what a capture is like for those who ask, `unpacked` reads files that hold no packets, and
//! `crew` has several taps read one capture. [`live`] reads interfaces instead, into taps of its own.
#![deny(unsafe_code)]

mod ahead;
mod blocks;
mod clock;
mod compressed;
mod crew;
mod error;
mod frame;
pub mod live;
mod mapped;
mod order;
mod pcap;
mod pcapng;
mod source;
mod stdin;
mod tally;
mod unpacked;
mod window;

pub use clock::TimeResolution;
pub use crew::{Crew, Progress};
pub use error::{CaptureError, CaptureErrorKind};
pub use frame::{Compression, Container, Frame, Info, Interface};
pub use order::Order;
pub use source::{MOST, Source};
pub use tally::{InterfaceTally, Seen, Silence, Steps, Tally};
pub use unpacked::Octets;
