//! Development tasks: `cargo xtask tables [--check]` regenerates the registry tables from the IANA snapshots.

fn main() {}
