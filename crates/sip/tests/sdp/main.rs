//! Session descriptions as they come from other people's phones.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod codecs;
mod encryption;
mod properties;
mod streams;

use sip::sdp::{Description, Refused, Session, Terms};
use sip::{Codec, CodecList, RemoteMedia, Srtp};

/// Terms with these codecs, without comfort noise.
fn terms(codecs: &[Codec], srtp: Srtp) -> Terms {
    Terms {
        codecs: CodecList::new(codecs).unwrap(),
        srtp,
        comfort_noise: false,
    }
}

/// A session on 192.0.2.1:4000 whose keys are drawn from `seed`.
fn session_with(terms: Terms, seed: u8) -> Session {
    Session::new(7, "192.0.2.1:4000".parse().unwrap(), terms, [seed; 32])
}

/// A plain session of the old codecs.
fn session() -> Session {
    session_with(terms(&[Codec::Pcmu, Codec::Pcma], Srtp::Off), 1)
}

/// An offer of one audio stream from 192.0.2.2.
fn offer(media: &str) -> String {
    format!("v=0\r\no=x 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n{media}")
}

fn answered_by(mut session: Session, media: &str) -> (Description, RemoteMedia) {
    let (answer, agreed) = session.answer(&offer(media)).unwrap();
    (Description::parse(&answer).unwrap(), agreed)
}

fn answered(media: &str) -> (Description, RemoteMedia) {
    answered_by(session(), media)
}

fn refused(media: &str) -> Refused {
    session().answer(&offer(media)).unwrap_err()
}
