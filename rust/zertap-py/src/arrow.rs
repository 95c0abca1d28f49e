//! The same fields as Arrow columns: a C stream capsule for DuckDB, Polars and pandas, and IPC octets for files.

use crate::batch::EventBatch;
use crate::certificate::CERTIFICATE_PARTS;
use crate::chosen::Chosen;
use crate::direct::Days;
use crate::lines::{Class, thing_of};
use crate::plan::Plan;
use crate::sources::{self, Protocol, Words};
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
use std::borrow::Cow;
use std::collections::HashMap;
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
pub(crate) type Part<'py> = (Bound<'py, EventBatch>, Bound<'py, Plan>, Option<Chosen>);

/// A PyCapsule `arrow_array_stream` (Arrow PyCapsule interface): one record batch for each part.
#[pyfunction]
pub(crate) fn arrow_stream<'py>(py: Python<'py>, parts: Vec<Part<'py>>) -> PyResult<Bound<'py, PyCapsule>> {
    let records = parts
        .into_iter()
        .map(|(batch, plan, rows)| {
            record_batch(batch.get(), &plan.borrow(), &rows.unwrap_or_default()).map_err(raise)
        })
        .collect::<PyResult<Vec<_>>>()?;
    let schema = records.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    let reader = RecordBatchIterator::new(records.into_iter().map(Ok), schema);
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
}

/// The octets of a whole Arrow IPC stream: schema, one record batch, end mark.
pub(crate) fn ipc(batch: &EventBatch, plan: &Plan, rows: &Chosen) -> PyResult<Vec<u8>> {
    let record = record_batch(batch, plan, rows).map_err(raise)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &record.schema()).map_err(raise)?;
    writer.write(&record).map_err(raise)?;
    writer.into_inner().map_err(raise)
}

fn record_batch(batch: &EventBatch, plan: &Plan, rows: &Chosen) -> Result<RecordBatch, ArrowError> {
    let columns = columns_of(plan);
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(&column.name, data_type(column.kind), true)).collect();
    let rows = Rows::new(rows.of(batch.rows()).into_iter().map(|row| (row, batch.words(plan, row))));
    let arrays = columns.iter().map(|column| array(plan, &rows, column)).collect();
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

/// A row, and the words for it.
type Told<'a> = (&'a Row, Words<'a>);

/// Rows by class: what is not a row's own is found once for each class.
struct Rows<'a> {
    told: Vec<Told<'a>>,
    /// The class of each row.
    classes: Vec<usize>,
    /// Of each class one row.
    samples: Vec<usize>,
}

impl<'a> Rows<'a> {
    fn new(told: impl Iterator<Item = Told<'a>>) -> Self {
        let mut rows = Self { told: told.collect(), classes: Vec::new(), samples: Vec::new() };
        let mut known: HashMap<Class, usize, ahash::RandomState> = HashMap::default();
        for (at, (row, words)) in rows.told.iter().enumerate() {
            let class = *known.entry(Class::of(row, words.pattern, words.nameless)).or_insert_with(|| {
                rows.samples.push(at);
                rows.samples.len() - 1
            });
            rows.classes.push(class);
        }
        rows
    }

    /// A cell for each row: by `make` for each of them, or for one row of each class where the column is not their own.
    fn cells<'s, T: 's>(
        &'s self,
        plan: &Plan,
        column: &Column,
        mut make: impl FnMut(&'s Told<'a>) -> T,
        mut put: impl FnMut(&T),
    ) {
        let source = plan.source(column.field);
        let common: Vec<Option<T>> = self
            .samples
            .iter()
            .map(|at| {
                let told = self.told.get(*at)?;
                source.is_none_or(|source| !sources::is_own(told.0, source)).then(|| make(told))
            })
            .collect();
        for (told, class) in self.told.iter().zip(&self.classes) {
            match common.get(*class) {
                Some(Some(cell)) => put(cell),
                _ => put(&make(told)),
            }
        }
    }
}

fn array<'a>(plan: &'a Plan, rows: &Rows<'a>, column: &Column) -> ArrayRef {
    let value = |(row, words): &Told<'a>| match column.part {
        None => plan.value(column.field, row, words),
        Some(part) => plan.part((column.field, part), row, words),
    };
    let length = rows.told.len();
    match column.kind {
        Kind::U64 => {
            let mut builder = UInt64Builder::with_capacity(length);
            rows.cells(plan, column, value, |value| {
                builder.append_option(if let Value::Int(number) = value { Some(*number) } else { None });
            });
            Arc::new(builder.finish())
        }
        Kind::F64 => {
            let mut builder = Float64Builder::with_capacity(length);
            rows.cells(plan, column, value, |value| {
                builder.append_option(if let Value::Float(number) = value { Some(*number) } else { None });
            });
            Arc::new(builder.finish())
        }
        Kind::Bool => {
            let mut builder = BooleanBuilder::with_capacity(length);
            rows.cells(plan, column, value, |value| {
                builder.append_option(if let Value::Bool(truth) = value { Some(*truth) } else { None });
            });
            Arc::new(builder.finish())
        }
        Kind::Time => {
            let mut builder = TimestampNanosecondBuilder::with_capacity(length).with_timezone("UTC");
            rows.cells(plan, column, value, |value| {
                let at = if let Value::Time(at) = value { i64::try_from(at.0).ok() } else { None };
                builder.append_option(at);
            });
            Arc::new(builder.finish())
        }
        Kind::Words => {
            let mut builder = ListBuilder::new(StringBuilder::new());
            rows.cells(plan, column, value, |value| append_words(&mut builder, value));
            Arc::new(builder.finish())
        }
        Kind::Text | Kind::List | Kind::Object => text_array(plan, rows, column),
    }
}

fn append_words(builder: &mut ListBuilder<StringBuilder>, value: &Value<'_>) {
    let Value::List(words) = value else { return builder.append(false) };
    for word in words {
        if let Value::Text(word) = word {
            builder.values().append_value(word);
        }
    }
    builder.append(true);
}

/// Texts; what several rows have is rendered once.
fn text_array<'a>(plan: &'a Plan, rows: &Rows<'a>, column: &Column) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(rows.told.len(), 0);
    let mut text = Text { plan, column, days: Days::default(), room: Vec::new() };
    let Some(thing) = plan.shared(column.field) else {
        let owned = |text: &mut Text<'a, '_>, told: &Told<'a>| text.of(told).map(Cow::into_owned);
        rows.cells(
            plan,
            column,
            |told| owned(&mut text, told),
            |text| builder.append_option(text.as_deref()),
        );
        return Arc::new(builder.finish());
    };
    let mut known: HashMap<(usize, Option<Protocol>), Option<String>, ahash::RandomState> =
        HashMap::default();
    for told in &rows.told {
        let key = (thing_of(told.0, thing), sources::protocol_of(told.0.phase));
        let found = known.entry(key).or_insert_with(|| text.of(told).map(Cow::into_owned));
        builder.append_option(found.as_deref());
    }
    Arc::new(builder.finish())
}

/// The texts of one column.
struct Text<'a, 'b> {
    plan: &'a Plan,
    column: &'b Column,
    days: Days,
    room: Vec<u8>,
}

impl<'a> Text<'a, '_> {
    fn of<'t>(&'t mut self, (row, words): &Told<'a>) -> Option<Cow<'t, str>>
    where
        'a: 't,
    {
        let Column { field, part, kind, .. } = self.column;
        if let Some(part) = part {
            return plain(self.plan.part((*field, *part), row, words));
        }
        if *kind == Kind::Text {
            return plain(self.plan.value(*field, row, words));
        }
        self.room.clear();
        self.plan.write(&mut self.room, *field, row, words, &mut self.days);
        // JSON is text.
        let text = std::str::from_utf8(&self.room).unwrap_or_default();
        (text != "null").then_some(Cow::Borrowed(text))
    }
}

fn plain(value: Value<'_>) -> Option<Cow<'_, str>> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn raise(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
