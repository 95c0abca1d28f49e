//! A listener written down while its connection is silent.

use super::clear::ClearWatch;
use super::sniff::Sniffer;
use super::{Heard, Joined, Observer};
use crate::compact::{Compact, Reading, Writer};
use crate::handshake::Side;

impl Compact for Observer {
    fn write(self, to: &mut Writer) {
        match self {
            Self::Fresh(joined) => {
                to.number(0);
                joined.write(to);
            }
            Self::Sniffing(sniffer) => {
                to.number(1);
                sniffer.write(to);
            }
            Self::Tls(tls, origin, heard) => {
                to.number(2);
                tls.write(to);
                origin.write(to);
                heard.write(to);
            }
            Self::Ssh(ssh, origin) => {
                to.number(3);
                ssh.write(to);
                origin.write(to);
            }
            Self::Clear(watch) => {
                to.number(4);
                Box::new(watch).write(to);
            }
        }
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        Some(match from.number()? {
            0 => Self::Fresh(Joined::read(from)?),
            1 => Self::Sniffing(Sniffer::read(from)?),
            2 => Self::Tls(Compact::read(from)?, Compact::read(from)?, Heard::read(from)?),
            3 => Self::Ssh(Compact::read(from)?, Compact::read(from)?),
            4 => Self::Clear(*Box::<ClearWatch>::read(from)?),
            _ => return None,
        })
    }
}

impl Compact for Heard {
    fn write(self, to: &mut Writer) {
        let one = if let Self::One(side, octets) = self { Some((side, octets)) } else { None };
        one.write(to);
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        let one = Option::<(Side, u64)>::read(from)?;
        Some(one.map_or(Self::Both, |(side, octets)| Self::One(side, octets)))
    }
}

impl Compact for Joined {
    fn write(self, to: &mut Writer) {
        to.number(match self {
            Self::AtStart => 0,
            Self::Answered => 1,
            Self::Unanswered(Side::A) => 2,
            Self::Unanswered(Side::B) => 3,
            Self::Midstream => 4,
        });
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        Some(match from.number()? {
            0 => Self::AtStart,
            1 => Self::Answered,
            2 => Self::Unanswered(Side::A),
            3 => Self::Unanswered(Side::B),
            4 => Self::Midstream,
            _ => return None,
        })
    }
}
