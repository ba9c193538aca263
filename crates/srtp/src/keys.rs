use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// Octets of the master key of every supported profile.
pub(crate) const KEY: usize = 16;

/// Octets of the longest master salt.
pub(crate) const SALT: usize = 14;

/// A set of algorithms that both ends agreed on.
///
/// All use AES with a 128-bit key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// AES in counter mode, HMAC-SHA1 with a tag of 80 bits (RFC 4568 §6.2.1).
    AesCm128HmacSha1Tag80,
    /// AES in counter mode, HMAC-SHA1 with a tag of 32 bits for RTP and of 80 bits for RTCP
    /// (RFC 4568 §6.2.2).
    AesCm128HmacSha1Tag32,
    /// AES in Galois/counter mode with a tag of 128 bits (RFC 7714 §12).
    AeadAes128Gcm,
}

impl Profile {
    /// Every profile, the strongest first: a fit order for an offer.
    pub const ALL: [Self; 3] = [
        Self::AeadAes128Gcm,
        Self::AesCm128HmacSha1Tag80,
        Self::AesCm128HmacSha1Tag32,
    ];

    /// The longest that protection makes any RTP packet, in octets.
    pub const MAX_RTP_OVERHEAD: usize = 16;

    /// The longest that protection makes any RTCP packet, in octets.
    pub const MAX_RTCP_OVERHEAD: usize = 20;

    /// The name of the crypto suite in a session description.
    pub const fn suite(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1Tag32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
        }
    }

    /// The profile of a crypto suite name, `None` when it is not supported.
    pub fn from_suite(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.suite().eq_ignore_ascii_case(name))
    }

    /// Octets of the master key and the master salt together: how many random bytes
    /// [`Keys::new`] takes.
    pub const fn key_and_salt_length(self) -> usize {
        KEY + self.salt_length()
    }

    /// Octets that protection adds to an RTP packet.
    pub const fn rtp_overhead(self) -> usize {
        match self {
            Self::AesCm128HmacSha1Tag80 => 10,
            Self::AesCm128HmacSha1Tag32 => 4,
            Self::AeadAes128Gcm => 16,
        }
    }

    /// Octets that protection adds to an RTCP packet.
    pub const fn rtcp_overhead(self) -> usize {
        match self {
            Self::AesCm128HmacSha1Tag80 | Self::AesCm128HmacSha1Tag32 => 14,
            Self::AeadAes128Gcm => 20,
        }
    }

    const fn salt_length(self) -> usize {
        match self {
            Self::AesCm128HmacSha1Tag80 | Self::AesCm128HmacSha1Tag32 => SALT,
            Self::AeadAes128Gcm => 12,
        }
    }
}

/// The master key and master salt of one direction, and the profile they are for.
///
/// `Debug` hides the bytes; they are wiped when the value is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    profile: Profile,
    /// The key, the salt, and zeros up to the longest salt.
    bytes: Zeroizing<[u8; KEY + SALT]>,
}

impl Keys {
    /// Takes the master key followed by the master salt, as SDES carries them (RFC 4568 §6.1).
    ///
    /// Fresh keys are [`Profile::key_and_salt_length`] octets from a cryptographic random
    /// generator; no two directions and no two calls share them.
    ///
    /// # Errors
    ///
    /// [`WrongKeyLength`] when `key_and_salt` is not exactly that long.
    pub fn new(profile: Profile, key_and_salt: &[u8]) -> Result<Self, WrongKeyLength> {
        let expected = profile.key_and_salt_length();
        if key_and_salt.len() != expected {
            return Err(WrongKeyLength {
                suite: profile.suite(),
                expected,
                found: key_and_salt.len(),
            });
        }
        let mut bytes = Zeroizing::new([0; KEY + SALT]);
        for (to, from) in bytes.iter_mut().zip(key_and_salt) {
            *to = *from;
        }
        Ok(Self { profile, bytes })
    }

    /// The profile that the keys are for.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// The key followed by the salt, as long as the profile has them.
    pub(crate) fn key_and_salt(&self) -> &[u8] {
        &self.bytes[..self.profile.key_and_salt_length()]
    }

    pub(crate) fn master_key(&self) -> &[u8; KEY] {
        self.bytes
            .first_chunk()
            .expect("the key is the first part of a longer array")
    }

    /// The salt, padded on the right with zeros (RFC 7714 §11).
    pub(crate) fn padded_master_salt(&self) -> &[u8; SALT] {
        self.bytes
            .last_chunk()
            .expect("the salt is the last part of a longer array")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("profile", &self.profile)
            .field("bytes", &format_args!("***"))
            .finish()
    }
}

/// Key material that is not as long as its profile needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{suite} takes a key and salt of {expected} octets together, not {found}")]
pub struct WrongKeyLength {
    /// The name of the crypto suite.
    pub suite: &'static str,
    /// How many octets it takes.
    pub expected: usize,
    /// How many octets there were.
    pub found: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_never_printed() {
        let keys = Keys::new(Profile::AeadAes128Gcm, &[0xA7; 28]).unwrap();
        assert_eq!(
            format!("{keys:?}"),
            "Keys { profile: AeadAes128Gcm, bytes: *** }"
        );
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        for profile in Profile::ALL {
            let right = profile.key_and_salt_length();
            for length in [0, 16, right - 1, right + 1] {
                let error = Keys::new(profile, &vec![1; length]).unwrap_err();
                assert_eq!((error.expected, error.found), (right, length));
            }
            assert_eq!(
                Keys::new(profile, &vec![1; right]).unwrap().key_and_salt(),
                vec![1; right]
            );
        }
    }

    #[test]
    fn a_suite_name_is_found_in_any_case() {
        for profile in Profile::ALL {
            assert_eq!(
                Profile::from_suite(&profile.suite().to_lowercase()),
                Some(profile)
            );
        }
        assert_eq!(Profile::from_suite("AES_256_CM_HMAC_SHA1_80"), None);
    }
}
