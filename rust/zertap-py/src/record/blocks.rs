//! Records into blocks, whole or spanned: what `RecordWriter` of `smf/framing.py` writes, which a test holds equal.

use super::frame::{FIRST, LAST, MIDDLE, WHOLE, WORD, record_word};
use crate::error;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Longest and shortest block that is written, its descriptor word included.
const LONGEST: usize = 32_760;
const SHORTEST: usize = 12;

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Blocks {
    spanned: bool,
    /// Octets that a block holds beside its descriptor word.
    room: usize,
    /// What the current block holds.
    block: Vec<u8>,
}

#[pymethods]
impl Blocks {
    #[new]
    fn new(py: Python<'_>, spanned: bool, longest: usize) -> PyResult<Self> {
        if !(SHORTEST..=LONGEST).contains(&longest) {
            let reason = format!("block size not between {SHORTEST} and {LONGEST}: {longest}");
            return Err(error::usage(py, &reason));
        }
        Ok(Self { spanned, room: longest - WORD, block: Vec::with_capacity(longest) })
    }

    fn add<'py>(&mut self, py: Python<'py>, records: &[u8]) -> (Bound<'py, PyBytes>, Option<String>) {
        let mut out = Vec::with_capacity(records.len() + records.len() / 64 + LONGEST);
        let fault = py.detach(|| self.add_all(&mut out, records)).err();
        (PyBytes::new(py, &out), fault)
    }

    fn finish<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        self.close(&mut out);
        PyBytes::new(py, &out)
    }
}

impl Blocks {
    fn add_all(&mut self, out: &mut Vec<u8>, mut records: &[u8]) -> Result<(), String> {
        while !records.is_empty() {
            let length = word(records, 0).and_then(record_word).map(|(length, _)| length);
            let Some((record, behind)) = length.and_then(|length| records.split_at_checked(length)) else {
                return Err("record whose descriptor word does not tell its length".to_owned());
            };
            if self.spanned {
                self.add_spanned(out, record.get(WORD..).unwrap_or_default());
            } else {
                self.add_whole(out, record)?;
            }
            records = behind;
        }
        Ok(())
    }

    fn add_whole(&mut self, out: &mut Vec<u8>, record: &[u8]) -> Result<(), String> {
        if record.len() > self.room {
            return Err(format!(
                "record of {} octets in blocks of {}; ask for spanned framing",
                record.len(),
                self.room
            ));
        }
        if self.block.len() + record.len() > self.room {
            self.close(out);
        }
        self.block.extend_from_slice(record);
        Ok(())
    }

    /// Adds the octets of a record behind its descriptor word, in as many segments as it takes.
    fn add_spanned(&mut self, out: &mut Vec<u8>, mut data: &[u8]) {
        let mut begun = false;
        loop {
            let taken = self.block.len() + WORD;
            if taken > self.room || (taken == self.room && !data.is_empty()) {
                self.close(out);
                continue;
            }
            if data.len() <= self.room - taken {
                return self.segment(if begun { LAST } else { WHOLE }, data);
            }
            let (part, rest) = data.split_at(self.room - taken);
            self.segment(if begun { MIDDLE } else { FIRST }, part);
            (data, begun) = (rest, true);
        }
    }

    fn segment(&mut self, position: u8, data: &[u8]) {
        self.block.extend_from_slice(&((data.len() + WORD) as u16).to_be_bytes());
        self.block.extend_from_slice(&[position, 0]);
        self.block.extend_from_slice(data);
    }

    /// Writes the current block, if it holds anything.
    fn close(&mut self, out: &mut Vec<u8>) {
        if !self.block.is_empty() {
            out.extend_from_slice(&((self.block.len() + WORD) as u16).to_be_bytes());
            out.extend_from_slice(&[0, 0]);
            out.append(&mut self.block);
        }
    }
}

/// See the stub.
#[pyfunction]
#[pyo3(signature = (octets, *, blocked = false))]
pub(crate) fn records_in(py: Python<'_>, octets: &[u8], blocked: bool) -> usize {
    py.detach(|| if blocked { ends_in(octets) } else { begin_with(octets) })
}

/// How many whole records octets begin with.
fn begin_with(records: &[u8]) -> usize {
    let (mut end, mut count) = (0, 0);
    while let Some(head) = word(records, end) {
        end += ((head >> 16) as usize).max(WORD);
        count += usize::from(end <= records.len());
    }
    count
}

/// How many records end in whole segments of these blocks.
fn ends_in(blocks: &[u8]) -> usize {
    let (mut at, mut block_end, mut count) = (0, 0, 0);
    while let Some(head) = word(blocks, at) {
        if at >= block_end {
            block_end = at + ((head >> 16) as usize).max(WORD);
            at += WORD;
            continue;
        }
        let Some((length, position)) = record_word(head) else { break };
        at += length;
        count += usize::from(at <= blocks.len() && matches!(position, WHOLE | LAST));
    }
    count
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk::<4>().map(|word| u32::from_be_bytes(*word))
}
