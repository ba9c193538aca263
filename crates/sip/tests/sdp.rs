//! Session descriptions as they come from other people's phones.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::net::SocketAddr;

use proptest::prelude::*;
use sip::sdp::{
    Address, Description, Direction, Mapping, MediaLine, Origin, Parameter, ParseError, Refused,
    Session,
};
use sip::{Codec, RemoteMedia};

fn session() -> Session {
    Session::new(7, "192.0.2.1:4000".parse().unwrap())
}

/// An offer of one audio stream from 192.0.2.2.
fn offer(media: &str) -> String {
    format!("v=0\r\no=x 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n{media}")
}

fn answered(media: &str) -> (Description, RemoteMedia) {
    let (answer, agreed) = session().answer(&offer(media)).unwrap();
    (Description::parse(&answer).unwrap(), agreed)
}

fn refused(media: &str) -> Refused {
    session().answer(&offer(media)).unwrap_err()
}

#[test]
fn our_offer_has_both_codecs_events_and_20_ms() {
    let text = session().offer();
    assert_eq!(
        text,
        "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn the_first_codec_of_the_offer_that_is_ours_is_taken() {
    let (answer, agreed) = answered(
        "m=audio 5000 RTP/AVP 9 8 0 96\r\na=rtpmap:9 G722/8000\r\n\
         a=rtpmap:96 telephone-event/8000\r\n",
    );
    assert_eq!(agreed.codec, Codec::Pcma);
    assert_eq!((agreed.payload_type, agreed.telephone_event), (8, Some(96)));
    assert_eq!(
        agreed.address,
        "192.0.2.2:5000".parse::<SocketAddr>().unwrap()
    );
    assert_eq!(answer.media[0].formats, ["8", "96"]);
}

#[test]
fn a_codec_is_known_by_its_mapping_and_not_by_its_number() {
    let (_, agreed) = answered("m=audio 5000 RTP/AVP 97\r\na=rtpmap:97 pcmu/8000/1\r\n");
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Pcmu, 97));
    let wide = refused("m=audio 5000 RTP/AVP 97\r\na=rtpmap:97 PCMU/16000\r\n");
    assert_eq!(wide, Refused::NoCommonCodec);
}

#[test]
fn telephone_event_of_another_clock_is_not_ours() {
    let (_, agreed) =
        answered("m=audio 5000 RTP/AVP 0 110\r\na=rtpmap:110 telephone-event/48000\r\n");
    assert_eq!(agreed.telephone_event, None);
}

#[test]
fn every_direction_is_mirrored() {
    for (offered, expected, send, receive) in [
        ("a=sendrecv", Direction::SendReceive, true, true),
        ("a=sendonly", Direction::ReceiveOnly, false, true),
        ("a=recvonly", Direction::SendOnly, true, false),
        ("a=inactive", Direction::Inactive, false, false),
    ] {
        let (answer, agreed) = answered(&format!("m=audio 5000 RTP/AVP 0\r\n{offered}\r\n"));
        assert_eq!(answer.media[0].direction, Some(expected), "{offered}");
        assert_eq!(
            (agreed.we_send, agreed.we_receive),
            (send, receive),
            "{offered}"
        );
    }
}

#[test]
fn the_direction_of_the_session_holds_for_a_stream_that_states_none() {
    let text = offer("a=sendonly\r\nm=audio 5000 RTP/AVP 0\r\n");
    let (_, agreed) = session().answer(&text).unwrap();
    assert!(!agreed.we_send && agreed.we_receive);
    let text = offer("a=sendonly\r\nm=audio 5000 RTP/AVP 0\r\na=sendrecv\r\n");
    assert!(session().answer(&text).unwrap().1.we_send);
}

#[test]
fn the_old_hold_by_address_stops_our_audio() {
    let (answer, agreed) = answered("m=audio 5000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
    assert_eq!(answer.media[0].direction, Some(Direction::ReceiveOnly));
    assert!(!agreed.we_send && agreed.we_receive);
    let (answer, _) = answered("m=audio 5000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n");
    assert_eq!(answer.media[0].direction, Some(Direction::Inactive));
}

#[test]
fn the_address_of_the_stream_goes_before_that_of_the_session() {
    let (_, agreed) = answered("m=audio 5000 RTP/AVP 0\r\nc=IN IP4 192.0.2.77\r\n");
    assert_eq!(agreed.address.ip().to_string(), "192.0.2.77");
}

#[test]
fn other_streams_are_refused_in_their_place() {
    let (answer, agreed) = answered(
        "m=video 6000 RTP/AVP 96 97\r\na=rtpmap:96 VP8/90000\r\nm=audio 5000 RTP/SAVP 0\r\n\
         m=audio 5002 RTP/AVP 0\r\nm=audio 5004 RTP/AVP 8\r\nm=image 7000 udptl t38\r\n",
    );
    assert_eq!(agreed.address.port(), 5002);
    let lines: Vec<_> = answer
        .media
        .iter()
        .map(|line| {
            format!(
                "{} {} {} {}",
                line.kind,
                line.port,
                line.protocol,
                line.formats.join(" ")
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "video 0 RTP/AVP 96 97",
            "audio 0 RTP/SAVP 0",
            "audio 4000 RTP/AVP 0",
            "audio 0 RTP/AVP 8",
            "image 0 udptl t38"
        ]
    );
}

#[test]
fn a_later_offer_of_ours_keeps_every_section() {
    let mut session = session();
    session
        .answer(&offer(
            "m=video 6000 RTP/AVP 96\r\nm=audio 5000 RTP/AVP 0\r\n",
        ))
        .unwrap();
    let again = Description::parse(&session.offer()).unwrap();
    assert_eq!(again.media.len(), 2);
    assert_eq!((again.media[0].port, again.media[1].port), (0, 4000));
}

#[test]
fn the_version_grows_with_changes_only() {
    let mut session = session();
    let version = |text: String| Description::parse(&text).unwrap().origin.version;
    let talk = offer("m=audio 5000 RTP/AVP 0\r\n");
    let hold = offer("m=audio 5000 RTP/AVP 0\r\na=sendonly\r\n");
    let versions: Vec<_> = [&talk, &talk, &hold, &hold, &talk]
        .map(|offer| version(session.answer(offer).unwrap().0))
        .into();
    assert_eq!(versions, [1, 1, 2, 2, 3]);
}

#[test]
fn what_no_session_can_be_made_of_is_refused_with_its_reason() {
    assert_eq!(refused("m=audio 0 RTP/AVP 0\r\n"), Refused::NoAudio);
    assert_eq!(refused("m=video 5000 RTP/AVP 0\r\n"), Refused::NoAudio);
    assert_eq!(refused("m=audio 5000 RTP/SAVP 0\r\n"), Refused::NoAudio);
    assert_eq!(
        refused("m=audio 5000 RTP/AVP 3 18\r\n"),
        Refused::NoCommonCodec
    );
    for address in [
        "IP4 239.1.1.1",
        "IP4 255.255.255.255",
        "IP6 2001:db8::1",
        "IP4 host.example",
    ] {
        let media = format!("m=audio 5000 RTP/AVP 0\r\nc=IN {address}\r\n");
        assert_eq!(refused(&media), Refused::BadAddress, "{address}");
    }
    let unanswerable = session()
        .answer("v=0\r\nm=audio 5000 RTP/AVP 0\r\n")
        .unwrap_err();
    assert_eq!(unanswerable, Refused::BadAddress);
    assert_eq!(refused("m=audio many RTP/AVP 0\r\n").status(), 400);
    assert_eq!(refused("").status(), 400);
    assert_eq!(Refused::NoCommonCodec.status(), 488);
}

#[test]
fn a_refused_offer_leaves_the_session_as_it_was() {
    let mut session = session();
    let (before, _) = session
        .answer(&offer("m=audio 5000 RTP/AVP 0\r\n"))
        .unwrap();
    session
        .answer(&offer("m=audio 5000 RTP/AVP 18\r\n"))
        .unwrap_err();
    let (after, _) = session
        .answer(&offer("m=audio 5000 RTP/AVP 0\r\n"))
        .unwrap();
    assert_eq!(before, after);
}

#[test]
fn an_answer_closes_our_offer_and_a_bad_one_does_not() {
    let mut session = session();
    session.offer();
    assert_eq!(
        session
            .accept_answer(&offer("m=audio 0 RTP/AVP 0\r\n"))
            .unwrap_err(),
        Refused::NoAudio
    );
    assert!(session.has_open_offer());
    let agreed = session
        .accept_answer(&offer("m=audio 5000 RTP/AVP 8 0\r\n"))
        .unwrap();
    assert_eq!(agreed.codec, Codec::Pcma);
    assert!(!session.has_open_offer());
    let unasked = session.accept_answer(&offer("m=audio 5000 RTP/AVP 0\r\n"));
    assert_eq!(unasked.unwrap_err(), Refused::NotOffered);
}

#[test]
fn bare_line_feeds_and_unknown_lines_are_no_obstacle() {
    let text = "v=0\no=root 12 13 IN IP4 192.0.2.2\ns=a b\ni=x\nc=IN IP4 192.0.2.2/127\nb=AS:64\n\
                t=0 0\nz=0\nk=x\na=tool:y\nm=audio 5000/2 RTP/AVP 0\nbroken\na=rtpmap:x\na=fmtp:\n";
    let (_, agreed) = session().answer(text).unwrap();
    assert_eq!(agreed.address.to_string(), "192.0.2.2:5000");
}

#[test]
fn a_bad_line_is_named() {
    let text = "v=0\r\ns=-\r\nc=IN IP5 x\r\nm=audio 1 RTP/AVP 0\r\n";
    let error = Description::parse(text).unwrap_err();
    assert!(matches!(error, ParseError::Line { line: 3, .. }), "{error}");
    assert!(matches!(
        Description::parse("v=1\r\n").unwrap_err(),
        ParseError::Line { line: 1, .. }
    ));
    assert_eq!(
        Description::parse("v=0\r\n").unwrap_err(),
        ParseError::NoMedia
    );
    let many = format!("v=0\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(17));
    assert_eq!(
        Description::parse(&many).unwrap_err(),
        ParseError::TooMuchMedia
    );
}

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
        encoding in "(PCMU|pcma|PCMA|G722|telephone-event|opus)",
        clock in prop_oneof![Just(8_000u32), any::<u32>()],
        channels in proptest::option::of(0..4u8),
    ) -> Mapping {
        Mapping { payload_type, encoding, clock, channels }
    }
}

prop_compose! {
    fn media_lines()(
        kind in "(audio|audio|audio|video|image)",
        port in prop_oneof![Just(0u16), any::<u16>()],
        protocol in "(RTP/AVP|RTP/AVP|RTP/SAVP|udptl)",
        formats in proptest::collection::vec("[0-9]{1,3}", 1..6),
        address in proptest::option::of(addresses()),
        direction in proptest::option::of(directions()),
        mappings in proptest::collection::vec(mappings(), 0..4),
        parameters in proptest::collection::vec((0..128u8, "[ -~]{0,12}"), 0..3),
        packet_time in proptest::option::of(any::<u16>()),
    ) -> MediaLine {
        let parameters = parameters
            .into_iter()
            .map(|(payload_type, value)| {
                Parameter { payload_type, value: value.trim_end().to_owned() }
            })
            .collect();
        MediaLine {
            kind, port, protocol, formats, address, direction, mappings, parameters, packet_time,
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
    fn no_text_makes_it_panic(text in "\\PC{0,300}", lines in "([a-z]=[ -~]{0,40}\r\n){0,12}") {
        let _ = Description::parse(&text);
        let _ = session().answer(&format!("v=0\r\n{lines}"));
    }

    #[test]
    fn an_answer_fits_its_offer(description in descriptions()) {
        let Ok((answer, agreed)) = session().answer(&description.to_string()) else {
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
    }

    #[test]
    fn two_of_us_always_agree(port in 1..u16::MAX) {
        let mut caller = session();
        let mut callee = Session::new(9, SocketAddr::from(([192, 0, 2, 9], port)));
        let (answer, heard) = callee.answer(&caller.offer()).unwrap();
        let agreed = caller.accept_answer(&answer).unwrap();
        prop_assert_eq!(agreed.codec, heard.codec);
        prop_assert_eq!(agreed.telephone_event, heard.telephone_event);
        prop_assert_eq!(agreed.address.port(), port);
        prop_assert_eq!(heard.address.port(), 4000);
    }
}
