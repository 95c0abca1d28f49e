//! gzip and zstd: EDGE_CASES FILE-12, and what a break in them costs.

use crate::build::{
    MICRO, Order, gzip, open, pcap_header, pcap_record, read, small_pcap, small_pcapng, zstd,
};
use std::io::{Cursor, Read};
use zertap_capture::{CaptureErrorKind, Compression, Source};

/// Half a megabyte of frames that do not compress away.
fn large_pcap() -> Vec<u8> {
    let mut file = pcap_header(Order::Little, MICRO, 65_535, 1);
    let mut state = 1_u32;
    for number in 0..500 {
        let octets: Vec<u8> = (0..1000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        file.extend(pcap_record(Order::Little, number, 0, &octets));
    }
    file
}

#[test]
fn file_12_compressed_captures_give_the_same_frames_as_plain_ones() {
    for plain in [small_pcap(), small_pcapng(), large_pcap()] {
        let expected = read(&plain).whole();
        assert_eq!(read(&gzip(&plain)).whole(), expected);
        assert_eq!(read(&zstd(&plain)).whole(), expected);
    }
}

#[test]
fn info_and_the_counts_tell_of_the_stored_file() {
    let stored = zstd(&small_pcap());
    let mut source = open(&stored).unwrap();
    assert_eq!(source.info().compression, Compression::Zstd);
    while source.next_frame().unwrap().is_some() {}
    assert_eq!(source.bytes_read(), stored.len() as u64);
    assert_eq!(open(&gzip(&small_pcap())).unwrap().info().compression, Compression::Gzip);
}

#[test]
fn several_members_and_frames_are_one_stream() {
    let plain = small_pcap();
    let expected = read(&plain).whole();
    for pack in [gzip, zstd] {
        for cut in [1, 24, 40, plain.len() - 1] {
            let (front, back) = plain.split_at(cut);
            let stored = [pack(front), pack(b""), pack(back)].concat();
            assert_eq!(read(&stored).whole(), expected);
        }
    }
}

#[test]
fn a_skippable_zstd_frame_and_the_padding_after_gzip_are_passed_over() {
    let expected = read(&small_pcap()).whole();
    let skippable = [vec![0x53, 0x2a, 0x4d, 0x18], 5_u32.to_le_bytes().to_vec(), b"hello".to_vec()].concat();
    assert_eq!(read(&[skippable, zstd(&small_pcap())].concat()).whole(), expected);
    assert_eq!(read(&[gzip(&small_pcap()), vec![0; 700]].concat()).whole(), expected);
}

#[test]
fn what_follows_the_compressed_data_is_damage_after_every_frame() {
    for (stored, name) in [(gzip(&small_pcap()), "gzip"), (zstd(&small_pcap()), "zstd")] {
        let (frames, error) = read(&[stored, b"something else".to_vec()].concat()).damaged();
        assert_eq!(frames.len(), 3);
        assert_eq!(error.offset(), Some(small_pcap().len() as u64));
        assert!(error.reason().starts_with(&format!("the {name} data is corrupt")), "{error}");
    }
}

#[test]
fn a_wrong_checksum_is_damage_after_every_frame() {
    for mut stored in [gzip(&small_pcap()), zstd(&small_pcap())] {
        let place = stored.len() - if stored[0] == 0x1f { 8 } else { 1 };
        stored[place] ^= 1;
        let (frames, _) = read(&stored).damaged();
        assert_eq!(frames.len(), 3);
    }
}

#[test]
fn what_was_decoded_before_a_break_is_delivered_first() {
    let plain = large_pcap();
    let expected = read(&plain).whole();
    for stored in [gzip(&plain), zstd(&plain)] {
        let mut broken = stored.clone();
        let place = broken.len() / 2;
        for octet in &mut broken[place..place + 64] {
            *octet = !*octet;
        }
        let (frames, error) = read(&broken).damaged();
        // These frames do not compress, so a flipped octet of a frame may pass until the checksum is compared.
        assert!(frames.len() >= 120, "{} frames before {error}", frames.len());
        assert_eq!(frames[..120], expected[..120]);

        let (frames, error) = read(&stored[..place]).damaged();
        assert!(frames.len() >= 120, "{} frames before {error}", frames.len());
        assert_eq!(frames[..], expected[..frames.len()]);
        assert!(error.reason().ends_with("data is cut short"), "{error}");
    }
}

#[test]
fn compressed_twice_is_named() {
    for stored in [gzip(&zstd(&small_pcap())), zstd(&gzip(&small_pcap()))] {
        let error = open(&stored).err().unwrap();
        assert_eq!(error.kind(), CaptureErrorKind::Unreadable);
        assert_eq!(error.to_string(), "test: compressed twice, which is not read: unpack it once");
    }
}

#[test]
fn compressed_nothing_is_as_empty_as_nothing() {
    for stored in [gzip(b""), zstd(b"")] {
        assert_eq!(open(&stored).err().unwrap().to_string(), "test: empty: there is nothing to read");
    }
}

#[test]
fn a_break_before_the_capture_begins_is_unreadable() {
    for stored in [gzip(&small_pcap()), zstd(&small_pcap())] {
        let error = open(&stored[..12]).err().unwrap();
        assert_eq!(error.kind(), CaptureErrorKind::Unreadable, "{error}");
        assert!(error.reason().ends_with("data is cut short"), "{error}");
    }
}

/// A reader that gives a few octets at a time, as a pipe may.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let most = room.len().min(self.1);
        self.0.read(&mut room[..most])
    }
}

fn in_pieces(stored: &[u8], piece: usize) -> Result<Vec<usize>, String> {
    let input = Box::new(Pieces(Cursor::new(stored.to_vec()), piece));
    let mut source = Source::from_reader("test".to_owned(), input).map_err(|error| error.to_string())?;
    let mut lengths = vec![];
    while let Some(frame) = source.next_frame().map_err(|error| error.to_string())? {
        lengths.push(frame.bytes.len());
    }
    Ok(lengths)
}

/// Found by fuzzing: a stored block is delivered as it trickles in, but the frame's header says another length than its
/// blocks have. As a whole the block was refused, in pieces a part of it was taken for the head of a capture.
#[test]
fn a_zstd_block_that_trickles_in_is_judged_as_a_whole() {
    let stored = b"(\xb5/\xfdd=\0q\0\0\0\0\0\0\0\0\0\x02\x8c\xf9\x062e\xf3\x0d\x11";
    let whole = in_pieces(stored, usize::MAX);
    assert!(whole.as_ref().is_err_and(|error| error.contains("zstd data is corrupt")), "{whole:?}");
    for piece in 1..stored.len() {
        assert_eq!(in_pieces(stored, piece), whole, "{piece} octets at a time");
    }
}

#[test]
fn file_12_compressed_captures_that_trickle_in_give_the_same_frames() {
    for plain in [small_pcap(), large_pcap()] {
        let expected = in_pieces(&plain, usize::MAX).unwrap();
        for stored in [gzip(&plain), zstd(&plain), [zstd(&plain[..30]), zstd(&plain[30..])].concat()] {
            for piece in [1, 2, 7, 1000, 65_537, 200_000] {
                assert_eq!(in_pieces(&stored, piece).unwrap(), expected, "{piece} octets at a time");
            }
        }
    }
}
