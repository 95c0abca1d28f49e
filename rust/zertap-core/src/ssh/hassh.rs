//! HASSH: what tells SSH implementations apart, the four lists of a KEXINIT that a client or a server offers first.
//!
//! The MD5 of this text is the published fingerprint; it is left to whoever prints. Source: the HASSH specification
//! (github.com/salesforce/hassh): key exchange; encryption; MAC; compression, each list as it was sent.

use super::kexinit::{KexInit, List};

/// The text for the client's offer; `None` when its lists could not all be read.
pub(super) fn of_client(offer: &KexInit) -> Option<Vec<u8>> {
    text(offer, [List::Kex, List::CipherC2s, List::MacC2s, List::CompressionC2s])
}

/// The text for the server's offer; `None` when its lists could not all be read.
pub(super) fn of_server(offer: &KexInit) -> Option<Vec<u8>> {
    text(offer, [List::Kex, List::CipherS2c, List::MacS2c, List::CompressionS2c])
}

fn text(offer: &KexInit, lists: [List; 4]) -> Option<Vec<u8>> {
    let lists: Option<Vec<&[u8]>> = lists.into_iter().map(|list| offer.list(list)).collect();
    Some(lists?.join(&b';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_the_lists_of_its_own_direction() {
        let mut body = vec![0; 16];
        for list in ["k", "h", "c1,c2", "s", "m", "n", "z", "y", "", ""] {
            body.extend_from_slice(&(list.len() as u32).to_be_bytes());
            body.extend_from_slice(list.as_bytes());
        }
        let offer = KexInit::read(&body);
        assert_eq!(of_client(&offer).unwrap(), b"k;c1,c2;m;z");
        assert_eq!(of_server(&offer).unwrap(), b"k;s;n;y");
        assert_eq!(of_client(&KexInit::read(body.get(..30).unwrap())), None);
    }
}
