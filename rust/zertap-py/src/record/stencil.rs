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
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::HashMap;
use zertap_core::event::{Row, RowKind};
use zertap_core::time::Span;

/// Likenesses kept at most; when there are more, all are asked for anew. Attackers invent certificates.
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
        Ok(Self { networks, shift, known: HashMap::default(), taught: Vec::new() })
    }

    fn write<'py>(
        &mut self,
        py: Python<'py>,
        batch: PyRef<'_, EventBatch>,
        rows: Chosen,
        teach: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyBytes>, usize)> {
        if self.known.len() >= MOST {
            self.known.clear();
            self.taught.clear();
        }
        let batch = &*batch;
        let rows = rows.numbers(batch.rows().len());
        let mut found = Vec::with_capacity(rows.len());
        while let Some((row, likeness)) = py.detach(|| self.look_up(batch, &rows, &mut found)) {
            let given: Vec<Given> = teach.call1((row,))?.extract()?;
            let stencils = given.into_iter().map(|given| compile(py, given)).collect::<PyResult<_>>()?;
            self.known.insert(likeness, self.taught.len());
            self.taught.push(stencils);
        }
        let of = |number: &usize| self.taught.get(*number).map(Vec::as_slice).unwrap_or_default();
        let records = found.iter().map(|number| of(number).len()).sum();
        let length = found.iter().flat_map(of).map(|stencil| stencil.octets.len()).sum();
        let octets = PyBytes::new_with(py, length, |room| {
            py.detach(|| {
                let (mut rest, mut calendar) = (room, Calendar::default());
                for (row, number) in rows.iter().zip(&found) {
                    let Some(row) = batch.rows().get(*row) else { continue };
                    for stencil in of(number) {
                        let Some((record, behind)) = rest.split_at_mut_checked(stencil.octets.len()) else {
                            return;
                        };
                        let times = stencil.times(row, batch.waiting_span(), self.shift, &mut calendar);
                        stencil.write(record, row, &times);
                        rest = behind;
                    }
                }
            });
            Ok(())
        })?;
        Ok((octets, records))
    }

    #[getter]
    fn known(&self) -> usize {
        self.known.len()
    }
}

/// Stands for the stencils of a row that is not there.
const NOTHING: usize = usize::MAX;

impl Stencils {
    /// The numbers of the rows' likenesses, up to one that is not known.
    fn look_up(
        &self,
        batch: &EventBatch,
        rows: &[usize],
        found: &mut Vec<usize>,
    ) -> Option<(usize, Likeness)> {
        for number in rows.get(found.len()..).unwrap_or_default() {
            let Some(row) = batch.rows().get(*number) else {
                found.push(NOTHING);
                continue;
            };
            let likeness = Likeness::of(batch, row, &self.networks);
            match self.known.get(&likeness) {
                Some(stencils) => found.push(*stencils),
                None => return Some((*number, likeness)),
            }
        }
        None
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
                .and_then(|slot| row.history.entries().get(slot))
                .map_or(row.end, |milestone| milestone.at),
        };
        Times {
            established: calendar.time(established.0),
            event: calendar.time(event.0),
            written: calendar.time(event.0.saturating_add_signed(shift)),
        }
    }

    /// Fills `record`, which is as long as the stencil.
    fn write(&self, record: &mut [u8], row: &Row, times: &Times) {
        record.copy_from_slice(&self.octets);
        for patch in &self.patches {
            patch.apply(record, row, times);
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
