//! Records of fixed layout, written from rows and read back, after lists of fields that Python owns.
//!
//! Writing: a `Stencils` holds octets of whole records with holes for what differs from row to row. Reading: a
//! `Decoder` finds records in a file, the sections in a record and the fields in a section, and renders them as
//! Arrow columns or as lines of text. Which octet means what, which words stand for which code and which records are
//! meant at all comes from Python; here are only the forms that octets can have.
//!
//! Floors, lowest first: `calendar` `frame`, `blocks` beside `layout`, `cell`, `text`, `lines` beside `columns`,
//! `decoder`; and `likeness` `patch` under `stencil`.

pub(crate) mod blocks;
mod calendar;
mod cell;
mod columns;
pub(crate) mod decoder;
mod frame;
mod layout;
mod likeness;
mod lines;
mod patch;
pub(crate) mod stencil;
mod text;
