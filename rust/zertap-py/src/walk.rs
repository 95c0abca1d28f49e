//! The bare walk: what a capture costs whoever does next to nothing with it, to measure the engine by.
//!
//! Each frame is stepped over, its Ethernet, IP and TCP headers are read, and its connection is counted in a hash table of
//! one cache line a connection; of each direction the first octets are told apart as TLS, SSH or other. No fragments, no
//! tunnels, no order of segments, no time: an observer that does its work cannot do less than this.

use crate::capture::Source;
use crate::error;
use pyo3::prelude::*;
use std::time::{Duration, Instant};
use zertap_capture::{CaptureError, CaptureErrorKind};

/// What was counted.
#[derive(Default)]
struct Walk {
    flows: Vec<Flow>,
    connections: u64,
    frames: u64,
    segments: u64,
    wire_octets: u64,
}

/// One connection, in one cache line.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Flow {
    low: [u64; 2],
    high: [u64; 2],
    octets: [u64; 2],
    ports: u32,
    packets: u32,
    spoke: [u8; 2],
    kind: u8,
    used: bool,
}

/// The two ends of a segment, the lower one first.
struct Ends {
    low: [u64; 2],
    high: [u64; 2],
    ports: u32,
    from_high: bool,
}

const FIRST_FLOWS: usize = 1 << 16;
const ETHERNET: u16 = 1;

impl Walk {
    fn frame(&mut self, link: u16, frame: &[u8], wire_length: u32) {
        self.frames += 1;
        self.wire_octets += u64::from(wire_length);
        if link == ETHERNET
            && let Some((ends, payload)) = read(frame)
        {
            self.segments += 1;
            self.count(&ends, payload);
        }
    }

    #[inline]
    fn count(&mut self, ends: &Ends, payload: &[u8]) {
        if self.connections * 2 >= self.flows.len() as u64 {
            self.grow();
        }
        let at = place(&self.flows, ends.low, ends.high, ends.ports);
        let Some(flow) = self.flows.get_mut(at) else { return };
        if !flow.used {
            *flow = Flow { low: ends.low, high: ends.high, ports: ends.ports, used: true, ..Flow::default() };
            self.connections += 1;
        }
        let side = usize::from(ends.from_high);
        flow.packets += 1;
        flow.octets[side] += payload.len() as u64;
        if flow.spoke[side] == 0 && !payload.is_empty() {
            flow.spoke[side] = 1;
            flow.kind |= match payload {
                [0x16, 3, ..] => 1,
                [b'S', b'S', b'H', b'-', ..] => 2,
                _ => 4,
            };
        }
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.flows.len() * 2).max(FIRST_FLOWS);
        let old = std::mem::replace(&mut self.flows, vec![Flow::default(); size]);
        for flow in old.into_iter().filter(|flow| flow.used) {
            let at = place(&self.flows, flow.low, flow.high, flow.ports);
            if let Some(slot) = self.flows.get_mut(at) {
                *slot = flow;
            }
        }
    }
}

/// Where a connection stands or would stand; the table always has room.
#[inline]
fn place(flows: &[Flow], low: [u64; 2], high: [u64; 2], ports: u32) -> usize {
    let mask = flows.len().wrapping_sub(1);
    let mix = |word: u64| {
        let word = (word ^ word >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
        word ^ word >> 32
    };
    let upper = mix(low[0] ^ high[0].rotate_left(7));
    let mut at = mix(upper ^ low[1] ^ high[1].rotate_left(32) ^ u64::from(ports) << 13) as usize & mask;
    while let Some(flow) = flows.get(at)
        && flow.used
        && (flow.low, flow.high, flow.ports) != (low, high, ports)
    {
        at = (at + 1) & mask;
    }
    at
}

/// The ends and the payload of a TCP segment, where the frame holds one.
#[inline]
fn read(frame: &[u8]) -> Option<(Ends, &[u8])> {
    let mut at = 12;
    let mut kind = number(frame, at)?;
    while matches!(kind, 0x8100 | 0x88a8) {
        at += 4;
        kind = number(frame, at)?;
    }
    let ip = frame.get(at + 2..)?;
    let (source, destination, tcp) = match kind {
        0x0800 => {
            let header = usize::from(ip.first()? & 15) * 4;
            if *ip.get(9)? != 6 || number(ip, 6)? & 0x1fff != 0 {
                return None;
            }
            let word = |at: usize| Some([0, u64::from(u32::from_be_bytes(*ip.get(at..)?.first_chunk()?))]);
            (word(12)?, word(16)?, ip.get(header..usize::from(number(ip, 2)?).min(ip.len()))?)
        }
        0x86dd => {
            if *ip.get(6)? != 6 {
                return None;
            }
            let word = |at: usize| Some(u64::from_be_bytes(*ip.get(at..)?.first_chunk()?));
            let end = (40 + usize::from(number(ip, 4)?)).min(ip.len());
            ([word(8)?, word(16)?], [word(24)?, word(32)?], ip.get(40..end)?)
        }
        _ => return None,
    };
    let (from, to) = (number(tcp, 0)?, number(tcp, 2)?);
    let payload = tcp.get(usize::from(*tcp.get(12)? >> 4) * 4..).unwrap_or_default();
    let from_high = (source, from) > (destination, to);
    let ends = if from_high {
        Ends { low: destination, high: source, ports: u32::from(to) << 16 | u32::from(from), from_high }
    } else {
        Ends { low: source, high: destination, ports: u32::from(from) << 16 | u32::from(to), from_high }
    };
    Some((ends, payload))
}

#[inline]
fn number(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*octets.get(at..)?.first_chunk()?))
}

/// Frames between two looks at the clock.
const FRAMES_BETWEEN_CLOCKS: u64 = 65_536;
/// How often Python's signal handlers get their turn.
const SIGNALS_AFTER: Duration = Duration::from_millis(100);

/// See the stub.
#[pyfunction]
pub(crate) fn bare_walk(py: Python<'_>, mut source: PyRefMut<'_, Source>) -> PyResult<(u64, u64, u64, u64)> {
    let mut walk = Walk::default();
    let reader = source.reader();
    loop {
        let step = || -> Result<bool, CaptureError> {
            let begun = Instant::now();
            loop {
                let before = walk.frames;
                while walk.frames < before + FRAMES_BETWEEN_CLOCKS {
                    let batch = walk.frames;
                    for frame in reader.next_frames()? {
                        walk.frame(frame.link, frame.bytes, frame.wire_length);
                    }
                    if walk.frames == batch {
                        return Ok(false);
                    }
                }
                if begun.elapsed() >= SIGNALS_AFTER {
                    return Ok(true);
                }
            }
        };
        match py.detach(step) {
            Ok(true) => py.check_signals()?,
            Ok(false) => break,
            Err(error) if error.kind() == CaptureErrorKind::Interrupted => py.check_signals()?,
            Err(error) => return Err(error::capture(py, &error)),
        }
    }
    Ok((walk.frames, walk.segments, walk.connections, walk.wire_octets))
}
