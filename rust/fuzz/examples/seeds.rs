//! Makes a small corpus from captures: `seeds OUT_FOLDER SEEDS_FOLDER CAPTURE...`.
//!
//! Each capture becomes an input of every target it can say something to. What stands in `SEEDS_FOLDER/TARGET/`, such
//! as inputs that once failed, is copied as it is.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use zertap_capture::Source;
use zertap_core::handshake::Side;
use zertap_core::time::Timestamp;
use zertap_core::wire::{Address, Decoder, LinkType, WireConfig};
use zertap_fuzz::input::{LINKS, write_block};
use zertap_fuzz::{script, tap_segments};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(out), Some(kept)) = (arguments.next(), arguments.next()) else {
        return Err("usage: seeds OUT_FOLDER SEEDS_FOLDER CAPTURE...".into());
    };
    for target in TARGETS {
        fs::create_dir_all(out.join(target))?;
    }
    copy_kept(&out, &kept)?;
    let mut number = 0;
    for path in arguments {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let octets = fs::read(&path)?;
        if name.ends_with(".der") {
            write(&out, "certificate", &name, &octets)?;
            continue;
        }
        if octets.len() <= LONGEST {
            write(&out, "captures", &name, &[&[255], &octets[..]].concat())?;
        }
        number += 1;
        // A damaged capture is a good seed for its reader, and none for the others.
        if let Ok(capture) = Capture::read(&path) {
            capture.write(&out, &name, number)?;
        }
    }
    Ok(())
}

fn copy_kept(out: &Path, kept: &Path) -> Outcome<()> {
    for target in TARGETS {
        let Ok(folder) = fs::read_dir(kept.join(target)) else { continue };
        for entry in folder {
            let path = entry?.path();
            write(out, target, &path.file_name().unwrap_or_default().to_string_lossy(), &fs::read(&path)?)?;
        }
    }
    Ok(())
}

fn write(out: &Path, target: &str, name: &str, octets: &[u8]) -> Outcome<()> {
    Ok(fs::write(out.join(target).join(name), octets)?)
}

/// The frames of one capture.
struct Capture {
    link: LinkType,
    frames: Vec<(Timestamp, Vec<u8>)>,
}

impl Capture {
    fn read(path: &Path) -> Outcome<Self> {
        let mut source = Source::open(path)?;
        let mut capture = Self { link: LinkType::ETHERNET, frames: Vec::new() };
        while let Some(frame) = source.next_frame()? {
            capture.link = LinkType(frame.link);
            capture.frames.push((frame.at, frame.bytes.to_vec()));
        }
        Ok(capture)
    }

    fn write(&self, out: &Path, name: &str, number: u8) -> Outcome<()> {
        let Some(link) = LINKS.iter().position(|link| *link == self.link) else { return Ok(()) };
        let (mut frames, mut tap) = (vec![link as u8, number % 32], vec![link as u8, 0]);
        let mut before = self.frames.first().map_or(Timestamp(0), |(at, _)| *at);
        for (at, frame) in &self.frames {
            if frames.len() < LONGEST / 8 {
                frames.push(0);
                write_block(&mut frames, frame);
            }
            if tap.len() + frame.len() < LONGEST {
                tap.push((at.since(before).0 / 50_000_000).min(255) as u8);
                write_block(&mut tap, frame);
            }
            before = *at;
        }
        write(out, "frames", name, &frames)?;
        write(out, "tap_frames", name, &tap)?;
        self.write_conversation(out, name, number)
    }

    /// The first connection as words for the observers, and as segments.
    fn write_conversation(&self, out: &Path, name: &str, number: u8) -> Outcome<()> {
        let mut decoder = Decoder::new(WireConfig::default());
        let (mut words, mut segments) = (Vec::new(), vec![0]);
        script::write_head(&mut words, &[number % 7 + 1, number, 3]);
        let mut first: Option<(Address, u16)> = None;
        let mut next: HashMap<u8, u32> = HashMap::new();
        let mut said = [0; 2];
        for (at, frame) in &self.frames {
            let Ok(segment) = decoder.decode(*at, self.link, frame, frame.len() as u32) else { continue };
            let client = *first.get_or_insert((segment.source, segment.source_port));
            let from_client = client == (segment.source, segment.source_port);
            if !from_client && client != (segment.destination, segment.destination_port) {
                continue;
            }
            let side = u8::from(!from_client);
            // Only what is new and in order: the words of a conversation come once.
            let expected = *next.get(&side).unwrap_or(&segment.sequence);
            if segment.sequence != expected || segments.len() + segment.payload.len() > LONGEST {
                continue;
            }
            let marks = u32::from(segment.flags.syn()) + u32::from(segment.flags.fin());
            next.insert(side, expected.wrapping_add(segment.payload.len() as u32).wrapping_add(marks));
            tap_segments::write_segment(&mut segments, side, segment.flags, segment.payload);
            if !segment.payload.is_empty() {
                said[usize::from(side)] += segment.payload.len();
                script::write_word(&mut words, if side == 0 { Side::A } else { Side::B }, segment.payload);
            }
        }
        write(out, "tap_segments", name, &segments)?;
        if said.iter().sum::<usize>() == 0 {
            return Ok(());
        }
        write(out, if name.contains("ssh") { "ssh" } else { "tls" }, name, &words)
    }
}

const TARGETS: [&str; 9] =
    ["captures", "certificate", "fragments", "frames", "ssh", "stream", "tap_frames", "tap_segments", "tls"];

/// No input is longer: long ones are slow and teach little. Unit: octets.
const LONGEST: usize = 24 * 1024;
