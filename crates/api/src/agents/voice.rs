//! `/agents/{agent_uuid}/voice` and its blocks: how the agent speaks and takes turns.

use std::borrow::Cow;
use std::marker::PhantomData;

use agent::{
    AgentDefinition, CallBehavior, Compliance, FreeObject, Interaction, Interruption,
    VoiceAdvanced, VoiceProfile,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::find;
use super::parts::{PartChange, change_part};
use super::schema::{permit_nulls, read, written_out};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Path, ok, refuse_arrays_for_objects};
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(interaction))
        .routes(routes!(interruption))
        .routes(routes!(voice_profile))
        .routes(routes!(voice_advanced))
        .routes(routes!(call_behavior))
        .routes(routes!(compliance))
        .routes(routes!(normalizers))
}

/// The settings of an agent's spoken conversations.
#[derive(Serialize, ToSchema)]
struct VoiceView {
    /// The agent.
    uuid: Uuid,
    /// Who speaks first and what the agent says at fixed moments.
    interaction: Interaction,
    /// When the agent answers and when it stops for the other party.
    interruption: Interruption,
    /// Which voice speaks.
    voice_profile: VoiceProfile,
    /// How that voice speaks.
    voice_advanced: VoiceAdvanced,
    /// Recording, ambience and limits.
    call_behavior: CallBehavior,
    /// Rules of law that apply.
    compliance: Compliance,
    /// Rewriting of numbers and texts; nothing does that yet.
    #[schema(value_type = Object)]
    normalizers: FreeObject,
}

/// What is to change of a block `T` of the voice settings.
#[derive(Deserialize)]
#[serde(transparent)]
struct Block<T> {
    fields: Value,
    #[serde(skip)]
    of: PhantomData<T>,
}

impl<T: ToSchema> utoipa::__dev::ComposeSchema for Block<T> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let mut schema = written_out::<T>();
        permit_nulls(&mut schema);
        schema["description"] =
            "Fields that are left out stay; null goes back to the default.".into();
        read(schema)
    }
}

impl<T: ToSchema> ToSchema for Block<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Change", T::name()).into()
    }
}

/// Voice settings of an agent
#[utoipa::path(
    get, path = "/agents/{agent_uuid}/voice", operation_id = "show_voice_settings", tag = "agents",
    security(("token" = ["agents:read"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "All voice settings.", body = Envelope<VoiceView>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
    ),
)]
async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<VoiceView>, ApiError> {
    let agent = find(&state, &caller, &agent)?;
    Ok(ok(
        "Voice settings retrieved successfully",
        view(&agent.definition),
    ))
}

/// Merges what was sent into a block of the voice settings.
async fn change(
    state: &ApiState,
    caller: &Caller,
    agent: &str,
    block: &str,
    fields: Value,
) -> Result<Envelope<VoiceView>, ApiError> {
    let agent = change_part(state, caller, agent, |definition| {
        let shown = definition.public_view();
        refuse_arrays_for_objects(&fields, &shown["settings"]["voice"][block])?;
        Ok(PartChange {
            changes: json!({ "settings": { "voice": { block: fields } } }),
            prefix: format!("settings.voice.{block}."),
        })
    });
    let agent = agent.await?;
    Ok(ok(
        "Voice settings updated successfully",
        view(&agent.definition),
    ))
}

fn view(definition: &AgentDefinition) -> VoiceView {
    let voice = definition.voice().clone();
    VoiceView {
        uuid: definition.agent_uuid,
        interaction: voice.interaction,
        interruption: voice.interruption,
        voice_profile: voice.voice_profile,
        voice_advanced: voice.voice_advanced,
        call_behavior: voice.call_behavior,
        compliance: voice.compliance,
        normalizers: voice.normalizers,
    }
}

/// An operation that changes one block.
macro_rules! block {
    (
        $(#[doc = $doc:tt])+
        $name:ident: $kind:ty, $path:tt, $operation:tt, $block:tt, $example:tt
    ) => {
        $(#[doc = $doc])+
        #[utoipa::path(
            patch, path = $path, operation_id = $operation, tag = "agents",
            security(("token" = ["agents:write"])),
            params(("agent_uuid" = Uuid, Path, description = "The agent.")),
            request_body(content = Block<$kind>, example = json!($example)),
            responses(
                (status = 200, description = "All voice settings, as they are now.",
                    body = Envelope<VoiceView>),
                (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.",
                    body = ErrorBody),
                (status = 409, description = "`agent_is_file_managed`: This comes from a file in \
                    the agents folder.", body = ErrorBody),
            ),
        )]
        async fn $name(
            State(state): State<ApiState>,
            caller: Caller,
            Path(agent): Path<String>,
            Json(body): Json<Block<$kind>>,
        ) -> Result<Envelope<VoiceView>, ApiError> {
            change(&state, &caller, &agent, $block, body.fields).await
        }
    };
}

block! {
    /// Changes greeting, goodbye and other fixed messages
    ///
    /// Fields that are left out stay; null goes back to the default.
    interaction: Interaction, "/agents/{agent_uuid}/interaction", "update_interaction",
    "interaction", { "inbound_first_message": "Good morning, how can I help?" }
}

block! {
    /// Changes when the agent answers and when it stops
    ///
    /// Fields that are left out stay; null goes back to the default.
    interruption: Interruption, "/agents/{agent_uuid}/interruption", "update_interruption",
    "interruption", { "advanced": { "min_endpointing_delay": 0.3 } }
}

block! {
    /// Changes which voice speaks
    ///
    /// A voice or a language that the node has not got is refused, and the refusal names those that
    /// it has. Fields that are left out stay; null goes back to the default.
    voice_profile: VoiceProfile, "/agents/{agent_uuid}/voice-profile", "update_voice_profile",
    "voice_profile", { "voice_name": "rms" }
}

block! {
    /// Changes how the voice speaks
    ///
    /// Fields that are left out stay; null goes back to the default.
    voice_advanced: VoiceAdvanced, "/agents/{agent_uuid}/voice-advanced", "update_voice_advanced",
    "voice_advanced", { "speed": 1.1 }
}

block! {
    /// Changes recording, ambience and limits
    ///
    /// Fields that are left out stay; null goes back to the default.
    call_behavior: CallBehavior, "/agents/{agent_uuid}/call-behavior", "update_call_behavior",
    "call_behavior", { "max_call_duration_seconds": 900 }
}

block! {
    /// Changes the rules of law that apply
    ///
    /// With `hipaa_compliance`, a node that has no key for recordings makes none of this agent's
    /// calls. `eu_gdpr_compliance` is refused, since nothing acts on it. Fields that are left out
    /// stay; null goes back to the default.
    compliance: Compliance, "/agents/{agent_uuid}/compliance", "update_compliance",
    "compliance", { "hipaa_compliance": true }
}

block! {
    /// Changes how numbers and texts are rewritten
    ///
    /// Nothing does that yet, so that no field is taken.
    normalizers: Normalizers, "/agents/{agent_uuid}/normalizers", "update_normalizers",
    "normalizers", {}
}

/// Stands for the block that has no fields yet.
struct Normalizers;

impl utoipa::PartialSchema for Normalizers {
    fn schema() -> RefOr<Schema> {
        read(json!({ "type": "object", "additionalProperties": false }))
    }
}

impl ToSchema for Normalizers {
    fn name() -> Cow<'static, str> {
        "Normalizers".into()
    }
}
