//! TCP sequence numbers: 32 bits that wrap (RFC 9293 section 3.4).

/// A sequence or acknowledgement number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seq(pub u32);

impl Seq {
    /// The number `octets` further on.
    pub const fn plus(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_add(octets))
    }

    /// The number `octets` before.
    pub const fn minus(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_sub(octets))
    }

    /// How many octets `to` lies ahead of this number; zero when it lies behind.
    pub const fn octets_to(self, to: Seq) -> u32 {
        let distance = self.distance_to(to);
        if distance > 0 { distance.cast_unsigned() } else { 0 }
    }

    /// How far `to` lies ahead of this number; negative when it lies behind. Exact within 2^31.
    pub const fn distance_to(self, to: Seq) -> i32 {
        to.0.wrapping_sub(self.0).cast_signed()
    }
}
