//! The contract between the stream follower and a protocol observer. Bytes in, answer out; no I/O, no clock.

use super::{CryptoProfile, Fault, Flags, PerSide, Phase, Room, Side, Texts};
use crate::certificate::LeafCertificate;
use crate::compact::compact;
use std::sync::Arc;

/// In-order octets of one direction, as far as one segment carries them.
///
/// Observers must give the same result for any cut of the same octets; `starts_segment` and
/// `segment_rest` may be used only to find the framing again after a gap (A8).
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The octets.
    pub bytes: &'a [u8],
    /// How many octets of the other direction the sender had acknowledged when it sent these
    /// (stream offset). Zero when no acknowledgement was seen.
    pub seen: u64,
    /// The first octet of `bytes` was the first payload octet of a TCP segment.
    pub starts_segment: bool,
    /// Octets that follow `bytes` in the same segment on the wire but were not captured (snap length).
    pub cut: u32,
}

/// How one direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The sender closed its direction (FIN).
    Fin,
    /// The sender reset the connection (RST); nothing follows in either direction.
    Rst,
}

/// What an observer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing worth a row.
    NeedMore,
    /// The phase moved; go on.
    Moved(Phase),
    /// The phase moved for the last time; no more octets are wanted (except a record walk, where offered).
    Finished(Phase),
}

/// Everything an observer has learned, handed over when a row is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The negotiated facts; `None` before anything was negotiated.
    pub profile: Option<CryptoProfile>,
    /// Why it failed, if it did.
    pub fault: Fault,
    /// Which side gave up: sent the alert, the DISCONNECT, the FIN or RST, or the foreign octets.
    pub gave_up: Option<Side>,
    /// Anomalies.
    pub flags: Flags,
    /// The side that acts as the protocol's client (sender of the ClientHello; for SSH of the client banner), if seen.
    pub client: Option<Side>,
    /// Leaf certificates: of the protocol's server and client.
    pub server_certificate: Option<Arc<LeafCertificate>>,
    /// Leaf certificate of the protocol's client.
    pub client_certificate: Option<Arc<LeafCertificate>>,
    /// Names, banners, offers, alerts.
    pub texts: Texts,
    /// Per side: octets of this direction consumed when the handshake became complete; lets the
    /// stream layer time the handshake. Zero while open.
    pub handshake_octets: PerSide<u64>,
}

/// A protocol observer: follows one connection's handshake.
///
/// Delivery rules the caller keeps: octets of one side come in order, each once; what one side sent comes
/// only after the other side was delivered (or its gap declared) up to what the sender had
/// acknowledged (A8, causal order). No call follows `Finished` except `findings`.
pub trait Observe {
    /// Takes the next octets of one direction.
    fn push(&mut self, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress;
    /// `length` octets of this direction will never be seen.
    fn gap(&mut self, side: Side, length: u64) -> Progress;
    /// This direction ended.
    fn end(&mut self, side: Side, how: End, seen: u64) -> Progress;
    /// The connection is over: every open question must be answered now (A9: in progress becomes failed).
    fn close(&mut self) -> Progress;
    /// The waiting span (10 s) has passed.
    fn due(&mut self) -> Progress;
    /// A retransmission with other content was seen: framing of this side is no longer exact (TCP-04, A7).
    fn conflict(&mut self, side: Side);
    /// Only one direction of this connection is being captured (A8). Called at most once, before `close`.
    fn one_sided(&mut self, visible: Side) -> Progress;
    /// What is known now.
    fn findings(&self) -> Findings;
}

compact!(
    enum End {
        Fin,
        Rst,
    }
);
