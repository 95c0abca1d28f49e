//! The same fields as Arrow columns: a C stream capsule for DuckDB, Polars and pandas, and IPC octets for files.

use crate::batch::EventBatch;
use crate::json;
use crate::plan::Plan;
use crate::sources::CERTIFICATE_PARTS;
use crate::value::{Kind, Value};
use arrow_array::builder::{
    BooleanBuilder, Float64Builder, ListBuilder, StringBuilder, TimestampNanosecondBuilder, UInt64Builder,
};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use std::sync::Arc;
use zertap_core::event::Row;

/// One Arrow column: a field of the plan, or one part of a certificate field.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    field: usize,
    part: Option<usize>,
    kind: Kind,
}

/// One part of a stream: a batch, the plan that renders it, and which rows (all, or those given).
pub(crate) type Part<'py> = (Bound<'py, EventBatch>, Bound<'py, Plan>, Option<Vec<usize>>);

/// A PyCapsule `arrow_array_stream` (Arrow PyCapsule interface): one record batch for each part.
#[pyfunction]
pub(crate) fn arrow_stream<'py>(py: Python<'py>, parts: Vec<Part<'py>>) -> PyResult<Bound<'py, PyCapsule>> {
    let records = parts
        .iter()
        .map(|(batch, plan, rows)| record_batch(batch.get(), &plan.borrow(), rows.as_deref()).map_err(raise))
        .collect::<PyResult<Vec<_>>>()?;
    let schema = records.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    let reader = RecordBatchIterator::new(records.into_iter().map(Ok), schema);
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
}

/// The octets of a whole Arrow IPC stream: schema, one record batch, end mark.
pub(crate) fn ipc(batch: &EventBatch, plan: &Plan, rows: Option<&[usize]>) -> PyResult<Vec<u8>> {
    let record = record_batch(batch, plan, rows).map_err(raise)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &record.schema()).map_err(raise)?;
    writer.write(&record).map_err(raise)?;
    writer.into_inner().map_err(raise)
}

fn record_batch(batch: &EventBatch, plan: &Plan, rows: Option<&[usize]>) -> Result<RecordBatch, ArrowError> {
    let columns = columns_of(plan);
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(&column.name, data_type(column.kind), true)).collect();
    let chosen: Vec<&Row> = match rows {
        None => batch.rows().iter().collect(),
        Some(rows) => rows.iter().filter_map(|row| batch.rows().get(*row)).collect(),
    };
    let arrays = columns.iter().map(|column| array(batch, plan, &chosen, column)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

fn columns_of(plan: &Plan) -> Vec<Column> {
    let mut columns = Vec::new();
    for (field, description) in plan.fields.iter().enumerate() {
        let name = description.path.replace('.', "_");
        if name.ends_with("_certificate") && plan.kind(field) == Kind::Object {
            for (part, (suffix, kind)) in CERTIFICATE_PARTS.iter().enumerate() {
                columns.push(Column {
                    name: format!("{name}_{suffix}"),
                    field,
                    part: Some(part),
                    kind: *kind,
                });
            }
        } else {
            columns.push(Column { name, field, part: None, kind: plan.kind(field) });
        }
    }
    columns
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::U64 => DataType::UInt64,
        Kind::F64 => DataType::Float64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        Kind::Words => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
        // Lists of objects and open objects travel as their JSON text.
        Kind::Text | Kind::List | Kind::Object => DataType::Utf8,
    }
}

fn array(batch: &EventBatch, plan: &Plan, rows: &[&Row], column: &Column) -> ArrayRef {
    let values = rows.iter().map(|row| {
        let value = plan.value(column.field, row, &batch.words(plan, row));
        match (column.part, value) {
            (None, value) => value,
            (Some(part), Value::Object(parts)) => {
                parts.into_iter().nth(part).map_or(Value::Null, |(_, value)| value)
            }
            (Some(_), _) => Value::Null,
        }
    });
    match column.kind {
        Kind::U64 => {
            let mut builder = UInt64Builder::new();
            values.for_each(|value| {
                builder.append_option(if let Value::Int(number) = value { Some(number) } else { None });
            });
            Arc::new(builder.finish())
        }
        Kind::F64 => {
            let mut builder = Float64Builder::new();
            values.for_each(|value| {
                builder.append_option(if let Value::Float(number) = value { Some(number) } else { None });
            });
            Arc::new(builder.finish())
        }
        Kind::Bool => {
            let mut builder = BooleanBuilder::new();
            values.for_each(|value| {
                builder.append_option(if let Value::Bool(truth) = value { Some(truth) } else { None });
            });
            Arc::new(builder.finish())
        }
        Kind::Time => {
            let mut builder = TimestampNanosecondBuilder::new().with_timezone("UTC");
            values.for_each(|value| {
                let at = if let Value::Time(at) = value { i64::try_from(at.0).ok() } else { None };
                builder.append_option(at);
            });
            Arc::new(builder.finish())
        }
        Kind::Words => words_array(values),
        Kind::Text | Kind::List | Kind::Object => text_array(values),
    }
}

fn words_array<'a>(values: impl Iterator<Item = Value<'a>>) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for value in values {
        let Value::List(words) = value else {
            builder.append(false);
            continue;
        };
        for word in words {
            if let Value::Text(word) = word {
                builder.values().append_value(word);
            }
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn text_array<'a>(values: impl Iterator<Item = Value<'a>>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            Value::Text(text) => builder.append_value(text),
            other => {
                let mut text = Vec::new();
                json::write(&mut text, &other);
                builder.append_value(String::from_utf8_lossy(&text));
            }
        }
    }
    Arc::new(builder.finish())
}

fn raise(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
