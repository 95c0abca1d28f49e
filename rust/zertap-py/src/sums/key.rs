//! What tells groups apart, and what tells the facts of rows apart.

use super::place::Place;
use std::hash::{Hash, Hasher};
use zertap_core::event::Row;

/// One group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) class: u32,
    pub(crate) place: Place,
    /// Zero: the server is ours; one: the client is.
    pub(crate) local: u8,
    /// Whose the local end is; zero: nobody knows.
    pub(crate) owner: u32,
}

/// In four words, where field by field would be nine.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let place = &self.place;
        let [first, last] = place.ports.map(u64::from);
        state.write_u128(u128::from_ne_bytes(place.server));
        state.write_u128(u128::from_ne_bytes(place.client));
        state.write_u64(first << 48 | last << 32 | u64::from(self.class));
        state.write_u64(u64::from(self.owner) << 32 | (place.way as u64) << 8 | u64::from(self.local));
    }
}

/// The facts of a row, as far as a group may depend on them or show them: equal faces, equal facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Face {
    profile: Option<u32>,
    /// Whether the client of the connection is that of the protocol, if somebody is.
    client: Option<bool>,
    certificates: [Option<[u8; 32]>; 2],
}

/// The beginning of a digest tells certificates apart.
impl Hash for Face {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let client = self.client.map_or(0, |client| 1 + u64::from(client));
        state.write_u64(self.profile.map_or(0, |profile| 1 + u64::from(profile)) << 2 | client);
        for digest in self.certificates.iter().flatten() {
            state.write_u64(digest.first_chunk().map_or(0, |octets| u64::from_ne_bytes(*octets)));
        }
    }
}

impl Face {
    /// That of a row.
    pub(crate) fn of(row: &Row) -> Self {
        let settled = row.settled.as_deref();
        let digest = |of: Option<&zertap_core::certificate::LeafCertificate>| of.map(|leaf| leaf.sha256);
        Self {
            profile: settled.and_then(|settled| settled.profile.as_ref()).map(|(number, _)| *number),
            client: settled.and_then(|settled| settled.protocol_client).map(|side| side == row.client),
            certificates: [
                digest(settled.and_then(|settled| settled.server_certificate.as_deref())),
                digest(settled.and_then(|settled| settled.client_certificate.as_deref())),
            ],
        }
    }
}
