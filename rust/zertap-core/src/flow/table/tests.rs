//! What no conversation shows: sizes, and numbers that have gone around.

use super::*;
use crate::flow::attempts::{Attempt, Reply};
use crate::flow::connection::HOT;
use crate::flow::follow::Cause;
use crate::flow::shop::Shop;
use crate::wire::{Address, Segment, TcpFlags};

fn segment(from_client: bool, flags: TcpFlags, sequence: u32, acknowledgment: u32) -> Arrival<'static> {
    Arrival::of(&whole(from_client, flags, sequence, acknowledgment))
}

fn whole(from_client: bool, flags: TcpFlags, sequence: u32, acknowledgment: u32) -> Segment<'static> {
    let ends = [(Address::v4([10, 0, 0, 1]), 50_000), (Address::v4([10, 0, 0, 2]), 443)];
    let [(source, source_port), (destination, destination_port)] =
        if from_client { ends } else { [ends[1], ends[0]] };
    Segment {
        source,
        destination,
        source_port,
        destination_port,
        lane: 0,
        sequence,
        acknowledgment,
        flags,
        window: 0,
        options: &[],
        payload: &[],
        payload_on_wire: 0,
        fragment_overlap: false,
    }
}

/// An attempt's connection, as if it had had a slot from the start.
fn with_slot(place: &mut Workplace<'_>, attempt: &Attempt) -> Connection {
    let now = place.cause;
    place.cause = attempt.cause();
    let syn = Arrival::of_syn(attempt.sequence);
    let Attempt { key, from_low, ordinal, number, .. } = *attempt;
    let mut conn = new_connection(place, key, from_low, &syn, ordinal, number);
    let side = conn.sender(from_low);
    place.segment(&mut conn, side, &syn);
    place.cause = now;
    conn
}

fn attempt(from_client: bool) -> Attempt {
    let (key, from_low) = FlowKey::of(&Corners::of(&whole(from_client, TcpFlags::SYN, 5, 0)));
    Attempt::new(key, from_low, Cause { at: Timestamp(3), packet: 2 }, 5, 6, 4)
}

const BOTH: TcpFlags = TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0);
const REFUSED: TcpFlags = TcpFlags(TcpFlags::RST.0 | TcpFlags::ACK.0);

/// Rows in pairs that must be equal, as they would be shown.
fn assert_pairs(shop: &mut Shop, pairs: usize) {
    assert_eq!(shop.batch.fates.never_established, 2 * pairs as u64);
    let rows: Vec<String> = shop.batch.take().into_vec().iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(rows.len(), 2 * pairs);
    assert!(rows.chunks(2).all(|pair| pair[0] == pair[1]), "{rows:#?}");
    assert!(rows.iter().step_by(2).skip(1).all(|row| *row != rows[0]));
}

#[test]
fn a_slot_is_small_and_most_packets_need_its_first_part_only() {
    assert_eq!((size_of::<Slot>(), HOT), (216, 160));
    assert_eq!(size_of::<Ended>(), 28);
}

#[test]
fn an_unanswered_attempt_leaves_the_row_of_a_connection_with_one_segment() {
    let mut shop = Shop::default();
    let mut place = shop.place(Cause { at: Timestamp(9), packet: 7 });
    for from_client in [true, false] {
        let attempt = attempt(from_client);
        let mut conn = with_slot(&mut place, &attempt);
        place.abandon(&mut conn, RowKind::Unfinished);
        place.leave_unanswered(&attempt);
    }
    assert_pairs(&mut shop, 2);
}

#[test]
fn an_answered_attempt_leaves_the_row_of_a_connection_with_two_segments() {
    let mut shop = Shop::default();
    for from_client in [true, false] {
        let attempt = attempt(from_client);
        let answer = segment(!from_client, BOTH, 77, 6);
        assert_eq!(attempt.reply(!attempt.from_low, &answer), Reply::Accepts);
        let mut place = shop.place(Cause { at: Timestamp(8), packet: 5 });
        let mut conn = with_slot(&mut place, &attempt);
        let side = conn.sender(!attempt.from_low);
        assert!(!place.segment(&mut conn, side, &answer).any());
        let mut attempts = Attempts::default();
        let number = attempts.push(&attempt);
        attempts.answer(number, Timestamp(8), 77);
        place.cause = Cause { at: Timestamp(9), packet: 7 };
        place.abandon(&mut conn, RowKind::Unfinished);
        place.leave_unanswered(&attempts.get(number).expect("it is there"));
    }
    assert_pairs(&mut shop, 2);
}

#[test]
fn an_attempt_becomes_the_connection_that_it_would_have_been_with_a_slot() {
    let mut shop = Shop::default();
    for (from_client, number) in [(true, 4), (false, 4), (true, u64::MAX)] {
        let attempt = Attempt { number, ..attempt(from_client) };
        let mut place = shop.place(Cause { at: Timestamp(8), packet: 5 });
        let mut slow = with_slot(&mut place, &attempt);
        let mut attempts = Attempts::default();
        let number = attempts.push(&attempt);
        let direct = |attempts: &Attempts| attempts.get(number).map(|kept| Connection::of_attempt(&kept));
        assert_eq!(format!("{:?}", Some(&slow)), format!("{:?}", direct(&attempts)));
        let side = slow.sender(!attempt.from_low);
        assert!(!place.segment(&mut slow, side, &segment(!from_client, BOTH, 77, 6)).any());
        attempts.answer(number, Timestamp(8), 77);
        assert_eq!(format!("{:?}", Some(&slow)), format!("{:?}", direct(&attempts)));
    }
}

#[test]
fn a_refused_attempt_leaves_the_row_of_a_connection_that_was_reset_and_absorbs_the_same_stragglers() {
    let mut shop = Shop::default();
    for from_client in [true, false] {
        let attempt = attempt(from_client);
        let refusal = segment(!from_client, REFUSED, 0, 6);
        assert_eq!(attempt.reply(!attempt.from_low, &refusal), Reply::Refuses);
        let mut place = shop.place(Cause { at: Timestamp(9), packet: 7 });
        let mut conn = with_slot(&mut place, &attempt);
        let side = conn.sender(!attempt.from_low);
        assert!(place.segment(&mut conn, side, &refusal).ended);
        place.leave_refused(&attempt);
        let ended = [Ended::of(&conn, 12, Timestamp(11)), Ended::of_attempt(&attempt, 12, Timestamp(11))];
        let [slow, direct] = ended.map(|ended| format!("{ended:?}"));
        assert_eq!(slow, direct);
    }
    assert_pairs(&mut shop, 2);
}

/// What only a connection can tell is left to it.
#[test]
fn nothing_but_the_plain_answer_is_taken_for_one() {
    let attempt = attempt(true);
    let reply = |from_low, segment: &Arrival<'_>| attempt.reply(from_low, segment);
    let low = attempt.from_low;
    for flags in [BOTH, REFUSED] {
        assert_ne!(reply(!low, &segment(false, flags, 1, 6)), Reply::Other);
        assert_eq!(reply(low, &segment(true, flags, 1, 6)), Reply::Other, "its own sender");
        assert_eq!(reply(!low, &segment(false, flags, 1, 7)), Reply::Other, "another number");
        let with_fin = TcpFlags(flags.0 | TcpFlags::FIN.0);
        assert_eq!(reply(!low, &segment(false, with_fin, 1, 6)), Reply::Other, "more flags");
        let with_octets = Arrival { payload: b"x", payload_on_wire: 1, ..segment(false, flags, 1, 6) };
        assert_eq!(reply(!low, &with_octets), Reply::Other, "octets");
        let torn = Arrival { fragment_overlap: true, ..segment(false, flags, 1, 6) };
        assert_eq!(reply(!low, &torn), Reply::Other, "fragments that overlapped");
    }
    let mut attempts = Attempts::default();
    let number = attempts.push(&attempt);
    attempts.answer(number, Timestamp(4), 1);
    let answered = attempts.get(number).expect("it is there");
    assert_eq!(answered.reply(!low, &segment(false, BOTH, 1, 6)), Reply::Other, "a second answer");
}

/// After half a thousand million connections the numbers of ended ones have the bit that marks attempts.
#[test]
fn an_ended_connection_absorbs_its_stragglers_under_every_number() {
    for first in [0, ATTEMPT - 1, ATTEMPT, NUMBERS - 1] {
        let mut shop = Shop::default();
        let mut table = Table::new([1, 2]);
        table.ended = Memory::numbered_from(first);
        let straggler = whole(true, TcpFlags::ACK, 6, 1);
        let all = [whole(true, TcpFlags::SYN, 5, 0), whole(false, REFUSED, 0, 6), straggler, straggler];
        for (packet, segment) in (1..).zip(&all) {
            let mut place = shop.place(Cause { at: Timestamp(packet), packet });
            let identity = table.identify(&Corners::of(segment));
            table.segment(&mut place, &Arrival::of(segment), &identity, Guess::NONE);
        }
        let counters = table.counters();
        assert_eq!((counters.opened, counters.ended, counters.stragglers), (1, 1, 2), "{first}");
    }
}
