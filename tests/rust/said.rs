//! What a row says, so that rows of taps that worked differently can be compared.

use zertap_core::event::{Facts, Row};

/// All that a row says; profiles by what they are, for taps number them apart.
pub(crate) fn said(row: &Row) -> String {
    let mut row = row.clone();
    let settled = row.settled.take();
    let profile = settled.as_ref().and_then(|settled| settled.profile.clone()).map(|(_, profile)| profile);
    let texts: Option<Vec<_>> = settled.as_ref().map(|settled| settled.texts().collect());
    let facts = settled.as_ref().map(|settled| Facts { profile: None, ..(**settled.facts()).clone() });
    format!("{row:?} {profile:?} {facts:?} {texts:?}")
}
