//! Taps interfaces and prints a line for each connection that ends, for so many seconds (default 10).
//!
//! `cargo run -p zertap-capture --features live --example tap -- eth0 wlan0 30` (as root)

use std::net::IpAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use zertap_capture::live::{self, Live, LiveOptions};
use zertap_core::config::Config;
use zertap_core::event::Row;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (mut names, mut seconds) = (Vec::new(), 10);
    for argument in std::env::args().skip(1) {
        match argument.parse() {
            Ok(number) => seconds = number,
            Err(_) => names.push(argument),
        }
    }
    if names.is_empty() {
        return Err("which interface? (`any` hears all of them)".into());
    }
    let options = LiveOptions { filter: Some("tcp".to_owned()), ..LiveOptions::default() };
    let devices = names.iter().map(|name| live::open(name, &options)).collect::<Result<Vec<_>, _>>()?;
    // Attackers choose addresses: a program that stays gives each tap a random `hash_key`.
    let mut capture = Live::start(devices, vec![Config::default(), Config::default()])?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut stopped = false;
    while !capture.is_over() {
        if !stopped && Instant::now() >= end {
            capture.stop();
            stopped = true;
        }
        for row in capture.collect(Duration::from_millis(100)) {
            show(&row);
        }
        for fault in capture.take_faults() {
            eprintln!("{fault}");
        }
    }
    for (name, losses, read) in capture.counts().reader.interfaces {
        eprintln!("{name}: {} received, {read} read, {} dropped", losses.received, losses.dropped);
    }
    Ok(())
}

fn show(row: &Row) {
    let [client, server] = row.addresses.map(IpAddr::from);
    let [from, to] = row.ports;
    println!("{client} {from} -> {server} {to}: {} ({})", row.phase.name(), row.kind.word());
}
