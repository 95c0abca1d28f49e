//! Seeds for the fuzz targets, one for each entry of the catalogue of edge cases: with `ZERTAP_SEEDS=FOLDER` in the
//! environment, what a test named by an entry's number is about is also written to `FOLDER/TARGET/ENTRY`, in the form that
//! the target reads (`rust/fuzz/src`). `rust/fuzz/catalogue.sh` does it; without the variable nothing is written.
#![allow(dead_code, reason = "each test program uses its part")]

use std::fs;
use std::path::Path;

/// Keeps `seed` for the entries in the running test's name: the longest of a test that is not too long.
pub(crate) fn keep(target: &str, seed: &[u8]) {
    let Some(folder) = std::env::var_os("ZERTAP_SEEDS") else { return };
    let seed = &seed[..seed.len().min(LONGEST)];
    for entry in entries(std::thread::current().name().unwrap_or_default()) {
        let path = Path::new(&folder).join(target).join(entry);
        let before = fs::read(&path).unwrap_or_default();
        if (seed.len(), seed) > (before.len(), &before[..]) {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for seeds");
            fs::write(&path, seed).expect("a seed");
        }
    }
}

/// `rows::tls_05_ssh_02_what_it_shows`: `TLS-05`, `SSH-02`.
fn entries(test: &str) -> Vec<String> {
    let words: Vec<&str> = test.rsplit("::").next().unwrap_or_default().split('_').collect();
    let pairs = words.as_chunks::<2>().0.iter();
    let numbered = pairs.take_while(|[family, number]| {
        FAMILIES.contains(family) && number.len() == 2 && number.parse::<u8>().is_ok()
    });
    numbered.map(|[family, number]| format!("{}-{number}", family.to_uppercase())).collect()
}

/// Something said in several steps; kept when it is over.
pub(crate) struct Said {
    target: &'static str,
    octets: Vec<u8>,
}

impl Said {
    pub(crate) fn to(target: &'static str, head: &[u8]) -> Self {
        Self { target, octets: head.to_vec() }
    }

    /// A word of a script or a frame: what comes before its length, and its octets.
    pub(crate) fn block(&mut self, before: u8, octets: &[u8]) {
        let octets = &octets[..octets.len().min(LONGEST)];
        if self.octets.len() < LONGEST {
            self.octets.push(before);
            self.octets.extend((octets.len() as u16).to_be_bytes());
            self.octets.extend(octets);
        }
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        keep(self.target, &self.octets);
    }
}

const FAMILIES: [&str; 6] = ["tls", "ssh", "tcp", "ip", "file", "state"];

/// A longer seed is slow and teaches little. Unit: octets.
const LONGEST: usize = 4096;

/// The head of a script (`rust/fuzz/src/script.rs`): every option, and three lengths of pieces.
pub(crate) const SCRIPT: [u8; 5] = [0, 3, 1, 5, 64];
