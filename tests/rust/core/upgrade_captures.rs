//! Real conversations through the whole tap: every upgraded connection of the shared captures and our own, by name.
//!
//! Where the shared material lies: `ZERTAP_SHARED`, else `../shared` beside the repository; absent, the tests say so
//! and pass. Our own captures stand in `pcaps/captures`.

use std::path::{Path, PathBuf};
use zertap_core::config::Config;
use zertap_core::event::Row;
use zertap_core::handshake::{Flag, Phase, TextKind};
use zertap_core::reader::Reader;
use zertap_core::tap::Tap;
use zertap_core::time::Timestamp;
use zertap_core::wire::LinkType;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shared() -> Option<PathBuf> {
    let beside = || repository().join("../shared");
    let path = std::env::var_os("ZERTAP_SHARED").map_or_else(beside, PathBuf::from).join("captures");
    let found = path.join("index.csv").is_file();
    if !found {
        println!("skipped: no shared captures at {}; set ZERTAP_SHARED", path.display());
    }
    found.then_some(path)
}

/// A copy of `pcapng-example.pcapng` with a damaged section header: the oracle reads nothing, this test's reader all.
const UNREAD_BY_THE_ORACLE: &str = "corrupt/seladb-PcapPlusPlus/Tests/Fuzzers/RegressionTests/regression_samples/crash-null-deref-pcapng-shb";

/// What the oracle calls upgraded from plaintext: capture, client port, the name, the phase at last.
const UPGRADED: &[(&str, u16, &str, Phase)] = &[
    // Flipped bits make its ClientHello data in clear; behind holes both sides send TLS records.
    ("corrupt/mutated/tls-flip200.pcap", 49480, "", Phase::TlsComplete),
    ("FoxIO-LLC-ja4/pcap/https-connect.pcap", 54723, "http_connect", Phase::TlsComplete),
    ("FoxIO-LLC-ja4/pcap/socks-https-example.pcap", 53554, "socks4", Phase::TlsComplete),
    ("FoxIO-LLC-ja4/pcap/socks-https-example.pcap", 53555, "socks4", Phase::TlsComplete),
    ("FoxIO-LLC-ja4/pcap/socks-https-example.pcap", 53556, "socks5", Phase::TlsComplete),
    ("FoxIO-LLC-ja4/pcap/socks4-https.pcap", 50606, "socks4", Phase::TlsAgreed),
    ("chrissanders-packets/mail_receiver_server_3.pcapng", 51147, "imap", Phase::TlsComplete),
    ("cisco-mercury/unit_tests/pcaps/imap2.pcap", 53477, "imap", Phase::TlsComplete),
    // The oracle's soft row says failed: octets of the mail dialogue after the handshake are missing. Both
    // Finished are there, as in zeek's smtp-starttls, from which it was made.
    ("corrupt/mutated/smtp-flip20.pcap", 54170, "smtp", Phase::TlsComplete),
    (
        "seladb-PcapPlusPlus/Tests/Pcap++Test/PcapExamples/pcapng-example.pcapng",
        40304,
        "mysql",
        Phase::TlsComplete,
    ),
    ("zeek-zeek/testing/btest/Traces/ftp/ftp-auth-tls.pcap", 40284, "ftp", Phase::TlsComplete),
    (
        "zeek-zeek/testing/btest/Traces/http/connect-with-header.pcap",
        52522,
        "http_connect",
        Phase::TlsComplete,
    ),
    ("zeek-zeek/testing/btest/Traces/ldap/ldap-starttls.pcap", 45936, "ldap", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/mysql/encrypted.pcap", 59272, "mysql", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/mysql/tls-12-amazon-rds.pcap", 58132, "mysql", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/mysql/tls-13-amazon-rds.pcap", 57902, "mysql", Phase::TlsComplete),
    (
        "zeek-zeek/testing/btest/Traces/postgresql/psql-aws-ssl-preferred.pcap",
        39910,
        "postgresql",
        Phase::TlsComplete,
    ),
    (
        "zeek-zeek/testing/btest/Traces/postgresql/psql-aws-ssl-require-15432.pcap",
        36934,
        "postgresql",
        Phase::TlsComplete,
    ),
    (
        "zeek-zeek/testing/btest/Traces/postgresql/psql-aws-ssl-require.pcap",
        36934,
        "postgresql",
        Phase::TlsComplete,
    ),
    ("zeek-zeek/testing/btest/Traces/rdp/rdp-no-cookie-mstshash.pcap", 50204, "rdp", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/rdp/rdp-to-ssl.pcap", 49206, "rdp", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/rdp/rdp-to-ssl.pcap", 49207, "rdp", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/socks-with-ssl.pcap", 59580, "socks5", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/tls/imap-starttls.pcap", 49640, "imap", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/tls/irc-starttls.pcap", 55123, "irc", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/tls/pop3-starttls.pcap", 54775, "pop3", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/tls/smtp-starttls.pcap", 54170, "smtp", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/tls/xmpp-dialback-starttls.pcap", 1193, "xmpp", Phase::TlsComplete),
    ("zeek-zeek/testing/btest/Traces/tls/xmpp-starttls.pcap", 56048, "xmpp", Phase::TlsComplete),
];

#[test]
fn every_upgraded_connection_of_the_shared_captures_is_named_and_no_other() {
    let Some(root) = shared() else { return };
    let mut found = vec![];
    for file in captures(&root.join("expected")) {
        let name = file.strip_prefix(root.join("expected")).expect("below").with_extension("");
        if name == Path::new(UNREAD_BY_THE_ORACLE) {
            continue;
        }
        let capture = std::fs::read(root.join(&name)).expect("a capture");
        for row in rows(&capture).iter().filter(|row| row.flags.contains(Flag::Upgraded)) {
            let word = upgrade(row).unwrap_or_default();
            found.push((name.display().to_string(), row.ports[0], word, row.phase));
        }
    }
    let told = |(name, port, word, phase): &(&str, u16, &str, Phase)| {
        ((*name).to_owned(), *port, (*word).to_owned(), *phase)
    };
    let wanted: Vec<_> = UPGRADED.iter().map(told).collect();
    let unexpected: Vec<_> = found.iter().filter(|row| !wanted.contains(row)).collect();
    let missing: Vec<_> = wanted.iter().filter(|row| !found.contains(row)).collect();
    assert!(
        unexpected.is_empty() && missing.is_empty(),
        "unexpected: {unexpected:#?}\nmissing: {missing:#?}"
    );
}

/// The verdict's word, as far as expected rows of upgrades use it.
fn verdict(phase: Phase) -> &'static str {
    match phase {
        Phase::Silent => "no_traffic",
        Phase::Clear => "plaintext",
        Phase::TlsProvisional | Phase::TlsComplete | Phase::SshComplete => "protected",
        Phase::TlsThenClear => "ended_clear",
        Phase::TlsFailed | Phase::SshFailed => "failed",
        _ => "another",
    }
}

/// Expected rows come from what the programs printed; every one that says something of an upgrade is asked.
#[test]
fn our_own_captures_are_upgraded_as_their_programs_said() {
    let home = repository().join("pcaps");
    let mut asked = 0;
    for file in captures(&home.join("expected")) {
        let text = std::fs::read_to_string(&file).expect("expected rows");
        let wanted: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let capture = home.join("captures").join(format!("{name}.pcap"));
        if wanted.iter().all(|row| row.get("upgrade").is_none()) || !capture.is_file() {
            continue;
        }
        let mut found = rows(&std::fs::read(capture).expect("a capture"));
        found.sort_by_key(|row| row.first_packet);
        assert_eq!(found.len(), wanted.len(), "{name}");
        for (row, wanted) in found.iter().zip(&wanted).filter(|(_, wanted)| wanted.get("upgrade").is_some()) {
            let told = (verdict(row.phase), upgrade(row));
            let said = (
                wanted["verdict"].as_str().unwrap_or_default(),
                wanted["upgrade"].as_str().map(str::to_owned),
            );
            assert_eq!(told, said, "{name}");
            asked += 1;
        }
    }
    assert!(asked >= 30, "{asked}");
}

fn upgrade(row: &Row) -> Option<String> {
    let text = row.texts().find(|(kind, _)| *kind == TextKind::Upgrade as u8);
    text.map(|(_, octets)| String::from_utf8_lossy(octets).into_owned())
}

/// The oracle's files, at any depth.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(captures(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The last row of every connection.
fn rows(capture: &[u8]) -> Vec<Row> {
    let mut tap = Tap::new(Config::default());
    let magic = Reader::new(capture).u32();
    let _ = match magic {
        Some(0xA1B2_C3D4) => classic(capture, u32::from_be_bytes, 1000, &mut tap),
        Some(0xA1B2_3C4D) => classic(capture, u32::from_be_bytes, 1, &mut tap),
        Some(0xD4C3_B2A1) => classic(capture, u32::from_le_bytes, 1000, &mut tap),
        Some(0x4D3C_B2A1) => classic(capture, u32::from_le_bytes, 1, &mut tap),
        _ => blocks(capture, &mut tap),
    };
    tap.finish();
    tap.drain()
}

fn classic(capture: &[u8], number: fn([u8; 4]) -> u32, unit: u64, tap: &mut Tap) -> Option<()> {
    let mut reader = Reader::new(capture);
    reader.skip(20)?;
    let link = LinkType(reader.array().map(number)? as u16);
    loop {
        let mut word = || reader.array().map(number);
        let (seconds, part, captured, length) = (word()?, word()?, word()?, word()?);
        let at = Timestamp(u64::from(seconds) * 1_000_000_000 + u64::from(part) * unit);
        let frame = reader.take(captured as usize)?;
        tap.push_frame(at, link, frame, length.max(captured));
    }
}

/// Little-endian pcapng with enhanced packet blocks, times in microseconds.
fn blocks(capture: &[u8], tap: &mut Tap) -> Option<()> {
    let mut reader = Reader::new(capture);
    let mut links = vec![];
    loop {
        let kind = reader.array().map(u32::from_le_bytes)?;
        let length = u32::from_le_bytes(reader.array()?) as usize;
        let mut body = Reader::new(reader.take(length.checked_sub(8)?)?);
        let mut word = || body.array().map(u32::from_le_bytes);
        if kind == 1 {
            links.push(LinkType(word()? as u16));
        } else if kind == 6 {
            let (interface, high, low) = (word()? as usize, word()?, word()?);
            let (captured, length) = (word()?, word()?);
            let at = Timestamp((u64::from(high) << 32 | u64::from(low)).saturating_mul(1000));
            tap.push_frame(at, *links.get(interface)?, body.take(captured as usize)?, length.max(captured));
        }
    }
}
