//! The SSH observer: no octets do harm, and any cut of a conversation gives the same findings.
//!
//! Input: see `script`.

use zertap_core::ssh::SshObserver;

use crate::script::Script;

/// Tells the conversation whole and in pieces.
pub fn hold(data: &[u8]) {
    let script = Script::read(data);
    let whole = script.tell(&mut SshObserver::new(script.options));
    let cut = script.cut().tell(&mut SshObserver::new(script.options));
    if script.is_seamless() {
        assert_eq!(whole, cut);
    }
}
