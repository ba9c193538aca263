use std::time::Duration;

use audio::Moment;

use crate::event::TurnLatency;

/// The moments between the caller's last sound and the agent's first, for one answer.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    pub(super) last_voiced: Moment,
    pub(super) decided: Moment,
    pub(super) recognition_took: Duration,
    pub(super) recognised: Moment,
    pub(super) asked: Moment,
    pub(super) first_token: Option<Moment>,
    pub(super) first_sentence: Option<Moment>,
    pub(super) first_audio: Option<Moment>,
}

impl Ledger {
    /// The account closed at the first audible sample.
    pub(super) fn close(&self, turn: usize, audible: Moment) -> TurnLatency {
        let millis = |later: Moment, earlier: Moment| later.since(earlier).as_millis() as u64;
        let token = self.first_token.unwrap_or(self.asked);
        let sentence = self.first_sentence.unwrap_or(token);
        let audio = self.first_audio.unwrap_or(sentence);
        TurnLatency {
            turn,
            voiced_to_audible_ms: millis(audible, self.last_voiced),
            decision_to_first_audio_ms: millis(audible, self.decided),
            endpointing_ms: millis(self.decided, self.last_voiced),
            recognition_ms: self.recognition_took.as_millis() as u64,
            recognition_after_decision_ms: millis(self.recognised, self.decided),
            model_first_token_ms: millis(token, self.asked),
            synthesis_first_audio_ms: millis(audio, sentence),
        }
    }
}
