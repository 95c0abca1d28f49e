//! The TLS observer, spoken to: EDGE_CASES catalogue TLS-01 to TLS-55, any cut, real conversations.

#[path = "tls_any_cut.rs"]
mod any_cut;
#[path = "tls_catalogue.rs"]
mod catalogue;
#[path = "tls_evidence.rs"]
mod evidence;
#[path = "tls_incomplete.rs"]
mod incomplete;
#[path = "../seeds.rs"]
mod seeds;
#[path = "tls_support.rs"]
mod support;
#[path = "tls_templates.rs"]
mod templates;
