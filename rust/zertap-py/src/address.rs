//! Addresses as text, many of them: what `Display` gives, in a tenth of the instructions.

use zertap_core::wire::Address;

/// The longest text of an IPv6 address.
const LONGEST: usize = 39;

/// Appends an address.
pub(crate) fn write(out: &mut Vec<u8>, address: Address) {
    let (text, length) = octets(address);
    out.extend_from_slice(text.get(..length).unwrap_or_default());
}

/// Hands on the text of an address.
pub(crate) fn with<T>(address: Address, hand_on: impl FnOnce(&str) -> T) -> T {
    let (text, length) = octets(address);
    // Digits, points and colons are text.
    hand_on(std::str::from_utf8(text.get(..length).unwrap_or_default()).unwrap_or_default())
}

/// The text, and how many octets it takes.
fn octets(address: Address) -> ([u8; LONGEST], usize) {
    let mut text = Text { octets: [0; LONGEST], length: 0 };
    match address.ipv4() {
        Some(octets) => text.dotted(octets),
        None => text.coloned(address.0),
    }
    (text.octets, text.length)
}

struct Text {
    octets: [u8; LONGEST],
    length: usize,
}

impl Text {
    fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.length) {
            *place = octet;
            self.length += 1;
        }
    }

    fn dotted(&mut self, octets: [u8; 4]) {
        for octet in octets {
            let (digits, count) = OCTETS[usize::from(octet)];
            if let Some(place) = self.octets.get_mut(self.length..self.length + digits.len()) {
                place.copy_from_slice(&digits);
            }
            self.length += count;
        }
        // Without the last point.
        self.length -= 1;
    }

    /// RFC 5952: no leading zeros, and two colons for the first of the longest runs of groups that are zero.
    fn coloned(&mut self, octets: [u8; 16]) {
        let groups = u128::from_be_bytes(octets);
        let group = |at: usize| (groups >> (112 - 16 * at)) as u16;
        let (left_out, until) = zeros(group);
        let mut at = 0;
        while at < 8 {
            if at == left_out {
                self.push(b':');
                at = until;
                if until == 8 {
                    self.push(b':');
                }
                continue;
            }
            if at > 0 {
                self.push(b':');
            }
            self.hexadecimal(group(at));
            at += 1;
        }
    }

    fn hexadecimal(&mut self, group: u16) {
        let digits = 4 - usize::min(group.leading_zeros() as usize / 4, 3);
        for digit in (0..digits).rev() {
            self.push(b"0123456789abcdef"[usize::from(group >> (4 * digit) & 15)]);
        }
    }
}

/// Where the longest run of two or more zeros begins and ends; both beyond the end if there is none.
fn zeros(group: impl Fn(usize) -> u16) -> (usize, usize) {
    let (mut longest, mut began) = ((8, 9), 0);
    for at in 0..8 {
        if group(at) != 0 {
            began = at + 1;
        } else if at + 1 - began > longest.1 - longest.0 {
            longest = (began, at + 1);
        }
    }
    longest
}

/// Each octet as decimal digits with a point behind them, and how many octets that makes.
const OCTETS: [([u8; 4], usize); 256] = {
    let mut table = [([0; 4], 0); 256];
    let mut octet = 0;
    while octet < table.len() {
        let [hundreds, tens, ones] = [octet / 100, octet / 10 % 10, octet % 10];
        let [h, t, o] = [b'0' + hundreds as u8, b'0' + tens as u8, b'0' + ones as u8];
        table[octet] = match (hundreds, tens) {
            (0, 0) => ([o, b'.', 0, 0], 2),
            (0, _) => ([t, o, b'.', 0], 3),
            _ => ([h, t, o, b'.'], 4),
        };
        octet += 1;
    }
    table
};
