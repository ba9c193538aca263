//! The task that carries one call: it feeds the machine with what arrives and does what the
//! machine wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use audio::Moment;
use rand::rngs::OsRng;
use rand::{Rng, TryRngCore};
use rsipstack::sip::{Header, Method, Request};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::CallEvent;
use super::callee::{Decision, Invited};
use super::caller::Inviting;
use super::machine::{Effect, Limits, Machine, Reply};
use super::outbox::Outbox;
use crate::cause::EndCause;
use crate::routing::Trunk;
use crate::sdp::{Session, Terms};
use crate::stack::admission::{self, Admission};
use crate::stack::dialog::{Dialog, OutOfDialog};
use crate::stack::digest::{Credentials, MOST_ANSWERS};
use crate::stack::flow::Flow;
use crate::stack::message;
use crate::stack::refer;
use crate::stack::registry::{DialogMessage, Registration};
use crate::stack::transaction::{self, Report, Responder};
use crate::stack::{Stack, spawn_until_stopped};

/// Reports that may wait for a call; the transactions that make them wait beyond it.
pub(super) const REPORTS: usize = 16;

/// Who placed the call.
pub(super) enum Role {
    Caller(Box<Inviting>),
    Callee(Box<Invited>),
}

/// One call.
pub(super) struct Task {
    pub(super) stack: Arc<Stack>,
    pub(super) machine: Machine,
    pub(super) dialog: Dialog,
    pub(super) role: Role,
    /// The way that the dialog was set up on.
    pub(super) flow: Flow,
    pub(super) credentials: Option<Credentials>,
    /// The trunk that the call left through.
    pub(super) trunk: Option<Arc<Trunk>>,
    pub(super) started: Instant,
    pub(super) outbox: Outbox,
    /// Given back when the call is over for its owner.
    pub(super) permit: Option<OwnedSemaphorePermit>,
    pub(super) hangup: CancellationToken,
    pub(super) transfers: mpsc::Receiver<String>,
    pub(super) decisions: mpsc::Receiver<Decision>,
    pub(super) reports: mpsc::Receiver<Report>,
    pub(super) reporter: mpsc::Sender<Report>,
    pub(super) inbox: mpsc::Receiver<DialogMessage>,
    pub(super) unreachable: broadcast::Receiver<SocketAddr>,
    /// The re-INVITE that we answered with an offer of our own.
    pub(super) late_offer: Option<u32>,
    pub(super) _registration: Registration,
}

/// The request that is being handled, and its answer's way back.
struct Handled<'a> {
    request: &'a Request,
    responder: &'a Responder,
}

impl Task {
    /// Carries the call to its end.
    pub(super) async fn run(mut self) {
        while !self.machine.is_finished() {
            self.step().await;
        }
        self.leave().finish().await;
    }

    /// Gives everything back but what is still to be told.
    fn leave(self) -> Outbox {
        self.outbox
    }

    async fn step(&mut self) {
        let deadline = self.machine.deadline().map(|moment| self.instant(moment));
        let undecided = matches!(&self.role, Role::Callee(invited) if !invited.decided);
        tokio::select! {
            biased;
            () = self.stack.stopped.cancelled() => {
                let effects = self.machine.abort();
                self.apply(effects);
            }
            decision = self.decisions.recv(), if undecided => self.decide(decision),
            () = self.hangup.cancelled(), if !self.machine.has_ended() => {
                let effects = self.machine.hang_up(self.now());
                self.apply(effects);
            }
            Some(target) = self.transfers.recv(), if !self.machine.has_ended() => {
                let effects = self.machine.transfer(self.now(), target);
                self.apply(effects);
            }
            () = sleep_until(deadline), if deadline.is_some() => {
                let effects = self.machine.tick(self.now());
                self.apply(effects);
            }
            Some(report) = self.reports.recv() => self.take(report).await,
            Some(message) = self.inbox.recv() => match message {
                DialogMessage::Request(transaction) => self.handle(*transaction),
                DialogMessage::Response(response) => self.heard(*response).await,
            },
            Ok(peer) = self.unreachable.recv(), if self.machine.is_unheard() => {
                self.unreachable(peer);
            }
            () = self.outbox.send_one(), if self.outbox.is_waiting() => {}
        }
    }

    async fn take(&mut self, report: Report) {
        let effects = match report {
            Report::Resent(request) => {
                self.resent(*request);
                return;
            }
            Report::Response(response) => {
                self.heard(*response).await;
                return;
            }
            Report::Acknowledged { sequence, ack } => {
                let sdp = message::sdp_of(&*ack, ack.body());
                if self.invite_sequence() == Some(sequence) {
                    self.machine.acknowledged(sdp.as_deref())
                } else if self.late_offer == Some(sequence) {
                    self.late_offer = None;
                    self.machine.reinvite_acknowledged(sdp.as_deref())
                } else {
                    return;
                }
            }
            Report::Lost => {
                let reason = "the INVITE could not be sent".to_owned();
                self.machine
                    .failed(EndCause::Unreachable { code: 503, reason })
            }
            Report::Unacknowledged => self.machine.unacknowledged(),
            Report::Cancelled => self.machine.cancelled(),
            Report::ReferAnswered { code } => self.machine.transfer_answered(code),
            Report::ByeCompleted => {
                self.machine.bye_completed();
                return;
            }
        };
        self.apply(effects);
    }

    /// The number of the INVITE that called us.
    fn invite_sequence(&self) -> Option<u32> {
        match &self.role {
            Role::Caller(_) => None,
            Role::Callee(invited) => message::sequence(&invited.request),
        }
    }

    /// A request within the dialog.
    fn handle(&mut self, transaction: Transaction) {
        let request = transaction.original.clone();
        let responder = transaction::serve(&self.stack, transaction, self.reporter.clone());
        let handled = Handled {
            request: &request,
            responder: &responder,
        };
        if let Err(refusal) = self.dialog.admit(&request) {
            let code = match refusal {
                OutOfDialog::ForeignTag => 481,
                OutOfDialog::Stale => 500,
            };
            responder.respond(self.dialog.respond(&request, code));
            return;
        }
        let sdp = message::sdp_of(&request, request.body());
        let effects = match request.method {
            Method::Invite | Method::Update if admission::has_foreign_body(&request) => {
                let mut response = self.dialog.respond(&request, 415);
                response
                    .headers
                    .push(Header::Accept(crate::sdp::CONTENT_TYPE.into()));
                responder.respond(response);
                return;
            }
            Method::Invite => {
                let effects = self.machine.reinvited(sdp.as_deref());
                if sdp.is_none() && is_accepted(&effects) {
                    self.late_offer = message::sequence(&request);
                }
                effects
            }
            Method::Update => self.machine.updated(sdp.as_deref()),
            Method::Bye => self.machine.bye(self.now()),
            Method::Notify if !refer::is_report(&request) => {
                responder.respond(self.dialog.respond(&request, 489));
                return;
            }
            Method::Notify => self.machine.notified(refer::reported(&request)),
            Method::Info => {
                responder.respond(self.dialog.respond(&request, 200));
                return;
            }
            Method::Options => {
                let mut response = self.dialog.respond(&request, 200);
                response
                    .headers
                    .push(Header::Accept(crate::sdp::CONTENT_TYPE.into()));
                responder.respond(response);
                return;
            }
            // We never send a provisional response reliably.
            Method::PRack => {
                responder.respond(self.dialog.respond(&request, 481));
                return;
            }
            Method::Ack
            | Method::Cancel
            | Method::Message
            | Method::Publish
            | Method::Refer
            | Method::Register
            | Method::Subscribe => {
                responder.respond(self.dialog.respond(&request, 405));
                return;
            }
        };
        if matches!(request.method, Method::Invite | Method::Update) && is_accepted(&effects) {
            self.dialog.refresh_target(&request);
        }
        self.apply_to(effects, Some(&handled));
    }

    /// Does what the machine wants.
    pub(super) fn apply(&mut self, effects: Vec<Effect>) {
        self.apply_to(effects, None);
    }

    fn apply_to(&mut self, effects: Vec<Effect>, handled: Option<&Handled<'_>>) {
        for effect in effects {
            match effect {
                Effect::Emit(event) => self.emit(event),
                Effect::SendCancel => self.cancel(),
                Effect::SendBye => self.bye(),
                Effect::SendRefer(target) => self.refer(&target),
                Effect::RespondToInvite(reply) => {
                    if let Role::Callee(invited) = &self.role {
                        self.reply(&invited.request, &invited.responder, reply);
                    }
                }
                Effect::Respond(reply) => {
                    if let Some(Handled { request, responder }) = handled {
                        self.reply(request, responder, reply);
                    }
                }
            }
        }
        if let Role::Caller(inviting) = &self.role
            && self.machine.is_abandoned()
        {
            inviting.abandon();
        }
    }

    fn emit(&mut self, event: CallEvent) {
        if let CallEvent::Ended(cause) = &event {
            tracing::debug!(call_id = self.dialog.key.call_id, %cause, "a call ended");
            self.permit = None;
        }
        self.outbox.push(event);
    }

    fn reply(&self, request: &Request, responder: &Responder, reply: Reply) {
        let mut response = self.dialog.respond(request, reply.code);
        if reply.code == 503
            && let Admission::Answer { headers, .. } =
                admission::unavailable(self.stack.config.retry_after)
        {
            response.headers.extend(headers);
        }
        if let Some(sdp) = reply.sdp {
            let sdp = sdp.expose().to_owned();
            message::attach_sdp(&mut response.headers, &mut response.body, sdp);
        }
        responder.respond(response);
    }

    fn bye(&mut self) {
        let request = self.dialog.request(Method::Bye);
        let reporter = self.reporter.clone();
        let sent = self.send(request, self.credentials.clone());
        spawn_until_stopped(&self.stack, async move {
            sent.await;
            // A call that is over needs no report. overflow: awaited
            let _ = reporter.send(Report::ByeCompleted).await;
        });
    }

    /// Asks the other side to call `target`.
    fn refer(&mut self, target: &str) {
        let routed = self.stack.routes.find(target);
        let trunk = self.trunk.as_ref().or(routed);
        let user = trunk.map_or(target, |trunk| trunk.user_for(target));
        let mut request = self.dialog.request(Method::Refer);
        request.headers.extend(self.dialog.referral(user));
        // An answer to a challenge takes a number of its own.
        self.dialog.local_sequence += MOST_ANSWERS;
        let stack = Arc::clone(&self.stack);
        let next_hop = self.dialog.next_hop().clone();
        let (flow, credentials) = (self.flow.clone(), self.credentials.clone());
        let reporter = self.reporter.clone();
        spawn_until_stopped(&self.stack, async move {
            let response = transaction::request(stack, request, next_hop, flow, credentials).await;
            let code = response.map_or(408, |response| response.status_code.code());
            tracing::debug!(code, "a REFER was answered");
            // A call that is over needs no report. overflow: awaited
            let _ = reporter.send(Report::ReferAnswered { code }).await;
        });
    }

    /// Sends a request of the dialog on its way; the result is driven by whoever awaits it.
    pub(super) fn send(
        &self,
        request: Request,
        credentials: Option<Credentials>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let stack = Arc::clone(&self.stack);
        let next_hop = self.dialog.next_hop().clone();
        let flow = self.flow.clone();
        async move {
            let method = request.method;
            let response = transaction::request(stack, request, next_hop, flow, credentials).await;
            let code = response.map(|response| response.status_code.code());
            tracing::debug!(%method, code, "a request within a call was answered");
        }
    }

    pub(super) fn now(&self) -> Moment {
        let elapsed = self.started.elapsed();
        Moment::ZERO + elapsed
    }

    fn instant(&self, moment: Moment) -> Instant {
        self.started + moment.since(Moment::ZERO)
    }

    /// A session of ours whose audio is received at `local`, as the other side reaches it.
    pub(super) fn session(
        stack: &Stack,
        local: SocketAddr,
        peer: SocketAddr,
        terms: Terms,
    ) -> Session {
        let id = rand::random::<u32>() >> 1;
        let entropy = OsRng.unwrap_err().random();
        let local = stack.addresses.media(local, peer);
        Session::new(u64::from(id), local, terms, entropy)
    }

    /// The deadlines of every call.
    pub(super) fn limits(stack: &Stack) -> Limits {
        Limits {
            ring: stack.config.ring_timeout,
            silence: None,
            cancel: stack.config.timers.timeout,
            transfer: stack.config.transfer_timeout,
        }
    }
}

fn is_accepted(effects: &[Effect]) -> bool {
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Respond(Reply { code: 200, .. })))
}

async fn sleep_until(deadline: Option<Instant>) {
    // Guarded by the caller; a day is as good as never.
    let far = Instant::now() + Duration::from_secs(86_400);
    tokio::time::sleep_until(deadline.unwrap_or(far)).await;
}
