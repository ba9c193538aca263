//! What was said, for the model and for the transcript.

use audio::Moment;

use super::answer::Heard;
use super::{Dialogue, Effect};
use crate::event::{CallEventKind, Speaker, TranscriptTurn};

impl Dialogue {
    /// The model is to know what was heard of its words.
    pub(super) fn remember(&mut self, heard: Option<&Heard>) {
        if let Some(heard) = heard {
            self.conversation.push_agent(&heard.text);
        }
    }

    pub(super) fn tell_agent_turn(&mut self, heard: Option<Heard>, interrupted: bool) {
        let Some(heard) = heard else {
            return;
        };
        self.tell_turn(
            Speaker::Agent,
            heard.text,
            heard.started,
            heard.finished,
            interrupted,
        );
    }

    pub(super) fn caller_turn(&mut self, text: &str, started: Moment, ended: Moment) {
        if text.is_empty() {
            return;
        }
        self.settle_cut();
        self.conversation.push_caller(text);
        self.tell_turn(Speaker::Caller, text.to_owned(), started, ended, false);
    }

    pub(super) fn tell_turn(
        &mut self,
        speaker: Speaker,
        text: String,
        started: Moment,
        ended: Moment,
        interrupted: bool,
    ) {
        self.turns += 1;
        let turn = TranscriptTurn {
            speaker,
            text,
            start_ms: self.millis(started),
            end_ms: self.millis(ended),
            interrupted,
        };
        self.effects
            .push_back(Effect::Tell(CallEventKind::Turn(turn)));
    }
}
