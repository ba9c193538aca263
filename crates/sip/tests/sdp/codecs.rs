//! Which codec, under which number, with which parameters.

use std::time::Duration;

use audio::SampleRate;
use sip::sdp::{Description, Refused};
use sip::{Codec, CodecList, OpusParameters, PayloadTypes, RemoteMedia, Srtp, TelephoneEvent};

use crate::{answered_by, offer, session_with, terms};

/// What baresip 1.0 offers.
const BARESIP: &str = "m=audio 2816 RTP/AVP 96 0 8 97 98 101\r\na=rtpmap:96 opus/48000/2\r\n\
    a=fmtp:96 stereo=1;sprop-stereo=1\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:97 L16/16000\r\na=rtpmap:98 L16/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\na=sendrecv\r\na=label:1\r\na=rtcp-rsize\r\n\
    a=ssrc:206752844 cname:sip:a@127.0.0.1\r\na=minptime:20\r\na=ptime:20\r\n";

fn answered(codecs: &[Codec], media: &str) -> (Description, RemoteMedia) {
    answered_by(session_with(terms(codecs, Srtp::Off), 1), media)
}

fn event(payload_type: u8, hertz: u32) -> Option<TelephoneEvent> {
    let clock = SampleRate::new(hertz).unwrap();
    Some(TelephoneEvent {
        payload_type,
        clock,
    })
}

#[test]
fn an_offer_has_the_codecs_in_our_order_and_events_at_each_of_their_clocks() {
    let codecs = [
        Codec::Opus,
        Codec::G722,
        Codec::L16Wide,
        Codec::L16Narrow,
        Codec::Pcma,
    ];
    let text = session_with(terms(&codecs, Srtp::Off), 1).offer();
    let expected = "m=audio 4000 RTP/AVP 96 9 97 98 8 101 103 102\r\n\
        a=rtpmap:96 opus/48000/2\r\na=rtpmap:9 G722/8000\r\na=rtpmap:97 L16/16000\r\n\
        a=rtpmap:98 L16/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
        a=rtpmap:103 telephone-event/48000\r\na=rtpmap:102 telephone-event/16000\r\n\
        a=fmtp:96 useinbandfec=1; maxplaybackrate=16000; sprop-maxcapturerate=16000; stereo=0\r\n\
        a=fmtp:101 0-16\r\na=fmtp:103 0-16\r\na=fmtp:102 0-16\r\n\
        a=ptime:20\r\na=rtcp-mux\r\na=sendrecv\r\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn comfort_noise_is_offered_where_it_is_wanted_and_a_codec_can_have_it() {
    let offered = |codecs: &[Codec]| {
        let mut terms = terms(codecs, Srtp::Off);
        terms.comfort_noise = true;
        session_with(terms, 1).offer()
    };
    let text = offered(&[Codec::Pcmu]);
    assert!(text.contains("RTP/AVP 0 13 101\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:13 CN/8000\r\n"), "{text}");
    assert!(!offered(&[Codec::Opus]).contains("CN/"));
}

#[test]
fn a_call_of_baresip_is_taken_in_opus_with_the_events_that_it_knows() {
    let codecs = [Codec::Pcmu, Codec::Opus];
    let (answer, agreed) = answered(&codecs, BARESIP);
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Opus, 96));
    assert_eq!(agreed.telephone_event, event(101, 8_000));
    assert!(agreed.opus.stereo && !agreed.opus.inband_fec);
    assert_eq!(agreed.packet_time, Some(Duration::from_millis(20)));
    assert_eq!(answer.media[0].formats, ["96", "101"]);
    let parameters = &answer.media[0].parameters[0];
    assert_eq!(parameters.payload_type, 96);
    assert!(parameters.value.starts_with("useinbandfec=1; "));
}

#[test]
fn the_first_codec_of_the_offer_that_is_permitted_is_taken_for_every_codec() {
    for (codec, number) in [
        (Codec::Opus, 96),
        (Codec::Pcmu, 0),
        (Codec::Pcma, 8),
        (Codec::L16Wide, 97),
        (Codec::L16Narrow, 98),
    ] {
        let (answer, agreed) = answered(&[codec], BARESIP);
        assert_eq!((agreed.codec, agreed.payload_type), (codec, number));
        assert_eq!(answer.media[0].mappings.len(), 2, "it and the events");
    }
    let (_, agreed) = answered(&[Codec::G722], "m=audio 5000 RTP/AVP 0 9\r\n");
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::G722, 9));
}

#[test]
fn a_codec_of_another_rate_or_width_is_another_codec() {
    for mapping in ["L16/44100/2", "L16/16000/2", "opus/48000", "G722/16000"] {
        let mut session = session_with(terms(&Codec::ALL, Srtp::Off), 1);
        let media = format!("m=audio 5000 RTP/AVP 99\r\na=rtpmap:99 {mapping}\r\n");
        let refused = session.answer(&offer(&media)).unwrap_err();
        assert_eq!(refused, Refused::NoCommonCodec, "{mapping}");
    }
}

#[test]
fn events_at_the_clock_of_the_codec_go_before_those_at_8_khz() {
    let events = "a=rtpmap:101 telephone-event/8000\r\na=rtpmap:110 telephone-event/48000\r\n";
    let opus = format!("m=audio 5000 RTP/AVP 96 101 110\r\na=rtpmap:96 opus/48000/2\r\n{events}");
    let (answer, agreed) = answered(&[Codec::Opus], &opus);
    assert_eq!(agreed.telephone_event, event(110, 48_000));
    assert_eq!(answer.media[0].formats, ["96", "110"]);
    let narrow = format!("m=audio 5000 RTP/AVP 0 110 101\r\n{events}");
    let (_, agreed) = answered(&[Codec::Pcmu], &narrow);
    assert_eq!(agreed.telephone_event, event(101, 8_000));
}

#[test]
fn comfort_noise_is_agreed_to_at_the_clock_of_the_codec_and_never_with_opus() {
    let (answer, agreed) = answered(&[Codec::Pcmu], "m=audio 5000 RTP/AVP 0 13\r\n");
    assert_eq!(agreed.comfort_noise, Some(13));
    assert_eq!(answer.media[0].formats, ["0", "13"]);
    let wide =
        "m=audio 5000 RTP/AVP 97 13 105\r\na=rtpmap:97 L16/16000\r\na=rtpmap:105 CN/16000\r\n";
    let (_, agreed) = answered(&[Codec::L16Wide], wide);
    assert_eq!(agreed.comfort_noise, Some(105));
    let opus =
        "m=audio 5000 RTP/AVP 96 13 105\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:105 CN/48000\r\n";
    let (_, agreed) = answered(&[Codec::Opus], opus);
    assert_eq!(agreed.comfort_noise, None);
}

fn opus_parameters(lines: &str) -> OpusParameters {
    let media = format!("m=audio 5000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n{lines}");
    answered(&[Codec::Opus], &media).1.opus
}

#[test]
fn the_parameters_of_opus_are_understood() {
    let all = "a=fmtp:96 useinbandfec=1;usedtx=1; MaxAverageBitrate=20000 ;cbr=1;stereo=1;\
        maxplaybackrate=8000;minptime=10;sprop-stereo=1;x;=;\r\n";
    let expected = OpusParameters {
        inband_fec: true,
        dtx: true,
        constant_bitrate: true,
        stereo: true,
        max_bitrate: Some(20_000),
        max_rate: SampleRate::HZ_8000,
        min_packet_time: Duration::from_millis(10),
    };
    assert_eq!(opus_parameters(all), expected);
    let split = "a=fmtp:96 usedtx=1\r\na=fmtp:97 stereo=1\r\na=fmtp:96 useinbandfec=1\r\n";
    let expected = OpusParameters {
        inband_fec: true,
        dtx: true,
        ..OpusParameters::default()
    };
    assert_eq!(opus_parameters(split), expected);
}

#[test]
fn parameters_of_opus_that_are_out_of_range_are_passed_over() {
    let wrong = "a=fmtp:96 useinbandfec=2;usedtx=yes;maxaveragebitrate=5999;maxplaybackrate=96000;\
        minptime=0;stereo=-1;cbr=\r\n";
    assert_eq!(opus_parameters(wrong), OpusParameters::default());
}

#[test]
fn the_numbers_of_the_other_side_stay_for_the_session() {
    let codecs = [Codec::Opus, Codec::L16Wide, Codec::Pcmu];
    let mut session = session_with(terms(&codecs, Srtp::Off), 1);
    let media = "m=audio 5000 RTP/AVP 0 111 96\r\na=rtpmap:111 opus/48000/2\r\n\
        a=rtpmap:96 telephone-event/8000\r\n";
    session.answer(&offer(media)).unwrap();
    let again = session.offer();
    assert!(again.contains("RTP/AVP 111 97 0 96 103 102\r\n"), "{again}");
    assert_eq!(session.offer(), again);
}

#[test]
fn an_answer_with_numbers_of_its_own_holds_for_what_we_send_alone() {
    let mut session = session_with(terms(&[Codec::Opus], Srtp::Off), 1);
    session.offer();
    let media = "m=audio 5000 RTP/AVP 107 97\r\na=rtpmap:107 opus/48000/2\r\n\
        a=rtpmap:97 telephone-event/48000\r\n";
    let agreed = session.accept_answer(&offer(media)).unwrap();
    assert_eq!(agreed.payload_type, 107);
    assert_eq!(agreed.telephone_event, event(97, 48_000));
    let arriving = PayloadTypes {
        audio: 96,
        telephone_event: Some(103),
        comfort_noise: None,
    };
    assert_eq!(agreed.arriving, arriving);
}

#[test]
fn an_answer_in_what_was_not_offered_is_refused() {
    let mut session = session_with(terms(&[Codec::Pcma], Srtp::Off), 1);
    session.offer();
    let refused = session
        .accept_answer(&offer("m=audio 5000 RTP/AVP 0\r\n"))
        .unwrap_err();
    assert_eq!(refused, Refused::NoCommonCodec);
    let media = "m=audio 5000 RTP/AVP 8 13 110\r\na=rtpmap:110 telephone-event/48000\r\n";
    let agreed = session.accept_answer(&offer(media)).unwrap();
    assert_eq!((agreed.comfort_noise, agreed.telephone_event), (None, None));
}

#[test]
fn a_list_of_codecs_is_read_from_its_names() {
    let list = CodecList::new([Codec::Opus, Codec::L16Narrow]).unwrap();
    assert_eq!(CodecList::from_names(["opus", "l16/8000"]), Ok(list));
}
