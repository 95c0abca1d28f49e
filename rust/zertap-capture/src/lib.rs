//! Where frames come from.
//!
//! A [`Source`] reads one capture, whatever its shape (pcap or pcapng, plain, gzip or zstd, a file, a pipe or
//! standard input), and hands out one borrowed [`Frame`] after the other. It does not look inside a frame.
//!
//! The floors, lowest first: `clock` turns stamps into time, `order` reads numbers and `stdin` opens standard input,
//! `error` and `frame` hold the words, `window` holds the part of the stream being read, `compressed` unpacks into it,
//! `pcap` and `pcapng` find the records in it, and `source` chooses between them. Beside them `tally` counts what a
//! capture is like for those who ask, and `unpacked` reads files that hold no packets.

mod clock;
mod compressed;
mod error;
mod frame;
mod order;
mod pcap;
mod pcapng;
mod source;
mod stdin;
mod tally;
mod unpacked;
mod window;

pub use clock::TimeResolution;
pub use error::{CaptureError, CaptureErrorKind};
pub use frame::{Compression, Container, Frame, Info, Interface};
pub use order::Order;
pub use source::{BATCH, Source};
pub use tally::{InterfaceTally, Seen, Silence, Steps, Tally};
pub use unpacked::Octets;
