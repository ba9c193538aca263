use aes::Aes128Enc;
use ctr::CtrCore;
use ctr::cipher::{InnerIvInit, StreamCipherCore};
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::cipher::{ENCRYPTED, Position, TRAILER};
use crate::derivation::SessionKeys;
use crate::keys::SALT;
use crate::packet::RTCP_HEADER;

/// AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1).
///
/// The tag of an RTP packet covers the rollover counter too, which is not sent. An RTCP packet
/// ends with the trailer and then the tag, which covers the trailer.
pub(crate) struct CounterMode {
    aes: Aes128Enc,
    mac: Hmac<Sha1>,
    salt: Zeroizing<[u8; SALT]>,
    tag: usize,
}

impl CounterMode {
    /// `tag` is the length of the tag in octets, at most 20.
    pub(crate) fn new(keys: &SessionKeys, tag: usize) -> Self {
        Self {
            aes: Aes128Enc::new((&*keys.encryption).into()),
            mac: Hmac::new_from_slice(keys.authentication.as_slice())
                .expect("HMAC takes a key of any length"),
            salt: keys.salt.clone(),
            tag,
        }
    }

    pub(crate) const fn tag_length(&self) -> usize {
        self.tag
    }

    pub(crate) fn seal_rtp(
        &self,
        position: Position,
        buffer: &mut [u8],
        length: usize,
        header: usize,
    ) -> Option<usize> {
        let (packet, room) = buffer.split_at_mut_checked(length)?;
        let tag = room.get_mut(..self.tag)?;
        self.apply_key_stream(position, packet.get_mut(header..)?);
        self.write_tag(self.authenticate(packet, rollover(position)), tag);
        Some(length + self.tag)
    }

    pub(crate) fn open_rtp(
        &self,
        position: Position,
        packet: &mut [u8],
        header: usize,
    ) -> Option<usize> {
        let length = packet.len().checked_sub(self.tag)?;
        let (packet, tag) = packet.split_at_mut_checked(length)?;
        self.authenticate(packet, rollover(position))
            .verify_truncated_left(tag)
            .ok()?;
        self.apply_key_stream(position, packet.get_mut(header..)?);
        Some(length)
    }

    pub(crate) fn seal_rtcp(
        &self,
        position: Position,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        let (packet, room) = buffer.split_at_mut_checked(length)?;
        let (trailer, room) = room.split_first_chunk_mut::<TRAILER>()?;
        let tag = room.get_mut(..self.tag)?;
        self.apply_key_stream(position, packet.get_mut(RTCP_HEADER..)?);
        *trailer = (position.index as u32 | ENCRYPTED).to_be_bytes();
        self.write_tag(self.authenticate(packet, *trailer), tag);
        Some(length + TRAILER + self.tag)
    }

    pub(crate) fn open_rtcp(
        &self,
        position: Position,
        packet: &mut [u8],
        encrypted: bool,
    ) -> Option<usize> {
        let signed = packet.len().checked_sub(self.tag)?;
        let (packet, tag) = packet.split_at_mut_checked(signed)?;
        let (packet, trailer) = packet.split_last_chunk_mut::<TRAILER>()?;
        self.authenticate(packet, *trailer)
            .verify_truncated_left(tag)
            .ok()?;
        let body = packet.get_mut(RTCP_HEADER..)?;
        if encrypted {
            self.apply_key_stream(position, body);
        }
        Some(packet.len())
    }

    fn apply_key_stream(&self, position: Position, body: &mut [u8]) {
        let mut nonce = [0; 16];
        let (mixed, _block_counter) = nonce.split_at_mut(SALT);
        mixed.copy_from_slice(self.salt.as_slice());
        position.mix_into(mixed);
        apply_key_stream(&self.aes, &nonce, body);
    }

    fn authenticate(&self, packet: &[u8], ending: [u8; 4]) -> Hmac<Sha1> {
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(&ending);
        mac
    }

    fn write_tag(&self, mac: Hmac<Sha1>, tag: &mut [u8]) {
        for (to, from) in tag.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
    }
}

/// Applies the key stream of AES in counter mode that starts with `block` (RFC 3711 §4.1.1).
pub(crate) fn apply_key_stream(aes: &Aes128Enc, block: &[u8; 16], data: &mut [u8]) {
    CtrCore::<_, Ctr128BE>::inner_iv_init(aes, block.into()).apply_keystream_partial(data.into());
}

fn rollover(position: Position) -> [u8; 4] {
    ((position.index >> 16) as u32).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::tests::session_keys;

    /// RFC 3711 appendix B.2: SSRC, rollover counter and sequence number are zero.
    #[test]
    fn the_key_stream_follows_the_vectors_of_rfc_3711() {
        let keys = session_keys(
            "2B7E151628AED2A6ABF7158809CF4F3C",
            "F0F1F2F3F4F5F6F7F8F9FAFBFCFD",
        );
        let position = Position { ssrc: 0, index: 0 };
        let mut stream = vec![0; 0xFF02 * 16];
        CounterMode::new(&keys, 10).apply_key_stream(position, &mut stream);
        assert_eq!(
            hex::encode_upper(&stream[..48]),
            "E03EAD0935C95E80E166B16DD92B4EB4\
             D23513162B02D0F72A43A2FE4A5F97AB\
             41E95B3BB0A2E8DD477901E4FCA894C0"
        );
        assert_eq!(
            hex::encode_upper(&stream[0xFEFF * 16..]),
            "EC8CDF7398607CB0F2D21675EA9EA1E4\
             362B7C3C6773516318A077D7FC5073AE\
             6A2CC3787889374FBEB4C81B17BA6C44"
        );
    }
}
