//! The ten things that a conversation is judged by.

/// Something that the words of a conversation are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Analyser {
    /// Whether the caller felt well.
    Sentiment,
    /// What the caller felt.
    Emotion,
    /// How strongly.
    SentimentStrength,
    /// What the caller wanted.
    Intent,
    /// The same in single words.
    IntentLabels,
    /// Whether the agent lacked an answer.
    KnowledgeGap,
    /// Whether a person is to take over.
    HumanEscalation,
    /// How the caller's feeling changed.
    ContextualSentiment,
    /// How content the caller was.
    Satisfaction,
    /// Whether the conversation reached its aim.
    Success,
}

impl Analyser {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Sentiment,
        Self::Emotion,
        Self::SentimentStrength,
        Self::Intent,
        Self::IntentLabels,
        Self::KnowledgeGap,
        Self::HumanEscalation,
        Self::ContextualSentiment,
        Self::Satisfaction,
        Self::Success,
    ];

    /// Its name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sentiment => "sentiment_analyzer",
            Self::Emotion => "emotion_detection",
            Self::SentimentStrength => "intensity_strength_levels",
            Self::Intent => "intent_action_sentiment",
            Self::IntentLabels => "intent_labels",
            Self::KnowledgeGap => "knowledge_gap",
            Self::HumanEscalation => "human_escalation_detection",
            Self::ContextualSentiment => "contextual_sentiment",
            Self::Satisfaction => "customer_satisfaction_score",
            Self::Success => "success_evaluation_prompt",
        }
    }

    /// The name of its block in an evaluation.
    #[must_use]
    pub const fn block(self) -> &'static str {
        match self {
            Self::Sentiment => "sentiment",
            Self::Emotion => "emotion",
            Self::SentimentStrength => "sentiment_strength",
            Self::Intent => "intent",
            Self::IntentLabels => "intent_labels",
            Self::KnowledgeGap => "knowledge_gap",
            Self::HumanEscalation => "human_escalation",
            Self::ContextualSentiment => "contextual_sentiment",
            Self::Satisfaction => "satisfaction",
            Self::Success => "success",
        }
    }

    /// What a language model is told that it judges, unless settings say otherwise.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Sentiment => "How the caller felt over the whole conversation.",
            Self::Emotion => "The caller's main emotion, in one or two words.",
            Self::SentimentStrength => "How strongly the caller felt.",
            Self::Intent => "What the caller wanted, in one short phrase; null if nothing.",
            Self::IntentLabels => "The same as a few short labels.",
            Self::KnowledgeGap => {
                "Whether the caller asked something that the agent could not answer."
            }
            Self::HumanEscalation => {
                "Whether a person should take over, or the caller asked for one."
            }
            Self::ContextualSentiment => "How the caller's feeling changed until the end.",
            Self::Satisfaction => {
                "How content the caller was, 1 (not at all) to 5 (very); null if it cannot be told."
            }
            Self::Success => "Whether the conversation reached its aim; null if it cannot be told.",
        }
    }
}
