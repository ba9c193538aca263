use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::{Keys, Profile, WrongKeyLength};

/// Reads keys with and without the closing `=`: some senders leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Characters of the longest key that is decoded; the longest of a supported suite has 40.
const LONGEST_KEY: usize = 64;

/// One way to secure a media stream: an `a=crypto:` line (RFC 4568 §4).
///
/// The keys of an offer or an answer are those of the media that its sender sends. An answer
/// repeats the tag and the suite of the one line it takes, with keys of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptoAttribute {
    /// Names this line among the others of the media description.
    pub tag: CryptoTag,
    /// The suite and the keys.
    pub keys: Keys,
    /// How many packets the keys are good for, if the line says so. Nothing here counts them.
    pub lifetime: Option<Lifetime>,
}

impl CryptoAttribute {
    /// Reads a line, with or without `a=crypto:` in front.
    ///
    /// Session parameters that do not change the packets are passed over: the window size hint
    /// `WSH`, and optional extensions, whose names begin with a dash (RFC 4568 §6.3).
    ///
    /// # Errors
    ///
    /// A [`ParseCryptoError`]; this line is not to be used, another of the same media description
    /// may be.
    pub fn parse(line: &str) -> Result<Self, ParseCryptoError> {
        let line = line.trim();
        let line = line.strip_prefix("a=").unwrap_or(line);
        let mut words = strip_prefix_ignoring_case(line, "crypto:")
            .unwrap_or(line)
            .split_ascii_whitespace();
        let tag = words
            .next()
            .and_then(CryptoTag::parse)
            .ok_or(ParseCryptoError::Malformed("a tag of one to nine digits"))?;
        let suite = words
            .next()
            .ok_or(ParseCryptoError::Malformed("a crypto suite after the tag"))?;
        let profile = Profile::from_suite(suite).ok_or(ParseCryptoError::UnknownSuite)?;
        let (keys, lifetime) = words
            .next()
            .ok_or(ParseCryptoError::Malformed("a key after the suite"))
            .and_then(|word| read_key(profile, word))?;
        words.try_for_each(check_session_parameter)?;
        Ok(Self {
            tag,
            keys,
            lifetime,
        })
    }

    /// The whole line, without a line end. It contains the key: it belongs in a session
    /// description and in no log.
    pub fn line(&self) -> String {
        let CryptoTag(tag) = self.tag;
        let suite = self.keys.profile().suite();
        let mut line = format!("a=crypto:{tag} {suite} inline:");
        BASE64.encode_string(self.keys.key_and_salt(), &mut line);
        if let Some(Lifetime(packets)) = self.lifetime {
            let written = if packets.is_power_of_two() {
                format!("|2^{}", packets.trailing_zeros())
            } else {
                format!("|{packets}")
            };
            line.push_str(&written);
        }
        line
    }
}

/// The tag of an `a=crypto:` line: up to nine decimal digits (RFC 4568 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CryptoTag(u32);

impl CryptoTag {
    /// The tag of an offer's first line.
    pub const FIRST: Self = Self(1);

    /// A tag, `None` when `number` has more than nine digits.
    pub const fn new(number: u32) -> Option<Self> {
        if number <= 999_999_999 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The tag as a number.
    pub const fn number(self) -> u32 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        digits(text, 9).and_then(|number| Self::new(u32::try_from(number).ok()?))
    }
}

/// How many packets a master key may protect: from 1 to 2⁴⁸ (RFC 4568 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(u64);

impl Lifetime {
    /// A lifetime, `None` when `packets` is zero or over 2⁴⁸.
    pub const fn new(packets: u64) -> Option<Self> {
        if packets > 0 && packets <= 1 << 48 {
            Some(Self(packets))
        } else {
            None
        }
    }

    /// The number of packets.
    pub const fn packets(self) -> u64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let packets = match text.strip_prefix("2^") {
            Some(exponent) => 1_u64.checked_shl(u32::try_from(digits(exponent, 3)?).ok()?)?,
            None => digits(text, 15)?,
        };
        Self::new(packets)
    }
}

/// Why a line is not to be used. No message contains any part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseCryptoError {
    /// The line does not follow the grammar.
    #[error("not a crypto attribute: expected {0}")]
    Malformed(&'static str),
    /// The suite is not one of [`Profile::ALL`].
    #[error(
        "the crypto suite is not supported: offer one of the suites of RFC 4568 or RFC 7714 with a 128-bit key"
    )]
    UnknownSuite,
    /// The line asks for something that would change the packets and is not supported.
    #[error("{0} is not supported: offer a line without it")]
    Unsupported(&'static str),
    /// The key is not as long as the suite needs.
    #[error(transparent)]
    KeyLength(#[from] WrongKeyLength),
}

/// Reads `inline:<key and salt>[|lifetime]`.
fn read_key(profile: Profile, word: &str) -> Result<(Keys, Option<Lifetime>), ParseCryptoError> {
    if word.contains(';') {
        return Err(ParseCryptoError::Unsupported("more than one master key"));
    }
    let mut parts = strip_prefix_ignoring_case(word, "inline:")
        .ok_or(ParseCryptoError::Malformed("the key method inline:"))?
        .split('|');
    let encoded = parts.next().unwrap_or_default();
    let rest: (Option<&str>, Option<&str>) = (parts.next(), parts.next());
    let lifetime = match rest {
        (None, None) => None,
        (Some(part), None) if !part.contains(':') => Some(Lifetime::parse(part).ok_or(
            ParseCryptoError::Malformed("a lifetime from 1 to 2^48 packets"),
        )?),
        _ => {
            return Err(ParseCryptoError::Unsupported(
                "a master key identifier (MKI)",
            ));
        }
    };
    let mut decoded = Zeroizing::new([0; LONGEST_KEY]);
    let length = Some(encoded)
        .filter(|encoded| encoded.len() <= LONGEST_KEY)
        .and_then(|encoded| BASE64.decode_slice(encoded, decoded.as_mut_slice()).ok())
        .ok_or(ParseCryptoError::Malformed("a key and salt in base64"))?;
    let keys = Keys::new(profile, decoded.get(..length).unwrap_or_default())?;
    Ok((keys, lifetime))
}

/// Accepts a session parameter that may be passed over (RFC 4568 §6.3). Names are given back from
/// a fixed list, because a parameter such as `FEC_KEY` holds a key.
fn check_session_parameter(word: &str) -> Result<(), ParseCryptoError> {
    const REFUSED: [&str; 6] = [
        "KDR",
        "UNENCRYPTED_SRTP",
        "UNENCRYPTED_SRTCP",
        "UNAUTHENTICATED_SRTP",
        "FEC_ORDER",
        "FEC_KEY",
    ];
    if word.starts_with('-') {
        return Ok(());
    }
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    if name.eq_ignore_ascii_case("WSH") {
        return digits(value, 9)
            .map(|_hint| ())
            .ok_or(ParseCryptoError::Malformed("a number after WSH="));
    }
    let refused = REFUSED
        .into_iter()
        .find(|refused| refused.eq_ignore_ascii_case(name));
    Err(ParseCryptoError::Unsupported(
        refused.unwrap_or("an unknown session parameter"),
    ))
}

/// A decimal number of one to `most` digits and nothing else.
fn digits(text: &str, most: usize) -> Option<u64> {
    let plain = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    fn error(line: &str) -> ParseCryptoError {
        CryptoAttribute::parse(line).unwrap_err()
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        let line = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20");
        let crypto = CryptoAttribute::parse(&line).unwrap();
        assert_eq!(crypto.tag, CryptoTag::FIRST);
        assert_eq!(crypto.keys.profile(), Profile::AesCm128HmacSha1Tag80);
        assert_eq!(
            crypto.keys.key_and_salt(),
            b"YS___semctl () {\t220;}\n}\nunles"
        );
        assert_eq!(crypto.lifetime, Lifetime::new(1 << 20));
        assert_eq!(crypto.line(), line);
    }

    #[test]
    fn a_key_without_its_closing_signs_is_read() {
        let keys = Keys::new(Profile::AeadAes128Gcm, &[5; 28]).unwrap();
        let crypto = CryptoAttribute {
            tag: CryptoTag::FIRST,
            keys,
            lifetime: None,
        };
        let line = crypto.line();
        assert!(line.ends_with("=="));
        assert_eq!(
            CryptoAttribute::parse(line.trim_end_matches('=')),
            Ok(crypto)
        );
    }

    #[test]
    fn what_would_change_the_packets_is_refused_by_name() {
        let with = |ending: &str| error(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{ending}"));
        let mki = ParseCryptoError::Unsupported("a master key identifier (MKI)");
        assert_eq!(with("|1:4"), mki);
        assert_eq!(with("|2^20|1:4"), mki);
        assert_eq!(
            with(&format!(";inline:{KEY}")),
            ParseCryptoError::Unsupported("more than one master key")
        );
        assert_eq!(with(" KDR=0"), ParseCryptoError::Unsupported("KDR"));
        assert_eq!(
            with(" UNENCRYPTED_SRTCP"),
            ParseCryptoError::Unsupported("UNENCRYPTED_SRTCP")
        );
        assert_eq!(
            with(" WSH=64 surprise=1"),
            ParseCryptoError::Unsupported("an unknown session parameter")
        );
    }

    #[test]
    fn what_may_be_passed_over_is() {
        let line = format!("crypto:7 aes_cm_128_hmac_sha1_32 INLINE:{KEY} WSH=64 -new=1\r\n");
        let crypto = CryptoAttribute::parse(&line).unwrap();
        assert_eq!(crypto.tag.number(), 7);
        assert_eq!(crypto.keys.profile(), Profile::AesCm128HmacSha1Tag32);
    }

    #[test]
    fn a_line_that_is_not_one_is_refused() {
        assert_eq!(
            error(&format!("1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}")),
            ParseCryptoError::UnknownSuite
        );
        for line in [
            "".to_owned(),
            "1".to_owned(),
            "1 AES_CM_128_HMAC_SHA1_80".to_owned(),
            format!("0000000001 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
            format!("+1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
            format!("1 AES_CM_128_HMAC_SHA1_80 outline:{KEY}"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}!"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{KEY}"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^49"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^99"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|0"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|"),
        ] {
            assert!(
                matches!(error(&line), ParseCryptoError::Malformed(_)),
                "{line}"
            );
        }
        assert!(matches!(
            error(&format!("1 AEAD_AES_128_GCM inline:{KEY}")),
            ParseCryptoError::KeyLength(_)
        ));
    }

    #[test]
    fn no_error_and_no_attribute_shows_the_key() {
        let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
        let shown = format!("{:?}", CryptoAttribute::parse(&line).unwrap());
        assert!(
            !shown.contains("WVNf") && !shown.contains("semctl"),
            "{shown}"
        );
        let shown = format!("{}", error(&format!("{line} FEC_KEY=inline:{KEY}")));
        assert_eq!(shown, "FEC_KEY is not supported: offer a line without it");
    }

    proptest! {
        #[test]
        fn every_attribute_survives_its_line(
            profile in prop::sample::select(Profile::ALL.to_vec()),
            bytes in prop::array::uniform30(any::<u8>()),
            tag in 0_u32..1_000_000_000,
            lifetime in prop::option::of(1_u64..=1 << 48),
        ) {
            let crypto = CryptoAttribute {
                tag: CryptoTag::new(tag).unwrap(),
                keys: Keys::new(profile, &bytes[..profile.key_and_salt_length()]).unwrap(),
                lifetime: lifetime.and_then(Lifetime::new),
            };
            prop_assert_eq!(CryptoAttribute::parse(&crypto.line()), Ok(crypto));
        }

        #[test]
        fn no_text_makes_the_parser_panic(
            text in r"(a=)?(crypto:)?[0-9]{0,10} ?(AES_CM_128_HMAC_SHA1_80|\PC*) ?(inline:)?\PC*",
        ) {
            let _result = CryptoAttribute::parse(&text);
        }
    }
}
