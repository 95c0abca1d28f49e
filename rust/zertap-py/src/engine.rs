//! What stands behind a tap of Python: one engine, or a crew of them that reads captures together.

use crate::error;
use pyo3::prelude::*;
use std::collections::TryReserveError;
use std::sync::{Mutex, PoisonError};
use zertap_capture::Crew;
use zertap_core::config::Config;
use zertap_core::event::Row;
use zertap_core::flow::TableCounters;
use zertap_core::handshake::Journal;
use zertap_core::ledger::Ledger;
use zertap_core::tap::{Tap, TapCounters};
use zertap_core::time::Timestamp;

/// See above.
pub(crate) enum Engine {
    One(Box<Tap>),
    /// The lock only says that a crew is not shared; it is never contended.
    Several(Box<Mutex<Crew>>),
}

impl Engine {
    pub(crate) fn new(config: Config, workers: u32) -> Self {
        if workers > 1 {
            Self::Several(Box::new(Mutex::new(Crew::new(&config, workers))))
        } else {
            Self::One(Box::new(Tap::new(config)))
        }
    }

    /// The engine that takes packets of a caller's own.
    pub(crate) fn one(&mut self, py: Python<'_>) -> PyResult<&mut Tap> {
        match self {
            Self::One(tap) => Ok(tap),
            Self::Several(_) => {
                Err(error::usage(py, "a tap with several workers reads captures and takes nothing else"))
            }
        }
    }

    /// Frames that it has been shown.
    pub(crate) fn frames(&self) -> u64 {
        match self {
            Self::One(tap) => tap.counters().frames,
            Self::Several(crew) => crew.lock().unwrap_or_else(PoisonError::into_inner).frames(),
        }
    }

    /// The crew, if it is one.
    pub(crate) fn crew(&mut self) -> Option<&mut Crew> {
        match self {
            Self::One(_) => None,
            Self::Several(crew) => Some(own(crew)),
        }
    }

    pub(crate) fn journal(&self) -> Option<&Journal> {
        match self {
            Self::One(tap) => tap.journal(),
            Self::Several(_) => None,
        }
    }

    /// Room for the rows of `finish`. A crew asks as it goes.
    pub(crate) fn reserve_finish(&mut self, most: usize) -> Result<(), TryReserveError> {
        match self {
            Self::One(tap) => tap.reserve_finish(most),
            Self::Several(_) => Ok(()),
        }
    }

    /// End of input, until `most` rows wait. Whether connections are left. A crew writes all rows at once.
    pub(crate) fn finish(&mut self, most: usize) -> bool {
        match self {
            Self::One(tap) => tap.finish_some(most),
            Self::Several(crew) => {
                own(crew).finish();
                false
            }
        }
    }

    /// The rows; those to come may lie where others lay.
    pub(crate) fn drain(&mut self, room: Option<Vec<Row>>) -> Vec<Row> {
        match self {
            Self::One(tap) => {
                let rows = tap.drain();
                if let Some(room) = room {
                    tap.lend(room);
                }
                rows
            }
            Self::Several(crew) => {
                let crew = own(crew);
                let rows = crew.drain();
                if let Some(room) = room {
                    crew.lend(room);
                }
                rows
            }
        }
    }

    pub(crate) fn waiting_rows(&self) -> usize {
        match self {
            Self::One(tap) => tap.waiting_rows(),
            Self::Several(crew) => crew.lock().unwrap_or_else(PoisonError::into_inner).waiting_rows(),
        }
    }

    pub(crate) fn clock(&self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::One(tap) => tap.clock(),
            Self::Several(crew) => crew.lock().unwrap_or_else(PoisonError::into_inner).clock(),
        }
    }

    pub(crate) fn counters(&mut self) -> TapCounters {
        match self {
            Self::One(tap) => tap.counters().clone(),
            Self::Several(crew) => own(crew).counters(),
        }
    }

    pub(crate) fn table_counters(&mut self) -> TableCounters {
        match self {
            Self::One(tap) => tap.table_counters(),
            Self::Several(crew) => own(crew).table_counters(),
        }
    }

    pub(crate) fn live(&mut self) -> usize {
        match self {
            Self::One(tap) => tap.live(),
            Self::Several(crew) => own(crew).live(),
        }
    }

    pub(crate) fn ledger(&mut self) -> Ledger {
        match self {
            Self::One(tap) => tap.ledger(),
            Self::Several(crew) => own(crew).ledger(),
        }
    }
}

fn own(crew: &mut Mutex<Crew>) -> &mut Crew {
    crew.get_mut().unwrap_or_else(PoisonError::into_inner)
}
