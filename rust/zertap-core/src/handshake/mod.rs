//! Words that every protocol observer shares: what the wire has shown, how it went wrong, what was negotiated.
//!
//! This floor knows no protocol, no TCP and no flow. It says what was *seen*; what that means for a
//! connection's protection is decided above the engine.

mod advice;
mod agreement;
mod evidence;
mod fault;
mod flag;
mod journal;
mod observe;
mod outline;
mod phase;
mod profile;
mod room;
mod side;
mod text;

pub use advice::{Advice, Outcome};
pub use agreement::{HostKey, KexFamily, SSH_LISTS, SshAgreement, SshAgreements, SshOffer, SshRole};
pub use evidence::Evidence;
pub use fault::Fault;
pub use flag::{Flag, Flags};
pub use journal::{Form, Journal, Moment, Scribe, Shown, Told};
pub use observe::{Chunk, End, Findings, Observe, Progress};
pub use outline::{Held, Kept, Outline, outcome};
pub use phase::Phase;
pub use profile::{CryptoProfile, SshProfile, TlsProfile, TlsShape};
pub use room::{Options, Room, SshSeen};
pub use side::{PerSide, Side};
pub use text::{Alert, Text, TextKind, Texts};
