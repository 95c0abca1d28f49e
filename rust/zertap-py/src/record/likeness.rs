//! What two rows must have in common for their records to differ only in what patches fill in.
//!
//! All that connections share: history, profile, roles, certificates, host key, on which sides the given networks
//! lie. What belongs to one connection alone (times, addresses, counters, texts) is not part of it.

use crate::facts;
use std::hash::{Hash, Hasher};
use zertap_core::event::Row;
use zertap_core::handshake::TextKind;

type Digest = [u8; 32];

/// See the head note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Likeness {
    /// Kind, pattern, milestones told before: see `EventBatch::sort_of`.
    sort: u64,
    phase: u8,
    /// Bits: client's address in the networks, server's; each of them IPv4.
    ends: u8,
    /// 0: unknown, 1: the protocol's client is the connection's, 2: its server.
    protocol_client: u8,
    profile: Option<u32>,
    note: u64,
    server_certificate: Option<Digest>,
    client_certificate: Option<Digest>,
    host_key: Option<Digest>,
}

impl Likeness {
    /// Of a row of this sort.
    pub(super) fn of(sort: u64, row: &Row, networks: &Networks) -> Self {
        let settled = row.settled.as_deref();
        let digest = |side: Option<&std::sync::Arc<zertap_core::certificate::LeafCertificate>>| {
            side.map(|leaf| leaf.sha256)
        };
        Self {
            sort,
            phase: row.phase as u8,
            ends: networks.ends(row),
            protocol_client: settled
                .and_then(|settled| settled.protocol_client)
                .map_or(0, |side| if side == row.client { 1 } else { 2 }),
            profile: settled.and_then(|settled| settled.profile.as_ref()).map(|(number, _)| *number),
            note: row.note,
            server_certificate: digest(settled.and_then(|settled| settled.server_certificate.as_ref())),
            client_certificate: digest(settled.and_then(|settled| settled.client_certificate.as_ref())),
            host_key: facts::text(row, TextKind::HostKeyFingerprint).and_then(<[u8]>::first_chunk).copied(),
        }
    }
}

impl Hash for Likeness {
    /// Of what usually differs; digests are as good as any hash in their first octets.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let head = |digest: &Option<Digest>| {
            digest
                .as_ref()
                .and_then(|digest| digest.first_chunk::<8>())
                .map_or(0, |head| u64::from_le_bytes(*head))
        };
        let roles = [self.phase, self.ends, self.protocol_client, 0].map(u32::from);
        let roles = roles.into_iter().fold(0, |packed, role| packed << 8 | role);
        state.write_u64(self.sort);
        state.write_u64(u64::from(roles) << 32 | u64::from(self.profile.unwrap_or(u32::MAX)));
        state.write_u64(self.note);
        for digest in [&self.server_certificate, &self.client_certificate, &self.host_key] {
            state.write_u64(head(digest));
        }
    }
}

/// Networks, as sixteen octets (IPv4 mapped) and the length of their prefix in these.
#[derive(Debug)]
pub(super) struct Networks(Vec<(u128, u32)>);

impl Networks {
    /// `None` when a prefix is longer than an address.
    pub(super) fn new(given: Vec<([u8; 16], u32)>) -> Option<Self> {
        let network = |(octets, prefix): ([u8; 16], u32)| {
            (prefix <= 128).then(|| (u128::from_be_bytes(octets), prefix))
        };
        given.into_iter().map(network).collect::<Option<_>>().map(Self)
    }

    fn ends(&self, row: &Row) -> u8 {
        let bits = |address: zertap_core::wire::Address| {
            let value = u128::from_be_bytes(address.0);
            let within = self.0.iter().any(|(network, prefix)| {
                let cut = 128 - prefix;
                address.is_ipv4() == is_ipv4(*network, *prefix)
                    && value.checked_shr(cut).unwrap_or(0) == network.checked_shr(cut).unwrap_or(0)
            });
            u8::from(within) | u8::from(address.is_ipv4()) << 1
        };
        bits(row.addresses[0]) | bits(row.addresses[1]) << 2
    }
}

/// Whether a network has IPv4 addresses, which no network of IPv6 holds however short its prefix.
const fn is_ipv4(network: u128, prefix: u32) -> bool {
    prefix >= 96 && network >> 32 == 0xffff
}
