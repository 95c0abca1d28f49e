//! The journal of one connection for Python: each step a dict, its numbers with their registered names.

use crate::batch::Files;
use crate::value::Value;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::borrow::Cow;
use zertap_core::handshake::{Journal, Moment, Shown, Side, Told};
use zertap_core::registry::tls::AlertDescription;

/// The whole journal.
pub(crate) fn show<'py>(py: Python<'py>, journal: &Journal, files: &Files) -> PyResult<Bound<'py, PyDict>> {
    let steps = journal.steps().iter().map(|told| {
        let step = PyDict::new(py);
        for (name, value) in step_of(told, journal.client(), files) {
            step.set_item(name, value.into_python(py)?)?;
        }
        Ok(step)
    });
    let dict = PyDict::new(py);
    dict.set_item("steps", PyList::new(py, steps.collect::<PyResult<Vec<_>>>()?)?)?;
    dict.set_item("dropped", journal.dropped())?;
    dict.set_item("over", journal.is_over())?;
    Ok(dict)
}

/// One step: what every step has, then what its kind adds.
fn step_of<'a>(told: &Told, client: Side, files: &'a Files) -> Vec<(&'static str, Value<'a>)> {
    let (file, packet) = place(told.first, files);
    let (_, last_packet) = place(told.last, files);
    let mut step = vec![
        ("what", Value::text(told.shown.word())),
        ("file", Value::maybe(file, Value::text)),
        ("packet", Value::Int(packet)),
        ("last_packet", Value::Int(last_packet)),
        ("at", Value::Int(told.first.at.0)),
        ("last_at", Value::Int(told.last.at.0)),
        ("from", Value::maybe(told.side, |side| role(side, client))),
        ("count", Value::Int(told.count)),
        ("octets", Value::Int(told.octets)),
    ];
    step.extend(details(told.shown, client));
    step
}

/// The capture of a packet and its number there.
fn place(moment: Moment, files: &Files) -> (Option<&str>, u64) {
    let after = files.partition_point(|(before, _)| *before < moment.packet);
    match after.checked_sub(1).and_then(|at| files.get(at)) {
        Some((before, name)) => (Some(name), moment.packet - before),
        None => (None, moment.packet),
    }
}

fn details(shown: Shown, client: Side) -> Vec<(&'static str, Value<'static>)> {
    let number = |number: u8| vec![("number", Value::Int(number.into()))];
    match shown {
        Shown::Odd(flag) => vec![("flag", Value::text(flag.word()))],
        Shown::Moved { from, to, fault, gave_up } => vec![
            ("phase_before", Value::text(from.name())),
            ("phase", Value::text(to.name())),
            ("reason", Value::maybe(fault.word(), Value::text)),
            ("gave_up", Value::maybe(gave_up, |side| role(side, client))),
        ],
        Shown::Ended(kind) => vec![("kind", Value::text(kind))],
        Shown::Message(kind)
        | Shown::Ssl2(kind)
        | Shown::Packet(kind)
        | Shown::Packet1(kind)
        | Shown::Encrypted(kind) => number(kind),
        Shown::ChangeCipherSpec(counts) => vec![("counts", Value::Bool(counts))],
        Shown::Alert { level, description } => {
            let name = AlertDescription(description)
                .name()
                .map_or_else(|| Cow::Owned(description.to_string()), Cow::Borrowed);
            vec![("level", Value::Int(level.into())), ("description", Value::Text(name))]
        }
        Shown::Talk(name) | Shown::Asked(name) | Shown::Refused(name) | Shown::Granted(name) => {
            vec![("protocol", Value::text(name))]
        }
        _ => Vec::new(),
    }
}

fn role(side: Side, client: Side) -> Value<'static> {
    Value::text(if side == client { "client" } else { "server" })
}
