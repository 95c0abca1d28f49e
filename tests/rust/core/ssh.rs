//! The SSH catalogue of EDGE_CASES, entry by entry, as conversations: this arrives, expect that.

#[path = "../seeds.rs"]
mod seeds;
#[path = "ssh_support.rs"]
mod support;

use support::{
    CLIENT, CLIENT_LINE, Offer, SERVER, SERVER_LINE, Talk, ciphertext, disconnect, ed25519_key, encrypted1,
    newkeys, packet, packet1, public_key1, rsa_key, session_key1, string, text,
};
use zertap_core::handshake::Progress::{Finished, Moved, NeedMore};
use zertap_core::handshake::{End, Evidence, Fault, Flag, Observe, Options, Phase, Side, TextKind};
use zertap_core::ssh::{LineScan, Probe, SSH_PREFIX, Scan, SshObserver, probe};

fn name(text: Option<&str>) -> Option<Box<str>> {
    text.map(Into::into)
}

#[test]
fn ssh_01_newkeys_from_both_sides_completes_and_from_one_does_not() {
    let mut talk = Talk::new();
    assert_eq!(talk.says(SERVER, SERVER_LINE), Moved(Phase::SshBegun));
    assert_eq!(talk.says(CLIENT, CLIENT_LINE), NeedMore);
    assert_eq!(talk.says(CLIENT, Offer::default().packet()), NeedMore);
    assert_eq!(talk.says(SERVER, Offer::default().packet()), Moved(Phase::SshAgreed));
    assert_eq!(talk.says(CLIENT, packet(30, &string(&[7; 32]))), NeedMore);
    assert_eq!(talk.says(SERVER, packet(31, &string(&ed25519_key()))), NeedMore);
    assert_eq!(talk.says(SERVER, newkeys()), NeedMore);
    assert_eq!(talk.says(SERVER, ciphertext(40)), NeedMore);
    let octets = talk.sent[SERVER] - 40;
    assert_eq!(talk.says(CLIENT, newkeys()), Finished(Phase::SshComplete));

    let findings = talk.findings();
    assert_eq!(findings.fault, Fault::None);
    assert_eq!(findings.client, Some(CLIENT));
    assert_eq!(findings.handshake_octets[SERVER], octets);
    assert_eq!(findings.handshake_octets[CLIENT], talk.sent[CLIENT]);
    assert_eq!(findings.flags.iter().next(), None);
    assert_eq!(text(&findings, TextKind::ServerBanner).unwrap(), b"SSH-2.0-server_1.0 comment");
    assert_eq!(text(&findings, TextKind::ClientBanner).unwrap(), b"SSH-2.0-client_1.0");
    assert_eq!(text(&findings, TextKind::ClientKexInit), None);
    let profile = talk.profile();
    assert_eq!(profile.version, 2);
    assert_eq!(profile.kex, name(Some("curve25519-sha256")));
    assert_eq!(profile.host_key, name(Some("ssh-ed25519")));
    assert_eq!(profile.host_key_type, name(Some("ssh-ed25519")));
    assert_eq!(profile.host_key_bits, Some(256));
    assert_eq!(profile.cipher_c2s, name(Some("aes128-ctr")));
    assert_eq!(profile.mac_s2c, name(Some("hmac-sha2-256")));
    assert_eq!(profile.compression_c2s, name(Some("none")));
    assert_eq!(profile.evidence_algorithms, Evidence::Negotiated);
    assert_eq!(profile.evidence_outcome, Evidence::Negotiated);
}

#[test]
fn ssh_01_the_fingerprint_is_the_digest_of_the_key_blob() {
    let mut talk = Talk::new();
    talk.offers(&Offer::default(), &Offer::default());
    assert_eq!(talk.exchanges(31, &string(b"ssh-ed25519")), Finished(Phase::SshComplete));
    // printf '\0\0\0\013ssh-ed25519' | sha256sum
    let digest = text(&talk.findings(), TextKind::HostKeyFingerprint).unwrap();
    assert_eq!(digest[..4], [0xE7, 0xF8, 0x1D, 0x0B], "{digest:02x?}");
    assert_eq!(digest.len(), 32);
}

#[test]
fn ssh_02_lines_before_the_servers_banner_are_skipped() {
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    assert_eq!(talk.says(SERVER, "Welcome to xSSH-2.0\r\nNo SSH-2.0 here\nS"), NeedMore);
    assert_eq!(talk.says(SERVER, &SERVER_LINE[1..]), NeedMore);
    talk.says(CLIENT, Offer::default().packet());
    assert_eq!(talk.says(SERVER, Offer::default().packet()), Moved(Phase::SshAgreed));
    assert_eq!(talk.exchanges(31, &ed25519_key()), Finished(Phase::SshComplete));
    assert!(talk.findings().flags.contains(Flag::LinesBeforeBanner));
    assert_eq!(text(&talk.findings(), TextKind::ServerBanner).unwrap(), b"SSH-2.0-server_1.0 comment");
    assert_eq!(talk.findings().handshake_octets[SERVER], talk.sent[SERVER]);
}

#[test]
fn ssh_02_a_server_found_by_its_line_is_followed_from_there() {
    let mut scan = LineScan::default();
    assert_eq!(scan.push(b"220 hello\r\nSS"), Scan::More);
    assert_eq!(scan.push(b"H-2.0-x\r\n"), Scan::Found { next: 2 });
    assert_eq!(scan.start(), 11);
    let mut talk = Talk::with(SshObserver::new(Options::default()).after_lines(SERVER, scan.start()));
    talk.sent[SERVER] = scan.start();
    assert_eq!(talk.says(SERVER, SSH_PREFIX), Moved(Phase::SshBegun));
    assert_eq!(talk.says(SERVER, b"2.0-x\r\n"), NeedMore);
    assert!(talk.findings().flags.contains(Flag::LinesBeforeBanner));
    // A client that had read only the greeting did not answer the identification.
    assert_eq!(talk.says_seen(CLIENT, "HELO x\r\n", 11), Finished(Phase::Clear));
}

#[test]
fn ssh_02_lines_without_a_banner_are_clear_unless_they_answer_one() {
    let greeting = "hello\n".repeat(2000);
    for (seen, end) in [(0, Finished(Phase::Clear)), (4, Finished(Phase::SshFailed))] {
        let mut talk = Talk::new();
        talk.says(CLIENT, CLIENT_LINE);
        assert_eq!(talk.says_seen(SERVER, "hello\n", seen), NeedMore);
        assert_eq!(talk.says(SERVER, &greeting), end);
        let mut talk = Talk::new();
        talk.says(CLIENT, CLIENT_LINE);
        talk.says_seen(SERVER, "hello\n", seen);
        assert_eq!(talk.observer.close(), end);
    }
}

#[test]
fn ssh_02_the_limits_of_the_line_scan_are_exact() {
    let mut scan = LineScan::default();
    assert_eq!(scan.push("\n".repeat(1024).as_bytes()), Scan::More);
    assert_eq!(scan.push(b"SSH-"), Scan::Found { next: 4 });
    let mut scan = LineScan::default();
    assert_eq!(scan.push("\n".repeat(1025).as_bytes()), Scan::Never);
    let line = [vec![b'x'; 8187], b"\n".to_vec()].concat();
    let mut scan = LineScan::default();
    assert_eq!(scan.push(&line), Scan::More);
    assert_eq!(scan.push(b"SSH-"), Scan::Found { next: 4 });
    let mut scan = LineScan::default();
    scan.push(&[line, b"\n".to_vec()].concat());
    assert_eq!(scan.push(b"SSH-"), Scan::Never);
    let mut scan = LineScan::default();
    scan.push(b"x");
    scan.gap(5);
    assert_eq!(scan.push(b"SSH-2.0\nSSH-"), Scan::Found { next: 12 });
    assert_eq!(scan.start(), 14);
    scan = LineScan::default();
    scan.gap(u64::MAX);
    assert_eq!(scan.push(b"\nSSH-"), Scan::Never);
}

#[test]
fn ssh_02_four_octets_are_a_beginning_and_fewer_are_not() {
    assert_eq!(probe(b""), Probe::Short);
    assert_eq!(probe(b"SSH"), Probe::Short);
    assert_eq!(probe(b"SSH-"), Probe::Begun);
    assert_eq!(probe(b"SSH-2.0"), Probe::Begun);
    assert_eq!(probe(b"SSL"), Probe::No);
    let mut talk = Talk::new();
    assert_eq!(talk.says(CLIENT, "SSH"), NeedMore);
    assert_eq!(talk.says(CLIENT, "-"), Moved(Phase::SshBegun));
}

#[test]
fn ssh_03_a_server_of_both_versions_with_a_2_0_client_is_version_2() {
    for (server, odd) in [(&b"SSH-1.99-Cisco-1.25\n"[..], true), (b"SSH-1.99-x  y -- z \r\n", false)] {
        let mut talk = Talk::new();
        // The server goes on before it has read the client's line: its first packet tells the version.
        talk.says(SERVER, server);
        talk.says(SERVER, Offer::default().packet());
        talk.says(CLIENT, CLIENT_LINE);
        assert_eq!(talk.says(CLIENT, Offer::default().packet()), Moved(Phase::SshAgreed));
        assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
        assert_eq!(talk.profile().version, 2);
        assert_eq!(talk.profile().host_key_bits, Some(2048));
        assert_eq!(talk.findings().flags.contains(Flag::OddBanner), odd);
    }
}

#[test]
fn ssh_04_odd_banners_are_tolerated_with_a_flag() {
    let long = format!("SSH-2.0-{}\r\n", "x".repeat(8000));
    let cases: [(&[u8], Flag); 4] = [
        (long.as_bytes(), Flag::LongBanner),
        (b"SSH-2.0-x\r", Flag::OddBanner),
        (b"SSH-2.0-x\0y\r\n", Flag::OddBanner),
        (b"SSH-2.0-x\n", Flag::OddBanner),
    ];
    for (line, flag) in cases {
        let mut talk = Talk::new();
        talk.says(CLIENT, CLIENT_LINE);
        talk.says(SERVER, line);
        talk.says(CLIENT, Offer::default().packet());
        assert_eq!(talk.says(SERVER, Offer::default().packet()), Moved(Phase::SshAgreed), "{flag:?}");
        assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
        let flags: Vec<_> = talk.findings().flags.iter().collect();
        assert_eq!(flags, [flag]);
        let banner = text(&talk.findings(), TextKind::ServerBanner).unwrap();
        assert!(banner.len() <= 255 && !banner.ends_with(b"\r"));
    }
}

#[test]
fn ssh_04_a_banner_of_255_octets_with_its_end_is_regular() {
    for (length, long) in [(255, false), (256, true)] {
        let mut talk = Talk::new();
        talk.says(SERVER, format!("SSH-2.0-{}\r\n", "x".repeat(length - 10)));
        assert_eq!(talk.findings().flags.contains(Flag::LongBanner), long);
    }
}

#[test]
fn ssh_04_a_banner_without_end_fails_beyond_the_limit_or_when_closed() {
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    assert_eq!(talk.says(SERVER, [b"SSH-2.0-", &[b'x'; 8184][..]].concat()), NeedMore);
    assert_eq!(talk.says(SERVER, "x"), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::BannerTooLong, Some(SERVER)));
    let mut talk = Talk::new();
    talk.says(SERVER, "SSH-2.0-x");
    assert_eq!(talk.ends(SERVER, End::Fin), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Closed, Some(SERVER)));
    assert_eq!(text(&talk.findings(), TextKind::ServerBanner).unwrap(), b"SSH-2.0-x");
}

#[test]
fn ssh_05_a_silent_client_leaves_the_handshake_open_until_the_end() {
    let mut talk = Talk::new();
    assert_eq!(talk.says(SERVER, SERVER_LINE), Moved(Phase::SshBegun));
    assert_eq!(talk.observer.due(), NeedMore);
    assert_eq!(talk.findings().profile, None);
    assert_eq!(talk.ends(CLIENT, End::Fin), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Closed, Some(CLIENT)));
    let mut talk = Talk::new();
    talk.says(SERVER, SERVER_LINE);
    assert_eq!(talk.ends(SERVER, End::Rst), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Reset, Some(SERVER)));
    let mut talk = Talk::new();
    talk.says(SERVER, SERVER_LINE);
    assert_eq!(talk.observer.close(), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Closed, None));
}

#[test]
fn ssh_06_announcements_in_the_kex_list_are_never_selected() {
    let markers = "ext-info-c,ext-info-s,kex-strict-c-v00@openssh.com,kex-strict-s-v00@openssh.com";
    let both = Offer::kex(&format!("{markers},ecdh-sha2-nistp256,{markers}"));
    let mut talk = Talk::new();
    talk.offers(&both, &both);
    assert_eq!(talk.profile().kex, name(Some("ecdh-sha2-nistp256")));
    assert!(talk.profile().strict_kex);
    let mut talk = Talk::new();
    talk.offers(
        &Offer::kex("curve25519-sha256,kex-strict-c-v00@openssh.com"),
        &Offer::kex("curve25519-sha256"),
    );
    assert!(!talk.profile().strict_kex);
}

#[test]
fn ssh_07_a_wrong_guess_is_ignored_and_a_right_one_used() {
    let client =
        Offer { guesses: true, ..Offer::kex("ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha256") };
    let server = Offer::kex("diffie-hellman-group-exchange-sha256");
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    talk.says(CLIENT, [client.packet(), packet(30, &string(&[4; 65]))].concat());
    talk.says(SERVER, SERVER_LINE);
    assert_eq!(talk.says(SERVER, server.packet()), Moved(Phase::SshAgreed));
    talk.says(CLIENT, packet(34, &[0; 12]));
    talk.says(SERVER, packet(31, &[string(&[0, 0xFF, 0xFF]), string(&[2])].concat()));
    talk.says(CLIENT, packet(32, &string(&[5; 256])));
    talk.says(SERVER, [packet(33, &string(&rsa_key())), newkeys()].concat());
    assert_eq!(talk.says(CLIENT, newkeys()), Finished(Phase::SshComplete));
    assert!(talk.findings().flags.contains(Flag::WrongKexGuess));
    assert_eq!(talk.profile().host_key_type, name(Some("ssh-rsa")));

    let client = Offer { guesses: true, ..Offer::default() };
    let mut talk = Talk::new();
    talk.offers(&client, &Offer::default());
    assert_eq!(talk.exchanges(31, &ed25519_key()), Finished(Phase::SshComplete));
    assert!(!talk.findings().flags.contains(Flag::WrongKexGuess));
}

#[test]
fn ssh_07_a_server_that_misguessed_rsa_transport_shows_the_key_of_the_real_exchange() {
    let server = Offer { guesses: true, ..Offer::kex("rsa2048-sha256,curve25519-sha256") };
    let mut talk = Talk::new();
    talk.says(SERVER, [SERVER_LINE, &server.packet(), &packet(30, &string(&rsa_key()))].concat());
    talk.says(CLIENT, [CLIENT_LINE, &Offer::kex("curve25519-sha256,rsa2048-sha256").packet()].concat());
    assert_eq!(talk.exchanges(31, &ed25519_key()), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().kex, name(Some("curve25519-sha256")));
    assert_eq!(talk.profile().host_key_type, name(Some("ssh-ed25519")));
    assert_eq!(talk.findings().client, Some(CLIENT));
}

#[test]
fn ssh_08_the_clients_first_common_entry_wins_in_each_direction() {
    let list = |text: &str| text.as_bytes().to_vec();
    let client = Offer {
        kex: list("a@x,curve25519-sha256,ecdh-sha2-nistp256"),
        host_key: list("ssh-rsa,ssh-ed25519"),
        cipher: [list("aes256-ctr,aes128-ctr"), list("aes128-ctr,3des-cbc")],
        mac: [list("hmac-sha1,hmac-sha2-256"), list("hmac-sha2-512,hmac-md5")],
        compression: [list("zlib,none"), list("none,zlib")],
        guesses: false,
    };
    let server = Offer {
        kex: list("ecdh-sha2-nistp256,curve25519-sha256"),
        host_key: list("ssh-ed25519"),
        cipher: [list("aes128-ctr,aes256-ctr"), list("3des-cbc")],
        mac: [list("hmac-sha2-256,hmac-sha1"), list("hmac-md5")],
        compression: [list("none,zlib"), list("zlib,none")],
        guesses: false,
    };
    let mut talk = Talk::new();
    talk.offers(&client, &server);
    let profile = talk.profile();
    assert_eq!(profile.kex, name(Some("curve25519-sha256")));
    assert_eq!(profile.host_key, name(Some("ssh-ed25519")));
    assert_eq!(profile.cipher_c2s, name(Some("aes256-ctr")));
    assert_eq!(profile.cipher_s2c, name(Some("3des-cbc")));
    assert_eq!(profile.mac_c2s, name(Some("hmac-sha1")));
    assert_eq!(profile.mac_s2c, name(Some("hmac-md5")));
    assert_eq!(profile.compression_c2s, name(Some("zlib")));
    assert_eq!(profile.compression_s2c, name(Some("none")));
}

#[test]
fn ssh_08_a_method_counts_only_with_a_host_key_that_it_can_use() {
    let offer = |kex: &str| Offer { host_key: b"null".to_vec(), ..Offer::kex(kex) };
    let lists = "curve25519-sha256,gss-curve25519-sha256-toWM5Slw5Ew8Mqkay+al2g==";
    let mut talk = Talk::new();
    talk.offers(&offer(lists), &offer(lists));
    assert_eq!(talk.profile().kex, name(Some("gss-curve25519-sha256-toWM5Slw5Ew8Mqkay+al2g==")));
    assert_eq!(talk.profile().host_key, name(Some("null")));
    assert_eq!(talk.findings().fault, Fault::None);
}

#[test]
fn ssh_08_the_roles_follow_the_messages_and_not_the_tcp_sides() {
    let mut talk = Talk::new();
    // The TCP acceptor is the SSH client.
    let (client, server) = (Side::B, Side::A);
    talk.says(client, CLIENT_LINE);
    talk.says(server, SERVER_LINE);
    talk.says(client, Offer::kex("ecdh-sha2-nistp256,curve25519-sha256").packet());
    talk.says(server, Offer::kex("curve25519-sha256,ecdh-sha2-nistp256").packet());
    assert_eq!(talk.findings().client, Some(Side::A), "nothing tells yet");
    talk.says(client, packet(30, &string(&[4; 65])));
    talk.says(server, [packet(31, &string(&rsa_key())), newkeys()].concat());
    assert_eq!(talk.says(client, newkeys()), Finished(Phase::SshComplete));
    let findings = talk.findings();
    assert_eq!(findings.client, Some(Side::B));
    assert_eq!(talk.profile().kex, name(Some("ecdh-sha2-nistp256")));
    assert_eq!(talk.profile().host_key_type, name(Some("ssh-rsa")));
    assert_eq!(text(&findings, TextKind::ClientBanner).unwrap(), b"SSH-2.0-client_1.0");
}

#[test]
fn ssh_08_announcements_tell_the_roles_before_any_message_does() {
    let mut talk = Talk::new();
    talk.says(Side::A, SERVER_LINE);
    talk.says(Side::B, CLIENT_LINE);
    talk.says(Side::B, Offer::kex("curve25519-sha256,ext-info-c").packet());
    talk.says(Side::A, Offer::default().packet());
    assert_eq!(talk.findings().client, Some(Side::B));
}

#[test]
fn ssh_09_an_aead_cipher_makes_the_mac_implicit() {
    for cipher in ["chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"] {
        let offer = |mac: &[u8]| Offer {
            cipher: [cipher.into(), b"aes128-ctr".to_vec()],
            mac: [mac.to_vec(), b"hmac-sha1".to_vec()],
            ..Offer::default()
        };
        let mut talk = Talk::new();
        talk.offers(&offer(b"hmac-md5"), &offer(b"hmac-sha2-512"));
        let profile = talk.profile();
        assert_eq!(profile.mac_c2s, name(Some("implicit")));
        assert_eq!(profile.mac_s2c, name(Some("hmac-sha1")));
        assert_eq!(talk.findings().fault, Fault::None);
    }
}

#[test]
fn ssh_10_etm_macs_and_rfc_5647_ciphers_keep_their_names() {
    let mac = b"hmac-sha2-256-etm@openssh.com".to_vec();
    let offer = Offer {
        cipher: [b"aes256-ctr".to_vec(), b"AEAD_AES_128_GCM".to_vec()],
        mac: [mac, b"AEAD_AES_128_GCM".to_vec()],
        ..Offer::default()
    };
    let mut talk = Talk::new();
    talk.offers(&offer, &offer);
    assert_eq!(talk.profile().mac_c2s, name(Some("hmac-sha2-256-etm@openssh.com")));
    assert_eq!(talk.profile().cipher_s2c, name(Some("AEAD_AES_128_GCM")));
    assert_eq!(talk.profile().mac_s2c, name(Some("AEAD_AES_128_GCM")));
}

#[test]
fn ssh_11_forbidden_lengths_fail_at_once() {
    let cases: [&[u8]; 6] = [
        &[0, 0, 0, 0],
        &[0, 0, 0, 4],
        &[0, 4, 0, 1],
        &[0xFF, 0xFF, 0xFF, 0xFF],
        &[0, 0, 0, 12, 12, 20],
        &[0, 0, 0, 12, 255, 20],
    ];
    for header in cases {
        let mut talk = Talk::new();
        talk.says(CLIENT, CLIENT_LINE);
        talk.says(SERVER, SERVER_LINE);
        assert_eq!(talk.says(CLIENT, header), Finished(Phase::SshFailed), "{header:?}");
        assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::BadLength, Some(CLIENT)));
    }
    for header in [&[0, 4, 0, 0, 4, 20][..], &[0, 0, 0, 5, 3, 2]] {
        let mut talk = Talk::new();
        talk.says(CLIENT, CLIENT_LINE);
        assert_eq!(talk.says(CLIENT, header), NeedMore, "{header:?}");
    }
}

#[test]
fn ssh_12_every_method_completes_by_newkeys_alone() {
    let long = vec![0x42; 1184];
    for (kex, reply, key_type) in [
        ("diffie-hellman-group-exchange-sha256", 33, Some("ssh-rsa")),
        ("sntrup761x25519-sha512@openssh.com", 31, Some("ssh-rsa")),
        ("mlkem768x25519-sha256", 31, Some("ssh-rsa")),
        ("gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==", 33, Some("ssh-rsa")),
        ("diffie-hellman-group14-sha256", 33, None),
        ("tomorrow@example.com", 31, Some("ssh-rsa")),
    ] {
        let mut talk = Talk::new();
        talk.offers(&Offer::kex(kex), &Offer::kex(kex));
        talk.says(CLIENT, packet(30, &string(&long)));
        talk.says(SERVER, packet(reply, &[string(&rsa_key()), string(&long)].concat()));
        talk.says(SERVER, newkeys());
        assert_eq!(talk.says(CLIENT, newkeys()), Finished(Phase::SshComplete));
        assert_eq!(talk.profile().kex, name(Some(kex)));
        assert_eq!(talk.profile().host_key_type, name(key_type), "{kex}");
    }
}

#[test]
fn ssh_12_with_rsa_transport_the_server_speaks_first() {
    let offer = Offer::kex("rsa2048-sha256");
    let mut talk = Talk::new();
    talk.offers(&offer, &offer);
    talk.says(SERVER, packet(30, &[string(&rsa_key()), string(&[1; 270])].concat()));
    talk.says(CLIENT, packet(31, &string(&[2; 256])));
    talk.says(SERVER, [packet(32, &string(&[3; 64])), newkeys()].concat());
    assert_eq!(talk.says(CLIENT, newkeys()), Finished(Phase::SshComplete));
    assert_eq!(talk.findings().client, Some(CLIENT));
    assert_eq!(talk.profile().host_key_type, name(Some("ssh-rsa")));
}

#[test]
fn ssh_13_nothing_in_common_is_the_reason_and_the_end_is_the_failure() {
    let others = [
        Offer::kex("ecdh-sha2-nistp521"),
        Offer { host_key: b"ssh-dss".to_vec(), ..Offer::default() },
        Offer { cipher: [b"3des-cbc".to_vec(), b"aes128-ctr".to_vec()], ..Offer::default() },
        Offer { mac: [b"hmac-sha1".to_vec(), b"hmac-md5".to_vec()], ..Offer::default() },
        Offer { compression: [b"lzw".to_vec(), b"none".to_vec()], ..Offer::default() },
    ];
    for server in &others {
        for end in 0..4 {
            let mut talk = Talk::new();
            assert_eq!(talk.offers(&Offer::default(), server), Moved(Phase::SshAgreed));
            assert_eq!(talk.findings().fault, Fault::NoCommonAlgorithm);
            let (progress, by) = match end {
                0 => (talk.says(SERVER, disconnect()), SERVER),
                1 => (talk.ends(SERVER, End::Fin), SERVER),
                2 => (talk.ends(CLIENT, End::Fin), CLIENT),
                _ => (talk.ends(CLIENT, End::Rst), CLIENT),
            };
            assert_eq!(progress, Finished(Phase::SshFailed));
            assert_eq!(
                (talk.findings().fault, talk.findings().gave_up),
                (Fault::NoCommonAlgorithm, Some(by))
            );
        }
    }
}

#[test]
fn ssh_13_a_disconnect_in_clear_fails_for_any_reason() {
    let mut talk = Talk::new();
    talk.offers(&Offer::default(), &Offer::default());
    talk.says(CLIENT, packet(30, &string(&[7; 32])));
    assert_eq!(talk.says(SERVER, disconnect()), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Disconnect, Some(SERVER)));
}

#[test]
fn ssh_14_another_protocol_in_answer_to_a_banner_fails_the_handshake() {
    for answer in [&b"GET / HTTP/1.1\r\n"[..], &[0x16, 3, 1, 2, 0, 1], &[0x15, 3, 3, 0, 2], b"SSX"] {
        let mut talk = Talk::new();
        talk.says(SERVER, SERVER_LINE);
        assert_eq!(talk.says(CLIENT, answer), Finished(Phase::SshFailed), "{answer:?}");
        assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::PeerNotSsh, Some(CLIENT)));
    }
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    assert_eq!(talk.says(SERVER, "HTTP/1.1 400 Bad Request\r\n\r\n"), NeedMore);
    assert_eq!(talk.ends(SERVER, End::Fin), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::PeerNotSsh, Some(SERVER)));
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    assert_eq!(talk.says(SERVER, [0x15, 3, 1, 0, 2, 2, 70]), Finished(Phase::SshFailed));
}

#[test]
fn ssh_14_clear_data_that_answers_nothing_came_first() {
    let mut talk = Talk::new();
    talk.says(SERVER, SERVER_LINE);
    assert_eq!(talk.says_seen(CLIENT, "GET / HTTP/1.1\r\n", 0), Finished(Phase::Clear));
    assert_eq!(talk.findings().fault, Fault::None);
    // A TLS hello that crosses the banner is not data in clear.
    let mut talk = Talk::new();
    talk.says(SERVER, SERVER_LINE);
    assert_eq!(talk.says_seen(CLIENT, [0x16, 3], 0), NeedMore);
    assert_eq!(talk.says_seen(CLIENT, [1, 2, 0, 1], 0), Finished(Phase::SshFailed));
    assert_eq!(talk.findings().fault, Fault::PeerNotSsh);
}

#[test]
fn ssh_15_what_follows_newkeys_is_not_read() {
    let mut talk = Talk::new();
    talk.offers(&Offer::default(), &Offer::default());
    talk.says(CLIENT, packet(30, &string(&[7; 32])));
    talk.says(SERVER, [packet(31, &string(&rsa_key())), newkeys(), disconnect()].concat());
    assert_eq!(talk.says(CLIENT, [newkeys(), vec![0xFF; 8]].concat()), Finished(Phase::SshComplete));
}

#[test]
fn ssh_15_a_side_that_has_sent_all_may_close_first() {
    let mut talk = Talk::new();
    talk.offers(&Offer::default(), &Offer::default());
    talk.says(CLIENT, [packet(30, &string(&[7; 32])), newkeys()].concat());
    assert_eq!(talk.ends(CLIENT, End::Fin), NeedMore);
    assert_eq!(
        talk.says(SERVER, [packet(31, &string(&rsa_key())), newkeys()].concat()),
        Finished(Phase::SshComplete)
    );
    let mut talk = Talk::new();
    talk.offers(&Offer::default(), &Offer::default());
    talk.says(CLIENT, [packet(30, &string(&[7; 32])), newkeys()].concat());
    talk.ends(CLIENT, End::Fin);
    assert_eq!(talk.ends(SERVER, End::Fin), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Closed, Some(CLIENT)));
}

#[test]
fn ssh_16_ssh_1_completes_with_a_further_server_packet() {
    for server in ["SSH-1.99-OpenSSH_3.9\n", "SSH-1.5-old\n"] {
        let mut talk = Talk::new();
        talk.says(SERVER, server);
        talk.says(CLIENT, "SSH-1.5-client\n");
        assert_eq!(talk.says(SERVER, public_key1()), NeedMore);
        assert_eq!(talk.says(CLIENT, session_key1(3)), Moved(Phase::SshAgreed));
        assert_eq!(talk.says(SERVER, packet1(36, &[0; 9])), NeedMore, "a debug message in clear");
        assert_eq!(talk.says(SERVER, encrypted1(1)), Finished(Phase::SshComplete));
        let profile = talk.profile();
        assert_eq!(profile.version, 1);
        assert_eq!(profile.cipher_c2s, name(Some("3des")));
        assert_eq!(profile.cipher_s2c, name(Some("3des")));
        assert_eq!(profile.host_key_type, name(Some("rsa1")));
        assert_eq!(profile.host_key_bits, Some(1024));
        assert_eq!(profile.evidence_outcome, Evidence::Inferred);
        assert_eq!(text(&talk.findings(), TextKind::HostKeyFingerprint).unwrap().len(), 32);
        assert_eq!(talk.findings().client, Some(CLIENT));
    }
}

#[test]
fn ssh_16_ssh_1_fails_by_a_disconnect_in_clear_or_a_close() {
    let begin = || {
        let mut talk = Talk::new();
        talk.says(SERVER, "SSH-1.99-x\n");
        talk.says(CLIENT, "SSH-1.5-client\n");
        talk.says(SERVER, public_key1());
        talk
    };
    let mut talk = begin();
    assert_eq!(talk.says(CLIENT, packet1(1, &string(b"no"))), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Disconnect, Some(CLIENT)));
    assert_eq!(talk.profile().version, 1);
    let mut talk = begin();
    talk.says(CLIENT, session_key1(3));
    assert_eq!(talk.says(SERVER, packet1(1, &string(b"bad key"))), Finished(Phase::SshFailed));
    let mut talk = begin();
    assert_eq!(talk.ends(CLIENT, End::Fin), Finished(Phase::SshFailed));
    let mut talk = begin();
    assert_eq!(talk.says(CLIENT, [0, 0, 0, 4]), Finished(Phase::SshFailed));
    assert_eq!(talk.findings().fault, Fault::BadLength);
}

#[test]
fn ssh_17_versions_without_a_common_one_fail_when_closed() {
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    talk.says(CLIENT, Offer::default().packet());
    assert_eq!(talk.says(SERVER, "SSH-1.5-old\nProtocol major versions differ.\n"), NeedMore);
    assert_eq!(talk.ends(SERVER, End::Fin), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::Closed, Some(SERVER)));
    assert_eq!(talk.findings().profile, None);
}

#[test]
fn ssh_18_noise_before_newkeys_is_skipped_and_flagged_under_strict_exchange() {
    let strict = [
        Offer::kex("curve25519-sha256,kex-strict-c-v00@openssh.com"),
        Offer::kex("curve25519-sha256,kex-strict-s-v00@openssh.com"),
    ];
    let plain = [Offer::default(), Offer::default()];
    for ([client, server], flagged) in [(&strict, true), (&plain, false)] {
        let mut talk = Talk::new();
        talk.offers(client, server);
        let noise: Vec<u8> = [2, 3, 4, 192].iter().flat_map(|number| packet(*number, &[1; 40])).collect();
        for _ in 0..2000 {
            assert_eq!(talk.says(SERVER, &noise), NeedMore);
        }
        assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
        assert_eq!(talk.findings().flags.contains(Flag::StrictKexNoise), flagged);
    }
}

#[test]
fn ssh_19_a_rekey_after_newkeys_is_invisible() {
    let mut talk = Talk::new();
    talk.offers(&Offer::default(), &Offer::default());
    talk.says(CLIENT, packet(30, &string(&[7; 32])));
    let server = [packet(31, &string(&rsa_key())), newkeys(), Offer::kex("x").packet(), newkeys()].concat();
    assert_eq!(talk.says(SERVER, server), NeedMore);
    assert_eq!(talk.says(CLIENT, newkeys()), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().kex, name(Some("curve25519-sha256")));
    assert!(!talk.findings().flags.contains(Flag::KexInitTwice));
}

#[test]
fn ssh_20_compression_is_an_attribute_only() {
    let offer = Offer { compression: [b"zlib".to_vec(), b"zlib@openssh.com".to_vec()], ..Offer::default() };
    let mut talk = Talk::new();
    talk.offers(&offer, &offer);
    assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().compression_c2s, name(Some("zlib")));
    assert_eq!(talk.profile().compression_s2c, name(Some("zlib@openssh.com")));
}

#[test]
fn ssh_21_the_first_of_two_offers_decides() {
    let mut talk = Talk::new();
    talk.offers(&Offer::default(), &Offer::default());
    talk.says(CLIENT, Offer::kex("ecdh-sha2-nistp256").packet());
    assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
    assert_eq!(talk.profile().kex, name(Some("curve25519-sha256")));
    assert!(talk.findings().flags.contains(Flag::KexInitTwice));
}

#[test]
fn ssh_21_newkeys_without_an_offer_is_a_violation() {
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    assert_eq!(talk.says(CLIENT, newkeys()), Finished(Phase::SshFailed));
    assert_eq!((talk.findings().fault, talk.findings().gave_up), (Fault::ProtocolViolation, Some(CLIENT)));
}

#[test]
fn ssh_22_odd_name_lists_are_parsed_and_escaped() {
    let mut client = Offer::kex("");
    client.kex = b",,a\xC3\xA9\\\x01b,,x,x,".to_vec();
    let mut talk = Talk::new();
    talk.offers(&client, &client);
    assert_eq!(talk.profile().kex, name(Some("a\\xc3\\xa9\\x5c\\x01b")));
    let mut huge = Offer::kex("");
    huge.kex = [&vec![b'y'; 30_000][..], b",curve25519-sha256"].concat();
    let mut talk = Talk::new();
    talk.offers(&huge, &huge);
    assert_eq!(talk.profile().kex.unwrap().len(), 128);
}

#[test]
fn ssh_22_an_offer_beyond_the_limit_gives_the_lists_before_it() {
    let mut client = Offer::default();
    client.mac[0] = vec![b'm'; 70_000];
    for step in [1_000_000, 1000] {
        let mut talk = Talk::new();
        talk.says(CLIENT, CLIENT_LINE);
        talk.says(SERVER, SERVER_LINE);
        talk.says(SERVER, Offer::default().packet());
        for piece in client.packet().chunks(step) {
            talk.says(CLIENT, piece);
        }
        let profile = talk.profile();
        assert_eq!(profile.cipher_c2s, name(Some("aes128-ctr")));
        assert_eq!(profile.mac_c2s, None);
        assert_eq!(talk.findings().fault, Fault::None, "an unread list is not an absent algorithm");
        assert!(talk.findings().flags.contains(Flag::MessageTooLong));
        assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
    }
}

#[test]
fn ssh_22_two_lists_of_ten_thousand_names_cost_no_square() {
    let names = |prefix: char| (0..10_000).map(|n| format!("{prefix}{n:x}")).collect::<Vec<_>>().join(",");
    let client = Offer::kex(&names('a'));
    let server = Offer::kex(&names('b'));
    let begin = std::time::Instant::now();
    let mut talk = Talk::new();
    talk.offers(&client, &server);
    for number in 30..50 {
        talk.says(CLIENT, packet(number, &[0; 8]));
    }
    assert_eq!(talk.findings().fault, Fault::NoCommonAlgorithm);
    assert!(begin.elapsed().as_secs() < 5);
}

#[test]
fn ssh_22_an_offer_that_ends_early_is_flagged_and_what_is_readable_used() {
    let mut body = Offer::default().body();
    body.truncate(body.len() - 20);
    let mut talk = Talk::new();
    talk.says(CLIENT, CLIENT_LINE);
    talk.says(SERVER, SERVER_LINE);
    talk.says(SERVER, Offer::default().packet());
    assert_eq!(talk.says(CLIENT, packet(20, &body)), Moved(Phase::SshAgreed));
    assert!(talk.findings().flags.contains(Flag::Malformed));
    assert_eq!(talk.profile().mac_s2c, name(Some("hmac-sha2-256")));
}

#[test]
fn ssh_23_host_keys_are_named_as_negotiated_and_as_sent() {
    for (algorithm, blob, kind, bits) in [
        ("rsa-sha2-512", rsa_key(), "ssh-rsa", Some(2048)),
        (
            "ssh-ed25519-cert-v01@openssh.com",
            [string(b"ssh-ed25519-cert-v01@openssh.com"), string(&[1; 32]), string(&[9; 32])].concat(),
            "ssh-ed25519-cert-v01@openssh.com",
            Some(256),
        ),
        (
            "sk-ssh-ed25519@openssh.com",
            [string(b"sk-ssh-ed25519@openssh.com"), string(&[9; 32]), string(b"ssh:")].concat(),
            "sk-ssh-ed25519@openssh.com",
            Some(256),
        ),
        ("x509v3-ssh-rsa", string(b"x509v3-ssh-rsa"), "x509v3-ssh-rsa", None),
    ] {
        let offer = Offer { host_key: algorithm.into(), ..Offer::default() };
        let mut talk = Talk::new();
        talk.offers(&offer, &offer);
        assert_eq!(talk.exchanges(31, &blob), Finished(Phase::SshComplete));
        assert_eq!(talk.profile().host_key, name(Some(algorithm)));
        assert_eq!(talk.profile().host_key_type, name(Some(kind)));
        assert_eq!(talk.profile().host_key_bits, bits);
    }
}

#[test]
fn the_offered_lists_are_kept_only_when_asked_for() {
    let mut talk = Talk::with(SshObserver::new(Options { offers: true, ..Options::default() }));
    talk.offers(&Offer::default(), &Offer::default());
    assert_eq!(talk.exchanges(31, &rsa_key()), Finished(Phase::SshComplete));
    let offer = text(&talk.findings(), TextKind::ClientKexInit).unwrap();
    assert!(
        offer.starts_with(b"curve25519-sha256,ecdh-sha2-nistp256\nssh-ed25519,rsa-sha2-512\naes128-ctr,")
    );
    assert_eq!(offer.split(|octet| *octet == b'\n').count(), 10);
}

#[test]
fn an_observer_is_small() {
    assert!(size_of::<SshObserver>() <= 512, "{}", size_of::<SshObserver>());
}
