//! Why no session can be made.

use super::parse::ParseError;

/// An offer or answer that no session can be made of. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error(transparent)]
    Malformed(#[from] ParseError),
    /// It has no audio stream over RTP that is switched on.
    #[error("expected an audio stream over RTP/AVP or RTP/SAVP with a port")]
    NoAudio,
    /// Its audio stream has no codec of ours.
    #[error("expected one of our codecs in the audio stream")]
    NoCommonCodec,
    /// Its audio stream has no unicast IP address of our family.
    #[error("expected a c= line with a unicast address of our IP version for the audio stream")]
    BadAddress,
    /// Its audio stream is plain, and ours must be encrypted.
    #[error("expected an encrypted audio stream: RTP/SAVP with an a=crypto line")]
    NotEncrypted,
    /// Its audio stream is encrypted, and ours never is.
    #[error("expected a plain audio stream over RTP/AVP: SRTP is switched off")]
    Encrypted,
    /// An offer has no keys that we can use, or an answer does not take exactly one of ours.
    #[error("expected exactly one a=crypto line that both sides can use")]
    NoCommonCrypto,
    /// It answers an offer that was not made.
    #[error("expected no answer: no offer is open")]
    NotOffered,
}

impl Refused {
    /// The SIP status that refuses an offer for this reason.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NoAudio
            | Self::NoCommonCodec
            | Self::BadAddress
            | Self::NotEncrypted
            | Self::Encrypted
            | Self::NoCommonCrypto
            | Self::NotOffered => 488,
        }
    }
}
