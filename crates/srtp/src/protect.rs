use std::fmt;

use thiserror::Error;

use crate::cipher::{Cipher, ENCRYPTED, Position};
use crate::derivation::Kind;
use crate::keys::{Keys, Profile};
use crate::packet::{RtpHeader, rtcp_sender};
use crate::source::{LAST_RTP_INDEX, Refusal, Sources};

/// Seals the packets that are sent in one direction.
///
/// It follows the sequence numbers of each SSRC to count the rollovers, and refuses to seal two
/// packets with one number, because that would reveal both.
pub struct Protect {
    profile: Profile,
    rtp: Cipher,
    rtcp: Cipher,
    sources: Sources,
    /// The index of the next RTCP packet, counted over all SSRCs.
    next_rtcp: u32,
}

impl Protect {
    /// Derives the session keys; the rollover counters and the SRTCP index start at zero.
    ///
    /// A second one from the same keys would repeat the key stream of the first: fresh keys are
    /// needed to start over.
    pub fn new(keys: &Keys) -> Self {
        Self {
            profile: keys.profile(),
            rtp: Cipher::new(keys, Kind::Rtp),
            rtcp: Cipher::new(keys, Kind::Rtcp),
            sources: Sources::default(),
            next_rtcp: 0,
        }
    }

    /// The profile of its keys.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// Seals the RTP packet in the first `length` octets of `buffer` in place, and gives the
    /// length of the SRTP packet: [`Profile::rtp_overhead`] more (RFC 3711 §3.1).
    ///
    /// # Errors
    ///
    /// A [`ProtectError`]; the buffer is left as it was and nothing is counted.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, ProtectError> {
        let packet = buffer.get(..length).ok_or(ProtectError::NoRoom)?;
        let header = RtpHeader::read(packet).ok_or(ProtectError::Malformed)?;
        let ssrc = header.ssrc;
        let index = self.sources.estimate(ssrc, header.sequence);
        if index > LAST_RTP_INDEX {
            return Err(ProtectError::KeysExhausted);
        }
        self.sources.check(ssrc, index)?;
        let sealed = self
            .rtp
            .seal_rtp(Position { ssrc, index }, buffer, length, header.length)
            .ok_or(ProtectError::NoRoom)?;
        self.sources.accept(ssrc, index);
        Ok(sealed)
    }

    /// Seals and encrypts the (compound) RTCP packet in the first `length` octets of `buffer` in
    /// place, and gives the length of the SRTCP packet: [`Profile::rtcp_overhead`] more
    /// (RFC 3711 §3.4).
    ///
    /// # Errors
    ///
    /// A [`ProtectError`], but neither `SequenceUsed` nor `TooManySources`; the buffer is left as
    /// it was and nothing is counted.
    pub fn protect_rtcp(
        &mut self,
        buffer: &mut [u8],
        length: usize,
    ) -> Result<usize, ProtectError> {
        let packet = buffer.get(..length).ok_or(ProtectError::NoRoom)?;
        let ssrc = rtcp_sender(packet).ok_or(ProtectError::Malformed)?;
        if self.next_rtcp >= ENCRYPTED {
            return Err(ProtectError::KeysExhausted);
        }
        let index = u64::from(self.next_rtcp);
        let sealed = self
            .rtcp
            .seal_rtcp(Position { ssrc, index }, buffer, length)
            .ok_or(ProtectError::NoRoom)?;
        self.next_rtcp += 1;
        Ok(sealed)
    }
}

impl fmt::Debug for Protect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protect")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// Why a packet was not sealed; it is not to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProtectError {
    /// The bytes are not a packet of version 2 with a whole header, or are over 65 535.
    #[error("expected a whole RTP or RTCP packet of version 2")]
    Malformed,
    /// The buffer ends before the sealed packet would.
    #[error("the buffer is too short: leave room for the profile's overhead after the packet")]
    NoRoom,
    /// A packet with this SSRC and sequence number was sealed already, or it is over 128 behind.
    #[error("the sequence number was used before: send each number once and in order")]
    SequenceUsed,
    /// [`MAX_SOURCES`](crate::MAX_SOURCES) and
    /// [`MAX_RETIRED_SOURCES`](crate::MAX_RETIRED_SOURCES) other SSRCs were used with these keys.
    #[error("too many SSRCs with the same keys: agree on fresh keys")]
    TooManySources,
    /// 2⁴⁸ RTP packets or 2³¹ RTCP packets were sealed (RFC 3711 §9.2).
    #[error("the keys are used up: agree on fresh keys")]
    KeysExhausted,
}

impl From<Refusal> for ProtectError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Used => Self::SequenceUsed,
            Refusal::TooManySources => Self::TooManySources,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rtcp_index_ends_the_keys() {
        let keys = Keys::new(Profile::AeadAes128Gcm, &[3; 28]).unwrap();
        let mut protect = Protect::new(&keys);
        protect.next_rtcp = ENCRYPTED - 1;
        let mut buffer = [0x80; 32];
        assert_eq!(protect.protect_rtcp(&mut buffer, 8), Ok(28));
        assert_eq!(buffer[24..28], [0xFF; 4]);
        assert_eq!(
            protect.protect_rtcp(&mut [0x80; 32], 8),
            Err(ProtectError::KeysExhausted)
        );
    }

    #[test]
    fn the_last_rtp_index_ends_the_keys() {
        let keys = Keys::new(Profile::AeadAes128Gcm, &[3; 28]).unwrap();
        let mut protect = Protect::new(&keys);
        protect.sources.accept(0x8080_8080, LAST_RTP_INDEX);
        assert_eq!(
            protect.protect_rtp(&mut [0x80; 32], 12),
            Err(ProtectError::SequenceUsed)
        );
        let mut wrapped = [0x80; 32];
        wrapped[2..4].fill(0);
        assert_eq!(
            protect.protect_rtp(&mut wrapped, 12),
            Err(ProtectError::KeysExhausted)
        );
    }
}
