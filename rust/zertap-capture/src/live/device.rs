//! What the reader needs of an interface, and what can go wrong with one.

use std::fmt;
use std::os::fd::BorrowedFd;

use super::account::Losses;
use zertap_core::time::Timestamp;

/// How interfaces are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// Most octets kept of one frame.
    pub snap_length: u32,
    /// The kernel's ring of one interface. Unit: octets.
    pub buffer: u32,
    /// Hear frames for others too.
    pub promiscuous: bool,
    /// A filter in libpcap's language; none takes every frame.
    pub filter: Option<String>,
}

impl Default for LiveOptions {
    /// Whole frames, also those that the network card joined; a ring that lasts for a second of heavy traffic.
    fn default() -> Self {
        Self { snap_length: 262_144, buffer: 64 << 20, promiscuous: true, filter: None }
    }
}

/// A frame as an interface heard it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// When.
    pub at: Timestamp,
    /// The octets kept.
    pub bytes: &'a [u8],
    /// How many there were.
    pub wire_length: u32,
}

/// An interface that hears frames.
pub trait Device: Send {
    /// Its name.
    fn name(&self) -> &str;

    /// Link type of its frames, by its number in the LINKTYPE_ registry.
    fn link(&self) -> u16;

    /// Hands over frames that wait, about `most` at once, and says how many; never waits for one.
    fn read(&mut self, most: usize, take: &mut dyn FnMut(Heard<'_>)) -> Result<usize, LiveError>;

    /// Becomes readable when frames wait; without it the reader looks again and again.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// What it lost so far.
    fn losses(&mut self) -> Losses;

    /// Takes no more frames from the network; those that wait can still be read.
    fn shut(&mut self) -> Result<(), LiveError>;
}

/// Kinds of trouble with an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiveErrorKind {
    /// This build has no live capture.
    Absent,
    /// There is no such interface, or it is down.
    NoInterface,
    /// The capability CAP_NET_RAW is missing.
    NotPermitted,
    /// The filter makes no sense.
    BadFilter,
    /// It was open and can be read no more.
    Lost,
    /// Something else that libpcap says.
    Other,
}

/// Trouble with an interface: which, and one line that says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveError {
    /// What kind.
    pub kind: LiveErrorKind,
    /// The interface's name.
    pub interface: String,
    /// What happened, and what helps.
    pub reason: String,
}

impl LiveError {
    pub(super) fn new(kind: LiveErrorKind, interface: &str, reason: impl Into<String>) -> Self {
        Self { kind, interface: interface.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.interface, self.reason)
    }
}

impl std::error::Error for LiveError {}
