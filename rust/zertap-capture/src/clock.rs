//! From a capture's stamps to packet time, in whole numbers and without loss down to the nanosecond.
//!
//! A pcapng interface says how long its tick is (`if_tsresol`: 10^-n or 2^-n seconds) and what to add
//! (`if_tsoffset`: whole seconds). What 64-bit nanoseconds since 1970 cannot hold is no time (EDGE_CASES FILE-14).

use zertap_core::time::Timestamp;

const NANOSECONDS: u64 = 1_000_000_000;

/// The step of an interface's stamps, as pcapng's `if_tsresol` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeResolution {
    /// 10 to the minus this, in seconds: 6 for microseconds, 9 for nanoseconds.
    Decimal(u8),
    /// 2 to the minus this, in seconds.
    Binary(u8),
}

/// One interface's rule from ticks to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    scale: Scale,
    /// Unit: seconds.
    offset: i64,
}

/// How many nanoseconds a tick has, or how many ticks a nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Times(u64),
    Over(u128),
    /// A tick is 2^-n seconds.
    Shift(u8),
    /// A tick is so short that 64 bits of them do not fill one nanosecond.
    Vanishing,
}

impl Clock {
    pub(crate) fn new(resolution: TimeResolution, offset: i64) -> Self {
        let scale = match resolution {
            TimeResolution::Decimal(n @ 0..=9) => Scale::Times(10_u64.pow(u32::from(9 - n))),
            TimeResolution::Decimal(n) => {
                10_u128.checked_pow(u32::from(n - 9)).map_or(Scale::Vanishing, Scale::Over)
            }
            TimeResolution::Binary(n) if n < 128 => Scale::Shift(n),
            TimeResolution::Binary(_) => Scale::Vanishing,
        };
        Self { scale, offset }
    }

    /// The moment of a stamp, rounded down to the nanosecond; `None` before 1970 or past 64 bits.
    #[inline]
    pub(crate) fn at(self, ticks: u64) -> Option<Timestamp> {
        if let (Scale::Times(factor), 0) = (self.scale, self.offset) {
            return ticks.checked_mul(factor).map(Timestamp);
        }
        let ticks = u128::from(ticks);
        let since = match self.scale {
            Scale::Times(factor) => ticks * u128::from(factor),
            Scale::Over(divisor) => ticks / divisor,
            Scale::Shift(n) => (ticks * u128::from(NANOSECONDS)) >> n,
            Scale::Vanishing => 0,
        };
        // Both terms stay below 2^95, so the sum cannot wrap.
        let moved = i128::try_from(since).ok()? + i128::from(self.offset) * i128::from(NANOSECONDS);
        u64::try_from(moved).ok().map(Timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(resolution: TimeResolution, offset: i64, ticks: u64) -> Option<u64> {
        Clock::new(resolution, offset).at(ticks).map(|time| time.0)
    }

    #[test]
    fn decimal_ticks_are_exact_at_every_power() {
        assert_eq!(at(TimeResolution::Decimal(0), 0, 7), Some(7_000_000_000));
        assert_eq!(at(TimeResolution::Decimal(3), 0, 1_700_000_000_123), Some(1_700_000_000_123_000_000));
        assert_eq!(at(TimeResolution::Decimal(6), 0, 1_700_000_000_123_456), Some(1_700_000_000_123_456_000));
        assert_eq!(at(TimeResolution::Decimal(9), 0, u64::MAX), Some(u64::MAX));
        assert_eq!(at(TimeResolution::Decimal(12), 0, 1_999), Some(1));
        assert_eq!(at(TimeResolution::Decimal(127), 0, u64::MAX), Some(0));
    }

    #[test]
    fn binary_ticks_round_down_to_the_nanosecond() {
        assert_eq!(at(TimeResolution::Binary(0), 0, 3), Some(3_000_000_000));
        assert_eq!(at(TimeResolution::Binary(10), 0, 1_025), Some(1_000_976_562));
        assert_eq!(at(TimeResolution::Binary(32), 0, (5 << 32) + (1 << 31)), Some(5_500_000_000));
        assert_eq!(at(TimeResolution::Binary(64), 0, u64::MAX), Some(999_999_999));
        assert_eq!(at(TimeResolution::Binary(127), 0, u64::MAX), Some(0));
    }

    #[test]
    fn the_offset_moves_both_ways_and_out_of_range_is_no_time() {
        assert_eq!(at(TimeResolution::Decimal(6), 100, 5), Some(100_000_005_000));
        assert_eq!(at(TimeResolution::Decimal(6), -1, 1_000_001), Some(1_000));
        assert_eq!(at(TimeResolution::Decimal(6), -1, 999_999), None);
        assert_eq!(at(TimeResolution::Decimal(6), 0, u64::MAX), None);
        assert_eq!(at(TimeResolution::Decimal(0), i64::MAX, u64::MAX), None);
        assert_eq!(at(TimeResolution::Decimal(0), i64::MIN, u64::MAX), None);
    }
}
