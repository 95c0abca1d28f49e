//! Upgrades from clear text to TLS: conversations through the whole observer, and real captures through the tap.

#[path = "upgrade_captures.rs"]
mod captures;
#[path = "upgrade_conversations.rs"]
mod conversations;
#[path = "upgrade_cuts.rs"]
mod cuts;
#[path = "../seeds.rs"]
mod seeds;
#[path = "ssh_support.rs"]
mod ssh_support;
#[path = "upgrade_support.rs"]
mod support;
#[path = "upgrade_tds.rs"]
mod tds;
#[allow(dead_code, reason = "shared with the tests of the TLS observer")]
#[path = "tls_support.rs"]
mod tls_support;
#[path = "upgrade_tunnels.rs"]
mod tunnels;
