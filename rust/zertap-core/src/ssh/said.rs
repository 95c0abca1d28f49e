//! What one side's packets said, kept for the moment when both sides' words are put together.
//!
//! Each packet is judged by itself: that keeps the outcome free of the order in which the two directions come.

use super::kex::Trace;
use super::kexinit::KexInit;
use super::packet::{Framing, Kept, Packet};
use super::ssh1;
use crate::compact::compact;
use crate::handshake::{Flag, Flags, HostKey, SshOffer, SshRole, SshSeen};
use crate::seen::Seen;
use std::sync::Arc;

/// What a packet means for the direction it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Go on.
    Nothing,
    /// All that follows in this direction is encrypted: NEWKEYS, or SSH-1's like.
    Encrypts,
    /// The sender disconnects, in clear.
    Disconnect,
    /// Forbidden here.
    Violation,
}

/// One side's words.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The first KEXINIT (SSH-21).
    pub(super) kexinit: Option<Arc<KexInit>>,
    /// The role that the KEXINIT announces.
    pub(super) announced: Option<SshRole>,
    /// Key exchange messages.
    pub(super) trace: Trace,
    /// Messages that strict key exchange forbids.
    pub(super) noise: bool,
    /// Anomalies.
    pub(super) flags: Flags,
    /// SSH-1: SMSG_PUBLIC_KEY was sent.
    pub(super) public_key: bool,
    /// SSH-1: the host key in it.
    pub(super) host_key: Option<Arc<HostKey>>,
    /// SSH-1: CMSG_SESSION_KEY was sent.
    pub(super) session_key: bool,
    /// SSH-1: the cipher it chose.
    pub(super) cipher: Option<u8>,
}

impl Said {
    /// Takes one packet. `exact`: nothing of this direction was lost, so what is missing was not sent.
    pub(super) fn take(&mut self, packet: &Packet<'_>, exact: bool, known: &mut SshSeen) -> Notice {
        match packet.framing {
            Framing::One => self.take_one(packet),
            Framing::Two => self.take_two(packet, exact, known),
        }
    }

    /// Message numbers: RFC 4250 section 4.1.2.
    fn take_two(&mut self, packet: &Packet<'_>, exact: bool, known: &mut SshSeen) -> Notice {
        match packet.number {
            1 => return Notice::Disconnect,
            20 => self.offer(packet, &mut known.offers),
            21 if self.kexinit.is_none() && exact => return Notice::Violation,
            21 => return Notice::Encrypts,
            30..=49 => self.trace.note(packet.number, packet.body, &mut known.host_keys),
            _ => self.noise = true,
        }
        Notice::Nothing
    }

    fn offer(&mut self, packet: &Packet<'_>, known: &mut Seen<SshOffer>) {
        if self.kexinit.is_some() {
            self.flags.insert(Flag::KexInitTwice);
            return;
        }
        let init = KexInit::of(packet.body, known);
        match packet.kept {
            Kept::Limited => self.flags.insert(Flag::MessageTooLong),
            Kept::Whole if !init.is_complete => self.flags.insert(Flag::Malformed),
            _ => {}
        }
        self.announced = init.announced;
        self.kexinit = Some(init);
    }

    /// Behind SMSG_PUBLIC_KEY a packet may be encrypted; only its CRC tells then that it is not.
    fn take_one(&mut self, packet: &Packet<'_>) -> Notice {
        let clear = packet.clear || !self.public_key;
        match packet.number {
            ssh1::DISCONNECT if clear => return Notice::Disconnect,
            ssh1::IGNORE | ssh1::DEBUG if clear => {}
            _ if self.public_key => return Notice::Encrypts,
            ssh1::PUBLIC_KEY => self.show_key(packet),
            ssh1::SESSION_KEY => {
                self.session_key = true;
                self.cipher = ssh1::chosen_cipher(packet.body);
                return Notice::Encrypts;
            }
            _ => {}
        }
        Notice::Nothing
    }

    fn show_key(&mut self, packet: &Packet<'_>) {
        self.public_key = true;
        self.host_key = ssh1::host_key(packet.body).map(Arc::new);
        if self.host_key.is_none() && packet.kept == Kept::Whole {
            self.flags.insert(Flag::Malformed);
        }
    }
}

compact!(struct Said {
    kexinit, announced, trace, noise, flags, public_key, host_key, session_key, cipher,
});
