//! Pseudonyms of addresses: what stands in their place in a report that leaves the house.
//!
//! An address is replaced in the row itself, before anything is made of it, so that every output and every identity
//! derived from addresses (the uid, Community ID) holds the pseudonym. The same key gives the same pseudonyms.
//!
//! *Prefix*: Crypto-PAn (Xu, Fan, Ammar, Moon 2002): two addresses share as many leading bits as before. *Plain*: one
//! AES block of the address, cut to IPv4's reserved 240.0.0.0/4 (28 bits, so two of very many addresses may meet) or to
//! IPv6's fd00::/8 (120 bits): nobody takes them for real hosts, and nothing of the network's shape stays.

use crate::error;
use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use pyo3::prelude::*;
use zertap_core::event::Row;
use zertap_core::wire::Address;

/// How an address is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Prefix,
    Plain,
}

impl Manner {
    /// The manner of this word.
    fn named(word: &str) -> Option<Self> {
        match word {
            "prefix" => Some(Manner::Prefix),
            "plain" => Some(Manner::Plain),
            _ => None,
        }
    }
}

/// Octets of a key: one half for the cipher, the other for Crypto-PAn's padding.
const KEY: usize = 32;

/// One key and manner.
pub(crate) struct Pseudonyms {
    cipher: Aes128,
    padding: u128,
    manner: Manner,
}

impl Pseudonyms {
    fn new(manner: Manner, key: &[u8; KEY]) -> Self {
        let half = |from: usize| std::array::from_fn(|at| key.get(from + at).copied().unwrap_or(0));
        let mut this = Self { cipher: Aes128::new(&Array(half(0))), padding: 0, manner };
        this.padding = this.encrypt(u128::from_be_bytes(half(16)));
        this
    }

    /// Puts pseudonyms in the place of a row's addresses.
    pub(crate) fn disguise(&self, row: &mut Row) {
        row.addresses = row.addresses.map(|address| self.of(address));
    }

    /// The pseudonym of one address, of the same family.
    fn of(&self, address: Address) -> Address {
        match (address.ipv4(), self.manner) {
            (Some(octets), Manner::Prefix) => {
                let left = u128::from(u32::from_be_bytes(octets)) << 96;
                Address::v4(((self.prefix(left, 32) >> 96) as u32).to_be_bytes())
            }
            (None, Manner::Prefix) => Address(self.prefix(u128::from_be_bytes(address.0), 128).to_be_bytes()),
            (Some(_), Manner::Plain) => {
                let block = self.encrypt(u128::from_be_bytes(address.0));
                Address::v4((0xF000_0000 | (block >> 100) as u32).to_be_bytes())
            }
            (None, Manner::Plain) => {
                let block = self.encrypt(u128::from_be_bytes(address.0));
                Address((0xFD << 120 | block >> 8).to_be_bytes())
            }
        }
    }

    /// Crypto-PAn of the first `bits` of `address`: each bit is turned, or not, as the bits before it say.
    fn prefix(&self, address: u128, bits: u32) -> u128 {
        (0..bits).fold(address, |turned, bit| {
            let rest = u128::MAX >> bit;
            let block = self.encrypt(address & !rest | self.padding & rest);
            turned ^ (block >> 127) << (127 - bit)
        })
    }

    fn encrypt(&self, block: u128) -> u128 {
        let mut block = Array(block.to_be_bytes());
        self.cipher.encrypt_block(&mut block);
        u128::from_be_bytes(block.0)
    }
}

/// The pseudonym of one address as text, for whoever must compare with pseudonyms (networks that are ours).
#[pyfunction]
pub(crate) fn pseudonym(
    py: Python<'_>,
    manner: &str,
    key: Vec<u8>,
    address: std::net::IpAddr,
) -> PyResult<String> {
    Ok(make(py, manner, key)?.of(address.into()).to_string())
}

/// Pseudonyms of this manner and key. Raises `Usage`.
pub(crate) fn make(py: Python<'_>, manner: &str, key: Vec<u8>) -> PyResult<Pseudonyms> {
    let manner = Manner::named(manner)
        .ok_or_else(|| error::usage(py, &format!("no such manner of pseudonyms: `{manner}`")))?;
    let key = <[u8; KEY]>::try_from(key)
        .map_err(|key| error::usage(py, &format!("a pseudonym key has {KEY} octets, not {}", key.len())))?;
    Ok(Pseudonyms::new(manner, &key))
}
