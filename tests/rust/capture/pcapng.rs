//! The block format: EDGE_CASES FILE-02, FILE-03, FILE-04, FILE-09, FILE-11, FILE-14.

use crate::build::{
    ORDERS, Order, block, interface, open, option, packet, packet_of, read, section, simple_packet,
    small_pcapng,
};
use zertap_capture::{Container, TimeResolution};

#[test]
fn file_02_every_interface_keeps_its_own_link_type_and_time() {
    for order in ORDERS {
        let file = [
            section(order),
            interface(order, 1, 0, &[]),
            interface(order, 101, 0, &option(order, 9, &[9])),
            interface(order, 113, 0, &option(order, 9, &[0x80 | 32])),
            interface(
                order,
                0,
                0,
                &[option(order, 14, &order.i64(1000)), option(order, 9, &[3]), option(order, 0, &[])]
                    .concat(),
            ),
            packet(order, 3, 5, b"d"),
            packet(order, 0, 1_700_000_000_123_456, b"a"),
            packet(order, 1, 1_700_000_000_123_456_789, b"b"),
            packet(order, 2, (6 << 32) | (1 << 30), b"c"),
        ];
        let frames = read(&file.concat()).whole();
        let seen: Vec<_> =
            frames.iter().map(|frame| (frame.time.unwrap(), frame.link, frame.interface)).collect();
        assert_eq!(
            seen,
            [
                (1_000_005_000_000, 0, 3),
                (1_700_000_000_123_456_000, 1, 0),
                (1_700_000_000_123_456_789, 101, 1),
                (6_250_000_000, 113, 2),
            ]
        );
    }
}

#[test]
fn info_describes_every_interface_met() {
    let mut source = open(&small_pcapng()).unwrap();
    assert!(source.info().interfaces.is_empty());
    while source.next_frame().unwrap().is_some() {}
    let info = source.info();
    assert_eq!(info.container, Container::Pcapng);
    let told: Vec<_> =
        info.interfaces.iter().map(|one| (one.link, one.snap_length, one.resolution)).collect();
    assert_eq!(told, [(1, 0, TimeResolution::Decimal(6)), (101, 64, TimeResolution::Decimal(9))]);
}

#[test]
fn file_03_a_section_may_change_byte_order_and_counts_its_interfaces_anew() {
    let file = [
        section(Order::Little),
        interface(Order::Little, 1, 0, &[]),
        packet(Order::Little, 0, 1, b"little"),
        section(Order::Big),
        interface(Order::Big, 101, 0, &[]),
        packet(Order::Big, 0, 2, b"big"),
    ];
    let frames = read(&file.concat()).whole();
    assert_eq!((frames[0].link, frames[0].interface, frames[0].time), (1, 0, Some(1_000)));
    assert_eq!((frames[1].link, frames[1].interface, frames[1].time), (101, 1, Some(2_000)));
}

#[test]
fn an_interface_of_an_earlier_section_is_forgotten() {
    let order = Order::Little;
    let file = [section(order), interface(order, 1, 0, &[]), section(order), packet(order, 0, 1, b"x")];
    let (frames, error) = read(&file.concat()).damaged();
    assert!(frames.is_empty());
    assert_eq!(error.offset(), Some(28 + 20 + 28));
    assert_eq!(error.reason(), "a packet of interface 0, but the section has described 0");
}

#[test]
fn file_03_unknown_blocks_custom_blocks_and_options_are_skipped_by_length() {
    let order = Order::Big;
    let with_options = {
        let octets = [packet(order, 0, 7, b"abcd")].concat();
        let body =
            [&octets[8..octets.len() - 4], &option(order, 1, b"a comment"), &option(order, 0x8bad, b"?")];
        block(order, 6, &body.concat())
    };
    let file = [
        section(order),
        block(order, 0x0bad_c0de, b"unknown"),
        block(order, 0xbad, &[order.u32(32_473), b"custom".to_vec()].concat()),
        interface(order, 1, 0, &[option(order, 2, b"eth0"), option(order, 0xffff, b"?")].concat()),
        block(order, 5, &[0; 12]),
        block(order, 10, &[order.u32(0x544c_534b), order.u32(6), b"secret".to_vec()].concat()),
        with_options,
    ];
    let frames = read(&file.concat()).whole();
    assert_eq!(frames.len(), 1);
    assert_eq!((&frames[0].bytes[..], frames[0].time), (&b"abcd"[..], Some(7_000)));
}

#[test]
fn what_follows_the_end_of_options_is_not_an_option() {
    let order = Order::Little;
    let options = [option(order, 0, &[]), option(order, 9, &[9]), vec![0xff; 4]].concat();
    let mut source = open(&[section(order), interface(order, 1, 0, &options)].concat()).unwrap();
    assert!(source.next_frame().unwrap().is_none());
    assert_eq!(source.info().interfaces[0].resolution, TimeResolution::Decimal(6));
}

#[test]
fn options_that_leave_their_block_are_damage() {
    let order = Order::Little;
    for options in
        [[order.u16(2), order.u16(100)].concat(), option(order, 14, b"abcd"), option(order, 9, b"")]
    {
        let (_, error) = read(&[section(order), interface(order, 1, 0, &options)].concat()).damaged();
        assert_eq!(error.to_string(), "test: offset 28: an interface's options do not fit their block");
    }
}

#[test]
fn file_03_the_obsolete_packet_block_is_read() {
    for order in ORDERS {
        let body = [
            order.u16(1),
            order.u16(3),
            order.u32(0),
            order.u32(42),
            order.u32(5),
            order.u32(90),
            b"older".to_vec(),
        ];
        let file = [
            section(order),
            interface(order, 1, 0, &[]),
            interface(order, 113, 0, &[]),
            block(order, 2, &body.concat()),
        ];
        let frames = read(&file.concat()).whole();
        assert_eq!((&frames[0].bytes[..], frames[0].wire_length), (&b"older"[..], 90));
        assert_eq!((frames[0].time, frames[0].link, frames[0].interface), (Some(42_000), 113, 1));
    }
}

#[test]
fn file_04_simple_packets_take_the_last_time_and_the_snap_length_of_interface_0() {
    let order = Order::Little;
    let file = [
        section(order),
        interface(order, 1, 6, &[]),
        interface(order, 101, 0, &[]),
        simple_packet(order, b"before", 1500),
        packet(order, 1, 3, b"timed"),
        simple_packet(order, b"abcd", 4),
        simple_packet(order, b"abcdef--", 8),
    ];
    let frames = read(&file.concat()).whole();
    let seen: Vec<_> = frames.iter().map(|frame| (frame.time, frame.at, &frame.bytes[..])).collect();
    assert_eq!(
        seen,
        [
            (None, 0, &b"before"[..]),
            (Some(3_000), 3_000, b"timed"),
            (None, 3_000, b"abcd"),
            (None, 3_000, b"abcdef"),
        ]
    );
    assert_eq!((frames[0].wire_length, frames[0].link), (1500, 1));
}

#[test]
fn file_14_times_that_cannot_be_held_are_absent_and_the_last_valid_one_stands_in() {
    let order = Order::Big;
    let back = option(order, 14, &order.i64(-10));
    let file = [
        section(order),
        interface(order, 1, 0, &[]),
        interface(order, 1, 0, &back),
        packet(order, 1, 9_999_999, b"1969"),
        packet(order, 1, 10_000_001, b"just after"),
        packet(order, 0, u64::MAX, b"far"),
        packet(order, 0, 5, b"again"),
    ];
    let frames = read(&file.concat()).whole();
    let times: Vec<_> = frames.iter().map(|frame| (frame.time, frame.at)).collect();
    assert_eq!(times, [(None, 0), (Some(1_000), 1_000), (None, 1_000), (Some(5_000), 5_000)]);
}

#[test]
fn file_11_odd_lengths_are_taken_and_flagged() {
    let order = Order::Little;
    let file = [
        section(order),
        interface(order, 1, 4, &[]),
        packet_of(order, 0, 1, b"abc", 2),
        packet_of(order, 0, 1, b"abcdef", 6),
        packet_of(order, 0, 1, b"abcd", 99),
    ];
    let frames = read(&file.concat()).whole();
    assert_eq!(frames.iter().map(|frame| frame.odd_length).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(frames[2].wire_length, 99);
}

#[test]
fn a_file_without_packets_is_whole() {
    assert!(read(&section(Order::Little)).whole().is_empty());
}
