//! The connection table, the stream follower and the choice of a listener, seen from outside: packets in, rows out.

#[path = "flow_bounds.rs"]
mod bounds;
#[path = "contradictions.rs"]
mod contradictions;
#[path = "flow_current.rs"]
mod current;
#[path = "frames_support.rs"]
mod frames;
#[path = "flow_interval.rs"]
mod interval;
#[path = "flow_loss.rs"]
mod loss;
#[path = "flow_order.rs"]
mod order;
#[path = "flow_rows.rs"]
mod rows;
#[path = "../said.rs"]
mod said;
#[path = "../seeds.rs"]
mod seeds;
#[path = "flow_sleep.rs"]
mod sleep;
#[path = "ssh_support.rs"]
mod ssh_talk;
#[path = "stream_model.rs"]
mod stream;
#[path = "flow_streams.rs"]
mod streams;
#[path = "tap_support.rs"]
mod support;
#[path = "tap_frames.rs"]
mod tap_frames;
#[path = "tap_stretch.rs"]
mod tap_stretch;
#[path = "flow_tcp.rs"]
mod tcp;
#[expect(dead_code, reason = "the observers' own tests use the rest")]
#[path = "tls_support.rs"]
mod tls_talk;
