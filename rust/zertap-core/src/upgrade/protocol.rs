//! The protocols whose upgrade is followed, each with the word that names it in a row. A closed list.

use crate::compact::compact;

/// Defines the protocols once: variant, output word, meaning.
macro_rules! protocols {
    ($($variant:ident = $word:literal, $doc:literal;)*) => {
        /// A protocol that can lead from clear text to TLS; a tunnel, also to SSH.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Protocol { $(#[doc = $doc] $variant,)* }

        impl Protocol {
            /// Every protocol, in order of its word.
            pub const ALL: &'static [Protocol] = &[$(Protocol::$variant,)*];

            /// The word used in every output.
            pub const fn word(self) -> &'static str { match self { $(Protocol::$variant => $word,)* } }
        }

        compact!(enum Protocol { $($variant),* });
    };
}

protocols! {
    Ftp = "ftp", "AUTH TLS, answered 234 (RFC 4217 section 4).";
    HttpConnect = "http_connect", "CONNECT, answered 2xx (RFC 9110 section 9.3.6).";
    HttpUpgrade = "http_upgrade", "Upgrade: TLS/1.0, answered 101 (RFC 2817 section 3).";
    Imap = "imap", "STARTTLS, answered OK with the same tag (RFC 9051 section 6.2.1).";
    Irc = "irc", "STARTTLS, answered 670 (IRCv3 tls).";
    Ldap = "ldap", "ExtendedRequest 1.3.6.1.4.1.1466.20037, answered success (RFC 4511 section 4.14).";
    ManageSieve = "managesieve", "STARTTLS, answered OK (RFC 5804 section 2.2).";
    MySql = "mysql", "A short login packet with CLIENT_SSL (MySQL client/server protocol, SSLRequest).";
    Nntp = "nntp", "STARTTLS, answered 382 (RFC 4642 section 2.2).";
    Pop3 = "pop3", "STLS, answered +OK (RFC 2595 section 4).";
    Postgresql = "postgresql", "SSLRequest, answered `S` (PostgreSQL protocol, SSL session encryption).";
    Proxy = "proxy", "A PROXY header, version 1 or 2, before the ClientHello (HAProxy's specification).";
    Rdp = "rdp", "X.224 connection with a negotiated security protocol (MS-RDPBCGR section 2.2.1.2).";
    Smtp = "smtp", "STARTTLS, answered 220 (RFC 3207 section 4).";
    Socks4 = "socks4", "CONNECT through SOCKS 4 or 4A, granted.";
    Socks5 = "socks5", "CONNECT through SOCKS 5, granted (RFC 1928 section 6).";
    Tds = "tds", "PRELOGIN, answered with encryption; TLS inside packets of its own (MS-TDS section 2.2.6.5).";
    Xmpp = "xmpp", "starttls, answered proceed (RFC 6120 section 5.4).";
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn words_are_in_order_and_distinct() {
        assert!(Protocol::ALL.windows(2).all(|pair| pair[0].word() < pair[1].word()));
    }
}
