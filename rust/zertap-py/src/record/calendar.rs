//! Dates as packed decimal `0cyydddF` (century since 1900, year, day of the year) and times of day in hundredths.

use crate::clock;

const NANOSECONDS_A_DAY: u64 = 86_400_000_000_000;
const NANOSECONDS_A_HUNDREDTH: u64 = 10_000_000;
/// Hundredths of a second in a day.
pub(super) const HUNDREDTHS_A_DAY: u32 = 8_640_000;

/// Days since 1970 and hundredths since midnight of an instant in nanoseconds since 1970; parts are cut off.
pub(super) fn split(at: u64) -> (u32, u32) {
    // A u64 of nanoseconds has fewer than 2^18 days, a day fewer than 2^24 hundredths.
    ((at / NANOSECONDS_A_DAY) as u32, (at % NANOSECONDS_A_DAY / NANOSECONDS_A_HUNDREDTH) as u32)
}

/// A day as packed decimal; days since 1970. Its year has a century digit: a u64 of nanoseconds ends in 2554.
pub(super) fn pack(days: u32) -> u32 {
    let (year, ordinal) = clock::ordinal(i64::from(days));
    let since = u32::try_from(year - 1900).unwrap_or_default();
    let digits =
        [since / 100 % 10, since / 10 % 10, since % 10, ordinal / 100, ordinal / 10 % 10, ordinal % 10];
    digits.iter().fold(0, |packed, digit| packed << 4 | digit) << 4 | 0xF
}

/// Days since 1970 that a packed decimal names, or `None` when it names no day.
pub(super) fn unpack(packed: u32) -> Option<i32> {
    let digit = |at: u32| packed >> (4 * at) & 15;
    if digit(7) != 0 || !matches!(digit(0), 0xC | 0xF) || (1..7).any(|at| digit(at) > 9) {
        return None;
    }
    let year = i64::from(1900 + 100 * digit(6) + 10 * digit(5) + digit(4));
    let ordinal = 100 * digit(3) + 10 * digit(2) + digit(1);
    let first = clock::first_day(year);
    let length = clock::first_day(year + 1) - first;
    let within = (1..=length).contains(&i64::from(ordinal));
    if within { i32::try_from(first + i64::from(ordinal) - 1).ok() } else { None }
}

/// Milliseconds since 1970 of a time and a packed date, or `None` when they name no instant.
pub(super) fn moment(hundredths: u32, packed: u32) -> Option<i64> {
    if hundredths >= HUNDREDTHS_A_DAY {
        return None;
    }
    Some(i64::from(unpack(packed)?) * 86_400_000 + i64::from(hundredths) * 10)
}

/// Appends `YYYY-MM-DD`; years 1900 to 2899 as packed dates have them.
pub(super) fn write_day(out: &mut Vec<u8>, days: i32) {
    clock::write_date(out, i64::from(days));
}

/// Appends `hh:mm:ss.cc`.
pub(super) fn write_time(out: &mut Vec<u8>, hundredths: u32) {
    let seconds = hundredths / 100;
    for (before, number) in
        [("", seconds / 3600), (":", seconds / 60 % 60), (":", seconds % 60), (".", hundredths % 100)]
    {
        out.extend_from_slice(before.as_bytes());
        clock::digits(out, number.into(), 2);
    }
}

/// Appends `YYYY-MM-DDThh:mm:ss` with six decimals where there is a part of a second.
pub(super) fn write_moment(out: &mut Vec<u8>, milliseconds: i64) {
    write_seconds(out, milliseconds);
    let part = milliseconds.rem_euclid(1000).unsigned_abs();
    if part > 0 {
        out.push(b'.');
        clock::digits(out, part * 1000, 6);
    }
}

/// Appends `YYYY-MM-DDThh:mm:ss.mmm`.
pub(super) fn write_stamp(out: &mut Vec<u8>, milliseconds: i64) {
    write_seconds(out, milliseconds);
    out.push(b'.');
    clock::digits(out, milliseconds.rem_euclid(1000).unsigned_abs(), 3);
}

fn write_seconds(out: &mut Vec<u8>, milliseconds: i64) {
    clock::write_date(out, milliseconds.div_euclid(86_400_000));
    let seconds = milliseconds.rem_euclid(86_400_000).unsigned_abs() / 1000;
    for (before, number) in [("T", seconds / 3600), (":", seconds / 60 % 60), (":", seconds % 60)] {
        out.extend_from_slice(before.as_bytes());
        clock::digits(out, number, 2);
    }
}
