//! The name of this side.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A canonical name that means nothing to anybody: 96 random bits in base64, as
/// RFC 7022 §4.2 has it for names that live as long as a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cname([u8; Self::LEN]);

impl Cname {
    /// Octets of every name.
    pub const LEN: usize = 16;

    /// The name made of these random bits.
    pub fn new(random: [u8; 12]) -> Self {
        let mut name = [0; Self::LEN];
        let (triples, _) = random.as_chunks::<3>();
        let (quads, _) = name.as_chunks_mut::<4>();
        for (quad, [a, b, c]) in quads.iter_mut().zip(triples) {
            let bits = u32::from_be_bytes([0, *a, *b, *c]);
            *quad = [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize]);
        }
        Self(name)
    }

    /// The name in ASCII.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_base64_of_its_bits() {
        assert_eq!(Cname::new(*b"Many hands m").as_bytes(), b"TWFueSBoYW5kcyBt");
        assert_eq!(Cname::new([0xFF; 12]).as_bytes(), &[b'/'; 16]);
    }
}
