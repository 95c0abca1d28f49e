//! Records written from rows: octets of a whole record, and holes that each row fills.
//!
//! Rows that are alike have the same records but for the holes, so Python makes the records of a likeness once, by
//! its plain codec, and says which of their octets differ from row to row. The octets are then copied for every
//! such row. Which records a row has, and what stands in them, is not decided here.

use super::likeness::{Likeness, Networks};
use super::patch::{Calendar, Fill, Patch, Times};
use crate::batch::EventBatch;
use crate::chosen::Chosen;
use crate::error;
use crate::memory;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::{HashMap, HashSet};
use zertap_core::event::{Row, RowKind};
use zertap_core::time::Span;

/// Likenesses and sorts kept at most; when there are more, all are asked for anew. Attackers invent certificates.
const MOST: usize = 8192;
/// Longest shift of the time of writing: a day and a bit, so that no date leaves its range.
const LONGEST_SHIFT: i64 = 100_000_000_000_000;

/// A hole as Python describes it: offset, length, form, source.
type Hole = (usize, usize, String, String);
/// A stencil: octets, slot of its time, holes.
type Given = (Vec<u8>, i64, Vec<Hole>);

/// One record of a likeness.
#[derive(Debug)]
struct Stencil {
    octets: Box<[u8]>,
    /// Milestone number, or -1 for the end of the waiting span, or -2 for the connection's end, or for that of our
    /// view of it.
    slot: i64,
    patches: Vec<Patch>,
}

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Stencils {
    networks: Networks,
    shift: i64,
    /// Number of a likeness in `taught`.
    known: HashMap<Likeness, usize, ahash::RandomState>,
    taught: Vec<Vec<Stencil>>,
    /// Sorts of rows that bring nothing: two of three, and nothing else of them is looked at.
    silent: HashSet<u64, ahash::RandomState>,
    /// Used again: octets of records on their way to Python.
    room: Vec<u8>,
}

/// A row whose records are not known yet.
struct Unknown {
    row: usize,
    sort: u64,
    likeness: Likeness,
}

/// Records in the making.
#[derive(Default)]
struct Page {
    octets: Vec<u8>,
    records: usize,
    calendar: Calendar,
}

#[pymethods]
impl Stencils {
    #[new]
    #[pyo3(signature = (networks, shift))]
    fn new(py: Python<'_>, networks: Vec<([u8; 16], u32)>, shift: i64) -> PyResult<Self> {
        let networks =
            Networks::new(networks).ok_or_else(|| error::usage(py, "a prefix has at most 128 bits"))?;
        if shift.unsigned_abs() > LONGEST_SHIFT.unsigned_abs() {
            return Err(error::usage(py, "the time of writing is shifted by a day at most"));
        }
        let (known, silent) = (HashMap::default(), HashSet::default());
        Ok(Self { networks, shift, known, taught: Vec::new(), silent, room: Vec::new() })
    }

    fn write<'py>(
        &mut self,
        py: Python<'py>,
        batch: PyRef<'_, EventBatch>,
        rows: Chosen,
        teach: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyBytes>, usize)> {
        if self.known.len() + self.silent.len() >= MOST {
            self.known.clear();
            self.taught.clear();
            self.silent.clear();
        }
        let batch = &*batch;
        let rows = rows.numbers(batch.rows().len());
        let mut page = Page { octets: std::mem::take(&mut self.room), ..Page::default() };
        page.octets.clear();
        let mut at = 0;
        while let Some(unknown) = py.detach(|| self.fill(batch, &rows, &mut at, &mut page)) {
            let given: Option<Vec<Given>> = teach.call1((unknown.row,))?.extract()?;
            let Some(given) = given else {
                self.silent.insert(unknown.sort);
                continue;
            };
            let stencils = given.into_iter().map(|given| compile(py, given)).collect::<PyResult<_>>()?;
            self.known.insert(unknown.likeness, self.taught.len());
            self.taught.push(stencils);
        }
        let octets = memory::octets(py, &page.octets)?;
        self.room = page.octets;
        Ok((octets, page.records))
    }

    #[getter]
    fn known(&self) -> usize {
        self.known.len()
    }
}

impl Stencils {
    /// Writes the records of the rows from the one numbered `at` on, up to a row that is not known.
    fn fill(&self, batch: &EventBatch, rows: &[usize], at: &mut usize, page: &mut Page) -> Option<Unknown> {
        while let Some(&number) = rows.get(*at) {
            if let Some(row) = batch.rows().get(number) {
                let sort = batch.sort_of(row);
                if !self.silent.contains(&sort) {
                    let likeness = Likeness::of(sort, row, &self.networks);
                    let Some(stencils) = self.known.get(&likeness) else {
                        return Some(Unknown { row: number, sort, likeness });
                    };
                    for stencil in self.taught.get(*stencils).map(Vec::as_slice).unwrap_or_default() {
                        page.add(stencil, row, batch.waiting_span(), self.shift);
                    }
                }
            }
            *at += 1;
        }
        None
    }
}

impl Page {
    fn add(&mut self, stencil: &Stencil, row: &Row, waiting_span: Span, shift: i64) {
        let times = stencil.times(row, waiting_span, shift, &mut self.calendar);
        let begin = self.octets.len();
        self.octets.extend_from_slice(&stencil.octets);
        let record = self.octets.get_mut(begin..).unwrap_or_default();
        for patch in &stencil.patches {
            patch.apply(record, row, &times);
        }
        self.records += 1;
    }
}

impl Stencil {
    fn times(&self, row: &Row, waiting_span: Span, shift: i64, calendar: &mut Calendar) -> Times {
        let established = row.established.unwrap_or_default();
        let event = match self.slot {
            -1 => established.after(waiting_span),
            _ if matches!(row.kind, RowKind::Evicted | RowKind::Unfinished) => row.at,
            slot => usize::try_from(slot)
                .ok()
                .and_then(|slot| row.history.iter().nth(slot))
                .map_or(row.end, |milestone| milestone.at),
        };
        Times {
            established: calendar.time(established.0),
            event: calendar.time(event.0),
            written: calendar.time(event.0.saturating_add_signed(shift)),
        }
    }
}

fn compile(py: Python<'_>, (octets, slot, holes): Given) -> PyResult<Stencil> {
    let longest = holes.iter().filter(|hole| hole.2 == "octets").map(|hole| hole.1).max().unwrap_or_default();
    let patch = |(offset, length, form, source): Hole| {
        let within = offset.checked_add(length).is_some_and(|end| end <= octets.len());
        Fill::named(&form, &source, longest)
            .filter(|_| within)
            .map(|fill| Patch { offset, length, fill })
            .ok_or_else(|| {
                error::usage(
                    py,
                    &format!("no such hole: `{form}` of `{source}`, {length} octets at {offset}"),
                )
            })
    };
    let patches = holes.into_iter().map(patch).collect::<PyResult<_>>()?;
    Ok(Stencil { octets: octets.into_boxed_slice(), slot, patches })
}
