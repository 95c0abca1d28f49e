//! Where a row's group stands: its ends, the ports that name it, which end is ours.

use zertap_core::event::Row;
use zertap_core::wire::Address;

/// How many ways there are to come to a place.
pub(crate) const WAYS: usize = 3;

/// How a place came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Way {
    /// Ends and port as in the row.
    Plain = 0,
    /// The server opened the connection: ends exchanged.
    Turned = 1,
    /// The port is one of a range that counts as one.
    Ranged = 2,
}

/// Ends and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) server: [u8; 16],
    pub(crate) client: [u8; 16],
    pub(crate) ports: [u16; 2],
    pub(crate) way: Way,
}

impl Place {
    /// Whether what the row calls client is the server.
    pub(crate) fn is_turned(&self) -> bool {
        self.way == Way::Turned
    }
}

/// The rules, all lent.
#[derive(Debug)]
pub(crate) struct Places {
    /// Networks that are ours; without any the server is.
    pub(crate) networks: Vec<Network>,
    /// Server ports that count as one.
    pub(crate) merged: Option<(u16, u16)>,
    /// An IPv4 connection from the first port to one from the second on is turned.
    pub(crate) turned: (u16, u16),
}

/// Which ends are ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides {
    server: bool,
    client: bool,
}

impl Sides {
    /// Zero for the server, one for the client.
    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        [(self.server, 0), (self.client, 1)].into_iter().filter(|(ours, _)| *ours).map(|(_, side)| side)
    }
}

impl Places {
    /// The place of a row, and which ends are ours. If neither is, the server counts as ours.
    pub(crate) fn of(&self, row: &Row) -> (Place, Sides) {
        let [client, server] = row.addresses.map(|address| address.0);
        let port = row.ports[1];
        let (turning, from) = self.turned;
        let mut place = Place { server, client, ports: [port, port], way: Way::Plain };
        if row.ports[0] == turning && port >= from && row.addresses[0].is_ipv4() {
            place = Place { server: client, client: server, ports: [turning, turning], way: Way::Turned };
        } else if let Some((first, last)) = self.merged
            && (first..=last).contains(&port)
        {
            (place.ports, place.way) = ([first, last], Way::Ranged);
        }
        let [server, client] = [place.server, place.client].map(|address| self.is_ours(Address(address)));
        (place, Sides { server: server || !client, client })
    }

    fn is_ours(&self, address: Address) -> bool {
        self.networks.iter().any(|network| network.holds(address))
    }
}

/// One network: of IPv4 in mapped form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    bits: u128,
    mask: u128,
    ipv4: bool,
}

impl Network {
    /// That of an address of four or sixteen octets and a prefix of this length.
    pub(crate) fn new(address: &[u8], length: u8) -> Option<Self> {
        let (address, ipv4) = match address.len() {
            4 => (Address::v4(address.try_into().ok()?), true),
            _ => (Address(address.try_into().ok()?), false),
        };
        let length = u32::from(length) + if ipv4 { 96 } else { 0 };
        let mask = u128::MAX.checked_shl(128u32.checked_sub(length)?).unwrap_or(0);
        Some(Self { bits: u128::from_be_bytes(address.0) & mask, mask, ipv4 })
    }

    fn holds(&self, address: Address) -> bool {
        address.is_ipv4() == self.ipv4 && u128::from_be_bytes(address.0) & self.mask == self.bits
    }
}
