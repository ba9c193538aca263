//! Evaluations as clients see them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::EvaluationRecord;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::exchange::words;

words! {
    /// By what an evaluation was made.
    pub(super) enum EvaluationSource {
        /// By a language model.
        Model = "model",
        /// By counting words.
        Offline = "offline",
    }
}

words! {
    /// How a caller felt.
    pub(super) enum SentimentWord {
        /// Well.
        Positive = "positive",
        /// Neither well nor badly.
        Neutral = "neutral",
        /// Badly.
        Negative = "negative",
    }
}

/// One judgement.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({
    "value": "positive", "confidence": 80, "reason": "The caller thanked twice.",
}))]
pub(super) struct EvaluationBlock {
    /// What is judged; null when it cannot be told, or is not judged.
    #[schema(value_type = Value)]
    value: Value,
    /// How sure that is, in per cent.
    #[schema(minimum = 0, maximum = 100)]
    confidence: u8,
    /// Why.
    reason: String,
}

/// What a session came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionEvaluation, example = json!({
    "uuid": "0198c5a2-7a10-7d3e-8f5b-1c0d2e4f6a8b",
    "session_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "conversation_uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "contact_uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
    "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "source": "model",
    "source_reason": null,
    "sentiment": { "value": "positive", "confidence": 80, "reason": "The caller thanked twice." },
    "emotion": { "value": "relief", "confidence": 60, "reason": "\"That is a load off my mind.\"" },
    "sentiment_strength": { "value": "medium", "confidence": 60, "reason": "Polite praise." },
    "intent": { "value": "delivery date", "confidence": 95, "reason": "Asked where the parcel is." },
    "intent_labels": { "value": ["delivery"], "confidence": 95, "reason": "The parcel." },
    "knowledge_gap": { "value": false, "confidence": 90, "reason": "All was answered." },
    "human_escalation": { "value": false, "confidence": 95, "reason": "Nobody asked for a person." },
    "contextual_sentiment": { "value": "improving", "confidence": 70, "reason": "Worried at first." },
    "satisfaction": { "value": 5, "confidence": 70, "reason": "The caller thanked twice." },
    "success": { "value": true, "confidence": 90, "reason": "The date was told." },
    "voice": {
        "talk_ratio": { "agent_ms": 9100, "caller_ms": 6200, "agent_share": 0.595 },
        "interruptions": { "by_caller": 1, "by_agent": 0 },
        "silences": { "count": 0, "total_ms": 0, "longest_ms": 0 },
        "response_latency": { "answers": 3, "p50_ms": 690, "p95_ms": 820 },
        "packet_loss": {
            "packets_received": 2090, "packets_lost": 4, "packets_recovered": 1,
            "lost_share": 0.0019,
        },
        "level": { "caller_dbfs": -24.3 },
    },
    "created_at": "2026-03-29T10:00:47Z",
    "updated_at": "2026-03-29T10:00:47Z",
}))]
pub(super) struct Evaluation {
    /// Identifies the evaluation.
    uuid: Uuid,
    /// The session that was evaluated.
    session_uuid: Uuid,
    /// Its conversation.
    conversation_uuid: Uuid,
    /// The other party, if the number stands for somebody.
    #[schema(required)]
    contact_uuid: Option<Uuid>,
    /// The agent.
    agent_uuid: Uuid,
    /// By what it was made.
    #[schema(value_type = EvaluationSource)]
    source: String,
    /// Why it was not made by the agent's language model, if it has one.
    #[schema(required)]
    source_reason: Option<String>,
    /// How the caller felt: `positive`, `neutral` or `negative`.
    sentiment: EvaluationBlock,
    /// The caller's main emotion, in one or two words.
    emotion: EvaluationBlock,
    /// How strongly the caller felt: `low`, `medium` or `high`.
    sentiment_strength: EvaluationBlock,
    /// What the caller wanted, in a short phrase.
    intent: EvaluationBlock,
    /// The same as a list of labels.
    intent_labels: EvaluationBlock,
    /// Whether the agent lacked an answer.
    knowledge_gap: EvaluationBlock,
    /// Whether a person is to take over.
    human_escalation: EvaluationBlock,
    /// How the caller's feeling changed: `improving`, `steady` or `worsening`.
    contextual_sentiment: EvaluationBlock,
    /// How content the caller was, 1 to 5.
    satisfaction: EvaluationBlock,
    /// Whether the conversation reached its aim.
    success: EvaluationBlock,
    /// What the sound of the call measured.
    voice: VoiceEvaluation,
    /// When it was made.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
}

/// What the sound of a call measured; null for what is switched off or was not measured.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
struct VoiceEvaluation {
    /// Who spoke how much.
    #[schema(required)]
    talk_ratio: Option<TalkRatio>,
    /// Who cut whom short.
    #[schema(required)]
    interruptions: Option<Interruptions>,
    /// Pauses of two seconds and more between turns.
    #[schema(required)]
    silences: Option<Silences>,
    /// How long the caller waited for answers.
    #[schema(required)]
    response_latency: Option<ResponseLatency>,
    /// Packets of the caller's voice that did not arrive.
    #[schema(required)]
    packet_loss: Option<PacketLoss>,
    /// How loud the caller's speech arrived.
    #[schema(required)]
    level: Option<SpeechLevel>,
}

/// Who spoke how much.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct TalkRatio {
    /// Milliseconds of the agent's turns.
    agent_ms: u64,
    /// Milliseconds of the caller's turns.
    caller_ms: u64,
    /// The agent's share, 0 to 1; null if nobody spoke.
    #[schema(required)]
    agent_share: Option<f64>,
}

/// Who cut whom short.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Interruptions {
    /// Turns of the agent that the caller cut short.
    by_caller: u64,
    /// Turns of the caller during which the agent began to speak.
    by_agent: u64,
}

/// Pauses of two seconds and more between turns.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Silences {
    /// How many.
    count: u64,
    /// How long together.
    total_ms: u64,
    /// How long the longest is.
    longest_ms: u64,
}

/// From the caller's last sound to the agent's first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct ResponseLatency {
    /// Answers that were measured.
    answers: u64,
    /// Half of them took no longer.
    #[schema(required)]
    p50_ms: Option<u64>,
    /// 95 of 100 took no longer.
    #[schema(required)]
    p95_ms: Option<u64>,
}

/// Packets of the caller's voice.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct PacketLoss {
    /// That arrived.
    packets_received: u64,
    /// That were missing when their turn came.
    packets_lost: u64,
    /// Of these, that were recovered from later ones.
    packets_recovered: u64,
    /// Share of those that were missing, 0 to 1; null if none was expected.
    #[schema(required)]
    lost_share: Option<f64>,
}

/// How loud the caller's speech arrived.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct SpeechLevel {
    /// Mean level in decibels of full scale.
    caller_dbfs: f64,
}

pub(super) fn evaluation(record: EvaluationRecord) -> Evaluation {
    let block = |name: &str| -> EvaluationBlock {
        let block = record.blocks.get(name).cloned();
        block
            .and_then(|block| serde_json::from_value(block).ok())
            .unwrap_or_default()
    };
    Evaluation {
        uuid: record.id,
        session_uuid: record.session,
        conversation_uuid: record.conversation,
        contact_uuid: record.contact,
        agent_uuid: record.agent,
        source_reason: record.source_reason,
        sentiment: block("sentiment"),
        emotion: block("emotion"),
        sentiment_strength: block("sentiment_strength"),
        intent: block("intent"),
        intent_labels: block("intent_labels"),
        knowledge_gap: block("knowledge_gap"),
        human_escalation: block("human_escalation"),
        contextual_sentiment: block("contextual_sentiment"),
        satisfaction: block("satisfaction"),
        success: block("success"),
        voice: serde_json::from_value(record.voice).unwrap_or_default(),
        source: record.source,
        created_at: record.created_at,
        updated_at: record.updated_at,
    }
}
