//! The same fields as Arrow columns: a C stream capsule for DuckDB, Polars and pandas, and IPC octets for files.

use crate::batch::EventBatch;
use crate::brought::Brought;
use crate::certificate::CERTIFICATE_PARTS;
use crate::chosen::Chosen;
use crate::columns::{Column, Table};
use crate::plan::Plan;
use crate::texts::Form;
use crate::value::Kind;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};
use std::sync::Arc;

/// One part of a stream: a batch, the plan that renders it, and which rows (all, or those given).
pub(crate) type Part<'py> = (Bound<'py, EventBatch>, Bound<'py, Plan>, Option<Chosen>);

/// A PyCapsule `arrow_array_stream` (Arrow PyCapsule interface): one record batch for each part; texts as `views`, or as strings.
#[pyfunction]
#[pyo3(signature = (parts, views = false))]
pub(crate) fn arrow_stream<'py>(
    py: Python<'py>,
    parts: Vec<Part<'py>>,
    views: bool,
) -> PyResult<Bound<'py, PyCapsule>> {
    let form = form(views);
    let schema = parts
        .first()
        .map_or_else(|| Arc::new(Schema::empty()), |(_, plan, _)| schema_of(&plan.borrow(), form));
    let parts: Vec<Waiting> = parts
        .into_iter()
        .map(|(batch, plan, rows)| (batch.unbind(), plan.borrow().as_it_stands(), rows.unwrap_or_default()))
        .collect();
    let reader = Batches { schema, form, parts: parts.into_iter() };
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
}

/// The same of parts that an iterator brings, one ahead of the reader at most; `plan` has their fields. None: there is no part yet.
/// What ends the stream too early is appended to `faults`.
#[pyfunction]
pub(crate) fn arrow_stream_of<'py>(
    py: Python<'py>,
    plan: &Plan,
    parts: &Bound<'py, PyAny>,
    views: bool,
    faults: Bound<'py, PyList>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let form = form(views);
    let reader = Brought::new(schema_of(plan, form), form, parts.try_iter()?.unbind(), faults.unbind());
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
}

/// A PyCapsule `arrow_schema`: the columns of such a stream.
#[pyfunction(name = "arrow_schema")]
pub(crate) fn schema_capsule<'py>(py: Python<'py>, plan: &Plan) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(&*schema_of(plan, Form::Strings)).map_err(raise)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

/// A part that nobody has asked for yet.
type Waiting = (Py<EventBatch>, Plan, Chosen);

/// Record batches, each made when it is asked for, in whatever thread: some readers open a stream only for its schema.
struct Batches {
    schema: SchemaRef,
    form: Form,
    parts: std::vec::IntoIter<Waiting>,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (batch, plan, rows) = self.parts.next()?;
        Some(record_batch(batch.get(), &plan, &rows, self.form))
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// The octets of a whole Arrow IPC stream: schema, one record batch, end mark.
pub(crate) fn ipc(batch: &EventBatch, plan: &Plan, rows: &Chosen) -> PyResult<Vec<u8>> {
    let record = record_batch(batch, plan, rows, Form::Strings).map_err(raise)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &record.schema()).map_err(raise)?;
    writer.write(&record).map_err(raise)?;
    writer.into_inner().map_err(raise)
}

fn form(views: bool) -> Form {
    if views { Form::Views } else { Form::Strings }
}

pub(crate) fn record_batch(
    batch: &EventBatch,
    plan: &Plan,
    rows: &Chosen,
    form: Form,
) -> Result<RecordBatch, ArrowError> {
    let table = Table::new(batch, plan, rows.of(batch.rows()), form);
    let arrays = columns_of(plan).iter().map(|column| table.array(column)).collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema_of(plan, form), arrays)
}

fn schema_of(plan: &Plan, form: Form) -> SchemaRef {
    let columns = columns_of(plan);
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(&column.name, data_type(column.kind, form), true)).collect();
    Arc::new(Schema::new(fields))
}

fn columns_of(plan: &Plan) -> Vec<Column> {
    let mut columns = Vec::new();
    for (field, description) in plan.fields.iter().enumerate() {
        let name = description.path.replace('.', "_");
        let source = plan.source(field);
        if name.ends_with("_certificate") && plan.kind(field) == Kind::Object {
            for (part, (suffix, kind)) in CERTIFICATE_PARTS.iter().enumerate() {
                let name = format!("{name}_{suffix}");
                columns.push(Column { name, field, source, part: Some(part), kind: *kind });
            }
        } else {
            columns.push(Column { name, field, source, part: None, kind: plan.kind(field) });
        }
    }
    columns
}

fn data_type(kind: Kind, form: Form) -> DataType {
    match kind {
        Kind::U64 => DataType::UInt64,
        Kind::F64 => DataType::Float64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        Kind::Words => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
        // Lists of objects and open objects travel as their JSON text.
        Kind::Text | Kind::List | Kind::Object => form.data_type(),
    }
}

pub(crate) fn raise(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
