//! Which rows of a batch are meant: all, a run of them, or a list.

use pyo3::prelude::*;
use pyo3::types::{PyRange, PyRangeMethods};
use std::ops::Range;
use zertap_core::event::Row;

/// A choice of rows, by their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) enum Chosen {
    #[default]
    All,
    /// The usual case, and no numbers to be fetched from Python.
    Run(Range<usize>),
    List(Vec<usize>),
}

impl<'py> FromPyObject<'_, 'py> for Chosen {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(range) = given.cast::<PyRange>()
            && range.step()? == 1
            && let (Ok(start), Ok(stop)) = (usize::try_from(range.start()?), usize::try_from(range.stop()?))
        {
            return Ok(Self::Run(start..stop));
        }
        given.extract().map(Self::List)
    }
}

impl Chosen {
    /// The chosen ones of these rows; a number beyond them chooses nothing.
    pub(crate) fn of<'a>(&self, rows: &'a [Row]) -> Vec<&'a Row> {
        match self {
            Self::All => rows.iter().collect(),
            Self::Run(run) => rows
                .get(run.start.min(rows.len())..run.end.min(rows.len()))
                .unwrap_or_default()
                .iter()
                .collect(),
            Self::List(list) => list.iter().filter_map(|number| rows.get(*number)).collect(),
        }
    }

    /// Their numbers, where there are so many rows.
    pub(crate) fn numbers(self, rows: usize) -> Vec<usize> {
        match self {
            Self::All => (0..rows).collect(),
            Self::Run(run) => (run.start.min(rows)..run.end.min(rows)).collect(),
            Self::List(list) => list,
        }
    }
}
