//! What an observer found, in a few numbers: enough to know whether the same was found before, without writing it down.

use super::{Evidence, Fault, Flags, HostKey, Side, SshAgreement};
use crate::certificate::LeafCertificate;
use std::sync::Arc;

/// Numbers in an outline.
const WORDS: usize = 8;

/// Equal outlines: equal findings, but for server name and session id, and for flags, which are none of them.
#[derive(Clone, Debug)]
pub struct Outline<'a> {
    /// Everything that is small, and where the rest is kept.
    pub words: [u64; WORDS],
    /// What the words point to: as long as it is kept, nothing else stands at its place.
    pub kept: Kept<'a>,
    /// Identification lines of client and server.
    pub lines: [&'a [u8]; 2],
    /// Server name.
    pub name: &'a [u8],
    /// Session id.
    pub session: &'a [u8],
    /// Anomalies.
    pub flags: Flags,
}

/// What findings share with others.
#[derive(Clone, Copy, Debug)]
pub enum Kept<'a> {
    /// Leaf certificates of server and client.
    Tls([Option<&'a Arc<LeafCertificate>>; 2]),
    /// What two offers came to, and the server's host key.
    Ssh(&'a Arc<SshAgreement>, Option<&'a Arc<HostKey>>),
}

/// The same, kept.
#[derive(Clone, Debug)]
pub enum Held {
    /// Of TLS.
    Tls([Option<Arc<LeafCertificate>>; 2]),
    /// Of SSH.
    Ssh(Arc<SshAgreement>, Option<Arc<HostKey>>),
}

impl Kept<'_> {
    /// Keeps it.
    pub fn hold(&self) -> Held {
        match *self {
            Kept::Tls(leaves) => Held::Tls(leaves.map(Option::<&Arc<_>>::cloned)),
            Kept::Ssh(agreement, key) => Held::Ssh(Arc::clone(agreement), key.cloned()),
        }
    }

    /// Where it is kept, and of which protocol it is.
    pub fn places(&self) -> [u64; 3] {
        fn place<T>(kept: Option<&Arc<T>>) -> u64 {
            kept.map_or(0, |kept| Arc::as_ptr(kept).addr() as u64)
        }
        match *self {
            Kept::Tls([server, client]) => [1, place(server), place(client)],
            Kept::Ssh(agreement, key) => [2, place(Some(agreement)), place(key)],
        }
    }
}

/// How it went, in one number below 2^24.
pub fn outcome(fault: Fault, gave_up: Option<Side>, client: Option<Side>, evidence: Evidence) -> u64 {
    let side = |side: Option<Side>| side.map_or(2, |side| side as u64);
    fault as u64 | side(gave_up) << 8 | side(client) << 10 | (evidence as u64) << 12
}

impl Outline<'_> {
    /// A number that seldom is another outline's.
    pub fn mark(&self) -> u64 {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        self.words.iter().fold(0, |all, word| (all ^ word).wrapping_mul(MIX).rotate_left(29))
    }
}
