//! A fuzzer's octets as choices, and the same choices as octets again for seeds.
//!
//! Every reader takes what is there and answers zero or nothing when there is no more, so that every input means
//! something. Lists have no count: they go on as long as there are octets.

use zertap_core::wire::LinkType;

/// The octets that are left.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// Whether no octets are left.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next octet.
    pub fn octet(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// The next two octets as a number.
    pub fn number(&mut self) -> u16 {
        u16::from(self.octet()) << 8 | u16::from(self.octet())
    }

    /// The next `length` octets, or as many as there are.
    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A length in two octets, then as many octets.
    pub fn block(&mut self) -> &'a [u8] {
        let length = self.number();
        self.take(length.into())
    }
}

/// Writes what [`Input::block`] reads; longer blocks are cut.
pub fn write_block(out: &mut Vec<u8>, block: &[u8]) {
    let block = block.get(..usize::from(u16::MAX)).unwrap_or(block);
    out.extend((block.len() as u16).to_be_bytes());
    out.extend(block);
}

/// Link types by the octet that chooses one; the last is none that is read.
pub const LINKS: [LinkType; 14] = [
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::SLL,
    LinkType::SLL2,
    LinkType::NULL,
    LinkType::LOOP,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::PPP,
    LinkType::PPP_SERIAL,
    LinkType::PPP_ETHER,
    LinkType::CISCO_HDLC,
    LinkType::RAW_BSD,
    LinkType(147),
];

/// The link type that `octet` chooses.
pub fn link(octet: u8) -> LinkType {
    LINKS[usize::from(octet) % LINKS.len()]
}
