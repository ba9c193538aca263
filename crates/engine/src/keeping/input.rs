use std::time::Duration;

use audio::Moment;
use audio::dtmf::Digit;
use llm::{ReplyError, ReplyPart};
use media::SegmentId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use speech::RecogniseError;
use turn::Attempt;
use uuid::Uuid;

use crate::dialogue::{Dialogue, Playback, ReplyId, TimedWord, ToolId};
use crate::routing::{Destination, ForwardOutcome};
use crate::script::Script;

/// Something that a conversation is told, apart from the caller's audio.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the variants are methods of `Dialogue` with their arguments, and documented there"
)]
pub enum Input {
    Close,
    CutOff {
        now: Moment,
        segment: Option<SegmentId>,
        played: Duration,
    },
    FallSilent {
        now: Moment,
    },
    Forward {
        now: Moment,
        to: Destination,
        message: Option<String>,
    },
    Forwarded {
        now: Moment,
        outcome: ForwardOutcome,
        sip_code: Option<u16>,
    },
    Finish {
        now: Moment,
    },
    HangUp {
        now: Moment,
        message: Option<String>,
        reason: Reason,
    },
    Hold {
        now: Moment,
        held: bool,
    },
    Judged {
        now: Moment,
        attempt: Attempt,
        /// The bits of a 32-bit number.
        completeness: Option<u32>,
    },
    Mute {
        now: Moment,
        muted: bool,
    },
    Playback {
        at: Moment,
        playback: Playback,
    },
    Pressed {
        now: Moment,
        at: Moment,
        key: char,
    },
    ProviderSays {
        now: Moment,
        attempt: Attempt,
        over: bool,
    },
    Recognised {
        now: Moment,
        attempt: Attempt,
        words: Result<(String, Duration), String>,
    },
    ReplyEnded {
        now: Moment,
        reply: ReplyId,
        failure: Option<String>,
    },
    ReplyPart {
        now: Moment,
        reply: ReplyId,
        part: ReplyPart,
    },
    SayLine {
        now: Moment,
        text: String,
        ends_call: Option<Reason>,
    },
    Synthesised {
        now: Moment,
        segment: SegmentId,
        duration: Duration,
    },
    SynthesisFailed {
        now: Moment,
        segment: SegmentId,
        spoken: Duration,
        reason: String,
    },
    SynthesisStarted {
        at: Moment,
        segment: SegmentId,
    },
    TakenOver {
        now: Moment,
        script: Box<Script>,
    },
    Timeout {
        now: Moment,
    },
    ToolAnswered {
        now: Moment,
        id: ToolId,
        answer: String,
        #[serde(default, skip_serializing_if = "is_false")]
        is_spoken: bool,
    },
    ToolPassesOn {
        now: Moment,
        id: ToolId,
        agent: Uuid,
        answer: String,
    },
    WordTimes {
        segment: SegmentId,
        words: Vec<TimedWord>,
    },
}

impl Input {
    /// When the conversation was told, where that is not when it happened.
    pub const fn now(&self) -> Option<Moment> {
        match self {
            Self::CutOff { now, .. }
            | Self::FallSilent { now }
            | Self::Forward { now, .. }
            | Self::Forwarded { now, .. }
            | Self::Finish { now }
            | Self::HangUp { now, .. }
            | Self::Hold { now, .. }
            | Self::Judged { now, .. }
            | Self::Mute { now, .. }
            | Self::Pressed { now, .. }
            | Self::ProviderSays { now, .. }
            | Self::Recognised { now, .. }
            | Self::ReplyEnded { now, .. }
            | Self::ReplyPart { now, .. }
            | Self::SayLine { now, .. }
            | Self::Synthesised { now, .. }
            | Self::SynthesisFailed { now, .. }
            | Self::TakenOver { now, .. }
            | Self::Timeout { now }
            | Self::ToolAnswered { now, .. }
            | Self::ToolPassesOn { now, .. } => Some(*now),
            Self::Close
            | Self::Playback { .. }
            | Self::SynthesisStarted { .. }
            | Self::WordTimes { .. } => None,
        }
    }

    /// When it happened, where that is told.
    pub const fn at(&self) -> Option<Moment> {
        if let Self::Playback { at, .. }
        | Self::Pressed { at, .. }
        | Self::SynthesisStarted { at, .. } = self
        {
            Some(*at)
        } else {
            None
        }
    }

    /// Tells it to `dialogue`.
    pub fn tell(&self, dialogue: &mut Dialogue) {
        match self {
            Self::Close => dialogue.close(),
            Self::CutOff {
                now,
                segment,
                played,
            } => dialogue.cut_off(*now, *segment, *played),
            Self::FallSilent { now } => dialogue.fall_silent(*now),
            Self::Forward { now, to, message } => {
                dialogue.forward(*now, to.clone(), message.as_deref());
            }
            Self::Forwarded {
                now,
                outcome,
                sip_code,
            } => dialogue.forwarded(*now, *outcome, *sip_code),
            Self::Mute { now, muted } => dialogue.mute(*now, *muted),
            Self::SayLine {
                now,
                text,
                ends_call,
            } => dialogue.say_line(*now, text, ends_call.map(Reason::as_str)),
            Self::TakenOver { now, script } => dialogue.taken_over(*now, (**script).clone()),
            Self::Finish { now } => dialogue.finish(*now),
            Self::HangUp {
                now,
                message,
                reason,
            } => dialogue.hang_up(*now, message.as_deref(), reason.0),
            Self::Hold { now, held } => dialogue.hold(*now, *held),
            Self::Judged {
                now,
                attempt,
                completeness,
            } => dialogue.judged(*now, *attempt, completeness.map(f32::from_bits)),
            Self::Playback { at, playback } => dialogue.playback(*at, *playback),
            Self::Pressed { now, at, key } => {
                if let Some(digit) = Digit::from_char(*key) {
                    dialogue.pressed(*now, *at, digit);
                }
            }
            Self::ProviderSays { now, attempt, over } => {
                dialogue.provider_says(*now, *attempt, *over);
            }
            Self::Recognised {
                now,
                attempt,
                words,
            } => {
                let failed = |reason: &String| RecogniseError::Failed {
                    reason: reason.clone(),
                };
                dialogue.recognised(*now, *attempt, words.as_ref().map_err(failed).cloned());
            }
            Self::ReplyEnded {
                now,
                reply,
                failure,
            } => {
                let failed = failure.clone().map(ReplyError::Failed);
                dialogue.reply_ended(*now, *reply, failed.map_or(Ok(()), Err));
            }
            Self::ReplyPart { now, reply, part } => {
                dialogue.reply_part(*now, *reply, part.clone());
            }
            Self::Synthesised {
                now,
                segment,
                duration,
            } => dialogue.synthesised(*now, *segment, *duration),
            Self::SynthesisFailed {
                now,
                segment,
                spoken,
                reason,
            } => dialogue.synthesis_failed(*now, *segment, *spoken, reason),
            Self::SynthesisStarted { at, segment } => dialogue.synthesis_started(*at, *segment),
            Self::Timeout { now } => dialogue.timeout(*now),
            Self::ToolAnswered {
                now,
                id,
                answer,
                is_spoken,
            } => dialogue.tool_answered(*now, *id, answer, *is_spoken),
            Self::ToolPassesOn {
                now,
                id,
                agent,
                answer,
            } => dialogue.tool_passes_on(*now, *id, *agent, answer),
            Self::WordTimes { segment, words } => dialogue.word_times(*segment, words),
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Why the node ended a call, one of a few reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(&'static str);

/// The reasons that there are.
pub(crate) struct Reasons;

impl Reasons {
    pub(crate) const API: &str = "the API ended the call";
    pub(crate) const SHUTDOWN: &str = "the node is shutting down";
    const ALL: [&str; 2] = [Self::API, Self::SHUTDOWN];
}

impl Reason {
    /// A reason, one of those that there are.
    pub(super) const fn new(reason: &'static str) -> Self {
        Self(reason)
    }

    /// Its words.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let words = String::deserialize(from)?;
        let known = Reasons::ALL.into_iter().find(|reason| *reason == words);
        let unknown = || de::Error::unknown_variant(&words, &Reasons::ALL);
        known.map(Self).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_no_node_has_is_refused() {
        let json = serde_json::to_string(&Reason::new(Reasons::API)).unwrap();
        let read: Reason = serde_json::from_str(&json).unwrap();
        assert_eq!(read.as_str(), Reasons::API);
        assert!(serde_json::from_str::<Reason>("\"a whim\"").is_err());
    }

    #[test]
    fn an_input_comes_back_as_it_was() {
        let inputs = vec![
            Input::Recognised {
                now: Moment::from_millis(5),
                attempt: Attempt(3),
                words: Err("the recogniser stopped".to_owned()),
            },
            Input::ProviderSays {
                now: Moment::from_millis(5),
                attempt: Attempt(3),
                over: true,
            },
            Input::Judged {
                now: Moment::from_millis(6),
                attempt: Attempt(3),
                completeness: Some(0.1_f32.to_bits()),
            },
            Input::ReplyPart {
                now: Moment::from_millis(7),
                reply: ReplyId(1),
                part: ReplyPart::Text("Hello.".to_owned()),
            },
        ];
        let json = serde_json::to_string(&inputs).unwrap();
        let read: Vec<Input> = serde_json::from_str(&json).unwrap();
        assert_eq!(format!("{read:?}"), format!("{inputs:?}"));
    }
}
