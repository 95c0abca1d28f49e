//! Records as Arrow columns: one builder a column, filled part by part, so that an absent part costs nothing.

use super::calendar;
use super::cell::{Cell, read};
use super::layout::{Found, Kind};
use super::text::{Page, write_plain};
use arrow_array::builder::{
    ArrayBuilder, Date32Builder, StringBuilder, Time32MillisecondBuilder, TimestampMillisecondBuilder,
    UInt8Builder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    U8,
    U16,
    U32,
    U64,
    Text,
    /// Null where the octets name no day.
    Day,
    /// Null where they name no time of day.
    Time,
    /// Null where they name no instant.
    Moment,
}

impl Type {
    /// The type that Python calls so.
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "u8" => Type::U8,
            "u16" => Type::U16,
            "u32" => Type::U32,
            "u64" => Type::U64,
            "text" => Type::Text,
            "day" => Type::Day,
            "time" => Type::Time,
            "moment" => Type::Moment,
            _ => return None,
        })
    }

    fn data_type(self) -> DataType {
        match self {
            Type::U8 => DataType::UInt8,
            Type::U16 => DataType::UInt16,
            Type::U32 => DataType::UInt32,
            Type::U64 => DataType::UInt64,
            Type::Text => DataType::Utf8,
            Type::Day => DataType::Date32,
            Type::Time => DataType::Time32(TimeUnit::Millisecond),
            Type::Moment => DataType::Timestamp(TimeUnit::Millisecond, None),
        }
    }

    fn builder(self) -> Builder {
        match self {
            Type::U8 => Builder::U8(UInt8Builder::new()),
            Type::U16 => Builder::U16(UInt16Builder::new()),
            Type::U32 => Builder::U32(UInt32Builder::new()),
            Type::U64 => Builder::U64(UInt64Builder::new()),
            Type::Text => Builder::Text(StringBuilder::new()),
            Type::Day => Builder::Day(Date32Builder::new()),
            Type::Time => Builder::Time(Time32MillisecondBuilder::new()),
            Type::Moment => Builder::Moment(TimestampMillisecondBuilder::new()),
        }
    }
}

/// One column being filled.
#[derive(Debug)]
enum Builder {
    U8(UInt8Builder),
    U16(UInt16Builder),
    U32(UInt32Builder),
    U64(UInt64Builder),
    Text(StringBuilder),
    Day(Date32Builder),
    Time(Time32MillisecondBuilder),
    Moment(TimestampMillisecondBuilder),
}

/// For one kind of record: for each part its columns, as (field, column).
type PartColumns = Vec<Vec<(usize, usize)>>;

/// All columns.
#[derive(Debug)]
pub(super) struct Columns {
    types: Vec<Type>,
    schema: SchemaRef,
    /// Made with the first value: most columns belong to parts that a file does not have.
    builders: Vec<Option<Builder>>,
    rows: usize,
    cell: Vec<u8>,
}

impl Columns {
    pub(super) fn new(names: &[String], types: &[Type]) -> Self {
        let fields: Vec<Field> =
            names.iter().zip(types).map(|(name, each)| Field::new(name, each.data_type(), true)).collect();
        Self {
            types: types.to_vec(),
            schema: Arc::new(Schema::new(fields)),
            builders: types.iter().map(|_| None).collect(),
            rows: 0,
            cell: Vec::new(),
        }
    }

    /// Which columns the parts of a kind fill.
    pub(super) fn places(kind: &Kind, names: &[String]) -> PartColumns {
        let column = |key: &String| names.iter().position(|name| name == key);
        let of_part = |part: &super::layout::Part| {
            part.fields.iter().enumerate().filter_map(|(at, field)| Some((at, column(&field.key)?))).collect()
        };
        kind.parts.iter().map(of_part).collect()
    }

    /// Adds a record as a row.
    pub(super) fn push(&mut self, found: &Found<'_>, places: &PartColumns, page: &Page) {
        for ((part, octets), columns) in found.kind.parts.iter().zip(&found.parts).zip(places) {
            let Some(octets) = octets else { continue };
            for (field, column) in columns {
                let (Some(field), Some(builder), Some(kind)) =
                    (part.fields.get(*field), self.builders.get_mut(*column), self.types.get(*column))
                else {
                    continue;
                };
                let builder = builder.get_or_insert_with(|| kind.builder());
                builder.push(&read(found, octets, field), self.rows, (page, &mut self.cell));
            }
        }
        self.rows += 1;
    }

    /// Takes the rows so far; the columns are empty again.
    pub(super) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        let mut nothing: Vec<(Type, ArrayRef)> = Vec::new();
        let finished = self.types.iter().zip(&mut self.builders).map(|(kind, builder)| {
            if let Some(mut builder) = builder.take() {
                return builder.finish(rows);
            }
            // Empty columns of one type are one and the same.
            if let Some((_, array)) = nothing.iter().find(|(known, _)| known == kind) {
                return Arc::clone(array);
            }
            let array = new_null_array(&kind.data_type(), rows);
            nothing.push((*kind, Arc::clone(&array)));
            array
        });
        let finished = finished.collect();
        RecordBatch::try_new(Arc::clone(&self.schema), finished)
    }
}

/// Runs the same on whichever builder it is.
macro_rules! each {
    ($builder:expr, $inner:ident => $do:expr) => {
        match $builder {
            Builder::U8($inner) => $do,
            Builder::U16($inner) => $do,
            Builder::U32($inner) => $do,
            Builder::U64($inner) => $do,
            Builder::Text($inner) => $do,
            Builder::Day($inner) => $do,
            Builder::Time($inner) => $do,
            Builder::Moment($inner) => $do,
        }
    };
}

impl Builder {
    /// Adds the value of this row; rows in between had none.
    fn push(&mut self, cell: &Cell<'_>, row: usize, (page, room): (&Page, &mut Vec<u8>)) {
        self.fill(row);
        match (self, cell) {
            // Numbers have as many octets as their column's type: Python takes both from one layout line.
            (Builder::U8(builder), cell) => builder.append_option(number(cell).map(|number| number as u8)),
            (Builder::U16(builder), cell) => builder.append_option(number(cell).map(|number| number as u16)),
            (Builder::U32(builder), cell) => builder.append_option(number(cell).map(|number| number as u32)),
            (Builder::U64(builder), cell) => builder.append_option(number(cell)),
            (Builder::Day(builder), Cell::Day(packed)) => builder.append_option(calendar::unpack(*packed)),
            (Builder::Time(builder), Cell::Time(hundredths)) => {
                let valid = *hundredths < calendar::HUNDREDTHS_A_DAY;
                // A day has fewer than 2^31 milliseconds.
                builder.append_option(valid.then(|| (*hundredths * 10).cast_signed()));
            }
            (Builder::Moment(builder), Cell::Moment(time, day)) => {
                builder.append_option(calendar::moment(*time, *day));
            }
            (Builder::Text(builder), Cell::Null) => builder.append_null(),
            (Builder::Text(builder), Cell::Constant(text) | Cell::Label(_, _, Some(text))) => {
                builder.append_value(text);
            }
            (Builder::Text(builder), Cell::Text([]) | Cell::Raw([]) | Cell::Label(0, _, None)) => {
                builder.append_value("");
            }
            (Builder::Text(builder), cell) => {
                room.clear();
                write_plain(room, cell, page);
                builder.append_value(String::from_utf8_lossy(room));
            }
            (Builder::Day(builder), _) => builder.append_null(),
            (Builder::Time(builder), _) => builder.append_null(),
            (Builder::Moment(builder), _) => builder.append_null(),
        }
    }

    /// Adds nulls up to this row.
    fn fill(&mut self, row: usize) {
        each!(self, builder => {
            let missing = row.saturating_sub(builder.len());
            if missing > 0 {
                builder.append_nulls(missing);
            }
        });
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        self.fill(rows);
        each!(self, builder => Arc::new(builder.finish()))
    }
}

fn number(cell: &Cell<'_>) -> Option<u64> {
    match cell {
        Cell::Number(value) | Cell::Coded(value, ..) | Cell::Label(value, ..) => Some(*value),
        _ => None,
    }
}
