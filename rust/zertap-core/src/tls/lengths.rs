//! What record lengths say in TLS 1.3, where alerts and Finished hide in type-23 records (A5).
//!
//! The cipher suite passes in clear, so the lengths of the messages that matter are exact.
//! Source: RFC 8446 5.2, 5.3, 4.4.4, 6; RFC 6655 (CCM_8); RFC 9150 (integrity only).

use crate::compact::{Compact, Reading, Writer};

/// What record lengths say under a TLS 1.3 cipher suite, added up once: records are many.
///
/// Unit: octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    beside: u8,
    alert: u8,
    end_of_early_data: u8,
    finished: u8,
    message: u8,
}

impl Lengths {
    /// By the lengths of tag and hash.
    const fn new(tag: u8, hash: u8) -> Self {
        let message = 4 + hash;
        let beside = 1 + tag;
        Self { beside, alert: 2 + beside, end_of_early_data: 4 + beside, finished: message + beside, message }
    }

    /// Lengths where no suite says otherwise (A5, last line of the table).
    pub(super) const ASSUMED: Lengths = Lengths::new(16, 32);

    /// How much shorter than the assumed one a tag can be: what a record holds more than it seems to.
    pub(super) const MOST_HIDDEN: u32 = 8;

    /// The row of A5's table; `None` for a suite that is not in it.
    pub(super) const fn of(suite: u32) -> Option<Lengths> {
        Some(match suite {
            0x1301 | 0x1303 | 0x1304 | 0x00C6 | 0x00C7 => Self::ASSUMED,
            0x1302 => Lengths::new(16, 48),
            0x1305 => Lengths::new(8, 32),
            0xC0B4 => Lengths::new(32, 32),
            0xC0B5 => Lengths::new(48, 48),
            _ => return None,
        })
    }

    /// Record length of an alert.
    pub(super) const fn alert(self) -> u16 {
        self.alert as u16
    }

    /// Record length of EndOfEarlyData.
    pub(super) const fn end_of_early_data(self) -> u16 {
        self.end_of_early_data as u16
    }

    /// Record length of a Finished that stands alone, unpadded.
    pub(super) const fn finished(self) -> u16 {
        self.finished as u16
    }

    /// Whether this is the record length of a lone Finished under any suite.
    pub(super) const fn is_any_finished(length: u16) -> bool {
        matches!(length, 45 | 53 | 69 | 101)
    }

    /// Inner octets of an encrypted record: its length without content type and tag.
    pub(super) const fn inner(self, length: u16) -> u32 {
        length.saturating_sub(self.beside as u16) as u32
    }

    /// Inner octets that a side must send before it can have sent a Finished.
    pub(super) const fn finished_message(self) -> u32 {
        self.message as u32
    }

    /// The least that a whole server flight holds: EncryptedExtensions (empty) and Finished.
    pub(super) const fn server_flight(self) -> u32 {
        6 + self.finished_message()
    }
}

impl Compact for Lengths {
    /// Usually those that are assumed.
    fn write(self, to: &mut Writer) {
        let Self { beside, alert, end_of_early_data, finished, message } = self;
        let own = (self != Self::ASSUMED).then_some([beside, alert, end_of_early_data, finished, message]);
        own.write(to);
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        let own = Option::<[u8; 5]>::read(from)?;
        Some(own.map_or(Self::ASSUMED, |[beside, alert, end_of_early_data, finished, message]| Self {
            beside,
            alert,
            end_of_early_data,
            finished,
            message,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Lengths;

    #[test]
    fn lengths_agree_with_the_table_of_a5() {
        let rows = [
            (0x1301, 19, 21, 53),
            (0x1302, 19, 21, 69),
            (0x1303, 19, 21, 53),
            (0x1304, 19, 21, 53),
            (0x00C6, 19, 21, 53),
            (0x00C7, 19, 21, 53),
            (0x1305, 11, 13, 45),
            (0xC0B4, 35, 37, 69),
            (0xC0B5, 51, 53, 101),
        ];
        for (suite, alert, early, finished) in rows {
            let lengths = Lengths::of(suite).expect("the suite has a row");
            assert_eq!(
                (lengths.alert(), lengths.end_of_early_data(), lengths.finished()),
                (alert, early, finished)
            );
            assert_eq!(lengths.inner(lengths.finished()), lengths.finished_message());
            assert!(Lengths::is_any_finished(finished));
            assert_eq!(lengths.inner(lengths.alert()), 2);
            assert!(
                Lengths::ASSUMED.inner(finished) + Lengths::MOST_HIDDEN
                    >= Lengths::ASSUMED.finished_message()
            );
        }
        assert_eq!(Lengths::of(0xC02F), None);
        assert!(!Lengths::is_any_finished(25) && !Lengths::is_any_finished(17));
    }

    #[test]
    fn a_record_shorter_than_its_tag_holds_nothing() {
        assert_eq!(Lengths::ASSUMED.inner(3), 0);
    }
}
