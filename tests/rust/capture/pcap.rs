//! The classic format: EDGE_CASES FILE-01, FILE-07, FILE-09, FILE-11.

use crate::build::{
    MICRO, MODIFIED, NANO, ORDERS, Order, lengths, open, pcap_header, pcap_record, read, record_header,
    small_pcap,
};
use zertap_capture::{Compression, Container, TimeResolution};

#[test]
fn file_01_both_units_in_both_byte_orders_give_exact_times() {
    for order in ORDERS {
        for (magic, at) in [(MICRO, 1_700_000_000_123_456_000), (NANO, 1_700_000_000_000_123_456)] {
            let file =
                [pcap_header(order, magic, 65_535, 1), pcap_record(order, 1_700_000_000, 123_456, b"abc")]
                    .concat();
            let frames = read(&file).whole();
            assert_eq!(frames.len(), 1);
            assert_eq!(frames[0].time, Some(at));
            assert_eq!(frames[0].bytes, b"abc");
            assert_eq!((frames[0].number, frames[0].offset, frames[0].wire_length), (1, 24, 3));
        }
    }
}

#[test]
fn file_01_the_modified_format_has_eight_more_octets_per_record() {
    for order in ORDERS {
        let mut file = pcap_header(order, MODIFIED, 65_535, 1);
        for octets in [&b"one"[..], b"three"] {
            file.extend(record_header(order, 9, 1, octets.len() as u32, 60));
            file.extend([0; 8]);
            file.extend(octets);
        }
        let frames = read(&file).whole();
        assert_eq!(frames.iter().map(|frame| &frame.bytes[..]).collect::<Vec<_>>(), [&b"one"[..], b"three"]);
        assert_eq!(frames[1].time, Some(9_000_001_000));
        assert_eq!(frames[1].wire_length, 60);
    }
}

#[test]
fn the_last_second_of_the_format_fits() {
    let file =
        [pcap_header(Order::Little, NANO, 0, 1), pcap_record(Order::Little, u32::MAX, 999_999_999, b"x")];
    assert_eq!(read(&file.concat()).whole()[0].time, Some(4_294_967_295_999_999_999));
}

#[test]
fn file_14_a_fraction_of_a_second_or_more_is_no_time_and_the_last_valid_one_stands_in() {
    let order = Order::Little;
    let file = [
        pcap_header(order, MICRO, 0, 1),
        pcap_record(order, 5, 1_000_000, b"a"),
        pcap_record(order, 7, 999_999, b"b"),
        pcap_record(order, 8, 2_000_000_000, b"c"),
    ];
    let frames = read(&file.concat()).whole();
    let times: Vec<_> = frames.iter().map(|frame| (frame.time, frame.at)).collect();
    assert_eq!(times, [(None, 0), (Some(7_999_999_000), 7_999_999_000), (None, 7_999_999_000)]);
}

#[test]
fn the_link_type_is_the_lower_half_of_its_word_and_info_tells_all() {
    let file = pcap_header(Order::Big, NANO, 96, 0xf400_0071);
    let mut source = open(&file).unwrap();
    assert!(source.next_frame().unwrap().is_none());
    let info = source.info();
    assert_eq!((info.container, info.compression), (Container::Pcap, Compression::None));
    assert_eq!(info.interfaces.len(), 1);
    assert_eq!((info.interfaces[0].link, info.interfaces[0].snap_length), (113, 96));
    assert_eq!(info.interfaces[0].resolution, TimeResolution::Decimal(9));
}

#[test]
fn file_09_a_cut_frame_keeps_its_length_on_the_wire() {
    let file =
        [pcap_header(Order::Little, MICRO, 4, 1), record_header(Order::Little, 1, 0, 4, 1500), vec![1; 4]];
    let frames = read(&file.concat()).whole();
    assert_eq!((frames[0].bytes.len(), frames[0].wire_length, frames[0].odd_length), (4, 1500, false));
}

#[test]
fn file_11_more_captured_than_original_or_than_the_snap_length_is_taken_and_flagged() {
    let order = Order::Little;
    let file = [
        pcap_header(order, MICRO, 10, 1),
        [record_header(order, 1, 0, 8, 6), vec![1; 8]].concat(),
        [record_header(order, 1, 0, 12, 12), vec![2; 12]].concat(),
        [record_header(order, 1, 0, 10, 10), vec![3; 10]].concat(),
    ];
    let frames = read(&file.concat()).whole();
    assert_eq!(lengths(&frames), [8, 12, 10]);
    assert_eq!(frames.iter().map(|frame| frame.odd_length).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn lengths_swapped_by_old_writers_are_put_right() {
    let order = Order::Big;
    let mut header = pcap_header(order, MICRO, 100, 1);
    header[7] = 2;
    let frames = read(&[header, record_header(order, 1, 0, 60, 5), b"abcde".to_vec()].concat()).whole();
    assert_eq!(
        (&frames[0].bytes[..], frames[0].wire_length, frames[0].odd_length),
        (&b"abcde"[..], 60, false)
    );
}

#[test]
fn file_07_captures_glued_together_are_read_on_in_the_dialect_of_each() {
    let other =
        [pcap_header(Order::Big, NANO, 0, 101), pcap_record(Order::Big, 4, 5, b"from the other")].concat();
    let file = [small_pcap(), other, small_pcap()].concat();
    let mut source = open(&file).unwrap();
    while source.next_frame().unwrap().is_some() {}
    assert_eq!(source.info().interfaces.len(), 2);
    let frames = read(&file).whole();
    assert_eq!(frames.iter().map(|frame| frame.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(frames[3].time, Some(4_000_000_005));
    assert_eq!(frames.iter().map(|frame| frame.link).collect::<Vec<_>>(), [1, 1, 1, 101, 1, 1, 1]);
    assert_eq!(frames.iter().map(|frame| frame.interface).collect::<Vec<_>>(), [0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(frames[4].bytes, frames[0].bytes);
}

#[test]
fn a_record_of_the_magic_second_in_2055_is_still_a_record() {
    let order = Order::Little;
    let file = [pcap_header(order, MICRO, 0, 1), pcap_record(order, MICRO, 0x0004_0002, &[7; 60])].concat();
    let frames = read(&file).whole();
    assert_eq!((frames.len(), frames[0].bytes.len()), (1, 60));
    assert_eq!(frames[0].time, Some(u64::from(MICRO) * 1_000_000_000 + 0x0004_0002_u64 * 1_000));
}
