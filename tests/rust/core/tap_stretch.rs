//! Several taps that share stretches of frames write, row for row, what one tap writes of the same frames.

use crate::frames::{Ip, WAYS, ethernet, fragment, ip, packet, tcp, udp};
use crate::order::{Choices, built, disturbed};
use crate::said::said;
use crate::support::*;
use proptest::prelude::*;
use zertap_core::config::Config;
use zertap_core::tap::{RawFrame, Share, SharedRows, Stretch, Tap, TapCounters};
use zertap_core::time::{Recurring, Span, Timestamp};
use zertap_core::wire::{Ground, LinkType};

/// A frame with its time.
type Timed = (u64, LinkType, Vec<u8>);

fn raw((at, link, octets): &Timed) -> RawFrame<'_> {
    RawFrame { at: Timestamp(*at), link: *link, bytes: octets, wire_length: octets.len() as u32 }
}

/// What came out: rows, and what the taps counted.
type Outcome = (Vec<String>, TapCounters, Option<(Timestamp, Timestamp)>);

fn alone(frames: &[Timed], config: &Config) -> Outcome {
    let mut tap = Tap::new(config.clone());
    tap.push_frames(&mut frames.iter().map(raw));
    tap.finish();
    (tap.drain().iter().map(said).collect(), tap.counters().clone(), tap.clock())
}

/// The same by taps that share stretches of so many packets.
fn together(frames: &[Timed], config: &Config, count: u32, lengths: &mut Choices<'_>) -> Outcome {
    let share = |index| Tap::shared(config.clone(), Share { index, count });
    let mut taps: Vec<Tap> = (0..count).map(share).collect();
    let mut scout = taps[0].scout().expect("a tap of a share");
    let mut stretch = scout.stretch();
    let mut rest = frames;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(1 + lengths.below(90)));
        // As in a buffer: other octets stand between the frames'; and before them, where not all of them are shown.
        let mut octets = vec![];
        let from = lengths.below(3) * 4000;
        stretch.clear();
        for frame in now {
            octets.extend([0xee; 5]);
            scout.look(&mut stretch, &raw(frame), from + octets.len());
            octets.extend(&frame.2);
        }
        assert_eq!(stretch.packets(), now.len());
        let range = stretch.range();
        assert!(range.is_empty() || from < range.start && range.end <= from + octets.len());
        for tap in &mut taps {
            tap.push_stretch(&stretch, Ground::new(&octets, from));
        }
        rest = later;
    }
    taps.iter_mut().for_each(Tap::finish);
    let (counters, clock) = (taps[0].counters().clone(), taps[0].clock());
    assert!(taps.iter().all(|tap| (tap.counters(), tap.clock()) == (&counters, clock)));
    let (mut placed, mut all_openings) = (vec![], vec![]);
    for tap in &mut taps {
        let SharedRows { rows, places, openings } = tap.take_shared();
        assert_eq!(rows.len(), places.len());
        placed.extend(places.into_iter().zip(rows));
        all_openings.extend(openings);
    }
    // Rows of one connection may have equal places; they come from one tap, in order.
    placed.sort_by_key(|(place, _)| *place);
    all_openings.sort_unstable();
    let numbered = placed.into_iter().map(|(_, mut row)| {
        row.connection = all_openings.partition_point(|packet| *packet <= row.connection) as u64;
        said(&row)
    });
    (numbered.collect(), counters, clock)
}

/// What is no segment of a conversation, or none that the straight road takes.
fn strange(which: usize) -> (LinkType, Vec<u8>) {
    let octets = match which {
        0 => ethernet(&packet(Ip::Four, true, 17, &udp(53, b"what is no TCP"))),
        1 => vec![2; 13],
        2 => [&[2; 12][..], &[8, 6], &[0; 28]].concat(),
        3 => vec![],
        _ => ethernet(&packet(Ip::Six, true, 58, &[1, 0, 0, 0])),
    };
    (LinkType::ETHERNET, octets)
}

/// The frames of a packet: by one of the ways, each direction by its own, some in fragments.
fn frames(packet: &Packet, way: usize, choices: &mut Choices<'_>) -> Vec<(LinkType, Vec<u8>)> {
    let version = if way.is_multiple_of(2) { Ip::Four } else { Ip::Six };
    let segment = tcp(packet);
    if version == Ip::Four && segment.len() > 48 && choices.below(6) == 0 {
        let cut = (segment.len() / 2).next_multiple_of(8);
        let piece = |start: usize, end: usize, field| {
            ethernet(&fragment(Ip::Four, packet.from == CLIENT, 6, &segment[start..end], field))
        };
        let offset = u16::try_from(cut / 8).expect("an offset");
        let pieces = [piece(cut, segment.len(), offset), piece(0, cut, 0x2000)];
        return pieces.map(|octets| (LinkType::ETHERNET, octets)).into();
    }
    // Mostly the usual road; two lanes for the two directions where it is another one.
    let (_, link, wrap) = match way % 7 {
        0..=3 => WAYS[0],
        4 => WAYS[if packet.from == CLIENT { 10 } else { 0 }],
        _ => WAYS[way % WAYS.len()],
    };
    vec![(link, wrap(&ip(packet, version)))]
}

/// Conversations of all kinds, one packet here and one there, at times that also stand still, jump, and run backwards.
fn crowd(choices: &mut Choices<'_>) -> Vec<Timed> {
    let mut talks: Vec<_> = built()
        .iter()
        .zip(0_u16..)
        .filter_map(|(talk, which)| {
            let ports = (40_000 + which % 5, if which < 12 { 443 } else { 2_000 + which });
            let talk = if choices.below(3) == 0 { disturbed(talk, choices) } else { talk.clone() };
            let packets = talk.on_ports(ports.0, ports.1).packets;
            (choices.below(4) > 0).then(|| (packets.into_iter(), choices.below(100)))
        })
        .collect();
    let (mut all, mut now) = (vec![], EPOCH);
    while !talks.is_empty() {
        let which = choices.below(talks.len());
        let (packets, way) = &mut talks[which];
        let Some(packet) = packets.next() else {
            talks.remove(which);
            continue;
        };
        let mut next = frames(&packet, *way, choices);
        if choices.below(5) == 0 {
            next.push(strange(choices.below(5)));
        }
        for (link, octets) in next {
            now = match choices.below(40) {
                0 => now + 11 * SECOND,
                1 => now + 40 * SECOND,
                2 => now.saturating_sub(7 * SECOND),
                3..20 => now,
                _ => now + 100 * MILLISECOND,
            };
            all.push((now, link, octets));
        }
    }
    all
}

proptest! {
    #![proptest_config(crate::order::persistence())]

    #[test]
    fn taps_that_share_stretches_write_the_rows_of_one(
        numbers in prop::collection::vec(any::<u16>(), 1..300),
        count in 1_u32..6,
        interval in prop::option::of(1_u64..30),
        known: bool,
    ) {
        let mut choices = Choices::new(&numbers);
        let mut frames = crowd(&mut choices);
        if !known {
            // A capture whose first packets have no time.
            frames.iter_mut().take(10).for_each(|frame| frame.0 = 0);
        }
        let interval = interval.and_then(|seconds| Recurring::new(Span::seconds(seconds), Span(0)));
        let config = Config { interval, ..asking_for_all() };
        let expected = alone(&frames, &config);
        prop_assert_eq!(together(&frames, &config, count, &mut choices), expected);
    }
}

#[test]
fn frames_whose_octets_are_gone_count_and_nobody_follows_them() {
    let frames: Vec<Timed> =
        crowd(&mut Choices::new(&[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7])).into_iter().take(60).collect();
    let share = |index| Tap::shared(Config::default(), Share { index, count: 2 });
    let mut taps = [share(0), share(1)];
    let mut scout = taps[0].scout().expect("a tap of a share");
    let (mut stretch, mut octets): (Stretch, Vec<u8>) = (scout.stretch(), vec![]);
    for frame in &frames {
        scout.look(&mut stretch, &raw(frame), octets.len());
        octets.extend(&frame.2);
    }
    let half = &octets[..octets.len() / 2];
    taps[0].push_stretch(&stretch, Ground::new(half, 0));
    taps[1].push_stretch(&stretch, Ground::new(&[], 0));
    assert_eq!(taps[1].live(), 0);
    for tap in &mut taps {
        tap.finish();
        let account = tap.ledger();
        assert_eq!((account.frames, account.segments + account.skipped), (60, 60));
        assert_eq!(account.live, 0);
    }
    assert!(Tap::new(Config::default()).scout().is_none());
}
