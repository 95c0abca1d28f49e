//! SSH host keys, and the memory of them: most connections to a host show the key that the one before showed.

use std::sync::Arc;

/// What is known of a server's host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// SHA-256 of the blob as it was sent.
    pub fingerprint: [u8; 32],
    /// The type name in the blob.
    pub name: Box<str>,
    /// Bits of the key, for the types whose layout is known.
    pub bits: Option<u16>,
}

/// Host keys seen lately, in places that follow from their last octets: another key takes the place over.
#[derive(Debug, Default)]
pub struct HostKeys(Vec<Option<Known>>);

/// Places.
const MOST: usize = 64;
/// Keys longer than this are not worth their memory. Unit: octets.
const LONGEST: usize = 1024;

#[derive(Debug)]
struct Known {
    blob: Box<[u8]>,
    key: Arc<HostKey>,
}

impl HostKeys {
    /// What `read` finds in this blob; it is read where it is not known.
    pub fn of(&mut self, blob: &[u8], read: impl FnOnce(&[u8]) -> Option<HostKey>) -> Option<Arc<HostKey>> {
        let Some(last) = blob.last_chunk::<4>().filter(|_| blob.len() <= LONGEST) else {
            return read(blob).map(Arc::new);
        };
        if self.0.is_empty() {
            self.0.resize_with(MOST, || None);
        }
        let place = &mut self.0[u32::from_le_bytes(*last) as usize % MOST];
        if let Some(known) = place
            && *known.blob == *blob
        {
            return Some(Arc::clone(&known.key));
        }
        let key = Arc::new(read(blob)?);
        *place = Some(Known { blob: blob.into(), key: Arc::clone(&key) });
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(memory: &mut HostKeys, blob: &[u8]) -> bool {
        let mut asked = false;
        let key = memory.of(blob, |blob| {
            asked = true;
            let fingerprint = std::array::from_fn(|place| blob.get(place).copied().unwrap_or_default());
            Some(HostKey { fingerprint, name: "x".into(), bits: None })
        });
        assert!(blob.starts_with(&key.unwrap().fingerprint[..blob.len().min(32)]));
        asked
    }

    #[test]
    fn a_key_is_read_once_and_another_one_in_its_place_is_never_taken_for_it() {
        let mut memory = HostKeys::default();
        assert!(ask(&mut memory, b"one key") && !ask(&mut memory, b"one key"));
        // The same last octets, so the same place.
        assert!(ask(&mut memory, b"two key") && !ask(&mut memory, b"two key"));
        assert!(ask(&mut memory, b"one key"));
        for short in [&b"abc"[..], b"", &[7; LONGEST + 1]] {
            assert!(ask(&mut memory, short) && ask(&mut memory, short));
        }
        assert_eq!(memory.0.len(), MOST);
        // What cannot be read is not remembered.
        assert_eq!(memory.of(b"not a key", |_| None), None);
        assert!(ask(&mut memory, b"not a key"));
    }
}
