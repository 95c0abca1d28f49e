//! The CSV snapshots: read whole, their digests compared with `SOURCES.toml`.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// What went wrong, in words for the person who runs the task.
pub(crate) type Problem = String;

/// One row: column name to cell.
pub(crate) type Row = BTreeMap<String, String>;

/// Every snapshot, by file name.
pub(crate) struct Snapshots {
    tables: BTreeMap<String, Vec<Row>>,
}

impl Snapshots {
    /// Reads every CSV file in `folder`; each must be listed in `SOURCES.toml` with its true digest.
    pub(crate) fn read(folder: &Path) -> Result<Self, Problem> {
        let path = folder.join("SOURCES.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let sources: toml::Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
        let files = files(folder)?;
        if let Some(gone) = sources.keys().find(|name| !files.contains(name)) {
            return Err(format!("SOURCES.toml lists `{gone}`, which is not there"));
        }
        let tables = files.into_iter().map(|file| {
            let bytes = std::fs::read(folder.join(&file)).map_err(|error| format!("{file}: {error}"))?;
            check(&sources, &file, &digest(&bytes))?;
            Ok((file.clone(), rows(&file, &bytes)?))
        });
        Ok(Self { tables: tables.collect::<Result<_, Problem>>()? })
    }

    /// The rows of one snapshot.
    pub(crate) fn table(&self, file: &str) -> Result<&[Row], Problem> {
        self.tables.get(file).map(Vec::as_slice).ok_or_else(|| format!("tables/{file}: not there"))
    }
}

/// The CSV files of `folder`, by name.
pub(crate) fn files(folder: &Path) -> Result<Vec<String>, Problem> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "csv"));
    names.sort();
    Ok(names)
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// The cell of `row` in `column`.
pub(crate) fn cell<'a>(row: &'a Row, column: &str) -> Result<&'a str, Problem> {
    row.get(column).map(String::as_str).ok_or_else(|| format!("no column `{column}` in {row:?}"))
}

/// Compares a file's digest with the one that `SOURCES.toml` states.
fn check(sources: &toml::Table, file: &str, found: &str) -> Result<(), Problem> {
    let stated = sources.get(file).and_then(|entry| entry.get("sha256")).and_then(toml::Value::as_str);
    match stated {
        Some(stated) if stated == found => Ok(()),
        Some(_) => Err(format!("{file}: sha256 is {found}, not what SOURCES.toml states")),
        None => Err(format!("{file}: not in SOURCES.toml")),
    }
}

/// The rows of one CSV file with a header line.
fn rows(file: &str, bytes: &[u8]) -> Result<Vec<Row>, Problem> {
    let mut reader = csv::Reader::from_reader(bytes);
    let head = reader.headers().map_err(|error| format!("{file}: {error}"))?.clone();
    let records = reader.records().map(|record| {
        let record = record.map_err(|error| format!("{file}: {error}"))?;
        Ok(head.iter().zip(record.iter()).map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect())
    });
    records.collect()
}
