//! The life of one call's signalling as a state machine: what happened goes in, what to do
//! comes out. It reads no clock, sends nothing and knows no SIP library.
//!
//! Offers and answers are made inside, so that the state of the dialog and that of the session
//! can never disagree.

mod transfer;

use std::net::SocketAddr;
use std::time::Duration;

use audio::Moment;

use self::transfer::Transfer;
use super::CallEvent;
use crate::Secret;
use crate::cause::EndCause;
use crate::sdp::{RemoteMedia, Session};

/// What the machine wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Tell the owner of the call.
    Emit(CallEvent),
    /// Send a CANCEL for our INVITE.
    SendCancel,
    /// Send a BYE.
    SendBye,
    /// Send a REFER to this user at the other side's host.
    SendRefer(String),
    /// Respond to the INVITE that created the call.
    RespondToInvite(Reply),
    /// Respond to the request that is being handled.
    Respond(Reply),
}

/// A response, with the session description that it carries, which may contain keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) sdp: Option<Secret>,
}

impl Reply {
    const fn bare(code: u16) -> Self {
        Self { code, sdp: None }
    }

    fn with(code: u16, sdp: String) -> Self {
        Self {
            code,
            sdp: Some(Secret::new(sdp)),
        }
    }
}

/// Deadlines of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From the INVITE to the answer, whoever sent it.
    pub(super) ring: Duration,
    /// From the INVITE to the first response of any kind, where that is waited for less long.
    pub(super) silence: Option<Duration>,
    /// From the CANCEL to the final response (RFC 3261 §9.1: 64·T1).
    pub(super) cancel: Duration,
    /// From the REFER to the report that the third party answered.
    pub(super) transfer: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Our INVITE is out. A CANCEL may follow only once a response was heard (§9.1).
    Calling { heard: bool, ring_deadline: Moment },
    /// We gave up; the INVITE's final response is still awaited.
    Abandoned {
        heard: bool,
        deadline: Option<Moment>,
    },
    /// Their INVITE waits for a decision.
    Invited { deadline: Moment },
    /// We accepted; no BYE may be sent before the ACK, or its absence, is known (§15).
    AwaitingAck { abandoned: bool },
    /// Both sides agreed.
    Established,
    /// Our BYE is out.
    Closing,
    /// Nothing is left to do.
    Finished,
}

/// The signalling of one call.
#[derive(Debug)]
pub(super) struct Machine {
    state: State,
    session: Session,
    limits: Limits,
    /// The offer in their INVITE, which may contain keys.
    offer: Option<Secret>,
    /// What the last answer in a provisional response agreed on.
    early: Option<RemoteMedia>,
    /// What the owner of the call was last told.
    media: Option<RemoteMedia>,
    ringing: Option<u16>,
    /// Our INVITE is given up here if nothing was ever heard.
    silent_until: Option<Moment>,
    transfer: Option<Transfer>,
    ended: bool,
}

impl Machine {
    /// A call that we place; the text is the offer for the INVITE, which is sent now.
    pub(super) fn calling(mut session: Session, limits: Limits, now: Moment) -> (Self, String) {
        let offer = session.offer();
        let state = State::Calling {
            heard: false,
            ring_deadline: now + limits.ring,
        };
        let machine = Self {
            silent_until: limits.silence.map(|silence| now + silence),
            ..Self::new(state, session, limits, None)
        };
        (machine, offer)
    }

    /// A call that we were invited to now, with the offer where the INVITE has one.
    pub(super) fn invited(
        session: Session,
        limits: Limits,
        offer: Option<String>,
        now: Moment,
    ) -> Self {
        let state = State::Invited {
            deadline: now + limits.ring,
        };
        Self::new(state, session, limits, offer)
    }

    fn new(state: State, session: Session, limits: Limits, offer: Option<String>) -> Self {
        Self {
            state,
            session,
            limits,
            offer: offer.map(Secret::new),
            early: None,
            media: None,
            ringing: None,
            silent_until: None,
            transfer: None,
            ended: false,
        }
    }

    /// Whether nothing is left to do.
    pub(super) const fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    /// Whether the call is over for its owner, though some signalling may be left.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether our INVITE is out and nothing at all came back yet.
    pub(super) const fn is_unheard(&self) -> bool {
        matches!(
            self.state,
            State::Calling { heard: false, .. } | State::Abandoned { heard: false, .. }
        )
    }

    /// Whether we gave up our INVITE, so that a challenge is no longer worth an answer.
    pub(super) const fn is_abandoned(&self) -> bool {
        matches!(self.state, State::Abandoned { .. })
    }

    /// When [`Machine::tick`] must be called, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Calling {
                heard: false,
                ring_deadline,
            } => Some(
                self.silent_until
                    .unwrap_or(ring_deadline)
                    .min(ring_deadline),
            ),
            State::Calling { ring_deadline, .. } => Some(ring_deadline),
            State::Invited { deadline } => Some(deadline),
            State::Abandoned { deadline, .. } => deadline,
            State::Established => self.transfer.map(|transfer| transfer.deadline),
            State::AwaitingAck { .. } | State::Closing | State::Finished => None,
        }
    }

    // Our INVITE.

    /// A provisional response to our INVITE. A reliable one (RFC 3262) closes our offer.
    pub(super) fn provisional(
        &mut self,
        now: Moment,
        code: u16,
        sdp: Option<&str>,
        reliable: bool,
    ) -> Vec<Effect> {
        match self.state {
            State::Calling { ring_deadline, .. } => {
                self.state = State::Calling {
                    heard: true,
                    ring_deadline,
                };
            }
            State::Abandoned { heard: false, .. } => {
                let deadline = Some(now + self.limits.cancel);
                self.state = State::Abandoned {
                    heard: true,
                    deadline,
                };
                return vec![Effect::SendCancel];
            }
            State::Abandoned { heard: true, .. }
            | State::Invited { .. }
            | State::AwaitingAck { .. }
            | State::Established
            | State::Closing
            | State::Finished => return Vec::new(),
        }
        let mut effects = Vec::new();
        if code > 100 && self.ringing.replace(code) != Some(code) {
            effects.push(Effect::Emit(CallEvent::Ringing { code }));
        }
        let answer = sdp.filter(|_| self.session.has_open_offer()).map(|sdp| {
            if reliable {
                self.session.accept_answer(sdp)
            } else {
                self.session.preview_answer(sdp)
            }
        });
        if let Some(Ok(media)) = answer {
            self.early = Some(media.clone());
            if self.differs(&media) {
                effects.push(Effect::Emit(CallEvent::EarlyMedia(media)));
            }
        }
        effects
    }

    /// Our INVITE went out again, with credentials: the responses to the first one, and a CANCEL
    /// for it, are void.
    pub(super) const fn resent(&mut self) {
        // Whoever challenged us is there.
        self.silent_until = None;
        match &mut self.state {
            State::Calling { heard, .. } => *heard = false,
            State::Abandoned { heard, deadline } => {
                *heard = false;
                *deadline = None;
            }
            State::Invited { .. }
            | State::AwaitingAck { .. }
            | State::Established
            | State::Closing
            | State::Finished => {}
        }
    }

    /// The first 2xx to our INVITE; its ACK is already sent.
    pub(super) fn answered(&mut self, sdp: Option<&str>) -> Vec<Effect> {
        match self.state {
            State::Calling { .. } => {}
            State::Abandoned { .. } => {
                self.state = State::Closing;
                return vec![Effect::SendBye];
            }
            State::Invited { .. }
            | State::AwaitingAck { .. }
            | State::Established
            | State::Closing
            | State::Finished => return Vec::new(),
        }
        let agreed = match (sdp, self.early.clone()) {
            (Some(sdp), _) if self.session.has_open_offer() => self
                .session
                .accept_answer(sdp)
                .map_err(|refused| refused.to_string()),
            (_, Some(early)) => {
                if self.session.has_open_offer() {
                    self.session.accept_preview(&early);
                }
                Ok(early)
            }
            (_, None) => Err("expected an answer to our offer in the 200".to_owned()),
        };
        match agreed {
            Ok(media) => {
                self.state = State::Established;
                self.media = Some(media.clone());
                vec![Effect::Emit(CallEvent::Answered(media))]
            }
            Err(detail) => {
                self.state = State::Closing;
                let mut effects = vec![Effect::SendBye];
                effects.extend(self.end(EndCause::ProtocolError { detail }));
                effects
            }
        }
    }

    /// Our INVITE came to nothing: a final response, or none at all.
    pub(super) fn failed(&mut self, cause: EndCause) -> Vec<Effect> {
        match self.state {
            State::Calling { .. } | State::Abandoned { .. } => {
                self.state = State::Finished;
                self.end(cause).into_iter().collect()
            }
            State::Invited { .. }
            | State::AwaitingAck { .. }
            | State::Established
            | State::Closing
            | State::Finished => Vec::new(),
        }
    }

    // Their INVITE.

    /// Says that somebody is being alerted.
    pub(super) fn ring(&self) -> Vec<Effect> {
        if !matches!(self.state, State::Invited { .. }) {
            return Vec::new();
        }
        vec![Effect::RespondToInvite(Reply::bare(180))]
    }

    /// Takes the call; its audio is received at `local`.
    pub(super) fn accept(&mut self, local: SocketAddr) -> Vec<Effect> {
        if !matches!(self.state, State::Invited { .. }) {
            return Vec::new();
        }
        self.session.receive_at(local);
        let Some(offer) = self.offer.take() else {
            let offer = self.session.offer();
            self.state = State::AwaitingAck { abandoned: false };
            return vec![Effect::RespondToInvite(Reply::with(200, offer))];
        };
        match self.session.answer(offer.expose()) {
            Ok((answer, media)) => {
                self.state = State::AwaitingAck { abandoned: false };
                self.media = Some(media.clone());
                vec![
                    Effect::RespondToInvite(Reply::with(200, answer)),
                    Effect::Emit(CallEvent::Answered(media)),
                ]
            }
            Err(refused) => {
                let mut effects = self.decline(refused.status());
                let detail = refused.to_string();
                effects.extend(self.end(EndCause::ProtocolError { detail }));
                effects
            }
        }
    }

    /// Refuses the call.
    pub(super) fn decline(&mut self, code: u16) -> Vec<Effect> {
        if !matches!(self.state, State::Invited { .. }) {
            return Vec::new();
        }
        self.state = State::Finished;
        vec![Effect::RespondToInvite(Reply::bare(code))]
    }

    /// The caller sent a CANCEL. It has no effect once the call was accepted (§9.2).
    pub(super) fn cancelled(&mut self) -> Vec<Effect> {
        if !matches!(self.state, State::Invited { .. }) {
            return Vec::new();
        }
        self.state = State::Finished;
        let mut effects = vec![Effect::RespondToInvite(Reply::bare(487))];
        effects.extend(self.end(EndCause::Cancelled));
        effects
    }

    /// The ACK of the 200 with which we took the call.
    pub(super) fn acknowledged(&mut self, sdp: Option<&str>) -> Vec<Effect> {
        let State::AwaitingAck { abandoned } = self.state else {
            return Vec::new();
        };
        if abandoned {
            self.state = State::Closing;
            return vec![Effect::SendBye];
        }
        self.state = State::Established;
        if !self.session.has_open_offer() {
            return Vec::new();
        }
        let answer = sdp.ok_or_else(|| "expected an answer to our offer in the ACK".to_owned());
        let agreed = answer.and_then(|sdp| {
            self.session
                .accept_answer(sdp)
                .map_err(|refused| refused.to_string())
        });
        match agreed {
            Ok(media) => {
                self.media = Some(media.clone());
                vec![Effect::Emit(CallEvent::Answered(media))]
            }
            Err(detail) => {
                self.state = State::Closing;
                let mut effects = vec![Effect::SendBye];
                effects.extend(self.end(EndCause::ProtocolError { detail }));
                effects
            }
        }
    }

    /// A 200 of ours to an INVITE or re-INVITE was repeated for 64·T1 without an ACK
    /// (§13.3.1.4).
    pub(super) fn unacknowledged(&mut self) -> Vec<Effect> {
        if !matches!(self.state, State::AwaitingAck { .. } | State::Established) {
            return Vec::new();
        }
        self.state = State::Closing;
        let mut effects = vec![Effect::SendBye];
        effects.extend(self.end(EndCause::TimedOut));
        effects
    }

    // Within the dialog.

    /// A re-INVITE, with its offer where it has one.
    pub(super) fn reinvited(&mut self, offer: Option<&str>) -> Vec<Effect> {
        let reply = match self.state {
            State::Established | State::AwaitingAck { abandoned: false } => match offer {
                // Our own offer is open, so this one has to wait (§14.2).
                _ if self.session.has_open_offer() => Reply::bare(491),
                Some(offer) => return self.renegotiate(offer),
                None => Reply::with(200, self.session.offer()),
            },
            State::Calling { .. } | State::Abandoned { .. } | State::Invited { .. } => {
                Reply::bare(491)
            }
            State::AwaitingAck { abandoned: true } | State::Closing | State::Finished => {
                Reply::bare(481)
            }
        };
        vec![Effect::Respond(reply)]
    }

    /// The ACK of our 200 to a re-INVITE. Where that 200 made an offer, this has the answer;
    /// without a usable one the session stays as it was.
    pub(super) fn reinvite_acknowledged(&mut self, sdp: Option<&str>) -> Vec<Effect> {
        if self.state != State::Established || !self.session.has_open_offer() {
            return Vec::new();
        }
        let agreed = sdp.and_then(|sdp| self.session.accept_answer(sdp).ok());
        let Some(media) = agreed else {
            self.session.withdraw_offer();
            return Vec::new();
        };
        self.changed(media).into_iter().collect()
    }

    /// An UPDATE (RFC 3311), with its offer where it has one.
    pub(super) fn updated(&mut self, offer: Option<&str>) -> Vec<Effect> {
        let reply = match self.state {
            State::Established
            | State::AwaitingAck { abandoned: false }
            | State::Calling { heard: true, .. } => match offer {
                None => Reply::bare(200),
                Some(_) if self.session.has_open_offer() => Reply::bare(491),
                Some(offer) => return self.renegotiate(offer),
            },
            State::Calling { heard: false, .. }
            | State::Abandoned { .. }
            | State::Invited { .. } => Reply::bare(491),
            State::AwaitingAck { abandoned: true } | State::Closing | State::Finished => {
                Reply::bare(481)
            }
        };
        vec![Effect::Respond(reply)]
    }

    /// A BYE.
    pub(super) fn bye(&mut self, now: Moment) -> Vec<Effect> {
        let mut effects = vec![Effect::Respond(Reply::bare(200))];
        match self.state {
            // The BYE overtook its 200, which will still want an ACK.
            State::Calling { heard, .. } => {
                effects.extend(self.abandon(now, heard, EndCause::RemoteHangup));
            }
            State::AwaitingAck { .. } | State::Established => {
                self.state = State::Finished;
                effects.extend(self.transferred_away());
                effects.extend(self.end(EndCause::RemoteHangup));
            }
            State::Invited { .. } => {
                effects.extend(self.decline(487));
                effects.extend(self.end(EndCause::Cancelled));
            }
            State::Abandoned { .. } | State::Closing => {}
            State::Finished => return vec![Effect::Respond(Reply::bare(481))],
        }
        effects
    }

    /// Our BYE was answered, or never will be.
    pub(super) const fn bye_completed(&mut self) {
        if matches!(self.state, State::Closing) {
            self.state = State::Finished;
        }
    }

    // Our side.

    /// Ends the call: BYE when it was answered, CANCEL or a refusal when it was not.
    pub(super) fn hang_up(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Calling { heard, .. } => self.abandon(now, heard, EndCause::Cancelled),
            State::Invited { .. } => {
                let mut effects = self.decline(503);
                effects.extend(self.end(EndCause::LocalHangup));
                effects
            }
            State::AwaitingAck { .. } => {
                self.state = State::AwaitingAck { abandoned: true };
                self.end(EndCause::LocalHangup).into_iter().collect()
            }
            State::Established => {
                self.state = State::Closing;
                let mut effects = vec![Effect::SendBye];
                effects.extend(self.end(EndCause::LocalHangup));
                effects
            }
            State::Abandoned { .. } | State::Closing | State::Finished => Vec::new(),
        }
    }

    /// The endpoint is gone: nothing can be sent any more.
    pub(super) fn abort(&mut self) -> Vec<Effect> {
        self.state = State::Finished;
        self.end(EndCause::LocalHangup).into_iter().collect()
    }

    /// A deadline may have passed.
    pub(super) fn tick(&mut self, now: Moment) -> Vec<Effect> {
        match self.state {
            State::Calling { heard: false, .. }
                if self.silent_until.is_some_and(|until| until <= now) =>
            {
                let reason = "no response to the INVITE in time".to_owned();
                self.abandon(now, false, EndCause::Unreachable { code: 408, reason })
            }
            State::Calling {
                heard,
                ring_deadline,
            } if ring_deadline <= now => {
                let cause = if heard {
                    EndCause::NoAnswer
                } else {
                    let reason = "no response to the INVITE before the ring timeout".to_owned();
                    EndCause::Unreachable { code: 408, reason }
                };
                self.abandon(now, heard, cause)
            }
            State::Invited { deadline } if deadline <= now => {
                let mut effects = self.decline(480);
                effects.extend(self.end(EndCause::NoAnswer));
                effects
            }
            State::Abandoned {
                deadline: Some(deadline),
                ..
            } if deadline <= now => {
                self.state = State::Finished;
                Vec::new()
            }
            State::Established => self.transfer_tick(now),
            State::Calling { .. }
            | State::Abandoned { .. }
            | State::Invited { .. }
            | State::AwaitingAck { .. }
            | State::Closing
            | State::Finished => Vec::new(),
        }
    }

    fn abandon(&mut self, now: Moment, heard: bool, cause: EndCause) -> Vec<Effect> {
        let deadline = heard.then(|| now + self.limits.cancel);
        self.state = State::Abandoned { heard, deadline };
        let mut effects = Vec::new();
        if heard {
            effects.push(Effect::SendCancel);
        }
        effects.extend(self.end(cause));
        effects
    }

    fn renegotiate(&mut self, offer: &str) -> Vec<Effect> {
        match self.session.answer(offer) {
            Ok((answer, media)) => {
                let mut effects = vec![Effect::Respond(Reply::with(200, answer))];
                effects.extend(self.changed(media));
                effects
            }
            Err(refused) => vec![Effect::Respond(Reply::bare(refused.status()))],
        }
    }

    fn changed(&mut self, media: RemoteMedia) -> Option<Effect> {
        if let Some(early) = &mut self.early {
            early.clone_from(&media);
        }
        self.differs(&media)
            .then_some(Effect::Emit(CallEvent::MediaChanged(media)))
    }

    /// Takes note of the media; whether the owner of the call knows it differently.
    fn differs(&mut self, media: &RemoteMedia) -> bool {
        let differs = self.media.as_ref() != Some(media);
        self.media = Some(media.clone());
        differs
    }

    fn end(&mut self, cause: EndCause) -> Option<Effect> {
        let first = !std::mem::replace(&mut self.ended, true);
        first.then_some(Effect::Emit(CallEvent::Ended(cause)))
    }
}

#[cfg(test)]
mod tests;
