//! The shapes of EDGE_CASES A10 that somebody will try.

use crate::packets::{Attacker, From, Peer};

/// One attack: its name, N, and how it is played with a size.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) size: u32,
    pub(crate) play: fn(&mut Attacker, u32),
}

const ACK: u8 = 16;
const SYN: u8 = 2;
const RST: u8 = 4;

/// In the order of the issue; N is a quarter of what it asks for.
pub(crate) const SHAPES: &[Shape] = &[
    Shape { name: "half-open attempts", size: 250_000, play: half_open },
    Shape { name: "hellos never finished", size: 250_000, play: unfinished },
    Shape { name: "tuples that collide under a plain sum", size: 100_000, play: collisions },
    Shape { name: "one-octet segments", size: 500_000, play: octets },
    Shape { name: "islands above holes", size: 250_000, play: islands },
    Shape { name: "fragments that never fit", size: 500_000, play: fragments },
    Shape { name: "empty records", size: 500_000, play: empty_records },
    Shape { name: "hellos that claim 16 MiB", size: 2_500, play: long_hellos },
    Shape { name: "SSH packets of 4 GiB", size: 50_000, play: long_packets },
    Shape { name: "certificates", size: 25_000, play: certificates },
    Shape { name: "one tuple again and again", size: 250_000, play: reuse },
    Shape { name: "server names", size: 250_000, play: names },
];

fn half_open(attacker: &mut Attacker, size: u32) {
    for n in 0..size {
        attacker.sends(Peer::number(n), From::Client, SYN, [n, 0], b"");
    }
}

fn unfinished(attacker: &mut Attacker, size: u32) {
    let hello = hello(b"example.org");
    for n in 0..size {
        attacker.opens(Peer::number(n));
        attacker.sends(Peer::number(n), From::Client, ACK, [1001, 9001], &hello);
    }
}

/// Address and ports add up to the same number: an unkeyed hash that mixes badly would put all into one place.
fn collisions(attacker: &mut Attacker, size: u32) {
    for n in 0..size {
        let port = 1024 + (n % 60_000) as u16;
        let peer =
            Peer { address: 0x0aff_ffff - u32::from(port) - (n / 60_000) * 60_000, port, server_port: 443 };
        attacker.sends(peer, From::Client, SYN, [n, 0], b"");
        attacker.sends(peer, From::Server, 18, [9000, n + 1], b"");
        attacker.sends(peer, From::Client, ACK, [n + 1, 9001], b"");
    }
}

fn octets(attacker: &mut Attacker, size: u32) {
    let peer = Peer::number(1);
    attacker.opens(peer);
    let mut stream = hello(b"example.org");
    // Records of application data follow, as far as it goes.
    while stream.len() < size as usize {
        stream.extend([23, 3, 3, 4, 0]);
        stream.extend([0xe5; 1024]);
    }
    for n in 0..size {
        attacker.sends(peer, From::Client, ACK, [1001 + n, 9001], &stream[n as usize..=n as usize]);
    }
}

fn islands(attacker: &mut Attacker, size: u32) {
    let peer = Peer::number(1);
    attacker.opens(peer);
    for n in 0..size {
        attacker.sends(peer, From::Client, ACK, [1001 + 1000 + n * 700, 9001], &[0x16; 600]);
    }
}

fn fragments(attacker: &mut Attacker, size: u32) {
    for n in 0..size {
        let mut frame = [0; 20 + 1400];
        frame[..12].copy_from_slice(&[0x45, 0, 5, 140, 0, 0, 0x20, 0, 64, 6, 0, 0]);
        frame[4..6].copy_from_slice(&(n as u16).to_be_bytes());
        frame[12..16].copy_from_slice(&(0x0a00_0000 + (n >> 16)).to_be_bytes());
        frame[16..20].copy_from_slice(&[192, 0, 2, 1]);
        attacker.frame(&frame);
    }
}

fn empty_records(attacker: &mut Attacker, size: u32) {
    let peer = Peer::number(1);
    attacker.opens(peer);
    let hello = hello(b"example.org");
    attacker.sends(peer, From::Client, ACK, [1001, 9001], &hello);
    for n in 0..size {
        let records = [23, 3, 3, 0, 0].repeat(10);
        attacker.sends(peer, From::Server, ACK, [9001 + n * 50, 1001 + hello.len() as u32], &records);
    }
}

/// A dozen segments each, of a message that says it is 2^24 - 1 octets long.
fn long_hellos(attacker: &mut Attacker, size: u32) {
    let mut record = hello(b"example.org");
    record.resize(5 + 16_384, 0);
    record[3..5].copy_from_slice(&16_384_u16.to_be_bytes());
    record[6..9].copy_from_slice(&[0xff; 3]);
    for n in 0..size {
        attacker.opens(Peer::number(n));
        let mut sequence = 1001;
        for piece in record.chunks(1400) {
            attacker.sends(Peer::number(n), From::Client, ACK, [sequence, 9001], piece);
            sequence += piece.len() as u32;
        }
    }
}

fn long_packets(attacker: &mut Attacker, size: u32) {
    for n in 0..size {
        let peer = Peer { server_port: 22, ..Peer::number(n) };
        attacker.opens(peer);
        attacker.sends(peer, From::Server, ACK, [9001, 1001], b"SSH-2.0-x\r\n");
        attacker.sends(peer, From::Client, ACK, [1001, 9012], b"SSH-2.0-y\r\n\xff\xff\xff\xff\x04\x14");
    }
}

/// Every server shows another certificate: the cache of certificates is bounded.
fn certificates(attacker: &mut Attacker, size: u32) {
    let der =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/certificates/rsa-2048.der"))
            .expect("a certificate");
    let (hello, answer) = (hello(b"example.org"), server_hello());
    for n in 0..size {
        let mut other = der.clone();
        let last = other.len() - 4;
        other[last..].copy_from_slice(&n.to_be_bytes());
        let length = |octets: usize| (octets as u32).to_be_bytes()[1..].to_vec();
        let chain = [length(other.len() + 3), length(other.len()), other].concat();
        let message = [vec![11], length(chain.len()), chain].concat();
        let record = [vec![22, 3, 3], (message.len() as u16).to_be_bytes().to_vec(), message].concat();
        let peer = Peer::number(n);
        attacker.opens(peer);
        attacker.sends(peer, From::Client, ACK, [1001, 9001], &hello);
        let seen = 1001 + hello.len() as u32;
        attacker.sends(peer, From::Server, ACK, [9001, seen], &[&answer[..], &record].concat());
        attacker.sends(peer, From::Client, RST, [seen, 0], b"");
    }
}

fn reuse(attacker: &mut Attacker, size: u32) {
    let peer = Peer::number(1);
    for n in 0..size {
        attacker.sends(peer, From::Client, SYN, [n * 77, 0], b"");
        attacker.sends(peer, From::Server, 18, [9000, n * 77 + 1], b"");
        attacker.sends(peer, From::Client, ACK, [n * 77 + 1, 9001], b"");
        attacker.sends(peer, From::Client, RST, [n * 77 + 1, 0], b"");
    }
}

/// Every connection asks for another name and is refused.
fn names(attacker: &mut Attacker, size: u32) {
    for n in 0..size {
        let peer = Peer::number(n);
        let hello = hello(format!("{n:08}.example.org").as_bytes());
        attacker.opens(peer);
        attacker.sends(peer, From::Client, ACK, [1001, 9001], &hello);
        attacker.sends(peer, From::Server, RST | ACK, [9001, 1001 + hello.len() as u32], b"");
    }
}

/// A ClientHello for this name.
fn hello(name: &[u8]) -> Vec<u8> {
    let length = |octets: usize| (octets as u16).to_be_bytes().to_vec();
    let server_name = [
        vec![0, 0],
        length(name.len() + 5),
        length(name.len() + 3),
        vec![0],
        length(name.len()),
        name.to_vec(),
    ]
    .concat();
    let body =
        [vec![3, 3], vec![7; 32], vec![0, 0, 2, 0xc0, 0x2f, 1, 0], length(server_name.len()), server_name]
            .concat();
    let message = [vec![1, 0], length(body.len()), body].concat();
    [vec![22, 3, 1], length(message.len()), message].concat()
}

/// A ServerHello of TLS 1.2.
fn server_hello() -> Vec<u8> {
    let body = [vec![3, 3], vec![9; 32], vec![0, 0xc0, 0x2f, 0]].concat();
    let message = [vec![2, 0, 0, body.len() as u8], body].concat();
    [vec![22, 3, 3, 0, message.len() as u8], message].concat()
}
