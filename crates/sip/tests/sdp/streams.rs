//! The stream: its place, its address, its direction.

use std::net::SocketAddr;
use std::time::Duration;

use sip::sdp::{Description, Direction, ParseError, Refused};
use sip::{Codec, Rtcp};

use crate::{answered, offer, refused, session};

#[test]
fn our_offer_has_both_codecs_events_and_20_ms() {
    let text = session().offer();
    assert_eq!(
        text,
        "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=rtcp-mux\r\na=sendrecv\r\n"
    );
}

#[test]
fn the_first_codec_of_the_offer_that_is_ours_is_taken() {
    let (answer, agreed) = answered(
        "m=audio 5000 RTP/AVP 9 8 0 96\r\na=rtpmap:9 G722/8000\r\n\
         a=rtpmap:96 telephone-event/8000\r\n",
    );
    assert_eq!(agreed.codec, Codec::Pcma);
    assert_eq!(
        (
            agreed.payload_type,
            agreed.telephone_event.map(|event| event.payload_type)
        ),
        (8, Some(96))
    );
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
    assert_eq!(refused("m=audio 5000 RTP/AVPF 0\r\n"), Refused::NoAudio);
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

#[test]
fn the_stream_stays_in_its_section() {
    let mut session = session();
    let both = "m=audio 0 RTP/AVP 0\r\nm=audio 5002 RTP/AVP 0\r\n";
    session.answer(&offer(both)).unwrap();
    let again = "m=audio 5000 RTP/AVP 0\r\nm=audio 5002 RTP/AVP 0\r\n";
    let (answer, agreed) = session.answer(&offer(again)).unwrap();
    assert_eq!(agreed.address.port(), 5002);
    let answer = Description::parse(&answer).unwrap();
    assert_eq!((answer.media[0].port, answer.media[1].port), (0, 4000));
    let moved = "m=audio 5000 RTP/AVP 0\r\nm=audio 0 RTP/AVP 0\r\n";
    assert_eq!(
        session.answer(&offer(moved)).unwrap().1.address.port(),
        5000
    );
}

#[test]
fn rtcp_shares_the_port_where_both_sides_can() {
    let (answer, agreed) = answered("m=audio 5000 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp:5000\r\n");
    assert!(answer.media[0].rtcp_mux);
    assert_eq!(agreed.rtcp, Rtcp::Muxed);
    let mut session = session();
    assert!(session.offer().contains("a=rtcp-mux\r\n"));
    let answer = offer("m=audio 5000 RTP/AVP 0\r\na=rtcp-mux\r\n");
    assert_eq!(session.accept_answer(&answer).unwrap().rtcp, Rtcp::Muxed);
}

#[test]
fn rtcp_does_not_share_the_port_of_packets_that_look_like_it() {
    let media = "m=audio 5000 RTP/AVP 72\r\na=rtpmap:72 PCMU/8000\r\na=rtcp-mux\r\n";
    let (answer, agreed) = answered(media);
    assert!(!answer.media[0].rtcp_mux);
    assert_eq!(agreed.rtcp, Rtcp::At("192.0.2.2:5001".parse().unwrap()));
}

#[test]
fn rtcp_goes_where_it_is_said_to_go_else_to_the_port_above() {
    for (port, attribute, expected) in [
        (5000, "", "192.0.2.2:5001"),
        (5000, "a=rtcp:6000", "192.0.2.2:6000"),
        (5000, "a=rtcp:6000 IN IP4 192.0.2.7", "192.0.2.7:6000"),
        (5000, "a=rtcp:6000 IN IP6 2001:db8::1", "192.0.2.2:5001"),
        (5000, "a=rtcp:6000 IN IP4 224.0.0.1", "192.0.2.2:5001"),
        (5000, "a=rtcp:6000 nonsense", "192.0.2.2:5001"),
        (5000, "a=rtcp:0", "192.0.2.2:5001"),
        (65_535, "", "192.0.2.2:65535"),
    ] {
        let (answer, agreed) = answered(&format!("m=audio {port} RTP/AVP 0\r\n{attribute}\r\n"));
        assert!(!answer.media[0].rtcp_mux);
        let expected = Rtcp::At(expected.parse().unwrap());
        assert_eq!(agreed.rtcp, expected, "{port} {attribute}");
    }
}

#[test]
fn the_wanted_length_of_a_packet_is_told_within_what_can_be_taken() {
    for (attributes, expected) in [
        ("", None),
        ("a=ptime:30\r\n", Some(30)),
        ("a=ptime:20.0\r\n", Some(20)),
        ("a=ptime:30\r\na=maxptime:20\r\n", Some(20)),
        ("a=maxptime:150\r\n", None),
        ("a=maxptime:10\r\n", Some(10)),
        ("a=ptime:0\r\n", None),
        ("a=ptime:many\r\n", None),
    ] {
        let (_, agreed) = answered(&format!("m=audio 5000 RTP/AVP 0\r\n{attributes}"));
        let expected = expected.map(Duration::from_millis);
        assert_eq!(agreed.packet_time, expected, "{attributes:?}");
    }
}

#[test]
fn a_preview_says_what_the_answer_will_agree_on() {
    let mut session = session();
    let offer = offer("m=audio 5000 RTP/AVP 8\r\na=sendonly\r\n");
    let preview = session.preview_offer(&offer).unwrap();
    assert_eq!(session.answer(&offer).unwrap().1, preview);
}
