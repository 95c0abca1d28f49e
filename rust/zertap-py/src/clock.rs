//! Packet time as RFC 3339 text in UTC.

use zertap_core::time::Timestamp;

const DAY: u64 = 86_400;

/// Appends `YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ`.
pub(crate) fn write_rfc3339(out: &mut Vec<u8>, at: Timestamp) {
    let (seconds, nanoseconds) = (at.0 / 1_000_000_000, at.0 % 1_000_000_000);
    write_seconds(out, seconds);
    out.push(b'.');
    digits(out, nanoseconds, 9);
    out.push(b'Z');
}

/// Whole seconds since 1970 as `YYYY-MM-DDThh:mm:ssZ`; `None` outside the years 0 to 9999.
pub(crate) fn rfc3339_seconds(seconds: i64) -> Option<String> {
    let (year, month, day) = civil(seconds.div_euclid(DAY.cast_signed()));
    if !(0..=9999).contains(&year) {
        return None;
    }
    let time = seconds.rem_euclid(DAY.cast_signed());
    Some(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60))
}

fn write_seconds(out: &mut Vec<u8>, seconds: u64) {
    write_date(out, (seconds / DAY).cast_signed());
    let time = seconds % DAY;
    for (separator, number) in [(b'T', time / 3600), (b':', time / 60 % 60), (b':', time % 60)] {
        out.push(separator);
        digits(out, number, 2);
    }
}

/// A day number since 1970-01-01 as `YYYY-MM-DD`; years 0 to 9999.
pub(crate) fn write_date(out: &mut Vec<u8>, day_number: i64) {
    let (year, month, day) = civil(day_number);
    digits(out, year.unsigned_abs(), 4);
    for number in [month, day] {
        out.push(b'-');
        digits(out, number, 2);
    }
}

/// Year of a day number since 1970-01-01, and the day's number in that year, from 1.
pub(crate) fn ordinal(day_number: i64) -> (i64, u32) {
    let (year, _, _) = civil(day_number);
    (year, u32::try_from(day_number - first_day(year) + 1).unwrap_or_default())
}

/// Day number of 1 January, days since 1970-01-01.
pub(crate) fn first_day(year: i64) -> i64 {
    let before = year - 1;
    let days = |year: i64| 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    days(before) - days(1969)
}

/// Appends a number in so many decimal digits.
pub(crate) fn digits(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut text = [b'0'; 20];
    for place in text.iter_mut().take(width).rev() {
        // A decimal digit always fits.
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(text.get(..width).unwrap_or_default());
}

/// Year, month and day of a day number since 1970-01-01, in the proleptic Gregorian calendar.
///
/// Counted in eras of 400 years that begin on 1 March, so that the leap day ends each year.
fn civil(day_number: i64) -> (i64, u64, u64) {
    const ERA: i64 = 146_097;
    let shifted = day_number + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month.unsigned_abs(), day.unsigned_abs())
}
