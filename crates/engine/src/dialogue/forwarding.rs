//! Passing the caller on: to a number, to an extension, or to another agent.

use std::mem;

use agent::SentenceSplitter;
use audio::Moment;
use turn::AgentState;

use super::{Dialogue, Effect};
use crate::event::CallEventKind;
use crate::routing::{Destination, ForwardOutcome, Forwarded, Rule, RuleAction};
use crate::script::Script;

/// Why a call ends that was passed on.
pub(crate) const PASSED_ON: &str = "the call was passed on";

/// Why a call ends that a guard rule ended.
const ENDED_BY_RULE: &str = "a rule of the agent ended the conversation";

/// A call that is being passed on.
#[derive(Debug)]
pub(super) struct Forwarding {
    to: Destination,
    /// When it is passed on although the announcement is not over; `None` once it was.
    due: Option<Moment>,
}

impl Dialogue {
    /// Has the agent announce that the call is passed on, with these words or its own, and pass it
    /// on. Whoever is muted or on hold is passed on without words. What was to be left on a voicemail
    /// is not said then.
    pub fn forward(&mut self, now: Moment, to: Destination, message: Option<&str>) {
        if self.voicemail.is_leaving() {
            self.hanging_up = None;
        }
        self.voicemail.stop();
        if self.is_leaving() {
            return;
        }
        self.interrupt_answer(now);
        self.begin_forwarding(now, to, message);
    }

    /// What came of passing the call on, with the SIP status of a refusal. Where nothing did, the
    /// caller is told, and the conversation goes on.
    pub fn forwarded(&mut self, now: Moment, outcome: ForwardOutcome, sip_code: Option<u16>) {
        let Some(forwarding) = self.forwarding.take() else {
            return;
        };
        self.last_activity = now;
        self.prompts = 0;
        let told = Forwarded {
            to: forwarding.to,
            outcome,
            sip_code,
        };
        self.effects
            .push_back(Effect::Tell(CallEventKind::Forwarded(told)));
        if self.hanging_up.is_some() {
            return;
        }
        if outcome.is_success() {
            self.end(PASSED_ON);
            return;
        }
        let apology = self.script.routing.unreachable.clone();
        self.say_soon(now, apology);
    }

    /// Goes on with the script of another agent, who is the one that [`Effect::HandOver`] asked
    /// for. It greets the caller if it greets at all.
    pub fn taken_over(&mut self, now: Moment, script: Script) {
        let Some(forwarding) = self.forwarding.take() else {
            return;
        };
        let told = Forwarded {
            to: forwarding.to,
            outcome: ForwardOutcome::Completed,
            sip_code: None,
        };
        self.effects
            .push_back(Effect::Tell(CallEventKind::Forwarded(told)));
        self.last_activity = now;
        self.prompts = 0;
        self.failures = 0;
        self.unspoken = 0;
        // The turn machine keeps the settings that it was made with.
        let turn = self.script.turn.clone();
        self.script = Script { turn, ..script };
        if let Some(greeting) = self.script.first_message.clone() {
            self.say_soon(now, greeting);
        }
    }

    /// Whether the call is about to end or to be passed on, or a machine is at the far end: the
    /// caller is not answered any more.
    pub(super) const fn is_leaving(&self) -> bool {
        self.hanging_up.is_some() || self.forwarding.is_some() || self.voicemail.is_reached()
    }

    /// Acts by the first rule whose keyword the caller says, and says whether there is one.
    pub(super) fn obey_keyword(&mut self, now: Moment, said: &str) -> bool {
        let Some(rule) = self.script.routing.rule_for(said).cloned() else {
            return false;
        };
        self.obey(now, &rule);
        true
    }

    /// Does what a rule says.
    pub(super) fn obey(&mut self, now: Moment, rule: &Rule) {
        if self.is_leaving() {
            return;
        }
        self.effects
            .push_back(Effect::Tell(CallEventKind::RuleFired {
                rule: rule.uuid,
                family: rule.family,
                name: rule.name.clone(),
                action: rule.action.clone(),
            }));
        let say = rule.say.as_deref();
        match &rule.action {
            RuleAction::Forward(to) => self.begin_forwarding(now, to.clone(), say),
            RuleAction::EndConversation => self.hang_up(now, say, ENDED_BY_RULE),
        }
    }

    /// Announces it, after the words of an answer that are ordered already.
    pub(super) fn begin_forwarding(&mut self, now: Moment, to: Destination, message: Option<&str>) {
        self.voicemail.stop();
        self.effects
            .push_back(Effect::Tell(CallEventKind::Forwarding { to: to.clone() }));
        let due = Some(now + self.patience.longest_goodbye);
        self.forwarding = Some(Forwarding { to, due });
        self.discard_ahead();
        self.give_up_suspended();
        self.dropped = None;
        if self.held.is_some() || self.muted {
            self.interrupt_answer(now);
            self.pass_on();
            return;
        }
        if self.answer.as_ref().is_some_and(|answer| answer.is_silent) {
            self.interrupt_answer(now);
        }
        let own = &self.script.routing.announcement;
        let announcement = message.unwrap_or(own).to_owned();
        if self.answer.as_ref().is_some_and(|answer| !answer.is_over()) {
            self.conclude(&announcement);
        } else {
            self.say(&announcement, None);
        }
        if let Some(answer) = &mut self.answer {
            answer.passes_on = true;
        }
        self.close_answer_if_over(now);
    }

    /// Ends the answer under way with these words, in place of what the model has still to say.
    fn conclude(&mut self, words: &str) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        let asking = answer.asking.take();
        let tools = mem::take(&mut answer.tools);
        let bridged = answer.bridged.take();
        let mut sentences = answer.splitter.finish();
        self.tell_bridged(bridged, None);
        if let Some(reply) = asking {
            self.effects.push_back(Effect::CancelAsk(reply));
        }
        self.leave_tools(tools);
        let mut splitter = SentenceSplitter::default();
        sentences.extend(splitter.push(words));
        sentences.extend(splitter.finish());
        self.machine.agent_is(AgentState::Speaking);
        for sentence in sentences {
            self.order(sentence);
        }
    }

    /// The announcement is over.
    pub(super) fn pass_on(&mut self) {
        let Some(forwarding) = &mut self.forwarding else {
            return;
        };
        if forwarding.due.take().is_none() {
            return;
        }
        let effect = match &forwarding.to {
            Destination::Number(target) | Destination::Extension(target) => {
                Effect::Transfer(target.clone())
            }
            Destination::Agent(agent) => Effect::HandOver(*agent),
        };
        self.effects.push_back(effect);
        self.dropped = None;
        self.machine.agent_is(AgentState::Silent);
    }

    /// When the call is passed on although the announcement is not over.
    pub(super) fn forwarding_due(&self) -> Option<Moment> {
        self.forwarding.as_ref()?.due
    }

    /// Gives an announcement that makes progress more time.
    pub(super) fn announcement_goes_on(&mut self, until: Moment) {
        let latest = until + self.patience.longest_goodbye;
        if let Some(Forwarding { due: Some(due), .. }) = &mut self.forwarding {
            *due = (*due).max(latest);
        }
    }

    /// Passes the call on whose announcement could not be played in time.
    pub(super) fn pass_on_if_due(&mut self, now: Moment) {
        if self.forwarding_due().is_some_and(|due| now >= due) {
            self.interrupt_answer(now);
            self.pass_on();
        }
    }
}
