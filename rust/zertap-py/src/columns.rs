//! One column of rows after the other, as Arrow arrays.

use crate::address;
use crate::alike::{Alike, By, Kinds};
use crate::batch::EventBatch;
use crate::direct::Days;
use crate::hex;
use crate::identity;
use crate::plan::Plan;
use crate::sources::{Source, Words};
use crate::texts::{Form, Texts};
use crate::value::{Kind, Value};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::TimestampNanosecondType;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, PrimitiveArray, UInt64Array};
use arrow_schema::ArrowError;
use std::sync::{Arc, OnceLock};
use zertap_core::event::Row;

/// One Arrow column: a field of the plan, or one part of a certificate field.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) field: usize,
    /// None: a constant.
    pub(crate) source: Option<Source>,
    pub(crate) part: Option<usize>,
    pub(crate) kind: Kind,
}

/// The rows of one record batch.
pub(crate) struct Table<'a> {
    batch: &'a EventBatch,
    plan: &'a Plan,
    rows: Vec<&'a Row>,
    /// The words of every row, where they are the same but for a row's events.
    words: Option<Words<'a>>,
    alike: Alike,
    form: Form,
    /// A column without any text: the same for all that are.
    absent: OnceLock<ArrayRef>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(batch: &'a EventBatch, plan: &'a Plan, rows: Vec<&'a Row>, form: Form) -> Self {
        let same = batch.is_of_one_file() && rows.iter().all(|row| row.first_packet > 0);
        let words = rows.first().filter(|_| same).map(|row| batch.words(plan, row));
        Self { batch, plan, rows, words, alike: Alike::default(), form, absent: OnceLock::new() }
    }

    /// The values of a column.
    pub(crate) fn array(&self, column: &Column) -> Result<ArrayRef, ArrowError> {
        Ok(match column.kind {
            Kind::U64 => self.numbers(column),
            Kind::F64 => {
                let found =
                    self.values(
                        column,
                        |value| {
                            if let Value::Float(number) = value { Some(*number) } else { None }
                        },
                    );
                Arc::new(Float64Array::from_iter(found))
            }
            Kind::Bool => {
                let found = self
                    .values(column, |value| if let Value::Bool(truth) = value { Some(*truth) } else { None });
                Arc::new(BooleanArray::from(found))
            }
            Kind::Time => {
                let found = self.values(column, |value| {
                    if let Value::Time(at) = value { i64::try_from(at.0).ok() } else { None }
                });
                let found = PrimitiveArray::<TimestampNanosecondType>::from_iter(found);
                Arc::new(found.with_timezone("UTC"))
            }
            Kind::Words => self.lists(column),
            Kind::Text | Kind::List | Kind::Object => return self.texts(column),
        })
    }

    /// The rows by kind, for this column.
    fn kinds(&self, column: &Column) -> Option<&Kinds> {
        self.alike.kinds(self.batch, &self.rows, By::of(column.source))
    }

    fn value(&self, column: &Column, row: &'a Row) -> Value<'a> {
        let words = self.words_of(column, row);
        match column.part {
            None => self.plan.value(column.field, row, &words),
            Some(part) => self.plan.part((column.field, part), row, &words),
        }
    }

    fn words_of(&self, column: &Column, row: &Row) -> Words<'a> {
        match &self.words {
            Some(words) if column.source != Some(Source::Events) => *words,
            _ => self.batch.words(self.plan, row),
        }
    }

    /// A cell for each row.
    fn values<T: Copy>(&self, column: &Column, cell: impl Fn(&Value<'a>) -> Option<T>) -> Vec<Option<T>> {
        let cell = |row| cell(&self.value(column, row));
        let Some(kinds) = self.kinds(column) else {
            return self.rows.iter().map(|row| cell(row)).collect();
        };
        let cells: Vec<Option<T>> =
            kinds.samples.iter().map(|at| self.rows.get(*at).and_then(|row| cell(row))).collect();
        kinds.of.iter().map(|kind| cells.get(*kind as usize).copied().flatten()).collect()
    }

    fn numbers(&self, column: &Column) -> ArrayRef {
        if let Some(number) = column.source.and_then(number) {
            return Arc::new(UInt64Array::from_iter_values(self.rows.iter().map(|row| number(row))));
        }
        let found =
            self.values(column, |value| if let Value::Int(number) = value { Some(*number) } else { None });
        Arc::new(UInt64Array::from_iter(found))
    }

    fn lists(&self, column: &Column) -> ArrayRef {
        let mut builder = ListBuilder::new(StringBuilder::new());
        match self.kinds(column) {
            None => self.rows.iter().for_each(|row| append_words(&mut builder, &self.value(column, row))),
            Some(kinds) => {
                let samples = kinds.samples.iter().filter_map(|at| self.rows.get(*at));
                let lists: Vec<Value<'_>> = samples.map(|row| self.value(column, row)).collect();
                let each = kinds.of.iter().filter_map(|kind| lists.get(*kind as usize));
                each.for_each(|list| append_words(&mut builder, list));
            }
        }
        Arc::new(builder.finish())
    }

    fn texts(&self, column: &Column) -> Result<ArrayRef, ArrowError> {
        let mut days = Days::default();
        let Some(kinds) = self.kinds(column) else {
            let mut texts = Texts::with_room(self.rows.len(), self.form);
            for row in &self.rows {
                self.append(&mut texts, column, row, &mut days);
            }
            return texts.finish();
        };
        let mut samples = Texts::with_room(kinds.samples.len(), self.form);
        for row in kinds.samples.iter().filter_map(|at| self.rows.get(*at)) {
            self.append(&mut samples, column, row, &mut days);
        }
        if samples.are_absent() {
            return Ok(Arc::clone(self.absent.get_or_init(|| self.form.absent(self.rows.len()))));
        }
        samples.spread(&kinds.of).finish()
    }

    fn append(&self, texts: &mut Texts, column: &Column, row: &'a Row, days: &mut Days) {
        match (column.source, column.part, column.kind) {
            (Some(Source::ClientIp), ..) => texts.write(|room| {
                address::write(room, row.addresses[0]);
                true
            }),
            (Some(Source::ServerIp), ..) => texts.write(|room| {
                address::write(room, row.addresses[1]);
                true
            }),
            (Some(Source::Uid), ..) => texts.write(|room| {
                hex::push_hex(room, &identity::identity(row), hex::Case::Lower);
                true
            }),
            (_, Some(_), _) | (_, None, Kind::Text) => {
                let value = self.value(column, row);
                texts.append(if let Value::Text(text) = &value { Some(text) } else { None });
            }
            _ => texts.write(|room| {
                let begun = room.len();
                self.plan.write(room, column.field, row, &self.words_of(column, row), days);
                room.get(begun..) != Some(b"null")
            }),
        }
    }
}

/// What stands in the row itself, and in every row.
fn number(source: Source) -> Option<fn(&Row) -> u64> {
    Some(match source {
        Source::Connection => |row| row.connection,
        Source::Ordinal => |row| row.ordinal.into(),
        Source::ClientPort => |row| row.ports[0].into(),
        Source::ServerPort => |row| row.ports[1].into(),
        Source::BytesClient => |row| row.octets[0],
        Source::BytesServer => |row| row.octets[1],
        Source::SegmentsClient => |row| row.segments[0],
        Source::SegmentsServer => |row| row.segments[1],
        Source::Note => |row| row.note,
        _ => return None,
    })
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
