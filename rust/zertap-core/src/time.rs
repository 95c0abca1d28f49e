//! Packet time: nanoseconds, always given by whoever feeds frames, never read from a clock.

use crate::compact::{Compact, Reading, Writer};

/// A moment of packet time.
///
/// Unit: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

/// A length of packet time.
///
/// Unit: nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Span {
    /// A span of whole seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }
}

impl Timestamp {
    /// Time from `earlier` to this moment; zero if `earlier` is later (A9: life is never negative).
    pub const fn since(self, earlier: Timestamp) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved forward by `span`, saturating at the end of representable time.
    pub const fn after(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

/// Moments that come again and again: `offset` since 1970, and every `every` before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurring {
    every: Span,
    offset: u64,
}

impl Recurring {
    /// `None` if `every` is no span at all. Only what is left of `offset` by whole spans counts.
    pub const fn new(every: Span, offset: Span) -> Option<Self> {
        if every.0 == 0 { None } else { Some(Self { every, offset: offset.0 % every.0 }) }
    }

    /// The first of them after `at`; `None` beyond the end of representable time.
    pub const fn first_after(&self, at: Timestamp) -> Option<Timestamp> {
        let Some(since) = at.0.checked_sub(self.offset) else { return Some(Timestamp(self.offset)) };
        match at.0.checked_add(self.every.0 - since % self.every.0) {
            Some(next) => Some(Timestamp(next)),
            None => None,
        }
    }
}

impl Compact for Timestamp {
    fn write(self, to: &mut Writer) {
        self.0.write(to);
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        Compact::read(from).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_recurrence_lies_after_the_moment_and_on_the_grid() {
        let hours = Recurring::new(Span(60), Span(130)).expect("a span");
        let next = |at| hours.first_after(Timestamp(at)).map(|at| at.0);
        assert_eq!([0, 9, 10, 69, 70, 71].map(next), [10, 10, 70, 70, 130, 130].map(Some));
        assert_eq!(next(u64::MAX), None);
        assert_eq!(Recurring::new(Span(0), Span(7)), None);
    }
}
