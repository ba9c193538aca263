use audio::SampleRate;
use llm::{Message, ReplyRequest, ToolCall};
use media::SegmentId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use speech::Utterance;
use turn::Attempt;
use uuid::Uuid;

use crate::dialogue::{Effect, ReplyId, ToolId};
use crate::event::CallEventKind;

/// Something that a conversation ordered. Sound is told by its fingerprint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the variants are those of `Effect`, which says what they mean"
)]
pub enum Did {
    Recognise {
        attempt: Attempt,
        samples: usize,
        sound: u64,
    },
    Judge {
        attempt: Attempt,
        samples: usize,
        sound: u64,
    },
    CancelRecognise(Attempt),
    Ask {
        reply: ReplyId,
        /// [`fingerprint_of`] the whole request.
        request: u64,
        messages: Vec<Message>,
    },
    CancelAsk(ReplyId),
    RunTool(ToolId, ToolCall),
    Speak(SegmentId, String),
    Hold,
    Release,
    Silence,
    Tell(CallEventKind),
    Transfer(String),
    HandOver(Uuid),
    HangUp(String),
}

impl Did {
    /// What is kept of an effect.
    pub fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Recognise(attempt, utterance) => Self::Recognise {
                attempt: *attempt,
                samples: utterance.samples.len(),
                sound: sound_of(utterance),
            },
            Effect::Judge(attempt, utterance) => Self::Judge {
                attempt: *attempt,
                samples: utterance.samples.len(),
                sound: sound_of(utterance),
            },
            Effect::CancelRecognise(attempt) => Self::CancelRecognise(*attempt),
            Effect::Ask(reply, request) => Self::Ask {
                reply: *reply,
                request: fingerprint_of(request),
                messages: request.messages.clone(),
            },
            Effect::CancelAsk(reply) => Self::CancelAsk(*reply),
            Effect::RunTool(id, call) => Self::RunTool(*id, call.clone()),
            Effect::Speak(segment, text) => Self::Speak(*segment, text.clone()),
            Effect::Hold => Self::Hold,
            Effect::Release => Self::Release,
            Effect::Silence => Self::Silence,
            Effect::Tell(kind) => Self::Tell(kind.clone()),
            Effect::Transfer(target) => Self::Transfer(target.clone()),
            Effect::HandOver(agent) => Self::HandOver(*agent),
            Effect::HangUp(reason) => Self::HangUp((*reason).to_owned()),
        }
    }
}

/// What a request to a language model is known by.
pub fn fingerprint_of(request: &ReplyRequest) -> u64 {
    // A request is text and lists of it, which JSON always holds.
    let json = serde_json::to_vec(request).unwrap_or_default();
    digest(json)
}

/// What sound is known by: the same samples at the same rate, the same number.
pub fn fingerprint(rate: SampleRate, samples: &[i16]) -> u64 {
    let mut octets = Vec::with_capacity(4 + 2 * samples.len());
    octets.extend(rate.hertz().to_le_bytes());
    octets.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    digest(octets)
}

fn sound_of(utterance: &Utterance) -> u64 {
    fingerprint(utterance.rate, &utterance.samples)
}

/// The first eight octets of the SHA-256.
fn digest(octets: Vec<u8>) -> u64 {
    let digest = Sha256::digest(octets);
    let first = digest.first_chunk().copied();
    first.map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_known_by_its_samples_and_their_rate() {
        let known = |rate, samples: &[i16]| fingerprint(rate, samples);
        let sound = known(SampleRate::HZ_8000, &[1, 2]);
        assert_eq!(sound, known(SampleRate::HZ_8000, &[1, 2]));
        assert_ne!(sound, known(SampleRate::HZ_16000, &[1, 2]));
        assert_ne!(sound, known(SampleRate::HZ_8000, &[1, 3]));
    }

    #[test]
    fn a_request_is_another_if_anything_in_it_is() {
        let request = ReplyRequest {
            system: "Be brief.".to_owned(),
            ..ReplyRequest::default()
        };
        let other = ReplyRequest {
            system: "Be brief!".to_owned(),
            ..ReplyRequest::default()
        };
        assert_eq!(fingerprint_of(&request), fingerprint_of(&request.clone()));
        assert_ne!(fingerprint_of(&request), fingerprint_of(&other));
    }
}
