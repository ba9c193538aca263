use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use zeroize::Zeroizing;

use crate::cipher::{ENCRYPTED, Position, TRAILER};
use crate::derivation::SessionKeys;
use crate::packet::RTCP_HEADER;

const TAG: usize = 16;
const SALT: usize = 12;

/// AES in Galois/counter mode (RFC 7714).
///
/// The clear header is associated data. An RTCP packet ends with the tag and then the trailer,
/// which is associated data too.
pub(crate) struct Galois {
    aes: Aes128Gcm,
    salt: Zeroizing<[u8; SALT]>,
}

impl Galois {
    pub(crate) fn new(keys: &SessionKeys) -> Self {
        let mut salt = Zeroizing::new([0; SALT]);
        for (to, from) in salt.iter_mut().zip(keys.salt.iter()) {
            *to = *from;
        }
        Self {
            aes: Aes128Gcm::new((&*keys.encryption).into()),
            salt,
        }
    }

    pub(crate) fn seal_rtp(
        &self,
        position: Position,
        buffer: &mut [u8],
        length: usize,
        header: usize,
    ) -> Option<usize> {
        let (packet, room) = buffer.split_at_mut_checked(length)?;
        let tag = room.first_chunk_mut::<TAG>()?;
        let (header, body) = packet.split_at_mut_checked(header)?;
        *tag = self.seal(position, header, body)?;
        Some(length + TAG)
    }

    pub(crate) fn open_rtp(
        &self,
        position: Position,
        packet: &mut [u8],
        header: usize,
    ) -> Option<usize> {
        let (packet, tag) = packet.split_last_chunk_mut::<TAG>()?;
        let length = packet.len();
        let (header, body) = packet.split_at_mut_checked(header)?;
        self.open(position, header, body, tag)?;
        Some(length)
    }

    pub(crate) fn seal_rtcp(
        &self,
        position: Position,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        let (packet, room) = buffer.split_at_mut_checked(length)?;
        let (tag, room) = room.split_first_chunk_mut::<TAG>()?;
        let trailer = room.first_chunk_mut::<TRAILER>()?;
        let (header, body) = packet.split_first_chunk_mut::<RTCP_HEADER>()?;
        *trailer = (position.index as u32 | ENCRYPTED).to_be_bytes();
        *tag = self.seal(position, &joined(header, trailer), body)?;
        Some(length + TAG + TRAILER)
    }

    pub(crate) fn open_rtcp(
        &self,
        position: Position,
        packet: &mut [u8],
        encrypted: bool,
    ) -> Option<usize> {
        let (sealed, trailer) = packet.split_last_chunk_mut::<TRAILER>()?;
        let (plain, tag) = sealed.split_last_chunk_mut::<TAG>()?;
        let length = plain.len();
        if encrypted {
            let (header, body) = plain.split_first_chunk_mut::<RTCP_HEADER>()?;
            self.open(position, &joined(header, trailer), body, tag)?;
            return Some(length);
        }
        // The associated data is the packet and the trailer in one piece, so the trailer stands
        // in front of the tag while the tag is checked.
        packet.get_mut(length..)?.rotate_right(TRAILER);
        let (associated, tag) = packet.split_last_chunk_mut::<TAG>()?;
        let opened = self.open(position, associated, &mut [], tag);
        packet.get_mut(length..)?.rotate_left(TRAILER);
        opened.map(|()| length)
    }

    fn seal(&self, position: Position, associated: &[u8], body: &mut [u8]) -> Option<[u8; TAG]> {
        self.aes
            .encrypt_inout_detached(&self.nonce(position).into(), associated, body.into())
            .ok()
            .map(Into::into)
    }

    /// Leaves `body` as it was when the tag is wrong: it is checked over the encrypted octets.
    fn open(
        &self,
        position: Position,
        associated: &[u8],
        body: &mut [u8],
        tag: &[u8; TAG],
    ) -> Option<()> {
        self.aes
            .decrypt_inout_detached(
                &self.nonce(position).into(),
                associated,
                body.into(),
                tag.into(),
            )
            .ok()
    }

    fn nonce(&self, position: Position) -> [u8; SALT] {
        let mut nonce = *self.salt;
        position.mix_into(&mut nonce);
        nonce
    }
}

fn joined(header: &[u8; RTCP_HEADER], trailer: &[u8; TRAILER]) -> [u8; RTCP_HEADER + TRAILER] {
    let mut joined = [0; RTCP_HEADER + TRAILER];
    for (to, from) in joined.iter_mut().zip(header.iter().chain(trailer)) {
        *to = *from;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::tests::session_keys;

    const RTP: Position = Position {
        ssrc: 0x5501_A0B2,
        index: 0xF17B,
    };
    const RTP_PLAIN: &str = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976\
                             69736120696e207061727465732074726573";
    const RTP_SEALED: &str = "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd5\
                              0d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee439\
                              0cce";

    const RTCP: Position = Position {
        ssrc: 0x4D61_7273,
        index: 0x5D4,
    };
    const RTCP_PLAIN: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
                              deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    const RTCP_SEALED: &str = "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32d\
                               c676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf872\
                               45d9eade800005d4";
    const RTCP_TAGGED: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
                               deadbeefdeadbeefdeadbeefdeadbeefdeadbeef841dd9683dd78ec92ae58790\
                               125f62b3000005d4";

    fn published() -> Galois {
        Galois::new(&session_keys(
            "000102030405060708090a0b0c0d0e0f",
            "517569642070726f2071756f",
        ))
    }

    #[test]
    fn the_nonce_follows_rfc_7714() {
        assert_eq!(
            hex::encode(published().nonce(RTP)),
            "51753c6580c2726f20718414"
        );
        assert_eq!(
            hex::encode(published().nonce(RTCP)),
            "517524055203726f207170bb"
        );
    }

    /// RFC 7714 §16.1.
    #[test]
    fn rtp_follows_the_vectors_of_rfc_7714() {
        let mut buffer = hex::decode(RTP_PLAIN).unwrap();
        let plain = buffer.len();
        buffer.resize(plain + TAG, 0);
        let sealed = published().seal_rtp(RTP, &mut buffer, plain, 12);
        assert_eq!(sealed, Some(plain + TAG));
        assert_eq!(hex::encode(&buffer), RTP_SEALED);
        assert_eq!(published().open_rtp(RTP, &mut buffer, 12), Some(plain));
        assert_eq!(hex::encode(&buffer[..plain]), RTP_PLAIN);
    }

    /// RFC 7714 §17.1.
    #[test]
    fn rtcp_follows_the_vectors_of_rfc_7714() {
        let mut buffer = hex::decode(RTCP_PLAIN).unwrap();
        let plain = buffer.len();
        buffer.resize(plain + TAG + TRAILER, 0);
        let sealed = published().seal_rtcp(RTCP, &mut buffer, plain);
        assert_eq!(sealed, Some(buffer.len()));
        assert_eq!(hex::encode(&buffer), RTCP_SEALED);
        assert_eq!(published().open_rtcp(RTCP, &mut buffer, true), Some(plain));
        assert_eq!(hex::encode(&buffer[..plain]), RTCP_PLAIN);
    }

    /// RFC 7714 §17.3.
    #[test]
    fn unencrypted_rtcp_is_authenticated() {
        let mut buffer = hex::decode(RTCP_TAGGED).unwrap();
        let opened = published().open_rtcp(RTCP, &mut buffer, false);
        assert_eq!(opened, Some(RTCP_PLAIN.len() / 2));
        assert_eq!(hex::encode(&buffer[..RTCP_PLAIN.len() / 2]), RTCP_PLAIN);
        assert_eq!(hex::encode(&buffer), RTCP_TAGGED);

        buffer[20] ^= 1;
        let forged = buffer.clone();
        assert_eq!(published().open_rtcp(RTCP, &mut buffer, false), None);
        assert_eq!(buffer, forged);
    }
}
