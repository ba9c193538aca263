use std::time::Duration;

use audio::Moment;
use turn::Evidence;

use crate::event::{LatencyItem, SpeculationTally, TurnLatency};

/// From a sample on the line until the dialogue knows whether it holds a voice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lag {
    /// Until the leg delivers it: the network's jitter, and the wait for the next tick.
    pub(super) jitter_buffer: Duration,
    /// Until it is there to be judged, decoded and with all of its window.
    pub(super) decode: Duration,
    /// Until it is judged.
    pub(super) detection: Duration,
}

/// The moments between the caller's last sound and the agent's first, for one answer.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    pub(super) last_voiced: Moment,
    /// When the voice detector's last window with speech ended.
    pub(super) last_window: Moment,
    pub(super) decided: Moment,
    /// How far hearing lagged behind the line at the decision.
    pub(super) lag: Lag,
    pub(super) recognition_took: Duration,
    pub(super) recognised: Moment,
    pub(super) asked: Moment,
    pub(super) first_token: Option<Moment>,
    /// When a phrase was ordered that bridges the wait for the model.
    pub(super) filler: Option<Moment>,
    /// When the tools had answered that the model wanted to use.
    pub(super) tools: Option<Moment>,
    /// When the model's first words came after that.
    pub(super) after_tools: Option<Moment>,
    pub(super) first_sentence: Option<Moment>,
    pub(super) first_audio: Option<Moment>,
    pub(super) evidence: Option<Evidence>,
    pub(super) speculation: SpeculationTally,
}

impl Ledger {
    /// An account of an answer that is begun at `now`, before there is a decision.
    pub(super) fn begun_at(now: Moment) -> Self {
        Self {
            last_voiced: now,
            last_window: now,
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
        }
    }

    /// An account that begins anew with a question asked at `now`.
    pub(super) fn asked_again(self, now: Moment) -> Self {
        Self {
            asked: now,
            first_token: None,
            filler: None,
            tools: None,
            after_tools: None,
            first_sentence: None,
            first_audio: None,
            ..self
        }
    }

    /// The account closed at the first audible sample. Times are from `origin` on.
    pub(super) fn close(&self, turn: usize, origin: Moment, audible: Moment) -> TurnLatency {
        let millis = |later: Moment, earlier: Moment| later.since(earlier).as_millis() as u64;
        // Without words of the model, all that was waited for was the model.
        let token = self.first_token.or(self.first_sentence);
        let token = token.unwrap_or(self.asked);
        let sentence = self.first_sentence.unwrap_or(token);
        let audio = self.first_audio.unwrap_or(sentence);
        let Lag {
            jitter_buffer,
            decode,
            detection,
        } = self.lag;
        let gathered = self.decided - detection;
        let steps = [
            ("vad_hangover", None, self.last_window),
            ("endpoint_wait", None, gathered - decode - jitter_buffer),
            ("jitter_buffer", None, gathered - decode),
            ("decode", None, gathered),
            ("detection", None, self.decided),
            ("recognition", None, self.recognised),
        ];
        let first_token = ("model_first_token", Some(self.asked), token);
        let split = ("sentence_split", None, sentence);
        let model = match (self.filler, self.tools) {
            (Some(filler), _) => vec![("filler_wait", Some(self.asked), filler)],
            (None, None) => vec![first_token, split],
            (None, Some(tools)) => {
                let again = self.after_tools.unwrap_or(sentence);
                let answered = ("tools", None, tools);
                vec![
                    first_token,
                    answered,
                    ("model_after_tools", None, again),
                    split,
                ]
            }
        };
        let voice = [
            ("synthesis_first_audio", None, audio),
            ("playout_wait", None, audible),
        ];
        let steps: Vec<_> = steps.into_iter().chain(model).chain(voice).collect();
        let (items, explained) = self.chain(&steps, origin, audible);
        let whole = audible.since(self.last_voiced);
        let mut speculation = self.speculation;
        speculation.saved_ms = if speculation.used > 0 {
            millis(audio.min(self.decided), self.asked)
        } else {
            0
        };
        TurnLatency {
            turn,
            voiced_to_audible_ms: millis(audible, self.last_voiced),
            decision_to_first_audio_ms: millis(audible, self.decided),
            endpointing_ms: millis(self.decided, self.last_voiced),
            recognition_ms: self.recognition_took.as_millis() as u64,
            recognition_after_decision_ms: millis(self.recognised, self.decided),
            model_first_token_ms: self.first_token.map(|token| millis(token, self.asked)),
            synthesis_first_audio_ms: millis(audio, sentence),
            items,
            unattributed_ms: (whole.saturating_sub(explained)).as_secs_f64() * 1_000.0,
            evidence: self.evidence.map(Into::into),
            speculation,
        }
    }

    /// The steps that took time, one after the other. What was done ahead, while an earlier step
    /// was waited for, took none. A step with a beginning of its own does not account for the time
    /// before it.
    fn chain(
        &self,
        steps: &[(&str, Option<Moment>, Moment)],
        origin: Moment,
        audible: Moment,
    ) -> (Vec<LatencyItem>, Duration) {
        let mut at = self.last_voiced;
        let mut explained = Duration::ZERO;
        let mut items = Vec::new();
        for (name, begins, ends) in steps {
            at = at.max(begins.unwrap_or(at)).min(audible);
            let duration = ends.min(&audible).since(at);
            items.push(LatencyItem {
                name: (*name).to_owned(),
                start_ms: at.since(origin).as_secs_f64() * 1_000.0,
                duration_ms: duration.as_secs_f64() * 1_000.0,
            });
            at = at + duration;
            explained += duration;
        }
        (items, explained)
    }
}
