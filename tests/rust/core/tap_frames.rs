//! Frames through the whole tap: what carries a packet changes no row, and what is no TCP touches no connection.

use crate::frames::{Ip, WAYS, ethernet, fragment, ip, packet, tcp, udp};
use crate::order::{built, real_ones, told};
use crate::seeds::Said;
use crate::support::*;
use crate::tls_talk::{client_hello, full_12, full_13, sealed};
use zertap_core::config::Config;
use zertap_core::event::Row;
use zertap_core::handshake::{Flag, Phase};
use zertap_core::tap::{RawFrame, Tap};
use zertap_core::time::Timestamp;
use zertap_core::wire::{LinkType, Skip};

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Frames a millisecond apart, to the end of input.
fn run(frames: &[(LinkType, Vec<u8>)]) -> Run {
    let mut tap = Tap::new(Config::default());
    let mut said = Said::to("tap_frames", &[0, 0]);
    for (_, frame) in frames {
        said.block(0, frame);
    }
    for ((link, frame), step) in frames.iter().zip(0..) {
        tap.push_frame(Timestamp(EPOCH + step * MILLISECOND), *link, frame, frame.len() as u32);
    }
    tap.finish();
    Run { rows: tap.drain(), tap }
}

fn frames(talk: &Conversation, version: Ip) -> Vec<(LinkType, Vec<u8>)> {
    talk.packets.iter().map(|each| (LinkType::ETHERNET, ethernet(&ip(each, version)))).collect()
}

fn rows(run: &Run) -> Vec<String> {
    run.rows.iter().map(told).collect()
}

fn whole() -> Conversation {
    Conversation::of(&full_12()).client(sealed(100)).closes(CLIENT)
}

/// `whole` with `strange` frames between all its frames: the row is the same, and each of them counted as `skip`.
fn touches_nothing(strange: &[Vec<u8>], skip: Skip) {
    let plain = run(&frames(&whole(), Ip::Four));
    let among: Vec<_> = frames(&whole(), Ip::Four)
        .into_iter()
        .flat_map(|frame| {
            let strange = strange.iter().map(|octets| (LinkType::ETHERNET, octets.clone()));
            std::iter::once(frame).chain(strange).collect::<Vec<_>>()
        })
        .collect();
    let disturbed = run(&among);
    assert_eq!(rows(&disturbed), rows(&plain));
    let times = (whole().packets.len() * strange.len()) as u64;
    assert_eq!(disturbed.tap.counters().skipped[skip.index()], times);
    assert_eq!(disturbed.tap.table_counters(), plain.tap.table_counters());
}

#[test]
fn ip_05_every_link_type_and_tunnel_gives_the_same_rows() {
    let named = built().into_iter().enumerate().map(|(which, talk)| (format!("conversation {which}"), talk));
    for (name, talk) in named.chain(real_ones()) {
        let expected = rows(&talk.run());
        for version in [Ip::Four, Ip::Six] {
            for (way, link, wrap) in WAYS {
                let frames: Vec<_> =
                    talk.packets.iter().map(|each| (*link, wrap(&ip(each, version)))).collect();
                assert_eq!(rows(&run(&frames)), expected, "{name}, {version:?}, {way}");
            }
        }
    }
}

#[test]
fn ip_01_a_conversation_in_fragments_gives_the_same_rows() {
    for (which, talk) in built().iter().enumerate() {
        let mut frames = vec![];
        for each in &talk.packets {
            let segment = tcp(each);
            let mut pieces: Vec<Vec<u8>> = (0..segment.len())
                .step_by(48)
                .map(|start| {
                    let end = (start + 48).min(segment.len());
                    let more = if end < segment.len() { 0x2000 } else { 0 };
                    let field = more | u16::try_from(start / 8).expect("an offset");
                    fragment(Ip::Four, each.from == CLIENT, TCP, &segment[start..end], field)
                })
                .collect();
            // 64 pieces at most make a datagram: longer ones travel whole here.
            if pieces.len() > 64 {
                pieces = vec![ip(each, Ip::Four)];
            }
            pieces.reverse();
            frames.extend(pieces.iter().map(|piece| (LinkType::ETHERNET, ethernet(piece))));
        }
        assert_eq!(rows(&run(&frames)), rows(&talk.run()), "conversation {which}");
    }
}

#[test]
fn ip_09_an_icmp_error_that_quotes_a_connection_does_not_touch_it() {
    let quotes: Vec<Vec<u8>> = [CLIENT, SERVER]
        .map(|from| {
            // The quoted header has RST set: taken for the connection's own it would end it.
            let mut segment = tcp(whole().packets.iter().find(|each| each.from == from).expect("a packet"));
            segment[13] |= 4;
            let quoted = packet(Ip::Four, from == CLIENT, TCP, &segment);
            ethernet(&packet(Ip::Four, from != CLIENT, 1, &[&[3, 1, 0, 0, 0, 0, 0, 0], &quoted[..]].concat()))
        })
        .into();
    touches_nothing(&quotes, Skip::Icmp);
}

#[test]
fn ip_10_esp_is_opaque_and_tcp_behind_an_authentication_header_is_tracked() {
    let hello = tcp(&whole().packets[3]);
    let bare = ethernet(&packet(Ip::Four, true, 50, &[&[0, 0, 0, 1, 0, 0, 0, 1][..], &hello].concat()));
    let in_udp = udp(4500, &[&[0, 0, 0, 1, 0, 0, 0, 1][..], &hello].concat());
    touches_nothing(&[bare, ethernet(&packet(Ip::Four, true, UDP, &in_udp))], Skip::Esp);
    for version in [Ip::Four, Ip::Six] {
        let frames: Vec<_> = whole()
            .packets
            .iter()
            .map(|each| {
                let header = [&[TCP, 4][..], &[0; 22], &tcp(each)].concat();
                (LinkType::ETHERNET, ethernet(&packet(version, each.from == CLIENT, 51, &header)))
            })
            .collect();
        assert_eq!(rows(&run(&frames)), rows(&whole().run()), "{version:?}");
    }
}

#[test]
fn ip_11_a_key_exchange_of_ipsec_is_no_connection() {
    let sa_init = [&[0x11; 8][..], &[0; 8], &[33, 0x20, 34, 8, 0, 0, 0, 0, 0, 0, 0, 28]].concat();
    let port_500 = ethernet(&packet(Ip::Four, true, UDP, &udp(500, &sa_init)));
    // On port 4500 a marker of four zero octets stands before it (RFC 3948).
    let behind_marker = udp(4500, &[&[0; 4][..], &sa_init].concat());
    touches_nothing(&[port_500, ethernet(&packet(Ip::Four, true, UDP, &behind_marker))], Skip::Udp);
}

#[test]
fn tls_51_quic_and_dtls_are_datagrams_and_no_connection() {
    let quic = [&[0xc3, 0, 0, 0, 1, 8][..], &[7; 8], &client_hello()].concat();
    let mut dtls = client_hello();
    dtls[1..3].copy_from_slice(&[0xfe, 0xfd]);
    let strange =
        [quic, dtls, client_hello()].map(|octets| ethernet(&packet(Ip::Four, true, UDP, &udp(443, &octets))));
    touches_nothing(&strange, Skip::Udp);
}

#[test]
fn tls_51_a_handshake_within_protected_records_is_not_seen() {
    let mut inner = client_hello();
    inner[0] = 23;
    let plain = Conversation::of(&full_13()).client(sealed(100)).closes(CLIENT).run();
    let nested = Conversation::of(&full_13()).client(inner).closes(CLIENT).run();
    let facts = |row: &Row| (row.phase, row.flags(), row.history.entries().len());
    assert_eq!(facts(nested.only()), facts(plain.only()));
    assert_eq!(nested.only().phase, Phase::TlsComplete);
}

#[test]
fn tcp_16_a_corrupted_copy_is_used_if_it_came_first_and_a_conflict_in_any_case() {
    let hello = whole().packets.iter().position(|each| !each.payload.is_empty()).expect("a hello");
    let mut bad = ip(&whole().packets[hello], Ip::Four);
    let last = bad.len() - 1;
    bad[last] ^= 0x20;
    let mut frames = frames(&whole(), Ip::Four);
    frames.insert(hello + 1, (LinkType::ETHERNET, ethernet(&bad)));
    let after = run(&frames);
    assert_eq!(after.only().phase, Phase::TlsComplete);
    assert!(after.only().has(Flag::OverlapConflict));
    frames.swap(hello, hello + 1);
    assert!(run(&frames).only().has(Flag::OverlapConflict));
}

/// The same frames as a caller with many at hand pushes them.
fn raw(frames: &[(LinkType, Vec<u8>)]) -> Vec<RawFrame<'_>> {
    let mut at = EPOCH;
    frames
        .iter()
        .map(|(link, bytes)| {
            let frame = RawFrame { at: Timestamp(at), link: *link, bytes, wire_length: bytes.len() as u32 };
            at += MILLISECOND;
            frame
        })
        .collect()
}

fn finished(mut tap: Tap) -> Run {
    tap.reserve_finish(usize::MAX).expect("room for some rows");
    tap.finish();
    Run { rows: tap.drain(), tap }
}

#[test]
fn frames_pushed_together_give_the_rows_of_frames_pushed_one_by_one() {
    for version in [Ip::Four, Ip::Six] {
        // Several connections at once, their packets in turn, so that a batch asks for the memory of all of them.
        let all: Vec<_> =
            built().into_iter().zip(50_000..).map(|(talk, port)| talk.on_ports(port, 443)).collect();
        let longest = all.iter().map(|talk| talk.packets.len()).max().expect("a conversation");
        let turns = (0..longest).flat_map(|turn| all.iter().filter_map(move |talk| talk.packets.get(turn)));
        let frames: Vec<_> = turns.map(|each| (LinkType::ETHERNET, ethernet(&ip(each, version)))).collect();
        let mut tap = Tap::new(Config::default());
        for some in raw(&frames).chunks(37) {
            tap.reserve(some.len()).expect("room for some frames");
            tap.push_frames(&mut some.iter().copied());
        }
        let together = finished(tap);
        let single = run(&frames);
        assert_eq!(rows(&together), rows(&single), "{version:?}");
        assert_eq!(together.tap.ledger().opened, single.tap.ledger().opened);
    }
}

#[test]
fn a_journal_notes_what_a_connection_shows_and_changes_no_row() {
    for (which, talk) in built().iter().enumerate() {
        let frames = frames(talk, Ip::Four);
        let mut tap = Tap::new(Config::default());
        tap.keep_journal(1);
        for frame in &raw(&frames) {
            tap.push_frame_told(frame);
        }
        let told = finished(tap);
        assert_eq!(rows(&told), rows(&run(&frames)), "conversation {which}");
        let journal = told.tap.journal().expect("it was asked for");
        assert!(!journal.steps().is_empty() && journal.dropped() == 0, "conversation {which}");
        let packets: Vec<u64> = journal.steps().iter().map(|step| step.first.packet).collect();
        assert!(packets.is_sorted() && packets.iter().all(|packet| *packet <= frames.len() as u64));
    }
}

#[test]
fn room_that_cannot_be_had_is_refused_and_the_tap_goes_on() {
    let mut tap = Tap::new(Config::default());
    feed(&mut tap, &whole().packets[..5]);
    assert!(tap.reserve(usize::MAX >> 6).is_err());
    // Far more entries than the index begins with: it is moved, and what it holds is found again.
    tap.reserve(100_000).expect("room for some megabytes");
    feed(&mut tap, &whole().packets[5..]);
    assert_eq!(rows(&finished(tap)), rows(&whole().run()));
}
