//! What a step can show: a closed list, each with the word that names it in outputs.
//!
//! Numbers are those of the wire (message types, content types, codes); who reads them gives them names.

use crate::handshake::{Fault, Flag, Phase, Side};

/// How octets were taken that no observer has a word for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Data in clear.
    Clear,
    /// Of a connection picked up in mid-life: nobody knows what they are.
    Unread,
    /// A part of something whose rest is still to come.
    Part,
    /// Behind the point where encryption began.
    Opaque,
    /// After the handshake had failed or was lost: nobody looks any more.
    After,
}

/// What was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    // --- TCP ---
    /// SYN.
    Syn,
    /// SYN with ACK.
    SynAck,
    /// The first packet is neither: picked up in mid-life.
    Midstream,
    /// Established (RFC 9293 section 3.5).
    Established,
    /// A SYN with another number: perhaps a new connection.
    OtherSyn,
    /// All octets of this segment had been seen before.
    Again,
    /// A segment that waits for octets before it, or for what its sender had seen of the other side.
    Waits,
    /// Octets that will never be seen.
    Gap,
    /// FIN, in its turn.
    Fin,
    /// RST.
    Rst,
    /// That RST is not believed yet.
    RstWaits,
    /// An anomaly was noticed.
    Odd(Flag),
    /// Only this side is captured.
    OneSided,
    // --- the connection's life ---
    /// The waiting span since establishment has passed.
    Due,
    /// The phase moved.
    Moved {
        /// From here.
        from: Phase,
        /// To here.
        to: Phase,
        /// Why the handshake did not complete.
        fault: Fault,
        /// Which side gave up.
        gave_up: Option<Side>,
    },
    /// The last row was written; its kind.
    Ended(&'static str),
    // --- octets without a structure of their own ---
    /// Octets.
    Octets(Form),
    // --- TLS ---
    /// A handshake message in clear, by its type.
    Message(u8),
    /// HelloRetryRequest.
    Retry,
    /// ChangeCipherSpec; whether it counts.
    ChangeCipherSpec(bool),
    /// The encrypted handshake record behind a ChangeCipherSpec: Finished, up to TLS 1.2.
    Finished,
    /// An encrypted record, by its content type.
    Encrypted(u8),
    /// An alert in clear.
    Alert {
        /// Its level.
        level: u8,
        /// Its description.
        description: u8,
    },
    /// Octets that are no TLS record, where one must stand.
    NotRecord,
    /// A record length that no version allows.
    TooLong,
    /// An `SSLv2` message, by its type.
    Ssl2(u8),
    // --- SSH ---
    /// An identification line has ended.
    Identification,
    /// A packet in clear, by its message number.
    Packet(u8),
    /// An identification line without end.
    LongIdentification,
    /// Octets that are no SSH, where an identification line must stand.
    NotSsh,
    /// A packet length that SSH forbids.
    BadPacket,
    /// An SSH-1 packet in clear, by its message number.
    Packet1(u8),
    // --- data in clear that may lead to a handshake ---
    /// The conversation was recognised.
    Talk(&'static str),
    /// TLS was asked for in the words of this protocol.
    Asked(&'static str),
    /// The question was refused, or went unanswered.
    Refused(&'static str),
    /// TLS was agreed upon: the client's next octets begin it.
    Granted(&'static str),
}

impl Shown {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Shown::Syn => "syn",
            Shown::SynAck => "syn_ack",
            Shown::Midstream => "midstream",
            Shown::Established => "established",
            Shown::OtherSyn => "other_syn",
            Shown::Again => "retransmission",
            Shown::Waits => "waits",
            Shown::Gap => "gap",
            Shown::Fin => "fin",
            Shown::Rst => "rst",
            Shown::RstWaits => "rst_waits",
            Shown::Odd(_) => "odd",
            Shown::OneSided => "one_sided",
            Shown::Due => "due",
            Shown::Moved { .. } => "moved",
            Shown::Ended(_) => "ended",
            Shown::Octets(Form::Clear) => "clear_data",
            Shown::Octets(Form::Unread) => "unread_data",
            Shown::Octets(Form::Part) => "part",
            Shown::Octets(Form::Opaque) => "opaque_data",
            Shown::Octets(Form::After) => "data_after",
            Shown::Message(_) => "tls_message",
            Shown::Retry => "tls_hello_retry",
            Shown::ChangeCipherSpec(_) => "tls_change_cipher_spec",
            Shown::Finished => "tls_finished",
            Shown::Encrypted(_) => "tls_encrypted",
            Shown::Alert { .. } => "tls_alert",
            Shown::NotRecord => "not_tls",
            Shown::TooLong => "tls_too_long",
            Shown::Ssl2(_) => "ssl2_message",
            Shown::Identification => "ssh_identification",
            Shown::Packet(_) => "ssh_packet",
            Shown::LongIdentification => "ssh_long_identification",
            Shown::NotSsh => "not_ssh",
            Shown::BadPacket => "ssh_bad_length",
            Shown::Packet1(_) => "ssh1_packet",
            Shown::Talk(_) => "talk",
            Shown::Asked(_) => "upgrade_asked",
            Shown::Refused(_) => "upgrade_refused",
            Shown::Granted(_) => "upgrade_granted",
        }
    }

    /// Whether equal steps become one.
    pub(super) const fn folds(self) -> bool {
        matches!(self, Shown::Again | Shown::Waits | Shown::Octets(_) | Shown::Encrypted(_))
    }

    /// Whether octets showed it, rather than TCP or time.
    pub(super) const fn is_content(self) -> bool {
        matches!(
            self,
            Shown::Message(_)
                | Shown::Retry
                | Shown::ChangeCipherSpec(_)
                | Shown::Finished
                | Shown::Encrypted(_)
                | Shown::Alert { .. }
                | Shown::NotRecord
                | Shown::TooLong
                | Shown::Ssl2(_)
                | Shown::Identification
                | Shown::Packet(_)
                | Shown::LongIdentification
                | Shown::NotSsh
                | Shown::BadPacket
                | Shown::Packet1(_)
                | Shown::Octets(_)
        )
    }

    /// Whether the account would be wrong without it.
    pub(super) const fn is_decisive(self) -> bool {
        matches!(
            self,
            Shown::Moved { .. } | Shown::Ended(_) | Shown::Due | Shown::Gap | Shown::OneSided | Shown::Rst
        )
    }
}
