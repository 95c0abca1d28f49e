//! Which pairs of fields of one row may never contradict each other. What holds between rows of a connection is the
//! business of the fuzz targets (`rust/fuzz/src/rows.rs`), what holds between words of the output that of
//! `tests/python/differential/test_truth.py`.

use zertap_core::event::{Row, RowKind};
use zertap_core::handshake::{CryptoProfile, Fault, Flag, Phase};

/// The family a phase speaks of: TLS, SSH or neither.
fn is_tls(phase: Phase) -> bool {
    use Phase::{TlsAgreed, TlsBegun, TlsComplete, TlsFailed, TlsLost, TlsProvisional, TlsThenClear};
    matches!(phase, TlsBegun | TlsAgreed | TlsProvisional | TlsComplete | TlsFailed | TlsThenClear | TlsLost)
}

fn is_ssh(phase: Phase) -> bool {
    use Phase::{SshAgreed, SshBegun, SshComplete, SshFailed, SshLost};
    matches!(phase, SshBegun | SshAgreed | SshComplete | SshFailed | SshLost)
}

fn is_failed(phase: Phase) -> bool {
    matches!(phase, Phase::TlsFailed | Phase::SshFailed)
}

fn is_lost(phase: Phase) -> bool {
    matches!(phase, Phase::TlsLost | Phase::SshLost)
}

/// The pairs that `row` contradicts itself in, by name: none, or the engine is wrong.
pub(crate) fn contradictions(row: &Row) -> Vec<String> {
    pairs(row).into_iter().filter(|(_, holds)| !holds).map(|(pair, _)| format!("{pair}: {row:?}")).collect()
}

/// Each pair of fields, and whether they agree.
fn pairs(row: &Row) -> Vec<(&'static str, bool)> {
    let (phase, settled) = (row.phase, row.settled.as_deref());
    let fault = settled.map_or(Fault::None, |settled| settled.fault);
    let gave_up = settled.and_then(|settled| settled.gave_up);
    let profile = settled.and_then(|settled| settled.profile.as_ref()).map(|(_, profile)| &**profile);
    let certificate = settled
        .is_some_and(|settled| settled.server_certificate.is_some() || settled.client_certificate.is_some());
    let milestone = row.history.entries().last().map(|entry| entry.phase);
    let has = |flag| row.flags.contains(flag);
    let octets: u64 = row.octets.iter().sum();
    vec![
        ("phase and fault: failed has one", !is_failed(phase) || fault != Fault::None),
        ("phase and fault: lost is the capture's", is_lost(phase) == (fault == Fault::CaptureLoss)),
        ("phase and fault: complete has none", !phase.is_complete() || fault == Fault::None),
        ("phase and who gave up", gave_up.is_none() || is_failed(phase) || is_lost(phase) || phase.is_open()),
        ("phase and profile: TLS", !matches!(profile, Some(CryptoProfile::Tls(_))) || is_tls(phase)),
        ("phase and profile: SSH", !matches!(profile, Some(CryptoProfile::Ssh(_))) || is_ssh(phase)),
        ("phase and profile: none without a handshake", profile.is_none() || is_tls(phase) || is_ssh(phase)),
        ("phase and certificates", !certificate || is_tls(phase)),
        ("phase and history", !phase.is_milestone() || milestone == Some(phase)),
        (
            // What had only looked like a beginning stays where an earlier row has told it.
            "phase and history: none without a handshake",
            is_tls(phase) || is_ssh(phase) || milestone.is_none() || row.history_before > 0,
        ),
        // Octets are counted when they come and read in their turn: those of a SYN, or behind a hole, later.
        // Those of a SYN that nobody accepted are never read: they were sent (the oracle counts them), and begin nothing.
        (
            "phase and octets: silent has none",
            phase != Phase::Silent || octets == 0 || !row.kind.is_last() || has(Flag::NeverEstablished),
        ),
        (
            "phase and octets: whatever else has some",
            phase == Phase::Silent
                || octets > 0
                || has(Flag::Gap)
                || has(Flag::Truncated)
                || phase == Phase::Unseen,
        ),
        // Before the last row more may wait behind a hole that is not given up yet: counted, and not read.
        (
            "phase and octets: sniffing has one or two",
            phase != Phase::Sniffing || octets <= 4 || !row.kind.is_last(),
        ),
        (
            "phase and flags: unseen is picked up in mid-life, or behind a loss",
            phase != Phase::Unseen || has(Flag::Midstream) || has(Flag::Gap) || has(Flag::Truncated),
        ),
        (
            "phase and flag: TLS behind clear data is not followed",
            !has(Flag::MidstreamTls) || phase == Phase::Clear,
        ),
        ("phase and flag: upgraded is a handshake", !has(Flag::Upgraded) || is_tls(phase) || is_ssh(phase)),
        ("phase and kind: an end leaves nothing open", !row.kind.is_end() || !phase.is_open()),
        (
            "phase and kind: an end leaves nothing provisional",
            !row.kind.is_end() || phase != Phase::TlsProvisional,
        ),
        ("kind and flag: evicted", (row.kind == RowKind::Evicted) == has(Flag::Evicted)),
        (
            "established and flag",
            row.established.is_none() == has(Flag::NeverEstablished) || !row.kind.is_last(),
        ),
        (
            "established and phase: an attempt has no handshake",
            row.established.is_some() || phase == Phase::Silent || octets > 0,
        ),
        ("segments and flag: one side", !has(Flag::OneSided) || row.segments.contains(&0)),
        (
            "octets and segments",
            row.octets.iter().zip(row.segments).all(|(octets, segments)| *octets == 0 || segments > 0),
        ),
        (
            "flags: what is one-sided has no conflict between the sides",
            !(has(Flag::Midstream) && has(Flag::NeverEstablished)),
        ),
        ("times: start, establishment, end, writing", in_order(row)),
        (
            "times: handshake",
            row.handshake().is_none_or(|(begun, complete)| begun.at <= complete.at && complete.at <= row.end),
        ),
        (
            "times and history: none is earlier than the start",
            row.history.entries().iter().all(|entry| entry.at >= row.start),
        ),
        ("packets: first and this", row.first_packet <= row.packet),
        (
            "differences and totals",
            row.octets.iter().zip(row.octets_delta).all(|(total, delta)| delta <= *total),
        ),
    ]
}

fn in_order(row: &Row) -> bool {
    let established = row.established.unwrap_or(row.start);
    row.start <= established && established <= row.end && row.end <= row.at
}
