//! What is not a capture, or no longer one: EDGE_CASES FILE-05, FILE-06, FILE-08.

use std::path::Path;

use crate::build::{
    MICRO, Order, block, interface, open, packet, pcap_header, pcap_record, read, record_header, section,
    simple_packet, small_pcap, small_pcapng,
};
use zertap_capture::{CaptureError, CaptureErrorKind, Source};

fn unreadable(bytes: &[u8]) -> CaptureError {
    crate::seeds::keep("captures", &[&[255], bytes].concat());
    let error = open(bytes).err().expect("nothing here can be read");
    assert_eq!(error.kind(), CaptureErrorKind::Unreadable, "{error}");
    error
}

#[test]
fn file_06_what_is_no_capture_is_said_in_one_line() {
    for (bytes, line) in [
        (&b""[..], "test: empty: there is nothing to read"),
        (b"\xd4\xc3\xb2", "test: not a pcap or pcapng capture: it begins with d4 c3 b2"),
        (b"GET / HTTP/1.1\r\n", "test: not a pcap or pcapng capture: it begins with 47 45 54 20"),
        (b"\xfd7zXZ\0\0", "test: compressed with xz, which is not read: unpack it first"),
        (b"snoop\0\0\0", "test: a snoop capture, which is not read: convert it to pcap first"),
        (
            b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0",
            "test: the pcap header is cut short: 16 of 24 octets",
        ),
        (
            b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a",
            "test: cut short: the block lacks 16 of its 28 octets",
        ),
        (&[0x0a, 0x0d, 0x0d, 0x0a, 0x1c], "test: cut short: the block header has 5 of 12 octets"),
    ] {
        assert_eq!(unreadable(bytes).to_string(), line);
    }
}

#[test]
fn a_header_of_another_version_is_unreadable() {
    let mut swapped = pcap_header(Order::Little, MICRO, 65_535, 1);
    swapped[..4].reverse();
    assert_eq!(unreadable(&swapped).reason(), "pcap version 512.1024 is not supported");
    let mut later = section(Order::Big);
    later[13] = 2;
    assert_eq!(unreadable(&later).reason(), "pcapng version 2 is not supported");
}

#[test]
fn a_section_header_without_its_magic_is_unreadable() {
    let mut file = small_pcapng();
    file[8..12].fill(0);
    assert_eq!(unreadable(&file).reason(), "the section header's byte-order magic is 00000000");
}

#[test]
fn file_06_a_directory_and_a_missing_file_are_unreadable() {
    let folder = std::env::temp_dir();
    let error = Source::open(&folder).err().unwrap();
    assert_eq!(error.kind(), CaptureErrorKind::Unreadable);
    assert_eq!(error.to_string(), format!("{}: a directory, not a capture", folder.display()));

    let error = Source::open(Path::new("/nowhere/x.pcap")).err().unwrap();
    assert_eq!(error.to_string(), "/nowhere/x.pcap: No such file or directory");
    assert_eq!((error.kind(), error.errno()), (CaptureErrorKind::Unreadable, Some(2)));
}

#[test]
#[cfg(unix)]
fn file_06_a_forbidden_file_is_unreadable() {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("zertap-forbidden-{}.pcap", std::process::id()));
    std::fs::write(&path, small_pcap()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let outcome = Source::open(&path);
    std::fs::remove_file(&path).unwrap();
    let Err(error) = outcome else {
        crate::build::skip("the forbidden file: this user may read everything");
        return;
    };
    assert_eq!(error.to_string(), format!("{}: Permission denied", path.display()));
    assert_eq!((error.kind(), error.errno()), (CaptureErrorKind::Unreadable, Some(13)));
}

#[test]
fn file_05_a_pcap_cut_anywhere_delivers_what_is_whole_and_says_where_it_stopped() {
    let file = small_pcap();
    let whole = read(&file).whole();
    let ends: Vec<usize> = whole.iter().map(|frame| frame.offset as usize + 16 + frame.bytes.len()).collect();
    for cut in 0..file.len() {
        let outcome = read(&file[..cut]);
        let complete = ends.iter().filter(|&&end| end <= cut).count();
        assert_eq!(outcome.frames, whole[..complete], "cut at {cut}");
        if cut < 24 {
            assert_eq!(outcome.error.unwrap().kind(), CaptureErrorKind::Unreadable);
        } else if cut == 24 || ends.contains(&cut) {
            assert!(outcome.error.is_none(), "a cut between records cannot be seen, at {cut}");
        } else {
            let (_, error) = outcome.damaged();
            assert_eq!(error.offset(), Some(whole[complete].offset), "cut at {cut}");
        }
    }
}

#[test]
fn file_05_a_pcapng_cut_anywhere_delivers_what_is_whole_and_says_where_it_stopped() {
    let file = small_pcapng();
    let whole = read(&file).whole();
    for cut in 0..file.len() {
        let outcome = read(&file[..cut]);
        assert_eq!(outcome.frames, whole[..outcome.frames.len()], "cut at {cut}");
        match outcome.error {
            Some(error) if cut < 28 => assert_eq!(error.kind(), CaptureErrorKind::Unreadable),
            Some(error) => {
                assert_eq!(error.kind(), CaptureErrorKind::Damaged);
                assert!(error.offset().unwrap() < cut as u64);
                let next = whole.get(outcome.frames.len()).map_or(file.len() as u64, |frame| frame.offset);
                assert!(error.offset().unwrap() <= next, "cut at {cut}: {error}");
            }
            None => assert!(block_ends(&file).contains(&cut), "cut at {cut} was not noticed"),
        }
    }
}

/// Where the blocks of a little-endian pcapng end.
fn block_ends(file: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(length) = file.get(at + 4..at + 8) {
        at += u32::from_le_bytes(length.try_into().unwrap()) as usize;
        ends.push(at);
    }
    ends
}

#[test]
fn compressed_captures_cut_anywhere_never_give_a_wrong_frame() {
    let plain = [small_pcap(), small_pcap()].concat();
    let whole = read(&plain).whole();
    for stored in [crate::build::gzip(&plain), crate::build::zstd(&plain)] {
        for cut in 0..stored.len() {
            let outcome = read(&stored[..cut]);
            assert_eq!(outcome.frames, whole[..outcome.frames.len()], "cut at {cut}");
            assert!(outcome.error.is_some(), "cut at {cut} was not noticed");
        }
    }
}

#[test]
fn file_08_an_absurd_record_is_damage_at_its_offset_after_the_frames_before_it() {
    for (captured, snap) in [(0x8000_0000, 65_535), (u32::MAX, 0), (262_145, 65_535), (0x0100_0001, u32::MAX)]
    {
        let file = [
            pcap_header(Order::Little, MICRO, snap, 1),
            pcap_record(Order::Little, 1, 1, b"good"),
            record_header(Order::Little, 1, 1, captured, captured),
            vec![0; 100],
        ];
        let (frames, error) = read(&file.concat()).damaged();
        assert_eq!(frames.len(), 1);
        let most = if snap == u32::MAX { 16 << 20 } else { 262_144 };
        let line = format!("test: offset 44: the record claims {captured} octets, more than {most}");
        assert_eq!(error.to_string(), line);
    }
}

#[test]
fn the_largest_record_allowed_is_read() {
    let file = [
        pcap_header(Order::Little, MICRO, u32::MAX, 1),
        pcap_record(Order::Little, 1, 1, &vec![5; 16 << 20]),
        pcap_record(Order::Little, 2, 1, b"and on"),
    ];
    assert_eq!(crate::build::lengths(&read(&file.concat()).whole()), [16 << 20, 6]);
}

#[test]
fn file_08_an_absurd_block_is_damage_at_its_offset() {
    let order = Order::Little;
    let good = [section(order), interface(order, 1, 0, &[]), packet(order, 0, 1, b"good")].concat();
    for length in [0, 8, 13, 28, 34, (16 << 20) + 4, u32::MAX, 0xffff_fffc] {
        let bad = [order.u32(6), order.u32(length), vec![0; 64]].concat();
        let (frames, error) = read(&[good.clone(), bad].concat()).damaged();
        assert_eq!(frames.len(), 1);
        let line = format!("test: offset 84: a block of type 0x6 claims a length of {length} octets");
        assert_eq!(error.to_string(), line);
    }
}

#[test]
fn a_cut_tail_is_said_with_what_is_missing() {
    let file = small_pcap();
    let tail = |missing| read(&file[..file.len() - missing]).damaged().1.to_string();
    assert_eq!(tail(1), "test: offset 99: cut short: the record lacks 1 of its 39 octets");
    assert_eq!(tail(30), "test: offset 99: cut short: the record header has 9 of 16 octets");
}

#[test]
fn file_08_a_trailing_length_that_differs_is_damage() {
    let mut bad = block(Order::Big, 0x7777, b"four");
    bad[15] = 20;
    let (_, error) = read(&[section(Order::Big), bad].concat()).damaged();
    assert_eq!(error.to_string(), "test: offset 28: the block's two lengths differ: 16 and 20");
}

#[test]
fn a_packet_larger_than_its_block_is_damage() {
    let order = Order::Little;
    let mut bad = packet(order, 0, 1, b"abcd");
    bad[20] = 5;
    let (_, error) = read(&[section(order), interface(order, 1, 0, &[]), bad].concat()).damaged();
    assert_eq!(error.reason(), "the packet claims 5 octets in a block with room for 4");

    let bad = simple_packet(order, b"abcd", 9);
    let (_, error) = read(&[section(order), interface(order, 1, 0, &[]), bad].concat()).damaged();
    assert_eq!(error.reason(), "the packet claims 9 octets in a block with room for 4");
}
