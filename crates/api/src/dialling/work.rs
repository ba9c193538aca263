//! What tasks of each type do.

use agent::CallPrompt;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Store, TaskRecord};
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock;
use crate::error::ApiError;
use crate::exchange::words;
use crate::state::ApiState;
use crate::whatsapp;

/// The outcome of an attempt of which nobody can say whether it reached the contact.
pub(super) const UNKNOWN: &str = "unknown";

words! {
    /// What a task does.
    pub(crate) enum Kind {
        /// The agent calls the contact.
        MakeCall = "make_call",
        /// The agent sends the contact a message.
        SendMessage = "send_message",
        /// Somebody writes to the contact.
        SendEmail = "send_email",
        /// Somebody comes back to the contact.
        FollowUp = "follow_up",
        /// Somebody sees to an appointment.
        Appointment = "appointment",
        /// Somebody asks the contact questions.
        Survey = "survey",
        /// Somebody is told something.
        Notification = "notification",
        /// The node posts to an address.
        Webhook = "webhook",
        /// Anything else.
        Custom = "custom",
    }
}

impl Kind {
    pub(super) fn read(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether the node itself reaches the contact, so that rules hold.
    pub(super) const fn reaches_contact(self) -> bool {
        matches!(self, Self::MakeCall | Self::SendMessage)
    }
}

words! {
    /// What a message is.
    pub(crate) enum MessageType {
        /// An approved template, sent by WhatsApp.
        WhatsappTemplate = "whatsapp_template",
    }
}

/// What a task's type needs. Each type has its own fields, and takes no others.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(crate) struct TaskData {
    /// `make_call`: what the agent should know of the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4000)]
    pub(crate) about: Option<String>,
    /// `make_call`: what the agent is told for this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt: Option<CallPromptData>,
    /// `make_call`: the agent's first words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub(crate) first_message: Option<String>,
    /// `send_message`: what is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message_type: Option<MessageType>,
    /// `send_message`: the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template_uuid: Option<Uuid>,
    /// `send_message`: what stands in the template's places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameters: Option<Map<String, Value>>,
    /// `webhook`: where to post.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048)]
    pub(crate) url: Option<String>,
    /// `webhook`: what is posted under `payload`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<Map<String, Value>>,
}

/// What the agent is told for one call of a task.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct CallPromptData {
    /// The prompt.
    #[schema(max_length = 20000)]
    pub(crate) content: String,
    /// Whether it replaces the agent's own prompt instead of being added to it.
    #[serde(default)]
    pub(crate) overwrite: bool,
}

impl CallPromptData {
    pub(super) fn into_prompt(self) -> Option<CallPrompt> {
        (!self.content.trim().is_empty()).then_some(CallPrompt {
            content: self.content,
            overwrite: self.overwrite,
        })
    }
}

impl TaskData {
    /// An error about a field that tasks of another type have.
    pub(crate) fn check_fields(&self, kind: Kind) -> Result<(), ApiError> {
        let given = [
            ("about", Kind::MakeCall, self.about.is_some()),
            ("prompt", Kind::MakeCall, self.prompt.is_some()),
            (
                "first_message",
                Kind::MakeCall,
                self.first_message.is_some(),
            ),
            (
                "message_type",
                Kind::SendMessage,
                self.message_type.is_some(),
            ),
            (
                "template_uuid",
                Kind::SendMessage,
                self.template_uuid.is_some(),
            ),
            ("parameters", Kind::SendMessage, self.parameters.is_some()),
            ("url", Kind::Webhook, self.url.is_some()),
            ("payload", Kind::Webhook, self.payload.is_some()),
        ];
        let mut strange = given
            .into_iter()
            .filter(|(_, of, is_given)| *is_given && *of != kind);
        let Some((field, of, _)) = strange.next() else {
            return Ok(());
        };
        let expected = format!(
            "to be left out: only tasks of type `{}` read it; `metadata` keeps anything",
            of.as_str()
        );
        Err(ApiError::invalid(format!("task_data.{field}"), expected))
    }

    /// As it is stored; what can not be read any more counts as left out.
    pub(crate) fn read(stored: &Value) -> Self {
        serde_json::from_value(stored.clone()).unwrap_or_default()
    }
}

/// An attempt that did not do what it was made for, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undone {
    /// It was not done.
    Surely(String),
    /// It may have been done: nobody can say.
    Perhaps(String),
}

impl From<String> for Undone {
    fn from(reason: String) -> Self {
        Self::Surely(reason)
    }
}

/// Makes an attempt that is no call, and notes how it went. Gives the attempt's id back.
pub(super) async fn carry_out(
    state: ApiState,
    store: Store,
    task: TaskRecord,
    kind: Kind,
    attempt: Uuid,
) -> Uuid {
    let done = if kind == Kind::Webhook {
        post(&state, &task, attempt).await.map_err(Undone::from)
    } else {
        whatsapp::send_for_task(&state, &store, &task, attempt).await
    };
    let (outcome, reason) = match done {
        Ok(()) => ("completed", String::new()),
        Err(Undone::Surely(reason)) => ("failed", reason),
        Err(Undone::Perhaps(reason)) => (UNKNOWN, reason),
    };
    let ended = store
        .end_attempt(attempt, outcome, &reason, clock::now())
        .await;
    if let Err(error) = ended {
        tracing::error!(%attempt, %error, "the outcome of an attempt could not be written");
    }
    state.dialling.notify_one();
    attempt
}

/// Posts what a task of type `webhook` says. The same attempt is posted once.
async fn post(state: &ApiState, task: &TaskRecord, attempt: Uuid) -> Result<(), String> {
    let data = TaskData::read(&task.task_data);
    let url = data.url.ok_or("its task_data has no url")?;
    let url = Url::parse(&url).map_err(|error| error.to_string())?;
    let body = json!({
        "event": "task",
        "timestamp": clock::now(),
        "data": {
            "task_uuid": task.id,
            "attempt_uuid": attempt,
            "title": task.title,
            "contact_uuid": task.contact,
            "metadata": task.metadata,
            "payload": data.payload,
        },
    });
    let request = state
        .client
        .post(url)
        .map_err(|refused| refused.to_string())?;
    let request = request
        .header(CONTENT_TYPE, "application/json")
        .header("idempotency-key", attempt.to_string())
        .body(body.to_string());
    match request.send().await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(format!(
            "the address answered {}",
            response.status().as_u16()
        )),
        Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
        Err(error) => Err(match outbound::refusal(&error) {
            Some(refused) => refused.to_string(),
            None => outbound::reason(error),
        }),
    }
}
