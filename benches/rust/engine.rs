//! What does the engine cost? One question in each file of `engine/`; all from memory, with connections made out of the
//! conversations in `pcaps/captures`: `cargo bench -p zertap-core --bench engine`.

#[path = "engine/churn.rs"]
mod churn;
#[path = "engine/decode.rs"]
mod decode;
#[path = "engine/handshakes.rs"]
mod handshakes;
#[path = "engine/parked.rs"]
mod parked;
#[path = "engine/rows.rs"]
mod rows;
#[path = "engine/workload.rs"]
mod workload;

criterion::criterion_group!(
    benches,
    decode::frames_decoded,
    parked::frames_of_parked_connections,
    handshakes::handshakes_followed,
    churn::attempts_in_a_flood,
    rows::rows_drained
);
criterion::criterion_main!(benches);
