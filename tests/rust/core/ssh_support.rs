//! Words of SSH for the tests: packets, offers, and a conversation whose acknowledgements are kept for it.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, reason = "a module of test files, not an interface")]

use crate::seeds::{SCRIPT, Said};
use zertap_core::handshake::{
    Chunk, CryptoProfile, End, Findings, Observe, Options, PerSide, Progress, Room, Side, SshProfile,
    TextKind,
};
use zertap_core::ssh::SshObserver;

pub const CLIENT: Side = Side::A;
pub const SERVER: Side = Side::B;
pub const CLIENT_LINE: &[u8] = b"SSH-2.0-client_1.0\r\n";
pub const SERVER_LINE: &[u8] = b"SSH-2.0-server_1.0 comment\r\n";

/// One conversation; each side has always seen all that the other said, unless told otherwise.
pub struct Talk {
    pub observer: SshObserver,
    pub room: Room,
    pub sent: PerSide<u64>,
    /// The same as a seed for the fuzz target of the observer.
    said: Said,
}

impl Talk {
    pub fn new() -> Self {
        Self::with(SshObserver::new(Options::default()))
    }

    pub fn with(observer: SshObserver) -> Self {
        let said = Said::to("ssh", &SCRIPT);
        Self { observer, room: Room::default(), sent: PerSide::default(), said }
    }

    /// One segment that acknowledges everything.
    pub fn says(&mut self, side: Side, bytes: impl AsRef<[u8]>) -> Progress {
        let seen = self.sent[side.other()];
        self.says_seen(side, bytes, seen)
    }

    /// One segment that acknowledges `seen` octets.
    pub fn says_seen(&mut self, side: Side, bytes: impl AsRef<[u8]>, seen: u64) -> Progress {
        let bytes = bytes.as_ref();
        self.said.block(side as u8 | u8::from(seen < self.sent[side.other()]) << 1, bytes);
        self.sent[side] += bytes.len() as u64;
        self.observer.push(side, Chunk { bytes, seen, starts_segment: true, cut: 0 }, &mut self.room)
    }

    pub fn loses(&mut self, side: Side, length: u64) -> Progress {
        self.said.block(side as u8 | 1 << 2, &vec![0; length.min(1_000) as usize]);
        self.sent[side] += length;
        self.observer.gap(side, length)
    }

    pub fn ends(&mut self, side: Side, how: End) -> Progress {
        let seen = self.sent[side.other()];
        self.said.block(side as u8 | if how == End::Fin { 2 << 2 } else { 3 << 2 }, b"");
        self.observer.end(side, how, seen)
    }

    pub fn findings(&self) -> Findings {
        self.observer.findings()
    }

    pub fn profile(&self) -> SshProfile {
        profile(&self.findings())
    }

    /// Both lines and both offers.
    pub fn offers(&mut self, client: &Offer, server: &Offer) -> Progress {
        self.says(CLIENT, CLIENT_LINE);
        self.says(SERVER, SERVER_LINE);
        self.says(CLIENT, client.packet());
        self.says(SERVER, server.packet())
    }

    /// Key exchange by one message each way, and NEWKEYS from both.
    pub fn exchanges(&mut self, reply: u8, key: &[u8]) -> Progress {
        self.says(CLIENT, packet(30, &string(&[7; 32])));
        self.says(SERVER, [packet(reply, &string(key)), newkeys()].concat());
        self.says(CLIENT, newkeys())
    }
}

pub fn profile(findings: &Findings) -> SshProfile {
    match &findings.profile {
        Some(CryptoProfile::Ssh(profile)) => (**profile).clone(),
        other => panic!("no SSH profile: {other:?}"),
    }
}

pub fn text(findings: &Findings, kind: TextKind) -> Option<Vec<u8>> {
    findings.texts.iter().find(|(number, _)| *number == kind as u8).map(|(_, octets)| octets.to_vec())
}

/// One side's lists.
#[derive(Clone, Debug)]
pub struct Offer {
    pub kex: Vec<u8>,
    pub host_key: Vec<u8>,
    pub cipher: [Vec<u8>; 2],
    pub mac: [Vec<u8>; 2],
    pub compression: [Vec<u8>; 2],
    pub guesses: bool,
}

impl Default for Offer {
    fn default() -> Self {
        let twice = |list: &str| [list.as_bytes().to_vec(), list.as_bytes().to_vec()];
        Self {
            kex: b"curve25519-sha256,ecdh-sha2-nistp256".to_vec(),
            host_key: b"ssh-ed25519,rsa-sha2-512".to_vec(),
            cipher: twice("aes128-ctr,aes256-ctr"),
            mac: twice("hmac-sha2-256,hmac-sha1"),
            compression: twice("none,zlib@openssh.com"),
            guesses: false,
        }
    }
}

impl Offer {
    pub fn kex(list: &str) -> Self {
        Self { kex: list.into(), ..Self::default() }
    }

    pub fn body(&self) -> Vec<u8> {
        let mut body = vec![0x5A; 16];
        let [cipher_c2s, cipher_s2c] = &self.cipher;
        let [mac_c2s, mac_s2c] = &self.mac;
        let [comp_c2s, comp_s2c] = &self.compression;
        let none = Vec::new();
        for list in [
            &self.kex,
            &self.host_key,
            cipher_c2s,
            cipher_s2c,
            mac_c2s,
            mac_s2c,
            comp_c2s,
            comp_s2c,
            &none,
            &none,
        ] {
            body.extend(string(list));
        }
        body.push(u8::from(self.guesses));
        body.extend([0; 4]);
        body
    }

    pub fn packet(&self) -> Vec<u8> {
        packet(20, &self.body())
    }
}

/// An SSH-2 packet in clear.
pub fn packet(number: u8, body: &[u8]) -> Vec<u8> {
    let bare = 6 + body.len();
    let padding = 4 + (8 - (bare + 4) % 8) % 8;
    let mut bytes = ((2 + body.len() + padding) as u32).to_be_bytes().to_vec();
    bytes.extend([padding as u8, number]);
    bytes.extend_from_slice(body);
    bytes.resize(bytes.len() + padding, 0);
    bytes
}

pub fn newkeys() -> Vec<u8> {
    packet(21, &[])
}

pub fn disconnect() -> Vec<u8> {
    packet(1, &[&[0, 0, 0, 3][..], &string(b"no match"), &string(b"")].concat())
}

pub fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// A host key blob of 2048 bits.
pub fn rsa_key() -> Vec<u8> {
    let modulus = [&[0, 0xC5][..], &[0x11; 255]].concat();
    [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&modulus)].concat()
}

pub fn ed25519_key() -> Vec<u8> {
    [string(b"ssh-ed25519"), string(&[9; 32])].concat()
}

/// What nobody can read: never a plausible packet.
pub fn ciphertext(length: usize) -> Vec<u8> {
    (0..length).map(|index| 0x80 | (index * 37 + 11) as u8).collect()
}

/// An SSH-1 packet in clear.
pub fn packet1(number: u8, body: &[u8]) -> Vec<u8> {
    let length = 5 + body.len();
    let mut bytes = (length as u32).to_be_bytes().to_vec();
    bytes.resize(4 + 8 - length % 8, 0);
    bytes.push(number);
    bytes.extend_from_slice(body);
    let crc = crc1(&bytes[4..]);
    bytes.extend(crc.to_be_bytes());
    bytes
}

/// The same shape with a checksum that no clear packet has.
pub fn encrypted1(length: usize) -> Vec<u8> {
    let mut bytes = packet1(0x91, &vec![0xA7; length]);
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    bytes
}

fn crc1(bytes: &[u8]) -> u32 {
    let mut crc = 0u32;
    for octet in bytes {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    crc
}

/// SMSG_PUBLIC_KEY with a host key of 1024 bits.
pub fn public_key1() -> Vec<u8> {
    let integer = |bits: u16, octets: &[u8]| [&bits.to_be_bytes()[..], octets].concat();
    let key = |bits: u32, modulus: &[u8]| {
        [bits.to_be_bytes().to_vec(), integer(6, &[35]), integer(bits as u16, modulus)].concat()
    };
    let body = [vec![3; 8], key(768, &[0xB0; 96]), key(1024, &[0xC0; 128]), vec![0; 12]].concat();
    packet1(2, &body)
}

/// CMSG_SESSION_KEY choosing a cipher.
pub fn session_key1(cipher: u8) -> Vec<u8> {
    packet1(3, &[&[cipher][..], &[3; 8], &1024u16.to_be_bytes(), &[0xD0; 128], &[0; 4]].concat())
}
