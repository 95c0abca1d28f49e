//! The reader for Python: octets of a file in, rendered records out.

use super::cell::{self, Words};
use super::columns::{Columns, Record, Table, Type};
use super::frame::{Damage, Deframer, Framing};
use super::layout::{Directory, Field, Found, Kind, Part, Style, kind_of};
use super::lines::{self, Csv, Places};
use super::text::Page;
use crate::error;
use crate::memory;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};
use std::collections::HashMap;
use std::sync::Arc;

/// A field as Python describes it: key, form, offset, length, the other offset, numbers, texts, table of words.
type FieldSpec = (String, String, usize, usize, usize, Vec<usize>, Vec<String>, Option<usize>);
/// A part: title, key, entry of the directory, required, style, size, fields.
type PartSpec = (String, String, Option<usize>, bool, String, usize, Vec<FieldSpec>);
/// A kind: name, marks, (count, first) of the directory, what turns it, beginning of its lines, parts.
type KindSpec =
    (String, Vec<(usize, Vec<u8>)>, (usize, usize), Option<(usize, usize, u8)>, String, Vec<PartSpec>);

/// So many records are looked at together: column by column, while their octets are still near.
const RUN: usize = 512;

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Decoder {
    frames: Deframer,
    kinds: Vec<Arc<Kind>>,
    /// How the lines of each kind begin.
    heads: Vec<String>,
    page: Box<Page>,
    names: Vec<String>,
    /// The columns, and where in each kind of record their values stand.
    table: Table,
    /// Numbers in a record by which foreign ones are told apart: offset, length.
    tallied: Vec<(usize, usize)>,
    foreign: HashMap<Vec<i64>, u64>,
    found: Vec<u64>,
    ignored: u64,
    /// Records with a part that is not shown.
    hidden: u64,
    ended: bool,
    damage: Option<Damage>,
    headed: bool,
    /// The most rows that a batch of columns had, and the most octets.
    rows: usize,
    octets: usize,
}

#[pymethods]
impl Decoder {
    #[new]
    #[pyo3(signature = (kinds, words, page, columns, tallied, framing = None))]
    fn new(
        py: Python<'_>,
        kinds: Vec<KindSpec>,
        words: Vec<HashMap<u64, String>>,
        page: &str,
        columns: Vec<(String, String)>,
        tallied: Vec<(usize, usize)>,
        framing: Option<&str>,
    ) -> PyResult<Self> {
        let framing = match framing {
            None => None,
            Some("plain") => Some(Framing::Plain),
            Some("blocked") => Some(Framing::Blocked),
            Some(other) => return Err(error::usage(py, &format!("no such framing: `{other}`"))),
        };
        let characters: Vec<char> = page.chars().collect();
        let page = Box::new(
            Page::try_from(characters).map_err(|_| error::usage(py, "a code page has 256 characters"))?,
        );
        let words: Vec<Arc<Words>> = words.into_iter().map(|each| Arc::new(Words::new(each))).collect();
        let heads = kinds.iter().map(|kind| kind.4.clone()).collect();
        let kinds: Vec<Arc<Kind>> =
            kinds.into_iter().map(|kind| compile(py, kind, &words).map(Arc::new)).collect::<PyResult<_>>()?;
        let data = columns.iter().map(|(_, word)| {
            Type::named(word).ok_or_else(|| error::usage(py, &format!("no such type of a column: `{word}`")))
        });
        let types: Vec<Type> = data.collect::<PyResult<_>>()?;
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        Ok(Self {
            frames: Deframer::new(framing),
            found: vec![0; kinds.len()],
            table: Table::new(&names, &types, &kinds),
            names,
            kinds,
            heads,
            page,
            tallied,
            foreign: HashMap::new(),
            ignored: 0,
            hidden: 0,
            ended: false,
            damage: None,
            headed: false,
            rows: 0,
            octets: 0,
        })
    }

    fn feed(&mut self, octets: &[u8]) {
        self.frames.feed(octets);
    }

    fn finish(&mut self) {
        self.ended = true;
    }

    fn jsonl<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let out = py.detach(|| {
            let mut out = Vec::new();
            self.each(|found, _, reader| lines::write_nested(&mut out, found, reader.page));
            out
        });
        memory::octets(py, &out)
    }

    fn listing<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let out = py.detach(|| {
            let mut out = Vec::new();
            self.each(|found, number, reader| lines::write_listing(&mut out, found, number, reader.page));
            out
        });
        memory::octets(py, &out)
    }

    fn csv<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let out = py.detach(|| {
            let (mut out, mut csv) = (Vec::new(), Csv::new());
            if !std::mem::replace(&mut self.headed, true) {
                csv.head(&mut out, &self.names);
            }
            let places = self.places();
            self.each(|found, _, reader| {
                if let Some(places) = places.get(reader.kind) {
                    csv.row(&mut out, found, places, reader.page);
                }
            });
            out
        });
        memory::octets(py, &out)
    }

    fn pairs<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let out = py.detach(|| {
            let mut out = Vec::new();
            let (places, names, heads) = (self.places(), self.names.clone(), self.heads.clone());
            self.each(|found, _, reader| {
                if let (Some(places), Some(head)) = (places.get(reader.kind), heads.get(reader.kind)) {
                    lines::write_pairs(&mut out, found, (&names, places), head, reader.page);
                }
            });
            out
        });
        memory::octets(py, &out)
    }

    fn columns(&mut self, py: Python<'_>) -> PyResult<RecordColumns> {
        let batch = py.detach(|| self.batch()).map_err(raise)?;
        Ok(RecordColumns { batch })
    }

    fn ipc<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let octets = py.detach(|| {
            let batch = self.batch()?;
            let mut writer = StreamWriter::try_new(Vec::with_capacity(self.octets), &batch.schema())?;
            writer.write(&batch)?;
            let octets = writer.into_inner()?;
            self.octets = self.octets.max(octets.len());
            Ok(octets)
        });
        memory::octets(py, &octets.map_err(raise)?)
    }

    #[getter]
    fn damage(&self) -> Option<(u64, u64, String)> {
        self.damage.as_ref().map(|damage| (damage.record, damage.offset, damage.reason.clone()))
    }

    #[getter]
    fn found(&self) -> Vec<u64> {
        self.found.clone()
    }

    #[getter]
    fn foreign(&self) -> Vec<(Vec<i64>, u64)> {
        self.foreign.iter().map(|(numbers, count)| (numbers.clone(), *count)).collect()
    }

    #[getter]
    fn ignored(&self) -> u64 {
        self.ignored
    }

    #[getter]
    fn hidden(&self) -> u64 {
        self.hidden
    }
}

/// See the stub.
#[pyclass(module = "zertap._native", frozen)]
pub(crate) struct RecordColumns {
    batch: RecordBatch,
}

#[pymethods]
impl RecordColumns {
    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A wish that the protocol lets us leave unanswered: there is one schema.
        let _ = requested_schema;
        let schema = self.batch.schema();
        let reader = RecordBatchIterator::new([Ok(self.batch.clone())], schema);
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
    }
}

/// What a writer of records may look at beside the record.
struct Reader<'a> {
    page: &'a Page,
    /// Number of the record's kind.
    kind: usize,
}

impl Decoder {
    /// Hands over every whole record fed so far, with its number in the file; stops at damage for good.
    fn each(&mut self, mut write: impl FnMut(&Found<'_>, u64, &Reader<'_>)) {
        self.runs(|run, page| {
            for record in run {
                write(&record.found, record.number, &Reader { page, kind: record.kind });
            }
        });
    }

    /// Hands over every whole record fed so far, many at a time.
    fn runs(&mut self, mut write: impl FnMut(&[Record<'_>], &Page)) {
        let mut framed = Vec::with_capacity(RUN);
        while self.damage.is_none() {
            framed.clear();
            let damage = self.frames.next_run(self.ended, RUN, &mut framed).err();
            let ended = framed.len() < RUN;
            let mut run = Vec::with_capacity(framed.len());
            for each in &framed {
                let octets = self.frames.octets(each);
                let Some((kind, layout)) = kind_of(&self.kinds, octets) else {
                    *self.foreign.entry(tally(&self.tallied, octets)).or_default() += 1;
                    continue;
                };
                match layout.find(octets) {
                    Ok(found) => {
                        self.ignored += found.ignored;
                        self.hidden += u64::from(found.hides);
                        run.push(Record { found, kind, number: each.number });
                        if let Some(count) = self.found.get_mut(kind) {
                            *count += 1;
                        }
                    }
                    Err((at, reason)) => {
                        let reason = format!("{reason} (octet {at} of the record)");
                        self.damage = Some(Damage { record: each.number, offset: each.offset, reason });
                        break;
                    }
                }
            }
            write(&run, &self.page);
            // Damage of a record stands before damage of the frames behind it.
            self.damage = self.damage.take().or(damage);
            if ended {
                return;
            }
        }
    }

    fn places(&self) -> Vec<Places> {
        self.kinds.iter().map(|kind| lines::places(kind, &self.names)).collect()
    }

    fn batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let mut columns = Columns::new(self.table.clone(), self.rows);
        self.runs(|run, page| columns.add(run, page));
        let batch = columns.take()?;
        self.rows = self.rows.max(batch.num_rows());
        Ok(batch)
    }
}

/// The numbers by which foreign records are told apart; -1 where a record is too short to have one.
fn tally(tallied: &[(usize, usize)], record: &[u8]) -> Vec<i64> {
    let number = |(at, length): &(usize, usize)| {
        record.get(*at..at + length).and_then(|octets| i64::try_from(cell::number(octets)).ok()).unwrap_or(-1)
    };
    tallied.iter().map(number).collect()
}

fn compile(py: Python<'_>, spec: KindSpec, words: &[Arc<Words>]) -> PyResult<Kind> {
    let (name, marks, (count, first), turned, _, parts) = spec;
    let parts = parts.into_iter().map(|part| compile_part(py, part, words)).collect::<PyResult<_>>()?;
    Ok(Kind { name, marks, directory: Directory { count, first }, parts, turned })
}

fn compile_part(py: Python<'_>, spec: PartSpec, words: &[Arc<Words>]) -> PyResult<Part> {
    let (title, key, entry, required, style, size, fields) = spec;
    let style = match style.as_str() {
        "fields" => Style::Fields,
        "names" => Style::Names,
        "opaque" => Style::Opaque,
        "hidden" => Style::Hidden,
        other => return Err(error::usage(py, &format!("no such style of a part: `{other}`"))),
    };
    let fields = fields.into_iter().map(|field| compile_field(py, field, words)).collect::<PyResult<_>>()?;
    Ok(Part { title, key, entry, required, style, size, fields })
}

fn compile_field(py: Python<'_>, spec: FieldSpec, words: &[Arc<Words>]) -> PyResult<Field> {
    let (key, word, offset, length, turned, numbers, texts, table) = spec;
    let form = cell::form(py, &word, &numbers, &texts, table.and_then(|table| words.get(table)))?;
    Ok(Field { key, form, offset, length, turned })
}

fn raise(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
