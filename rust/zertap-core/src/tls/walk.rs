//! The record walk: where TLS records begin and end in one direction, and nothing else.
//!
//! It frames records while a handshake is followed, and it is all that stays of the observer when the
//! handshake is complete (A7): small enough to live in a parked connection, so that the end of TLS
//! protection can be noticed at the one place where it shows, an exact record boundary.
//!
//! ```text
//!          5 octets               length octets
//! Header ───────────► Body ─────────────────────► Header …
//!   │ not a record header, exact boundary ► Clear
//!   └ length over 2^14 + 2048, or a gap   ► Lost
//! ```

use crate::compact::compact;

/// The longest record length that is still a record (2^14 + 2048, RFC 5246 6.2.3); tighter limits of
/// later versions are not enforced (TLS-35).
pub(super) const RECORD_LIMIT: u16 = 18_432;

/// Octets of a record's header.
pub(super) const HEADER: usize = 5;

/// What some octets of a completed session showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalkEvent {
    /// Records, as expected; or nothing is followed any more.
    Ok,
    /// At an exact record boundary came octets that are no record header: data in clear (A7).
    Clear,
    /// Framing was lost; this direction is followed no longer.
    Desync,
}

/// Where the walk stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Header,
    Body,
    Clear,
    Lost,
}

/// The record walker of one direction. Nine octets; copied into the parked connection's slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    left: u16,
    header: [u8; HEADER],
    have: u8,
    at: At,
}

/// One step of the walk over octets in hand.
pub(super) enum Step<'a> {
    /// Everything in hand was consumed.
    Need,
    /// A record header is whole.
    Header,
    /// Octets of the record's body; an empty record gives one empty piece.
    Body {
        /// The octets.
        octets: &'a [u8],
        /// The record ends with them.
        last: bool,
    },
    /// No record header here: wrong type or version.
    NotRecord,
    /// A record header whose length no version allows.
    TooLong,
}

impl Walk {
    /// A walk at its start.
    pub(super) const START: Walk = Walk { left: 0, header: [0; HEADER], have: 0, at: At::Header };

    /// A walk that has lost its framing already.
    pub(super) const fn lost() -> Self {
        Self { left: 0, header: [0; 5], have: 0, at: At::Lost }
    }

    /// Follows octets of this direction and says what they showed.
    ///
    /// An event is said once, in the call that meets it; `standing` repeats it.
    #[inline]
    pub fn advance(&mut self, bytes: &[u8]) -> WalkEvent {
        if self.is_between_records() && is_one_record(bytes) {
            // So most segments are: where the walk stands it stays.
            return WalkEvent::Ok;
        }
        self.advance_by_steps(bytes)
    }

    fn advance_by_steps(&mut self, bytes: &[u8]) -> WalkEvent {
        let mut rest = match self.pass_whole(bytes) {
            None | Some([]) => return WalkEvent::Ok,
            Some(rest) => rest,
        };
        loop {
            match self.step(&mut rest) {
                Step::Need => return WalkEvent::Ok,
                Step::Header | Step::Body { .. } => {}
                Step::NotRecord => {
                    self.at = At::Clear;
                    return WalkEvent::Clear;
                }
                Step::TooLong => {
                    self.at = At::Lost;
                    return WalkEvent::Desync;
                }
            }
        }
    }

    /// Passes the rest of a record and those whose headers lie whole in hand; what is left is there to be looked at
    /// step by step.
    #[inline]
    fn pass_whole<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = bytes;
        if self.at == At::Body {
            rest = self.pass_body(self.left, bytes)?;
        }
        while self.is_between_records()
            && let Some((header, tail)) = rest.split_first_chunk::<HEADER>()
        {
            let length = u16::from_be_bytes([header[3], header[4]]);
            if !may_begin_record(*header) || length > RECORD_LIMIT {
                break;
            }
            self.header = *header;
            rest = self.pass_body(length, tail)?;
        }
        Some(rest)
    }

    /// Passes a body of which so many octets are still to come; what follows it, if it ends here.
    #[inline]
    fn pass_body<'a>(&mut self, left: u16, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let behind = bytes.get(usize::from(left)..);
        (self.left, self.at) = match behind {
            Some(_) => (0, At::Header),
            None => (left - bytes.len() as u16, At::Body),
        };
        behind
    }

    /// Octets of this direction that may pass without being looked at: hand their number to `pass`.
    pub const fn untouched(&self) -> u32 {
        match self.at {
            At::Header => 0,
            At::Body => self.left as u32,
            At::Clear | At::Lost => u32::MAX,
        }
    }

    /// Lets `count` octets pass if they lie inside one record, or nothing is followed; whether they did.
    #[inline]
    pub fn pass_inside(&mut self, count: u32) -> bool {
        match self.at {
            At::Body if count < u32::from(self.left) => {
                self.left -= count as u16;
                true
            }
            At::Body | At::Header => false,
            At::Clear | At::Lost => true,
        }
    }

    /// Lets `count` octets pass; at most `untouched`, more counts as a loss of framing.
    pub fn pass(&mut self, count: u32) {
        match self.at {
            At::Body => match u16::try_from(count).ok().and_then(|count| self.left.checked_sub(count)) {
                Some(left) => {
                    self.left = left;
                    if left == 0 {
                        self.at = At::Header;
                    }
                }
                None => self.lose(),
            },
            At::Header if count > 0 => self.lose(),
            At::Header | At::Clear | At::Lost => {}
        }
    }

    /// A gap, or a retransmission with other content: no boundary is exact from here on (A7).
    pub fn lose(&mut self) {
        if self.at != At::Clear {
            self.at = At::Lost;
        }
    }

    /// What this direction has come to: `Clear` and `Desync` are for good.
    pub const fn standing(&self) -> WalkEvent {
        match self.at {
            At::Header | At::Body => WalkEvent::Ok,
            At::Clear => WalkEvent::Clear,
            At::Lost => WalkEvent::Desync,
        }
    }

    /// The next step over `input`, which is shortened by what was consumed. After `NotRecord` or
    /// `TooLong` the caller must set the walk aside or `lose` it.
    #[inline]
    pub(super) fn step<'a>(&mut self, input: &mut &'a [u8]) -> Step<'a> {
        match self.at {
            At::Header => self.step_header(input),
            At::Body => self.step_body(input),
            At::Clear | At::Lost => {
                *input = &[];
                Step::Need
            }
        }
    }

    /// The body of the next record, where all of the record is in hand and holds something: it is passed at once.
    #[inline]
    pub(super) fn whole<'a>(&mut self, input: &mut &'a [u8]) -> Option<&'a [u8]> {
        if !self.is_between_records() {
            return None;
        }
        let (header, tail) = input.split_first_chunk::<HEADER>()?;
        let length = u16::from_be_bytes([header[3], header[4]]);
        if !may_begin_record(*header) || !(1..=RECORD_LIMIT).contains(&length) {
            return None;
        }
        let (body, tail) = tail.split_at_checked(usize::from(length))?;
        self.header = *header;
        *input = tail;
        Some(body)
    }

    #[inline]
    fn step_header<'a>(&mut self, input: &mut &'a [u8]) -> Step<'a> {
        if self.have == 0
            && let Some((header, tail)) = input.split_first_chunk::<5>()
            && may_begin_record(*header)
        {
            self.header = *header;
            *input = tail;
            return self.open();
        }
        if input.is_empty() { Step::Need } else { self.step_cut_header(input) }
    }

    /// A header that is not whole in hand, or none.
    fn step_cut_header<'a>(&mut self, input: &mut &'a [u8]) -> Step<'a> {
        while let Some((&octet, tail)) = input.split_first() {
            if let Some(place) = self.header.get_mut(usize::from(self.have)) {
                *place = octet;
            }
            *input = tail;
            self.have += 1;
            let allowed = match self.have {
                1 => matches!(octet, 20..=24),
                2 => octet == 3,
                3 => octet <= 4,
                _ => true,
            };
            if !allowed {
                return Step::NotRecord;
            }
            if self.have == 5 {
                return self.open();
            }
        }
        Step::Need
    }

    /// All five header octets are there.
    fn open<'a>(&mut self) -> Step<'a> {
        self.have = 0;
        self.left = self.length();
        if self.left > RECORD_LIMIT {
            return Step::TooLong;
        }
        self.at = At::Body;
        Step::Header
    }

    #[inline]
    fn step_body<'a>(&mut self, input: &mut &'a [u8]) -> Step<'a> {
        if input.is_empty() && self.left > 0 {
            return Step::Need;
        }
        let count = input.len().min(usize::from(self.left));
        let (octets, tail) = input.split_at(count);
        *input = tail;
        self.left -= count as u16;
        let last = self.left == 0;
        if last {
            self.at = At::Header;
        }
        Step::Body { octets, last }
    }

    /// Content type of the current record.
    pub(super) const fn kind(&self) -> u8 {
        self.header[0]
    }

    /// Length of the current record.
    pub(super) const fn length(&self) -> u16 {
        u16::from_be_bytes([self.header[3], self.header[4]])
    }

    /// Octets of the current record still to come.
    pub(super) const fn left(&self) -> u16 {
        self.left
    }

    /// Whether the next octet is the first of a record header.
    pub(super) const fn is_between_records(&self) -> bool {
        matches!(self.at, At::Header) && self.have == 0
    }

    /// Whether framing is lost.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.at, At::Lost)
    }

    /// Whether the next octet belongs to a record's body.
    pub(super) const fn is_in_body(&self) -> bool {
        matches!(self.at, At::Body)
    }

    /// The boundary just met was exact and no header stood there.
    pub(super) fn mark_clear(&mut self) {
        self.at = At::Clear;
    }
}

/// Whether type and version are those of a record; its length may still be none.
#[inline]
fn may_begin_record(header: [u8; 5]) -> bool {
    matches!(header[0], 20..=24) && header[1] == 3 && header[2] <= 4
}

/// Whether these octets are one record from its first octet to its last.
#[inline]
fn is_one_record(bytes: &[u8]) -> bool {
    bytes.split_first_chunk::<HEADER>().is_some_and(|(header, body)| {
        let length = u16::from_be_bytes([header[3], header[4]]);
        body.len() == usize::from(length) && length <= RECORD_LIMIT && may_begin_record(*header)
    })
}

/// Whether `bytes` begins with a whole header of a record that holds something.
fn plausible(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<5>()?;
    let length = u16::from_be_bytes([header[3], header[4]]);
    let sound = may_begin_record(*header) && (1..=RECORD_LIMIT).contains(&length);
    sound.then_some(5 + usize::from(length))
}

/// Whether framing may be found again at the start of this segment (A8): a plausible header whose length
/// leads to another plausible header or exactly to the end of the segment on the wire.
pub fn resynchronises(bytes: &[u8], cut: u32) -> bool {
    let Some(length) = plausible(bytes) else { return false };
    let on_wire = bytes.len().saturating_add(cut as usize);
    length == on_wire || bytes.get(length..).is_some_and(|next| plausible(next).is_some())
}

compact!(
    enum At {
        Header,
        Body,
        Clear,
        Lost,
    }
);
compact!(struct Walk { left, header, have, at });

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: [u8; 8] = [23, 3, 3, 0, 3, 9, 9, 9];

    #[test]
    fn a_walk_fits_into_a_parked_slot() {
        assert!(size_of::<Walk>() <= 12, "{}", size_of::<Walk>());
    }

    #[test]
    fn records_cut_anywhere_are_walked() {
        for cut in 0..=16 {
            let mut walk = Walk::default();
            let (first, second) = [RECORD, RECORD].concat().split_at(cut).to_owned_pair();
            assert_eq!(walk.advance(&first), WalkEvent::Ok);
            assert_eq!(walk.advance(&second), WalkEvent::Ok);
            assert!(walk.is_between_records());
        }
    }

    trait OwnedPair {
        fn to_owned_pair(self) -> (Vec<u8>, Vec<u8>);
    }

    impl OwnedPair for (&[u8], &[u8]) {
        fn to_owned_pair(self) -> (Vec<u8>, Vec<u8>) {
            (self.0.to_vec(), self.1.to_vec())
        }
    }

    #[test]
    fn clear_text_at_a_boundary_is_said_once_and_stands() {
        let mut walk = Walk::default();
        assert_eq!(walk.advance(&RECORD), WalkEvent::Ok);
        assert_eq!(walk.advance(b"QUIT\r\n"), WalkEvent::Clear);
        assert_eq!(walk.advance(b"more"), WalkEvent::Ok);
        assert_eq!(walk.standing(), WalkEvent::Clear);
        walk.lose();
        assert_eq!(walk.standing(), WalkEvent::Clear);
    }

    #[test]
    fn a_length_over_the_limit_loses_framing_and_is_not_clear_text() {
        let mut walk = Walk::default();
        assert_eq!(walk.advance(&[23, 3, 3, 0x48, 0x01]), WalkEvent::Desync);
        assert_eq!(walk.advance(b"GET /"), WalkEvent::Ok);
        assert_eq!(walk.standing(), WalkEvent::Desync);
    }

    #[test]
    fn body_octets_may_pass_untouched_and_the_boundary_stays_exact() {
        let mut walk = Walk::default();
        assert_eq!(walk.advance(&RECORD[..6]), WalkEvent::Ok);
        assert_eq!(walk.untouched(), 2);
        walk.pass(2);
        assert_eq!(walk.untouched(), 0);
        assert_eq!(walk.advance(b"clear"), WalkEvent::Clear);
    }

    #[test]
    fn passing_more_than_untouched_is_a_loss_and_not_clear_text() {
        let mut walk = Walk::default();
        assert_eq!(walk.advance(&RECORD[..6]), WalkEvent::Ok);
        walk.pass(3);
        assert_eq!(walk.standing(), WalkEvent::Desync);
        assert_eq!(walk.advance(b"clear"), WalkEvent::Ok);
    }

    #[test]
    fn framing_is_found_again_only_where_lengths_agree() {
        assert!(resynchronises(&RECORD, 0));
        assert!(resynchronises(&RECORD[..6], 2));
        assert!(!resynchronises(&RECORD, 1));
        assert!(!resynchronises(&RECORD[..6], 0));
        assert!(resynchronises(&[RECORD, RECORD].concat(), 0));
        assert!(!resynchronises(&[&RECORD[..], b"clear"].concat(), 0));
        assert!(!resynchronises(&[23, 3, 3, 0, 0], 0));
        assert!(!resynchronises(b"", 0));
    }
}
