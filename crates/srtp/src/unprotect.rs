use std::fmt;

use thiserror::Error;

use crate::cipher::{Cipher, ENCRYPTED, Position};
use crate::derivation::Kind;
use crate::keys::{Keys, Profile};
use crate::packet::{RTCP_HEADER, RtpHeader, rtcp_sender};
use crate::source::{LAST_RTP_INDEX, Refusal, Sources};

/// Opens the packets that were received in one direction.
///
/// Only a packet that proves authentic moves the rollover counter or the replay window of its
/// SSRC, or makes an SSRC known.
pub struct Unprotect {
    profile: Profile,
    rtp: Cipher,
    rtcp: Cipher,
    rtp_sources: Sources,
    rtcp_sources: Sources,
}

impl Unprotect {
    /// Derives the session keys; no SSRC is known yet.
    pub fn new(keys: &Keys) -> Self {
        Self {
            profile: keys.profile(),
            rtp: Cipher::new(keys, Kind::Rtp),
            rtcp: Cipher::new(keys, Kind::Rtcp),
            rtp_sources: Sources::default(),
            rtcp_sources: Sources::default(),
        }
    }

    /// The profile of its keys.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// Opens one SRTP datagram in place, and gives the length of the RTP packet that `packet` now
    /// starts with (RFC 3711 §3.3).
    ///
    /// # Errors
    ///
    /// An [`UnprotectError`]; the packet is left as it was.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let clear = packet
            .len()
            .checked_sub(self.profile.rtp_overhead())
            .and_then(|length| packet.get(..length))
            .ok_or(UnprotectError::Malformed)?;
        let header = RtpHeader::read(clear).ok_or(UnprotectError::Malformed)?;
        let ssrc = header.ssrc;
        let index = self.rtp_sources.estimate(ssrc, header.sequence);
        if index > LAST_RTP_INDEX {
            return Err(UnprotectError::Replayed);
        }
        self.rtp_sources.check(ssrc, index)?;
        let length = self
            .rtp
            .open_rtp(Position { ssrc, index }, packet, header.length)
            .ok_or(UnprotectError::Authentication)?;
        self.rtp_sources.accept(ssrc, index);
        Ok(length)
    }

    /// Opens one SRTCP datagram in place, and gives the length of the (compound) RTCP packet that
    /// `packet` now starts with (RFC 3711 §3.4).
    ///
    /// A packet that its sender authenticated but did not encrypt is opened too.
    ///
    /// # Errors
    ///
    /// An [`UnprotectError`]; the packet is left as it was.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        if packet.len() < RTCP_HEADER + self.profile.rtcp_overhead() {
            return Err(UnprotectError::Malformed);
        }
        let ssrc = rtcp_sender(packet).ok_or(UnprotectError::Malformed)?;
        let trailer = self
            .rtcp
            .rtcp_trailer(packet)
            .ok_or(UnprotectError::Malformed)?;
        let index = u64::from(trailer & !ENCRYPTED);
        self.rtcp_sources.check(ssrc, index)?;
        let encrypted = trailer & ENCRYPTED != 0;
        let length = self
            .rtcp
            .open_rtcp(Position { ssrc, index }, packet, encrypted)
            .ok_or(UnprotectError::Authentication)?;
        self.rtcp_sources.accept(ssrc, index);
        Ok(length)
    }
}

impl fmt::Debug for Unprotect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unprotect")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// Why a packet was not opened; it is to be dropped and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnprotectError {
    /// The bytes are not a packet of version 2 with a whole header and a tag, or are over 65 535.
    #[error("expected a whole SRTP or SRTCP packet of version 2")]
    Malformed,
    /// The tag does not fit: the packet was changed, forged, or sealed with other keys.
    #[error("the packet is not authentic: its tag does not fit the agreed keys")]
    Authentication,
    /// A packet with this index was opened already, or it is over 128 behind the newest.
    #[error("the packet was received before or is too old to tell")]
    Replayed,
    /// [`MAX_SOURCES`](crate::MAX_SOURCES) and
    /// [`MAX_RETIRED_SOURCES`](crate::MAX_RETIRED_SOURCES) other SSRCs were heard with these keys.
    #[error("too many SSRCs with the same keys: agree on fresh keys")]
    TooManySources,
}

impl From<Refusal> for UnprotectError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Used => Self::Replayed,
            Refusal::TooManySources => Self::TooManySources,
        }
    }
}
