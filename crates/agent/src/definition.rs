//! The definition of an agent: one set of structs for the HTTP API, the YAML
//! files and the database.

mod booking;
mod identity;
mod intent;
mod invalid;
mod knowledge;
mod opt_out;
mod patch;
mod rule;
mod tool;
mod validation;
mod voice;
mod webhook;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

pub use booking::BookingFunction;
pub use intent::{
    Intent, IntentAction, IntentAgent, IntentParameter, IntentWebhook, ParameterKind,
};
pub use invalid::InvalidField;
pub(crate) use invalid::{readable_path, readable_type};
pub(crate) use knowledge::in_order;
pub use knowledge::{Guideline, Note, Procedure, ProcedureStep, Training};
pub use opt_out::{OPT_OUT, opt_out_function};
pub use rule::{
    Channel, Destination, DestinationType, DetectionMode, GuardAction, GuardRule, RoutingRule,
};
pub use tool::ToolDefinition;
pub use voice::{
    AdvancedInterruption, CallBehavior, Compliance, Interaction, Interruption, InterruptionMode,
    VoiceAdvanced, VoiceProfile, VoiceSettings,
};
pub use webhook::{SecretKey, Webhook, WebhookEvent};

use crate::prompt::Direction;

/// A JSON object whose keys this crate does not interpret.
pub type FreeObject = serde_json::Map<String, Value>;

/// What is spoken first when the definition names nothing else.
const GREETING: &str = "Hello, how can I help you?";

/// What is spoken at the end of a call when the definition names nothing else.
const GOODBYE: &str = "Good Bye";

/// How much faster the coarse speed `fast` speaks than `normal`.
const FAST: f64 = 1.15;

/// The shortest silence before the agent asks whether the other party is still
/// there.
const SOONEST_PROMPT: Duration = Duration::from_secs(5);

/// Everything that makes an agent: who it is, how it speaks, what it knows and
/// whom it reports to.
///
/// The field names are those of the HTTP API. Texts default to the empty
/// string, which means "not given". Unknown fields are refused by name.
///
/// Serialising writes the form that is stored, webhook secrets included; for
/// anybody outside use [`AgentDefinition::public_view`]. `Debug` shows no
/// secret.
///
/// Deserialising checks names and types alone. [`AgentDefinition::from_json`],
/// [`AgentDefinition::patched`] and [`crate::load_folder`] check the ranges
/// too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct AgentDefinition {
    /// Identifies the agent; the nil UUID means "not assigned yet". Also read
    /// under the name `uuid`.
    #[serde(
        alias = "uuid",
        deserialize_with = "identity::read_uuid",
        skip_serializing_if = "Uuid::is_nil"
    )]
    pub agent_uuid: Uuid,
    /// The user part of the SIP address that reaches the agent, the file's
    /// stem for an agent read from a file; empty when it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 63, pattern = r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$")]
    pub slug: String,
    /// What the agent calls itself. Required, at most 200 characters.
    #[schema(max_length = 200)]
    pub name: String,
    /// For people who look after the agent; not used in a call.
    #[schema(max_length = 20000)]
    pub description: String,
    /// The company the agent speaks for.
    #[schema(max_length = 200)]
    pub company_name: String,
    /// What that company does.
    #[schema(max_length = 20000)]
    pub company_service: String,
    /// The agent's part, such as `support assistant`.
    #[schema(max_length = 2000)]
    pub role: String,
    /// What its calls are about.
    #[schema(max_length = 2000)]
    pub topic: String,
    /// What the agent is to achieve in a call.
    #[schema(max_length = 20000)]
    pub objective: String,
    /// How it sounds, such as `calm and friendly`.
    #[schema(max_length = 20000)]
    pub tone: String,
    /// How it behaves.
    #[schema(max_length = 20000)]
    pub behavior_guidelines: String,
    /// How long its answers are.
    #[schema(max_length = 20000)]
    pub length_detail: String,
    /// What it says or does when the other party is interested.
    #[schema(max_length = 20000)]
    pub interest_of_product: String,
    /// What it says or does when the other party declines.
    #[schema(max_length = 20000)]
    pub negative_response: String,
    /// Free prompt text.
    #[schema(max_length = 20000)]
    pub custom_prompt: String,
    /// What it may recommend.
    #[schema(max_length = 20000)]
    pub recommendations: String,
    /// The agent's language as a BCP 47 tag, one that the node speaks; default `en`.
    #[schema(max_length = 35, pattern = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
    pub language: String,
    /// Coarse speaking speed; multiplies with `voice_advanced.speed`.
    pub speed: SpeakingSpeed,
    /// IANA time zone that the agent's local time is told in; UTC when not
    /// given.
    pub timezone: Option<String>,
    /// State of the agent as its owner sees it; default `ready`. One that is `paused` neither takes
    /// nor places calls.
    pub status: AgentStatus,
    /// Base URL of an OpenAI-compatible server that this agent's replies come
    /// from; empty for the node's own.
    pub custom_llm_url: String,
    /// Whether the agent books appointments: it is offered functions for that. The same as
    /// `enabled` of `/agents/{agent_uuid}/appointments`.
    pub appointment_scheduling_enabled: bool,
    /// Whether an appointment is made in any of several schedules that are free, instead of in the
    /// first. The same as `random_assignment` there.
    pub appointment_scheduling_randomly: bool,
    /// Settings by channel and purpose.
    pub settings: Settings,
    /// Rules that the agent follows, by `order`.
    #[schema(max_items = 500)]
    pub guidelines: Vec<Guideline>,
    /// Facts that the agent knows, by `order`.
    #[schema(max_items = 500)]
    pub notes: Vec<Note>,
    /// Things that it does step by step.
    #[schema(max_items = 500)]
    pub procedures: Vec<Procedure>,
    /// Examples of what callers say and how it answers.
    #[schema(max_items = 500)]
    pub training: Vec<Training>,
    /// What it may have done in replays, whose scenarios answer it; at most 64. Nodes offer intents
    /// instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 64)]
    pub tools: Vec<ToolDefinition>,
    /// What the other party may want, and who does it; at most 64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 64)]
    pub intents: Vec<Intent>,
    /// When a call is passed on to a department, by `priority`.
    #[schema(max_items = 100)]
    pub routing_rules: Vec<RoutingRule>,
    /// When a conversation is ended or passed on because it goes wrong; the first one that applies
    /// counts.
    #[schema(max_items = 100)]
    pub guard_rules: Vec<GuardRule>,
    /// Who is told about its conversations; at most 5.
    #[schema(max_items = 5)]
    pub webhooks: Vec<Webhook>,
}

impl AgentDefinition {
    /// Reads a definition as the API receives it: nulls stand for the default,
    /// and everything is validated. Parts get their UUIDs when the agent has
    /// one, see [`AgentDefinition::identified`].
    pub fn from_json(value: Value) -> Result<Self, InvalidField> {
        Self::default().patched(value)
    }

    /// The definition with the given changes: sections that are included
    /// replace, objects (`settings` and everything below it) merge field by
    /// field, arrays replace as a whole, null goes back to the default.
    ///
    /// A webhook that is sent back with its `webhook_uuid` but without a
    /// `secret_key` keeps its secret, since nobody outside can read it.
    ///
    /// Fails when a field is unknown, has the wrong type or is out of range,
    /// and when the patch would give the agent another UUID.
    pub fn patched(&self, changes: Value) -> Result<Self, InvalidField> {
        let mut patched = patch::apply(self, changes)?;
        patched.validate()?;
        if !self.agent_uuid.is_nil() && patched.agent_uuid != self.agent_uuid {
            return Err(InvalidField::new(
                "agent_uuid",
                "the agent's own uuid, which never changes; leave the field out",
            ));
        }
        if !patched.agent_uuid.is_nil() {
            identity::assign(&mut patched);
        }
        Ok(patched)
    }

    /// The definition with `uuid` where it had none, and with a UUID for each
    /// of its parts that had none. The parts' UUIDs follow from the agent's
    /// and from what they say, so that the same file gives the same ones.
    #[must_use]
    pub fn identified(mut self, uuid: Uuid) -> Self {
        if self.agent_uuid.is_nil() {
            self.agent_uuid = uuid;
        }
        identity::assign(&mut self);
        self
    }

    /// Checks lengths, ranges and formats; the first field that is wrong is
    /// named.
    pub fn validate(&self) -> Result<(), InvalidField> {
        validation::check(self)
    }

    /// The definition as the API shows it: all fields but the intents, which
    /// hold secrets, and `has_secret` in place of a webhook's secret.
    #[must_use]
    pub fn public_view(&self) -> Value {
        let mut view = to_json(self);
        if let Some(fields) = view.as_object_mut() {
            fields.remove("intents");
        }
        if let Some(webhooks) = view.get_mut("webhooks") {
            *webhooks = self.webhooks.iter().map(Webhook::public_view).collect();
        }
        view
    }

    /// The settings of spoken conversations.
    #[must_use]
    pub fn voice(&self) -> &VoiceSettings {
        &self.settings.voice
    }

    /// What the agent says first in a call of this direction,
    /// `Hello, how can I help you?` when the definition does not say. `None`
    /// when the agent waits for the other party: it was told to, or its
    /// greeting is empty.
    #[must_use]
    pub fn greeting(&self, direction: Direction) -> Option<&str> {
        let interaction = &self.settings.voice.interaction;
        if interaction.customer_speak_first {
            return None;
        }
        let greeting = match direction {
            Direction::Inbound => interaction.inbound_first_message.as_deref(),
            Direction::Outbound => interaction.outbound_first_message.as_deref(),
        };
        given(greeting.unwrap_or(GREETING))
    }

    /// What the agent says before it ends a call; `Good Bye` when nothing is
    /// set, or an empty text.
    #[must_use]
    pub fn goodbye(&self) -> &str {
        given(&self.settings.voice.interaction.end_call_message).unwrap_or(GOODBYE)
    }

    /// What the agent says to a machine that answers a call of its own; `None` when nothing is set, or
    /// an empty text: then it tells no machine from a person.
    #[must_use]
    pub fn voicemail_message(&self) -> Option<&str> {
        let message = self
            .settings
            .voice
            .interaction
            .voice_mail_message
            .as_deref();
        message.and_then(given)
    }

    /// What the agent says when a call has reached its longest duration; the
    /// [`goodbye`](Self::goodbye) when nothing is set.
    #[must_use]
    pub fn duration_message(&self) -> &str {
        let message = self
            .settings
            .voice
            .call_behavior
            .max_call_duration_message
            .as_deref();
        message.and_then(given).unwrap_or_else(|| self.goodbye())
    }

    /// How long both sides are silent before the agent asks once more; `None`
    /// when it never asks. The prompts share the silence that a call may last
    /// evenly, but none comes sooner than 5 s after the last sound or the last
    /// prompt: 60 s with 2 prompts gives one after 20 s and one after 40 s,
    /// with 30 prompts one every 5 s until the call ends.
    #[must_use]
    pub fn silence_prompt_interval(&self) -> Option<Duration> {
        let interaction = &self.settings.voice.interaction;
        given(&interaction.silence_message)?;
        if interaction.max_silence_prompts == 0 {
            return None;
        }
        let limit = self.settings.voice.call_behavior.silence_timeout();
        let even = limit / interaction.max_silence_prompts.saturating_add(1);
        Some(even.max(SOONEST_PROMPT))
    }

    /// Speaking speed for the synthesiser, 1.0 is the voice's own; 0.5 to 2.0.
    #[must_use]
    pub fn speaking_rate(&self) -> f32 {
        let coarse = match self.speed {
            SpeakingSpeed::Normal => 1.0,
            SpeakingSpeed::Fast => FAST,
        };
        let rate = coarse * self.settings.voice.voice_advanced.speed;
        rate.clamp(0.5, 2.0) as f32
    }

    /// Whether it neither takes nor places calls.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.status == AgentStatus::Paused
    }

    /// The active webhooks that asked for this event.
    pub fn webhooks_for(&self, event: WebhookEvent) -> impl Iterator<Item = &Webhook> {
        self.webhooks
            .iter()
            .filter(move |webhook| webhook.wants(event))
    }

    /// A moment as the agent would tell it in its own time zone, such as
    /// `Tuesday, 14 November 2023, 22:13`. UTC where the zone is unknown.
    #[must_use]
    pub fn local_time(&self, at: jiff::Timestamp) -> String {
        let named = self.timezone.as_deref().and_then(validation::time_zone);
        let zone = named.unwrap_or(jiff::tz::TimeZone::UTC);
        at.to_zoned_datetime(zone)
            .strftime("%A, %-d %B %Y, %H:%M")
            .to_string()
    }
}

impl Default for AgentDefinition {
    fn default() -> Self {
        Self {
            agent_uuid: Uuid::nil(),
            slug: String::new(),
            name: String::new(),
            description: String::new(),
            company_name: String::new(),
            company_service: String::new(),
            role: String::new(),
            topic: String::new(),
            objective: String::new(),
            tone: String::new(),
            behavior_guidelines: String::new(),
            length_detail: String::new(),
            interest_of_product: String::new(),
            negative_response: String::new(),
            custom_prompt: String::new(),
            recommendations: String::new(),
            language: "en".to_owned(),
            speed: SpeakingSpeed::default(),
            timezone: None,
            status: AgentStatus::default(),
            custom_llm_url: String::new(),
            appointment_scheduling_enabled: false,
            appointment_scheduling_randomly: false,
            settings: Settings::default(),
            guidelines: Vec::new(),
            notes: Vec::new(),
            procedures: Vec::new(),
            training: Vec::new(),
            tools: Vec::new(),
            intents: Vec::new(),
            routing_rules: Vec::new(),
            guard_rules: Vec::new(),
            webhooks: Vec::new(),
        }
    }
}

/// Settings by channel and purpose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Settings {
    /// Spoken conversations.
    pub voice: VoiceSettings,
    /// Text channels. Nodes take an empty object alone.
    #[schema(value_type = Object)]
    pub text: FreeObject,
    /// What is remembered of a contact. Nodes take an empty object alone.
    #[schema(value_type = Object)]
    pub memorize: FreeObject,
    /// Analysis after a session. Nodes take an empty object alone; the evaluation settings of an
    /// agent say how it is evaluated.
    #[schema(value_type = Object)]
    pub evaluation: FreeObject,
}

/// Coarse speaking speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeakingSpeed {
    /// The voice's own speed.
    #[default]
    Normal,
    /// 15 % faster.
    Fast,
}

/// State of an agent as its owner sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Not set up yet.
    Pending,
    /// Being worked on.
    InProgress,
    /// Its work is done.
    Completed,
    /// Put on hold: it neither takes nor places calls.
    Paused,
    /// Takes calls.
    #[default]
    Ready,
}

/// The text when it says anything.
pub(crate) fn given(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

fn to_json(definition: &AgentDefinition) -> Value {
    serde_json::to_value(definition).expect("a definition has text keys only")
}

#[cfg(test)]
mod tests;
