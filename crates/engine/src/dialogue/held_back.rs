//! What the agent has begun to say and does not say yet, or no longer: answers that are begun
//! ahead of the decision, and answers that an interruption has cut off.

use std::mem;

use audio::Moment;
use turn::{AgentState, Attempt};

use super::ahead::Ahead;
use super::answer::Answer;
use super::ledger::Ledger;
use super::{Dialogue, Effect, ReplyId, Suspended};

impl Dialogue {
    /// Begins an answer to the turn so far, out of earshot. An answer that the turn has cut off may
    /// wait meanwhile; it goes on after mere agreement, which is not answered.
    pub(super) fn answer_ahead(&mut self, now: Moment, attempt: Attempt) {
        self.settle_cut();
        let free = self.answer.is_none()
            && self.undecided.is_empty()
            && !self.is_leaving()
            && !self.muted
            && self.held.is_none();
        let Some(text) = self.words_of(attempt) else {
            return;
        };
        let goes_on = self.suspended.is_some() && turn::is_backchannel(&text);
        if !free || goes_on || text.is_empty() || !self.tally.allows_another() {
            return;
        }
        self.discard_ahead();
        self.tally.began();
        let mut conversation = self.conversation.clone();
        conversation.push_caller(&text);
        self.effects.push_back(Effect::Hold);
        let reply = self.order_reply(conversation.messages(), true);
        let mut answer = Answer::new(Some(reply), Some(Ledger::begun_at(now)));
        answer.tried = Some(now);
        self.ahead = Some(Ahead {
            attempt,
            text,
            answer,
            asked: now,
        });
    }

    /// Lets the answer be heard that was begun ahead, if it is one to these words.
    pub(super) fn release_ahead(&mut self, attempt: Attempt, text: &str, decided: &Ledger) -> bool {
        let fits = |ahead: &mut Ahead| ahead.attempt == attempt && ahead.text == text;
        let Some(ahead) = self.ahead.take_if(fits) else {
            return false;
        };
        self.tally.used();
        let mut answer = ahead.answer;
        let begun = answer.ledger.take();
        answer.ledger = Some(Ledger {
            asked: ahead.asked,
            first_token: begun.as_ref().and_then(|begun| begun.first_token),
            first_sentence: begun.as_ref().and_then(|begun| begun.first_sentence),
            first_audio: begun.as_ref().and_then(|begun| begun.first_audio),
            speculation: self.tally.take_turn(),
            ..decided.clone()
        });
        self.dropped = None;
        self.answer = Some(answer);
        self.machine.agent_is(AgentState::Thinking);
        self.effects.push_back(Effect::Release);
        self.use_tools(decided.asked);
        true
    }

    /// Throws away the answer that was begun ahead.
    pub(super) fn discard_ahead(&mut self) {
        let Some(mut ahead) = self.ahead.take() else {
            return;
        };
        self.tally.wasted(ahead.answer.words);
        self.give_up_try(&mut ahead.answer);
        if let Some(reply) = ahead.answer.asking {
            self.effects.push_back(Effect::CancelAsk(reply));
        }
        self.effects.push_back(Effect::Silence);
    }

    /// Silences the agent for the caller. What it has not said is kept for as long as the
    /// interruption may turn out to be none.
    pub(super) fn suspend(&mut self, now: Moment) {
        if self.suspended.is_some() && self.answer.is_none() {
            // One sound after the other: what the first one cut off may still go on.
            self.discard_ahead();
            self.machine.agent_is(AgentState::Silent);
            return;
        }
        let resumes = self.script.resume_after.is_some();
        let resumable = |answer: &mut Answer| resumes && answer.is_audible();
        let Some(mut answer) = self.answer.take_if(resumable) else {
            self.interrupt_answer(now);
            return;
        };
        self.settle_cut();
        self.dropped = None;
        let bridged = answer.bridged.take();
        let ledger = bridged.as_ref().map(|bridged| Ledger {
            filler: None,
            first_sentence: None,
            first_audio: None,
            ..bridged.ledger.clone()
        });
        self.tell_bridged(bridged, None);
        self.suspended = Some(Suspended {
            ledger,
            asking: answer.asking,
            ends_call: answer.ends_call,
            tools: mem::take(&mut answer.tools),
            said: mem::take(&mut answer.said),
            splitter: mem::take(&mut answer.splitter),
            rest: Vec::new(),
        });
        self.effects.push_back(Effect::Silence);
        self.machine.agent_is(AgentState::Silent);
        self.cut(now, answer);
    }

    /// When the agent goes on although nobody knows yet what the sound was that cut it off: it has
    /// been over for long enough, and no words were found in it. On hold it waits.
    pub(super) fn resumption_due(&self) -> Option<Moment> {
        let waits = self.suspended.is_some() && self.held.is_none() && self.forwarding.is_none();
        let after = self.script.resume_after.filter(|_| waits)?;
        let until = match self.undecided.last() {
            Some(undecided) if !self.machine.caller_has_turn() => undecided.ended.last_voiced,
            Some(_) | None => self.machine.paused_since()?,
        };
        let latest = self
            .words
            .latest
            .iter()
            .filter_map(|latest| latest.text.as_deref());
        let settled = self
            .undecided
            .iter()
            .flat_map(|undecided| &undecided.settled);
        let mut words = latest.chain(settled.chain(&self.words.settled).map(String::as_str));
        words
            .all(|text| text.trim().is_empty())
            .then(|| until + after)
    }

    /// Goes on with what an interruption cut off that was none. Returns whether there was
    /// anything to go on with.
    pub(super) fn go_on(&mut self, now: Moment) -> bool {
        self.discard_ahead();
        self.settle_cut();
        let unfinished = |suspended: &mut Suspended| {
            !suspended.rest.is_empty()
                || suspended.asking.is_some()
                || suspended.ends_call.is_some()
                || !suspended.tools.are_idle()
        };
        let Some(suspended) = self.suspended.take_if(unfinished) else {
            self.suspended = None;
            return false;
        };
        if self.answer.is_some() || self.is_leaving() {
            self.suspended = Some(suspended);
            self.give_up_suspended();
            return false;
        }
        let mut answer = Answer::new(suspended.asking, suspended.ledger);
        answer.goes_on = true;
        answer.ends_call = suspended.ends_call;
        answer.tools = suspended.tools;
        answer.said = suspended.said;
        answer.splitter = suspended.splitter;
        self.answer = Some(answer);
        let state = if suspended.rest.is_empty() {
            AgentState::Thinking
        } else {
            AgentState::Speaking
        };
        self.machine.agent_is(state);
        for sentence in suspended.rest {
            self.order(sentence);
        }
        self.use_tools(now);
        self.go_on_with_tools(now);
        self.close_answer_if_over(now);
        true
    }

    /// The interruption was one: what was cut off is not said any more.
    pub(super) fn give_up_suspended(&mut self) {
        let Some(suspended) = self.suspended.take() else {
            return;
        };
        if let Some(reply) = suspended.asking {
            self.effects.push_back(Effect::CancelAsk(reply));
        }
        self.leave_tools(suspended.tools);
    }

    /// The answer that was cut off and whose reply this is.
    pub(super) fn suspended_of(&mut self, reply: ReplyId) -> Option<&mut Suspended> {
        let suspended = self.suspended.as_mut();
        suspended.filter(|suspended| suspended.asking == Some(reply))
    }

    /// The words of the turn so far, if this attempt is its last.
    fn words_of(&self, attempt: Attempt) -> Option<String> {
        let latest = self.words.latest.as_ref()?;
        if latest.attempt != attempt {
            return None;
        }
        let mut parts = self.words.settled.clone();
        parts.extend(latest.text.as_deref().map(|text| text.trim().to_owned()));
        parts.retain(|part| !part.is_empty());
        Some(parts.join(" "))
    }
}
