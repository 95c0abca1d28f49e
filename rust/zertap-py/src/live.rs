//! Live capture for Python: interfaces are opened, then taps run in threads of their own; rows are fetched in batches.

use crate::batch::{EventBatch, Files, Rooms, Telling};
use crate::ends::End;
use crate::error;
use crate::pseudonym::Pseudonyms;
use crate::tap::{Settings, configure};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::sync::Arc;
use std::time::Duration;
use zertap_capture::live::{self, Device, LiveOptions, MOST_TAPS};
use zertap_core::config::Config;
use zertap_core::event::Row;
use zertap_core::wire::Skip;

/// See the stub.
#[pyclass(module = "zertap._native", unsendable)]
pub(crate) struct Live {
    stage: Stage,
    name: String,
    taps: u32,
    telling: Telling,
    pseudonyms: Option<Pseudonyms>,
}

/// Interfaces are opened by one who may, and read by one who may do nothing else.
enum Stage {
    Open(Vec<Box<dyn Device>>),
    Runs(live::Live),
}

#[pymethods]
impl Live {
    #[new]
    #[pyo3(signature = (interfaces, snap_length = None, buffer = None, promiscuous = true, bpf = None))]
    fn new(
        py: Python<'_>,
        interfaces: Vec<String>,
        snap_length: Option<u32>,
        buffer: Option<u32>,
        promiscuous: bool,
        bpf: Option<String>,
    ) -> PyResult<Self> {
        let usual = LiveOptions::default();
        let options = LiveOptions {
            snap_length: snap_length.unwrap_or(usual.snap_length),
            buffer: buffer.unwrap_or(usual.buffer),
            promiscuous,
            filter: bpf,
        };
        let open = || interfaces.iter().map(|name| live::open(name, &options)).collect();
        let opened: Result<Vec<_>, live::LiveError> = py.detach(open);
        let devices = opened.map_err(|fault| error::live(py, &fault))?;
        let name = interfaces.join(",");
        Ok(Self { stage: Stage::Open(devices), name, taps: 1, telling: Telling::default(), pseudonyms: None })
    }

    #[pyo3(signature = (config = None, taps = 1))]
    fn start(&mut self, py: Python<'_>, config: Option<&Bound<'_, PyDict>>, taps: u32) -> PyResult<()> {
        if taps == 0 || taps as usize > MOST_TAPS {
            return Err(error::usage(py, &format!("between 1 and {MOST_TAPS} taps")));
        }
        self.taps = taps;
        let configs = self.configs(py, config)?;
        let Stage::Open(devices) = &mut self.stage else {
            return Err(error::usage(py, "this capture runs already"));
        };
        let devices = std::mem::take(devices);
        let started = live::Live::start(devices, configs);
        let running =
            started.map_err(|fault| error::usage(py, &format!("no thread can be started: {fault}")))?;
        self.stage = Stage::Runs(running);
        Ok(())
    }

    #[pyo3(signature = (wait_ms = 100))]
    fn collect(&mut self, py: Python<'_>, wait_ms: u64) -> PyResult<EventBatch> {
        let running = self.running(py)?;
        let rows = py.detach(|| running.collect(Duration::from_millis(wait_ms)));
        Ok(self.batch(rows))
    }

    fn current(
        &mut self,
        py: Python<'_>,
        start: usize,
        most: usize,
    ) -> PyResult<(EventBatch, Option<usize>)> {
        let running = self.running(py)?;
        let (rows, next) = py.detach(|| running.current(start, most));
        Ok((self.batch(rows), next))
    }

    fn mark(&mut self, py: Python<'_>, one: End, other: End, number: u64, note: u64) -> PyResult<bool> {
        Ok(self.running(py)?.mark([one.0, other.0], number, note))
    }

    #[pyo3(signature = (config = None))]
    fn renew(&mut self, py: Python<'_>, config: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let configs = config.map(|config| self.configs(py, Some(config))).transpose()?;
        let running = self.running(py)?;
        py.detach(|| running.renew(configs));
        Ok(())
    }

    fn stop(&mut self, py: Python<'_>) -> PyResult<()> {
        let running = self.running(py)?;
        py.detach(|| running.stop());
        Ok(())
    }

    #[getter]
    fn over(&self) -> bool {
        matches!(&self.stage, Stage::Runs(running) if running.is_over())
    }

    fn clock(&self) -> Option<(u64, u64)> {
        match &self.stage {
            Stage::Open(_) => None,
            Stage::Runs(running) => running.clock().map(|(began, now)| (began.0, now.0)),
        }
    }

    fn faults<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let faults = self.running(py)?.take_faults();
        let errors = faults.iter().map(|fault| error::live(py, fault).into_value(py));
        PyList::new(py, errors)
    }

    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = match &self.stage {
            Stage::Open(_) => live::Counts::default(),
            Stage::Runs(running) => running.counts(),
        };
        let dict = PyDict::new(py);
        let interfaces = PyList::empty(py);
        for (name, losses, frames) in &counts.reader.interfaces {
            let entry = PyDict::new(py);
            entry.set_item("name", name)?;
            entry.set_item("received", losses.received)?;
            entry.set_item("read", frames)?;
            entry.set_item("dropped_by_kernel", losses.dropped)?;
            entry.set_item("dropped_by_interface", losses.interface_dropped)?;
            interfaces.append(entry)?;
        }
        dict.set_item("interfaces", interfaces)?;
        dict.set_item("frames", counts.reader.frames)?;
        dict.set_item("segments", counts.reader.segments)?;
        let skipped = PyDict::new(py);
        for (skip, count) in Skip::ALL.iter().zip(counts.reader.skipped) {
            skipped.set_item(skip.word(), count)?;
        }
        dict.set_item("skipped", skipped)?;
        dict.set_item("lost_here", counts.reader.lost_here)?;
        let taps = PyList::empty(py);
        for account in &counts.taps {
            let entry = PyDict::new(py);
            for (name, count) in [
                ("segments", account.segments),
                ("unobserved", account.unobserved),
                ("opened", account.opened),
                ("ended", account.fates.ended),
                ("live", account.live),
                ("evicted", account.fates.evicted),
                ("unmonitored", account.fates.unseen),
                ("never_established", account.fates.never_established),
                ("rows", account.rows),
                ("clock_backwards", account.clock_backwards),
            ] {
                entry.set_item(name, count)?;
            }
            taps.append(entry)?;
        }
        dict.set_item("taps", taps)?;
        dict.set_item("rows_waiting", counts.rows_waiting)?;
        Ok(dict)
    }
}

impl Live {
    /// Rows for Python, under their pseudonyms.
    fn batch(&self, mut rows: Vec<Row>) -> EventBatch {
        if let Some(pseudonyms) = &self.pseudonyms {
            for row in &mut rows {
                pseudonyms.disguise(row);
            }
        }
        let files: Files = Arc::new(vec![(0, self.name.clone())]);
        EventBatch::new(rows, files, self.telling, Rooms::default())
    }

    fn running(&mut self, py: Python<'_>) -> PyResult<&mut live::Live> {
        match &mut self.stage {
            Stage::Runs(running) => Ok(running),
            Stage::Open(_) => Err(error::usage(py, "this capture was not started")),
        }
    }

    /// One configuration for each tap; bounds are shared out.
    fn configs(&mut self, py: Python<'_>, given: Option<&Bound<'_, PyDict>>) -> PyResult<Vec<Config>> {
        let taps = self.taps;
        let shared = |whole: usize| whole.div_ceil(taps as usize);
        let mut configs = Vec::new();
        for number in 0..taps {
            let Settings { engine, mut telling, pseudonyms, workers: _ } = configure(py, given)?;
            telling.waiting_span = engine.waiting_span.0;
            (self.telling, self.pseudonyms) = (telling, pseudonyms);
            configs.push(Config {
                max_connections: shared(engine.max_connections),
                max_half_open: shared(engine.max_half_open),
                max_ended: shared(engine.max_ended),
                first_profile: number * (u32::MAX / taps),
                ..engine
            });
        }
        Ok(configs)
    }
}

/// See the stub.
#[pyfunction]
pub(crate) fn notify_service(py: Python<'_>, state: &str) -> PyResult<()> {
    use sd_notify::NotifyState;
    let states = match state {
        "ready" => vec![NotifyState::Ready],
        "reloading" => {
            let at = NotifyState::monotonic_usec_now();
            let mut states = vec![NotifyState::Reloading];
            states.extend(at.ok());
            states
        }
        "stopping" => vec![NotifyState::Stopping],
        "watchdog" => vec![NotifyState::Watchdog],
        text => match text.strip_prefix("status ") {
            Some(said) => vec![NotifyState::Status(said)],
            None => return Err(error::usage(py, &format!("no such state of a service: `{text}`"))),
        },
    };
    // Whoever started the program may be gone; the work goes on.
    let _ = py.detach(|| sd_notify::notify(&states));
    Ok(())
}

/// See the stub.
#[pyfunction]
pub(crate) fn watchdog_seconds() -> Option<f64> {
    sd_notify::watchdog_enabled().map(|span| span.as_secs_f64())
}
