//! TLS that was announced: do the octets that follow begin it?

use super::{Beginning, Form, Protocol, tds};
use crate::handshake::Side;
use crate::tls::{self, Probe};

/// TLS that was announced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) client: Side,
    pub(super) protocol: Protocol,
    /// What the client must have seen of the server.
    pub(super) from: u64,
    pub(super) tunnel: bool,
    pub(super) first: Beginning,
    pub(super) first_seen: u64,
}

impl Expected {
    /// Whether what was kept begins a handshake, and how.
    pub(super) fn probe(&self) -> (Probe, Form) {
        let octets = self.first.octets();
        if self.protocol == Protocol::Tds {
            return (probe_tds(octets), Form::TdsTls);
        }
        match (tls::probe(octets), tls::probe_ssl2(octets)) {
            (Probe::No, ssl2) => (ssl2, Form::Ssl2),
            (Probe::Short, Probe::Begun) => (Probe::Begun, Form::Ssl2),
            (tls, _) => (tls, Form::Tls),
        }
    }
}

/// A ClientHello behind the header of a PRELOGIN packet.
fn probe_tds(octets: &[u8]) -> Probe {
    let Some((header, body)) = octets.split_at_checked(tds::HEADER) else {
        return if octets.first().is_none_or(|kind| *kind == tds::PRELOGIN) {
            Probe::Short
        } else {
            Probe::No
        };
    };
    let is_packet = header.first() == Some(&tds::PRELOGIN) && tds::body_length(header).is_some();
    if is_packet { tls::probe(body) } else { Probe::No }
}
