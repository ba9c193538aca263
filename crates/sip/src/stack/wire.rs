//! From the bytes of one message to the message.

use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Method, Request, SipMessage};

use super::framing::MAX_MESSAGE;

/// Bytes that were read.
#[derive(Debug)]
pub(crate) enum Received {
    /// A message that has what every message must have.
    Message(SipMessage),
    /// A request whose method nobody here ever heard of. Its own method is in CSeq only.
    UnknownMethod(Request),
    /// Not SIP, or not enough of it to be answered.
    Garbage,
}

/// Reads one message.
pub(crate) fn read(bytes: &[u8]) -> Received {
    if bytes.len() > MAX_MESSAGE {
        return Received::Garbage;
    }
    match SipMessage::try_from(bytes) {
        Ok(SipMessage::Request(request)) if is_complete(&request) => {
            Received::Message(request.into())
        }
        Ok(SipMessage::Response(response)) if is_complete(&response) => {
            Received::Message(response.into())
        }
        Ok(SipMessage::Request(_) | SipMessage::Response(_)) => Received::Garbage,
        Err(_) => read_unknown(bytes).map_or(Received::Garbage, Received::UnknownMethod),
    }
}

/// The headers without which nothing can be done (RFC 3261 §8.1.1).
fn is_complete(message: &impl HeadersExt) -> bool {
    message
        .top_via_header()
        .is_ok_and(|via| via_is_readable(&via))
        && message
            .from_header()
            .is_ok_and(|from| matches!(from.tag(), Ok(Some(_))))
        && message.to_header().is_ok_and(|to| to.tag().is_ok())
        && message
            .call_id_header()
            .is_ok_and(|id| !id.value().is_empty())
        && message.cseq_header().is_ok_and(|cseq| cseq.seq().is_ok())
}

fn via_is_readable(via: &rsipstack::sip::Via) -> bool {
    use rsipstack::sip::prelude::ToTypedHeader;
    via.typed().is_ok()
}

/// The parser knows a fixed set of methods; any other well-formed one deserves a 501.
fn read_unknown(bytes: &[u8]) -> Option<Request> {
    let line = bytes.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b);
    let is_request = !method.is_empty()
        && method.bytes().all(is_token)
        && Method::try_from(method).is_err()
        && rest.ends_with(" SIP/2.0");
    if !is_request {
        return None;
    }
    let mut known = b"OPTIONS".to_vec();
    known.extend_from_slice(bytes.get(method.len()..)?);
    let request = Request::try_from(known).ok()?;
    let answerable = request
        .top_via_header()
        .is_ok_and(|via| via_is_readable(&via))
        && request.to_header().is_ok();
    answerable.then_some(request)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(method: &str) -> String {
        format!(
            "{method} sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
             From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: i\r\nCSeq: 1 {method}\r\n\r\n"
        )
    }

    #[test]
    fn a_request_is_read() {
        assert!(matches!(
            read(text("INVITE").as_bytes()),
            Received::Message(_)
        ));
    }

    #[test]
    fn an_unheard_of_method_is_kept_apart_from_garbage() {
        let Received::UnknownMethod(request) = read(text("BREW").as_bytes()) else {
            panic!("a well-formed request was taken for garbage");
        };
        assert_eq!(request.cseq_header().unwrap().value(), "1 BREW");
    }

    #[test]
    fn a_message_that_cannot_be_answered_is_garbage() {
        let whole = text("INVITE");
        for line in ["Via", "From", "To", "Call-ID", "CSeq"] {
            let lines = whole.split("\r\n").filter(|text| !text.starts_with(line));
            let cut: Vec<_> = lines.collect();
            let cut = cut.join("\r\n");
            assert!(
                matches!(read(cut.as_bytes()), Received::Garbage),
                "without {line}"
            );
        }
        for bytes in [
            &b""[..],
            b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            &[0xff; 40],
        ] {
            assert!(matches!(read(bytes), Received::Garbage));
        }
    }

    #[test]
    fn a_truncated_message_never_panics() {
        let whole = text("INVITE");
        for end in 0..whole.len() {
            read(&whole.as_bytes()[..end]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read(&bytes);
        }

        #[test]
        fn no_damage_to_a_message_makes_it_panic(
            at in 0..200usize, byte in any::<u8>(), cut in 0..40usize,
        ) {
            let mut bytes = text("INVITE").into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            let end = (at + cut).min(bytes.len());
            bytes.drain(at..end);
            read(&bytes);
        }
    }
}
