//! A capture through the readers and the engine, nothing else: what a profiler should look at.
//!
//! `cargo build --release -p zertap-capture --example pump`, then `perf record target/release/examples/pump CAPTURE`.

use std::error::Error;
use std::path::Path;

use zertap_capture::Source;
use zertap_core::config::Config;
use zertap_core::tap::Tap;
use zertap_core::wire::LinkType;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: pump CAPTURE")?;
    let mut source = Source::open(Path::new(&path))?;
    let mut tap = Tap::new(Config { hash_key: [7, 11], ..Config::default() });
    let mut rows = 0;
    while let Some(frame) = source.next_frame()? {
        tap.push_frame(frame.at, LinkType(frame.link), frame.bytes, frame.wire_length);
        if tap.waiting_rows() >= BATCH_ROWS {
            rows += tap.drain().len();
        }
    }
    tap.finish();
    rows += tap.drain().len();
    println!("{} frames, {rows} rows", tap.counters().frames);
    Ok(())
}

/// As many rows as the Python side lets wait.
const BATCH_ROWS: usize = 4096;
