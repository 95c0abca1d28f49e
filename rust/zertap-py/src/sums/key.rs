//! What tells groups apart, and what tells the facts of rows apart.

use super::place::Place;
use zertap_core::event::Row;

/// One group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) class: u32,
    pub(crate) place: Place,
    /// Zero: the server is ours; one: the client is.
    pub(crate) local: u8,
    /// Whose the local end is; zero: nobody knows.
    pub(crate) owner: u32,
}

/// The facts of a row, as far as a group may depend on them or show them: equal faces, equal facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Face {
    profile: Option<u32>,
    /// Whether the client of the connection is that of the protocol, if somebody is.
    client: Option<bool>,
    certificates: [Option<[u8; 32]>; 2],
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
