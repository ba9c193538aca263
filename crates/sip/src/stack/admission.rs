//! Which requests are worth any state, decided from the request alone. Sans-IO.

use std::time::Duration;

use rsipstack::sip::{Header, Method, Request, Scheme};

use super::message::{self, ALLOW};

/// What the decision depends on beside the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    /// The source may call us.
    pub(crate) allowed: bool,
    /// The request belongs to a dialog of ours.
    pub(crate) in_dialog: bool,
    /// As many calls live as may.
    pub(crate) full: bool,
    /// For `Retry-After`.
    pub(crate) retry_after: Duration,
}

/// What becomes of a request that no transaction waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It gets a transaction.
    Admit,
    /// It is answered at once and forgotten (RFC 3261 §8.2.7).
    Answer { code: u16, headers: Vec<Header> },
}

impl Admission {
    const fn bare(code: u16) -> Self {
        Self::Answer {
            code,
            headers: Vec::new(),
        }
    }

    fn with(code: u16, header: Header) -> Self {
        Self::Answer {
            code,
            headers: vec![header],
        }
    }
}

/// Decides about a request other than ACK and CANCEL.
pub(crate) fn decide(request: &Request, situation: Situation) -> Admission {
    let required = message::required(request);
    if message::to_tag(request).is_some() {
        return match (situation.in_dialog, required.is_empty()) {
            (false, _) => Admission::bare(481),
            (true, false) => bad_extension(&required),
            (true, true) => Admission::Admit,
        };
    }
    // Carriers ask whether anybody is there, from addresses that nobody told us.
    if !situation.allowed && request.method != Method::Options {
        return Admission::bare(403);
    }
    if !required.is_empty() {
        return bad_extension(&required);
    }
    match request.method {
        Method::Invite => decide_invite(request, situation),
        Method::Options => Admission::Answer {
            code: 200,
            headers: vec![
                Header::Allow(ALLOW.into()),
                Header::Accept(crate::sdp::CONTENT_TYPE.into()),
            ],
        },
        Method::Bye | Method::Update | Method::Info | Method::PRack | Method::Notify => {
            Admission::bare(481)
        }
        Method::Ack
        | Method::Cancel
        | Method::Message
        | Method::Publish
        | Method::Refer
        | Method::Register
        | Method::Subscribe => Admission::with(405, Header::Allow(ALLOW.into())),
    }
}

fn decide_invite(request: &Request, situation: Situation) -> Admission {
    if !matches!(request.uri.scheme, Some(Scheme::Sip | Scheme::Sips)) {
        return Admission::bare(416);
    }
    if request.uri.user().is_none_or(str::is_empty) {
        return Admission::bare(404);
    }
    if message::contact(request).is_none() {
        return Admission::bare(400);
    }
    if has_foreign_body(request) {
        return Admission::with(415, Header::Accept(crate::sdp::CONTENT_TYPE.into()));
    }
    if situation.full {
        return unavailable(situation.retry_after);
    }
    Admission::Admit
}

/// 503 with `Retry-After`.
pub(crate) fn unavailable(retry_after: Duration) -> Admission {
    Admission::with(
        503,
        Header::RetryAfter(retry_after.as_secs().max(1).to_string().into()),
    )
}

/// Whether a request has a body that is no plain session description.
pub(crate) fn has_foreign_body(request: &Request) -> bool {
    let encoded = request.headers.iter().any(|header| {
        matches!(header, Header::ContentEncoding(value) if !value.value().eq_ignore_ascii_case("identity"))
    });
    !request.body().is_empty() && (encoded || !message::is_sdp(request))
}

fn bad_extension(required: &[String]) -> Admission {
    Admission::with(420, Header::Unsupported(required.join(", ").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Situation = Situation {
        allowed: true,
        in_dialog: false,
        full: false,
        retry_after: Duration::from_secs(7),
    };

    fn request(method: &str, uri: &str, to: &str, more: &str) -> Request {
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
             From: <sip:c@d>;tag=1\r\nTo: {to}\r\nCall-ID: i\r\nCSeq: 1 {method}\r\n{more}\r\n"
        )
        .as_str()
        .try_into()
        .unwrap()
    }

    fn invite(more: &str) -> Request {
        request(
            "INVITE",
            "sip:agent@node",
            "<sip:agent@node>",
            &format!("Contact: <sip:c@d>\r\n{more}"),
        )
    }

    fn code(admission: &Admission) -> u16 {
        match admission {
            Admission::Admit => 0,
            Admission::Answer { code, .. } => *code,
        }
    }

    fn headers(admission: Admission) -> String {
        match admission {
            Admission::Admit => String::new(),
            Admission::Answer { headers, .. } => {
                headers.iter().map(|header| format!("{header}\n")).collect()
            }
        }
    }

    #[test]
    fn a_call_from_an_allowed_source_gets_a_transaction() {
        assert_eq!(decide(&invite(""), OPEN), Admission::Admit);
    }

    #[test]
    fn a_stranger_may_ask_whether_we_are_there_and_nothing_else() {
        let situation = Situation {
            allowed: false,
            full: true,
            ..OPEN
        };
        for method in ["INVITE", "REGISTER", "SUBSCRIBE", "MESSAGE", "BYE"] {
            let request = request(method, "sip:agent@node", "<sip:agent@node>", "");
            assert_eq!(code(&decide(&request, situation)), 403, "{method}");
        }
        let options = request("OPTIONS", "sip:node", "<sip:node>", "");
        assert_eq!(code(&decide(&options, situation)), 200);
    }

    #[test]
    fn required_extensions_are_named_as_unsupported() {
        let refused = decide(&invite("Require: 100rel\r\nRequire: timer, x\r\n"), OPEN);
        assert_eq!(code(&refused), 420);
        assert_eq!(headers(refused), "Unsupported: 100rel, timer, x\n");
        let tagged = request("UPDATE", "sip:a@b", "<sip:a@b>;tag=9", "Require: timer\r\n");
        assert_eq!(
            code(&decide(
                &tagged,
                Situation {
                    in_dialog: true,
                    ..OPEN
                }
            )),
            420
        );
    }

    #[test]
    fn a_full_node_says_when_to_come_back() {
        let refused = decide(&invite(""), Situation { full: true, ..OPEN });
        assert_eq!(code(&refused), 503);
        assert_eq!(headers(refused), "Retry-After: 7\n");
    }

    #[test]
    fn what_no_call_can_be_made_of_is_refused() {
        let contact = "Contact: <sip:c@d>\r\n";
        let cases = [
            (
                request("INVITE", "tel:+15551234567", "<sip:a@b>", contact),
                416,
            ),
            (request("INVITE", "sip:node", "<sip:node>", contact), 404),
            (request("INVITE", "sip:a@node", "<sip:a@node>", ""), 400),
        ];
        for (request, expected) in cases {
            assert_eq!(code(&decide(&request, OPEN)), expected);
        }
        let mut isup = invite("Content-Type: application/isup\r\nContent-Length: 3\r\n");
        isup.body = b"abc".to_vec();
        assert_eq!(code(&decide(&isup, OPEN)), 415);
    }

    #[test]
    fn a_request_for_a_dialog_that_is_gone_is_told_so() {
        let bye = request("BYE", "sip:a@b", "<sip:a@b>;tag=9", "");
        assert_eq!(code(&decide(&bye, OPEN)), 481);
        assert_eq!(
            decide(
                &bye,
                Situation {
                    in_dialog: true,
                    ..OPEN
                }
            ),
            Admission::Admit
        );
        let untagged = request("BYE", "sip:a@b", "<sip:a@b>", "");
        assert_eq!(code(&decide(&untagged, OPEN)), 481);
    }

    #[test]
    fn a_dialog_is_open_to_its_peer_wherever_that_is() {
        let bye = request("BYE", "sip:a@b", "<sip:a@b>;tag=9", "");
        let situation = Situation {
            allowed: false,
            in_dialog: true,
            ..OPEN
        };
        assert_eq!(decide(&bye, situation), Admission::Admit);
    }

    #[test]
    fn options_is_answered_and_other_methods_are_not_allowed() {
        let of = |method| request(method, "sip:a@b", "<sip:a@b>", "");
        assert_eq!(code(&decide(&of("OPTIONS"), OPEN)), 200);
        for method in ["REGISTER", "SUBSCRIBE", "PUBLISH", "MESSAGE", "REFER"] {
            let refused = decide(&of(method), OPEN);
            assert_eq!(code(&refused), 405, "{method}");
            assert!(headers(refused).starts_with("Allow: INVITE"));
        }
    }
}
