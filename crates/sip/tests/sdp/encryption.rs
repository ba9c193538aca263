//! Keys in offers and answers.

use sip::sdp::{Description, MediaLine, Refused, Session};
use sip::{Codec, Security, Srtp};
use srtp::{CryptoAttribute, CryptoTag, Keys, Profile};

use crate::{offer, session_with, terms};

const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const OTHER_KEY: &str = "3GPIIHUJWzWbSWYrZe6nRKiHvAJ6vmfij3QtXp7Q";

fn encrypting(srtp: Srtp) -> Session {
    session_with(terms(&[Codec::Pcmu], srtp), 1)
}

fn stream(text: &str) -> MediaLine {
    let description = Description::parse(text).unwrap();
    description.media.into_iter().next().unwrap()
}

fn lines(stream: &MediaLine) -> Vec<CryptoAttribute> {
    stream.crypto.iter().flatten().cloned().collect()
}

fn keys(profile: Profile, first: u8) -> Keys {
    let octets: Vec<u8> = (first..).take(profile.key_and_salt_length()).collect();
    Keys::new(profile, &octets).unwrap()
}

/// A section over `protocol` with a line for each of `crypto`.
fn secured(protocol: &str, crypto: &[(u32, Keys)]) -> String {
    let mut media = format!("m=audio 5000 {protocol} 0\r\n");
    for (tag, keys) in crypto {
        let line = CryptoAttribute {
            tag: CryptoTag::new(*tag).unwrap(),
            keys: keys.clone(),
            lifetime: None,
        };
        media.push_str(&line.line());
        media.push_str("\r\n");
    }
    offer(&media)
}

#[test]
fn an_offer_that_requires_encryption_has_a_key_for_every_profile() {
    let mut session = encrypting(Srtp::Required);
    let text = session.offer();
    let stream = stream(&text);
    assert_eq!(stream.protocol, "RTP/SAVP");
    let lines = lines(&stream);
    let tags: Vec<_> = lines.iter().map(|line| line.tag.number()).collect();
    let profiles: Vec<_> = lines.iter().map(|line| line.keys.profile()).collect();
    assert_eq!(tags, [1, 2, 3]);
    assert_eq!(
        profiles,
        [
            Profile::AeadAes128Gcm,
            Profile::AesCm128HmacSha1Tag80,
            Profile::AesCm128HmacSha1Tag32,
        ]
    );
    assert_eq!(session.offer(), text, "the same keys again");
}

#[test]
fn no_two_sessions_have_a_key_in_common() {
    let of = |seed| {
        let terms = terms(&[Codec::Pcmu], Srtp::Required);
        lines(&stream(&session_with(terms, seed).offer()))
    };
    for (one, other) in of(1).into_iter().zip(of(2)) {
        assert_ne!(one.keys, other.keys);
    }
}

#[test]
fn an_offer_that_permits_encryption_can_be_taken_for_a_plain_one() {
    let stream = stream(&encrypting(Srtp::Optional).offer());
    assert_eq!(stream.protocol, "RTP/AVP");
    assert_eq!(stream.crypto.len(), 3);
    let plain = encrypting(Srtp::Off).offer();
    assert!(plain.contains("RTP/AVP 0") && !plain.contains("crypto"));
}

#[test]
fn the_first_line_that_can_be_used_is_answered_with_a_key_of_our_own() {
    let media = format!(
        "m=audio 5000 RTP/SAVP 0\r\n\
         a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP\r\n\
         a=crypto:2 AES_256_CM_HMAC_SHA1_80 inline:{KEY}\r\n\
         a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^20|1:4\r\n\
         a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^31\r\n\
         a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:{OTHER_KEY}\r\n"
    );
    for srtp in [Srtp::Optional, Srtp::Required] {
        let (answer, agreed) = encrypting(srtp).answer(&offer(&media)).unwrap();
        let Security { send, receive } = agreed.security.unwrap();
        assert_eq!(send.profile(), Profile::AesCm128HmacSha1Tag32);
        let theirs = format!("4 AES_CM_128_HMAC_SHA1_32 inline:{KEY}");
        assert_eq!(receive, CryptoAttribute::parse(&theirs).unwrap().keys);
        let stream = stream(&answer);
        assert_eq!(stream.protocol, "RTP/SAVP");
        let [line] = lines(&stream).try_into().unwrap();
        assert_eq!((line.tag.number(), &line.keys), (4, &send));
        assert_ne!(send, receive);
    }
}

#[test]
fn an_encrypted_offer_without_a_line_that_can_be_used_is_refused() {
    let media = format!(
        "m=audio 5000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNAUTHENTICATED_SRTP\r\n"
    );
    for srtp in [Srtp::Optional, Srtp::Required] {
        for media in [media.as_str(), "m=audio 5000 RTP/SAVP 0\r\n"] {
            let refused = encrypting(srtp).answer(&offer(media)).unwrap_err();
            assert_eq!(refused, Refused::NoCommonCrypto);
            assert_eq!(refused.status(), 488);
        }
    }
}

#[test]
fn keys_offered_over_the_plain_profile_are_taken_over_it() {
    let media = format!(
        "m=audio 36486 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{OTHER_KEY}\r\n"
    );
    for srtp in [Srtp::Optional, Srtp::Required] {
        let (answer, agreed) = encrypting(srtp).answer(&offer(&media)).unwrap();
        assert!(agreed.security.is_some());
        let stream = stream(&answer);
        assert_eq!(
            (stream.protocol.as_str(), stream.crypto.len()),
            ("RTP/AVP", 1)
        );
    }
    let (answer, agreed) = encrypting(Srtp::Off).answer(&offer(&media)).unwrap();
    assert_eq!(agreed.security, None);
    assert!(!answer.contains("crypto"));
}

#[test]
fn what_is_offered_without_keys_depends_on_what_is_required() {
    let plain = offer("m=audio 5000 RTP/AVP 0\r\n");
    let encrypted = secured("RTP/SAVP", &[(1, keys(Profile::AeadAes128Gcm, 1))]);
    let (_, agreed) = encrypting(Srtp::Optional).answer(&plain).unwrap();
    assert_eq!(agreed.security, None);
    let refused = encrypting(Srtp::Required).answer(&plain).unwrap_err();
    assert_eq!((refused.status(), refused), (488, Refused::NotEncrypted));
    let refused = encrypting(Srtp::Off).answer(&encrypted).unwrap_err();
    assert_eq!((refused.status(), refused), (488, Refused::Encrypted));
}

#[test]
fn of_a_plain_and_an_encrypted_stream_the_one_that_is_permitted_is_taken() {
    let both = offer(&format!(
        "m=audio 5000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n\
         m=audio 5002 RTP/AVP 0\r\n"
    ));
    for (srtp, port) in [
        (Srtp::Off, 5002),
        (Srtp::Optional, 5000),
        (Srtp::Required, 5000),
    ] {
        let (_, agreed) = encrypting(srtp).answer(&both).unwrap();
        assert_eq!(agreed.address.port(), port, "{srtp:?}");
    }
}

#[test]
fn an_answer_takes_exactly_one_of_our_lines() {
    let mut session = encrypting(Srtp::Required);
    let offered = lines(&stream(&session.offer()));
    let gcm = || keys(Profile::AeadAes128Gcm, 1);
    let long = || keys(Profile::AesCm128HmacSha1Tag80, 1);
    let foreign_suite = offer(&format!(
        "m=audio 5000 RTP/SAVP 0\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n\
         a=crypto:3 SEED_CTR_128_HMAC_SHA1_80 inline:{KEY}\r\n"
    ));
    for (answer, expected) in [
        (secured("RTP/AVP", &[]), Refused::NotEncrypted),
        (secured("RTP/AVP", &[(1, gcm())]), Refused::NotEncrypted),
        (secured("RTP/SAVP", &[]), Refused::NoCommonCrypto),
        (secured("RTP/SAVP", &[(2, gcm())]), Refused::NoCommonCrypto),
        (secured("RTP/SAVP", &[(4, gcm())]), Refused::NoCommonCrypto),
        (
            secured("RTP/SAVP", &[(1, gcm()), (2, long())]),
            Refused::NoCommonCrypto,
        ),
        (foreign_suite, Refused::NoCommonCrypto),
    ] {
        assert_eq!(session.accept_answer(&answer).unwrap_err(), expected);
        assert!(session.has_open_offer());
    }
    let answer = secured("RTP/SAVP", &[(2, long())]);
    let Security { send, receive } = session.accept_answer(&answer).unwrap().security.unwrap();
    assert_eq!((send, receive), (offered[1].keys.clone(), long()));
}

#[test]
fn an_offer_that_permits_encryption_leaves_the_choice_to_the_answer() {
    let gcm = keys(Profile::AeadAes128Gcm, 1);
    let answered = |answer: &str| {
        let mut session = encrypting(Srtp::Optional);
        session.offer();
        session.accept_answer(answer).map(|agreed| agreed.security)
    };
    assert_eq!(answered(&secured("RTP/AVP", &[])), Ok(None));
    for protocol in ["RTP/AVP", "RTP/SAVP"] {
        let security = answered(&secured(protocol, &[(1, gcm.clone())])).unwrap();
        assert_eq!(security.unwrap().receive, gcm);
        let foreign = answered(&secured(protocol, &[(9, gcm.clone())]));
        assert_eq!(foreign, Err(Refused::NoCommonCrypto));
    }
    let empty = answered(&secured("RTP/SAVP", &[]));
    assert_eq!(empty, Err(Refused::NoCommonCrypto));
}

#[test]
fn a_plain_offer_stays_plain() {
    let mut session = encrypting(Srtp::Off);
    session.offer();
    let gcm = keys(Profile::AeadAes128Gcm, 1);
    let refused = session.accept_answer(&secured("RTP/SAVP", &[(1, gcm.clone())]));
    assert_eq!(refused.unwrap_err(), Refused::Encrypted);
    let agreed = session.accept_answer(&secured("RTP/AVP", &[(1, gcm)]));
    assert_eq!(agreed.unwrap().security, None);
}

#[test]
fn new_keys_of_the_other_side_leave_ours_as_they_are() {
    let mut session = encrypting(Srtp::Optional);
    let offered = |first| secured("RTP/SAVP", &[(1, keys(Profile::AeadAes128Gcm, first))]);
    let (first_answer, first) = session.answer(&offered(1)).unwrap();
    let (_, same) = session.answer(&offered(1)).unwrap();
    assert_eq!(same, first);
    let (second_answer, second) = session.answer(&offered(2)).unwrap();
    assert_eq!(second_answer, first_answer);
    let (first, second) = (first.security.unwrap(), second.security.unwrap());
    assert_eq!(first.send, second.send);
    assert_ne!(first.receive, second.receive);
}

#[test]
fn keys_that_were_left_are_never_used_again() {
    let mut session = encrypting(Srtp::Optional);
    let mut sent = Vec::new();
    let (gcm, long) = (Profile::AeadAes128Gcm, Profile::AesCm128HmacSha1Tag80);
    for crypto in [Some(gcm), Some(long), Some(gcm), None, Some(gcm)] {
        let crypto: Vec<_> = crypto
            .map(|profile| (1, keys(profile, 1)))
            .into_iter()
            .collect();
        let (_, agreed) = session.answer(&secured("RTP/AVP", &crypto)).unwrap();
        sent.extend(agreed.security.map(|security| security.send));
    }
    assert_eq!(sent.len(), 4);
    for (index, keys) in sent.iter().enumerate() {
        assert!(!sent[..index].contains(keys), "{index}");
    }
}

#[test]
fn a_later_offer_of_ours_keeps_the_profile_and_the_keys() {
    let mut session = encrypting(Srtp::Optional);
    let theirs = secured("RTP/SAVP", &[(7, keys(Profile::AesCm128HmacSha1Tag80, 1))]);
    let (_, agreed) = session.answer(&theirs).unwrap();
    let stream = stream(&session.offer());
    assert_eq!(stream.protocol, "RTP/SAVP");
    assert_eq!(lines(&stream)[1].keys, agreed.security.unwrap().send);
}

#[test]
fn no_key_is_ever_printed() {
    let mut session = encrypting(Srtp::Required);
    let ours = session.offer();
    let theirs = offer(&format!(
        "m=audio 5000 RTP/SAVP 0\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n"
    ));
    let agreed = session.accept_answer(&theirs).unwrap();
    let printed = format!(
        "{session:?} {agreed:?} {:?} {:?}",
        Description::parse(&ours).unwrap(),
        Description::parse(&theirs).unwrap()
    );
    for text in [&ours, &theirs] {
        let keys = text.split("inline:").skip(1);
        for key in keys.map(|rest| rest.split("\r\n").next().unwrap()) {
            assert!(!printed.contains(key), "{printed}");
        }
    }
    // The same octets as numbers.
    assert!(!printed.contains("89, 83, 95") && !printed.contains("0x59"));
    for (part, broken) in [("inline", "outline"), ("c=IN IP4", "c=IN IP5")] {
        let error = session.answer(&theirs.replace(part, broken)).unwrap_err();
        let printed = format!("{error} {error:?}");
        assert!(!printed.contains("WVNf"), "{printed}");
    }
}
