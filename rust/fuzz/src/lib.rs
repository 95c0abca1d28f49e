//! What must hold for any octets.
//!
//! Each module has one function `hold`, which takes a fuzzer's octets and asserts; the targets beside it are one line
//! each. `input` says how octets become choices, so that seeds can be written in the same form. Nothing here is
//! shipped, so a broken promise panics.
#![forbid(unsafe_code)]

pub mod captures;
pub mod certificate;
pub mod fragments;
pub mod frames;
pub mod input;
pub mod script;
pub mod ssh;
pub mod stream;
pub mod tap_frames;
pub mod tap_segments;
pub mod tls;

mod rows;
