//! A file's octets, unpacked and thrown away: what the decoder of gzip or zstd costs by itself.
//!
//! `cargo build --release -p zertap-capture --example unpack`, then `target/release/examples/unpack CAPTURE.gz`.

use std::error::Error;
use std::io::Read;
use std::path::Path;

use zertap_capture::Octets;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: unpack CAPTURE")?;
    let mut octets = Octets::open(Path::new(&path))?;
    let (mut room, mut unpacked) = (vec![0; CHUNK], 0);
    loop {
        match octets.read(&mut room)? {
            0 => break,
            read => unpacked += read,
        }
    }
    println!("{unpacked} octets");
    Ok(())
}

/// As much as the capture readers ask for at once.
const CHUNK: usize = 256 << 10;
