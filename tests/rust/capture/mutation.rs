//! Whatever the octets are: no panic, always an end, and never more frames than octets could hold.

use proptest::prelude::*;

use crate::build::{gzip, read, small_pcap, small_pcapng, zstd};

fn originals() -> impl Strategy<Value = Vec<u8>> {
    let (pcap, pcapng) = (small_pcap(), small_pcapng());
    let glued = [small_pcap(), small_pcap()].concat();
    prop::sample::select(vec![gzip(&pcap), zstd(&pcapng), pcap, pcapng, glued])
}

/// Octets put over the original at some place, so that lengths, types and magic numbers are hit.
fn patches() -> impl Strategy<Value = Vec<(prop::sample::Index, Vec<u8>)>> {
    let telling = prop::sample::select(vec![
        vec![0; 4],
        vec![0xff; 4],
        vec![0x0a, 0x0d, 0x0d, 0x0a],
        vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0],
        vec![0xff, 0xff, 0xff, 0x00],
    ]);
    let octets = prop_oneof![telling, prop::collection::vec(any::<u8>(), 1..5)];
    prop::collection::vec((any::<prop::sample::Index>(), octets), 1..6)
}

proptest! {
    #[test]
    fn a_damaged_capture_ends_and_delivers_only_octets_it_has(original in originals(), patches in patches()) {
        let mut file = original;
        for (place, octets) in patches {
            let at = place.index(file.len());
            for (target, octet) in file[at..].iter_mut().zip(octets) {
                *target = octet;
            }
        }
        check(&file)?;
    }

    #[test]
    fn arbitrary_octets_after_any_magic_end(
        head in prop::sample::select(heads()),
        tail in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        check(&[head, tail].concat())?;
    }
}

/// Frames are numbered, in order of their offsets, and an error speaks of a place not before the last frame.
fn check(file: &[u8]) -> Result<(), TestCaseError> {
    let outcome = read(file);
    let mut next = 0;
    for (frame, number) in outcome.frames.iter().zip(1..) {
        prop_assert_eq!(frame.number, number);
        prop_assert!(frame.offset >= next);
        next = frame.offset + frame.bytes.len() as u64;
    }
    if let Some(error) = outcome.error {
        prop_assert!(error.offset().is_none_or(|offset| offset >= next));
        prop_assert!(!error.to_string().contains('\n'));
    }
    Ok(())
}

fn heads() -> Vec<Vec<u8>> {
    let gzip = b"\x1f\x8b\x08".to_vec();
    let zstd = b"\x28\xb5\x2f\xfd".to_vec();
    vec![small_pcap()[..24].to_vec(), small_pcapng()[..48].to_vec(), gzip, zstd]
}
