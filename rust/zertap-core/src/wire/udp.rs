//! Tunnels over UDP, known by a port alone; each checks its own header, and what it does not fit is some other UDP.
//!
//! The UDP length is not used: segmenting network cards leave it wrong, and the inner packet has its own.

use super::cut::{Cut, be16};
use super::skip::Skip;
use super::walk::{Decoded, Tag, Walk};

impl<'a> Walk<'a> {
    /// UDP: VXLAN, Geneve, GRE (RFC 8086), GTP-U, Teredo and AYIYA are opened, ESP on its NAT port is told apart.
    ///
    /// By the destination port; clients of Teredo and AYIYA are answered on a port of their own, so there the source's
    /// counts too.
    pub(super) fn udp(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let (header, body) = cut.header::<8>(Skip::Udp)?;
        match (be16(header[0], header[1]), be16(header[2], header[3])) {
            (_, port::VXLAN) => self.vxlan(body),
            (_, port::GENEVE) => self.geneve(body),
            (_, port::GRE) => self.gre(body),
            (_, port::GTP_USER) => self.gtp_user(body),
            (_, port::ESP) | (port::ESP, _) => Err(esp_or_udp(body)),
            (_, port::TEREDO) | (port::TEREDO, _) => self.teredo(body),
            (_, port::AYIYA) | (port::AYIYA, _) => self.ayiya(body),
            _ => Err(Skip::Udp),
        }
    }

    /// VXLAN (RFC 7348 section 5); without its I flag it is some other UDP.
    fn vxlan(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        match cut.header::<8>(Skip::Udp)? {
            ([flags, _, _, _, a, b, c, _], rest) if flags & 0x08 != 0 => {
                self.fold(Tag::Vxlan, be24(*a, *b, *c));
                self.inner_ethernet(rest)
            }
            _ => Err(Skip::Udp),
        }
    }

    /// Geneve (RFC 8926 section 3.4); another version is some other UDP.
    fn geneve(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let ([first, _, high, low, a, b, c, _], rest) = cut.header::<8>(Skip::Udp)?;
        if first >> 6 != 0 {
            return Err(Skip::Udp);
        }
        self.fold(Tag::Geneve, be24(*a, *b, *c));
        let inner = rest.skip(usize::from(first & 0x3f) * 4, Skip::BadTunnel)?;
        self.inner_ethertype(be16(*high, *low), inner)
    }

    /// GTP-U version 1, user data only (3GPP TS 29.281 sections 5.1 and 5.2).
    ///
    /// Its tunnel identifier is chosen by the receiver, so it differs between the two directions and makes no lane.
    fn gtp_user(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let ([flags, 0xff, high, low, ..], rest) = cut.header::<8>(Skip::Udp)? else {
            return Err(Skip::Udp);
        };
        let packet = rest.declared(u32::from(be16(*high, *low)));
        match flags {
            0x30 => self.inner_ip(packet),
            0x31..=0x37 => self.inner_ip(behind_gtp_options(*flags, packet)?),
            _ => Err(Skip::Udp),
        }
    }

    /// Teredo (RFC 4380 section 5.1.1): perhaps an authentication, perhaps an origin, then IPv6.
    fn teredo(&mut self, mut cut: Cut<'a>) -> Decoded<'a> {
        if let ([0, 1, client, authentication], rest) = cut.header::<4>(Skip::Udp)? {
            // Behind the two values stand eight octets of nonce and one of confirmation.
            cut = rest.skip(usize::from(*client) + usize::from(*authentication) + 9, Skip::Udp)?;
        }
        if let ([0, 0], _) = cut.header::<2>(Skip::Udp)? {
            cut = cut.skip(8, Skip::Udp)?;
        }
        let (header, rest) = cut.header::<40>(Skip::Udp)?;
        // The packet fills the datagram: the port alone is a weak sign, and so is the version.
        if header[0] >> 4 != 6 || u32::from(be16(header[4], header[5])) != rest.wire {
            return Err(Skip::Udp);
        }
        self.inner_ip(cut)
    }

    /// AYIYA (draft-massar-v6ops-ayiya-02 section 3), where it forwards IP; heartbeats and the rest are some other UDP.
    fn ayiya(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        match cut.header::<8>(Skip::Udp)? {
            ([identity, signature, how, 4 | 41, ..], rest) if how & 0x0f == 1 => {
                // Lengths: a power of two, and words of four octets.
                let (identity, signature) = (1_usize << (identity >> 4), usize::from(signature >> 4) * 4);
                self.inner_ip(rest.skip(identity + signature, Skip::Udp)?)
            }
            _ => Err(Skip::Udp),
        }
    }
}

/// What follows the four octets of options, and the extension headers if the flags say that there are some.
fn behind_gtp_options(flags: u8, cut: Cut<'_>) -> Result<Cut<'_>, Skip> {
    let ([_, _, _, next], mut rest) = cut.header::<4>(Skip::BadTunnel)?;
    let mut next = if flags & 0x04 == 0 { 0 } else { *next };
    for _ in 0..=MOST_GTP_EXTENSIONS {
        if next == 0 {
            return Ok(rest);
        }
        (next, rest) = gtp_extension(rest)?;
    }
    Err(Skip::TooDeep)
}

/// One extension header of GTP: its length in words of four octets, the next one's type in its last octet.
fn gtp_extension(cut: Cut<'_>) -> Result<(u8, Cut<'_>), Skip> {
    let ([words], _) = cut.header::<1>(Skip::BadTunnel)?;
    let length = usize::from(*words).checked_mul(4).filter(|length| *length > 0).ok_or(Skip::BadTunnel)?;
    let ([next], rest) = cut.skip(length - 1, Skip::BadTunnel)?.header::<1>(Skip::BadTunnel)?;
    Ok((*next, rest))
}

/// On UDP port 4500 a zero word marks IKE, one octet is a keep-alive, the rest is ESP (RFC 3948 section 2).
fn esp_or_udp(body: Cut<'_>) -> Skip {
    match body.header::<4>(Skip::Udp) {
        Ok(([0, 0, 0, 0], _)) | Err(_) => Skip::Udp,
        Ok(_) => Skip::Esp,
    }
}

/// A 24-bit number in network order.
fn be24(a: u8, b: u8, c: u8) -> u32 {
    u32::from_be_bytes([0, a, b, c])
}

/// UDP ports (IANA).
mod port {
    pub(super) const GTP_USER: u16 = 2152;
    pub(super) const TEREDO: u16 = 3544;
    pub(super) const ESP: u16 = 4500;
    pub(super) const GRE: u16 = 4754;
    pub(super) const VXLAN: u16 = 4789;
    pub(super) const AYIYA: u16 = 5072;
    pub(super) const GENEVE: u16 = 6081;
}

/// Extension headers of GTP that are walked; real ones have one or two.
const MOST_GTP_EXTENSIONS: usize = 8;
