//! Placing a call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audio::Moment;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{
    Auth, Header, Method, Param, Request, Response, Scheme, Transport, Uri, Version,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::machine::{Limits, Machine};
use super::outbox::Outbox;
use super::task::{REPORTS, Role, Task};
use super::{CallEvent, CallHandle, EVENTS, LocalMedia, TRANSFERS};
use crate::cause::EndCause;
use crate::config;
use crate::routing::Trunk;
use crate::sdp::Terms;
use crate::stack::dialog::Dialog;
use crate::stack::digest::Credentials;
use crate::stack::flow::Flow;
use crate::stack::message::{self, ALLOW, DialogKey};
use crate::stack::transaction;
use crate::stack::{Stack, spawn_until_stopped};

/// The user of From where the configuration names none.
const ANONYMOUS: &str = "mihu";
/// Branches of a fork that are ended one by one; more than that is no fork but an attack.
const MAX_FORKS: usize = 8;

/// A call that was routed and admitted.
pub(crate) struct OutgoingCall {
    pub(crate) number: String,
    pub(crate) trunk: Arc<Trunk>,
    /// Whether the call brought it along.
    pub(crate) is_own: bool,
    /// Whether a gateway that says nothing is given up soon.
    pub(crate) has_alternative: bool,
    pub(crate) media: LocalMedia,
    pub(crate) permit: OwnedSemaphorePermit,
}

/// What a caller remembers of its INVITE.
pub(super) struct Inviting {
    /// As it was sent last.
    invite: Request,
    abandoned: Arc<AtomicBool>,
    /// To tag of the first 2xx.
    answered: Option<String>,
    /// To tags of later ones.
    forks: Vec<String>,
    /// To tag and RSeq of the last reliable provisional response (RFC 3262 §4).
    reliable: Option<(String, u32)>,
}

impl Inviting {
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }
}

/// Places a call. Its task runs until both sides are done with it.
pub(crate) fn place(
    stack: &Arc<Stack>,
    call: OutgoingCall,
) -> (CallHandle, mpsc::Receiver<CallEvent>) {
    let hangup = stack.draining.child_token();
    let (transfer, transfers) = mpsc::channel(TRANSFERS);
    let handle = CallHandle::new(hangup.clone(), transfer);
    let (sender, events) = mpsc::channel(EVENTS);
    let stack = Arc::clone(stack);
    let tracker = stack.calls.clone();
    super::spawn(&tracker, sender.clone(), async move {
        let mut outbox = Outbox::new(sender);
        let prepared = tokio::select! {
            prepared = find_way(&stack, &call) => prepared,
            () = hangup.cancelled() => Err(EndCause::Cancelled),
        };
        match prepared {
            Ok(flow) => {
                let owner = Owner {
                    outbox,
                    hangup,
                    transfers,
                };
                start(&stack, call, flow, owner).run().await;
            }
            Err(cause) => {
                drop(call);
                outbox.push(CallEvent::Ended(cause));
                outbox.finish().await;
            }
        }
    });
    (handle, events)
}

/// What ties a call to its owner.
struct Owner {
    outbox: Outbox,
    hangup: CancellationToken,
    transfers: mpsc::Receiver<String>,
}

async fn find_way(stack: &Arc<Stack>, call: &OutgoingCall) -> Result<Flow, EndCause> {
    let trunk = &call.trunk;
    let transport = match trunk.config.transport {
        config::Transport::Udp => Transport::Udp,
        config::Transport::Tcp => Transport::Tcp,
    };
    let found = stack.flow_to(&trunk.gateway, transport).await;
    let unreachable = |reason: &dyn std::fmt::Display| EndCause::Unreachable {
        code: 503,
        reason: format!("trunk {}: {reason}", trunk.name),
    };
    let flow = found.map_err(|error| unreachable(&error))?;
    // Now, so that a name which leads elsewhere since it was last looked up gains nothing.
    if call.is_own && !(stack.config.permits_gateway)(flow.peer.ip().to_canonical()) {
        return Err(unreachable(&"its gateway's address is not permitted"));
    }
    Ok(flow)
}

fn start(stack: &Arc<Stack>, call: OutgoingCall, flow: Flow, owner: Owner) -> Task {
    let OutgoingCall {
        number,
        trunk,
        has_alternative,
        media,
        permit,
        ..
    } = call;
    let codecs = trunk.config.codecs.as_ref();
    let terms = Terms {
        codecs: codecs.unwrap_or(&stack.config.codecs).clone(),
        srtp: trunk.config.srtp,
        comfort_noise: stack.config.comfort_noise,
    };
    let session = Task::session(stack, media.address, flow.peer, terms);
    let limits = Limits {
        silence: has_alternative.then_some(stack.config.gateway_timeout),
        ..Task::limits(stack)
    };
    let (machine, offer) = Machine::calling(session, limits, Moment::ZERO);
    let key = DialogKey {
        call_id: message::random_token(24),
        local_tag: message::random_token(16),
    };
    let (registration, inbox) = stack.registry.register(key.clone());
    let (invite, contact) = invite(stack, &trunk, &number, &flow, &key, offer);
    let dialog = Dialog::of_caller(&invite, key, contact, &stack.config.user_agent);
    let credentials = trunk
        .config
        .username
        .clone()
        .zip(trunk.config.password.clone());
    let credentials = credentials.map(|(username, password)| Credentials { username, password });
    let (reporter, reports) = mpsc::channel(REPORTS);
    let abandoned = Arc::new(AtomicBool::new(false));
    // Before the INVITE, so that no answer from the network is missed.
    let unreachable = stack.socket.unreachable();
    tracing::debug!(call_id = dialog.key.call_id, trunk = %trunk.name, "a call goes out");
    let driver = transaction::invite(
        Arc::clone(stack),
        invite.clone(),
        flow.clone(),
        credentials.clone(),
        Arc::clone(&abandoned),
        reporter.clone(),
    );
    spawn_until_stopped(stack, driver);
    let inviting = Inviting {
        invite,
        abandoned,
        answered: None,
        forks: Vec::new(),
        reliable: None,
    };
    let (_, decisions) = mpsc::channel(1);
    Task {
        stack: Arc::clone(stack),
        machine,
        dialog,
        role: Role::Caller(Box::new(inviting)),
        flow,
        credentials,
        trunk: Some(trunk),
        started: Instant::now(),
        outbox: owner.outbox,
        permit: Some(permit),
        hangup: owner.hangup,
        transfers: owner.transfers,
        decisions,
        reports,
        reporter,
        inbox,
        unreachable,
        late_offer: None,
        _registration: registration,
    }
}

fn invite(
    stack: &Stack,
    trunk: &Trunk,
    number: &str,
    flow: &Flow,
    key: &DialogKey,
    offer: String,
) -> (Request, String) {
    let params = if flow.is_stream() {
        vec![Param::Transport(Transport::Tcp)]
    } else {
        Vec::new()
    };
    let sip = |user: &str, host_with_port, params| Uri {
        scheme: Some(Scheme::Sip),
        auth: Some(Auth {
            user: user.to_owned(),
            password: None,
        }),
        host_with_port,
        params,
        headers: Vec::new(),
    };
    let callee = trunk.user_for(number);
    let configured = trunk
        .config
        .from
        .as_deref()
        .or(trunk.config.username.as_deref());
    let caller = configured.unwrap_or(ANONYMOUS);
    let uri = sip(callee, trunk.gateway.clone(), params.clone());
    let to = sip(callee, trunk.gateway.clone(), Vec::new());
    let domain = rsipstack::sip::HostWithPort {
        host: trunk.gateway.host.clone(),
        port: None,
    };
    let from = sip(caller, domain, Vec::new());
    let ours = stack.addresses.signalling(flow.peer);
    let contact = format!("<{}>", sip(caller, ours.into(), params));
    let mut headers = vec![
        stack.via(flow),
        Header::MaxForwards(70.into()),
        Header::From(format!("<{from}>;tag={}", key.local_tag).into()),
        Header::To(format!("<{to}>").into()),
        Header::CallId(key.call_id.clone().into()),
        Header::CSeq("1 INVITE".into()),
        Header::Contact(contact.clone().into()),
        Header::Allow(ALLOW.into()),
        Header::Supported("100rel".into()),
        Header::UserAgent(stack.config.user_agent.clone().into()),
    ]
    .into();
    let mut body = Vec::new();
    message::attach_sdp(&mut headers, &mut body, offer);
    (
        Request {
            method: Method::Invite,
            uri,
            version: Version::V2,
            headers,
            body,
        },
        contact,
    )
}

impl Task {
    /// Our INVITE went out again.
    pub(super) fn resent(&mut self, invite: Request) {
        self.dialog.local_sequence = message::sequence(&invite).unwrap_or_default();
        self.machine.resent();
        if let Role::Caller(inviting) = &mut self.role {
            inviting.invite = invite;
        }
    }

    /// A response to our INVITE, in time or late.
    pub(super) async fn heard(&mut self, response: Response) {
        match response.status_code.code() {
            100..=199 => self.heard_provisional(&response),
            200..=299 => self.heard_success(&response).await,
            code => self.heard_failure(code, &response),
        }
    }

    fn heard_provisional(&mut self, response: &Response) {
        let now = self.now();
        let code = response.status_code.code();
        let tag = message::to_tag(response);
        let reliable = reliable_number(response).zip(tag);
        if matches!(&self.role, Role::Caller(inviting) if inviting.answered.is_none()) {
            self.dialog.learn(response);
        }
        if let Some((number, tag)) = reliable.clone() {
            if !self.is_next(number, &tag) {
                return;
            }
            self.confirm(number, response);
        }
        let sdp = message::sdp_of(response, response.body());
        let effects = self
            .machine
            .provisional(now, code, sdp.as_deref(), reliable.is_some());
        self.apply(effects);
    }

    /// Whether a reliable response is new and in order (RFC 3262 §4).
    fn is_next(&mut self, number: u32, tag: &str) -> bool {
        let Role::Caller(inviting) = &mut self.role else {
            return false;
        };
        let next = match &inviting.reliable {
            Some((known, last)) if known == tag => last.checked_add(1) == Some(number),
            Some(_) | None => true,
        };
        if next {
            inviting.reliable = Some((tag.to_owned(), number));
        }
        next
    }

    /// Acknowledges a reliable provisional response.
    fn confirm(&mut self, number: u32, response: &Response) {
        let Some(invite) = message::sequence(response) else {
            return;
        };
        let mut request = self.dialog.request(Method::PRack);
        request
            .headers
            .push(Header::RAck(format!("{number} {invite} INVITE").into()));
        // Without credentials: a challenge would take a number that the next request needs.
        let sent = self.send(request, None);
        spawn_until_stopped(&self.stack, sent);
    }

    async fn heard_success(&mut self, response: &Response) {
        let Role::Caller(inviting) = &mut self.role else {
            return;
        };
        let tag = message::to_tag(response).unwrap_or_default();
        let is_first = inviting.answered.is_none();
        let is_ours = *inviting.answered.get_or_insert_with(|| tag.clone()) == tag;
        if is_first {
            self.dialog.learn(response);
        }
        if is_ours {
            self.acknowledge(&self.dialog).await;
        } else {
            self.end_fork(response, tag).await;
        }
        if is_first {
            let sdp = message::sdp_of(response, response.body());
            let effects = self.machine.answered(sdp.as_deref());
            self.apply(effects);
        }
    }

    /// Another branch of a fork answered as well: it is acknowledged and hung up (RFC 3261
    /// §13.2.2.4).
    async fn end_fork(&mut self, response: &Response, tag: String) {
        let Role::Caller(inviting) = &mut self.role else {
            return;
        };
        let is_new = !inviting.forks.contains(&tag);
        if is_new {
            if inviting.forks.len() == MAX_FORKS {
                return;
            }
            inviting.forks.push(tag);
        }
        let mut branch = self.dialog.clone();
        branch.learn(response);
        self.acknowledge(&branch).await;
        if is_new {
            let request = branch.request(Method::Bye);
            let hung_up = transaction::request(
                Arc::clone(&self.stack),
                request,
                branch.next_hop().clone(),
                self.flow.clone(),
                self.credentials.clone(),
            );
            spawn_until_stopped(&self.stack, async move {
                hung_up.await;
            });
        }
    }

    /// Sends the ACK of a 2xx, before anything else is sent within its dialog.
    async fn acknowledge(&self, dialog: &Dialog) {
        let Role::Caller(inviting) = &self.role else {
            return;
        };
        let Some(sequence) = message::sequence(&inviting.invite) else {
            return;
        };
        let mut ack = dialog.acknowledgement(sequence);
        for header in inviting.invite.headers.iter() {
            if matches!(
                header,
                Header::Authorization(_) | Header::ProxyAuthorization(_)
            ) {
                ack.headers.push(header.clone());
            }
        }
        let flow = self.stack.flow_within(dialog.next_hop(), &self.flow).await;
        ack.headers.push_front(self.stack.via(&flow));
        let sent = tokio::time::timeout(self.stack.config.connect_timeout, flow.send(ack.into()));
        if !matches!(sent.await, Ok(Ok(()))) {
            tracing::debug!(peer = %flow.peer, "an ACK could not be sent");
        }
    }

    fn heard_failure(&mut self, code: u16, response: &Response) {
        // The library makes up a response for what had none; every real one has a To tag.
        let is_local = response
            .to_header()
            .is_ok_and(|to| matches!(to.tag(), Ok(None)));
        let peer = self.flow.peer;
        if is_local && self.machine.is_unheard() {
            self.flow.retire();
        }
        let cause = match code {
            408 if is_local && self.machine.is_unheard() => EndCause::Unreachable {
                code,
                reason: format!("no response from {peer}"),
            },
            503 if is_local => EndCause::Unreachable {
                code,
                reason: format!("the connection to {peer} was lost"),
            },
            _ => {
                let standard = response.status_code.text();
                let reason = response.wire_reason.as_deref().unwrap_or(standard);
                EndCause::of_response(code, reason)
            }
        };
        let effects = self.machine.failed(cause);
        self.apply(effects);
    }

    /// The network says that a peer cannot be reached, and nothing was heard of ours.
    pub(super) fn unreachable(&mut self, peer: SocketAddr) {
        if peer != self.flow.peer {
            return;
        }
        let cause = EndCause::Unreachable {
            code: 503,
            reason: format!("{peer} does not take SIP over UDP (ICMP error)"),
        };
        let effects = self.machine.failed(cause);
        self.apply(effects);
    }

    pub(super) fn cancel(&self) {
        if let Role::Caller(inviting) = &self.role {
            let stack = Arc::clone(&self.stack);
            let cancel = transaction::cancel(stack, inviting.invite.clone(), self.flow.clone());
            spawn_until_stopped(&self.stack, cancel);
        }
    }
}

/// The RSeq of a reliable provisional response.
fn reliable_number(response: &Response) -> Option<u32> {
    let code = response.status_code.code();
    let reliable = code > 100 && response.header_contains_token("Require", "100rel");
    reliable.then(|| response.rseq_value()).flatten()
}
