//! Small pieces of SIP messages.

use std::borrow::Cow;

use rand::Rng;
use rand::distr::Alphanumeric;
use rsipstack::sip::prelude::{HasHeaders, HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Headers, Request, Response, StatusCode, Transport, Uri};

/// The methods that a peer may use with us.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY";

/// What identifies a dialog from our side (RFC 3261 §12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DialogKey {
    pub(crate) call_id: String,
    pub(crate) local_tag: String,
}

impl DialogKey {
    /// Of a request that was sent to us; `None` without a To tag.
    pub(crate) fn of_request(request: &Request) -> Option<Self> {
        let tag = request.to_header().ok()?.tag().ok()??;
        let call_id = request.call_id_header().ok()?.value().to_owned();
        Some(Self {
            call_id,
            local_tag: tag.value().to_owned(),
        })
    }

    /// Of a response to a request of ours.
    pub(crate) fn of_response(response: &Response) -> Option<Self> {
        let tag = response.from_header().ok()?.tag().ok()??;
        let call_id = response.call_id_header().ok()?.value().to_owned();
        Some(Self {
            call_id,
            local_tag: tag.value().to_owned(),
        })
    }
}

/// A response to `request` with the headers that every response has (§8.2.6.2). The To tag is
/// added where the request has none and the status is not 100.
pub(crate) fn respond(request: &Request, code: u16, local_tag: &str) -> Response {
    let mut headers = Headers::default();
    for header in request.headers.iter() {
        if let Header::To(to) = header
            && code > 100
            && matches!(to.tag(), Ok(None))
        {
            headers.push(Header::To(to.with_tag(local_tag.into())));
        } else if is_echoed(header, code) {
            headers.push(header.clone());
        }
    }
    headers.push(Header::ContentLength(0.into()));
    Response {
        status_code: StatusCode::from(code),
        wire_reason: None,
        version: rsipstack::sip::Version::V2,
        headers,
        body: Vec::new(),
    }
}

const fn is_echoed(header: &Header, code: u16) -> bool {
    matches!(
        header,
        Header::Via(_) | Header::From(_) | Header::To(_) | Header::CallId(_) | Header::CSeq(_)
    ) || (code == 100 && matches!(header, Header::Timestamp(_)))
}

/// Puts a session description into a message.
pub(crate) fn attach_sdp(headers: &mut Headers, body: &mut Vec<u8>, sdp: String) {
    headers.unique_push(Header::ContentType(crate::sdp::CONTENT_TYPE.into()));
    headers.unique_push(Header::ContentLength((sdp.len() as u32).into()));
    *body = sdp.into_bytes();
}

/// The session description of a message, where it has one. What nothing here reads, such as its
/// title, may be in another character set (RFC 8866 §6.10) and is then replaced.
pub(crate) fn sdp_of<'a>(message: &impl HasHeaders, body: &'a [u8]) -> Option<Cow<'a, str>> {
    let has_one = !body.is_empty() && is_sdp(message);
    has_one.then(|| String::from_utf8_lossy(body))
}

/// Whether the body is declared to be a session description.
pub(crate) fn is_sdp(message: &impl HasHeaders) -> bool {
    let mut types = message.headers().iter().filter_map(|header| {
        if let Header::ContentType(value) = header {
            Some(value.value())
        } else {
            None
        }
    });
    types.next().is_some_and(|value| {
        let media_type = value.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case(crate::sdp::CONTENT_TYPE)
    })
}

/// The option tags of all `Require` headers, none of which we know (§8.2.2.3).
pub(crate) fn required(request: &Request) -> Vec<String> {
    let values = request.headers.iter().filter_map(|header| {
        if let Header::Require(value) = header {
            Some(value.value())
        } else {
            None
        }
    });
    let tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The URI of the first Contact.
pub(crate) fn contact(message: &impl HeadersExt) -> Option<Uri> {
    let contacts = message.typed_contact_headers().ok()?;
    contacts.into_iter().next().map(|contact| contact.uri)
}

/// The entries of all Record-Route headers, in order.
pub(crate) fn record_route(message: &impl HeadersExt) -> Vec<Uri> {
    let routes = message.typed_record_route_headers().unwrap_or_default();
    routes.into_iter().map(|route| route.uri).collect()
}

/// The CSeq number.
pub(crate) fn sequence(message: &impl HeadersExt) -> Option<u32> {
    message.cseq_header().ok()?.seq().ok()
}

/// The To tag.
pub(crate) fn to_tag(message: &impl HeadersExt) -> Option<String> {
    let tag = message.to_header().ok()?.tag().ok()??;
    Some(tag.value().to_owned())
}

/// The user that a message is from: the user part of From, else its host.
pub(crate) fn caller(request: &Request) -> String {
    let uri = request
        .from_header()
        .ok()
        .and_then(|from| from.typed().ok())
        .map(|from| from.uri);
    uri.map_or_else(
        || "anonymous".to_owned(),
        |uri| uri.user().map_or_else(|| uri.host().to_string(), unescape),
    )
}

/// The user part of To.
pub(crate) fn called(request: &Request) -> Option<String> {
    let to = request.to_header().ok()?.typed().ok()?;
    to.uri.user().map(unescape)
}

/// Undoes percent escapes (RFC 3261 §19.1.2); what is not one stays.
pub(crate) fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, after @ ..]) => hexadecimal(*high)
                .zip(hexadecimal(*low))
                .map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// A Via header for a request of ours, which asks for responses to where it came from
/// (RFC 3581).
pub(crate) fn via(transport: Transport, sent_by: std::net::SocketAddr) -> Header {
    let branch = random_token(16);
    Header::Via(format!("SIP/2.0/{transport} {sent_by};branch=z9hG4bK{branch};rport").into())
}

/// Letters and digits that nobody can guess: 6 bits of randomness each, nearly.
pub(crate) fn random_token(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_what_looks_like_one_is_kept() {
        assert_eq!(unescape("a%20b%2Bc"), "a b+c");
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(unescape("%zz%4"), "%zz%4");
    }

    #[test]
    fn a_response_carries_what_the_request_must_find_again() {
        let request: Request = concat!(
            "INVITE sip:a@127.0.0.1 SIP/2.0\r\n",
            "Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK1\r\n",
            "Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK2\r\n",
            "From: <sip:b@127.0.0.1>;tag=1\r\n",
            "To: <sip:a@127.0.0.1>\r\n",
            "Call-ID: c\r\nCSeq: 1 INVITE\r\nSubject: x\r\nContent-Length: 0\r\n\r\n",
        )
        .try_into()
        .unwrap();
        let response = respond(&request, 486, "tag").to_string();
        assert!(response.starts_with("SIP/2.0 486 Busy Here\r\n"));
        assert_eq!(response.matches("Via:").count(), 2);
        assert!(response.contains("To: <sip:a@127.0.0.1>;tag=tag\r\n"));
        assert!(!response.contains("Subject"));
        assert!(
            !respond(&request, 100, "tag")
                .to_string()
                .contains("tag=tag")
        );
    }

    #[test]
    fn a_description_in_another_character_set_is_one_all_the_same() {
        let request: Request = concat!(
            "INVITE sip:a@127.0.0.1 SIP/2.0\r\n",
            "Content-Type: application/sdp\r\nContent-Length: 0\r\n\r\n",
        )
        .try_into()
        .unwrap();
        let latin = b"v=0\r\ns=Gespr\xe4ch\r\n";
        let text = sdp_of(&request, latin).expect("a description");
        assert!(text.starts_with("v=0\r\ns=Gespr"), "{text}");
    }
}
