//! The door between the engine and Python: gathers names, decides nothing.
//!
//! One call per batch, never per packet; the interpreter is released while the engine works. What rows say
//! is rendered from a list of fields and words that Python owns (`plan.rs`), so that a JSON line costs no
//! Python objects; rows also open as Python values and as Arrow columns from the same sources (`sources.rs`).
#![expect(
    clippy::needless_pass_by_value,
    clippy::unused_self,
    reason = "PyO3 hands arguments over by value, and methods of the stub need a receiver"
)]

mod address;
mod advice;
mod alike;
mod arrow;
mod batch;
mod brought;
mod capture;
mod certificate;
mod chosen;
mod clock;
mod columns;
mod direct;
mod ends;
mod engine;
mod error;
mod facts;
mod hex;
mod identity;
mod journal;
mod json;
mod lines;
mod live;
mod memory;
mod offered;
mod packing;
mod plan;
mod pseudonym;
mod record;
mod registry;
mod sources;
mod sums;
mod tap;
mod texts;
mod value;
mod veil;
mod view;
mod walk;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyTuple};
use zertap_core::event::RowKind;
use zertap_core::handshake::{Fault, Flag, Phase};
use zertap_core::wire::{LinkType, Skip};

#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    memory::set_aside();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("BUILD", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    module.add("PHASES", PyTuple::new(py, Phase::ALL.map(Phase::name))?)?;
    module.add("KINDS", PyTuple::new(py, RowKind::ALL.iter().map(|kind| kind.word()))?)?;
    module.add("FAULTS", PyTuple::new(py, Fault::ALL.map(Fault::word))?)?;
    let (flags, bits) = (PyDict::new(py), PyDict::new(py));
    for flag in Flag::ALL {
        flags.set_item(flag.word(), flag.meaning())?;
        bits.set_item(flag.word(), *flag as u8)?;
    }
    module.add("FLAG_BITS", bits)?;
    module.add("FLAGS", flags)?;
    let skips = PyDict::new(py);
    for skip in Skip::ALL {
        skips.set_item(skip.word(), skip.meaning())?;
    }
    module.add("SKIPS", skips)?;
    let sources = PyDict::new(py);
    for (name, source) in sources::ALL {
        sources.set_item(name, source.kind().word())?;
    }
    module.add("SOURCES", sources)?;
    module.add("LINK_TYPES", PyFrozenSet::new(py, LinkType::READ.map(|link| link.0))?)?;
    module.add_function(wrap_pyfunction!(registry::registry, module)?)?;
    module.add_function(wrap_pyfunction!(memory::shortage_told, module)?)?;
    module.add_function(wrap_pyfunction!(arrow::arrow_stream, module)?)?;
    module.add_function(wrap_pyfunction!(arrow::arrow_stream_of, module)?)?;
    module.add_function(wrap_pyfunction!(arrow::schema_capsule, module)?)?;
    module.add_function(wrap_pyfunction!(pseudonym::pseudonym, module)?)?;
    module.add_function(wrap_pyfunction!(record::blocks::records_in, module)?)?;
    module.add_function(wrap_pyfunction!(walk::bare_walk, module)?)?;
    module.add_class::<plan::Plan>()?;
    module.add_class::<capture::Source>()?;
    module.add_class::<batch::EventBatch>()?;
    module.add_class::<view::RowFact>()?;
    module.add_class::<view::RowView>()?;
    module.add_class::<view::Views>()?;
    module.add_class::<sums::Groups>()?;
    module.add_class::<sums::Sums>()?;
    module.add_class::<tap::Tap>()?;
    module.add_class::<record::blocks::Blocks>()?;
    module.add("LIVE", zertap_capture::live::AVAILABLE)?;
    module.add_class::<live::Live>()?;
    module.add_function(wrap_pyfunction!(live::notify_service, module)?)?;
    module.add_function(wrap_pyfunction!(live::watchdog_seconds, module)?)?;
    module.add_class::<record::stencil::Stencils>()?;
    module.add_class::<record::decoder::Decoder>()?;
    module.add_class::<record::decoder::RecordColumns>()?;
    module.add_class::<packing::Octets>()?;
    module.add_class::<packing::Packer>()?;
    Ok(())
}
