//! What no conversation shows: sizes, and numbers that have gone around.

use super::*;
use crate::batch::EventBatch;
use crate::flow::SpareRooms;
use crate::flow::attempts::Attempt;
use crate::flow::follow::Cause;
use crate::handshake::Room;
use crate::profiles::Profiles;

/// What a table is lent by its tap.
#[derive(Default)]
struct Shop {
    config: Config,
    room: Room,
    profiles: Profiles,
    batch: EventBatch,
    spare: SpareRooms,
}

impl Shop {
    fn place(&mut self, cause: Cause) -> Workplace<'_> {
        let Self { config, room, profiles, batch, spare } = self;
        Workplace { config, room, profiles, batch, spare, cause }
    }
}

fn segment(from_client: bool, flags: TcpFlags, sequence: u32, acknowledgment: u32) -> Segment<'static> {
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

/// The last row of an attempt as if it had had a slot.
fn leave(place: &mut Workplace<'_>, attempt: &Attempt) {
    let now = place.cause;
    place.cause = attempt.cause();
    let syn = syn_segment(&attempt.key, attempt.from_low, attempt.sequence);
    let Attempt { key, from_low, ordinal, number, .. } = *attempt;
    let mut conn = new_connection(place, key, from_low, &syn, ordinal, number);
    let side = conn.sender(from_low);
    place.segment(&mut conn, side, &syn);
    place.cause = now;
    place.abandon(&mut conn, RowKind::Unfinished);
}

#[test]
fn a_slot_is_four_cache_lines() {
    assert_eq!(size_of::<Slot>(), 256);
}

#[test]
fn an_unanswered_attempt_leaves_the_row_of_a_connection_with_one_segment() {
    let mut shop = Shop::default();
    let mut place = shop.place(Cause { at: Timestamp(9), packet: 7 });
    for from_low in [true, false] {
        let (key, _) = FlowKey::of(&Corners::of(&segment(true, TcpFlags::SYN, 5, 0)));
        let attempt =
            Attempt { key, at: Timestamp(3), packet: 2, number: 4, sequence: 5, ordinal: 6, from_low };
        leave(&mut place, &attempt);
        place.leave_unanswered(&attempt);
    }
    assert_eq!(shop.batch.fates.never_established, 4);
    let rows: Vec<String> = shop.batch.rows().iter().map(|row| format!("{row:?}")).collect();
    assert_eq!((rows.len(), &rows[0], &rows[2]), (4, &rows[1], &rows[3]));
    assert_ne!(rows[0], rows[2]);
}

/// After half a thousand million connections the numbers of ended ones have the bit that marks attempts.
#[test]
fn an_ended_connection_absorbs_its_stragglers_under_every_number() {
    for first in [0, ATTEMPT - 1, ATTEMPT, NUMBERS - 1] {
        let mut shop = Shop::default();
        let mut table = Table::new([1, 2]);
        table.linger = Linger::numbered_from(first);
        let refused = TcpFlags(TcpFlags::RST.0 | TcpFlags::ACK.0);
        let straggler = segment(true, TcpFlags::ACK, 6, 1);
        let all = [segment(true, TcpFlags::SYN, 5, 0), segment(false, refused, 0, 6), straggler, straggler];
        for (packet, segment) in (1..).zip(&all) {
            let mut place = shop.place(Cause { at: Timestamp(packet), packet });
            let identity = table.identify(&Corners::of(segment));
            table.segment(&mut place, segment, &identity, Guess::default());
        }
        let counters = table.counters();
        assert_eq!((counters.opened, counters.ended, counters.stragglers), (1, 1, 2), "{first}");
    }
}
