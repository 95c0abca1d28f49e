//! A capture through the readers and the engine, nothing else: what a profiler should look at.
//!
//! A second argument is how many half-open attempts are remembered.
//!
//! `cargo build --release -p zertap-capture --example pump`, then `perf record target/release/examples/pump CAPTURE`.
//! A number behind the capture is how many connections and half-open attempts may be kept, for floods; a second one how
//! many workers read it together.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use zertap_capture::{Crew, Progress, Source};
use zertap_core::config::Config;
use zertap_core::tap::{RawFrame, Tap};
use zertap_core::wire::LinkType;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: pump CAPTURE [CONNECTIONS [WORKERS]]")?;
    let mut config = Config { hash_key: [7, 11], ..Config::default() };
    if let Some(most) = std::env::args().nth(2) {
        (config.max_connections, config.max_half_open) = (most.parse()?, most.parse()?);
    }
    if let Some(workers) = std::env::args().nth(3) {
        return together(&config, workers.parse()?, Path::new(&path));
    }
    let mut source = Source::open(Path::new(&path))?;
    let mut tap = Tap::new(config);
    let mut rows = 0;
    loop {
        let before = tap.counters().frames;
        let frames = source.next_frames()?;
        tap.push_frames(&mut frames.map(|frame| RawFrame {
            at: frame.at,
            link: LinkType(frame.link),
            bytes: frame.bytes,
            wire_length: frame.wire_length,
        }));
        if tap.counters().frames == before {
            break;
        }
        if tap.waiting_rows() >= BATCH_ROWS {
            rows += tap.drain_packed().len();
        }
    }
    loop {
        let left = tap.finish_some(BATCH_ROWS);
        rows += tap.drain_packed().len();
        if !left {
            break;
        }
    }
    println!("{} frames, {rows} rows", tap.counters().frames);
    Ok(())
}

fn together(config: &Config, workers: u32, path: &Path) -> Result<(), Box<dyn Error>> {
    let mut crew = Crew::new(config, workers);
    let mut rows = 0;
    crew.begin(path);
    while matches!(crew.wait(Duration::from_secs(1))?, Progress::More) {
        if crew.waiting_rows() >= BATCH_ROWS {
            rows += crew.drain().len();
        }
    }
    crew.finish();
    rows += crew.drain().len();
    println!("{} frames, {rows} rows", crew.frames());
    Ok(())
}

/// As many rows as the Python side lets wait.
const BATCH_ROWS: usize = 4096;
