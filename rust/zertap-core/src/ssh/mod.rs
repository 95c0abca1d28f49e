//! The SSH observer: follows the clear part of SSH-1 and SSH-2 up to the moment encryption begins.
//!
//! The staircase, each step using only those below it:
//!
//! ```text
//! report     what is known, in shared words
//! observer   both directions together: phases, roles, outcome
//! direction  one direction: first octets, lines, banner, packets, what comes after
//! said       what one side's packets said
//! negotiate  RFC 4253 7.1        kex   who sends which message, host keys       ssh1  SSH-1 messages
//! hassh      HASSH of an offer
//! kexinit    KEXINIT             packet  packet boundaries                      resync  after a gap
//! banner     identification line probe   where it begins                        facts   algorithm names
//! ```
//!
//! Sources: RFC 4250-4254, 4419, 4432, 4462, 5647, 8308, 8332, 8709, 8731, OpenSSH PROTOCOL and
//! PROTOCOL.certkeys; for SSH-1 the packet format of its last public draft. Nothing behind NEWKEYS is read.

mod banner;
mod direction;
mod facts;
mod hassh;
mod kex;
mod kexinit;
mod negotiate;
mod observer;
mod packet;
mod probe;
mod report;
mod resync;
mod said;
mod ssh1;

pub use observer::SshObserver;
pub use probe::{LineScan, Probe, SSH_PREFIX, Scan, probe};
