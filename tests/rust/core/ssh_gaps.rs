//! Incomplete evidence (EDGE_CASES A8): lost octets, one direction only.

#[path = "../seeds.rs"]
mod seeds;
#[path = "ssh_support.rs"]
mod support;

use support::{
    CLIENT, CLIENT_LINE, Offer, SERVER, SERVER_LINE, Talk, ciphertext, disconnect, encrypted1, newkeys,
    packet, public_key1, rsa_key, session_key1, string,
};
use zertap_core::handshake::Progress::{Finished, Moved, NeedMore};
use zertap_core::handshake::{Chunk, End, Evidence, Fault, Flag, Observe, Phase};

fn agreed() -> Talk {
    let mut talk = Talk::new();
    talk.offers(&Offer::default(), &Offer::default());
    talk
}

#[test]
fn a_gap_inside_a_packet_is_skipped_by_its_length() {
    let mut talk = agreed();
    talk.says(CLIENT, packet(30, &string(&[7; 32])));
    let reply = packet(31, &string(&rsa_key()));
    talk.says(SERVER, &reply[..20]);
    assert_eq!(talk.loses(SERVER, reply.len() as u64 - 30), NeedMore);
    talk.says(SERVER, [&reply[reply.len() - 10..], &newkeys()].concat());
    assert_eq!(talk.says(CLIENT, newkeys()), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().host_key_type, None);
    assert_eq!(talk.profile().evidence_outcome, Evidence::Negotiated);
    assert!(talk.findings().flags.contains(Flag::Gap));
}

#[test]
fn a_gap_inside_an_offer_leaves_the_lists_before_it() {
    let offer = Offer::default().packet();
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    talk.says(SERVER, SERVER_LINE);
    talk.says(SERVER, &offer);
    let kept = 22 + 4 + "curve25519-sha256,ecdh-sha2-nistp256".len();
    talk.says(CLIENT, &offer[..kept]);
    assert_eq!(talk.loses(CLIENT, (offer.len() - kept) as u64), Moved(Phase::SshAgreed));
    assert_eq!(talk.profile().kex.as_deref(), Some("curve25519-sha256"));
    assert_eq!(talk.profile().cipher_c2s, None);
    assert_eq!(talk.findings().fault, Fault::None);
    assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
}

#[test]
fn packets_are_found_again_at_a_segment_whose_lengths_fit() {
    let mut talk = agreed();
    talk.says(CLIENT, packet(30, &string(&[7; 32])));
    talk.loses(SERVER, 100);
    assert_eq!(talk.says(SERVER, ciphertext(50)), NeedMore);
    assert_eq!(talk.says(SERVER, newkeys()), NeedMore);
    assert_eq!(talk.says(CLIENT, newkeys()), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().evidence_outcome, Evidence::Negotiated);
}

#[test]
fn a_disconnect_found_again_after_a_gap_fails_the_handshake() {
    let mut talk = agreed();
    talk.says(CLIENT, [packet(30, &string(&[7; 32])), newkeys()].concat());
    talk.loses(SERVER, 100);
    assert_eq!(talk.says(SERVER, disconnect()), Finished(Phase::SshFailed));
    assert_eq!(talk.findings().fault, Fault::Disconnect);
}

#[test]
fn ciphertext_that_answers_newkeys_completes_with_a_gap() {
    let mut talk = agreed();
    talk.says(CLIENT, packet(30, &string(&[7; 32])));
    let before = talk.sent[CLIENT];
    talk.loses(SERVER, 600);
    // The tail of the reply proves nothing: its sender had not seen NEWKEYS.
    assert_eq!(talk.says_seen(SERVER, ciphertext(99), before), NeedMore);
    assert_eq!(talk.says(CLIENT, newkeys()), NeedMore);
    assert_eq!(talk.says_seen(SERVER, ciphertext(100), before), NeedMore);
    assert_eq!(talk.says(SERVER, ciphertext(64)), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().evidence_outcome, Evidence::Inferred);
    assert!(talk.findings().flags.contains(Flag::Gap));
}

#[test]
fn a_possible_packet_in_clear_is_no_proof_of_encryption() {
    let mut talk = agreed();
    talk.says(CLIENT, [packet(30, &string(&[7; 32])), newkeys()].concat());
    talk.loses(SERVER, 600);
    let cut = disconnect();
    assert_eq!(talk.says(SERVER, &cut[..cut.len() - 4]), NeedMore);
    assert_eq!(talk.observer.close(), Finished(Phase::SshLost));
}

#[test]
fn both_sides_going_on_unreadably_after_a_reply_completes_with_a_gap() {
    let mut talk = agreed();
    talk.says(CLIENT, packet(30, &string(&[7; 32])));
    talk.says(SERVER, packet(31, &string(&rsa_key())));
    talk.loses(SERVER, 16);
    talk.loses(CLIENT, 16);
    assert_eq!(talk.says(SERVER, ciphertext(40)), NeedMore);
    assert_eq!(talk.says(CLIENT, ciphertext(40)), NeedMore);
    assert_eq!(talk.says(SERVER, ciphertext(40)), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().evidence_outcome, Evidence::Inferred);
}

#[test]
fn lost_octets_that_would_decide_leave_it_undetermined() {
    for end in 0..3 {
        let mut talk = agreed();
        talk.says(CLIENT, [packet(30, &string(&[7; 32])), newkeys()].concat());
        talk.loses(SERVER, 600);
        let progress = match end {
            0 => talk.observer.close(),
            1 => talk.ends(SERVER, End::Rst),
            _ => {
                assert_eq!(talk.ends(SERVER, End::Fin), NeedMore);
                talk.ends(CLIENT, End::Fin)
            }
        };
        assert_eq!(progress, Finished(Phase::SshLost));
        assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::CaptureLoss, None));
    }
}

#[test]
fn a_side_seen_to_break_off_fails_whatever_the_other_lost() {
    let mut talk = agreed();
    talk.loses(SERVER, 600);
    assert_eq!(talk.ends(CLIENT, End::Fin), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Closed, Some(CLIENT)));
}

#[test]
fn a_lost_banner_does_not_hide_newkeys() {
    let mut talk = Talk::new();
    talk.says(CLIENT, [CLIENT_LINE, &Offer::default().packet()].concat());
    talk.loses(SERVER, 40);
    assert_eq!(talk.says(SERVER, Offer::default().packet()), Moved(Phase::SshAgreed));
    assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
}

#[test]
fn a_segment_cut_by_the_snap_length_is_followed_by_its_length_on_the_wire() {
    let mut talk = Talk::new();
    talk.says(CLIENT, [CLIENT_LINE, &Offer::default().packet()].concat());
    talk.loses(SERVER, 40);
    let offer = Offer::default().packet();
    let (bytes, rest) = offer.split_at(100);
    let chunk = Chunk { bytes, seen: 0, starts_segment: true, cut: rest.len() as u32 };
    assert_eq!(talk.observer.push(SERVER, chunk, &mut talk.room), NeedMore);
    assert_eq!(talk.loses(SERVER, rest.len() as u64), Moved(Phase::SshAgreed));
    assert_eq!(talk.profile().kex.as_deref(), Some("curve25519-sha256"));
}

#[test]
fn one_side_alone_completes_by_newkeys_and_one_octet_more() {
    let mut talk = Talk::new();
    talk.says(CLIENT, [CLIENT_LINE, &Offer::default().packet()].concat());
    assert_eq!(talk.observer.one_sided(CLIENT), NeedMore);
    talk.says(CLIENT, packet(30, &string(&[7; 32])));
    assert_eq!(talk.says(CLIENT, newkeys()), NeedMore);
    assert_eq!(talk.says(CLIENT, [1]), Finished(Phase::SshComplete));
    let profile = talk.profile();
    assert_eq!((profile.version, profile.kex.as_deref()), (2, None));
    assert_eq!(profile.evidence_outcome, Evidence::Inferred);
    assert_eq!(profile.evidence_algorithms, Evidence::NotVisible);
    assert!(talk.findings().flags.contains(Flag::OneSided));
}

#[test]
fn one_side_may_be_declared_alone_after_all_was_said() {
    let mut talk = Talk::new();
    let server =
        [SERVER_LINE, &Offer::default().packet(), &packet(31, &string(&rsa_key())), &newkeys(), &[9; 30]];
    talk.says(SERVER, server.concat());
    assert_eq!(talk.observer.one_sided(SERVER), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().host_key_bits, Some(2048));
    assert_eq!(talk.findings().client, Some(CLIENT));
}

#[test]
fn one_side_that_ends_before_newkeys_failed_and_right_after_it_is_undetermined() {
    let mut talk = Talk::new();
    talk.says(CLIENT, [CLIENT_LINE, &Offer::default().packet()].concat());
    talk.observer.one_sided(CLIENT);
    assert_eq!(talk.ends(CLIENT, End::Fin), Finished(Phase::SshFailed));
    let mut talk = Talk::new();
    talk.says(CLIENT, [CLIENT_LINE, &Offer::default().packet(), &newkeys()].concat());
    talk.observer.one_sided(CLIENT);
    assert_eq!(talk.ends(CLIENT, End::Fin), NeedMore);
    assert_eq!(talk.observer.close(), Finished(Phase::SshLost));
}

#[test]
fn one_side_of_ssh_1_completes_too() {
    let mut talk = Talk::new();
    talk.observer.one_sided(SERVER);
    talk.says(SERVER, b"SSH-1.99-x\n");
    assert_eq!(talk.says(SERVER, public_key1()), NeedMore);
    assert_eq!(talk.says(SERVER, encrypted1(1)), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().version, 1);
    let mut talk = Talk::new();
    talk.observer.one_sided(CLIENT);
    talk.says(CLIENT, b"SSH-1.5-x\n");
    assert_eq!(talk.says(CLIENT, session_key1(6)), NeedMore);
    assert_eq!(talk.says(CLIENT, encrypted1(1)), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().cipher_c2s.as_deref(), Some("blowfish"));
}

#[test]
fn a_conflict_is_a_flag_and_nothing_more() {
    let mut talk = agreed();
    talk.observer.conflict(SERVER);
    assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
    assert!(talk.findings().flags.contains(Flag::OverlapConflict));
}

#[test]
fn a_gap_behind_newkeys_is_nobodys_and_one_over_a_packets_end_loses_its_boundaries() {
    let mut talk = agreed();
    talk.says(CLIENT, [packet(30, &string(&[7; 32])), newkeys()].concat());
    talk.loses(CLIENT, 100);
    assert!(!talk.findings().flags.contains(Flag::Gap));
    let reply = packet(31, &string(&rsa_key()));
    talk.says(SERVER, &reply[..20]);
    talk.loses(SERVER, reply.len() as u64 + 50);
    assert!(talk.findings().flags.contains(Flag::Gap));
    // What follows is read as a segment of its own: ciphertext of a server that had seen NEWKEYS.
    assert_eq!(talk.says(SERVER, [0x55; 50]), Finished(Phase::SshComplete));
}
