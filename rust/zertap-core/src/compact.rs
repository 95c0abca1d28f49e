//! Values written down in few octets, and made again from them: what is kept of a connection that has stalled.
//!
//! Whoever has fields names them once (`compact!`); the compiler complains where one is missing. A value
//! goes in as numbers, most of them zero, runs of octets, and what others share or what lies in a box, which is held as it is:
//!
//! ```text
//! | how many octets numbers are | a mask, and of eight octets those that are not zero | ... | runs of octets |
//! ```

use arrayvec::ArrayVec;
use std::any::Any;
use std::num::NonZeroU64;
use std::sync::Arc;

/// What can be written down and made again.
pub trait Compact: Sized {
    /// Writes all of it down.
    fn write(self, to: &mut Writer);
    /// The next value; `None` where what was written is none of this kind.
    fn read(from: &mut Reading) -> Option<Self>;
}

/// What is held as it is.
#[derive(Debug)]
pub enum Held {
    /// Others may have it, too.
    Shared(Arc<dyn Any + Send + Sync>),
    /// Its own.
    Boxed(Box<dyn Any + Send + Sync>),
}

/// Takes values down.
#[derive(Debug, Default)]
pub struct Writer {
    numbers: Vec<u8>,
    octets: Vec<u8>,
    held: Vec<Held>,
}

impl Writer {
    /// Adds a number: seven bits an octet, the lowest first, the eighth set in all but the last.
    pub fn number(&mut self, number: u64) {
        write_number(&mut self.numbers, number);
    }

    /// Adds octets of a fixed number.
    pub fn fixed(&mut self, octets: &[u8]) {
        self.numbers.extend_from_slice(octets);
    }

    /// Adds a run of octets.
    pub fn run(&mut self, octets: &[u8]) {
        self.number(octets.len() as u64);
        self.octets.extend_from_slice(octets);
    }

    /// The numbers alone, as they are.
    pub fn into_plain(self) -> Vec<u8> {
        self.numbers
    }

    /// All that was written, behind `head`, and what is held beside it. Empty again afterwards, with its room.
    pub fn finish(&mut self, head: &[u8]) -> (Box<[u8]>, Vec<Held>) {
        let masks = self.numbers.len().div_ceil(8);
        let told = self.numbers.iter().filter(|octet| **octet != 0).count();
        let count = (usize::BITS - (self.numbers.len() | 1).leading_zeros()).div_ceil(7) as usize;
        // To the octet: what is too much would be given back by copying.
        let mut all = Vec::with_capacity(head.len() + count + masks + told + self.octets.len());
        all.extend_from_slice(head);
        write_number(&mut all, self.numbers.len() as u64);
        for eight in self.numbers.chunks(8) {
            all.push((0..).zip(eight).fold(0, |mask, (bit, octet)| mask | u8::from(*octet != 0) << bit));
            all.extend(eight.iter().filter(|octet| **octet != 0));
        }
        all.append(&mut self.octets);
        self.numbers.clear();
        let mut beside = std::mem::take(&mut self.held);
        beside.shrink_to_fit();
        (all.into_boxed_slice(), beside)
    }
}

/// Adds a number to `to`.
pub fn write_number(to: &mut impl Extend<u8>, number: u64) {
    let mut left = number;
    while left > 0x7f {
        to.extend([left as u8 | 0x80]);
        left >>= 7;
    }
    to.extend([left as u8]);
}

/// A number at the beginning of `octets`, which are shortened by it.
pub fn read_number(octets: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&octet, rest) = octets.split_first()?;
        *octets = rest;
        number |= u64::from(octet & 0x7f) << shift;
        if octet < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Reads what was written, in the same order.
#[derive(Debug)]
pub struct Reading<'a> {
    numbers: &'a [u8],
    octets: &'a [u8],
    held: std::vec::IntoIter<Held>,
}

impl<'a> Reading<'a> {
    /// What a writer finished, without the head. `room`: memory for the numbers.
    pub fn new(written: &'a [u8], held: Vec<Held>, room: &'a mut Vec<u8>) -> Option<Self> {
        let mut rest = written;
        let count = usize::try_from(read_number(&mut rest)?).ok()?;
        room.clear();
        while room.len() < count {
            let (mask, tail) = rest.split_first()?;
            let (told, tail) = tail.split_at_checked(mask.count_ones() as usize)?;
            let mut told = told.iter();
            let here = (count - room.len()).min(8);
            room.extend((0..here).map(|bit| {
                let is_told = mask & 1 << bit != 0;
                if is_told { told.next().copied().unwrap_or(0) } else { 0 }
            }));
            rest = tail;
        }
        Some(Self { numbers: room, octets: rest, held: held.into_iter() })
    }

    /// The next number.
    pub fn number(&mut self) -> Option<u64> {
        read_number(&mut self.numbers)
    }

    /// The next octets of a fixed number.
    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (octets, rest) = self.numbers.split_first_chunk()?;
        self.numbers = rest;
        Some(*octets)
    }

    /// The next run of octets.
    pub fn run(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (run, rest) = self.octets.split_at_checked(length)?;
        self.octets = rest;
        Some(run)
    }

    /// Whether all was read.
    pub fn is_over(&self) -> bool {
        self.numbers.is_empty() && self.octets.is_empty() && self.held.len() == 0
    }
}

/// Says how values of a kind of our own are written: the fields of a `struct`, the variants of an `enum` that has none.
macro_rules! compact {
    (struct $kind:ty { $($field:ident),* $(,)? }) => {
        impl $crate::compact::Compact for $kind {
            fn write(self, to: &mut $crate::compact::Writer) {
                let Self { $($field),* } = self;
                $($crate::compact::Compact::write($field, to);)*
            }

            fn read(from: &mut $crate::compact::Reading<'_>) -> Option<Self> {
                Some(Self { $($field: $crate::compact::Compact::read(from)?),* })
            }
        }
    };
    // What is left out is as by default where the value is written at all.
    (struct $kind:ty { $($field:ident),* $(,)? } else default) => {
        impl $crate::compact::Compact for $kind {
            fn write(self, to: &mut $crate::compact::Writer) {
                let Self { $($field),*, .. } = self;
                $($crate::compact::Compact::write($field, to);)*
            }

            fn read(from: &mut $crate::compact::Reading<'_>) -> Option<Self> {
                Some(Self { $($field: $crate::compact::Compact::read(from)?),*, ..Self::default() })
            }
        }
    };
    (enum $kind:ty { $($variant:ident),* $(,)? }) => {
        impl $crate::compact::Compact for $kind {
            fn write(self, to: &mut $crate::compact::Writer) {
                // The compiler knows if one is missing.
                match self { $(Self::$variant => {})* }
                let place = [$(Self::$variant),*].into_iter().position(|each| each == self);
                to.number(place.unwrap_or(0) as u64);
            }

            fn read(from: &mut $crate::compact::Reading<'_>) -> Option<Self> {
                let place = usize::try_from(from.number()?).ok()?;
                [$(Self::$variant),*].into_iter().nth(place)
            }
        }
    };
}
pub(crate) use compact;

macro_rules! numbers {
    ($($kind:ty),*) => {
        $(impl Compact for $kind {
            fn write(self, to: &mut Writer) {
                to.number(self.into());
            }

            fn read(from: &mut Reading) -> Option<Self> {
                from.number()?.try_into().ok()
            }
        })*
    };
}

numbers!(u16, u32, u64);

impl Compact for u8 {
    fn write(self, to: &mut Writer) {
        to.fixed(&[self]);
    }

    fn read(from: &mut Reading) -> Option<Self> {
        let [octet] = from.fixed()?;
        Some(octet)
    }
}

impl Compact for bool {
    fn write(self, to: &mut Writer) {
        u8::from(self).write(to);
    }

    fn read(from: &mut Reading) -> Option<Self> {
        Some(u8::read(from)? != 0)
    }
}

impl Compact for NonZeroU64 {
    fn write(self, to: &mut Writer) {
        to.number(self.get());
    }

    fn read(from: &mut Reading) -> Option<Self> {
        Self::new(from.number()?)
    }
}

impl<T: Compact> Compact for Option<T> {
    fn write(self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut Reading) -> Option<Self> {
        if bool::read(from)? { T::read(from).map(Some) } else { Some(None) }
    }
}

impl<A: Compact, B: Compact> Compact for (A, B) {
    fn write(self, to: &mut Writer) {
        self.0.write(to);
        self.1.write(to);
    }

    fn read(from: &mut Reading) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?))
    }
}

impl<T: Compact, const N: usize> Compact for [T; N] {
    fn write(self, to: &mut Writer) {
        for each in self {
            each.write(to);
        }
    }

    fn read(from: &mut Reading) -> Option<Self> {
        let mut all = ArrayVec::<T, N>::new();
        for _ in 0..N {
            all.push(T::read(from)?);
        }
        all.into_inner().ok()
    }
}

impl Compact for Vec<u8> {
    fn write(self, to: &mut Writer) {
        to.run(&self);
    }

    fn read(from: &mut Reading) -> Option<Self> {
        from.run().map(<[u8]>::to_vec)
    }
}

impl Compact for Box<[u8]> {
    fn write(self, to: &mut Writer) {
        to.run(&self);
    }

    fn read(from: &mut Reading) -> Option<Self> {
        from.run().map(Into::into)
    }
}

impl<const N: usize> Compact for ArrayVec<u8, N> {
    fn write(self, to: &mut Writer) {
        to.run(&self);
    }

    fn read(from: &mut Reading) -> Option<Self> {
        from.run()?.try_into().ok()
    }
}

impl Compact for Box<str> {
    fn write(self, to: &mut Writer) {
        to.run(self.as_bytes());
    }

    fn read(from: &mut Reading) -> Option<Self> {
        std::str::from_utf8(from.run()?).ok().map(Into::into)
    }
}

impl<T: Any + Send + Sync> Compact for Arc<T> {
    fn write(self, to: &mut Writer) {
        to.held.push(Held::Shared(self));
    }

    fn read(from: &mut Reading) -> Option<Self> {
        match from.held.next()? {
            Held::Shared(shared) => shared.downcast().ok(),
            Held::Boxed(_) => None,
        }
    }
}

impl<T: Any + Send + Sync> Compact for Box<T> {
    fn write(self, to: &mut Writer) {
        to.held.push(Held::Boxed(self));
    }

    fn read(from: &mut Reading) -> Option<Self> {
        match from.held.next()? {
            Held::Boxed(boxed) => boxed.downcast().ok(),
            Held::Shared(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Word {
        One,
        Two,
        Three,
    }

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct All {
        wide: u64,
        octets: Vec<u8>,
        word: Option<Word>,
        array: [Option<u16>; 3],
        pair: (bool, u32),
        boxed: Option<Box<u64>>,
        shared: Option<Arc<Vec<u16>>>,
        name: Box<str>,
        fixed: ArrayVec<u8, 9>,
        last: Option<NonZeroU64>,
    }

    compact!(
        enum Word {
            One,
            Two,
            Three,
        }
    );
    compact!(struct All { wide, octets, word, array, pair, boxed, shared, name, fixed, last });

    fn words() -> impl Strategy<Value = Option<Word>> {
        prop_oneof![Just(None), Just(Some(Word::One)), Just(Some(Word::Two)), Just(Some(Word::Three))]
    }

    prop_compose! {
        fn values()(
            wide: u64, octets: Vec<u8>, word in words(), array: [Option<u16>; 3], pair: (bool, u32),
            boxed: Option<Box<u64>>, shared: Option<Vec<u16>>, name: String,
            fixed in prop::collection::vec(any::<u8>(), 0..9), last: u64, blank: bool,
        ) -> All {
            let fixed = fixed.into_iter().collect();
            let [wide, last] = [wide, last].map(|number| if blank { 0 } else { number });
            let (name, shared, last) = (name.into(), shared.map(Arc::new), NonZeroU64::new(last));
            All { wide, octets, word, array, pair, boxed, shared, name, fixed, last }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

        #[test]
        fn what_was_written_is_read_again(all in prop::collection::vec(values(), 0..4), head: Vec<u8>) {
            let mut writer = Writer::default();
            all.iter().cloned().for_each(|each| each.write(&mut writer));
            let (written, held) = writer.finish(&head);
            prop_assert!(written.starts_with(&head));
            let mut room = vec![7; 3];
            let mut reading = Reading::new(&written[head.len()..], held, &mut room).expect("as it was written");
            for each in &all {
                let again = All::read(&mut reading);
                prop_assert_eq!(again.as_ref(), Some(each));
            }
            prop_assert!(reading.is_over() && All::read(&mut reading).is_none());
        }

        #[test]
        fn what_nobody_wrote_is_nothing_or_something(written: Vec<u8>) {
            let mut room = Vec::new();
            if let Some(mut reading) = Reading::new(&written, Vec::new(), &mut room) {
                while All::read(&mut reading).is_some_and(|all| !all.octets.is_empty()) {}
            }
        }
    }

    #[test]
    fn what_is_blank_takes_an_octet_of_eight() {
        let mut writer = Writer::default();
        (0..100).for_each(|_| 0_u64.write(&mut writer));
        assert_eq!(writer.finish(b"head").0.len(), 4 + 1 + 13);
    }
}
