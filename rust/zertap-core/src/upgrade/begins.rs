//! What is told of a handshake that was announced and has begun.

use super::Protocol;
use crate::handshake::{PerSide, Side};

/// What begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A ClientHello.
    Tls,
    /// A ClientHello of SSLv2's form.
    Ssl2,
    /// A ClientHello inside packets of TDS.
    TdsTls,
    /// An SSH identification line.
    Ssh,
}

/// Octets that were pushed before it was known what they begin.
#[derive(Clone, Default)]
pub struct Kept {
    /// The octets.
    pub octets: Vec<u8>,
    /// What their sender had acknowledged.
    pub seen: u64,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Kept({})", self.octets.len())
    }
}

/// A handshake that was announced has begun.
#[derive(Clone, Debug)]
pub struct Begins {
    /// The protocol that announced it.
    pub protocol: Protocol,
    /// Who acts as TLS client; in a tunnel, who asked for it.
    pub client: Side,
    /// How it begins.
    pub form: Form,
    /// First octets that were pushed earlier.
    pub kept: PerSide<Kept>,
    /// Where in the latest push the handshake goes on.
    pub next: usize,
}

impl Begins {
    /// By what `side` has sent, of which `kept` was pushed earlier.
    pub(super) fn of(
        protocol: Protocol,
        client: Side,
        form: Form,
        side: Side,
        octets: &[u8],
        seen: u64,
    ) -> Self {
        let mut kept = PerSide::<Kept>::default();
        kept[side] = Kept { octets: octets.to_vec(), seen };
        Self { protocol, client, form, kept, next: 0 }
    }
}
