//! The key that recordings are sealed with.
//!
//! A sealed file begins with a heading of 64 bytes: `MIHUREC` and a 1, the first eight bytes of the
//! key's fingerprint, 32 random bytes, the sample rate (32 bits), the number of channels (16 bits)
//! and ten zeros. Behind it come records: the number of their bytes of samples (32 bits), these as
//! AES-256-GCM seals them, and the tag of 16 bytes. Numbers are little-endian. The file's own key is
//! the SHA-256 of a one in 32 bits (big-endian), the key, `mihu recording` and the random bytes
//! (NIST SP 800-56C rev. 2, §4); the nonce of a record is its number from zero, 96 bits, big-endian;
//! the heading is the associated data. Records are only ever added, so that no nonce comes twice.
//!
//! That records are missing at the end can not be told from a node that died.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Bytes of a key.
const LENGTH: usize = 32;

/// Bytes of a key's fingerprint in a file.
pub(crate) const FINGERPRINT: usize = 8;
/// Random bytes of a file.
pub(crate) const SALT: usize = 32;

/// A key of 256 bits. Neither printed nor left behind in memory.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; LENGTH]>);

/// Text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 random bytes in Base64; `openssl rand -base64 32` makes some")]
pub struct KeyError;

impl Key {
    /// Reads a key in Base64.
    ///
    /// # Errors
    ///
    /// [`KeyError`], which repeats nothing of the text.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| KeyError)?);
        let mut key = Zeroizing::new([0; LENGTH]);
        if bytes.len() != LENGTH || bytes.iter().all(|byte| *byte == 0) {
            return Err(KeyError);
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// What tells it from other keys and tells nothing of it.
    pub(crate) fn fingerprint(&self) -> [u8; FINGERPRINT] {
        let digest = Sha256::new()
            .chain_update(b"mihu recording key")
            .chain_update(*self.0)
            .finalize();
        let mut fingerprint = [0; FINGERPRINT];
        for (to, from) in fingerprint.iter_mut().zip(digest) {
            *to = from;
        }
        fingerprint
    }

    /// The key of the file with these random bytes.
    pub(crate) fn of_file(&self, salt: &[u8; SALT]) -> Zeroizing<[u8; LENGTH]> {
        let digest = Sha256::new()
            .chain_update(1_u32.to_be_bytes())
            .chain_update(*self.0)
            .chain_update(b"mihu recording")
            .chain_update(salt)
            .finalize();
        Zeroizing::new(digest.into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(***)")
    }
}

/// The keys of a node: the one that it seals with, if it does, and those that files may still be
/// sealed with.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    current: Option<Key>,
    former: Vec<Key>,
}

impl Keys {
    /// `None` writes plain files; whatever was sealed with a key that is here is read.
    pub const fn new(current: Option<Key>, former: Vec<Key>) -> Self {
        Self { current, former }
    }

    /// The key that new files are sealed with.
    pub const fn current(&self) -> Option<&Key> {
        self.current.as_ref()
    }

    pub(crate) fn find(&self, fingerprint: &[u8; FINGERPRINT]) -> Option<&Key> {
        let mut all = self.current.iter().chain(&self.former);
        all.find(|key| key.fingerprint().ct_eq(fingerprint).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_thirty_two_bytes_are_a_key() {
        let of = |length| STANDARD.encode(vec![7; length]);
        assert!(Key::from_base64(&format!(" {}\n", of(32))).is_ok());
        for wrong in ["", "secret", &of(31), &of(33), &STANDARD.encode([0; 32])] {
            assert!(Key::from_base64(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        let text = STANDARD.encode([7; 32]);
        let key = Key::from_base64(&text).unwrap();
        let printed = format!("{:?}", Keys::new(Some(key), Vec::new()));
        assert!(
            !printed.contains("BwcH") && !printed.contains('7'),
            "{printed}"
        );
    }
}
