//! Classic pcap, simple pcapng and a TCP follower for tests: all in memory, enough for clean captures of one tap.
#![allow(unreachable_pub, reason = "a module of test files, not an interface")]
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "sequence numbers are compared as differences"
)]

use serde_json::Value;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use zertap_core::handshake::{PerSide, Side};
use zertap_core::reader::Reader;

type Endpoint = (IpAddr, u16);

struct Segment {
    order: usize,
    sequence: u32,
    acknowledged: Option<u32>,
    bytes: Vec<u8>,
    cut: usize,
    fin: bool,
    rst: bool,
}

pub struct Connection {
    ends: PerSide<Endpoint>,
    segments: PerSide<Vec<Segment>>,
    first_sequence: PerSide<Option<u32>>,
    pub visible: Option<Side>,
}

pub enum Event {
    Bytes { side: Side, bytes: Vec<u8>, seen: u64, cut: u32 },
    Gap { side: Side, length: u64 },
    Fin { side: Side, seen: u64 },
    Rst { side: Side },
}

/// The TCP connections of a capture in order of their first packet.
pub fn connections(file: &[u8]) -> Vec<Connection> {
    let mut found: Vec<Connection> = Vec::new();
    let mut live: HashMap<(Endpoint, Endpoint), usize> = HashMap::new();
    for (order, (link, frame, length)) in frames(file).unwrap_or_default().into_iter().enumerate() {
        let Some((from, to, mut segment, syn)) = decode(link, frame, length) else { continue };
        segment.order = order;
        let known = live.get(&(from, to)).or_else(|| live.get(&(to, from))).copied();
        let at = known.filter(|at| !(syn == Some(false) && found[*at].is_reused(from, segment.sequence)));
        let at = at.unwrap_or_else(|| {
            // Without SYN the lower port is the server's.
            let swap = syn == Some(true) || (syn.is_none() && from.1 < to.1);
            let ends = if swap { PerSide([to, from]) } else { PerSide([from, to]) };
            let segments = PerSide([Vec::new(), Vec::new()]);
            found.push(Connection { ends, segments, first_sequence: PerSide::default(), visible: None });
            live.retain(|key, _| *key != (from, to) && *key != (to, from));
            live.insert((ends[Side::A], ends[Side::B]), found.len() - 1);
            found.len() - 1
        });
        let connection = &mut found[at];
        let side = if connection.ends[Side::A] == from { Side::A } else { Side::B };
        if syn.is_some() {
            connection.first_sequence[side] = Some(segment.sequence.wrapping_add(1));
            segment.sequence = segment.sequence.wrapping_add(1);
        }
        connection.segments[side].push(segment);
    }
    for connection in &mut found {
        let visible = Side::BOTH.into_iter().find(|side| connection.segments[side.other()].is_empty());
        connection.visible = visible;
    }
    found
}

impl Connection {
    /// Whether the oracle's row speaks of this connection.
    pub fn is(&self, row: &Value) -> bool {
        let end = |value: &Value| {
            let port = value["port"].as_u64().and_then(|port| u16::try_from(port).ok())?;
            Some((value["ip"].as_str()?.parse().ok()?, port))
        };
        let (client, server) = (end(&row["client"]), end(&row["server"]));
        let ours = [Some(self.ends[Side::A]), Some(self.ends[Side::B])];
        ours == [client, server] || ours == [server, client]
    }

    fn is_reused(&self, from: Endpoint, sequence: u32) -> bool {
        let side = if self.ends[Side::A] == from { Side::A } else { Side::B };
        self.first_sequence[side] != Some(sequence.wrapping_add(1))
    }

    /// Where a side's stream begins: behind its SYN, else at the lowest sequence number seen.
    fn base(&self, side: Side) -> u32 {
        let segments = &self.segments[side];
        let lowest = segments
            .iter()
            .map(|segment| segment.sequence)
            .reduce(|a, b| if (b.wrapping_sub(a) as i32) < 0 { b } else { a });
        self.first_sequence[side].or(lowest).unwrap_or(0)
    }

    /// All that happened, each side in order, and causally ordered between them.
    pub fn events(&self) -> Vec<Event> {
        let mut queues = PerSide(Side::BOTH.map(|side| self.in_order(side).into_iter().peekable()));
        let mut delivered = PerSide([0u64; 2]);
        let mut events = Vec::new();
        loop {
            let next =
                PerSide(Side::BOTH.map(|side| queues[side].peek().map(|(order, seen, _)| (*order, *seen))));
            let ready = |side: Side| next[side].filter(|(_, seen)| *seen <= delivered[side.other()]);
            let pick = |of: &dyn Fn(Side) -> Option<(usize, u64)>| {
                Side::BOTH
                    .into_iter()
                    .filter_map(|side| Some((of(side)?.0, side)))
                    .min_by_key(|(order, _)| *order)
            };
            let Some((_, side)) = pick(&ready).or_else(|| pick(&|side| next[side])) else { return events };
            let Some((_, _, event)) = queues[side].next() else { return events };
            delivered[side] += match &event {
                Event::Bytes { bytes, .. } => bytes.len() as u64,
                Event::Gap { length, .. } => *length,
                _ => 0,
            };
            events.push(event);
        }
    }

    fn in_order(&self, side: Side) -> Vec<(usize, u64, Event)> {
        let (base, peer) = (self.base(side), self.base(side.other()));
        let seen = |segment: &Segment| {
            let ahead = segment.acknowledged.map_or(0, |number| number.wrapping_sub(peer));
            if ahead > 0x7FFF_FFFF { 0 } else { u64::from(ahead) }
        };
        let mut segments: Vec<_> = self.segments[side].iter().collect();
        segments.sort_by_key(|segment| segment.sequence.wrapping_sub(base) as i32);
        let mut events: Vec<(usize, u64, Event)> = Vec::new();
        let mut next = 0i64;
        for segment in segments {
            let at = i64::from(segment.sequence.wrapping_sub(base) as i32);
            if at < 0 {
                continue;
            }
            if at > next && !(segment.bytes.is_empty() && segment.cut == 0) {
                events.push((segment.order, seen(segment), Event::Gap { side, length: (at - next) as u64 }));
                next = at;
            }
            let skip = usize::try_from(next - at).unwrap_or(0);
            if let Some(bytes) = segment.bytes.get(skip..).filter(|bytes| !bytes.is_empty()) {
                let (bytes, cut) = (bytes.to_vec(), segment.cut as u32);
                next += bytes.len() as i64;
                events.push((
                    segment.order,
                    seen(segment),
                    Event::Bytes { side, bytes, seen: seen(segment), cut },
                ));
                if segment.cut > 0 {
                    next += segment.cut as i64;
                    events.push((
                        segment.order,
                        seen(segment),
                        Event::Gap { side, length: segment.cut as u64 },
                    ));
                }
            }
            if segment.fin && at + (segment.bytes.len() + segment.cut) as i64 <= next {
                events.push((segment.order, seen(segment), Event::Fin { side, seen: seen(segment) }));
                break;
            }
        }
        let reset = self.segments[side].iter().find(|segment| segment.rst);
        if let Some(reset) = reset {
            events.push((reset.order, seen(reset), Event::Rst { side }));
        }
        events
    }
}

/// Link type, captured octets, original length.
fn frames(file: &[u8]) -> Option<Vec<(u32, &[u8], usize)>> {
    let magic = Reader::new(file).u32()?;
    match magic {
        0xA1B2_C3D4 | 0xA1B2_3C4D => classic(file, u32::from_be_bytes),
        0xD4C3_B2A1 | 0x4D3C_B2A1 => classic(file, u32::from_le_bytes),
        0x0A0D_0D0A => blocks(file),
        _ => None,
    }
}

fn classic(file: &[u8], number: fn([u8; 4]) -> u32) -> Option<Vec<(u32, &[u8], usize)>> {
    let mut reader = Reader::new(file);
    reader.skip(20)?;
    let link = reader.array().map(number)?;
    let mut frames = Vec::new();
    while let Some([_, _, captured, length]) = words(&mut reader, number) {
        let Some(frame) = reader.take(captured as usize) else { break };
        frames.push((link, frame, length as usize));
    }
    Some(frames)
}

fn words(reader: &mut Reader<'_>, number: fn([u8; 4]) -> u32) -> Option<[u32; 4]> {
    let mut word = || reader.array().map(number);
    Some([word()?, word()?, word()?, word()?])
}

/// Little-endian pcapng with enhanced packet blocks.
fn blocks(file: &[u8]) -> Option<Vec<(u32, &[u8], usize)>> {
    let mut reader = Reader::new(file);
    let (mut links, mut frames) = (Vec::new(), Vec::new());
    while let Some(kind) = reader.array().map(u32::from_le_bytes) {
        let length = u32::from_le_bytes(reader.array()?) as usize;
        let mut body = Reader::new(reader.take(length.checked_sub(8)?)?);
        match kind {
            1 => links.push(u32::from(u16::from_le_bytes(body.array()?))),
            6 => {
                let interface = u32::from_le_bytes(body.array()?) as usize;
                body.skip(8)?;
                let captured = u32::from_le_bytes(body.array()?) as usize;
                let length = u32::from_le_bytes(body.array()?) as usize;
                frames.push((*links.get(interface)?, body.take(captured)?, length));
            }
            _ => {}
        }
    }
    Some(frames)
}

/// Endpoints, segment, and for a SYN whether it acknowledges.
fn decode(link: u32, frame: &[u8], length: usize) -> Option<(Endpoint, Endpoint, Segment, Option<bool>)> {
    let mut reader = Reader::new(frame);
    match link {
        1 => {
            reader.skip(12)?;
            while matches!(reader.u16()?, 0x8100 | 0x88A8) {
                reader.skip(2)?;
            }
        }
        0 => reader.skip(4)?,
        113 => reader.skip(16)?,
        276 => reader.skip(20)?,
        _ => {}
    }
    let missing = length.saturating_sub(frame.len());
    let (from, to, payload, total) = ip(reader.rest())?;
    let mut tcp = Reader::new(payload);
    let (source, target) = (tcp.u16()?, tcp.u16()?);
    let (sequence, acknowledged) = (tcp.u32()?, tcp.u32()?);
    let (header, flags) = (usize::from(tcp.u8()? >> 4) * 4, tcp.u8()?);
    let bytes = payload.get(header..total.min(payload.len()))?.to_vec();
    let cut = if missing > 0 { total.saturating_sub(payload.len()) } else { 0 };
    let has = |bit: u8| flags & bit != 0;
    let acknowledged = has(0x10).then_some(acknowledged);
    let syn = has(0x02).then_some(has(0x10));
    let segment = Segment { order: 0, sequence, acknowledged, bytes, cut, fin: has(0x01), rst: has(0x04) };
    Some(((from, source), (to, target), segment, syn))
}

/// Addresses, TCP octets, and how many there were on the wire.
fn ip(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8], usize)> {
    let mut reader = Reader::new(packet);
    let first = reader.u8()?;
    if first >> 4 == 6 {
        reader.skip(3)?;
        let total = usize::from(reader.u16()?);
        let is_tcp = reader.u8()? == 6;
        reader.skip(1)?;
        let mut address = || reader.array::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)));
        let (from, to) = (address()?, address()?);
        return is_tcp.then_some((from, to, reader.rest(), total));
    }
    reader.skip(1)?;
    let total = usize::from(reader.u16()?);
    reader.skip(5)?;
    let is_tcp = reader.u8()? == 6;
    reader.skip(2)?;
    let mut address = || reader.array::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    let (from, to) = (address()?, address()?);
    let header = usize::from(first & 15) * 4;
    let total = if total == 0 { packet.len() } else { total };
    is_tcp.then_some((from, to, packet.get(header..)?, total.checked_sub(header)?))
}
