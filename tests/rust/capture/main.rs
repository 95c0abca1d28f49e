//! Captures in every shape, well and badly formed: what is read, what is said when it cannot be.

mod bad_input;
mod build;
mod compressed;
mod crew;
mod live;
mod mapped;
mod mutation;
mod pcap;
mod pcapng;
#[path = "../said.rs"]
mod said;
#[path = "../seeds.rs"]
mod seeds;
mod shared;
mod source;
