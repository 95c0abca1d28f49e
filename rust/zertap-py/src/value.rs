//! One fact of a row, before it becomes JSON, a Python object or an Arrow cell.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::borrow::Cow;
use zertap_core::time::Timestamp;

/// A value with the types that JSON, Python and Arrow share.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(u64),
    Float(f64),
    Text(Cow<'a, str>),
    Time(Timestamp),
    List(Vec<Value<'a>>),
    Object(Vec<(&'static str, Value<'a>)>),
}

/// The type of a source, whatever its value in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    U64,
    F64,
    Bool,
    Text,
    Time,
    Words,
    List,
    Object,
}

impl Kind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Kind::U64 => "u64",
            Kind::F64 => "f64",
            Kind::Bool => "bool",
            Kind::Text => "text",
            Kind::Time => "time",
            Kind::Words => "words",
            Kind::List => "list",
            Kind::Object => "object",
        }
    }
}

impl<'a> Value<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }

    pub(crate) fn owned(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }

    /// `Null` for `None`.
    pub(crate) fn maybe<T>(value: Option<T>, into: impl FnOnce(T) -> Value<'a>) -> Self {
        value.map_or(Value::Null, into)
    }

    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match self {
            Value::Null => py.None().into_bound(py),
            Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
            Value::Int(value) => value.into_pyobject(py)?.into_any(),
            Value::Float(value) => value.into_pyobject(py)?.into_any(),
            Value::Text(value) => value.into_pyobject(py)?.into_any(),
            Value::Time(value) => value.0.into_pyobject(py)?.into_any(),
            Value::List(values) => {
                let list = PyList::empty(py);
                for value in values {
                    list.append(value.into_python(py)?)?;
                }
                list.into_any()
            }
            Value::Object(entries) => {
                let dict = PyDict::new(py);
                for (key, value) in entries {
                    dict.set_item(key, value.into_python(py)?)?;
                }
                dict.into_any()
            }
        })
    }
}
