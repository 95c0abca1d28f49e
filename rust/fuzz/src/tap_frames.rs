//! The whole tap, fed with frames: any octets, real conversations as seeds.
//!
//! Input: link type, options, then frames (units of 50 ms since the one before, block).

use zertap_core::tap::Tap;
use zertap_core::time::{Span, Timestamp};

use crate::input::{Input, link};
use crate::rows::{Watch, config};

/// Pushes every frame and reads every row.
pub fn hold(data: &[u8]) {
    let mut input = Input(data);
    let link = link(input.octet());
    let mut tap = Tap::new(config(input.octet()));
    let mut watch = Watch::default();
    let mut now = Timestamp(0);
    while !input.is_empty() {
        now = now.after(Span(u64::from(input.octet()) * 50_000_000));
        let frame = input.block();
        tap.push_frame(now, link, frame, frame.len() as u32);
        watch.drain(&mut tap);
    }
    watch.finish(&mut tap);
}
