//! Random texts that open something, such as the tokens of keys: made, shown once, found again by
//! their prefix and compared in constant time. Only their hashes are kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use secret::Secret;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

const RANDOM_BYTES: usize = 32;
/// 32 bytes in unpadded base64url.
const RANDOM_LENGTH: usize = 43;
/// 48 of the 256 random bits: enough to find a row, far too few to guess the rest.
const PREFIX_LENGTH: usize = 8;

/// Texts of one kind: a mark that says what they are, and 32 random bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CredentialKind {
    mark: &'static str,
}

/// A credential that was just made.
pub(crate) struct NewCredential {
    /// The text itself, for whoever it was made for.
    pub(crate) text: Secret,
    /// How it begins; this may be shown.
    pub(crate) prefix: String,
    /// What is kept of it.
    pub(crate) hash: [u8; 32],
}

impl CredentialKind {
    pub(crate) const fn new(mark: &'static str) -> Self {
        Self { mark }
    }

    pub(crate) fn generate(self) -> NewCredential {
        let mut bytes = [0; RANDOM_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        let random = URL_SAFE_NO_PAD.encode(bytes);
        let text = format!("{}{random}", self.mark);
        NewCredential {
            prefix: text.chars().take(self.mark.len() + PREFIX_LENGTH).collect(),
            hash: hash(&text),
            text: Secret::new(text),
        }
    }

    /// How a text of this kind begins; nothing for any other text.
    pub(crate) fn prefix(self, text: &str) -> Option<&str> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let random = text.strip_prefix(self.mark)?;
        if random.len() != RANDOM_LENGTH || !random.bytes().all(is_letter) {
            return None;
        }
        text.get(..self.mark.len() + PREFIX_LENGTH)
    }
}

/// Whether `kept` is the hash of this text.
pub(crate) fn is_hash_of(kept: &[u8], text: &str) -> bool {
    kept.ct_eq(&hash(text)).into()
}

/// A plain hash is enough: the text has 256 random bits, so there is nothing to guess.
fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
