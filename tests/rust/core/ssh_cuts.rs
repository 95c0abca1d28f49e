//! Any cut and any causal order of the same octets give the same findings; no octets do harm.

#[path = "../seeds.rs"]
mod seeds;
#[path = "ssh_support.rs"]
mod support;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use support::{
    CLIENT, CLIENT_LINE, Offer, SERVER, SERVER_LINE, ciphertext, disconnect, ed25519_key, encrypted1,
    newkeys, packet, packet1, public_key1, rsa_key, session_key1, string,
};
use zertap_core::handshake::{Chunk, End, Observe, Options, PerSide, Phase, Progress, Room, Side};
use zertap_core::ssh::{LineScan, Scan, SshObserver};

/// What one side said at once, and how much of the other it had seen then.
struct Word {
    side: Side,
    bytes: Vec<u8>,
    seen: u64,
}

/// A conversation in the order it was held.
#[derive(Default)]
struct Script {
    words: Vec<Word>,
    sent: PerSide<u64>,
}

impl Script {
    fn says(mut self, side: Side, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        self.sent[side] += bytes.len() as u64;
        let seen = self.sent[side.other()];
        self.words.push(Word { side, bytes, seen });
        self
    }

    /// Said at the same time as the other side's last word.
    fn also_says(mut self, side: Side, bytes: impl AsRef<[u8]>) -> Self {
        let unseen = self.words.last().map_or(0, |word| word.bytes.len() as u64);
        self = self.says(side, bytes);
        if let Some(word) = self.words.last_mut() {
            word.seen -= unseen;
        }
        self
    }

    /// Plays the script in the order and the pieces that `choices` say, and tells all that came of it.
    fn play(&self, choices: &[(bool, usize)]) -> (Phase, String) {
        let mut observer =
            SshObserver::new(Options { offers: true, fingerprints: true, ..Options::default() });
        let mut room = Room::default();
        let mut queues =
            PerSide(Side::BOTH.map(|side| self.words.iter().filter(move |word| word.side == side)));
        let mut open: PerSide<Option<(&[u8], u64)>> = PerSide::default();
        let mut delivered = PerSide([0u64; 2]);
        let mut choices = choices.iter().copied().cycle();
        loop {
            for side in Side::BOTH {
                if open[side].is_none() {
                    open[side] = queues[side].next().map(|word| (&word.bytes[..], word.seen));
                }
            }
            let may = |side: Side| open[side].is_some_and(|(_, seen)| seen <= delivered[side.other()]);
            let (first, length) = choices.next().unwrap_or((true, usize::MAX));
            let wish = if first { Side::A } else { Side::B };
            let Some(side) = [wish, wish.other()].into_iter().find(|side| may(*side)) else { break };
            let Some((bytes, seen)) = open[side] else { break };
            let (now, later) = bytes.split_at(length.clamp(1, bytes.len()));
            open[side] = (!later.is_empty()).then_some((later, seen));
            delivered[side] += now.len() as u64;
            let chunk = Chunk { bytes: now, seen, starts_segment: false, cut: 0 };
            if let Progress::Finished(phase) = observer.push(side, chunk, &mut room) {
                return (phase, format!("{:?}", observer.findings()));
            }
        }
        let before = format!("{:?}", observer.findings());
        let Progress::Finished(phase) = observer.close() else { panic!("close must answer") };
        (phase, before + &format!("{:?}", observer.findings()))
    }
}

fn scripts() -> Vec<(Phase, Script)> {
    let offer = Offer::default().packet();
    let guess = Offer { guesses: true, ..Offer::kex("ecdh-sha2-nistp256,curve25519-sha256") }.packet();
    let reply = packet(31, &string(&rsa_key()));
    let begin = || Script::default().says(SERVER, SERVER_LINE).also_says(CLIENT, CLIENT_LINE);
    let offered = || begin().says(CLIENT, &offer).also_says(SERVER, &offer);
    vec![
        (
            Phase::SshComplete,
            offered()
                .says(CLIENT, packet(30, &string(&[7; 32])))
                .says(SERVER, [&packet(4, &[0; 50]), &reply[..], &newkeys(), &ciphertext(60)].concat())
                .says(CLIENT, [newkeys(), ciphertext(30)].concat()),
        ),
        (
            // A wrong guess, lines before the banner, an oversized offer, the roles reversed.
            Phase::SshComplete,
            Script::default()
                .says(SERVER, [b"Welcome\r\nSSH here\n", SERVER_LINE].concat())
                .also_says(CLIENT, CLIENT_LINE)
                .says(CLIENT, &offer)
                .also_says(SERVER, [&guess[..], &packet(30, &string(&[1; 65]))].concat())
                .says(SERVER, packet(30, &string(&[7; 32])))
                .says(CLIENT, [packet(31, &string(&ed25519_key())), newkeys()].concat())
                .says(SERVER, newkeys()),
        ),
        (Phase::SshFailed, offered().says(CLIENT, packet(30, &string(&[7; 32]))).says(SERVER, disconnect())),
        (
            Phase::SshFailed,
            begin().says(CLIENT, &offer).also_says(SERVER, Offer::kex("none@example.com").packet()),
        ),
        (
            Phase::SshComplete,
            Script::default()
                .says(SERVER, b"SSH-1.99-x\n")
                .says(CLIENT, b"SSH-1.5-y\n")
                .says(SERVER, public_key1())
                .says(CLIENT, [packet1(36, b"debug"), session_key1(3), encrypted1(20)].concat())
                .says(SERVER, [packet1(32, b"ignore"), encrypted1(1), encrypted1(9)].concat()),
        ),
        (
            Phase::SshFailed,
            Script::default()
                .says(CLIENT, [CLIENT_LINE, &offer].concat())
                .says(SERVER, b"SSH-1.5-old\nProtocol major versions differ.\n"),
        ),
        (Phase::SshFailed, begin().says(SERVER, [&offer[..], &[0, 0, 0, 1]].concat())),
        (
            Phase::SshFailed,
            Script::default().says(CLIENT, CLIENT_LINE).says(SERVER, b"HTTP/1.1 400 No\r\n\r\n"),
        ),
        (Phase::Clear, Script::default().says(CLIENT, CLIENT_LINE).also_says(SERVER, b"220 hello\r\n")),
    ]
}

/// Failures found at random are kept beside this file.
fn config() -> ProptestConfig {
    let kept = FileFailurePersistence::Direct("../../tests/rust/core/ssh_cuts.proptest-regressions");
    ProptestConfig { cases: 300, failure_persistence: Some(Box::new(kept)), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_cut_in_any_causal_order_gives_the_same_findings(
        choices in prop::collection::vec((any::<bool>(), prop_oneof![1usize..4, 1usize..40, Just(usize::MAX)]), 1..60)
    ) {
        for (phase, script) in scripts() {
            let whole = script.play(&[(true, usize::MAX)]);
            prop_assert_eq!(whole.0, phase);
            prop_assert_eq!(&script.play(&choices), &whole);
        }
    }

    #[test]
    fn a_line_is_found_at_the_same_place_however_the_stream_is_cut(
        before in "[ -~\\n]{0,60}", step in 1usize..9
    ) {
        let stream = [before.as_bytes(), b"\nSSH-2.0-x\r\n"].concat();
        let start = if before.starts_with("SSH-") { 0 } else { before.find("\nSSH-").map_or(before.len() + 1, |at| at + 1) };
        let mut scan = LineScan::default();
        let mut offset = 0;
        for piece in stream.chunks(step) {
            if let Scan::Found { next } = scan.push(piece) {
                prop_assert_eq!(scan.start(), start as u64);
                prop_assert_eq!(offset + next, start + 4);
                return Ok(());
            }
            offset += piece.len();
        }
        prop_assert!(false, "not found");
    }

    #[test]
    fn no_octets_do_harm(
        events in prop::collection::vec((any::<bool>(), 0u8..12, any::<u16>(), prop::collection::vec(any::<u8>(), 0..80)), 1..40)
    ) {
        let mut observer = SshObserver::new(Options { offers: true, fingerprints: true, ..Options::default() });
        let mut room = Room::default();
        let offer = Offer::default().packet();
        for (first, kind, number, noise) in events {
            let side = if first { Side::A } else { Side::B };
            let mut bytes = match kind {
                0..=2 => noise,
                3 => b"SSH-2.0-x\r\n".to_vec(),
                4 => b"SSH-1.99-x\n".to_vec(),
                5 => offer.clone(),
                6 => packet(30 + number as u8 % 20, &noise),
                7 => newkeys(),
                8 => packet1(number as u8 % 4, &noise),
                9 => public_key1(),
                _ => Vec::new(),
            };
            if number % 7 == 0 && !bytes.is_empty() {
                let at = usize::from(number) % bytes.len();
                bytes[at] ^= 1 << (number % 8);
            }
            let chunk = Chunk { bytes: &bytes, seen: u64::from(number), starts_segment: number % 3 > 0, cut: 0 };
            let progress = match kind {
                10 => observer.gap(side, u64::from(number)),
                11 => observer.end(side, if number % 2 == 0 { End::Fin } else { End::Rst }, 0),
                _ => observer.push(side, chunk, &mut room),
            };
            let findings = observer.findings();
            prop_assert!(findings.texts.iter().all(|(_, octets)| octets.len() <= 64 * 1024));
            if let Progress::Finished(_) = progress {
                return Ok(());
            }
        }
        prop_assert!(matches!(observer.close(), Progress::Finished(_)));
    }
}
