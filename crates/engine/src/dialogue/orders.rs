//! What people have the agent do: say something, be silent, speak again.

use std::mem;

use audio::Moment;
use turn::AgentState;

use super::answer::Answer;
use super::{Dialogue, Effect};
use crate::event::CallEventKind;

/// Lines that may wait for the agent to finish.
const WAITING_LINES: usize = 16;

/// Words that wait for their turn.
#[derive(Debug)]
pub(super) struct Line {
    text: String,
    /// Why the call ends after them, if it does.
    ends_call: Option<&'static str>,
}

impl Dialogue {
    /// Has the agent say this as soon as neither side speaks, and a muted agent when it may speak
    /// again; then the call ends, if a reason is given. Too many lines that wait are not taken,
    /// which is told.
    pub fn say_line(&mut self, now: Moment, text: &str, ends_call: Option<&'static str>) {
        if self.hanging_up.is_some() {
            return;
        }
        // overflow: refused, told
        if self.lines.len() >= WAITING_LINES {
            let reason = "more lines were ordered than can wait".to_owned();
            self.effects
                .push_back(Effect::Tell(CallEventKind::Unspoken { reason }));
            return;
        }
        let text = text.to_owned();
        self.lines.push_back(Line { text, ends_call });
        self.say_next_line(now);
    }

    /// Something is to be said before all lines that wait.
    pub(super) fn say_soon(&mut self, now: Moment, text: String) {
        let ends_call = None;
        self.lines.push_front(Line { text, ends_call });
        self.say_next_line(now);
    }

    /// Says the next line that waits, if neither side has the word.
    pub(super) fn say_next_line(&mut self, now: Moment) {
        if self.lines.is_empty() {
            return;
        }
        let busy = self.answer.is_some()
            || self.suspended.is_some()
            || self.cut.is_some()
            || !self.undecided.is_empty()
            || !self.entered.is_empty()
            || self.machine.caller_has_turn();
        if busy || self.is_leaving() || self.muted || self.held.is_some() {
            return;
        }
        let Some(line) = self.lines.pop_front() else {
            return;
        };
        match line.ends_call {
            Some(reason) => self.hang_up(now, Some(&line.text), reason),
            None => {
                self.say(&line.text, None);
                self.close_answer_if_over(now);
            }
        }
    }

    /// Has the agent be silent from now on, or lets it speak again. What it would have said is not
    /// said later. It goes on to listen and to use tools; its call may end, without another word.
    pub fn mute(&mut self, now: Moment, muted: bool) {
        if muted == self.muted {
            return;
        }
        self.muted = muted;
        self.last_activity = now;
        self.effects
            .push_back(Effect::Tell(CallEventKind::Muted { muted }));
        if !muted {
            self.say_next_line(now);
            return;
        }
        self.discard_ahead();
        self.give_up_suspended();
        self.dropped = None;
        self.fall_mute(now);
    }

    /// Cuts off what the agent says; what it does beside goes on.
    fn fall_mute(&mut self, now: Moment) {
        let Some(mut answer) = self.answer.take() else {
            return;
        };
        let mut rest = Answer::new(answer.asking, None);
        rest.is_silent = true;
        rest.ends_call = answer.ends_call;
        rest.passes_on = answer.passes_on;
        rest.tools = mem::take(&mut answer.tools);
        let bridged = answer.bridged.take();
        self.tell_bridged(bridged, None);
        self.give_up_try(&mut answer);
        self.effects.push_back(Effect::Silence);
        self.machine.agent_is(AgentState::Silent);
        self.cut(now, answer);
        if rest.is_being_composed() {
            self.answer = Some(rest);
        } else if let Some(reason) = rest.ends_call {
            self.end(reason);
        } else if rest.passes_on {
            self.pass_on();
        }
    }
}
