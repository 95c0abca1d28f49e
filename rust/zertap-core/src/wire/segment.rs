//! What one frame has to say to a connection: a TCP segment with its ends, borrowed from where it lies.
//!
//! These are plain values. How they are found in a frame is the business of the modules beside this one; what they mean
//! for a connection is the flow table's.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IP address; IPv4 stands in its mapped form `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2).
///
/// The order is that of the sixteen octets, so it serves to name the ends of a connection independent of direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 16]);

impl Address {
    /// The mapped form of an IPv4 address.
    #[inline]
    pub const fn v4(octets: [u8; 4]) -> Self {
        let [a, b, c, d] = octets;
        Self([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d])
    }

    /// Whether this is an IPv4 address.
    pub const fn is_ipv4(self) -> bool {
        self.ipv4().is_some()
    }

    /// The four octets of an IPv4 address, if it is one.
    pub const fn ipv4(self) -> Option<[u8; 4]> {
        match self.0 {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => Some([a, b, c, d]),
            _ => None,
        }
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::v4(v4.octets()),
            IpAddr::V6(v6) => Self(v6.octets()),
        }
    }
}

impl From<Address> for IpAddr {
    fn from(address: Address) -> Self {
        match address.ipv4() {
            Some(octets) => IpAddr::V4(Ipv4Addr::from(octets)),
            None => IpAddr::V6(Ipv6Addr::from(address.0)),
        }
    }
}

impl fmt::Display for Address {
    /// Dotted for IPv4, RFC 5952 for IPv6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::from(*self).fmt(f)
    }
}

/// The eight control bits of a TCP header (RFC 9293 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// The sender has no more octets to send.
    pub const FIN: TcpFlags = TcpFlags(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: TcpFlags = TcpFlags(0x02);
    /// Reset the connection.
    pub const RST: TcpFlags = TcpFlags(0x04);
    /// Push.
    pub const PSH: TcpFlags = TcpFlags(0x08);
    /// The acknowledgment number counts.
    pub const ACK: TcpFlags = TcpFlags(0x10);
    /// The urgent pointer counts.
    pub const URG: TcpFlags = TcpFlags(0x20);
    /// ECN echo (RFC 3168).
    pub const ECE: TcpFlags = TcpFlags(0x40);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: TcpFlags = TcpFlags(0x80);

    /// Whether every bit of `other` is set.
    #[inline]
    pub const fn contains(self, other: TcpFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether FIN is set.
    #[inline]
    pub const fn fin(self) -> bool {
        self.contains(Self::FIN)
    }

    /// Whether it opens: SYN is set, and RST is not, which its receiver heeds first (RFC 9293 section 3.10.7).
    #[inline]
    pub const fn syn(self) -> bool {
        self.contains(Self::SYN) && !self.rst()
    }

    /// Whether RST is set.
    #[inline]
    pub const fn rst(self) -> bool {
        self.contains(Self::RST)
    }

    /// Whether PSH is set.
    #[inline]
    pub const fn psh(self) -> bool {
        self.contains(Self::PSH)
    }

    /// Whether ACK is set.
    #[inline]
    pub const fn ack(self) -> bool {
        self.contains(Self::ACK)
    }

    /// Whether URG is set.
    #[inline]
    pub const fn urg(self) -> bool {
        self.contains(Self::URG)
    }
}

/// One TCP segment, its octets borrowed from the frame (or from the datagram that its fragments made).
///
/// Source: RFC 9293 section 3.1 for the header's fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The sender's address.
    pub source: Address,
    /// The receiver's address; behind an IPv6 routing header the final one.
    pub destination: Address,
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// VLAN tags and tunnel identifiers folded into one number; 0 when there are none. Equal four-tuples on different
    /// lanes are different connections (EDGE_CASES IP-07).
    pub lane: u32,
    /// Sequence number of the first payload octet, or of the SYN.
    pub sequence: u32,
    /// Acknowledgment number; without the ACK flag it has no meaning.
    pub acknowledgment: u32,
    /// Control bits.
    pub flags: TcpFlags,
    /// Window as it stands in the header, unscaled.
    pub window: u16,
    /// Captured octets of the options, unparsed; see [`tcp::window_scale`](super::tcp::window_scale).
    pub options: &'a [u8],
    /// Captured octets of the payload.
    pub payload: &'a [u8],
    /// Octets of payload that the segment had by its IP length; more than captured when the capture cut it.
    pub payload_on_wire: u32,
    /// The segment came in IPv4 fragments that overlapped; the first copy of each octet was used.
    pub fragment_overlap: bool,
}

impl Segment<'_> {
    /// Whether payload octets that were on the wire are missing here.
    #[inline]
    pub const fn is_truncated(&self) -> bool {
        (self.payload.len() as u64) < self.payload_on_wire as u64
    }
}

impl fmt::Debug for Segment<'_> {
    /// The payload by its length only: what it says is nobody's to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("source", &format_args!("[{}]:{}", self.source, self.source_port))
            .field("destination", &format_args!("[{}]:{}", self.destination, self.destination_port))
            .field("lane", &self.lane)
            .field("sequence", &self.sequence)
            .field("acknowledgment", &self.acknowledgment)
            .field("flags", &self.flags)
            .field("window", &self.window)
            .field("options", &self.options)
            .field("payload", &self.payload.len())
            .field("payload_on_wire", &self.payload_on_wire)
            .field("fragment_overlap", &self.fragment_overlap)
            .finish()
    }
}

/// Who sent a segment to whom, on which lane; the sender first.
#[derive(Clone, Copy, Debug)]
pub struct Corners {
    /// Octets of the addresses, in memory order.
    pub addresses: [u128; 2],
    /// Ports.
    pub ports: [u16; 2],
    /// See [`Segment::lane`].
    pub lane: u32,
}

impl Corners {
    /// Those of a segment.
    #[inline]
    pub fn of(segment: &Segment<'_>) -> Self {
        Self {
            addresses: [segment.source, segment.destination].map(|address| u128::from_ne_bytes(address.0)),
            ports: [segment.source_port, segment.destination_port],
            lane: segment.lane,
        }
    }
}

/// The same between IPv4 addresses.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4Corners {
    /// The sender's address, as a number.
    pub source: u32,
    /// The receiver's.
    pub destination: u32,
    /// The sender's port.
    pub from: u16,
    /// The receiver's.
    pub to: u16,
    /// See [`Segment::lane`].
    pub lane: u32,
}

impl From<Ipv4Corners> for Corners {
    #[inline]
    fn from(corners: Ipv4Corners) -> Self {
        let mapped = |address: u32| (0xffff_0000_0000 | u128::from(address)).to_be();
        Self {
            addresses: [mapped(corners.source), mapped(corners.destination)],
            ports: [corners.from, corners.to],
            lane: corners.lane,
        }
    }
}

/// Who is told the corners of a frame of the usual shape, and makes of them what is wanted: there it is known which version
/// of IP it is.
pub trait Naming {
    /// What is made of them.
    type Name;
    /// Between IPv4 addresses.
    fn ipv4(self, corners: Ipv4Corners) -> Self::Name;
    /// Between IPv6 addresses.
    fn ipv6(self, corners: Corners) -> Self::Name;
}

/// The corners themselves are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Naming for Plain {
    type Name = Corners;

    #[inline]
    fn ipv4(self, corners: Ipv4Corners) -> Corners {
        corners.into()
    }

    #[inline]
    fn ipv6(self, corners: Corners) -> Corners {
        corners
    }
}

/// What a frame of the usual shape holds of TCP, all of it captured. Its numbers are read where they are needed: most
/// segments need few of them.
#[derive(Clone, Copy)]
pub struct Usual<'a> {
    pub(super) header: &'a [u8; 20],
    /// Options and payload.
    pub(super) behind: &'a [u8],
    /// How many octets of `behind` are payload.
    payload: u32,
}

impl<'a> Usual<'a> {
    /// A header and what stands behind it, of which the last `payload` octets are payload, the others options.
    #[inline]
    pub(super) const fn new(header: &'a [u8; 20], behind: &'a [u8], payload: u32) -> Self {
        Self { header, behind, payload }
    }

    /// Options and payload.
    #[inline]
    fn parts(&self) -> (&'a [u8], &'a [u8]) {
        let options = self.behind.len().saturating_sub(self.payload as usize);
        self.behind.split_at_checked(options).unwrap_or_default()
    }

    /// See [`Segment::sequence`].
    #[inline]
    pub const fn sequence(&self) -> u32 {
        let [_, _, _, _, a, b, c, d, ..] = *self.header;
        u32::from_be_bytes([a, b, c, d])
    }

    /// See [`Segment::acknowledgment`].
    #[inline]
    pub const fn acknowledgment(&self) -> u32 {
        let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = *self.header;
        u32::from_be_bytes([a, b, c, d])
    }

    /// See [`Segment::flags`].
    #[inline]
    pub const fn flags(&self) -> TcpFlags {
        TcpFlags(self.header[13])
    }

    /// See [`Segment::payload`].
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.parts().1
    }

    /// How many octets of payload there are.
    #[inline]
    pub const fn octets(&self) -> u32 {
        self.payload
    }

    /// The whole segment, between these addresses.
    #[inline]
    pub fn segment(&self, [source, destination]: [Address; 2], lane: u32) -> Segment<'a> {
        let [p0, p1, p2, p3, ..] = *self.header;
        let [.., w0, w1, _, _, _, _] = *self.header;
        let (options, payload) = self.parts();
        Segment {
            source,
            destination,
            source_port: u16::from_be_bytes([p0, p1]),
            destination_port: u16::from_be_bytes([p2, p3]),
            lane,
            sequence: self.sequence(),
            acknowledgment: self.acknowledgment(),
            flags: self.flags(),
            window: u16::from_be_bytes([w0, w1]),
            options,
            payload,
            payload_on_wire: self.payload,
            fragment_overlap: false,
        }
    }
}

impl fmt::Debug for Usual<'_> {
    /// The payload by its length only: what it says is nobody's to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sequence, payload) = (self.sequence(), self.payload);
        f.debug_struct("Usual")
            .field("sequence", &sequence)
            .field("payload", &payload)
            .finish_non_exhaustive()
    }
}
