//! Feeds segments and streams of a program's own into the engine, and prints what it says of the connections.
//!
//! Run: `cargo run -p zertap-core --example segments`

use zertap_core::config::Config;
use zertap_core::event::{RowKind, RowKinds};
use zertap_core::flow::Endpoint;
use zertap_core::handshake::Side;
use zertap_core::tap::{StreamEnd, Tap};
use zertap_core::time::Timestamp;
use zertap_core::wire::{Address, Segment, TcpFlags};

fn main() {
    // Attackers choose addresses and ports: outside of an example the key of the table's hash is random.
    let rows = RowKinds::LAST.with(RowKind::Moved);
    let mut tap = Tap::new(Config { rows, hash_key: [1, 2], ..Config::default() });

    packets(&mut tap);
    streams(&mut tap);

    for row in tap.drain() {
        let [client, server] = row.addresses;
        println!(
            "{:<10} {client}:{} -> {server}:{} {} ({})",
            row.kind.word(),
            row.ports[0],
            row.ports[1],
            row.phase.name(),
            row.settled.as_ref().and_then(|settled| settled.fault.word()).unwrap_or("no fault"),
        );
    }
}

/// Three segments of somebody who decodes packets himself: a connection that is refused what it asks for in clear.
fn packets(tap: &mut Tap) {
    let (client, server) = (Address::v4([192, 0, 2, 1]), Address::v4([192, 0, 2, 2]));
    let said: [(bool, u32, u32, TcpFlags, &[u8]); 4] = [
        (true, 99, 0, TcpFlags::SYN, b""),
        (false, 499, 100, TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0), b""),
        (true, 100, 500, TcpFlags::ACK, b"GET / HTTP/1.1\r\n\r\n"),
        (false, 500, 118, TcpFlags(TcpFlags::RST.0 | TcpFlags::ACK.0), b""),
    ];
    for ((from_client, sequence, acknowledgment, flags, payload), at) in said.into_iter().zip(0..) {
        let (source, destination) = if from_client { (client, server) } else { (server, client) };
        let (source_port, destination_port) = if from_client { (50000, 80) } else { (80, 50000) };
        let segment = Segment {
            source,
            destination,
            source_port,
            destination_port,
            lane: 0,
            sequence,
            acknowledgment,
            flags,
            window: 0,
            options: &[],
            payload,
            payload_on_wire: payload.len() as u32,
            fragment_overlap: false,
        };
        tap.push_segment(Timestamp(at), &segment);
    }
}

/// A connection whose packets nobody saw: what its sides said is enough.
fn streams(tap: &mut Tap) {
    let client = Endpoint { address: Address::v4([192, 0, 2, 1]), port: 50001 };
    let server = Endpoint { address: Address::v4([192, 0, 2, 2]), port: 22 };
    let name = tap.open_stream(Timestamp(10), client, server, 0);
    tap.push_stream(Timestamp(11), name, Side::B, b"SSH-2.0-Example\r\n", None);
    tap.push_stream(Timestamp(12), name, Side::A, b"GET / HTTP/1.1\r\n\r\n", None);
    tap.end_stream(Timestamp(13), name, StreamEnd::Closed(Side::A));
    tap.end_stream(Timestamp(14), name, StreamEnd::Closed(Side::B));
}
