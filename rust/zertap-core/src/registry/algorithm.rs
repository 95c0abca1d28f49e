//! Ciphers, hashes and message authentication as facts shared by TLS, SSH and X.509.
//!
//! A protocol's own names point here, so that whoever asks "which cipher" has one vocabulary.

/// Defines hashes once: variant, name, output octets.
macro_rules! hashes {
    ($($variant:ident = $name:literal, $octets:literal;)*) => {
        /// A hash function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum HashAlgorithm { $(#[doc = $name] $variant,)* }

        impl HashAlgorithm {
            /// Every hash.
            pub const ALL: &'static [HashAlgorithm] = &[$(HashAlgorithm::$variant,)*];

            /// The hash's name.
            pub const fn name(self) -> &'static str { match self { $(HashAlgorithm::$variant => $name,)* } }

            /// Length of the output. Unit: octets.
            pub const fn octets(self) -> u8 { match self { $(HashAlgorithm::$variant => $octets,)* } }
        }
    };
}

hashes! {
    Md2 = "MD2", 16;
    Md5 = "MD5", 16;
    Sha1 = "SHA-1", 20;
    Sha224 = "SHA-224", 28;
    Sha256 = "SHA-256", 32;
    Sha384 = "SHA-384", 48;
    Sha512 = "SHA-512", 64;
    Sha3_224 = "SHA3-224", 28;
    Sha3_256 = "SHA3-256", 32;
    Sha3_384 = "SHA3-384", 48;
    Sha3_512 = "SHA3-512", 64;
    Sm3 = "SM3", 32;
    GostR341194 = "GOST-R-34.11-94", 32;
    Streebog256 = "Streebog-256", 32;
    Streebog512 = "Streebog-512", 64;
}

/// Defines message authentication codes once: variant, name, full tag octets.
macro_rules! macs {
    ($($variant:ident = $name:literal, $octets:literal;)*) => {
        /// What authenticates messages beside a cipher that does not: a hash in HMAC (SSLv2 and SSLv3: in
        /// their own older construction) or another code. An AEAD cipher has none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum MacAlgorithm { $(#[doc = $name] $variant,)* }

        impl MacAlgorithm {
            /// Every code.
            pub const ALL: &'static [MacAlgorithm] = &[$(MacAlgorithm::$variant,)*];

            /// The name of the code, or of the hash in HMAC.
            pub const fn name(self) -> &'static str { match self { $(MacAlgorithm::$variant => $name,)* } }

            /// Length of the whole tag, before any truncation. Unit: octets.
            pub const fn octets(self) -> u8 { match self { $(MacAlgorithm::$variant => $octets,)* } }
        }
    };
}

macs! {
    Md5 = "MD5", 16;
    Sha1 = "SHA-1", 20;
    Sha224 = "SHA-224", 28;
    Sha256 = "SHA-256", 32;
    Sha384 = "SHA-384", 48;
    Sha512 = "SHA-512", 64;
    Ripemd160 = "RIPEMD-160", 20;
    Umac64 = "UMAC-64", 8;
    Umac128 = "UMAC-128", 16;
    GostR341194 = "GOST-R-34.11-94", 32;
    GostImit = "GOST-28147-IMIT", 4;
    KuznyechikOmac = "Kuznyechik-OMAC", 16;
    MagmaOmac = "Magma-OMAC", 8;
}

/// How a cipher is applied to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CipherMode {
    /// No encryption.
    Null,
    /// A stream cipher, as it is.
    Stream,
    /// Cipher block chaining.
    Cbc,
    /// Counter mode, also GOST's CNT.
    Ctr,
    /// Galois/counter mode (AEAD).
    Gcm,
    /// Counter with CBC-MAC (AEAD).
    Ccm,
    /// CCM with a tag of 8 octets (AEAD).
    Ccm8,
    /// ChaCha20 with Poly1305 (AEAD).
    Poly1305,
    /// Multilinear Galois mode (AEAD, RFC 9058).
    Mgm,
    /// AEGIS (AEAD, draft-irtf-cfrg-aegis-aead).
    Aegis,
}

impl CipherMode {
    /// The mode's name.
    pub const fn name(self) -> &'static str {
        match self {
            CipherMode::Null => "NULL",
            CipherMode::Stream => "stream",
            CipherMode::Cbc => "CBC",
            CipherMode::Ctr => "CTR",
            CipherMode::Gcm => "GCM",
            CipherMode::Ccm => "CCM",
            CipherMode::Ccm8 => "CCM-8",
            CipherMode::Poly1305 => "Poly1305",
            CipherMode::Mgm => "MGM",
            CipherMode::Aegis => "AEGIS",
        }
    }

    /// Whether the mode authenticates what it encrypts (RFC 5116), so that no separate code is used.
    pub const fn is_aead(self) -> bool {
        !matches!(self, CipherMode::Null | CipherMode::Stream | CipherMode::Cbc | CipherMode::Ctr)
    }
}

/// Defines bulk ciphers once: variant, name, algorithm, key bits, mode, AEAD tag octets (0: none).
macro_rules! ciphers {
    ($($variant:ident = $name:literal, $algorithm:literal, $bits:literal, $mode:ident, $tag:literal;)*) => {
        /// A cipher with its key length and mode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum BulkCipher { $(#[doc = $name] $variant,)* }

        impl BulkCipher {
            /// Every cipher.
            pub const ALL: &'static [BulkCipher] = &[$(BulkCipher::$variant,)*];

            /// Algorithm, key length and mode in one name.
            pub const fn name(self) -> &'static str { match self { $(BulkCipher::$variant => $name,)* } }

            /// The algorithm's name alone.
            pub const fn algorithm(self) -> &'static str { match self { $(BulkCipher::$variant => $algorithm,)* } }

            /// Secret length of the key; of an export cipher, what is left secret. Unit: bits.
            pub const fn key_bits(self) -> u16 { match self { $(BulkCipher::$variant => $bits,)* } }

            /// How the cipher is applied.
            pub const fn mode(self) -> CipherMode { match self { $(BulkCipher::$variant => CipherMode::$mode,)* } }

            /// Length of the authentication tag of an AEAD cipher, else zero. Unit: octets.
            pub const fn tag_octets(self) -> u8 { match self { $(BulkCipher::$variant => $tag,)* } }

            /// Whether the cipher authenticates by itself.
            pub const fn is_aead(self) -> bool { self.mode().is_aead() }
        }
    };
}

ciphers! {
    Null = "NULL", "NULL", 0, Null, 0;
    Rc4_40 = "RC4-40", "RC4", 40, Stream, 0;
    Rc4_56 = "RC4-56", "RC4", 56, Stream, 0;
    Rc4_64 = "RC4-64", "RC4", 64, Stream, 0;
    Rc4_128 = "RC4-128", "RC4", 128, Stream, 0;
    Rc4_256 = "RC4-256", "RC4", 256, Stream, 0;
    Rc2_40Cbc = "RC2-40-CBC", "RC2", 40, Cbc, 0;
    Rc2_56Cbc = "RC2-56-CBC", "RC2", 56, Cbc, 0;
    Rc2_128Cbc = "RC2-128-CBC", "RC2", 128, Cbc, 0;
    Des40Cbc = "DES-40-CBC", "DES", 40, Cbc, 0;
    Des56Cbc = "DES-56-CBC", "DES", 56, Cbc, 0;
    TripleDesCbc = "3DES-CBC", "3DES", 168, Cbc, 0;
    TripleDesCtr = "3DES-CTR", "3DES", 168, Ctr, 0;
    Idea128Cbc = "IDEA-128-CBC", "IDEA", 128, Cbc, 0;
    Idea128Ctr = "IDEA-128-CTR", "IDEA", 128, Ctr, 0;
    Fortezza80Cbc = "Fortezza-80-CBC", "Fortezza", 80, Cbc, 0;
    Seed128Cbc = "SEED-128-CBC", "SEED", 128, Cbc, 0;
    Blowfish128Cbc = "Blowfish-128-CBC", "Blowfish", 128, Cbc, 0;
    Blowfish256Ctr = "Blowfish-256-CTR", "Blowfish", 256, Ctr, 0;
    Cast128Cbc = "CAST-128-CBC", "CAST", 128, Cbc, 0;
    Cast128Ctr = "CAST-128-CTR", "CAST", 128, Ctr, 0;
    Twofish128Cbc = "Twofish-128-CBC", "Twofish", 128, Cbc, 0;
    Twofish192Cbc = "Twofish-192-CBC", "Twofish", 192, Cbc, 0;
    Twofish256Cbc = "Twofish-256-CBC", "Twofish", 256, Cbc, 0;
    Twofish128Ctr = "Twofish-128-CTR", "Twofish", 128, Ctr, 0;
    Twofish192Ctr = "Twofish-192-CTR", "Twofish", 192, Ctr, 0;
    Twofish256Ctr = "Twofish-256-CTR", "Twofish", 256, Ctr, 0;
    Serpent128Cbc = "Serpent-128-CBC", "Serpent", 128, Cbc, 0;
    Serpent192Cbc = "Serpent-192-CBC", "Serpent", 192, Cbc, 0;
    Serpent256Cbc = "Serpent-256-CBC", "Serpent", 256, Cbc, 0;
    Serpent128Ctr = "Serpent-128-CTR", "Serpent", 128, Ctr, 0;
    Serpent192Ctr = "Serpent-192-CTR", "Serpent", 192, Ctr, 0;
    Serpent256Ctr = "Serpent-256-CTR", "Serpent", 256, Ctr, 0;
    Aes128Cbc = "AES-128-CBC", "AES", 128, Cbc, 0;
    Aes192Cbc = "AES-192-CBC", "AES", 192, Cbc, 0;
    Aes256Cbc = "AES-256-CBC", "AES", 256, Cbc, 0;
    Aes128Ctr = "AES-128-CTR", "AES", 128, Ctr, 0;
    Aes192Ctr = "AES-192-CTR", "AES", 192, Ctr, 0;
    Aes256Ctr = "AES-256-CTR", "AES", 256, Ctr, 0;
    Aes128Gcm = "AES-128-GCM", "AES", 128, Gcm, 16;
    Aes256Gcm = "AES-256-GCM", "AES", 256, Gcm, 16;
    Aes128Ccm = "AES-128-CCM", "AES", 128, Ccm, 16;
    Aes256Ccm = "AES-256-CCM", "AES", 256, Ccm, 16;
    Aes128Ccm8 = "AES-128-CCM-8", "AES", 128, Ccm8, 8;
    Aes256Ccm8 = "AES-256-CCM-8", "AES", 256, Ccm8, 8;
    Camellia128Cbc = "Camellia-128-CBC", "Camellia", 128, Cbc, 0;
    Camellia192Cbc = "Camellia-192-CBC", "Camellia", 192, Cbc, 0;
    Camellia256Cbc = "Camellia-256-CBC", "Camellia", 256, Cbc, 0;
    Camellia128Ctr = "Camellia-128-CTR", "Camellia", 128, Ctr, 0;
    Camellia192Ctr = "Camellia-192-CTR", "Camellia", 192, Ctr, 0;
    Camellia256Ctr = "Camellia-256-CTR", "Camellia", 256, Ctr, 0;
    Camellia128Gcm = "Camellia-128-GCM", "Camellia", 128, Gcm, 16;
    Camellia256Gcm = "Camellia-256-GCM", "Camellia", 256, Gcm, 16;
    Aria128Cbc = "ARIA-128-CBC", "ARIA", 128, Cbc, 0;
    Aria256Cbc = "ARIA-256-CBC", "ARIA", 256, Cbc, 0;
    Aria128Gcm = "ARIA-128-GCM", "ARIA", 128, Gcm, 16;
    Aria256Gcm = "ARIA-256-GCM", "ARIA", 256, Gcm, 16;
    ChaCha20Poly1305 = "ChaCha20-Poly1305", "ChaCha20", 256, Poly1305, 16;
    Sm4128Gcm = "SM4-128-GCM", "SM4", 128, Gcm, 16;
    Sm4128Ccm = "SM4-128-CCM", "SM4", 128, Ccm, 16;
    Aegis128l = "AEGIS-128L", "AEGIS", 128, Aegis, 16;
    Aegis256 = "AEGIS-256", "AEGIS", 256, Aegis, 16;
    Gost28147Cnt = "GOST-28147-CNT", "GOST-28147", 256, Ctr, 0;
    KuznyechikCtr = "Kuznyechik-CTR", "Kuznyechik", 256, Ctr, 0;
    KuznyechikMgm = "Kuznyechik-MGM", "Kuznyechik", 256, Mgm, 16;
    MagmaCtr = "Magma-CTR", "Magma", 256, Ctr, 0;
    MagmaMgm = "Magma-MGM", "Magma", 256, Mgm, 8;
}
