//! The agent's voice: what is ordered to be spoken, and how far it was played.

use std::time::Duration;

use agent::SentenceSplitter;
use audio::Moment;
use media::SegmentId;
use turn::AgentState;

use super::answer::{Answer, Bridged, TimedWord};
use super::cut::Cut;
use super::{Dialogue, Effect, Playback, ReplyId, TOLERATED_FAILURES};
use crate::event::CallEventKind;

impl Dialogue {
    /// The first audio of a segment is synthesised.
    pub fn synthesis_started(&mut self, at: Moment, segment: SegmentId) {
        if let Some(ledger) = self
            .answer_with(segment)
            .and_then(|answer| answer.ledger.as_mut())
        {
            ledger.first_audio.get_or_insert(at);
        }
    }

    /// Takes when words of a segment sound, before they are played. They come in the order of the
    /// text; none ever come for a voice that does not know.
    pub fn word_times(&mut self, segment: SegmentId, words: &[TimedWord]) {
        if let Some(answer) = self.answer_with(segment) {
            answer.timed(segment, words);
        }
    }

    /// A segment is synthesised in full and lasts this long.
    pub fn synthesised(&mut self, now: Moment, segment: SegmentId, duration: Duration) {
        if let Some(answer) = self.answer_with(segment) {
            answer.synthesised(now, segment, duration);
        }
        self.goodbye_goes_on(now + duration);
        self.announcement_goes_on(now + duration);
        self.close_answer_if_over(now);
    }

    /// A segment could not be spoken, or not to its end: only `spoken` of it is to be heard. The
    /// agent goes on with the next one. When nothing of an answer can be heard it says that it has
    /// trouble, and when that cannot be heard either, the turn is the caller's.
    pub fn synthesis_failed(
        &mut self,
        now: Moment,
        segment: SegmentId,
        spoken: Duration,
        reason: &str,
    ) {
        let reason = reason.to_owned();
        self.effects
            .push_back(Effect::Tell(CallEventKind::Unspoken { reason }));
        if !spoken.is_zero() {
            self.synthesised(now, segment, spoken);
            return;
        }
        if let Some(answer) = self.answer_with(segment) {
            answer.lost(now, segment);
        }
        self.close_answer_if_over(now);
    }

    /// Takes the progress of the agent's voice, as it happened at `at`.
    pub fn playback(&mut self, at: Moment, playback: Playback) {
        if !self.prompts_only() {
            self.last_activity = self.last_activity.max(at);
        }
        self.goodbye_goes_on(at);
        self.announcement_goes_on(at);
        match playback {
            Playback::Started(segment) => self.segment_started(at, segment),
            Playback::Finished(segment) => {
                let answers = self.cut.iter_mut().map(Cut::answer);
                for answer in answers.chain(&mut self.answer) {
                    answer.finished(at, segment);
                }
                if self.answer.as_ref().is_some_and(Answer::is_bridged_in_vain) {
                    self.machine.agent_is(AgentState::Thinking);
                }
                self.close_answer_if_over(at);
            }
        }
    }

    /// Says fixed words, as an answer of their own.
    pub(super) fn say(&mut self, text: &str, ends_call: Option<&'static str>) {
        let mut splitter = SentenceSplitter::default();
        let mut sentences = splitter.push(text);
        sentences.extend(splitter.finish());
        let mut answer = Answer::new(None, None);
        answer.ends_call = ends_call;
        self.discard_ahead();
        self.give_up_suspended();
        self.dropped = None;
        if self.muted {
            return;
        }
        if let Some(mut earlier) = self.answer.replace(answer) {
            self.give_up_try(&mut earlier);
        }
        // Fixed words are on their way at once: only what may interrupt the agent stops them.
        self.machine.agent_is(AgentState::Speaking);
        for sentence in sentences {
            self.order(sentence);
        }
    }

    /// Speaks a sentence of a reply, in earshot or not.
    pub(super) fn speak(&mut self, now: Moment, reply: ReplyId, sentence: String) {
        let segment = SegmentId(self.next_segment);
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        if answer.is_silent {
            return;
        }
        if let Some(ledger) = &mut answer.ledger {
            ledger.first_sentence.get_or_insert(now);
        }
        answer.add(segment, sentence.clone());
        self.next_segment += 1;
        self.effects.push_back(Effect::Speak(segment, sentence));
    }

    pub(super) fn order(&mut self, sentence: String) {
        let segment = SegmentId(self.next_segment);
        self.next_segment += 1;
        if let Some(answer) = &mut self.answer
            && !answer.is_silent
        {
            answer.add(segment, sentence.clone());
            self.effects.push_back(Effect::Speak(segment, sentence));
        }
    }

    /// The answer, heard or kept back, that this segment belongs to.
    pub(super) fn answer_with(&mut self, segment: SegmentId) -> Option<&mut Answer> {
        let ahead = self.ahead.as_mut().map(|ahead| &mut ahead.answer);
        let mut answers = self.answer.as_mut().into_iter().chain(ahead);
        answers.find(|answer| answer.holds(segment))
    }

    pub(super) fn segment_started(&mut self, at: Moment, segment: SegmentId) {
        if let Some(cut) = &mut self.cut {
            cut.answer().started(at, segment);
        }
        let Some(answer) = &mut self.answer else {
            return;
        };
        if !answer.started(at, segment) {
            return;
        }
        self.unspoken = 0;
        self.machine.agent_is(AgentState::Speaking);
        if !answer.goes_on {
            self.machine.agent_begins(at);
        }
        if let Some(mut ledger) = answer.ledger.take() {
            if ledger.speculation.used > 0 {
                ledger.speculation.used_tokens = answer.words;
            }
            let origin = self.origin.unwrap_or(self.started);
            let latency = Box::new(ledger.close(self.turns, origin, at));
            let used = answer.tried.take();
            let used = used.map(|began| (began, latency.speculation.saved_ms, answer.words));
            if ledger.filler.is_some() && ledger.first_token.is_none() {
                answer.bridged = Some(Bridged { ledger, latency });
            } else {
                self.effects
                    .push_back(Effect::Tell(CallEventKind::Latency(latency)));
            }
            if let Some((began, saved_ms, tokens)) = used {
                self.tell_used(began, saved_ms, tokens);
            }
        }
    }

    pub(super) fn close_answer_if_over(&mut self, now: Moment) {
        let Some(mut answer) = self.answer.take_if(|answer| answer.is_over()) else {
            return;
        };
        self.give_up_try(&mut answer);
        if !answer.is_prompt {
            self.last_activity = now;
        }
        self.machine.agent_is(AgentState::Silent);
        self.settle_cut();
        let heard = answer.heard();
        self.remember(heard.as_ref());
        self.tell_agent_turn(heard, false);
        if let Some(reason) = answer.ends_call {
            self.end(self.ending(&answer, reason));
        } else if answer.passes_on {
            self.pass_on();
        } else if answer.was_lost() {
            self.apologise();
        }
        self.catch_up(now);
        self.say_next_line(now);
    }

    /// The caller waits for an answer that could not be spoken.
    pub(super) fn apologise(&mut self) {
        self.unspoken += 1;
        if self.unspoken > TOLERATED_FAILURES {
            self.end("the agent's voice failed repeatedly");
            return;
        }
        let trouble = self.script.trouble.clone();
        self.say(&trouble, None);
    }

    pub(super) fn interrupt_answer(&mut self, now: Moment) {
        self.discard_ahead();
        self.give_up_suspended();
        let Some(mut answer) = self.answer.take() else {
            self.machine.agent_is(AgentState::Silent);
            return;
        };
        if let Some(reply) = answer.asking {
            self.effects.push_back(Effect::CancelAsk(reply));
        }
        self.give_up_try(&mut answer);
        self.leave_tools(std::mem::take(&mut answer.tools));
        // The ledger is still there when nothing of the answer was audible.
        self.dropped = answer.ledger.take();
        if let Some(bridged) = answer.bridged.take() {
            self.dropped = Some(bridged.ledger.clone());
            self.tell_bridged(Some(bridged), None);
        } else if let Some(dropped) = &mut self.dropped {
            let tally = std::mem::take(&mut dropped.speculation);
            self.tally.unheard(tally, answer.words);
        }
        self.effects.push_back(Effect::Silence);
        self.machine.agent_is(AgentState::Silent);
        self.cut(now, answer);
    }
}
