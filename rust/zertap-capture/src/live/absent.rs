//! In place of `interface` where the build found no libpcap: says so, and what helps.

use super::device::{Device, LiveError, LiveErrorKind, LiveOptions};

/// Opens nothing.
pub(super) fn open(name: &str, _options: &LiveOptions) -> Result<Box<dyn Device>, LiveError> {
    Err(LiveError::new(LiveErrorKind::Absent, name, HINT))
}

const HINT: &str = "this build has no live capture, libpcap's headers were not there: \
    apt install libpcap-dev, then make build";
