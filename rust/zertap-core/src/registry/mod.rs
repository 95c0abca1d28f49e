//! Registered numbers and names of TLS, SSH and X.509, and the cryptographic facts behind them.
//!
//! Wire numbers are newtypes that keep every value, known or not; a name or a fact is a question to them.
//! The rows live as dated CSV files in `tables/` beside this crate; `tables.rs` is generated from them by
//! `cargo xtask tables` and is never edited. Nothing here parses or judges: strength is the reader's business.

mod algorithm;
pub mod ssh;
#[rustfmt::skip]
mod tables;
pub mod tls;
pub mod x509;

pub use algorithm::{BulkCipher, CipherMode, HashAlgorithm, MacAlgorithm};

/// One row of a registry that maps a number to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<N> {
    /// The number on the wire.
    pub number: N,
    /// The registered name.
    pub name: &'static str,
    /// How official the number is.
    pub standing: Standing,
}

/// How official a number or name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Registered at IANA.
    Iana,
    /// Specified in an Internet-Draft only, or by a specification older than the registry.
    Draft,
    /// In use by an implementation, registered nowhere.
    Private,
    /// Reserved at IANA because of an older use; the older use's name is given.
    Reserved,
    /// A pair of the TLS 1.2 HashAlgorithm and SignatureAlgorithm registries (RFC 5246 7.4.1.4.1).
    Tls12,
}

/// The name of `number` in `rows`, which are sorted by number.
fn name_of<N: Ord + Copy>(rows: &'static [Named<N>], number: N) -> Option<&'static str> {
    let at = rows.binary_search_by(|row| row.number.cmp(&number)).ok()?;
    rows.get(at).map(|row| row.name)
}

/// Whether `number` is one of the sixteen GREASE values 0x0A0A, 0x1A1A, ... 0xFAFA (RFC 8701 section 2).
const fn is_grease(number: u16) -> bool {
    number & 0x0F0F == 0x0A0A && number >> 8 == number & 0x00FF
}
