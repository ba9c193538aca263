//! What becomes of a turn of the caller that is over: it is answered, or it was none.

use audio::Moment;
use turn::{AgentState, Ended};

use super::ledger::Ledger;
use super::{Dialogue, Recognised, Undecided};
use crate::event::{SpeculationTally, Verdict};

impl Dialogue {
    pub(super) fn decided(&mut self, now: Moment, ended: Ended) {
        let voiced_until = self
            .caller
            .voiced_until(ended.started)
            .unwrap_or(ended.last_voiced)
            .min(ended.last_voiced);
        self.caller.forget();
        self.tell_decision(Verdict::TurnEnded, &ended, voiced_until);
        let words = std::mem::take(&mut self.words);
        let undecided = Undecided {
            ended,
            voiced_until,
            settled: words.settled,
            wants_answer: true,
        };
        match words
            .latest
            .filter(|latest| latest.attempt == ended.attempt)
        {
            Some(latest) => self.turn_ended(now, undecided, &latest),
            None => {
                self.discard_ahead();
                self.machine.agent_is(AgentState::Thinking);
                self.undecided.push(undecided);
            }
        }
    }

    pub(super) fn turn_ended(&mut self, now: Moment, undecided: Undecided, latest: &Recognised) {
        let mut parts = undecided.settled;
        parts.extend(latest.text.as_deref().map(|text| text.trim().to_owned()));
        parts.retain(|part| !part.is_empty());
        let text = parts.join(" ");
        let agrees = !text.is_empty() && turn::is_backchannel(&text);
        let agrees = agrees && self.suspended.is_some();
        if agrees || text.is_empty() && latest.text.is_some() {
            let (ended, until) = (&undecided.ended, undecided.voiced_until);
            self.tell_dismissed_late(now, ended, until, agrees);
        }
        if agrees {
            if undecided.wants_answer {
                self.was_no_turn(now);
            }
            return;
        }
        let goes_on = self.answer.is_some() && self.script.turn.allow_interruptions;
        if goes_on && undecided.wants_answer && !self.is_leaving() && !text.is_empty() {
            // The agent did not wait for these words.
            self.interrupt_answer(now);
        }
        self.caller_turn(&text, undecided.ended.started, undecided.voiced_until);
        self.weigh_turn(&text, undecided.ended.started, undecided.voiced_until);
        if self.is_leaving() {
            return;
        }
        if text.is_empty() {
            if undecided.wants_answer {
                self.without_words(now, latest.text.is_none());
            }
            return;
        }
        self.give_up_suspended();
        if undecided.wants_answer && self.obey_keyword(now, &text) {
            return;
        }
        let ledger = Ledger {
            last_voiced: undecided.voiced_until,
            last_window: undecided.ended.last_window,
            decided: undecided.ended.decided,
            lag: self.lag,
            recognition_took: latest.took,
            recognised: latest.at,
            asked: now,
            first_token: None,
            filler: None,
            tools: None,
            after_tools: None,
            first_sentence: None,
            first_audio: None,
            evidence: Some(undecided.ended.evidence),
            speculation: SpeculationTally::default(),
        };
        if undecided.wants_answer {
            for other in &mut self.undecided {
                other.wants_answer = false;
            }
            if !self.release_ahead(undecided.ended.attempt, &text, &ledger) {
                self.ask(ledger);
            }
            return;
        }
        // What came after it is answered together with it, unless that turns out to be noise.
        let awaited = self.undecided.iter().any(|other| other.wants_answer);
        if awaited || self.machine.caller_has_turn() {
            self.dropped = Some(ledger);
        }
    }

    /// A turn that was to be answered has no words: it was noise, or could not be recognised.
    pub(super) fn without_words(&mut self, now: Moment, failed: bool) {
        if !failed {
            self.was_no_turn(now);
        } else if self.answer.is_none() {
            let message = self.script.not_understood.clone();
            self.say(&message, None);
        }
        if self.answer.is_none() && self.undecided.is_empty() {
            self.machine.agent_is(AgentState::Silent);
        }
    }

    /// What was heard was no turn: what it stopped or dropped is taken up again. While an earlier
    /// turn still waits for its words, those decide.
    pub(super) fn was_no_turn(&mut self, now: Moment) {
        if let Some(last) = self.undecided.last_mut() {
            last.wants_answer = true;
        } else if !self.go_on(now) {
            self.take_up_dropped(now);
        }
    }

    /// Asks again for an answer that was dropped before it was audible, because what dropped it
    /// was no turn.
    pub(super) fn take_up_dropped(&mut self, now: Moment) {
        if let Some(ledger) = self.dropped.take()
            && self.answer.is_none()
            && !self.is_leaving()
        {
            self.ask(ledger.asked_again(now));
        }
    }
}
