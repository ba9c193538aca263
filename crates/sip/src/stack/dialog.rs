//! A dialog: the state that requests within a call share (RFC 3261 §12). Sans-IO.

use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{From, Header, Method, Request, Response, To, Uri, Version};

use super::message::{self, DialogKey};

/// One side's view of a dialog.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) key: DialogKey,
    remote_tag: Option<String>,
    /// Value of From in our requests.
    local: String,
    /// Value of To in our requests.
    remote: String,
    pub(crate) local_sequence: u32,
    remote_sequence: Option<u32>,
    /// Where requests go in the end: the other side's Contact.
    remote_target: Uri,
    /// What they pass on the way. Routes are taken to be loose (§16.12).
    routes: Vec<Uri>,
    /// Value of our Contact.
    pub(crate) contact: String,
    user_agent: String,
}

/// A request within a dialog that must not be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutOfDialog {
    /// Another peer's tag: 481.
    ForeignTag,
    /// Overtaken by a later one: 500 (§12.2.2).
    Stale,
}

impl Dialog {
    /// The dialog that our INVITE will create.
    pub(crate) fn of_caller(
        invite: &Request,
        key: DialogKey,
        contact: String,
        agent: &str,
    ) -> Self {
        let value = |header: Option<&str>| header.unwrap_or_default().to_owned();
        Self {
            key,
            remote_tag: None,
            local: value(invite.from_header().ok().map(|from| from.value())),
            remote: value(invite.to_header().ok().map(|to| to.value())),
            local_sequence: message::sequence(invite).unwrap_or(1),
            remote_sequence: None,
            remote_target: invite.uri.clone(),
            routes: Vec::new(),
            contact,
            user_agent: agent.to_owned(),
        }
    }

    /// The dialog that their INVITE will create; `None` when it has no Contact or no From tag.
    pub(crate) fn of_callee(
        invite: &Request,
        key: DialogKey,
        contact: String,
        agent: &str,
    ) -> Option<Self> {
        let from = invite.from_header().ok()?;
        let to = invite.to_header().ok()?;
        Some(Self {
            remote_tag: Some(from.tag().ok()??.value().to_owned()),
            local: to
                .with_tag(key.local_tag.as_str().into())
                .value()
                .to_owned(),
            remote: from.value().to_owned(),
            key,
            local_sequence: 0,
            remote_sequence: message::sequence(invite),
            remote_target: message::contact(invite)?,
            routes: message::record_route(invite),
            contact,
            user_agent: agent.to_owned(),
        })
    }

    /// Learns the remote tag, target and routes from a response to our INVITE (§12.1.2).
    pub(crate) fn learn(&mut self, response: &Response) {
        let Some(tag) = message::to_tag(response) else {
            return;
        };
        if let Ok(to) = response.to_header() {
            to.value().clone_into(&mut self.remote);
        }
        self.remote_tag = Some(tag);
        self.routes = message::record_route(response);
        self.routes.reverse();
        if let Some(target) = message::contact(response) {
            self.remote_target = target;
        }
    }

    /// Checks a request of the other side and takes note of its number; an ACK has that of
    /// its INVITE and is not checked.
    pub(crate) fn admit(&mut self, request: &Request) -> Result<(), OutOfDialog> {
        let tag = request
            .from_header()
            .ok()
            .and_then(|from| from.tag().ok())
            .flatten();
        let tag = tag.as_ref().map(|tag| tag.value());
        if self.remote_tag.is_some() && self.remote_tag.as_deref() != tag {
            return Err(OutOfDialog::ForeignTag);
        }
        let number = message::sequence(request);
        if number <= self.remote_sequence {
            return Err(OutOfDialog::Stale);
        }
        self.remote_sequence = number;
        Ok(())
    }

    /// Moves the remote target to the Contact of a re-INVITE or UPDATE (§12.2.2).
    pub(crate) fn refresh_target(&mut self, request: &Request) {
        if let Some(target) = message::contact(request) {
            self.remote_target = target;
        }
    }

    /// The URI whose host the next request is sent to.
    pub(crate) fn next_hop(&self) -> &Uri {
        self.routes.first().unwrap_or(&self.remote_target)
    }

    /// A request within the dialog, with the next number, still without Via.
    pub(crate) fn request(&mut self, method: Method) -> Request {
        self.local_sequence += 1;
        self.request_numbered(method, self.local_sequence)
    }

    /// The ACK for a 2xx to our INVITE number `sequence` (§13.2.2.4), still without Via.
    pub(crate) fn acknowledgement(&self, sequence: u32) -> Request {
        self.request_numbered(Method::Ack, sequence)
    }

    fn request_numbered(&self, method: Method, sequence: u32) -> Request {
        let mut headers = vec![
            Header::MaxForwards(70.into()),
            Header::From(self.local.clone().into()),
            Header::To(self.remote.clone().into()),
            Header::CallId(self.key.call_id.clone().into()),
            Header::CSeq(format!("{sequence} {method}").into()),
            Header::Contact(self.contact.clone().into()),
        ];
        headers.extend(
            self.routes
                .iter()
                .map(|uri| Header::Route(format!("<{uri}>").into())),
        );
        headers.push(Header::UserAgent(self.user_agent.clone().into()));
        headers.push(Header::ContentLength(0.into()));
        Request {
            method,
            uri: self.remote_target.clone(),
            version: Version::V2,
            headers: headers.into(),
            body: Vec::new(),
        }
    }

    /// What makes a request a referral to `user` at the other side's host (RFC 3515 §2.1,
    /// RFC 3892 §2.1).
    pub(crate) fn referral(&self, user: &str) -> Vec<Header> {
        let remote = To::from(self.remote.clone()).typed().map(|to| to.uri);
        let local = From::from(self.local.clone()).typed().map(|from| from.uri);
        let named = remote.ok().map(|uri| uri.host_with_port);
        // Callers who withhold their number have a host that nobody is at (RFC 2606 §2).
        let host = named
            .filter(|host| !host.to_string().ends_with(".invalid"))
            .unwrap_or_else(|| self.remote_target.host_with_port.clone());
        let mut headers = vec![Header::ReferTo(format!("<sip:{user}@{host}>").into())];
        if let Ok(local) = local {
            headers.push(Header::ReferredBy(format!("<{local}>").into()));
        }
        headers
    }

    /// A response to a request of the other side, with our Contact where it matters.
    pub(crate) fn respond(&self, request: &Request, code: u16) -> Response {
        let mut response = message::respond(request, code, &self.key.local_tag);
        let refreshes_target = matches!(request.method, Method::Invite | Method::Update);
        if refreshes_target && (101..300).contains(&code) {
            let record_route = request
                .headers
                .iter()
                .filter(|h| matches!(h, Header::RecordRoute(_)));
            response.headers.extend(record_route.cloned().collect());
            response
                .headers
                .push(Header::Contact(self.contact.clone().into()));
        }
        if code >= 200 {
            response.headers.push(Header::Allow(message::ALLOW.into()));
        }
        response
            .headers
            .push(Header::UserAgent(self.user_agent.clone().into()));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite() -> Request {
        concat!(
            "INVITE sip:agent@127.0.0.1 SIP/2.0\r\n",
            "Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK1\r\n",
            "Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>\r\n",
            "From: <sip:caller@example.com>;tag=theirs\r\n",
            "To: <sip:agent@127.0.0.1>\r\n",
            "Call-ID: c\r\nCSeq: 7 INVITE\r\nContact: <sip:caller@10.0.0.1:5070>\r\n",
            "Content-Length: 0\r\n\r\n",
        )
        .try_into()
        .unwrap()
    }

    fn callee() -> Dialog {
        let key = DialogKey {
            call_id: "c".to_owned(),
            local_tag: "ours".to_owned(),
        };
        Dialog::of_callee(&invite(), key, "<sip:agent@127.0.0.1:5060>".to_owned(), "t").unwrap()
    }

    fn request(text: &str) -> Request {
        text.replace('\n', "\r\n").as_str().try_into().unwrap()
    }

    #[test]
    fn a_callee_sends_requests_back_along_the_recorded_route() {
        let mut dialog = callee();
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri.to_string(), "sip:caller@10.0.0.1:5070");
        assert_eq!(dialog.next_hop().to_string(), "sip:p2.example;lr");
        let routes: Vec<_> = bye
            .route_headers()
            .iter()
            .map(|r| r.value().to_owned())
            .collect();
        assert_eq!(routes, ["<sip:p2.example;lr>", "<sip:p1.example;lr>"]);
        assert_eq!(
            bye.from_header().unwrap().value(),
            "<sip:agent@127.0.0.1>;tag=ours"
        );
        assert_eq!(
            bye.to_header().unwrap().value(),
            "<sip:caller@example.com>;tag=theirs"
        );
    }

    #[test]
    fn a_caller_reverses_the_recorded_route() {
        let key = DialogKey {
            call_id: "c".to_owned(),
            local_tag: "theirs".to_owned(),
        };
        let mut dialog = Dialog::of_caller(&invite(), key, "<sip:x>".to_owned(), "t");
        let response: Response = concat!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK1\r\n",
            "Record-Route: <sip:p2.example;lr>\r\nRecord-Route: <sip:p1.example;lr>\r\n",
            "From: <sip:caller@example.com>;tag=theirs\r\nTo: <sip:agent@127.0.0.1>;tag=far\r\n",
            "Call-ID: c\r\nCSeq: 7 INVITE\r\nContact: <sip:agent@10.0.0.2>\r\n\r\n",
        )
        .try_into()
        .unwrap();
        dialog.learn(&response);
        assert_eq!(dialog.next_hop().to_string(), "sip:p1.example;lr");
        assert_eq!(
            dialog.acknowledgement(7).uri.to_string(),
            "sip:agent@10.0.0.2"
        );
        let to = dialog
            .request(Method::Bye)
            .to_header()
            .unwrap()
            .value()
            .to_owned();
        assert_eq!(to, "<sip:agent@127.0.0.1>;tag=far");
    }

    #[test]
    fn an_overtaken_request_is_refused_and_so_is_a_stranger() {
        let mut dialog = callee();
        let with = |tag: &str, number: u32| {
            request(&format!(
                "INFO sip:a@b SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK2\nFrom: <sip:c@d>;tag={tag}\n\
                 To: <sip:a@b>;tag=ours\nCall-ID: c\nCSeq: {number} INFO\n\n"
            ))
        };
        assert_eq!(dialog.admit(&with("theirs", 9)), Ok(()));
        assert_eq!(dialog.admit(&with("theirs", 8)), Err(OutOfDialog::Stale));
        assert_eq!(
            dialog.admit(&with("other", 10)),
            Err(OutOfDialog::ForeignTag)
        );
        assert_eq!(dialog.admit(&with("theirs", 10)), Ok(()));
    }

    #[test]
    fn a_refreshed_target_is_where_the_next_request_goes() {
        let mut dialog = callee();
        let mut update = invite();
        update
            .headers
            .unique_push(Header::Contact("<sip:caller@10.0.0.9>".into()));
        dialog.refresh_target(&update);
        assert_eq!(
            dialog.request(Method::Bye).uri.to_string(),
            "sip:caller@10.0.0.9"
        );
    }
}
