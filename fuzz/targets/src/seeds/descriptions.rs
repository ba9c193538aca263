//! Seeds that are session descriptions.

use audio::Codec;
use sip::CodecList;
use sip::sdp::{Session, Srtp, Terms};

use super::Seed;

pub(super) fn sdp() -> Vec<Seed> {
    let mut seeds = vec![
        ("offer-plain", session(Srtp::Off).offer()),
        ("offer-optional", session(Srtp::Optional).offer()),
        ("offer-required", session(Srtp::Required).offer()),
    ];
    let answers = [
        ("answer-plain", Srtp::Off),
        ("answer-optional", Srtp::Optional),
        ("answer-required", Srtp::Required),
    ];
    for (name, srtp) in answers {
        let offer = session(srtp).offer();
        let (answer, _) = session(srtp).answer(&offer).expect("it is our own offer");
        seeds.push((name, answer));
    }
    seeds.extend(FOREIGN.map(|(name, text)| (name, text.replace('\n', "\r\n"))));
    let bytes = |(name, text): (&str, String)| (name.to_owned(), text.into_bytes());
    seeds.into_iter().map(bytes).collect()
}

fn session(srtp: Srtp) -> Session {
    let terms = Terms {
        codecs: CodecList::new(Codec::ALL).expect("each codec is there once"),
        srtp,
        comfort_noise: true,
    };
    let local = ([192, 0, 2, 7], 40_000).into();
    Session::new(3, local, terms, [4; 32])
}

/// What others write, or could.
const FOREIGN: [(&str, &str); 7] = [
    (
        "static-types",
        "v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 49170 RTP/AVP 0 8 9
",
    ),
    (
        "gateway",
        "v=0
o=gw 20518 0 IN IP4 192.0.2.2
s=call
i=a line that nobody reads
b=AS:84
t=0 0
a=sendrecv
m=audio 16384 RTP/AVP 18 8 101 13
c=IN IP4 192.0.2.3
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=rtpmap:13 CN/8000
a=ptime:20
a=maxptime:40
a=rtcp:16385 IN IP4 192.0.2.3
",
    ),
    (
        "opus-and-video",
        "v=0
o=alice 53655765 2353687637 IN IP6 2001:db8::1
s=Talk
c=IN IP6 2001:db8::1
t=0 0
m=video 9078 RTP/AVP 96
a=rtpmap:96 VP8/90000
m=audio 7078 RTP/AVP 96 97 98
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1;stereo=0; maxplaybackrate=16000
a=rtpmap:97 L16/16000
a=rtpmap:98 telephone-event/48000
a=rtcp-mux
",
    ),
    (
        "hold",
        "v=0
o=- 7 9 IN IP4 192.0.2.4
s=-
c=IN IP4 0.0.0.0
t=0 0
m=audio 5004 RTP/AVP 0
a=inactive
",
    ),
    (
        "keys",
        "v=0
o=- 7 9 IN IP4 192.0.2.5
s=-
c=IN IP4 192.0.2.5
t=0 0
m=audio 5006 RTP/SAVP 0 101
a=rtpmap:101 telephone-event/8000
a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e|2^48 WSH=64
a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e|2^20|1:4
",
    ),
    (
        "off-and-on",
        "v=0
o=- 1 2 IN IP4 host.example.com
s=-
t=0 0
m=audio 0 RTP/AVP 0
m=audio 6000/2 RTP/AVP 0 8
c=IN IP4 224.2.1.1/127/3
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
m=audio 6002 RTP/AVP 8
c=IN IP4 198.51.100.9
a=recvonly
",
    ),
    (
        "odd-numbers",
        "v=0
o=- 99999999999999999999 -1 IN IP4 192.0.2.6
s=-
c=IN IP4 192.0.2.6
t=0 0
m=audio 65535 RTP/AVP 128 127 x 0 0 0
a=rtpmap:127 PCMU/8000/65536
a=rtpmap:127 opus/0
a=rtpmap:300 PCMA/8000
a=fmtp:127
a=ptime:0
a=ptime:99999
a=rtcp:0
a=crypto:1
",
    ),
];
