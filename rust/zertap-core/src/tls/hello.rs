//! ClientHello, ServerHello and HelloRetryRequest, each read in one pass over borrowed octets.
//!
//! Reading is lenient: what could be read before a message broke off is kept and `whole` says that it broke
//! off. Randoms, key shares and tickets are stepped over and never kept.
//! Sources: RFC 8446 4.1, 4.2; RFC 5246 7.4.1; RFC 6066; RFC 8701 (unknown values are skipped anywhere).

use crate::handshake::{Flag, Flags};
use crate::reader::Reader;

/// Numbers of the extensions that are read (IANA, TLS ExtensionType Values).
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const MAX_FRAGMENT_LENGTH: u16 = 1;
    pub(super) const TRUNCATED_HMAC: u16 = 4;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const EC_POINT_FORMATS: u16 = 11;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const ENCRYPT_THEN_MAC: u16 = 22;
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(super) const RECORD_SIZE_LIMIT: u16 = 28;
    /// key_share of TLS 1.3 drafts before 23.
    pub(super) const KEY_SHARE_DRAFT: u16 = 40;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const EARLY_DATA: u16 = 42;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const KEY_SHARE: u16 = 51;
    pub(super) const RENEGOTIATION_INFO: u16 = 0xFF01;
    /// encrypted_client_hello and its drafts, encrypted_server_name before it (RFC 9849).
    pub(super) const ECH: [u16; 7] = [0xFE0D, 0xFE0C, 0xFE0B, 0xFE0A, 0xFE09, 0xFE08, 0xFFCE];
}

/// Whether a number in supported_versions means TLS 1.3 (or a draft of it, 7f xx, or what comes after).
pub(super) const fn is_13(version: u16) -> bool {
    version >= 0x0304
}

/// What a ClientHello says.
#[derive(Debug, Default)]
pub(super) struct ClientHello<'a> {
    pub(super) version: u16,
    pub(super) session: &'a [u8],
    pub(super) suites: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) versions: &'a [u8],
    pub(super) groups: &'a [u8],
    pub(super) points: &'a [u8],
    pub(super) signatures: &'a [u8],
    pub(super) alpn: &'a [u8],
    pub(super) extensions: &'a [u8],
    pub(super) early_data: bool,
    pub(super) pre_shared_key: bool,
    pub(super) flags: Flags,
    pub(super) whole: bool,
}

impl<'a> ClientHello<'a> {
    /// Reads a ClientHello's content.
    pub(super) fn read(content: &'a [u8]) -> Self {
        let mut hello = Self::default();
        hello.whole = hello.read_head(Reader::new(content)).is_some();
        hello
    }

    fn read_head(&mut self, mut reader: Reader<'a>) -> Option<()> {
        self.version = reader.u16()?;
        reader.skip(32)?;
        self.session = reader.vec8()?;
        self.suites = reader.vec16()?;
        reader.vec8()?;
        if reader.is_empty() {
            return Some(());
        }
        let (block, whole) = lenient_vec16(&mut reader)?;
        self.extensions = block;
        let (mut small, mut large) = (0_u64, LargeNumbers::default());
        let read = each_extension(block, |number, body| {
            let bit = if number < 64 { 1 << number } else { 0 };
            if small & bit != 0 || (bit == 0 && large.is_repeated(number)) {
                self.flags.insert(Flag::DuplicateExtension);
            } else {
                self.read_extension(number, body);
            }
            small |= bit;
        });
        (read && whole).then_some(())
    }

    fn read_extension(&mut self, number: u16, body: &'a [u8]) {
        let mut reader = Reader::new(body);
        match number {
            extension::SERVER_NAME => self.name = host_name(body).unwrap_or_default(),
            extension::SUPPORTED_GROUPS => self.groups = reader.vec16().unwrap_or_default(),
            extension::EC_POINT_FORMATS => self.points = reader.vec8().unwrap_or_default(),
            extension::SIGNATURE_ALGORITHMS => self.signatures = reader.vec16().unwrap_or_default(),
            extension::ALPN => self.alpn = reader.vec16().unwrap_or_default(),
            extension::SUPPORTED_VERSIONS => self.versions = reader.vec8().unwrap_or_default(),
            extension::EARLY_DATA => self.early_data = true,
            extension::PRE_SHARED_KEY => self.pre_shared_key = true,
            number if extension::ECH.contains(&number) => self.flags.insert(Flag::EchOffered),
            _ => {}
        }
    }

    /// Whether supported_versions holds TLS 1.3 or a draft of it; GREASE values (RFC 8701) are none.
    pub(super) fn offers_13(&self) -> bool {
        let (versions, _) = self.versions.as_chunks::<2>();
        versions.iter().any(|octets| octets[0] == 0x7F || *octets == [3, 4])
    }

    /// The extension types in order, two octets each.
    pub(super) fn extension_types(&self) -> Vec<u8> {
        extension_types(self.extensions)
    }
}

/// The types of a block of extensions in order, two octets each.
fn extension_types(block: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    each_extension(block, |number, _| types.extend_from_slice(&number.to_be_bytes()));
    types
}

/// What a ServerHello (or HelloRetryRequest) says.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is the presence of one extension")]
pub(super) struct ServerHello<'a> {
    /// Its own (legacy) version; `None` when even that was not there.
    pub(super) version: Option<u16>,
    /// supported_versions.
    pub(super) selected: Option<u16>,
    /// Its random is the HelloRetryRequest value (RFC 8446 4.1.3).
    pub(super) retry: bool,
    pub(super) session: &'a [u8],
    pub(super) suite: Option<u16>,
    pub(super) compression: Option<u8>,
    pub(super) group: Option<u16>,
    pub(super) pre_shared_key: bool,
    pub(super) name_acknowledged: bool,
    pub(super) extended_master_secret: bool,
    pub(super) encrypt_then_mac: bool,
    pub(super) truncated_hmac: bool,
    pub(super) renegotiation_info: bool,
    pub(super) max_fragment_length: Option<u8>,
    pub(super) record_size_limit: Option<u16>,
    pub(super) alpn: Option<&'a [u8]>,
    pub(super) extensions: &'a [u8],
    /// Its random ends with the downgrade mark.
    pub(super) downgrade: bool,
    pub(super) flags: Flags,
    pub(super) whole: bool,
}

/// SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2,
    0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

impl<'a> ServerHello<'a> {
    /// Reads a ServerHello's content.
    pub(super) fn read(content: &'a [u8]) -> Self {
        let mut hello = Self::default();
        hello.whole = hello.read_head(Reader::new(content)).is_some();
        hello
    }

    fn read_head(&mut self, mut reader: Reader<'a>) -> Option<()> {
        let version = reader.u16()?;
        self.version = Some(version);
        let random = reader.array::<32>()?;
        self.retry = random == RETRY_RANDOM;
        let last = random.last_chunk().map(|last| u64::from_be_bytes(*last) & !1);
        self.downgrade = last == Some(u64::from_be_bytes(*b"DOWNGRD\x00"));
        // Drafts of TLS 1.3 before 22 have neither session id nor compression here (TLS-49).
        let draft = version >> 8 == 0x7F;
        if !draft {
            self.session = reader.vec8()?;
        }
        self.suite = Some(reader.u16()?);
        if !draft {
            self.compression = Some(reader.u8()?);
        }
        if reader.is_empty() {
            return Some(());
        }
        let (block, whole) = lenient_vec16(&mut reader)?;
        self.extensions = block;
        let (mut small, mut large) = (0_u64, LargeNumbers::default());
        let read = each_extension(block, |number, body| {
            let bit = if number < 64 { 1 << number } else { 0 };
            if small & bit != 0 || (bit == 0 && large.is_repeated(number)) {
                self.flags.insert(Flag::DuplicateExtension);
            } else {
                self.read_extension(number, body);
            }
            small |= bit;
        });
        (read && whole).then_some(())
    }

    fn read_extension(&mut self, number: u16, body: &'a [u8]) {
        let mut reader = Reader::new(body);
        match number {
            extension::SERVER_NAME => self.name_acknowledged = true,
            extension::MAX_FRAGMENT_LENGTH => self.max_fragment_length = reader.u8(),
            extension::TRUNCATED_HMAC => self.truncated_hmac = true,
            extension::ALPN => self.alpn = reader.vec16().and_then(|list| Reader::new(list).vec8()),
            extension::ENCRYPT_THEN_MAC => self.encrypt_then_mac = true,
            extension::EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            extension::RECORD_SIZE_LIMIT => self.record_size_limit = reader.u16(),
            extension::PRE_SHARED_KEY => self.pre_shared_key = true,
            extension::SUPPORTED_VERSIONS => self.selected = reader.u16(),
            extension::KEY_SHARE => self.group = reader.u16(),
            // Used by the drafts and by the experiments beside them; reserved since (IANA), so nothing else means it.
            extension::KEY_SHARE_DRAFT if self.group.is_none() => self.group = reader.u16(),
            extension::RENEGOTIATION_INFO => self.renegotiation_info = true,
            _ => {}
        }
    }

    /// The extension types in order, two octets each.
    pub(super) fn extension_types(&self) -> Vec<u8> {
        extension_types(self.extensions)
    }
}

/// A vector of two length octets, or what there is of it; the flag says whether it was all there.
fn lenient_vec16<'a>(reader: &mut Reader<'a>) -> Option<(&'a [u8], bool)> {
    if let Some(block) = reader.vec16() {
        return Some((block, true));
    }
    reader.u16()?;
    Some((reader.rest(), false))
}

/// Calls `visit` for each extension in order; says whether the block could be read to its end.
fn each_extension<'a>(block: &'a [u8], mut visit: impl FnMut(u16, &'a [u8])) -> bool {
    let mut rest = block;
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let head = u32::from_be_bytes(*head);
        let (number, length) = ((head >> 16) as u16, head as u16);
        let Some((body, behind)) = tail.split_at_checked(usize::from(length)) else { return false };
        visit(number, body);
        rest = behind;
    }
    rest.is_empty()
}

/// The first host_name of a server_name extension (RFC 6066 section 3).
fn host_name(body: &[u8]) -> Option<&[u8]> {
    let mut list = Reader::new(Reader::new(body).vec16()?);
    loop {
        let kind = list.u8()?;
        let name = list.vec16()?;
        if kind == 0 {
            return Some(name);
        }
    }
}

/// Notices an extension that comes twice, for the first 32 numbers from 64 on; below 64 one bit each tells.
#[derive(Default)]
struct LargeNumbers {
    seen: [u16; 32],
    count: usize,
}

impl LargeNumbers {
    fn is_repeated(&mut self, number: u16) -> bool {
        if self.seen.iter().take(self.count).any(|&seen| seen == number) {
            return true;
        }
        if let Some(place) = self.seen.get_mut(self.count) {
            *place = number;
            self.count += 1;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_that_breaks_off_keeps_what_was_read() {
        let mut content = vec![3, 3];
        content.extend([0; 32]);
        content.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
        assert!(ClientHello::read(&content).whole);
        content.extend([0, 9, 0, 0, 0, 7, 0, 5, 0, 0, 2, b'a', b'b']);
        content.truncate(content.len() - 1);
        let hello = ClientHello::read(&content);
        assert!(!hello.whole);
        assert_eq!(hello.suites, [0x13, 0x01]);
        assert_eq!(hello.name, b"");
    }

    #[test]
    fn the_first_host_name_is_taken_and_other_names_are_skipped() {
        assert_eq!(host_name(&[0, 8, 9, 0, 1, b'x', 0, 0, 1, b'y']), Some(&b"y"[..]));
        assert_eq!(host_name(&[0, 4, 9, 0, 1, b'x']), None);
        assert_eq!(host_name(&[]), None);
    }

    #[test]
    fn duplicates_are_noticed_whatever_their_number() {
        for number in [0_u16, 63, 64, 0xFF01] {
            let extension = |number: u16| [&number.to_be_bytes()[..], &[0, 0]].concat();
            for (numbers, twice) in [([number, 5], false), ([number, number], true)] {
                let block: Vec<u8> = numbers.into_iter().flat_map(extension).collect();
                let head = [&[3, 3][..], &[0; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, 8], &block].concat();
                let hello = ClientHello::read(&head);
                assert_eq!((hello.whole, hello.flags.contains(Flag::DuplicateExtension)), (true, twice));
            }
        }
    }
}
