//! What holds for every description.

use std::net::SocketAddr;

use audio::SampleRate;
use proptest::prelude::*;
use sip::sdp::{
    Address, Description, Direction, Mapping, MediaLine, Origin, Parameter, Refused, RtcpPort,
    Session, Terms,
};
use sip::{Codec, CodecList, RemoteMedia, Rtcp, Security, Srtp};
use srtp::{CryptoAttribute, CryptoTag, Keys, Profile};

use crate::{offer, session_with};

fn addresses() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| Address::Ip(octets.into())),
        any::<[u8; 16]>().prop_map(|octets| Address::Ip(octets.into())),
        "[a-z]{1,9}\\.example".prop_map(Address::Name),
    ]
}

fn directions() -> impl Strategy<Value = Direction> {
    (any::<bool>(), any::<bool>()).prop_map(|(send, receive)| Direction::new(send, receive))
}

prop_compose! {
    fn mappings()(
        payload_type in 0..128u8,
        encoding in "(PCMU|pcma|PCMA|G722|telephone-event|opus|L16|CN)",
        clock in prop_oneof![Just(8_000_u32), Just(16_000), Just(48_000), any::<u32>()],
        channels in proptest::option::of(0..4u8),
    ) -> Mapping {
        Mapping { payload_type, encoding, clock, channels }
    }
}

prop_compose! {
    fn crypto_lines()(
        tag in 1..1_000_u32,
        profile in proptest::sample::select(Profile::ALL.to_vec()),
        octets in any::<[u8; 30]>(),
    ) -> CryptoAttribute {
        let octets = &octets[..profile.key_and_salt_length()];
        CryptoAttribute {
            tag: CryptoTag::new(tag).unwrap(),
            keys: Keys::new(profile, octets).unwrap(),
            lifetime: None,
        }
    }
}

prop_compose! {
    fn terms()(
        codecs in proptest::sample::subsequence(Codec::ALL.to_vec(), 1..=Codec::ALL.len()).prop_shuffle(),
        srtp in proptest::sample::select(vec![Srtp::Off, Srtp::Optional, Srtp::Required]),
        comfort_noise in any::<bool>(),
    ) -> Terms {
        Terms { codecs: CodecList::new(codecs).unwrap(), srtp, comfort_noise }
    }
}

prop_compose! {
    fn media_lines()(
        kind in "(audio|audio|audio|video|image)",
        port in prop_oneof![Just(0u16), any::<u16>()],
        protocol in "(RTP/AVP|RTP/AVP|RTP/SAVP|RTP/SAVP|udptl)",
        formats in proptest::collection::vec("[0-9]{1,3}", 1..6),
        address in proptest::option::of(addresses()),
        direction in proptest::option::of(directions()),
        mappings in proptest::collection::vec(mappings(), 0..4),
        parameters in proptest::collection::vec((0..128u8, "[ -~]{0,12}"), 0..3),
        (packet_time, max_packet_time) in any::<(Option<u16>, Option<u16>)>(),
        rtcp_mux in any::<bool>(),
        rtcp in proptest::option::of((1..u16::MAX, proptest::option::of(addresses()))),
        crypto in proptest::collection::vec(crypto_lines(), 0..4),
    ) -> MediaLine {
        let rtcp = rtcp.map(|(port, address)| RtcpPort { port, address });
        let parameters = parameters
            .into_iter()
            .map(|(payload_type, value)| {
                Parameter { payload_type, value: value.trim_end().to_owned() }
            })
            .collect();
        MediaLine {
            kind, port, protocol, formats, address, direction, mappings, parameters, packet_time,
            max_packet_time, rtcp_mux, rtcp, crypto: crypto.into_iter().map(Ok).collect(),
        }
    }
}

prop_compose! {
    fn descriptions()(
        (session_id, version) in any::<(u64, u64)>(),
        origin in addresses(),
        address in proptest::option::of(addresses()),
        direction in proptest::option::of(directions()),
        media in proptest::collection::vec(media_lines(), 1..5),
    ) -> Description {
        let origin = Origin { username: "-".to_owned(), session_id, version, address: origin };
        Description { origin, address, direction, media }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(description in descriptions()) {
        let text = description.to_string();
        let mut read = Description::parse(&text).unwrap();
        // An empty parameter is written as a bare payload type, which says nothing.
        let mut written = description;
        for line in written.media.iter_mut().chain(read.media.iter_mut()) {
            line.parameters.retain(|parameter| !parameter.value.is_empty());
        }
        prop_assert_eq!(read, written);
    }

    #[test]
    fn no_text_makes_it_panic(
        terms in terms(),
        octets in proptest::collection::vec(any::<u8>(), 0..300),
        lines in proptest::collection::vec(LINES, 0..16),
    ) {
        for text in [String::from_utf8_lossy(&octets).into_owned(), lines.concat()] {
            let _ = Description::parse(&text);
            for text in [offer(&text), format!("v=0\r\n{text}")] {
                let mut session = session_with(terms.clone(), 1);
                let _ = session.preview_offer(&text);
                let _ = session.answer(&text);
                session.offer();
                let _ = session.accept_answer(&text);
                session.offer();
            }
        }
    }

    #[test]
    fn an_answer_fits_its_offer(terms in terms(), description in descriptions()) {
        let srtp = terms.srtp;
        let mut session = session_with(terms, 1);
        let Ok((answer, agreed)) = session.answer(&description.to_string()) else {
            return Ok(());
        };
        let answer = Description::parse(&answer).unwrap();
        prop_assert_eq!(answer.media.len(), description.media.len());
        let live: Vec<_> = answer.media.iter().zip(&description.media).filter(|(a, _)| a.port != 0).collect();
        prop_assert_eq!(live.len(), 1);
        for (ours, theirs) in answer.media.iter().zip(&description.media) {
            prop_assert_eq!((&ours.kind, &ours.protocol), (&theirs.kind, &theirs.protocol));
            for format in &ours.formats {
                prop_assert!(theirs.formats.iter().any(|f| f.parse::<u16>().ok() == format.parse().ok()));
            }
        }
        let (ours, theirs) = live[0];
        let stated = theirs.direction.or(description.direction).unwrap_or(Direction::SendReceive);
        let direction = ours.direction.unwrap();
        prop_assert!(!direction.receives() || stated.sends());
        prop_assert!(!direction.sends() || stated.receives());
        prop_assert_eq!((agreed.we_send, agreed.we_receive), (direction.sends(), direction.receives()));
        prop_assert!(!agreed.we_send || !agreed.address.ip().is_unspecified());
        prop_assert!(!ours.rtcp_mux || theirs.rtcp_mux);
        prop_assert_eq!(ours.rtcp_mux, agreed.rtcp == Rtcp::Muxed);
        prop_assert_eq!(usize::from(agreed.security.is_some()), ours.crypto.len());
        prop_assert!(srtp != Srtp::Required || agreed.security.is_some());
        prop_assert!(theirs.protocol != "RTP/SAVP" || agreed.security.is_some());
        for crypto in ours.crypto.iter().flatten() {
            let fits = |other: &CryptoAttribute| {
                other.tag == crypto.tag && other.keys.profile() == crypto.keys.profile()
            };
            prop_assert!(theirs.crypto.iter().flatten().any(fits));
        }
    }

    #[test]
    fn two_of_us_agree_on_all_that_both_permit(
        ours in terms(),
        theirs in terms(),
        port in 1..u16::MAX,
    ) {
        let mut caller = session_with(ours.clone(), 1);
        let address = SocketAddr::from(([192, 0, 2, 9], port));
        let mut callee = Session::new(9, address, theirs.clone(), [2; 32]);
        let common = ours.codecs.as_slice().iter().find(|codec| theirs.codecs.contains(**codec));
        let answer = callee.answer(&caller.offer());
        let (answer, heard) = match (common, ours.srtp, theirs.srtp, answer) {
            (None, _, _, answer) => {
                prop_assert_eq!(answer.unwrap_err(), Refused::NoCommonCodec);
                return Ok(());
            }
            (_, Srtp::Required, Srtp::Off, answer) => {
                prop_assert_eq!(answer.unwrap_err(), Refused::Encrypted);
                return Ok(());
            }
            (_, Srtp::Off, Srtp::Required, answer) => {
                prop_assert_eq!(answer.unwrap_err(), Refused::NotEncrypted);
                return Ok(());
            }
            (Some(_), _, _, answer) => answer.unwrap(),
        };
        prop_assert_eq!(caller.preview_answer(&answer), caller.clone().accept_answer(&answer));
        let agreed = caller.accept_answer(&answer).unwrap();
        prop_assert_eq!(Some(&agreed.codec), common);
        agree(&agreed, &heard)?;
        prop_assert_eq!(agreed.security.is_some(), ours.srtp != Srtp::Off && theirs.srtp != Srtp::Off);
        prop_assert_eq!(agreed.telephone_event.map(|event| event.clock), Some(agreed.codec.clock()));
        let may_pause = ours.comfort_noise
            && agreed.codec.clock() == SampleRate::HZ_8000;
        prop_assert_eq!(agreed.comfort_noise, may_pause.then_some(13));
        prop_assert_eq!(agreed.address, address);
        prop_assert_eq!(heard.address.port(), 4000);

        // The callee asks for another round: payload types and keys stay.
        let offer = callee.offer();
        let (answer, again) = caller.answer(&offer).unwrap();
        let answered = callee.accept_answer(&answer).unwrap();
        agree(&answered, &again)?;
        prop_assert_eq!(&again.security, &agreed.security);
        if again.codec == agreed.codec && ours.comfort_noise == theirs.comfort_noise {
            prop_assert_eq!(again, agreed);
        }
        prop_assert_eq!(version(&callee.offer()), version(&offer));
    }

    #[test]
    fn hold_and_resume_change_the_direction_and_nothing_else(
        ours in terms(),
        theirs in terms(),
        directions in proptest::collection::vec(directions(), 1..6),
    ) {
        let mut callee = session_with(ours, 1);
        let offer = session_with(theirs, 2).offer();
        let Ok((answer, start)) = callee.answer(&offer) else {
            return Ok(());
        };
        let (mut last, mut expected) = (Direction::SendReceive, version(&answer));
        for stated in directions {
            let changed = offer.replace("a=sendrecv", &format!("a={}", stated.as_str()));
            let (answer, agreed) = callee.answer(&changed).unwrap();
            expected += u64::from(stated != last);
            last = stated;
            prop_assert_eq!(version(&answer), expected);
            prop_assert_eq!((agreed.we_send, agreed.we_receive), (stated.receives(), stated.sends()));
            let unheld = RemoteMedia { we_send: true, we_receive: true, ..agreed };
            prop_assert_eq!(&unheld, &start);
        }
    }
}

/// Lines that look like those of a session description.
const LINES: &str = "(m=audio [0-9]{1,5} RTP/S?AVP( [0-9]{1,3}){1,4}\r\n\
    |a=rtpmap:[0-9]{1,3} (opus/48000/2|L16/[0-9]{1,6}|telephone-event/[0-9]{1,6}|CN/8000)\r\n\
    |a=fmtp:[0-9]{1,3} [a-z]{0,4}(useinbandfec|maxaveragebitrate|maxplaybackrate)=[ -~]{0,9}\r\n\
    |a=crypto:[0-9]{1,9} (AEAD_AES_128_GCM|AES_CM_128_HMAC_SHA1_80) inline:[A-Za-z0-9+/=|:]{0,60}\r\n\
    |a=(rtcp|ptime|maxptime|crypto|rtpmap|fmtp):[ -~]{0,30}\r\n\
    |a=rtcp-mux\r\n\
    |[a-z]=[ -~]{0,40}\r\n)";

fn version(description: &str) -> u64 {
    Description::parse(description).unwrap().origin.version
}

/// Both sides mean the same.
fn agree(one: &RemoteMedia, other: &RemoteMedia) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.codec, other.codec);
    prop_assert_eq!(one.payload_type, other.payload_type);
    prop_assert_eq!(one.telephone_event, other.telephone_event);
    prop_assert_eq!(one.comfort_noise, other.comfort_noise);
    prop_assert_eq!(one.arriving, other.arriving);
    prop_assert_eq!(one.opus, other.opus);
    prop_assert_eq!((one.rtcp, other.rtcp), (Rtcp::Muxed, Rtcp::Muxed));
    prop_assert_eq!(one.packet_time, other.packet_time);
    let mirrored = other
        .security
        .clone()
        .map(|Security { send, receive }| Security {
            send: receive,
            receive: send,
        });
    prop_assert_eq!(&one.security, &mirrored);
    if let Some(Security { send, receive }) = &one.security {
        prop_assert_ne!(send, receive);
    }
    Ok(())
}
