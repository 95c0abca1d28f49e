//! Addresses, sides and connections as Python names them, read without a detour: they come with every packet.

use crate::error;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString, PyTuple};
use std::borrow::Cow;
use std::net::IpAddr;
use zertap_core::flow::{ConnectionRef, Endpoint};
use zertap_core::handshake::Side;
use zertap_core::wire::Address;

/// An address (text, four or sixteen octets, or an `ipaddress` object) with its port.
pub(crate) struct End(pub(crate) Endpoint);

impl<'a, 'py> FromPyObject<'a, 'py> for End {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        end(given, address)
    }
}

/// An end whose address is read by `address`.
fn end<'a, 'py>(
    given: Borrowed<'a, 'py, PyAny>,
    address: impl FnOnce(Borrowed<'_, 'py, PyAny>) -> PyResult<Address>,
) -> PyResult<End> {
    let pair = given.cast::<PyTuple>()?;
    let address = address(pair.get_borrowed_item(0)?)?;
    // What sockets say of an IPv6 peer has flow information and scope behind the port.
    let port = pair.get_borrowed_item(1)?.extract()?;
    Ok(End(Endpoint { address, port }))
}

/// What texts of late say: a program names its ends packet after packet, mostly by the same objects, and to read a text
/// costs as much as all else that a call adds.
#[derive(Default)]
pub(crate) struct Lately(Vec<Option<(Py<PyString>, Address)>>);

impl Lately {
    /// Texts kept at most.
    const PLACES: usize = 1024;

    /// As `End` reads it.
    pub(crate) fn end(&mut self, given: &Bound<'_, PyAny>) -> PyResult<End> {
        end(given.as_borrowed(), |name| self.address(name))
    }

    fn address(&mut self, given: Borrowed<'_, '_, PyAny>) -> PyResult<Address> {
        let Ok(text) = given.cast::<PyString>() else { return address(given) };
        if self.0.is_empty() {
            self.0.resize_with(Self::PLACES, || None);
        }
        // Objects lie sixteen octets apart or more. The text is held, so no other one can come to lie there.
        let lies = text.as_ptr() as usize >> 4;
        let Some(place) = self.0.get_mut((lies ^ lies >> 10) % Self::PLACES) else { return address(given) };
        if let Some((known, address)) = place
            && known.as_ptr() == text.as_ptr()
        {
            return Ok(*address);
        }
        let read = address(given)?;
        *place = Some((text.to_owned().unbind(), read));
        Ok(read)
    }
}

fn address(given: Borrowed<'_, '_, PyAny>) -> PyResult<Address> {
    let py = given.py();
    if let Ok(text) = given.cast::<PyString>() {
        let text = text.to_str()?;
        if let Some(octets) = dotted(text) {
            return Ok(Address::v4(octets));
        }
        // A scope (RFC 4007) tells interfaces apart, not addresses.
        let text = text.split_once('%').map_or(text, |(address, _)| address);
        let parsed: Option<IpAddr> = text.parse().ok();
        return parsed
            .map(Address::from)
            .ok_or_else(|| error::usage(py, &format!("`{text}` is no IP address")));
    }
    if let Ok(octets) = given.cast::<PyBytes>() {
        return packed(octets.as_bytes()).ok_or_else(|| error::usage(py, "an address has 4 or 16 octets"));
    }
    Ok(given.extract::<IpAddr>()?.into())
}

/// An IPv4 address, if the text is one; the standard library takes three times as long.
fn dotted(text: &str) -> Option<[u8; 4]> {
    let (mut octets, mut at, mut number) = ([0; 4], 0, None);
    for octet in text.bytes() {
        match (octet, number) {
            (b'0'..=b'9', None) => number = Some(octet - b'0'),
            // A leading zero might mean octal.
            (b'0'..=b'9', Some(1..)) => {
                number = Some(number?.checked_mul(10)?.checked_add(octet - b'0')?);
            }
            (b'.', Some(whole)) => {
                *octets.get_mut(at)? = whole;
                (at, number) = (at + 1, None);
            }
            _ => return None,
        }
    }
    *octets.get_mut(at)? = number?;
    (at == 3).then_some(octets)
}

/// A moment in nanoseconds since 1970.
pub(crate) struct Moment(pub(crate) u64);

impl<'a, 'py> FromPyObject<'a, 'py> for Moment {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        // Python reads a signed number of this size in a third of the time.
        let signed = given.extract::<i64>().ok().and_then(|at| u64::try_from(at).ok());
        signed.map_or_else(|| given.extract(), Ok).map(Self)
    }
}

fn packed(octets: &[u8]) -> Option<Address> {
    match octets.len() {
        4 => octets.first_chunk().map(|four| Address::v4(*four)),
        16 => octets.first_chunk().map(|all| Address(*all)),
        _ => None,
    }
}

/// Octets of a packet or a stream: `bytes` where they lie, any other buffer copied (it may change).
pub(crate) struct Octets<'a>(pub(crate) Cow<'a, [u8]>);

impl<'a, 'py> FromPyObject<'a, 'py> for Octets<'a> {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(octets) = given.extract::<&'a [u8]>() {
            return Ok(Octets(Cow::Borrowed(octets)));
        }
        let buffer = PyBuffer::<u8>::get(&given)?;
        Ok(Octets(Cow::Owned(buffer.to_vec(given.py())?)))
    }
}

impl Octets<'static> {
    /// None.
    pub(crate) const NONE: Octets<'static> = Octets(Cow::Borrowed(&[]));
}

/// Who speaks: `client` opened the connection, `server` accepted it.
pub(crate) struct Speaker(pub(crate) Side);

impl<'a, 'py> FromPyObject<'a, 'py> for Speaker {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match given.cast::<PyString>()?.to_str()? {
            "client" => Ok(Speaker(Side::A)),
            "server" => Ok(Speaker(Side::B)),
            other => {
                Err(error::usage(given.py(), &format!("a direction is `client` or `server`, not `{other}`")))
            }
        }
    }
}

/// A connection as its caller names it.
pub(crate) enum Whom {
    /// By what `open_stream` or `find` gave.
    Named(ConnectionRef),
    /// By its ends.
    Between(Endpoint, Endpoint),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Whom {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(number) = given.cast::<PyInt>() {
            return Ok(Whom::Named(ConnectionRef::from_number(number.extract()?)));
        }
        let (one, other): (End, End) = given.extract()?;
        Ok(Whom::Between(one.0, other.0))
    }
}

impl Whom {
    /// The connection's name in a tap; one that names nothing where none lives between these ends.
    #[inline]
    pub(crate) fn within(&self, tap: &mut zertap_core::tap::Tap) -> ConnectionRef {
        match self {
            Whom::Named(name) => *name,
            Whom::Between(one, other) => {
                tap.find(*one, *other, 0, None).unwrap_or(ConnectionRef::from_number(u64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::dotted;
    use std::net::Ipv4Addr;

    #[test]
    fn the_short_way_reads_what_the_standard_library_reads() {
        let mut texts = vec![String::new(), ".".into(), "1.2.3.4 ".into(), "::1".into(), "1.2.3.4.".into()];
        for part in
            ["0", "00", "01", "7", "10", "099", "199", "255", "256", "300", "1000", "", "a", "-1", "+1"]
        {
            for other in ["0", "9", "255", ""] {
                for at in 0..4 {
                    let parts: Vec<&str> =
                        (0..4).map(|place| if place == at { part } else { other }).collect();
                    texts.push(parts.join("."));
                    texts.push(parts[..3].join("."));
                    texts.push(format!("{}.{part}", parts.join(".")));
                }
            }
        }
        for text in texts {
            let read = text.parse::<Ipv4Addr>().ok().map(|address| address.octets());
            assert_eq!(dotted(&text), read, "{text}");
        }
    }
}
