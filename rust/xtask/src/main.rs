//! Development tasks. `cargo xtask tables` writes the registry tables from the CSV snapshots;
//! `cargo xtask tables --check` fails when the written file or a snapshot's digest is not what it should be;
//! `cargo xtask digests` prints the digests for `SOURCES.toml` after a snapshot was refreshed.

mod render;
mod snapshot;
mod suite;

use snapshot::Problem;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tables"] => tables(Mode::Write),
        ["tables", "--check"] => tables(Mode::Check),
        ["digests"] => digests(),
        _ => Err("usage: cargo xtask tables [--check] | digests".to_owned()),
    };
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the generated file is written or only compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
}

/// Generates `registry/tables.rs`.
fn tables(mode: Mode) -> Result<String, Problem> {
    let core = core_crate();
    let snapshots = snapshot::Snapshots::read(&core.join("tables"))?;
    let text = render::render(&snapshots)?;
    let target = core.join("src/registry/tables.rs");
    match mode {
        Mode::Write => {
            std::fs::write(&target, &text).map_err(|error| format!("{}: {error}", target.display()))?;
            Ok(format!("{}: {} lines", target.display(), text.lines().count()))
        }
        Mode::Check => compare(&target, &text),
    }
}

/// Compares what stands in `target` with what the snapshots give.
fn compare(target: &Path, text: &str) -> Result<String, Problem> {
    let written =
        std::fs::read_to_string(target).map_err(|error| format!("{}: {error}", target.display()))?;
    let differing = written.lines().zip(text.lines()).position(|(old, new)| old != new);
    match (written == text, differing) {
        (true, _) => Ok(format!("{}: up to date", target.display())),
        (false, line) => Err(format!(
            "{}:{}: differs from the snapshots; run `cargo xtask tables`",
            target.display(),
            line.unwrap_or_else(|| written.lines().count().min(text.lines().count())) + 1
        )),
    }
}

/// The digest lines of every snapshot, in the form that `SOURCES.toml` uses.
fn digests() -> Result<String, Problem> {
    let folder = core_crate().join("tables");
    let mut lines = Vec::new();
    for file in snapshot::files(&folder)? {
        let bytes = std::fs::read(folder.join(&file)).map_err(|error| format!("{file}: {error}"))?;
        lines.push(format!("[\"{file}\"]\nsha256 = \"{}\"", snapshot::digest(&bytes)));
    }
    Ok(lines.join("\n"))
}

/// The folder of the engine's crate, found from this crate's own place.
fn core_crate() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../zertap-core")
}

#[cfg(test)]
mod tests {
    use super::{Mode, tables};
    use crate::suite;

    #[test]
    fn the_generated_tables_are_those_of_the_snapshots() {
        tables(Mode::Check).expect("run `cargo xtask tables`");
    }

    #[test]
    fn a_suite_name_with_an_unknown_piece_is_an_error() {
        for name in [
            "TLS_ECDHE_RSA_WITH_ROT13_128_GCM_SHA256",
            "TLS_MAGIC_WITH_AES_128_GCM_SHA256",
            "TLS_AES_128_GCM_SHA7",
        ] {
            assert!(suite::facts(name).is_err(), "{name}");
        }
        assert!(matches!(suite::facts("TLS_FALLBACK_SCSV"), Ok(None)));
    }
}
