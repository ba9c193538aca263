//! Answers what the caller enters by keys.

use std::time::Duration;

use audio::Moment;
use audio::dtmf::Digit;
use turn::AgentState;

use super::Dialogue;
use super::keys::Entry;
use super::ledger::{Lag, Ledger};
use crate::event::SpeculationTally;

/// Entries by keys that wait for the agent to finish.
const WAITING_ENTRIES: usize = 8;

impl Dialogue {
    /// Takes a key that the caller pressed at `at`. It stops the agent where speech may; keys in a
    /// row are answered together, like a turn.
    pub fn pressed(&mut self, now: Moment, at: Moment, digit: Digit) {
        if self.held.is_some() {
            return;
        }
        self.last_activity = now;
        self.prompts = 0;
        self.discard_ahead();
        if self.keys_interrupt() {
            self.interrupt_answer(now);
        }
        if let Some(entry) = self.keys.press(at, digit) {
            self.entered(now, entry);
        }
    }

    /// Answers what was entered by keys: at once, or when an agent that may not be interrupted has
    /// finished.
    pub(super) fn entered(&mut self, now: Moment, entry: Entry) {
        if !self.agent_has_the_word() && !self.is_leaving() {
            self.interrupt_answer(now);
        }
        if self.entered.len() >= WAITING_ENTRIES {
            // overflow: drops oldest
            self.entered.pop_front();
        }
        self.entered.push_back(entry);
        self.catch_up(now);
    }

    /// Whether a key stops the agent where speech may.
    pub(super) fn keys_interrupt(&self) -> bool {
        self.script.turn.allow_interruptions && !self.is_leaving()
    }

    /// Whether the agent speaks, and may not be interrupted.
    pub(super) fn agent_has_the_word(&self) -> bool {
        let speaks = self.answer.is_some() && self.machine.agent() == AgentState::Speaking;
        speaks && !self.script.turn.allow_interruptions && !self.is_leaving()
    }

    pub(super) fn answer_entry(&mut self, now: Moment, entry: &Entry) {
        self.caller_turn(&entry.text, entry.first, entry.last);
        if self.is_leaving() || self.obey_keyword(now, &entry.text) {
            return;
        }
        self.ask(Ledger {
            last_voiced: entry.last,
            last_window: entry.last,
            decided: now,
            lag: Lag::default(),
            recognition_took: Duration::ZERO,
            recognised: now,
            asked: now,
            first_token: None,
            filler: None,
            tools: None,
            after_tools: None,
            first_sentence: None,
            first_audio: None,
            evidence: None,
            speculation: SpeculationTally::default(),
        });
    }
}
