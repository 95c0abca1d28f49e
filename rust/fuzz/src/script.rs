//! A conversation as observers hear it, from a fuzzer's octets: the same octets cut anywhere give the same findings.
//!
//! Input: options, number of cuts, that many lengths, then words: how (bit 0: side, bit 1: said before the other's last
//! word was seen, bits 2 to 4: what happens beside octets, see [`Event`]), block.

use zertap_core::handshake::{
    Chunk, End, Findings, Flag, Flags, Observe, Options, PerSide, Progress, Room, Side,
};

use crate::input::{Input, write_block};

/// Something an observer is told.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Octets, and how many of the other side's the sender had seen.
    Octets(Side, &'a [u8], u64),
    /// Octets that were never captured.
    Gap(Side, u64),
    /// FIN or RST.
    End(Side, End, u64),
    /// A retransmission with other octets.
    Conflict(Side),
    /// The waiting span has passed.
    Due,
}

/// A whole conversation.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// What observers are asked to look at.
    pub options: Options,
    /// Lengths of pieces, used in turn.
    cuts: &'a [u8],
    events: Vec<Event<'a>>,
}

impl<'a> Script<'a> {
    /// The conversation in `data`.
    pub fn read(data: &'a [u8]) -> Self {
        let mut input = Input(data);
        let octet = input.octet();
        let options = Options {
            certificates: octet & 1 == 0,
            upgrades: octet & 2 == 0,
            offers: octet & 4 == 0,
            fingerprints: octet & 8 == 0,
        };
        let count = input.octet();
        let cuts = input.take(count.into());
        let (mut events, mut sent, mut before) = (Vec::new(), PerSide([0; 2]), PerSide([0; 2]));
        while !input.is_empty() && events.len() < MOST_EVENTS {
            let how = input.octet();
            let side = if how & 1 == 0 { Side::A } else { Side::B };
            let block = input.block();
            let seen = if how & 2 == 0 { sent[side.other()] } else { before[side.other()] };
            before[side] = sent[side];
            if block.is_empty() && matches!(how >> 2 & 7, 0 | 1 | 6 | 7) {
                continue; // no segment without octets is ever told
            }
            events.push(match how >> 2 & 7 {
                1 => {
                    sent[side] += block.len() as u64;
                    Event::Gap(side, block.len() as u64)
                }
                2 => Event::End(side, End::Fin, seen),
                3 => Event::End(side, End::Rst, seen),
                4 => Event::Conflict(side),
                5 => Event::Due,
                _ => {
                    sent[side] += block.len() as u64;
                    Event::Octets(side, block, seen)
                }
            });
        }
        Self { options, cuts, events }
    }

    /// Whether every octet is delivered: only then cuts are promised to change nothing (A8 looks at segments).
    pub fn is_seamless(&self) -> bool {
        !self.events.iter().any(|event| matches!(event, Event::Gap(..) | Event::Conflict(_)))
    }

    /// The same conversation in pieces.
    pub fn cut(&self) -> Self {
        let mut lengths = self.cuts.iter().map(|&length| usize::from(length).max(1)).cycle();
        let mut events = Vec::new();
        for event in &self.events {
            let Event::Octets(side, mut rest, seen) = *event else {
                events.push(*event);
                continue;
            };
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(lengths.next().unwrap_or(1).min(rest.len()));
                events.push(Event::Octets(side, piece, seen));
                rest = later;
            }
        }
        Self { events, ..self.clone() }
    }

    /// Tells it to an observer: what the last answer was, and what was found.
    pub fn tell(&self, observer: &mut impl Observe) -> (Progress, Findings) {
        let mut room = Room { options: self.options, ..Room::default() };
        for event in &self.events {
            let progress = match *event {
                Event::Octets(side, bytes, seen) => {
                    observer.push(side, Chunk { bytes, seen, starts_segment: true, cut: 0 }, &mut room)
                }
                Event::Gap(side, length) => observer.gap(side, length),
                Event::End(side, how, seen) => observer.end(side, how, seen),
                Event::Conflict(side) => {
                    observer.conflict(side);
                    Progress::NeedMore
                }
                Event::Due => observer.due(),
            };
            bounded(&observer.findings());
            if let Progress::Finished(_) = progress {
                return (progress, settled(observer.findings()));
            }
        }
        let progress = observer.close();
        assert!(matches!(progress, Progress::Finished(_)), "the end of a connection must be answered");
        (progress, observer.findings())
    }
}

/// Findings without what only the octets behind the end tell: as many of them are told as lie in the same piece. The
/// connection follows them further, this script does not.
fn settled(findings: Findings) -> Findings {
    let flags = Flags(findings.flags.0 & !(1 << Flag::Desync as u8));
    Findings { flags, ..findings }
}

/// What one connection may tell is bounded (EDGE_CASES A10).
fn bounded(findings: &Findings) {
    let texts: usize = findings.texts.iter().map(|(_, octets)| octets.len()).sum();
    assert!(texts <= 256 * 1024, "{texts} octets of text");
}

/// Writes the head of a script for seeds.
pub fn write_head(out: &mut Vec<u8>, cuts: &[u8]) {
    out.push(0);
    out.push(cuts.len() as u8);
    out.extend(cuts);
}

/// Writes one word of a script for seeds.
pub fn write_word(out: &mut Vec<u8>, side: Side, bytes: &[u8]) {
    out.push(side as u8);
    write_block(out, bytes);
}

const MOST_EVENTS: usize = 4096;
