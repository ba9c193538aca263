//! Keys for SRTP in session descriptions (RFC 4568).

use std::fmt;

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use srtp::{CryptoAttribute, CryptoTag, Keys, Profile};

use super::Refused;
use super::description::MediaLine;

/// The profile of media in the clear (RFC 3551).
const PLAIN: &str = "RTP/AVP";
/// The profile of secured media (RFC 3711).
const SECURE: &str = "RTP/SAVP";

/// Whether the audio of calls is encrypted, by SRTP with keys in the session description
/// (RFC 4568).
///
/// Whoever reads the signalling reads the keys. SIP over UDP or TCP has to be protected by what
/// it travels through; then SRTP protects the audio where that travels elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Never. Offers are made over `RTP/AVP`; those over `RTP/SAVP` are refused with 488, and
    /// keys offered over `RTP/AVP` are passed over.
    #[default]
    Off,
    /// If the other side can (RFC 8643). Offers are made over `RTP/AVP` with `a=crypto` lines
    /// that the other side may pass over. Whatever is offered is taken: `RTP/SAVP`, `RTP/AVP`
    /// with keys, which is answered with keys over `RTP/AVP`, and `RTP/AVP` without.
    Optional,
    /// Always. Offers are made over `RTP/SAVP`, and an answer over `RTP/AVP` ends the call. What
    /// is offered without keys that can be used is refused with 488, whatever its profile.
    Required,
}

/// The keys of an encrypted stream. Both directions have the same profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// Ours: what we send is sealed with them. While they stay the same, whatever else changes,
    /// the [`srtp::Protect`] that was made of them goes on; another would repeat its packets'
    /// key stream.
    pub send: Keys,
    /// The other side's: what arrives is opened with them.
    pub receive: Keys,
}

impl Security {
    /// The set of algorithms.
    pub const fn profile(&self) -> Profile {
        self.send.profile()
    }
}

/// What stands for the protocol in the `m=` line of an RTP stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Plain,
    Secure,
}

impl Protocol {
    pub(super) fn of(line: &MediaLine) -> Option<Self> {
        match line.protocol.as_str() {
            PLAIN => Some(Self::Plain),
            SECURE => Some(Self::Secure),
            _ => None,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => PLAIN,
            Self::Secure => SECURE,
        }
    }
}

impl Srtp {
    /// The protocol of a first offer.
    pub(super) const fn protocol(self) -> Protocol {
        match self {
            Self::Off | Self::Optional => Protocol::Plain,
            Self::Required => Protocol::Secure,
        }
    }

    /// Which line of an offer is taken: the first that can be (RFC 4568 §5.1.2), or none.
    pub(super) fn choose(
        self,
        protocol: Protocol,
        line: &MediaLine,
    ) -> Result<Option<&CryptoAttribute>, Refused> {
        let usable = line.crypto.iter().flatten().next();
        match (self, protocol, usable) {
            (Self::Off, Protocol::Secure, _) => Err(Refused::Encrypted),
            (Self::Off, Protocol::Plain, _) | (Self::Optional, Protocol::Plain, None) => Ok(None),
            (Self::Optional | Self::Required, _, Some(crypto)) => Ok(Some(crypto)),
            (Self::Optional | Self::Required, Protocol::Secure, None) => {
                Err(Refused::NoCommonCrypto)
            }
            (Self::Required, Protocol::Plain, None) => Err(Refused::NotEncrypted),
        }
    }

    /// Which line of ours an answer takes (RFC 4568 §5.1.3), or none; the keys are the other
    /// side's.
    pub(super) fn chosen(
        self,
        offered: Protocol,
        answered: Protocol,
        line: &MediaLine,
    ) -> Result<Option<&CryptoAttribute>, Refused> {
        if self == Self::Off {
            return match answered {
                Protocol::Plain => Ok(None),
                Protocol::Secure => Err(Refused::Encrypted),
            };
        }
        match line.crypto.as_slice() {
            _ if (offered, answered) == (Protocol::Secure, Protocol::Plain) => {
                Err(Refused::NotEncrypted)
            }
            [] if answered == Protocol::Plain && self == Self::Required => {
                Err(Refused::NotEncrypted)
            }
            [] if answered == Protocol::Plain => Ok(None),
            [Ok(crypto)] if tag(crypto.keys.profile()) == crypto.tag => Ok(Some(crypto)),
            _ => Err(Refused::NoCommonCrypto),
        }
    }
}

/// The tag that a profile has in each of our offers.
fn tag(profile: Profile) -> CryptoTag {
    let index = Profile::ALL.iter().position(|known| *known == profile);
    index
        .and_then(|index| CryptoTag::new(index as u32 + 1))
        .expect("each profile is one of a few")
}

/// Our keys: one for each profile, drawn when it is first needed and kept until the session
/// leaves that profile.
#[derive(Clone)]
pub(super) struct OwnKeys {
    generator: StdRng,
    drawn: Vec<Keys>,
    in_use: Option<Profile>,
}

impl OwnKeys {
    pub(super) fn new(entropy: [u8; 32]) -> Self {
        Self {
            generator: StdRng::from_seed(entropy),
            drawn: Vec::new(),
            in_use: None,
        }
    }

    /// Ours for `profile`.
    pub(super) fn of(&mut self, profile: Profile) -> Keys {
        if let Some(keys) = self.drawn(profile) {
            return keys.clone();
        }
        let mut octets = vec![0; profile.key_and_salt_length()];
        self.generator.fill_bytes(&mut octets);
        let keys = Keys::new(profile, &octets).expect("there are as many octets as it takes");
        self.drawn.push(keys.clone());
        keys
    }

    /// Those that an offer had.
    pub(super) fn drawn(&self, profile: Profile) -> Option<&Keys> {
        self.drawn.iter().find(|keys| keys.profile() == profile)
    }

    /// The lines of an offer.
    pub(super) fn offered(&mut self) -> Vec<CryptoAttribute> {
        let lines = Profile::ALL.map(|profile| CryptoAttribute {
            tag: tag(profile),
            keys: self.of(profile),
            lifetime: None,
        });
        lines.into()
    }

    /// The session uses `profile` from now on. The keys of the one before are never used again:
    /// they would seal two packets of one index, were the session to come back to them.
    pub(super) fn settle(&mut self, profile: Option<Profile>) {
        let left = self.in_use.filter(|before| Some(*before) != profile);
        self.drawn.retain(|keys| Some(keys.profile()) != left);
        self.in_use = profile;
    }
}

impl fmt::Debug for OwnKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnKeys")
            .field("in_use", &self.in_use)
            .finish_non_exhaustive()
    }
}
