//! Texts as Arrow has them, one column's in one batch.

use arrow_array::builder::make_view;
use arrow_array::{Array, ArrayRef, StringArray, StringViewArray};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use std::sync::Arc;

/// How texts stand in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// One behind the other, and where each ends: every reader of Arrow knows these.
    #[default]
    Strings,
    /// Sixteen octets each, with the text where it is short, else where it stands: rows alike share it, and who has texts in this
    /// form copies none of them.
    Views,
}

impl Form {
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Strings => DataType::Utf8,
            Self::Views => DataType::Utf8View,
        }
    }

    /// A column of so many rows, none of which has a text.
    pub(crate) fn absent(self, rows: usize) -> ArrayRef {
        match self {
            Self::Strings => Arc::new(StringArray::new_null(rows)),
            Self::Views => Arc::new(StringViewArray::new_null(rows)),
        }
    }
}

/// Texts of rows, some of which have none.
pub(crate) struct Texts {
    octets: Vec<u8>,
    places: Places,
    present: Vec<bool>,
    absent: usize,
    /// More than 2 GiB.
    overflown: bool,
}

enum Places {
    /// Where each ends; behind where the first begins.
    Ends(Vec<i32>),
    Views(Vec<u128>),
}

/// A longer text does not stand in its view.
const SHORT: usize = 12;

impl Texts {
    pub(crate) fn with_room(texts: usize, form: Form) -> Self {
        let places = match form {
            Form::Strings => {
                let mut ends = Vec::with_capacity(texts + 1);
                ends.push(0);
                Places::Ends(ends)
            }
            Form::Views => Places::Views(Vec::with_capacity(texts)),
        };
        Self { octets: Vec::new(), places, present: Vec::with_capacity(texts), absent: 0, overflown: false }
    }

    /// Whether none has a text.
    pub(crate) fn are_absent(&self) -> bool {
        self.absent == self.present.len()
    }

    pub(crate) fn append(&mut self, text: Option<&str>) {
        let begun = self.octets.len();
        self.octets.extend_from_slice(text.unwrap_or_default().as_bytes());
        self.end(begun, text.is_some());
    }

    /// Adds what is written, if it is said to be there.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let begun = self.octets.len();
        let present = write(&mut self.octets);
        if !present {
            self.octets.truncate(begun);
        }
        self.end(begun, present);
    }

    #[inline]
    fn end(&mut self, begun: usize, present: bool) {
        let end = i32::try_from(self.octets.len());
        self.overflown |= end.is_err();
        match &mut self.places {
            Places::Ends(ends) => ends.push(end.unwrap_or(i32::MAX)),
            Places::Views(views) => {
                let text = self.octets.get(begun..).unwrap_or_default();
                views.push(make_view(text, 0, begun as u32));
                if text.len() <= SHORT {
                    self.octets.truncate(begun);
                }
            }
        }
        self.absent += usize::from(!present);
        self.present.push(present);
    }

    /// For each of `numbers` the text of that number.
    pub(crate) fn spread(self, numbers: &[u32]) -> Self {
        let present = numbers.iter().map(|number| self.present.get(*number as usize) == Some(&true));
        let present: Vec<bool> = present.collect();
        let absent = present.iter().filter(|present| !**present).count();
        match &self.places {
            Places::Views(views) => {
                let views = numbers.iter().map(|number| views.get(*number as usize).copied().unwrap_or(0));
                Self { places: Places::Views(views.collect()), present, absent, ..self }
            }
            Places::Ends(ends) => {
                let mut texts = Self::with_room(numbers.len(), Form::Strings);
                for number in numbers {
                    let end = |at: usize| ends.get(at).map_or(0, |end| end.cast_unsigned() as usize);
                    let place = end(*number as usize)..end(*number as usize + 1);
                    let begun = texts.octets.len();
                    texts.octets.extend_from_slice(self.octets.get(place).unwrap_or_default());
                    texts.end(begun, true);
                }
                Self { present, absent, ..texts }
            }
        }
    }

    pub(crate) fn finish(self) -> Result<ArrayRef, ArrowError> {
        if self.overflown {
            return Err(ArrowError::OffsetOverflowError(self.octets.len()));
        }
        let absent = (self.absent > 0).then(|| NullBuffer::from(self.present));
        let octets = Buffer::from_vec(self.octets);
        let texts: ArrayRef = match self.places {
            Places::Ends(ends) => {
                Arc::new(StringArray::try_new(OffsetBuffer::new(ends.into()), octets, absent)?)
            }
            Places::Views(views) => {
                let octets = (!octets.is_empty()).then_some(octets);
                Arc::new(StringViewArray::try_new(
                    ScalarBuffer::from(views),
                    octets.into_iter().collect::<Vec<_>>(),
                    absent,
                )?)
            }
        };
        debug_assert_eq!(texts.null_count(), self.absent);
        Ok(texts)
    }
}
