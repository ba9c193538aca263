//! Being called.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use audio::Moment;
use rsipstack::sip::Request;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::incoming::{AcceptError, IncomingCall};
use super::machine::Machine;
use super::outbox::Outbox;
use super::task::{REPORTS, Role, Task};
use super::{EVENTS, LocalMedia, TRANSFERS};
use crate::sdp::{RemoteMedia, Terms};
use crate::stack::Stack;
use crate::stack::admission::{self, Admission};
use crate::stack::dialog::Dialog;
use crate::stack::flow::Flow;
use crate::stack::message::{self, DialogKey};
use crate::stack::registry::Claim;
use crate::stack::transaction::{self, Report, Responder};

/// What the owner of an incoming call wants.
#[derive(Debug)]
pub(crate) enum Decision {
    Ring,
    Accept {
        media: LocalMedia,
        taken: oneshot::Sender<Result<(), AcceptError>>,
    },
    Decline {
        code: u16,
    },
}

/// Decisions that may wait for a call: alerting, once or twice, and the last one.
const DECISIONS: usize = 4;

/// What a callee remembers of the INVITE.
pub(super) struct Invited {
    pub(super) request: Request,
    pub(super) responder: Responder,
    pub(super) decided: bool,
    source: SocketAddr,
    /// Dropped with the call, to tell its owner that there is nothing left to accept.
    _withdrawn: tokio_util::sync::DropGuard,
    _claim: Claim,
}

/// Takes an INVITE that was admitted: checks what costs a look into its body, and offers it to
/// the owner of the endpoint.
pub(crate) fn answer_invite(
    stack: &Arc<Stack>,
    transaction: Transaction,
    calls: &mpsc::Sender<IncomingCall>,
) {
    let request = transaction.original.clone();
    let flow = way_back(stack, &transaction);
    let (reporter, reports) = mpsc::channel(REPORTS);
    let responder = transaction::serve(stack, transaction, reporter.clone());
    let local_tag = message::random_token(16);
    responder.respond(message::respond(&request, 100, &local_tag));
    match check(stack, &request, flow, local_tag.clone()) {
        Ok(checked) => offer(
            stack,
            checked,
            request,
            responder,
            (reporter, reports),
            calls,
        ),
        Err(code) => refuse(stack, &request, &responder, code, &local_tag),
    }
}

/// An INVITE that a call can be made of.
struct Checked {
    dialog: Dialog,
    flow: Flow,
    machine: Machine,
    offered: Option<RemoteMedia>,
    permit: OwnedSemaphorePermit,
    claim: Claim,
}

fn check(
    stack: &Arc<Stack>,
    request: &Request,
    flow: Option<Flow>,
    local_tag: String,
) -> Result<Checked, u16> {
    let flow = flow.ok_or(400_u16)?;
    let call_id = request
        .call_id_header()
        .map_err(|_| 400_u16)?
        .value()
        .to_owned();
    let from_tag = request
        .from_header()
        .ok()
        .and_then(|from| from.tag().ok())
        .flatten();
    let from_tag = from_tag.ok_or(400_u16)?;
    let sequence = message::sequence(request).ok_or(400_u16)?;
    let claim = stack
        .registry
        .claim(&call_id, from_tag.value(), sequence)
        .ok_or(482_u16)?;
    let offer = match message::sdp_of(request, request.body()) {
        None if request.body().is_empty() => None,
        None => return Err(400),
        Some(offer) => Some(offer.into_owned()),
    };
    let terms = Terms {
        codecs: stack.config.codecs.clone(),
        srtp: stack.config.srtp,
        comfort_noise: stack.config.comfort_noise,
    };
    // A placeholder until the owner says where its audio comes in; only the family counts.
    let local = stack.addresses.listen;
    let session = Task::session(stack, local, flow.peer, terms);
    let offered = offer.as_deref().map(|offer| session.preview_offer(offer));
    let offered = offered.transpose().map_err(|refused| refused.status())?;
    let permit = Arc::clone(&stack.room)
        .try_acquire_owned()
        .map_err(|_| 503_u16)?;
    let key = DialogKey { call_id, local_tag };
    let ours = stack.addresses.signalling(flow.peer);
    let transport = if flow.is_stream() {
        ";transport=tcp"
    } else {
        ""
    };
    let user = request
        .uri
        .auth
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let contact = format!("<sip:{user}@{ours}{transport}>");
    let dialog =
        Dialog::of_callee(request, key, contact, &stack.config.user_agent).ok_or(400_u16)?;
    let machine = Machine::invited(session, Task::limits(stack), offer, Moment::ZERO);
    Ok(Checked {
        dialog,
        flow,
        machine,
        offered,
        permit,
        claim,
    })
}

fn offer(
    stack: &Arc<Stack>,
    checked: Checked,
    request: Request,
    responder: Responder,
    (reporter, reports): (mpsc::Sender<Report>, mpsc::Receiver<Report>),
    calls: &mpsc::Sender<IncomingCall>,
) {
    let Checked {
        dialog,
        flow,
        machine,
        offered,
        permit,
        claim,
    } = checked;
    let (sender, events) = mpsc::channel(EVENTS);
    let (decide, decisions) = mpsc::channel(DECISIONS);
    let (transfer, transfers) = mpsc::channel(TRANSFERS);
    let hangup = stack.draining.child_token();
    let withdrawn = CancellationToken::new();
    let user = request.uri.user().unwrap_or_default();
    let incoming = IncomingCall {
        agent: message::unescape(user),
        to: message::called(&request),
        from: message::caller(&request),
        source: flow.peer,
        offered,
        decide,
        events,
        hangup: hangup.clone(),
        transfer,
        withdrawn: withdrawn.clone(),
        counters: Arc::clone(&stack.counters),
    };
    // overflow: refused, counted
    if calls.try_send(incoming).is_err() {
        let refused = &stack.counters.calls_refused;
        refused.fetch_add(1, Ordering::Relaxed);
        refuse(stack, &request, &responder, 503, &dialog.key.local_tag);
        return;
    }
    tracing::debug!(call_id = dialog.key.call_id, source = %flow.peer, "a call comes in");
    let (registration, inbox) = stack.registry.register(dialog.key.clone());
    let invited = Invited {
        request,
        responder,
        decided: false,
        source: flow.peer,
        _withdrawn: withdrawn.drop_guard(),
        _claim: claim,
    };
    let task = Task {
        stack: Arc::clone(stack),
        machine,
        dialog,
        role: Role::Callee(Box::new(invited)),
        flow,
        credentials: None,
        trunk: None,
        started: Instant::now(),
        outbox: Outbox::new(sender.clone()),
        permit: Some(permit),
        hangup,
        transfers,
        decisions,
        reports,
        reporter,
        inbox,
        unreachable: stack.socket.unreachable(),
        late_offer: None,
        _registration: registration,
    };
    super::spawn(&stack.calls, sender, task.run());
}

fn refuse(stack: &Stack, request: &Request, responder: &Responder, code: u16, local_tag: &str) {
    let mut response = message::respond(request, code, local_tag);
    if code == 503
        && let Admission::Answer { headers, .. } = admission::unavailable(stack.config.retry_after)
    {
        response.headers.extend(headers);
    }
    responder.respond(response);
}

/// The connection that a request came on, and the address that it came from.
fn way_back(stack: &Stack, transaction: &Transaction) -> Option<Flow> {
    let connection = transaction.connection.clone()?;
    if let SipConnection::Tcp(_) = &connection {
        let peer = connection.get_remote_addr()?.get_socketaddr().ok()?;
        return Some(Flow { connection, peer });
    }
    let via = transaction.original.via_header().ok()?;
    let (_, source) = SipConnection::parse_target_from_via(via).ok()?;
    Some(Flow {
        connection: stack.udp.clone(),
        peer: source.try_into().ok()?,
    })
}

impl Task {
    /// The owner of an incoming call decided, or dropped it undecided.
    pub(super) fn decide(&mut self, decision: Option<Decision>) {
        let Role::Callee(invited) = &mut self.role else {
            return;
        };
        let effects = match decision {
            Some(Decision::Ring) => self.machine.ring(),
            Some(Decision::Accept { media, taken }) => {
                invited.decided = true;
                let local = self.stack.addresses.media(media.address, invited.source);
                let effects = self.machine.accept(local);
                let result = if self.machine.has_ended() {
                    Err(AcceptError::Unusable)
                } else {
                    Ok(())
                };
                // Whoever stopped waiting dropped the handle too, which hangs up.
                let _ = taken.send(result);
                effects
            }
            Some(Decision::Decline { code }) => {
                invited.decided = true;
                self.machine.decline(code)
            }
            None => {
                invited.decided = true;
                self.machine.decline(480)
            }
        };
        self.apply(effects);
    }
}
