//! Frames in, segments or reasons out: the decoder of `wire/` from outside.

#[path = "../seeds.rs"]
mod seeds;
mod wire_edges;
mod wire_fragments;
mod wire_frames;
mod wire_oracle;
mod wire_tunnels;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

/// How often a property is tried; what ever failed is kept beside the tests and tried first.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let kept = FileFailurePersistence::Direct("../../tests/rust/core/wire.proptest-regressions");
    ProptestConfig { cases, failure_persistence: Some(Box::new(kept)), ..ProptestConfig::default() }
}
