//! How a fact is known.

use crate::compact::compact;

/// How one fact about a connection is known; every reported fact has exactly one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Evidence {
    /// The wire has not shown it (yet), or it passed under encryption or in lost octets.
    #[default]
    NotVisible = 0,
    /// One side offered or announced it; whether it took effect is not visible.
    Offered = 1,
    /// Derived from lengths, order or absence rather than read from a field.
    Inferred = 2,
    /// Read from the message that settles it.
    Negotiated = 3,
    /// Told by the program that is the connection's end.
    Advised = 4,
}

impl Evidence {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Evidence::NotVisible => "not_visible",
            Evidence::Offered => "offered",
            Evidence::Inferred => "inferred",
            Evidence::Negotiated => "negotiated",
            Evidence::Advised => "advised",
        }
    }
}

compact!(
    enum Evidence {
        NotVisible,
        Offered,
        Inferred,
        Negotiated,
        Advised,
    }
);
