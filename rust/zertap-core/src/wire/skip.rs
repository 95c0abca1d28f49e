//! Why a frame gave no TCP segment.
//!
//! Every frame either decodes or has exactly one of these reasons, so a tap that counts both can show that nothing
//! went missing: frames = segments + sum of reasons.

/// Defines the reasons once: variant, number, output word, meaning.
macro_rules! skips {
    ($($variant:ident = $number:literal, $word:literal, $doc:literal;)*) => {
        /// The closed list of reasons for which a frame is no TCP segment. None of them is an error of ours.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Skip { $(#[doc = $doc] $variant = $number,)* }

        impl Skip {
            /// Every reason, indexed by its number.
            pub const ALL: &'static [Skip] = &[$(Skip::$variant,)*];

            /// How many reasons there are; the length of a table of counters.
            pub const COUNT: usize = Self::ALL.len();

            /// The word used in every output.
            pub const fn word(self) -> &'static str { match self { $(Skip::$variant => $word,)* } }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str { match self { $(Skip::$variant => $doc,)* } }
        }
    };
}

skips! {
    // Not for us.
    Arp = 0, "arp", "Address resolution (ARP or RARP).";
    NotIp = 1, "not_ip", "A network protocol other than IP.";
    Udp = 2, "udp", "UDP that is no tunnel we open.";
    Icmp = 3, "icmp", "ICMP or ICMPv6; TCP headers quoted inside are not read.";
    Sctp = 4, "sctp", "SCTP.";
    Esp = 5, "esp", "IPsec ESP, bare or in UDP: opaque.";
    OtherProtocol = 6, "other_protocol", "An IP protocol or extension header that does not lead to TCP.";
    // Fragments.
    FragmentHeld = 7, "fragment_held", "A fragment of a datagram that is not complete yet.";
    FragmentDropped = 8, "fragment_dropped", "A fragment that contradicts its datagram, or that passed a limit.";
    // What the capture or the sender got wrong.
    Truncated = 9, "truncated", "The capture was cut inside the headers.";
    BadLinkHeader = 10, "bad_link_header", "The link layer's header is incomplete or contradicts itself.";
    BadTunnel = 11, "bad_tunnel", "A tunnel's header is incomplete or contradicts itself.";
    BadIpHeader = 12, "bad_ip_header", "The IP header is incomplete or contradicts itself.";
    BadTcpHeader = 13, "bad_tcp_header", "The TCP header is incomplete or contradicts itself.";
    BadChecksum = 14, "bad_checksum", "A checksum is wrong, and checksums are verified.";
    // Ours.
    UnsupportedLink = 15, "unsupported_link", "A link type that is not read.";
    TooDeep = 16, "too_deep", "More nested layers or extension headers than the limit.";
}

impl Skip {
    /// The reason's place in a table of [`Skip::COUNT`] counters.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }
}
