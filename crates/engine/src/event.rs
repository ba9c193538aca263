//! What a call tells the world while it lives, and what is left when it ends.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::routing::{Destination, Forwarded, RuleAction, RuleFamily};
use crate::tools::ToolOutcome;

/// Identifies one phone or browser call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub Uuid);

impl CallId {
    /// A new id, ordered by time of creation (UUID version 7).
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The caller reached the node.
    Inbound,
    /// The node placed the call.
    Outbound,
}

impl Direction {
    /// The word used in the API and in webhooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// Where a call is in its life. All but the first three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    /// Admitted; nothing heard from the other side yet.
    Initiated,
    /// The far end is being alerted.
    Ringing,
    /// Answered and talking.
    InProgress,
    /// Was answered and ended properly, by either side.
    Completed,
    /// Was answered, and passed on to somebody else.
    Forwarded,
    /// The called party is busy (SIP 486, 600).
    Busy,
    /// The called party or its network refused (other final SIP errors).
    Rejected,
    /// Rang until `ring_timeout`.
    NoAnswer,
    /// No route to the far end, or the number does not exist (SIP 404, 480, 410, no reply).
    Unreachable,
    /// The far end stopped answering signalling.
    TimedOut,
    /// Ended by us before it was answered.
    Cancelled,
    /// Broke on our side, or its media never worked.
    Failed,
}

impl CallStatus {
    /// The word used in the API and in webhooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Forwarded => "forwarded",
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::NoAnswer => "no-answer",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Whether the call is over.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Initiated | Self::Ringing | Self::InProgress)
    }
}

/// Whose turn a line of the transcript is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The agent; `text` is what was really played.
    Agent,
    /// The human at the other end; `text` is what the recogniser understood.
    Caller,
}

/// One party's turn, with its place in the recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptTurn {
    /// Who spoke.
    pub speaker: Speaker,
    /// The words.
    pub text: String,
    /// Start of the speech, from the start of the recording.
    pub start_ms: u64,
    /// End of the speech, from the start of the recording.
    pub end_ms: u64,
    /// The agent was cut short by the caller.
    #[serde(default)]
    pub interrupted: bool,
}

/// How long the caller waited for one answer, itemised.
///
/// `voiced_to_audible` is what the caller feels; `decision_to_first_audio` is what the node
/// adds once it knows that the caller's turn is over. They are never mixed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnLatency {
    /// Index of the answer among the call's transcript turns, from 0.
    pub turn: usize,
    /// Last voiced sample of the caller to first audible sample of the agent on the wire.
    pub voiced_to_audible_ms: u64,
    /// Decision that the turn is over to first audible sample of the agent on the wire.
    pub decision_to_first_audio_ms: u64,
    /// Last voiced sample to the decision.
    pub endpointing_ms: u64,
    /// Time the recogniser took for the turn's last decode.
    pub recognition_ms: u64,
    /// Part of the recognition that fell after the decision.
    pub recognition_after_decision_ms: u64,
    /// Request to the language model until its first words; `None` if it had none. When a filler
    /// bridged the wait for them, they came after all that is told here.
    pub model_first_token_ms: Option<u64>,
    /// First sentence handed to the synthesiser until its first audio.
    pub synthesis_first_audio_ms: u64,
    /// What `voiced_to_audible_ms` is made of, one thing after the other. What was done ahead
    /// took no time.
    #[serde(default)]
    pub items: Vec<LatencyItem>,
    /// What the items do not explain.
    #[serde(default)]
    pub unattributed_ms: f64,
    /// What the decision that the turn was over rests on; `None` for keys.
    #[serde(default)]
    pub evidence: Option<TurnEvidence>,
    /// What was begun ahead of the decision.
    #[serde(default)]
    pub speculation: SpeculationTally,
}

/// A part of a wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyItem {
    /// What the time went into.
    pub name: String,
    /// When it began, from the start of the recording.
    pub start_ms: f64,
    /// How long it took.
    pub duration_ms: f64,
}

/// A decision on what was heard of the caller, whether or not anything was said after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnDecision {
    /// What it was taken for.
    pub verdict: Verdict,
    /// When the decision fell, from the start of the recording.
    pub at_ms: u64,
    /// The first sound, from the start of the recording.
    pub start_ms: u64,
    /// The last sound, from the start of the recording.
    pub end_ms: u64,
    /// What the decision rests on.
    pub evidence: TurnEvidence,
}

/// What a sound of the caller was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A turn that is over.
    TurnEnded,
    /// No turn: noise without words, or mere agreement. A turn whose words were not known when it
    /// was taken to be over may be dismissed when they are, which is a decision of its own.
    Dismissed,
}

/// An answer that was begun before the caller's turn was surely over, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeculationTry {
    /// When it was begun, from the start of the recording.
    pub began_ms: u64,
    /// Whether any of it was heard; otherwise it was wasted.
    pub used: bool,
    /// By how much earlier it was ready; nothing for one that was wasted.
    pub saved_ms: u64,
    /// Words that it had brought when it was first heard or thrown away, as an estimate of their
    /// tokens.
    pub tokens: u64,
}

/// What a decision on the end of a turn rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnEvidence {
    /// What the words said: `answer`, `question`, `finished`, `whole_number`, `trailing`, `lacking`,
    /// `fragment`, `open_number`, `dangling`, `wordless`; `None` if they were not known.
    pub words: Option<String>,
    /// How likely the turn was over by its sound, 0 to 1.
    pub sound: Option<f32>,
    /// How long this caller's pauses within turns were.
    pub own_pauses_ms: Option<u64>,
    /// What a speech provider said.
    pub provider: Option<bool>,
    /// All of it weighed together, 0 to 1.
    pub completeness: f32,
}

impl From<turn::Evidence> for TurnEvidence {
    fn from(evidence: turn::Evidence) -> Self {
        Self {
            words: evidence.words.map(|words| words.as_str().to_owned()),
            sound: evidence.sound,
            own_pauses_ms: evidence.own_pauses.map(|own| own.as_millis() as u64),
            provider: evidence.provider,
            completeness: evidence.completeness(),
        }
    }
}

/// Answers that were begun before the caller's turn was surely over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeculationTally {
    /// Begun.
    pub tries: u32,
    /// Spoken.
    pub used: u32,
    /// Thrown away, because the caller went on. Those that were released and stopped before
    /// anything of them was audible are counted with the next answer.
    pub wasted: u32,
    /// By how much earlier the answer was ready.
    pub saved_ms: u64,
    /// Words that the answer spoken had brought when it became audible, as an estimate of their
    /// tokens.
    #[serde(default)]
    pub used_tokens: u64,
    /// Words that the answers thrown away had brought, as an estimate of their tokens.
    pub wasted_tokens: u64,
}

/// Everything that remains of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallReport {
    /// Final status.
    pub status: CallStatus,
    /// SIP status code that ended or refused the call, if one did.
    pub sip_code: Option<u16>,
    /// One plain sentence: why the call ended.
    pub reason: String,
    /// When the call was answered.
    pub answered_at: Option<Timestamp>,
    /// From answer to end; zero when never answered.
    #[serde(with = "duration_millis")]
    pub duration: Duration,
    /// The stereo recording (caller left, agent right), when one was made.
    pub recording: Option<PathBuf>,
    /// All turns in order.
    pub transcript: Vec<TranscriptTurn>,
    /// One entry for each answer of the agent to the caller.
    pub latencies: Vec<TurnLatency>,
    /// The decisions on what was heard of the caller, in order; of a very long call the first.
    #[serde(default)]
    pub decisions: Vec<TurnDecision>,
    /// The answers that were begun ahead, in the order in which it was known what became of them;
    /// of a very long call the first.
    #[serde(default)]
    pub tries: Vec<SpeculationTry>,
    /// What was counted of the call's media; none of a call that was never answered.
    #[serde(default)]
    pub line: Option<LineQuality>,
}

/// How the caller's voice arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineQuality {
    /// Packets of audio that arrived.
    pub packets_received: u64,
    /// Packets that were missing when their turn came.
    pub packets_lost: u64,
    /// Those of them that were recovered from later ones.
    pub packets_recovered: u64,
    /// Mean level of the caller's speech, in decibels of full scale; `None` if none was heard.
    pub caller_level_dbfs: Option<f64>,
}

/// One step in a call's life, in order, with the wall-clock time it happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallEvent {
    /// The call.
    pub call: CallId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: CallEventKind,
}

/// What happened in a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CallEventKind {
    /// The call was admitted.
    Started {
        /// Who called whom.
        direction: Direction,
        /// The agent that takes the call.
        agent: Uuid,
        /// The conversation that the API and webhooks name.
        conversation: Uuid,
        /// The other party's number, or SIP user for inbound calls.
        number: String,
    },
    /// The far end is being alerted.
    Ringing,
    /// The call was answered.
    Answered,
    /// A turn of either party is complete.
    Turn(TranscriptTurn),
    /// The agent's answer became audible.
    Latency(Box<TurnLatency>),
    /// It was decided what was heard of the caller.
    Decision(Box<TurnDecision>),
    /// It is known what became of an answer that was begun ahead.
    Tried(SpeculationTry),
    /// The agent had a tool used, or ends the call by one.
    ToolCalled {
        /// The tool.
        name: String,
        /// A JSON object.
        arguments: String,
        /// Which use of a tool in this call it is, from 0; none where the tool ends the call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u32>,
        /// How sure the model was that it is meant, in thousandths, where it could say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confidence: Option<u16>,
    },
    /// A tool has answered.
    ToolAnswered {
        /// The tool.
        name: String,
        /// Which use of a tool it was.
        number: u32,
        /// What came of it.
        outcome: ToolOutcome,
        /// What it answered, cut to a bounded length.
        answer: String,
        /// Whether that is spoken as it is.
        spoken: bool,
        /// How long it took.
        took_ms: u64,
    },
    /// A sentence of the agent could not be spoken, or not to its end; the agent went on without
    /// it.
    Unspoken {
        /// Why.
        reason: String,
    },
    /// The agent may say nothing from here on, or may speak again.
    Muted {
        /// Whether it may say nothing.
        muted: bool,
    },
    /// A rule of the agent applies.
    RuleFired {
        /// The rule.
        rule: Uuid,
        /// What kind of rule it is.
        family: RuleFamily,
        /// What it is called.
        name: String,
        /// What it does.
        action: RuleAction,
    },
    /// The call is to be passed on, after an announcement.
    Forwarding {
        /// Where to.
        to: Destination,
    },
    /// The call was passed on, or could not be.
    Forwarded(Forwarded),
    /// The call is over; nothing follows.
    Ended(CallReport),
}

mod duration_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(value.as_millis() as u64)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let millis = u64::deserialize(from)?;
        Ok(Duration::from_millis(millis))
    }
}
