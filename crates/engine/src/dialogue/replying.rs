//! Asking the language model, and taking its reply as it comes.

use audio::Moment;
use llm::{ReplyPart, ReplyRequest};
use turn::AgentState;

use super::answer::Answer;
use super::ledger::Ledger;
use super::{Dialogue, Effect, ReplyId, TOLERATED_FAILURES};

impl Dialogue {
    /// Takes the next part of a reply.
    pub fn reply_part(&mut self, now: Moment, reply: ReplyId, part: ReplyPart) {
        let text = match part {
            ReplyPart::Text(text) => text,
            ReplyPart::Call(call) => {
                self.called(now, reply, call);
                return;
            }
        };
        if let Some(suspended) = self.suspended_of(reply) {
            suspended.said.push_str(&text);
            let sentences = suspended.splitter.push(&text);
            suspended.rest.extend(sentences);
            return;
        }
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        if let Some(ledger) = &mut answer.ledger {
            ledger.first_token.get_or_insert(now);
            if ledger.tools.is_some() {
                ledger.after_tools.get_or_insert(now);
            }
        }
        answer.said.push_str(&text);
        answer.words += text.split_whitespace().count() as u64;
        let bridged = answer.bridged.take();
        let sentences = answer.splitter.push(&text);
        self.tell_bridged(bridged, Some(now));
        for sentence in sentences {
            self.speak(now, reply, sentence);
        }
    }

    /// A reply is complete, or broke off.
    pub fn reply_ended(
        &mut self,
        now: Moment,
        reply: ReplyId,
        result: Result<(), llm::ReplyError>,
    ) {
        if let Some(suspended) = self.suspended_of(reply) {
            suspended.asking = None;
            let sentences = suspended.splitter.finish();
            suspended.rest.extend(sentences);
            return;
        }
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        let sentences = answer.splitter.finish();
        let bridged = answer.bridged.take();
        self.tell_bridged(bridged, None);
        for sentence in sentences {
            self.speak(now, reply, sentence);
        }
        let goodbye = self.script.goodbye.clone();
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        let worded = answer.is_silent || answer.has_words() && !answer.said.trim().is_empty();
        let ends_call = answer.ends_call.is_some() || answer.tools.end_the_call();
        let waits = if ends_call {
            answer.tools.may_still_speak()
        } else {
            !answer.tools.are_idle()
        };
        if worded || waits {
            answer.asking = None;
            self.failures = 0;
        } else if ends_call {
            self.speak(now, reply, goodbye);
            if let Some(answer) = self.answer_to(reply) {
                answer.asking = None;
            }
        } else if self
            .ahead
            .as_ref()
            .is_some_and(|ahead| ahead.answer.asking == Some(reply))
        {
            // Nobody waits for it yet; it is asked again when somebody does.
            self.discard_ahead();
            return;
        } else {
            self.failures += 1;
            let failed = result.is_err() && self.failures > TOLERATED_FAILURES;
            let trouble = self.script.trouble.clone();
            self.speak(now, reply, trouble);
            if let Some(answer) = self.answer_to(reply) {
                answer.asking = None;
                if failed {
                    answer.ends_call = Some("the language model failed repeatedly");
                }
            }
        }
        self.go_on_with_tools(now);
        self.close_answer_if_over(now);
    }

    pub(super) fn ask(&mut self, mut ledger: Ledger) {
        self.settle_cut();
        self.discard_ahead();
        self.dropped = None;
        if let Some(mut earlier) = self.answer.take() {
            self.give_up_try(&mut earlier);
            self.leave_tools(earlier.tools);
        }
        let tally = self.tally.take_turn();
        if tally.tries > 0 {
            ledger.speculation = tally;
        }
        let reply = self.order_reply(self.conversation.messages(), true);
        let mut answer = Answer::new(Some(reply), (!self.muted).then_some(ledger));
        answer.is_silent = self.muted;
        self.answer = Some(answer);
        self.machine.agent_is(AgentState::Thinking);
    }

    /// Asks the model to answer the last message, with tools or without.
    pub(super) fn order_reply(
        &mut self,
        mut messages: Vec<llm::Message>,
        with_tools: bool,
    ) -> ReplyId {
        if let Some(message) = self.still_at_work() {
            messages.insert(messages.len().saturating_sub(1), message);
        }
        let reply = ReplyId(self.next_reply);
        self.next_reply += 1;
        let request = ReplyRequest {
            system: self.script.system.clone(),
            messages,
            knowledge: self.script.knowledge.clone(),
            tools: if with_tools {
                let rules = self.script.routing.tools();
                self.script.tools.iter().chain(rules).cloned().collect()
            } else {
                Vec::new()
            },
            may_end_call: true,
            goodbye: self.script.goodbye.clone(),
        };
        self.effects.push_back(Effect::Ask(reply, request));
        reply
    }

    /// The answer, heard or kept back, that waits for this reply.
    pub(super) fn answer_to(&mut self, reply: ReplyId) -> Option<&mut Answer> {
        let ahead = self.ahead.as_mut().map(|ahead| &mut ahead.answer);
        let mut answers = self.answer.as_mut().into_iter().chain(ahead);
        answers.find(|answer| answer.asking == Some(reply))
    }
}
