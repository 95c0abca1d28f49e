//! What a table of connections counts.

/// What the table counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableCounters {
    /// Connections and attempts opened.
    pub opened: u64,
    /// Ended by FIN or RST, or replaced.
    pub ended: u64,
    /// Dropped because the table was full.
    pub evicted: u64,
    /// Half-open attempts dropped because too many waited.
    pub half_open_dropped: u64,
    /// Reported as unfinished at the end of input.
    pub unfinished: u64,
    /// Segments that came after their connection's end.
    pub stragglers: u64,
    /// Connections that were established.
    pub established: u64,
}

impl std::iter::Sum for TableCounters {
    /// What several tables counted.
    fn sum<I: Iterator<Item = Self>>(counters: I) -> Self {
        counters.fold(Self::default(), |whole, each| Self {
            opened: whole.opened + each.opened,
            ended: whole.ended + each.ended,
            evicted: whole.evicted + each.evicted,
            half_open_dropped: whole.half_open_dropped + each.half_open_dropped,
            unfinished: whole.unfinished + each.unfinished,
            stragglers: whole.stragglers + each.stragglers,
            established: whole.established + each.established,
        })
    }
}
