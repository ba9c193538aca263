//! The form that a transcription is made of.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use serde::Deserialize;
use store::{NewTranscription, Secret};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::exchange::{Form, FormTerms, Upload};
use crate::state::ApiState;
use crate::webhooks::check_url;

/// Where forms are sent to.
pub(crate) const PATH: &str = "/api/v1/transcriptions";

/// The field with the file.
const FILE: &str = "voice_file";

/// A form that was read before its operation was asked, to tell whether it is sent again.
pub(crate) type EarlierForm = Arc<Mutex<Option<Form>>>;

/// Audio to be written down: `voice_file` or `voice_url`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "documents the fields of the form")]
pub(super) struct TranscriptionForm {
    /// The audio: WAV, FLAC, MP3 or Ogg Vorbis. In a file with two channels, the customer speaks
    /// in the left one and the agent in the right one.
    #[schema(value_type = Option<String>, format = Binary)]
    voice_file: Option<Vec<u8>>,
    /// Where the node fetches the audio.
    #[schema(max_length = 2048)]
    voice_url: Option<String>,
    /// Where the node fetches the customer's side; the first file is the agent's then.
    #[schema(max_length = 2048)]
    customer_voice_url: Option<String>,
    /// The language that is spoken: English, `en`, is what the node understands.
    #[schema(max_length = 10)]
    possible_language: Option<String>,
    /// What the conversation may be about.
    #[schema(max_length = 255)]
    possible_conversation: Option<String>,
    /// What you call it.
    #[schema(max_length = 255)]
    reference_id: Option<String>,
    /// An address to keep with it; the node writes to nobody.
    #[schema(max_length = 255)]
    email: Option<String>,
    /// The customer's number; erasing a contact with it erases the transcription.
    #[schema(max_length = 255)]
    customer_phone: Option<String>,
    /// The customer's address; as `customer_phone`.
    #[schema(max_length = 255)]
    customer_email: Option<String>,
    /// Where the transcript is posted at the end.
    #[schema(max_length = 2048)]
    webhook_url: Option<String>,
    /// Sent there as `Authorization: Bearer TOKEN`.
    #[schema(max_length = 1024)]
    webhook_header_token: Option<String>,
    /// The agent by whose language model and settings the transcript is evaluated; those of the node
    /// and the workspace, if left out.
    qa_agent_uuid: Option<Uuid>,
    /// An agent that is kept with it and shown again; it does nothing.
    coaching_agent_uuid: Option<Uuid>,
}

/// The form of a request, read now or before.
pub(super) struct Sent(pub(super) Form);

impl FromRequest<ApiState> for Sent {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let earlier = parts.extensions.get::<EarlierForm>();
        let earlier = earlier.and_then(|form| {
            let mut form = form.lock().unwrap_or_else(PoisonError::into_inner);
            form.take()
        });
        match earlier {
            Some(form) => Ok(Self(form)),
            None => read_form(state, &parts.headers, body).await.map(Self),
        }
    }
}

/// Reads the form of a request; its file goes to the disk.
pub(crate) async fn read_form(
    state: &ApiState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Form, ApiError> {
    let settings = &state.config.transcriptions;
    let terms = FormTerms {
        folder: state.audio.path(),
        files: &[FILE],
        largest: settings.max_file,
        idle: state.config.body_timeout,
        whole: settings.upload_timeout,
    };
    Form::read(headers, body, terms).await
}

/// What a form says, with its file if it has one.
pub(super) fn read(
    state: &ApiState,
    mut form: Form,
) -> Result<(NewTranscription, Option<Upload>), ApiError> {
    let file = form.take_file(FILE);
    let voice_url = address(state, &mut form, "voice_url")?;
    match (&file, &voice_url) {
        (None, None) => return Err(ApiError::missing(FILE)),
        (Some(_), Some(_)) => {
            let expected = "to be left out where `voice_file` is given";
            return Err(ApiError::invalid("voice_url", expected));
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let customer_phone = text(&mut form, "customer_phone", 255)?;
    let customer_phone = customer_phone
        .map(|number| state.numbers.read("customer_phone", &number))
        .transpose()?;
    let new = NewTranscription {
        id: Uuid::now_v7(),
        reference: text(&mut form, "reference_id", 255)?,
        storage: file.is_some().then(|| state.audio.id().to_owned()),
        voice_url,
        customer_voice_url: address(state, &mut form, "customer_voice_url")?,
        possible_language: language(&mut form)?,
        possible_conversation: text(&mut form, "possible_conversation", 255)?,
        email: email(&mut form, "email")?,
        customer_phone,
        customer_email: email(&mut form, "customer_email")?,
        webhook_url: address(state, &mut form, "webhook_url")?,
        webhook_token: token(&mut form)?,
        qa_agent: agent(&mut form, "qa_agent_uuid")?,
        coaching_agent: agent(&mut form, "coaching_agent_uuid")?,
    };
    if let Some(name) = form.left_over() {
        const KNOWN: &str = "`voice_file`, `voice_url`, `customer_voice_url`, \
             `possible_language`, `possible_conversation`, `reference_id`, `email`, \
             `customer_phone`, `customer_email`, `webhook_url`, `webhook_header_token`, \
             `qa_agent_uuid`, `coaching_agent_uuid`";
        return Err(ApiError::unknown_field(name, KNOWN));
    }
    Ok((new, file))
}

fn text(form: &mut Form, name: &str, most: usize) -> Result<Option<String>, ApiError> {
    let text = form.take(name);
    if text
        .as_ref()
        .is_some_and(|text| text.chars().count() > most)
    {
        return Err(ApiError::invalid(
            name,
            format!("at most {most} characters"),
        ));
    }
    Ok(text)
}

fn address(state: &ApiState, form: &mut Form, name: &str) -> Result<Option<String>, ApiError> {
    let Some(url) = form.take(name) else {
        return Ok(None);
    };
    check_url(&state.config.webhooks, &url, name)?;
    Ok(Some(url))
}

/// The recogniser knows English alone; another language would come out as English words.
fn language(form: &mut Form) -> Result<Option<String>, ApiError> {
    let Some(language) = text(form, "possible_language", 10)? else {
        return Ok(None);
    };
    let first = language.split(['-', '_']).next().unwrap_or_default();
    if first.eq_ignore_ascii_case("en") {
        return Ok(Some(language));
    }
    let expected = "English, `en`: the node understands no other language";
    Err(ApiError::invalid("possible_language", expected))
}

fn email(form: &mut Form, name: &str) -> Result<Option<String>, ApiError> {
    let address = text(form, name, 255)?;
    let is_one = |text: &String| {
        let parts = text.split_once('@');
        let is_whole = parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        is_whole && !text.contains(char::is_whitespace)
    };
    if address.as_ref().is_some_and(|address| !is_one(address)) {
        let expected = "an e-mail address such as `ann@example.com`";
        return Err(ApiError::invalid(name, expected));
    }
    Ok(address)
}

fn token(form: &mut Form) -> Result<Option<Secret>, ApiError> {
    const NAME: &str = "webhook_header_token";
    let token = text(form, NAME, 1024)?;
    let is_token = |text: &String| text.bytes().all(|byte| byte.is_ascii_graphic());
    if token.as_ref().is_some_and(|token| !is_token(token)) {
        let expected = "visible ASCII characters without spaces";
        return Err(ApiError::invalid(NAME, expected));
    }
    Ok(token.map(Secret::new))
}

fn agent(form: &mut Form, name: &str) -> Result<Option<Uuid>, ApiError> {
    let agent = form.take_even_empty(name).map(|text| text.parse());
    agent
        .transpose()
        .map_err(|_| ApiError::invalid(name, "the UUID of an agent"))
}
