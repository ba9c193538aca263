//! The tools that the agent has used for the caller. They may have side effects: none is used for
//! an answer that is still kept back, and what one did is remembered even if nobody came to hear
//! of it.

use std::mem;

use agent::SentenceSplitter;
use audio::Moment;
use llm::{AnsweredCall, Message, ReplyPart, Role, ToolCall};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer::Answer;
use super::{Dialogue, ENDED_BY_AGENT, Effect, ReplyId};
use crate::event::CallEventKind;
use crate::routing::Destination;

/// Times that the model may use tools for one answer, each time after it has read what the last
/// ones answered.
const MOST_ROUNDS: u32 = 4;

/// Tools that are used at once; a model that wants more has lost itself.
const MOST_AT_ONCE: usize = 8;

/// Of a tool's answer at most so many characters are told to the model.
const LONGEST_ANSWER: usize = 8_000;

/// What the model is told of a tool that did not answer in time.
const TOO_LATE: &str = "The tool did not answer in time. Whether it did anything is not known.";

/// What the model is told of a tool that wants the call passed on after the caller went on.
const NOT_PASSED_ON: &str = "The caller went on speaking, so they were not passed on. Call the \
function again if they still want that.";

/// What the model is told of a tool that has still to answer.
const STILL_AT_WORK: &str = "The tool is still at work. Do not call it again.";

/// Names one use of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ToolId(pub u32);

/// The tools that one answer uses.
#[derive(Debug, Default)]
pub(super) struct Tools {
    /// To be used as soon as the answer is let out.
    wanted: Vec<ToolCall>,
    used: Vec<Used>,
    rounds: u32,
}

/// A tool that was put to use.
#[derive(Debug)]
pub(super) struct Used {
    id: ToolId,
    call: ToolCall,
    answer: Option<String>,
    /// Whether the answer is spoken as it is.
    is_spoken: bool,
    began: Moment,
    /// When its answer is given up.
    due: Moment,
}

impl Tools {
    /// Whether nothing is still to be used or to be answered.
    pub(super) fn are_idle(&self) -> bool {
        self.wanted.is_empty() && self.used.is_empty()
    }

    /// Whether the call is to end.
    pub(super) fn end_the_call(&self) -> bool {
        self.wanted.iter().any(ToolCall::ends_call)
    }

    /// Whether one may still want something said.
    pub(super) fn may_still_speak(&self) -> bool {
        !self.used.is_empty() || self.wanted.iter().any(|call| !call.ends_call())
    }

    /// Has a tool used, within bounds.
    fn want(&mut self, call: ToolCall) {
        let at_once = self.wanted.len() + self.used.len();
        let may = self.rounds < MOST_ROUNDS && at_once < MOST_AT_ONCE;
        if may || call.ends_call() {
            self.wanted.push(call);
        }
    }

    fn have_answered(&self) -> bool {
        let answered = |used: &Used| used.answer.is_some();
        self.wanted.is_empty() && !self.used.is_empty() && self.used.iter().all(answered)
    }

    /// Since when a tool is at work, if one is.
    pub(super) fn at_work_since(&self) -> Option<Moment> {
        let at_work = self.used.iter().filter(|used| used.answer.is_none());
        at_work.map(|used| used.began).min()
    }

    fn take(&mut self, id: ToolId, answer: &str, is_spoken: bool) -> bool {
        let Some(used) = self.used.iter_mut().find(|used| used.id == id) else {
            return false;
        };
        if used.answer.is_none() {
            used.answer = Some(answer.to_owned());
            used.is_spoken = is_spoken && !answer.trim().is_empty();
        }
        true
    }
}

impl Used {
    fn answered(self, otherwise: &str) -> AnsweredCall {
        AnsweredCall {
            call: self.call,
            answer: self.answer.unwrap_or_else(|| otherwise.to_owned()),
        }
    }
}

impl Dialogue {
    /// Takes what a tool answered: for the model to read, or to be spoken as it is. What failed is
    /// told in the same way.
    pub fn tool_answered(&mut self, now: Moment, id: ToolId, answer: &str, is_spoken: bool) {
        let answer: String = answer.chars().take(LONGEST_ANSWER).collect();
        let spoken = self.answer.iter_mut().map(|answer| &mut answer.tools);
        let suspended = self.suspended.iter_mut().map(|cut| &mut cut.tools);
        let mut waiting = spoken.chain(suspended);
        if waiting.any(|tools| tools.take(id, &answer, is_spoken)) {
            self.go_on_with_tools(now);
            return;
        }
        let place = self.unattended.iter().position(|used| used.id == id);
        if let Some(place) = place {
            let used = self.unattended.remove(place);
            self.conversation.push_calls(vec![used.answered(&answer)]);
        }
    }

    /// A tool has another agent go on with the call, unless the caller has gone on meanwhile.
    pub fn tool_passes_on(&mut self, now: Moment, id: ToolId, agent: Uuid, answer: &str) {
        let is_leaving = self.is_leaving();
        let waiting = self.answer.as_mut().filter(|_| !is_leaving);
        if waiting.is_some_and(|waiting| waiting.tools.take(id, answer, false)) {
            self.begin_forwarding(now, Destination::Agent(agent), None);
        } else {
            self.tool_answered(now, id, NOT_PASSED_ON, false);
        }
    }

    /// The model calls a tool: it is used when the answer is let out.
    pub(super) fn called(&mut self, now: Moment, reply: ReplyId, call: ToolCall) {
        let known = self.script.tools.iter().any(|tool| tool.name == call.name)
            || self.script.routing.rule_of(&call.name).is_some();
        if !known && !call.ends_call() {
            // Its name is the model's own words.
            tracing::warn!("the model calls a tool that it was not offered");
            tracing::debug!(tool = call.name, "the tool that it was not offered");
            return;
        }
        if let Some(suspended) = self.suspended_of(reply) {
            suspended.tools.want(call);
            return;
        }
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        if let Some(ledger) = &mut answer.ledger {
            ledger.first_token.get_or_insert(now);
        }
        answer.tools.want(call);
        let bridged = answer.bridged.take();
        self.tell_bridged(bridged, Some(now));
        self.use_tools(now);
    }

    /// Puts the tools to use that the answer wants which is being heard, or is about to be.
    pub(super) fn use_tools(&mut self, now: Moment) {
        let due = now + self.patience.longest_tool;
        let mut rule = None;
        let Some(answer) = &mut self.answer else {
            return;
        };
        for call in mem::take(&mut answer.tools.wanted) {
            let named = self.script.routing.rule_of(&call.name);
            let runs = !call.ends_call() && named.is_none();
            let number = runs.then_some(self.next_tool);
            self.effects
                .push_back(Effect::Tell(CallEventKind::ToolCalled {
                    name: call.name.clone(),
                    arguments: call.arguments.clone(),
                    number,
                    confidence: call.confidence,
                }));
            if call.ends_call() {
                answer.ends_call = Some(ENDED_BY_AGENT);
                continue;
            }
            if let Some(named) = named {
                rule.get_or_insert_with(|| named.clone());
                continue;
            }
            let id = ToolId(self.next_tool);
            self.next_tool += 1;
            self.effects.push_back(Effect::RunTool(id, call.clone()));
            answer.tools.used.push(Used {
                id,
                call,
                answer: None,
                is_spoken: false,
                began: now,
                due,
            });
        }
        if let Some(rule) = rule {
            self.obey(now, &rule);
        }
    }

    /// Goes on with the answer once all tools have answered that it waits for: with what they want
    /// said, then with what the model makes of the other answers.
    pub(super) fn go_on_with_tools(&mut self, now: Moment) {
        let ready = |answer: &&mut Answer| answer.asking.is_none() && answer.tools.have_answered();
        let Some(answer) = self.answer.as_mut().filter(ready) else {
            return;
        };
        answer.tools.rounds += 1;
        let used = mem::take(&mut answer.tools.used);
        let mut said = mem::take(&mut answer.said);
        answer.splitter = SentenceSplitter::default();
        if let Some(ledger) = &mut answer.ledger {
            ledger.tools = Some(now);
        }
        let may_go_on = answer.tools.rounds < MOST_ROUNDS;
        let ends_call = answer.ends_call.is_some();
        let to_say = used.iter().filter(|used| used.is_spoken);
        let to_say: Vec<_> = to_say.filter_map(|used| used.answer.clone()).collect();
        let is_all = to_say.len() == used.len();
        let answered = used.into_iter().map(|used| used.answered(TOO_LATE));
        self.conversation.push_calls(answered.collect());
        if !to_say.is_empty() {
            let words = to_say.join(" ");
            let is_complete = is_all || ends_call;
            self.say_of_tools(now, &words, is_complete);
            if is_complete {
                return;
            }
            said = format!("{said} {words}");
        }
        if ends_call {
            if said.trim().is_empty() {
                let goodbye = self.script.goodbye.clone();
                self.say_of_tools(now, &goodbye, true);
            } else {
                self.close_answer_if_over(now);
            }
            return;
        }
        let mut messages = self.conversation.messages();
        if let Some(last) = messages.last_mut() {
            said.trim().clone_into(&mut last.content);
        }
        let reply = self.order_reply(messages, may_go_on);
        if let Some(answer) = &mut self.answer {
            answer.asking = Some(reply);
        }
    }

    /// Says what tools want said, as if the model had written it.
    fn say_of_tools(&mut self, now: Moment, words: &str, is_complete: bool) {
        let reply = ReplyId(self.next_reply);
        self.next_reply += 1;
        let Some(answer) = &mut self.answer else {
            return;
        };
        answer.asking = Some(reply);
        self.reply_part(now, reply, ReplyPart::Text(words.to_owned()));
        if is_complete {
            self.reply_ended(now, reply, Ok(()));
            return;
        }
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        answer.said.clear();
        for sentence in answer.splitter.finish() {
            self.speak(now, reply, sentence);
        }
    }

    /// An answer is given up that used tools. What they did is remembered, or will be.
    pub(super) fn leave_tools(&mut self, tools: Tools) {
        let (answered, at_work): (Vec<_>, Vec<_>) = tools
            .used
            .into_iter()
            .partition(|used| used.answer.is_some());
        let answered = answered.into_iter().map(|used| used.answered(TOO_LATE));
        self.conversation.push_calls(answered.collect());
        self.unattended.extend(at_work);
    }

    /// What the model is told of tools that are still at work for an answer that was given up.
    pub(super) fn still_at_work(&self) -> Option<Message> {
        let calls = self.unattended.iter().map(|used| AnsweredCall {
            call: used.call.clone(),
            answer: STILL_AT_WORK.to_owned(),
        });
        let calls: Vec<_> = calls.collect();
        (!calls.is_empty()).then(|| Message {
            role: Role::Assistant,
            content: String::new(),
            calls,
        })
    }

    /// When the first tool is given up.
    pub(super) fn tools_deadline(&self) -> Option<Moment> {
        self.awaited().map(|used| used.due).min()
    }

    /// Gives up the tools that have not answered by `now`.
    pub(super) fn give_up_tools_if_due(&mut self, now: Moment) {
        let late = self.awaited().filter(|used| now >= used.due);
        for id in late.map(|used| used.id).collect::<Vec<_>>() {
            self.tool_answered(now, id, TOO_LATE, false);
        }
    }

    fn awaited(&self) -> impl Iterator<Item = &Used> {
        let spoken = self.answer.iter().flat_map(|answer| &answer.tools.used);
        let suspended = self.suspended.iter().flat_map(|cut| &cut.tools.used);
        let used = spoken.chain(suspended).chain(&self.unattended);
        used.filter(|used| used.answer.is_none())
    }
}
