//! Records as Arrow columns: many records at a time, one column after the other, so that an absent part costs nothing.

use super::calendar;
use super::cell::{Cell, read};
use super::layout::{Field, Found, Kind};
use super::text::{Page, decoded, write_plain};
use arrow_array::builder::{ArrayBuilder, NullBufferBuilder, StringBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Time32MillisecondType, TimestampMillisecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, PrimitiveArray, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef, TimeUnit};
use std::borrow::Cow;
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

    fn values(self, room: usize) -> Values {
        match self {
            Type::U8 => Values::U8(Vec::with_capacity(room)),
            Type::U16 => Values::U16(Vec::with_capacity(room)),
            Type::U32 => Values::U32(Vec::with_capacity(room)),
            Type::U64 => Values::U64(Vec::with_capacity(room)),
            Type::Text => Values::Text(StringBuilder::with_capacity(room, 8 * room)),
            Type::Day => Values::Day(Vec::with_capacity(room)),
            Type::Time => Values::Time(Vec::with_capacity(room)),
            Type::Moment => Values::Moment(Vec::with_capacity(room)),
        }
    }
}

/// One record among those that are added together.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) found: Found<'a>,
    /// Number of its kind.
    pub(super) kind: usize,
    /// In the file, from 1.
    pub(super) number: u64,
}

/// The columns of a view, and where their values stand.
#[derive(Clone, Debug)]
pub(super) struct Table {
    schema: SchemaRef,
    columns: Arc<[Source]>,
    /// Kinds of records, and parts that the kind with most of them has.
    kinds: usize,
    parts: usize,
}

/// Where the values of a column stand.
#[derive(Debug)]
struct Source {
    data: Type,
    /// By kind of record: the part, and the field in it.
    places: Vec<Option<(usize, Field)>>,
}

impl Table {
    pub(super) fn new(names: &[String], types: &[Type], kinds: &[Arc<Kind>]) -> Self {
        let fields: Vec<arrow_schema::Field> = names
            .iter()
            .zip(types)
            .map(|(name, each)| arrow_schema::Field::new(name, each.data_type(), true))
            .collect();
        let place = |kind: &Kind, name: &String| {
            kind.parts.iter().enumerate().find_map(|(part, each)| {
                let field = each.fields.iter().find(|field| field.key == *name)?;
                Some((part, field.clone()))
            })
        };
        let source = |(name, data): (&String, &Type)| Source {
            data: *data,
            places: kinds.iter().map(|kind| place(kind, name)).collect(),
        };
        Self {
            schema: Arc::new(Schema::new(fields)),
            columns: names.iter().zip(types).map(source).collect(),
            kinds: kinds.len(),
            parts: kinds.iter().map(|kind| kind.parts.len()).max().unwrap_or_default(),
        }
    }
}

/// Columns being filled.
#[derive(Debug)]
pub(super) struct Columns {
    table: Table,
    /// Made with the first value: most columns belong to parts that a file does not have.
    filled: Vec<Option<Column>>,
    rows: usize,
    room: usize,
}

impl Columns {
    /// Room for about so many rows.
    pub(super) fn new(table: Table, room: usize) -> Self {
        Self { room, filled: table.columns.iter().map(|_| None).collect(), table, rows: 0 }
    }

    /// Adds records as rows.
    pub(super) fn add(&mut self, run: &[Record<'_>], page: &Page) {
        let having = Having::of(run, &self.table);
        let sources = Arc::clone(&self.table.columns);
        for (column, source) in self.filled.iter_mut().zip(&*sources) {
            let rows = having.rows_of(source);
            if !rows.is_empty() {
                let column = column.get_or_insert_with(|| Column::new(source.data, self.room));
                column.add(Cells { run, rows: &rows, places: &source.places, first: self.rows }, page);
            }
        }
        self.rows += run.len();
    }

    /// The rows.
    pub(super) fn take(self) -> Result<RecordBatch, ArrowError> {
        let rows = self.rows;
        let mut nothing: Vec<(Type, ArrayRef)> = Vec::new();
        let finished = self.filled.into_iter().zip(&*self.table.columns).map(|(column, source)| {
            if let Some(column) = column {
                return column.finish(rows);
            }
            // Empty columns of one type are one and the same.
            if let Some((_, array)) = nothing.iter().find(|(known, _)| *known == source.data) {
                return Arc::clone(array);
            }
            let array = new_null_array(&source.data.data_type(), rows);
            nothing.push((source.data, Arc::clone(&array)));
            array
        });
        let finished = finished.collect();
        RecordBatch::try_new(Arc::clone(&self.table.schema), finished)
    }
}

/// By kind and part, which records of a run have the part.
struct Having {
    parts: usize,
    rows: Vec<Vec<usize>>,
}

impl Having {
    fn of(run: &[Record<'_>], table: &Table) -> Self {
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); table.kinds * table.parts];
        for (row, record) in run.iter().enumerate() {
            let lists = rows.iter_mut().skip(record.kind * table.parts);
            for (list, part) in lists.zip(&record.found.parts) {
                if part.is_some() {
                    list.push(row);
                }
            }
        }
        Self { parts: table.parts, rows }
    }

    /// The records that have a value for a column, in order.
    fn rows_of(&self, source: &Source) -> Cow<'_, [usize]> {
        let places = source.places.iter().enumerate();
        let lists = places.filter_map(|(kind, place)| {
            let (part, _) = place.as_ref()?;
            self.rows.get(kind * self.parts + part).filter(|rows| !rows.is_empty())
        });
        let mut found: Cow<'_, [usize]> = Cow::Borrowed(&[]);
        for list in lists {
            if found.is_empty() {
                found = Cow::Borrowed(list);
            } else {
                let both = found.to_mut();
                both.extend(list);
                both.sort_unstable();
            }
        }
        found
    }
}

/// The values of one column in a run.
struct Cells<'a> {
    run: &'a [Record<'a>],
    rows: &'a [usize],
    places: &'a [Option<(usize, Field)>],
    /// Number of the run's first row.
    first: usize,
}

impl<'a> Cells<'a> {
    /// Number of the row, and what it holds there.
    fn each(&self) -> impl Iterator<Item = (usize, Cell<'a>)> {
        let (run, places, first) = (self.run, self.places, self.first);
        self.rows.iter().filter_map(move |row| {
            let record = run.get(*row)?;
            let (part, field) = places.get(record.kind)?.as_ref()?;
            let octets = record.found.parts.get(*part)?.as_ref()?;
            Some((first + row, read(&record.found, octets, field)))
        })
    }
}

/// One column being filled.
#[derive(Debug)]
struct Column {
    values: Values,
    /// Which values are there; not for text, whose builder knows.
    there: NullBufferBuilder,
    /// The octets of the last text, and what they say: texts mostly repeat.
    last: (Vec<u8>, String),
}

#[derive(Debug)]
enum Values {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    Text(StringBuilder),
    Day(Vec<i32>),
    Time(Vec<i32>),
    Moment(Vec<i64>),
}

impl Column {
    fn new(data: Type, room: usize) -> Self {
        Self {
            values: data.values(room),
            there: NullBufferBuilder::new(0),
            last: (Vec::new(), String::new()),
        }
    }

    fn add(&mut self, cells: Cells<'_>, page: &Page) {
        let Self { values, there, last } = self;
        match values {
            // Numbers have as many octets as their column's type: Python takes both from one layout line.
            Values::U8(values) => {
                put(values, there, cells.each(), |cell| number(cell).map(|number| number as u8));
            }
            Values::U16(values) => {
                put(values, there, cells.each(), |cell| number(cell).map(|number| number as u16));
            }
            Values::U32(values) => {
                put(values, there, cells.each(), |cell| number(cell).map(|number| number as u32));
            }
            Values::U64(values) => put(values, there, cells.each(), number),
            Values::Day(values) => put(values, there, cells.each(), day),
            Values::Time(values) => put(values, there, cells.each(), time),
            Values::Moment(values) => put(values, there, cells.each(), moment),
            Values::Text(builder) => {
                for (row, cell) in cells.each() {
                    fill_text(builder, row);
                    put_text(builder, &cell, last, page);
                }
            }
        }
    }

    fn finish(self, rows: usize) -> ArrayRef {
        let there = self.there;
        match self.values {
            Values::U8(values) => array::<UInt8Type>(values, there, rows),
            Values::U16(values) => array::<UInt16Type>(values, there, rows),
            Values::U32(values) => array::<UInt32Type>(values, there, rows),
            Values::U64(values) => array::<UInt64Type>(values, there, rows),
            Values::Day(values) => array::<Date32Type>(values, there, rows),
            Values::Time(values) => array::<Time32MillisecondType>(values, there, rows),
            Values::Moment(values) => array::<TimestampMillisecondType>(values, there, rows),
            Values::Text(mut builder) => {
                fill_text(&mut builder, rows);
                Arc::new(builder.finish())
            }
        }
    }
}

/// Adds values of rows; rows in between had none.
fn put<'a, T: Copy + Default>(
    values: &mut Vec<T>,
    there: &mut NullBufferBuilder,
    cells: impl Iterator<Item = (usize, Cell<'a>)>,
    of: impl Fn(&Cell<'a>) -> Option<T>,
) {
    for (row, cell) in cells {
        fill(values, there, row);
        let value = of(&cell);
        there.append(value.is_some());
        values.push(value.unwrap_or_default());
    }
}

/// Adds nulls up to a row.
fn fill<T: Copy + Default>(values: &mut Vec<T>, there: &mut NullBufferBuilder, row: usize) {
    let missing = row.saturating_sub(values.len());
    if missing > 0 {
        values.resize(row, T::default());
        there.append_n_nulls(missing);
    }
}

fn array<T: ArrowPrimitiveType>(
    mut values: Vec<T::Native>,
    mut there: NullBufferBuilder,
    rows: usize,
) -> ArrayRef {
    fill(&mut values, &mut there, rows);
    Arc::new(PrimitiveArray::<T>::new(values.into(), there.finish()))
}

fn fill_text(builder: &mut StringBuilder, row: usize) {
    let missing = row.saturating_sub(builder.len());
    if missing > 0 {
        builder.append_nulls(missing);
    }
}

fn put_text(builder: &mut StringBuilder, cell: &Cell<'_>, last: &mut (Vec<u8>, String), page: &Page) {
    match cell {
        Cell::Null => builder.append_null(),
        Cell::Constant(text) | Cell::Label(_, _, Some(text)) => builder.append_value(text),
        Cell::Text([]) | Cell::Raw([]) | Cell::Label(0, _, None) => builder.append_value(""),
        Cell::Text(octets) => {
            if last.0 != *octets {
                last.0 = octets.to_vec();
                last.1 = decoded(octets, page);
            }
            builder.append_value(&last.1);
        }
        cell => {
            let mut room = std::mem::take(&mut last.1).into_bytes();
            last.0.clear();
            room.clear();
            write_plain(&mut room, cell, page);
            last.1 = String::from_utf8(room).unwrap_or_default();
            builder.append_value(&last.1);
        }
    }
}

fn number(cell: &Cell<'_>) -> Option<u64> {
    match cell {
        Cell::Number(value) | Cell::Coded(value, ..) | Cell::Label(value, ..) => Some(*value),
        _ => None,
    }
}

fn day(cell: &Cell<'_>) -> Option<i32> {
    if let Cell::Day(packed) = cell { calendar::unpack(*packed) } else { None }
}

/// Unit: milliseconds since midnight.
fn time(cell: &Cell<'_>) -> Option<i32> {
    match cell {
        // A day has fewer than 2^31 milliseconds.
        Cell::Time(hundredths) if *hundredths < calendar::HUNDREDTHS_A_DAY => {
            Some((*hundredths * 10).cast_signed())
        }
        _ => None,
    }
}

/// Unit: milliseconds since 1970.
fn moment(cell: &Cell<'_>) -> Option<i64> {
    if let Cell::Moment(time, day) = cell { calendar::moment(*time, *day) } else { None }
}
