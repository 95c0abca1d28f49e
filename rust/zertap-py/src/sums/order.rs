//! The order in which groups are told.

use super::entries::Pieces;
use super::key::Key;
use std::cmp::Ordering;

/// One field of a key after the other: servers, clients, ports, ways, local ends.
const FIELDS: [fn(&Key) -> u64; 5] = [
    |key| upper(key.place.server),
    |key| lower(key.place.server),
    |key| upper(key.place.client),
    |key| lower(key.place.client),
    |key| {
        let [first, last] = key.place.ports.map(u64::from);
        first << 32 | last << 16 | (key.place.way as u64) << 8 | u64::from(key.local)
    },
];

/// The numbers of *told* groups by these fields, at last as *rest* says.
///
/// Each field sorts those alike in the fields before: numbers beside each other are compared several times as fast as
/// keys are, and mostly the first fields tell.
pub(super) fn ordered(groups: &Pieces, told: Vec<u32>, rest: impl Fn(&Key, &Key) -> Ordering) -> Vec<u32> {
    let mut order: Vec<(u64, u32)> = told.into_iter().map(|at| (0, at)).collect();
    refine(&mut order, groups, &FIELDS, &rest);
    order.into_iter().map(|(_, at)| at).collect()
}

fn refine(
    order: &mut [(u64, u32)],
    groups: &Pieces,
    fields: &[fn(&Key) -> u64],
    rest: &impl Fn(&Key, &Key) -> Ordering,
) {
    let key = |at: u32| groups.get(at as usize).map(|group| &group.key);
    let Some((field, finer)) = fields.split_first() else {
        return order.sort_unstable_by(|(_, one), (_, other)| match (key(*one), key(*other)) {
            (Some(one), Some(other)) => rest(one, other),
            _ => Ordering::Equal,
        });
    };
    for (number, at) in &mut *order {
        *number = key(*at).map_or(0, field);
    }
    order.sort_unstable_by_key(|(number, _)| *number);
    for alike in order.chunk_by_mut(|(one, _), (other, _)| one == other) {
        if alike.len() > 1 {
            refine(alike, groups, finer, rest);
        }
    }
}

fn upper(address: [u8; 16]) -> u64 {
    (u128::from_be_bytes(address) >> 64) as u64
}

fn lower(address: [u8; 16]) -> u64 {
    u128::from_be_bytes(address) as u64
}
