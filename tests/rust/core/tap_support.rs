//! Conversations as packets: what two ends say becomes segments with their numbers, which a network and a tap may then
//! lose, delay, repeat, cut; a [`Tap`] is fed with them and its rows are handed back.

use crate::frames::{Ip, ethernet, ip};
use crate::seeds::Said;
use crate::tls_talk::{Event, Talk};
use zertap_core::config::Config;
use zertap_core::event::{Row, RowKind, RowKinds};
use zertap_core::handshake::{End, Flag, Side};
use zertap_core::tap::Tap;
use zertap_core::time::Timestamp;
use zertap_core::wire::{Address, Segment, TcpFlags};

pub(crate) const CLIENT: Side = Side::A;
pub(crate) const SERVER: Side = Side::B;
pub(crate) const MILLISECOND: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MILLISECOND;
/// When the first packet comes.
pub(crate) const EPOCH: u64 = 1_000 * SECOND;
/// The client's initial sequence number, unless said otherwise.
pub(crate) const CLIENT_ISN: u32 = 1_000;
/// The server's.
pub(crate) const SERVER_ISN: u32 = 900_000;

/// One packet of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: Side,
    pub(crate) at: u64,
    pub(crate) sequence: u32,
    pub(crate) ack: Option<u32>,
    pub(crate) flags: TcpFlags,
    pub(crate) payload: Vec<u8>,
    pub(crate) on_wire: u32,
    /// Client and server port: tells connections apart.
    pub(crate) ports: [u16; 2],
    pub(crate) lane: u32,
}

impl Packet {
    pub(crate) fn is(&self, flag: TcpFlags) -> bool {
        self.flags.contains(flag)
    }

    pub(crate) fn segment(&self) -> Segment<'_> {
        let client = (Address::v4([192, 0, 2, 1]), self.ports[0]);
        let server = (Address::v4([198, 51, 100, 2]), self.ports[1]);
        let (from, to) = if self.from == CLIENT { (client, server) } else { (server, client) };
        Segment {
            source: from.0,
            destination: to.0,
            source_port: from.1,
            destination_port: to.1,
            lane: self.lane,
            sequence: self.sequence,
            acknowledgment: self.ack.unwrap_or(0),
            flags: TcpFlags(self.flags.0 | self.ack.map_or(0, |_| TcpFlags::ACK.0)),
            window: 65_535,
            options: &[],
            payload: &self.payload,
            payload_on_wire: self.on_wire,
            fragment_overlap: false,
        }
    }

    /// The part from `start` to `end` of the payload, as a segment of its own.
    pub(crate) fn part(&self, start: usize, end: usize) -> Packet {
        let mut part = self.clone();
        part.sequence =
            self.sequence.wrapping_add(u32::from(self.is(TcpFlags::SYN))).wrapping_add(start as u32);
        part.payload = self.payload[start..end].to_vec();
        part.on_wire = (end - start) as u32;
        if end < self.payload.len() {
            part.flags = TcpFlags(part.flags.0 & !TcpFlags::FIN.0);
        }
        part
    }
}

/// Two ends that talk; every packet comes a millisecond after the one before.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) packets: Vec<Packet>,
    /// The next sequence number of each side.
    pub(crate) next: [u32; 2],
    pub(crate) now: u64,
    pub(crate) ports: [u16; 2],
    pub(crate) lane: u32,
}

impl Conversation {
    /// Nothing yet; the numbers are those of the two SYNs.
    pub(crate) fn with_numbers(client: u32, server: u32) -> Self {
        Self { packets: vec![], next: [client, server], now: EPOCH, ports: [40_000, 443], lane: 0 }
    }

    pub(crate) fn silent() -> Self {
        Self::with_numbers(CLIENT_ISN, SERVER_ISN)
    }

    /// After SYN, SYN/ACK, ACK.
    pub(crate) fn open() -> Self {
        Self::silent().syn(CLIENT).syn_ack(SERVER).ack(CLIENT)
    }

    pub(crate) fn on_ports(mut self, client: u16, server: u16) -> Self {
        self.ports = [client, server];
        for packet in &mut self.packets {
            packet.ports = self.ports;
        }
        self
    }

    pub(crate) fn on_lane(mut self, lane: u32) -> Self {
        self.lane = lane;
        for packet in &mut self.packets {
            packet.lane = lane;
        }
        self
    }

    /// A handshake of the observers' tests, segment by segment, behind an opening.
    pub(crate) fn of(talk: &Talk) -> Self {
        talk.events.iter().fold(Self::open(), |conversation, event| match event {
            Event::Octets { side, bytes, .. } => conversation.says(*side, bytes),
            Event::End { side, how: End::Fin, .. } => conversation.fin(*side),
            Event::End { side, how: End::Rst, .. } => conversation.rst(*side),
            other => panic!("not a packet: {other:?}"),
        })
    }

    // ---- what is sent ----

    /// Adds a packet as it stands.
    pub(crate) fn packet(
        mut self,
        from: Side,
        sequence: u32,
        ack: Option<u32>,
        flags: TcpFlags,
        payload: &[u8],
    ) -> Self {
        self.packets.push(Packet {
            from,
            at: self.now,
            sequence,
            ack,
            flags,
            payload: payload.to_vec(),
            on_wire: payload.len() as u32,
            ports: self.ports,
            lane: self.lane,
        });
        self.now += MILLISECOND;
        self
    }

    /// Adds a packet with the numbers that are due, and moves them on.
    pub(crate) fn sends(self, from: Side, flags: TcpFlags, payload: &[u8]) -> Self {
        let (own, other) = (from as usize, from.other() as usize);
        let taken = payload.len() as u32 + u32::from(flags.syn()) + u32::from(flags.fin());
        let first = flags.syn() && !flags.ack();
        let (sequence, ack) = (self.next[own], (!first).then_some(self.next[other]));
        let mut sent = self.packet(from, sequence, ack, flags, payload);
        sent.next[own] = sequence.wrapping_add(taken);
        sent
    }

    pub(crate) fn syn(self, from: Side) -> Self {
        self.sends(from, TcpFlags::SYN, b"")
    }

    pub(crate) fn syn_ack(self, from: Side) -> Self {
        self.sends(from, TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0), b"")
    }

    pub(crate) fn ack(self, from: Side) -> Self {
        self.sends(from, TcpFlags::ACK, b"")
    }

    pub(crate) fn says(self, from: Side, payload: impl AsRef<[u8]>) -> Self {
        self.sends(from, TcpFlags::PSH, payload.as_ref())
    }

    pub(crate) fn client(self, payload: impl AsRef<[u8]>) -> Self {
        self.says(CLIENT, payload)
    }

    pub(crate) fn server(self, payload: impl AsRef<[u8]>) -> Self {
        self.says(SERVER, payload)
    }

    pub(crate) fn fin(self, from: Side) -> Self {
        self.sends(from, TcpFlags::FIN, b"")
    }

    pub(crate) fn rst(self, from: Side) -> Self {
        self.sends(from, TcpFlags::RST, b"")
    }

    /// A RST without acknowledgement, this far from the number that is due.
    pub(crate) fn rst_off_by(self, from: Side, offset: i32) -> Self {
        let sequence = self.next[from as usize].wrapping_add_signed(offset);
        self.packet(from, sequence, None, TcpFlags::RST, b"")
    }

    /// Both FINs and the last acknowledgement.
    pub(crate) fn closes(self, first: Side) -> Self {
        self.fin(first).fin(first.other()).ack(first)
    }

    /// Octets that are sent but never captured.
    pub(crate) fn loses(mut self, from: Side, octets: u32) -> Self {
        self.next[from as usize] = self.next[from as usize].wrapping_add(octets);
        self
    }

    /// Lets time pass.
    pub(crate) fn waits(mut self, nanoseconds: u64) -> Self {
        self.now += nanoseconds;
        self
    }

    /// Goes on with another conversation of other numbers on the same addresses and ports.
    pub(crate) fn then(mut self, other: Self) -> Self {
        for mut packet in other.packets {
            packet.at = self.now;
            self.now += MILLISECOND;
            self.packets.push(packet);
        }
        self.next = other.next;
        self
    }

    // ---- what a network and a tap do ----

    /// Without the packets of which `lost` is true.
    pub(crate) fn without(mut self, lost: impl Fn(&Packet) -> bool) -> Self {
        self.packets.retain(|packet| !lost(packet));
        self
    }

    pub(crate) fn without_number(mut self, number: usize) -> Self {
        self.packets.remove(number);
        self
    }

    /// Packet `from` is captured at place `to` instead; the times stay in order.
    pub(crate) fn moved(mut self, from: usize, to: usize) -> Self {
        let packet = self.packets.remove(from);
        self.packets.insert(to, packet);
        self.restamped()
    }

    /// Packet `number` is captured again at once.
    pub(crate) fn repeated(mut self, number: usize) -> Self {
        let packet = self.packets[number].clone();
        self.packets.insert(number + 1, packet);
        self.restamped()
    }

    /// Every payload in pieces of at most `size` octets.
    pub(crate) fn cut_to(mut self, size: usize) -> Self {
        self.packets = self
            .packets
            .into_iter()
            .flat_map(|packet| {
                let length = packet.payload.len();
                if length <= size || packet.is(TcpFlags::SYN) {
                    return vec![packet];
                }
                (0..length)
                    .step_by(size)
                    .map(|start| packet.part(start, (start + size).min(length)))
                    .collect()
            })
            .collect();
        self.restamped()
    }

    /// Packet `number` in two overlapping segments: up to `end`, and from `start` on.
    pub(crate) fn overlapping(mut self, number: usize, start: usize, end: usize) -> Self {
        let packet = self.packets.remove(number);
        let length = packet.payload.len();
        self.packets.insert(number, packet.part(start, length));
        self.packets.insert(number, packet.part(0, end));
        self.restamped()
    }

    /// Only the first `length` payload octets of each packet are captured.
    pub(crate) fn snapped(mut self, length: usize) -> Self {
        for packet in &mut self.packets {
            packet.payload.truncate(length);
        }
        self
    }

    /// A millisecond between all packets, in the order in which they stand.
    pub(crate) fn restamped(mut self) -> Self {
        for (packet, step) in self.packets.iter_mut().zip(0..) {
            packet.at = EPOCH + step * MILLISECOND;
        }
        self.now = EPOCH + self.packets.len() as u64 * MILLISECOND;
        self
    }

    // ---- what comes of it ----

    /// As a seed for the fuzz target of the whole tap (`seeds.rs`).
    fn keep(&self) {
        let mut said = Said::to("tap_frames", &[0, 0]);
        let mut before = EPOCH;
        for packet in &self.packets {
            let steps = packet.at.saturating_sub(before) / (50 * MILLISECOND);
            said.block(steps.min(255) as u8, &ethernet(&ip(packet, Ip::Four)));
            before = packet.at;
        }
    }

    /// Rows with only the last of each connection.
    pub(crate) fn run(&self) -> Run {
        self.run_with(Config::default())
    }

    /// All rows that can be asked for.
    pub(crate) fn run_all(&self) -> Run {
        self.run_with(asking_for_all())
    }

    pub(crate) fn run_with(&self, config: Config) -> Run {
        self.keep();
        let mut tap = Tap::new(config);
        feed(&mut tap, &self.packets);
        tap.advance(Timestamp(self.now));
        tap.finish();
        Run { rows: tap.drain(), tap }
    }
}

/// Settings under which every kind of row is written.
pub(crate) fn asking_for_all() -> Config {
    let rows = RowKind::ALL.iter().fold(RowKinds::NONE, |kinds, kind| kinds.with(*kind));
    Config { rows, ..Config::default() }
}

pub(crate) fn feed(tap: &mut Tap, packets: &[Packet]) {
    for packet in packets {
        tap.push_segment(Timestamp(packet.at), &packet.segment());
    }
}

/// What a tap wrote about a conversation.
pub(crate) struct Run {
    pub(crate) rows: Vec<Row>,
    pub(crate) tap: Tap,
}

impl Run {
    /// The only row.
    pub(crate) fn only(&self) -> &Row {
        assert_eq!(self.rows.len(), 1, "rows: {:?}", self.kinds());
        &self.rows[0]
    }

    pub(crate) fn last(&self) -> &Row {
        self.rows.last().expect("a row")
    }

    pub(crate) fn kinds(&self) -> Vec<RowKind> {
        self.rows.iter().map(|row| row.kind).collect()
    }

    pub(crate) fn row(&self, kind: RowKind) -> &Row {
        self.rows
            .iter()
            .find(|row| row.kind == kind)
            .unwrap_or_else(|| panic!("no {kind:?} in {:?}", self.kinds()))
    }
}

/// What tests ask of a row.
pub(crate) trait Asked {
    fn has(&self, flag: Flag) -> bool;
    fn flags(&self) -> Vec<Flag>;
    /// Milliseconds since the first packet.
    fn end_ms(&self) -> u64;
    fn established_ms(&self) -> Option<u64>;
    fn fault(&self) -> zertap_core::handshake::Fault;
    fn gave_up(&self) -> Option<Side>;
}

impl Asked for Row {
    fn has(&self, flag: Flag) -> bool {
        self.flags.contains(flag)
    }

    fn flags(&self) -> Vec<Flag> {
        self.flags.iter().collect()
    }

    fn end_ms(&self) -> u64 {
        (self.end.0 - EPOCH) / MILLISECOND
    }

    fn established_ms(&self) -> Option<u64> {
        self.established.map(|at| (at.0 - EPOCH) / MILLISECOND)
    }

    fn fault(&self) -> zertap_core::handshake::Fault {
        self.settled.as_ref().map(|settled| settled.fault).unwrap_or_default()
    }

    fn gave_up(&self) -> Option<Side> {
        self.settled.as_ref().and_then(|settled| settled.gave_up)
    }
}
