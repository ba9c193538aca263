//! Settings of spoken conversations.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::FreeObject;

/// Settings of spoken conversations, `settings.voice`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct VoiceSettings {
    /// Who speaks first and what the agent says at fixed moments.
    pub interaction: Interaction,
    /// When the agent answers and when it stops for the other party.
    pub interruption: Interruption,
    /// Which voice speaks.
    pub voice_profile: VoiceProfile,
    /// How that voice speaks.
    pub voice_advanced: VoiceAdvanced,
    /// Recording, ambience and limits.
    pub call_behavior: CallBehavior,
    /// Rules of law that apply.
    pub compliance: Compliance,
    /// Rewriting of numbers and texts. Nodes take an empty object alone.
    #[schema(value_type = Object)]
    pub normalizers: FreeObject,
}

/// Who speaks first and what the agent says at fixed moments. Each message has
/// at most 2,000 characters; an empty one is not spoken, one that is not given
/// has its default. Only at the end of a call something is always said: an
/// empty `end_call_message` counts as not given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Interaction {
    /// Whether the agent waits for the other party; default false.
    pub customer_speak_first: bool,
    /// The greeting when the agent is called; empty for none, default
    /// `Hello, how can I help you?`.
    #[schema(max_length = 2000)]
    pub inbound_first_message: Option<String>,
    /// The greeting when the agent has called; empty for none, default
    /// `Hello, how can I help you?`.
    #[schema(max_length = 2000)]
    pub outbound_first_message: Option<String>,
    /// What is said to a voicemail that answers when the agent has called: once, after the beep or
    /// the end of the greeting, and then the call ends. Empty or not given, a voicemail is talked to
    /// like a person; default not given.
    #[schema(max_length = 2000)]
    pub voice_mail_message: Option<String>,
    /// What is said before the agent ends a call; default `Good Bye`, which also
    /// stands in for an empty text.
    #[schema(max_length = 2000)]
    pub end_call_message: String,
    /// What is said when the other party is silent; default
    /// `Are you still there?`.
    #[schema(max_length = 2000)]
    pub silence_message: String,
    /// How many of these prompts are said in a row at most, 0 to 100; default 2.
    /// See [`AgentDefinition::silence_prompt_interval`](super::AgentDefinition::silence_prompt_interval).
    #[schema(maximum = 100)]
    pub max_silence_prompts: u32,
    /// A short phrase that bridges the wait for a slow answer, such as `One moment.`; default
    /// none.
    #[schema(max_length = 2000)]
    pub filler_message: String,
    /// How long an answer may take before it is said, 0.2 to 10 s; default 1.5 s.
    #[schema(minimum = 0.2, maximum = 10.0)]
    pub filler_delay: f64,
}

impl Interaction {
    /// The phrase that bridges the wait for an answer and the wait before it, if there is one.
    #[must_use]
    pub fn filler(&self) -> Option<(&str, Duration)> {
        let message = self.filler_message.trim();
        (!message.is_empty()).then(|| (message, seconds(self.filler_delay)))
    }
}

impl Default for Interaction {
    fn default() -> Self {
        Self {
            customer_speak_first: false,
            inbound_first_message: None,
            outbound_first_message: None,
            voice_mail_message: None,
            end_call_message: super::GOODBYE.to_owned(),
            silence_message: "Are you still there?".to_owned(),
            max_silence_prompts: 2,
            filler_message: String::new(),
            filler_delay: 1.5,
        }
    }
}

/// When the agent answers and when it stops for the other party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Interruption {
    /// How many words it takes to interrupt; default `advance`.
    pub mode: InterruptionMode,
    /// The figures.
    pub advanced: AdvancedInterruption,
}

impl Interruption {
    /// How many recognised words it takes to interrupt the agent; 0 when
    /// speech of `min_interruption_duration` is enough.
    #[must_use]
    pub fn words_to_interrupt(&self) -> u32 {
        match self.mode {
            InterruptionMode::Balanced => self.advanced.balanced_interrupt_word_count,
            InterruptionMode::Advance if self.advanced.manual_word_count_interrupt => {
                self.advanced.min_interruption_words
            }
            InterruptionMode::Advance => 0,
        }
    }
}

/// How many words it takes to interrupt the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterruptionMode {
    /// None, or `min_interruption_words` with `manual_word_count_interrupt`.
    #[default]
    Advance,
    /// `balanced_interrupt_word_count`.
    Balanced,
}

/// Figures of turn taking. The fields hold the numbers as they are written, in
/// seconds; the methods of the same names give them as durations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct AdvancedInterruption {
    /// Whether the other party can interrupt at all; default true.
    pub allow_interruptions: bool,
    /// Whether the reply is prepared before the turn is surely over, out of
    /// earshot; default true.
    pub preemptive_generation: bool,
    /// Whether `min_interruption_words` applies; default false.
    pub manual_word_count_interrupt: bool,
    /// Whether the agent goes on where it was after an interruption without
    /// words; default true.
    pub resume_after_false_interruption: bool,
    /// The shortest pause that ends a turn, 0 to 5 s; default 0.3 s.
    #[schema(minimum = 0.0, maximum = 5.0)]
    pub min_endpointing_delay: f64,
    /// The pause that ends a turn in any case, `min_endpointing_delay` to
    /// 10 s; default 1.5 s.
    #[schema(minimum = 0.0, maximum = 10.0)]
    pub max_endpointing_delay: f64,
    /// How much speech it takes to interrupt, a third of it clearly
    /// articulated, 0 to 5 s; default 0.09 s.
    #[schema(minimum = 0.0, maximum = 5.0)]
    pub min_interruption_duration: f64,
    /// How many words it takes with `manual_word_count_interrupt`, 0 to 50;
    /// default 1.
    #[schema(maximum = 50)]
    pub min_interruption_words: u32,
    /// How many words it takes in the mode `balanced`, 0 to 50; default 2.
    #[schema(maximum = 50)]
    pub balanced_interrupt_word_count: u32,
    /// How long an interruption may stay without words before it counts as
    /// false, 0.1 to 30 s; default 2 s.
    #[schema(minimum = 0.1, maximum = 30.0)]
    pub false_interruption_timeout: f64,
}

impl AdvancedInterruption {
    /// The shortest pause that ends a turn.
    #[must_use]
    pub fn min_endpointing_delay(&self) -> Duration {
        seconds(self.min_endpointing_delay)
    }

    /// The pause that ends a turn in any case.
    #[must_use]
    pub fn max_endpointing_delay(&self) -> Duration {
        seconds(self.max_endpointing_delay)
    }

    /// How much speech it takes to interrupt the agent.
    #[must_use]
    pub fn min_interruption_duration(&self) -> Duration {
        seconds(self.min_interruption_duration)
    }

    /// How long an interruption may stay without words before it counts as
    /// false.
    #[must_use]
    pub fn false_interruption_timeout(&self) -> Duration {
        seconds(self.false_interruption_timeout)
    }
}

impl Default for AdvancedInterruption {
    fn default() -> Self {
        Self {
            allow_interruptions: true,
            preemptive_generation: true,
            manual_word_count_interrupt: false,
            resume_after_false_interruption: true,
            min_endpointing_delay: 0.3,
            max_endpointing_delay: 1.5,
            min_interruption_duration: 0.09,
            min_interruption_words: 1,
            balanced_interrupt_word_count: 2,
            false_interruption_timeout: 2.0,
        }
    }
}

/// Which voice speaks. Empty texts leave the choice to the node, which takes no voice that it has
/// not got: [`Abilities`](crate::Abilities).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct VoiceProfile {
    /// The voice's language as a BCP 47 tag.
    #[schema(max_length = 35, pattern = r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*)?$")]
    pub language: String,
    /// The voice's identifier, which is its name where it has no other.
    #[schema(max_length = 200)]
    pub voice_uuid: String,
    /// The voice's name.
    #[schema(max_length = 200)]
    pub voice_name: String,
}

/// How the voice speaks. A voice that lacks a property ignores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct VoiceAdvanced {
    /// How even the voice is, 0 to 1; default 0.9.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub stability: f64,
    /// How close to the original it is, 0 to 1; default 0.9.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub similarity: f64,
    /// How much it exaggerates, 0 to 1; default 0.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub style: f64,
    /// Speaking speed, 0.5 to 2; default 1.
    #[schema(minimum = 0.5, maximum = 2.0)]
    pub speed: f64,
    /// Whether likeness to the speaker is enhanced; default true.
    pub speaker_boost: bool,
}

impl Default for VoiceAdvanced {
    fn default() -> Self {
        Self {
            stability: 0.9,
            similarity: 0.9,
            style: 0.0,
            speed: 1.0,
            speaker_boost: true,
        }
    }
}

/// Recording, ambience and limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct CallBehavior {
    /// Whether calls are recorded; default true.
    pub audio_recording: bool,
    /// Whether an ambience is mixed under the agent; default false.
    pub background_sound: bool,
    /// Which ambience; default `office`.
    #[schema(pattern = "^(office|cafe|call_center|street)$")]
    pub background_sound_ambience: String,
    /// Its volume, 0 to 1; default 0.3.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub background_sound_volume: f64,
    /// Whether noise is removed from the other party's audio; default false.
    pub noise_cancellation: bool,
    /// How long both sides may be silent before the call ends, 5 s to 1 h;
    /// default 60 s.
    #[schema(minimum = 5, maximum = 3600)]
    pub silence_timeout_seconds: u32,
    /// How long a call lasts at most, 10 s to 4 h; default 30 min.
    #[schema(minimum = 10, maximum = 14400)]
    pub max_call_duration_seconds: u32,
    /// What is said then; `end_call_message` when not given.
    #[schema(max_length = 2000)]
    pub max_call_duration_message: Option<String>,
}

impl CallBehavior {
    /// How long both sides may be silent before the call ends.
    #[must_use]
    pub fn silence_timeout(&self) -> Duration {
        Duration::from_secs(self.silence_timeout_seconds.into())
    }

    /// How long a call lasts at most.
    #[must_use]
    pub fn max_call_duration(&self) -> Duration {
        Duration::from_secs(self.max_call_duration_seconds.into())
    }
}

impl Default for CallBehavior {
    fn default() -> Self {
        Self {
            audio_recording: true,
            background_sound: false,
            background_sound_ambience: "office".to_owned(),
            background_sound_volume: 0.3,
            noise_cancellation: false,
            silence_timeout_seconds: 60,
            max_call_duration_seconds: 1_800,
            max_call_duration_message: None,
        }
    }
}

/// Rules of law that apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Compliance {
    /// European data protection (GDPR); default false, which is all that nodes take.
    pub eu_gdpr_compliance: bool,
    /// United States health data (HIPAA): what is heard is kept sealed or not at all. A node that
    /// has no key for recordings makes none, and no call is kept for replays; default false.
    pub hipaa_compliance: bool,
}

/// Zero for what is no duration, which validation refuses.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}
