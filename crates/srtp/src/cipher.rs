use crate::counter_mode::CounterMode;
use crate::derivation::{Kind, SessionKeys};
use crate::galois::Galois;
use crate::keys::{Keys, Profile};

/// The flag of an SRTCP trailer that says that the packet is encrypted (RFC 3711 §3.4).
pub(crate) const ENCRYPTED: u32 = 1 << 31;

/// Octets of the SRTCP trailer: the flag and a 31-bit index.
pub(crate) const TRAILER: usize = 4;

/// What makes the key stream of each packet its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) ssrc: u32,
    /// The 48-bit index of an RTP packet or the 31-bit index of an RTCP packet.
    pub(crate) index: u64,
}

impl Position {
    /// Mixes the position into a salt: the SSRC and six octets of index end two octets before
    /// the end of a 14-octet salt (RFC 3711 §4.1.1) and at the end of a 12-octet one
    /// (RFC 7714 §8.1, §9.1), which is the same offset from the right end of the nonce.
    pub(crate) fn mix_into(self, nonce: &mut [u8]) {
        let ssrc = self.ssrc.to_be_bytes();
        let [_, _, index @ ..] = self.index.to_be_bytes();
        let position = ssrc.iter().chain(&index).rev();
        for (octet, mixed) in nonce.iter_mut().rev().zip(position) {
            *octet ^= mixed;
        }
    }
}

/// The transform of one kind of packet with its session keys.
///
/// All work in place; a packet that fails to open is left as it was.
pub(crate) enum Cipher {
    CounterMode(Box<CounterMode>),
    Galois(Box<Galois>),
}

impl Cipher {
    pub(crate) fn new(keys: &Keys, kind: Kind) -> Self {
        Self::with(keys.profile(), &SessionKeys::derive(keys, kind), kind)
    }

    pub(crate) fn with(profile: Profile, keys: &SessionKeys, kind: Kind) -> Self {
        let tag = match (profile, kind) {
            (Profile::AeadAes128Gcm, _) => return Self::Galois(Box::new(Galois::new(keys))),
            (Profile::AesCm128HmacSha1Tag32, Kind::Rtp) => 4,
            (Profile::AesCm128HmacSha1Tag32, Kind::Rtcp) | (Profile::AesCm128HmacSha1Tag80, _) => {
                10
            }
        };
        Self::CounterMode(Box::new(CounterMode::new(keys, tag)))
    }

    /// Seals the RTP packet in the first `length` octets, of which `header` stay clear, and gives
    /// the new length; `None` when the buffer has no room for the tag.
    pub(crate) fn seal_rtp(
        &self,
        position: Position,
        buffer: &mut [u8],
        length: usize,
        header: usize,
    ) -> Option<usize> {
        match self {
            Self::CounterMode(cipher) => cipher.seal_rtp(position, buffer, length, header),
            Self::Galois(cipher) => cipher.seal_rtp(position, buffer, length, header),
        }
    }

    /// Opens an RTP packet and gives its length without the tag; `None` when it is not authentic.
    pub(crate) fn open_rtp(
        &self,
        position: Position,
        packet: &mut [u8],
        header: usize,
    ) -> Option<usize> {
        match self {
            Self::CounterMode(cipher) => cipher.open_rtp(position, packet, header),
            Self::Galois(cipher) => cipher.open_rtp(position, packet, header),
        }
    }

    /// Seals and encrypts the RTCP packet in the first `length` octets, and gives the new length;
    /// `None` when the buffer has no room for the trailer and the tag.
    pub(crate) fn seal_rtcp(
        &self,
        position: Position,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        match self {
            Self::CounterMode(cipher) => cipher.seal_rtcp(position, buffer, length),
            Self::Galois(cipher) => cipher.seal_rtcp(position, buffer, length),
        }
    }

    /// The trailer that an RTCP packet carries: flag and index.
    pub(crate) fn rtcp_trailer(&self, packet: &[u8]) -> Option<u32> {
        let after = match self {
            Self::CounterMode(cipher) => cipher.tag_length(),
            Self::Galois(_) => 0,
        };
        let end = packet.len().checked_sub(after)?;
        packet
            .get(..end)?
            .last_chunk()
            .map(|trailer| u32::from_be_bytes(*trailer))
    }

    /// Opens an RTCP packet and gives its length without trailer and tag; `None` when it is not
    /// authentic. A packet whose trailer says that it is not encrypted is only authenticated.
    pub(crate) fn open_rtcp(
        &self,
        position: Position,
        packet: &mut [u8],
        encrypted: bool,
    ) -> Option<usize> {
        match self {
            Self::CounterMode(cipher) => cipher.open_rtcp(position, packet, encrypted),
            Self::Galois(cipher) => cipher.open_rtcp(position, packet, encrypted),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use zeroize::Zeroizing;

    use super::*;

    pub(crate) fn session_keys(key: &str, salt: &str) -> SessionKeys {
        let mut keys = SessionKeys {
            encryption: Zeroizing::new([0; 16]),
            authentication: Zeroizing::new([0; 20]),
            salt: Zeroizing::new([0; 14]),
        };
        hex::decode_to_slice(key, keys.encryption.as_mut_slice()).unwrap();
        hex::decode_to_slice(salt, &mut keys.salt[..salt.len() / 2]).unwrap();
        keys
    }
}
