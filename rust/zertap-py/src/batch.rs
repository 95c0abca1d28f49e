//! A batch of rows, frozen: row views for people, columns for volume.

use crate::arrow;
use crate::chosen::Chosen;
use crate::facts;
use crate::lines::Writer;
use crate::memory;
use crate::plan::Plan;
use crate::sources::{self, Source, Words};
use crate::value::Value;
use crate::view::Views;
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyMemoryView, PyTuple};
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use zertap_core::event::Row;
use zertap_core::handshake::{CryptoProfile, Phase};
use zertap_core::prefetch::prefetch;
use zertap_core::registry::HashAlgorithm;
use zertap_core::time::Span;

/// Captures read by one tap, in order: how many frames came before each, and its name.
pub(crate) type Files = Arc<Vec<(u64, String)>>;

/// How the rows of a tap are told, whatever the plan.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Telling {
    /// Unit: nanoseconds.
    pub(crate) waiting_span: u64,
    /// Seed of Community ID.
    pub(crate) community_seed: u16,
    /// Nobody is to be named.
    pub(crate) nameless: bool,
}

/// See the stub.
#[pyclass(module = "zertap._native", frozen)]
pub(crate) struct EventBatch {
    rows: Vec<Row>,
    files: Files,
    telling: Telling,
    rooms: Rooms,
}

/// Where batches leave the room of their rows when they go, for rows to come: a megabyte for each batch would else be memory that
/// the system has to clear again.
#[derive(Clone, Default)]
pub(crate) struct Rooms(Arc<Mutex<Vec<Vec<Row>>>>);

/// As many are kept: a batch often goes only when the next one is there.
const ROOMS: usize = 2;

/// A batch of more rows, that of an end, leaves no room.
const MOST_ROWS: usize = 8192;

impl Rooms {
    /// One that is free.
    pub(crate) fn take(&self) -> Option<Vec<Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn leave(&self, mut room: Vec<Row>) {
        room.clear();
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() < ROOMS && (1..=MOST_ROWS).contains(&room.capacity()) {
            rooms.push(room);
        }
    }
}

/// How many rows ahead memory is asked for that a row points to: of many rows it is in no cache.
const AHEAD: usize = 8;

/// Asks for what was settled of the row so many places behind this one.
#[inline]
pub(crate) fn ask_ahead<R: Borrow<Row>>(rows: &[R], at: usize) {
    let later = rows.get(at + AHEAD).and_then(|row| row.borrow().settled.as_deref());
    later.into_iter().for_each(prefetch);
}

/// Lets go of what the rows point to, which would be waited for row by row.
impl Drop for EventBatch {
    fn drop(&mut self) {
        for at in 0..self.rows.len() {
            ask_ahead(&self.rows, at);
            if let Some(row) = self.rows.get_mut(at) {
                row.settled = None;
            }
        }
        self.rooms.leave(std::mem::take(&mut self.rows));
    }
}

impl EventBatch {
    pub(crate) fn new(rows: Vec<Row>, files: Files, telling: Telling, rooms: Rooms) -> Self {
        Self { rows, files, telling, rooms }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How long after its establishment a connection is due.
    pub(crate) fn waiting_span(&self) -> Span {
        Span(self.telling.waiting_span)
    }

    /// Whether nobody is to be named.
    pub(crate) fn is_nameless(&self) -> bool {
        self.telling.nameless
    }

    /// Whether all rows are of one capture, or of none.
    pub(crate) fn is_of_one_file(&self) -> bool {
        match &self.files[..] {
            [] => true,
            [(before, _)] => *before == 0,
            _ => false,
        }
    }

    /// The words of one row for a plan.
    pub(crate) fn words<'a>(&'a self, plan: &'a Plan, row: &Row) -> Words<'a> {
        plan.words(self.pattern_of(row), self.telling, self.file_of(row))
    }

    /// The capture that held a row's first packet.
    fn file_of(&self, row: &Row) -> (Option<&str>, u64) {
        let after = self.files.partition_point(|(before, _)| *before < row.first_packet);
        match after.checked_sub(1).and_then(|at| self.files.get(at)) {
            Some((before, name)) => (Some(name), *before),
            None => (None, 0),
        }
    }

    /// History, establishment, end and length of life of a row, packed: equal numbers mean equal events.
    pub(crate) fn pattern_of(&self, row: &Row) -> u32 {
        packed(row, Span(self.telling.waiting_span))
    }

    /// What decides which events a row brings, packed: its kind, its pattern, how many milestones earlier rows told.
    pub(crate) fn sort_of(&self, row: &Row) -> u64 {
        u64::from(row.history_before) << 40
            | u64::from(row.kind as u8) << 32
            | u64::from(self.pattern_of(row))
    }

    fn row(&self, index: usize) -> PyResult<&Row> {
        self.rows
            .get(index)
            .ok_or_else(|| PyIndexError::new_err(format!("row {index} of {}", self.rows.len())))
    }
}

#[pymethods]
impl EventBatch {
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let (format, octets) = self.gather(name).ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        let view = PyMemoryView::from(memory::octets(py, &octets)?.as_any())?;
        view.call_method1("cast", (format,))
    }

    fn value<'py>(&self, py: Python<'py>, row: usize, source: &str) -> PyResult<Bound<'py, PyAny>> {
        let source = Source::named(source).ok_or_else(|| PyKeyError::new_err(source.to_owned()))?;
        let row = self.row(row)?;
        let none = [const { String::new() }; 16];
        let (file, frames_before) = self.file_of(row);
        let words = Words {
            pattern: 0,
            verdicts: &none,
            protocols: &none,
            events: &[],
            waiting_span: self.telling.waiting_span,
            file,
            frames_before,
            community_seed: self.telling.community_seed,
            nameless: self.telling.nameless,
        };
        let value = match source.protocol() {
            Some(wanted) if sources::protocol_of(row.phase) != Some(wanted) => Value::Null,
            _ => facts::value(row, source, &words),
        };
        value.into_python(py)
    }

    fn history(&self, row: usize) -> PyResult<Vec<(u8, u64)>> {
        let history = &self.row(row)?.history;
        Ok(history.iter().map(|entry| (entry.phase as u8, entry.at.0)).collect())
    }

    fn pattern<'py>(&self, py: Python<'py>, number: u32) -> PyResult<Bound<'py, PyTuple>> {
        let pattern = Pattern::unpack(number);
        let entries = PyTuple::new(py, pattern.entries)?;
        (entries, pattern.established, pattern.ended, pattern.long).into_pyobject(py)
    }

    fn patterns(&self) -> Vec<u32> {
        let distinct: BTreeSet<u32> = self.rows.iter().map(|row| self.pattern_of(row)).collect();
        distinct.into_iter().collect()
    }

    fn profile<'py>(&self, py: Python<'py>, number: u32) -> PyResult<Option<Bound<'py, PyDict>>> {
        let settled = self.rows.iter().filter_map(|row| row.settled.as_deref());
        let mut profiles = settled.filter_map(|settled| settled.profile.as_ref());
        let Some((_, profile)) = profiles.find(|(known, _)| *known == number) else { return Ok(None) };
        profile_dict(py, profile).map(Some)
    }

    #[pyo3(signature = (plan, rows = None))]
    pub(crate) fn jsonl<'py>(
        &self,
        py: Python<'py>,
        plan: PyRef<'_, Plan>,
        rows: Option<Chosen>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let plan = &*plan;
        let out = py.detach(|| {
            let rows = rows.unwrap_or_default().of(&self.rows);
            let mut forms = plan.forms.lock().unwrap_or_else(PoisonError::into_inner);
            Writer::new(plan, self).lines(&rows, &mut forms)
        });
        memory::octets(py, &out)
    }

    #[pyo3(signature = (make, plan, rows = None))]
    fn views(slf: Bound<'_, Self>, make: Py<PyAny>, plan: Py<Plan>, rows: Option<Chosen>) -> PyResult<Views> {
        let rows = rows.unwrap_or_default().numbers(slf.get().rows.len());
        Views::new(slf.py(), slf.clone().unbind(), plan, make, rows)
    }

    #[pyo3(signature = (plan, rows = None))]
    fn arrow<'py>(
        slf: Bound<'py, Self>,
        plan: Bound<'py, Plan>,
        rows: Option<Chosen>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::arrow_stream(slf.py(), vec![(slf, plan, rows)], false)
    }

    #[pyo3(signature = (plan, rows = None))]
    fn ipc<'py>(
        &self,
        py: Python<'py>,
        plan: PyRef<'_, Plan>,
        rows: Option<Chosen>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let plan = &*plan;
        let octets = py.detach(|| arrow::ipc(self, plan, &rows.unwrap_or_default()))?;
        memory::octets(py, &octets)
    }
}

/// A fixed-width column: its `struct` format and its octets in native order.
type Column = (&'static str, Vec<u8>);

impl EventBatch {
    fn gather(&self, name: &str) -> Option<Column> {
        Some(match name {
            "kind" => self.octets(|row| row.kind as u8),
            "phase" => self.octets(|row| row.phase as u8),
            "previous" => self.octets(|row| row.previous as u8),
            "fault" => self.octets(|row| row.settled.as_deref().map_or(0, |settled| settled.fault as u8)),
            "client_port" => self.halves(|row| row.ports[0]),
            "server_port" => self.halves(|row| row.ports[1]),
            "pattern" => self.words32(|row| self.pattern_of(row)),
            "ordinal" => self.words32(|row| row.ordinal),
            "lane" => self.words32(|row| row.lane),
            "profile" => self.words32(|row| {
                let profile = row.settled.as_deref().and_then(|settled| settled.profile.as_ref());
                profile.map_or(u32::MAX, |(number, _)| *number)
            }),
            "connection" => self.longs(|row| row.connection),
            "packet" => self.longs(|row| row.packet),
            "first_packet" => self.longs(|row| row.first_packet),
            "flags" => self.longs(|row| row.flags.0),
            "at" => self.longs(|row| row.at.0),
            "start" => self.longs(|row| row.start.0),
            "established" => self.longs(|row| row.established.map_or(0, |at| at.0)),
            "end" => self.longs(|row| row.end.0),
            "bytes_client" => self.longs(|row| row.octets[0]),
            "bytes_server" => self.longs(|row| row.octets[1]),
            "segments_client" => self.longs(|row| row.segments[0]),
            "segments_server" => self.longs(|row| row.segments[1]),
            "bytes_client_delta" => self.longs(|row| row.octets_delta[0]),
            "bytes_server_delta" => self.longs(|row| row.octets_delta[1]),
            "segments_client_delta" => self.longs(|row| row.segments_delta[0]),
            "segments_server_delta" => self.longs(|row| row.segments_delta[1]),
            "note" => self.longs(|row| row.note),
            "history_before" => self.octets(|row| row.history_before),
            "client_address" => ("B", self.rows.iter().flat_map(|row| row.addresses[0].0).collect()),
            "server_address" => ("B", self.rows.iter().flat_map(|row| row.addresses[1].0).collect()),
            _ => return None,
        })
    }

    fn octets(&self, value: impl Fn(&Row) -> u8) -> Column {
        ("B", self.rows.iter().map(value).collect())
    }

    fn halves(&self, value: impl Fn(&Row) -> u16) -> Column {
        ("H", self.rows.iter().flat_map(|row| value(row).to_ne_bytes()).collect())
    }

    fn words32(&self, value: impl Fn(&Row) -> u32) -> Column {
        ("I", self.rows.iter().flat_map(|row| value(row).to_ne_bytes()).collect())
    }

    fn longs(&self, value: impl Fn(&Row) -> u64) -> Column {
        ("Q", self.rows.iter().flat_map(|row| value(row).to_ne_bytes()).collect())
    }
}

/// What decides a row's events: few distinct values among millions of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// Phase, and whether the waiting span had passed before it.
    entries: Vec<(u8, bool)>,
    established: bool,
    ended: bool,
    long: bool,
}

/// Bits of one entry: four of phase, one for the waiting span.
const ENTRY_BITS: u32 = 5;
/// Milestones, and the standing phase where that is not one of them.
const ENTRIES: usize = 5;

/// The pattern of a row, packed.
fn packed(row: &Row, waiting_span: Span) -> u32 {
    let ended = row.kind.is_end();
    let life = row.established.map_or(Span(0), |established| row.end.since(established));
    let long = if ended { life >= waiting_span } else { row.due_passed };
    let standing = matches!(row.phase, Phase::Unseen | Phase::TlsProvisional);
    let milestones = row.history.iter().map(|entry| (entry.phase, entry.after_due));
    let entries = milestones.chain(standing.then_some((row.phase, row.due_passed))).take(ENTRIES);
    let mut packed = u32::from(row.established.is_some()) | u32::from(ended) << 1 | u32::from(long) << 2;
    let mut shift = 6;
    for (phase, after) in entries {
        packed |= (u32::from(phase as u8) << 1 | u32::from(after)) << shift;
        packed += 1 << 3;
        shift += ENTRY_BITS;
    }
    packed
}

impl Pattern {
    fn unpack(packed: u32) -> Self {
        let length = ((packed >> 3) & 7).min(ENTRIES as u32);
        let entry = |at: u32| {
            let entry = packed >> (6 + ENTRY_BITS * at);
            ((entry >> 1 & 15) as u8, entry & 1 == 1)
        };
        Self {
            entries: (0..length).map(entry).collect(),
            established: packed & 1 != 0,
            ended: packed & 2 != 0,
            long: packed & 4 != 0,
        }
    }
}

/// The facts of a profile as the zERT mapping needs them: wire numbers and names.
fn profile_dict<'py>(py: Python<'py>, profile: &CryptoProfile) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    match profile {
        CryptoProfile::Tls(tls) => {
            dict.set_item("protocol", "tls")?;
            dict.set_item("version", tls.version)?;
            dict.set_item("cipher", tls.cipher)?;
            dict.set_item("group", tls.group)?;
            dict.set_item("shape", tls.shape as u8)?;
            dict.set_item("encrypt_then_mac", tls.encrypt_then_mac)?;
            dict.set_item("client_certificate_requested", tls.client_certificate_requested)?;
            for (name, traits) in [("server", &tls.server_certificate), ("client", &tls.client_certificate)] {
                if let Some(traits) = traits {
                    dict.set_item(format!("{name}_signature_oid"), &*traits.signature_oid)?;
                    let signature = traits.signature();
                    dict.set_item(format!("{name}_signature"), signature.map(|row| row.signature.name()))?;
                    dict.set_item(
                        format!("{name}_digest"),
                        traits.signature_digest.map(HashAlgorithm::name),
                    )?;
                    dict.set_item(format!("{name}_key"), traits.key.name())?;
                    dict.set_item(format!("{name}_key_bits"), traits.key_bits)?;
                }
            }
        }
        CryptoProfile::Ssh(ssh) => {
            dict.set_item("protocol", "ssh")?;
            dict.set_item("version", ssh.version)?;
            for (name, value) in [
                ("kex", &ssh.kex),
                ("host_key", &ssh.host_key),
                ("cipher_c2s", &ssh.cipher_c2s),
                ("cipher_s2c", &ssh.cipher_s2c),
                ("mac_c2s", &ssh.mac_c2s),
                ("mac_s2c", &ssh.mac_s2c),
                ("compression_c2s", &ssh.compression_c2s),
                ("compression_s2c", &ssh.compression_s2c),
                ("host_key_type", &ssh.host_key_type),
            ] {
                dict.set_item(name, value.as_deref())?;
            }
            dict.set_item("strict_kex", ssh.strict_kex)?;
            dict.set_item("host_key_bits", ssh.host_key_bits)?;
        }
    }
    Ok(dict)
}
