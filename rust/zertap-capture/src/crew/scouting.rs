//! Reads a capture once for all workers, a stretch at a time, whichever of them has come to its end.

use std::path::PathBuf;

use zertap_core::tap::Scout;

use super::oddities::Oddities;
use super::piece::Piece;
use crate::error::{CaptureError, CaptureErrorKind};
use crate::source::Source;

/// The reader of a capture, and what it has seen.
pub(super) struct Scouting {
    path: PathBuf,
    source: Option<Source>,
    scout: Scout,
    /// Most packets of a stretch.
    most: usize,
    pub(super) oddities: Oddities,
}

/// What was scouted at once.
pub(super) struct Found {
    /// Stretches, in order: two where one mapped view of the file ended.
    pub(super) pieces: Vec<Piece>,
    /// Whether there may be more; else why not, if the capture did not end in good order.
    pub(super) more: Result<bool, CaptureError>,
    /// Pieces that were not used again.
    pub(super) spare: Vec<Piece>,
}

impl Scouting {
    pub(super) fn new(path: PathBuf, scout: Scout, most: usize) -> Self {
        Self { path, source: None, scout, most, oddities: Oddities::default() }
    }

    /// Whoever reads next may come late: the file is everybody's meanwhile.
    pub(super) fn pause(&mut self) {
        if let Some(source) = &mut self.source {
            source.pause();
        }
    }

    /// The reader, which was opened with the first stretch.
    pub(super) fn into_source(self) -> Option<Source> {
        self.source
    }

    /// Reads a stretch. Pieces that nobody needs any more are used again.
    pub(super) fn read(&mut self, mut spare: Vec<Piece>) -> Found {
        let mut pieces = vec![fresh(&self.scout, &mut spare)];
        let more = self.fill(&mut pieces, &mut spare);
        if let Some(source) = &self.source {
            let bytes_read = source.bytes_read();
            for piece in &mut pieces {
                piece.bytes_read = bytes_read;
            }
        }
        Found { pieces, more, spare }
    }

    /// Fills the last piece, and one more where the view changes. Whether there may be more.
    fn fill(&mut self, pieces: &mut Vec<Piece>, spare: &mut Vec<Piece>) -> Result<bool, CaptureError> {
        self.open()?;
        let Self { source: Some(source), scout, oddities, most, .. } = self else { return Ok(false) };
        while pieces.last().is_some_and(|piece| !piece.is_full(*most)) {
            let (frames, view) = match source.next_heads() {
                Err(error) if error.kind() == CaptureErrorKind::Interrupted => continue,
                found => found?,
            };
            if pieces.last().is_some_and(|piece| !piece.takes(view)) {
                pieces.push(fresh(scout, spare));
            }
            let Some(piece) = pieces.last_mut() else { return Ok(false) };
            let before = piece.stretch.packets();
            piece.add(scout, oddities, view, frames, *most);
            if piece.stretch.packets() == before {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn open(&mut self) -> Result<(), CaptureError> {
        while self.source.is_none() {
            match Source::open(&self.path) {
                Err(error) if error.kind() == CaptureErrorKind::Interrupted => {}
                opened => self.source = Some(opened?),
            }
        }
        Ok(())
    }
}

fn fresh(scout: &Scout, spare: &mut Vec<Piece>) -> Piece {
    let mut piece = spare.pop().unwrap_or_else(|| Piece::new(scout.stretch()));
    piece.clear();
    piece
}
