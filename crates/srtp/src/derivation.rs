use aes::Aes128Enc;
use ctr::cipher::KeyInit;
use zeroize::Zeroizing;

use crate::counter_mode::apply_key_stream;
use crate::keys::{KEY, Keys, SALT};

/// Octets of the key of HMAC-SHA1 (RFC 3711 §5.2).
pub(crate) const AUTHENTICATION_KEY: usize = 20;

/// Which of the two kinds of packet a session key is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Rtp,
    Rtcp,
}

/// The session keys of one kind of packet, derived from the master key with a key derivation
/// rate of zero: once for the life of the master key (RFC 3711 §4.3).
pub(crate) struct SessionKeys {
    pub(crate) encryption: Zeroizing<[u8; KEY]>,
    pub(crate) authentication: Zeroizing<[u8; AUTHENTICATION_KEY]>,
    pub(crate) salt: Zeroizing<[u8; SALT]>,
}

impl SessionKeys {
    pub(crate) fn derive(keys: &Keys, kind: Kind) -> Self {
        let first_label = match kind {
            Kind::Rtp => 0,
            Kind::Rtcp => 3,
        };
        let aes = Aes128Enc::new(keys.master_key().into());
        let salt = keys.padded_master_salt();
        Self {
            encryption: pseudo_random(&aes, salt, first_label),
            authentication: pseudo_random(&aes, salt, first_label + 1),
            salt: pseudo_random(&aes, salt, first_label + 2),
        }
    }
}

/// The AES counter-mode pseudo-random function over a label (RFC 3711 §4.3.3).
fn pseudo_random<const N: usize>(
    aes: &Aes128Enc,
    salt: &[u8; SALT],
    label: u8,
) -> Zeroizing<[u8; N]> {
    let mut block = Zeroizing::new([0; 16]);
    block[..SALT].copy_from_slice(salt);
    block[7] ^= label;
    let mut out = Zeroizing::new([0; N]);
    apply_key_stream(aes, &block, out.as_mut_slice());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    /// RFC 3711 appendix B.3.
    #[test]
    fn session_keys_follow_the_vectors_of_rfc_3711() {
        let master =
            hex::decode("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6").unwrap();
        let keys = Keys::new(Profile::AesCm128HmacSha1Tag80, &master).unwrap();
        let session = SessionKeys::derive(&keys, Kind::Rtp);
        assert_eq!(
            hex::encode_upper(*session.encryption),
            "C61E7A93744F39EE10734AFE3FF7A087"
        );
        assert_eq!(
            hex::encode_upper(*session.salt),
            "30CBBC08863D8C85D49DB34A9AE1"
        );

        // The published authentication key is 94 octets of the same stream; HMAC-SHA1 takes 20.
        let aes = Aes128Enc::new(keys.master_key().into());
        let long: Zeroizing<[u8; 94]> = pseudo_random(&aes, keys.padded_master_salt(), 1);
        assert_eq!(
            hex::encode_upper(*long),
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE\
             E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25\
             6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2"
        );
        assert_eq!(*session.authentication, long[..AUTHENTICATION_KEY]);
    }

    #[test]
    fn rtp_and_rtcp_have_different_session_keys() {
        let keys = Keys::new(Profile::AeadAes128Gcm, &[9; 28]).unwrap();
        let rtp = SessionKeys::derive(&keys, Kind::Rtp);
        let rtcp = SessionKeys::derive(&keys, Kind::Rtcp);
        assert_ne!(rtp.encryption, rtcp.encryption);
        assert_ne!(rtp.authentication, rtcp.authentication);
        assert_ne!(rtp.salt, rtcp.salt);
    }
}
