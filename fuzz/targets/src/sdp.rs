//! The input is the text of one session description. It is taken as an offer and
//! as the answer to an offer, by sessions of all terms on encryption.

use std::net::{Ipv4Addr, SocketAddr};

use audio::Codec;
use sip::CodecList;
use sip::sdp::{Description, Session, Srtp, Terms};

use crate::Verdict;

const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);

pub(crate) fn run(input: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(input);
    let parsed = Description::parse(&text);
    if let Ok(description) = &parsed {
        let written = description.to_string();
        let again = Description::parse(&written).expect("what is written can be read");
        assert_eq!(again.to_string(), written);
    }
    let mut accepted = false;
    for srtp in [Srtp::Off, Srtp::Optional, Srtp::Required] {
        accepted |= offered(&text, srtp);
        accepted |= answered(&text, srtp);
    }
    assert!(parsed.is_ok() || !accepted);
    Verdict::of(accepted)
}

fn session(srtp: Srtp) -> Session {
    let terms = Terms {
        codecs: CodecList::new(Codec::ALL).expect("each codec is there once"),
        srtp,
        comfort_noise: true,
    };
    Session::new(7, LOCAL, terms, [9; 32])
}

/// Takes the text as an offer, twice, and reads the answers.
fn offered(text: &str, srtp: Srtp) -> bool {
    let mut session = session(srtp);
    let Ok((answer, agreed)) = session.answer(text) else {
        return false;
    };
    let offer = Description::parse(text).expect("what is answered can be read");
    let written = Description::parse(&answer).expect("what is written can be read");
    assert_eq!(written.media.len(), offer.media.len(), "RFC 3264 §6");
    assert!(srtp != Srtp::Required || agreed.security.is_some());
    assert!(srtp != Srtp::Off || agreed.security.is_none());
    let (again, _) = session.answer(text).expect("it was answered before");
    assert_eq!(again, answer, "the same offer has the same answer");
    Description::parse(&session.offer()).expect("what is written can be read");
    true
}

/// Takes the text as the answer to an offer.
fn answered(text: &str, srtp: Srtp) -> bool {
    let mut session = session(srtp);
    session.offer();
    let preview = session.preview_answer(text);
    let agreed = session.accept_answer(text);
    assert_eq!(agreed, preview, "a preview is what is accepted");
    assert_eq!(session.has_open_offer(), agreed.is_err());
    assert!(!session.has_open_offer() || session.accept_answer(text).is_err());
    agreed.is_ok()
}
