//! `POST /contacts/{contact_uuid}/erase` and `POST /contacts/erase`.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{EraseContactError, Person, Removed, Store};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Email, unknown_contact};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Path, id, ok};
use crate::privacy;
use crate::state::ApiState;

/// A person that was erased.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "erasure_uuid": "0198c5a2-7300-7c11-b0aa-2f4e6a8c0d13",
    "contact_uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
    "status": "completed",
    "removed": {
        "conversations": 2, "calls": 2, "messages": 31, "summaries": 2, "recordings": 1,
        "webhook_messages": 2, "tags": 1, "field_values": 3, "tasks": 1, "pools": 1,
        "appointment_requests": 1, "appointments": 1, "evaluations": 2,
        "transcriptions": 1,
    },
    "erased_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Erasure {
    /// Identifies the erasure.
    erasure_uuid: Uuid,
    /// What the contact's id was.
    contact_uuid: Uuid,
    /// `completed`, or `deleting_files` while files can not be deleted: the node tries again until
    /// they are, also after a restart.
    #[schema(value_type = String)]
    status: &'static str,
    /// How much was removed.
    removed: RemovedCounts,
    /// When they were erased.
    erased_at: Timestamp,
}

/// How much was removed of a person.
#[derive(Serialize, ToSchema)]
struct RemovedCounts {
    /// Conversations of which every word is gone.
    conversations: u64,
    /// Calls that have no number and belong to nobody now.
    calls: u64,
    /// Turns of conversations.
    messages: u64,
    /// Summaries of conversations.
    summaries: u64,
    /// Recordings.
    recordings: u64,
    /// Webhook messages, delivered or not.
    webhook_messages: u64,
    /// Tags of the contact.
    tags: u64,
    /// Values of the workspace's own fields.
    field_values: u64,
    /// Tasks that tell of nobody now; those that waited are cancelled.
    tasks: u64,
    /// Pools that the contact was in.
    pools: u64,
    /// Requests for appointments that tell of nobody now.
    appointment_requests: u64,
    /// Appointments that tell of nobody now.
    appointments: u64,
    /// Evaluations of sessions.
    evaluations: u64,
    /// Transcriptions of files of which the contact was the customer.
    transcriptions: u64,
}

/// Erases a person
///
/// Removes the contact with tags and fields, what was said in their conversations, summaries,
/// recordings and other files of their calls, and webhook messages of them that the node holds. It
/// leaves pools and listings, and what waits to be done for it is cancelled. Of calls and tasks
/// remain times, durations and results, without number or words, of appointments the times. It can
/// not be undone.
#[utoipa::path(
    post, path = "/contacts/{contact_uuid}/erase", operation_id = "erase_contact",
    tag = "contacts", security(("token" = ["contacts:write"])),
    params(("contact_uuid" = Uuid, Path, description = "The contact.")),
    responses(
        (status = 200, description = "What was removed.", body = Envelope<Erasure>),
        (status = 404, description = "`CONTACT_NOT_FOUND`: There is no such contact.",
            body = ErrorBody),
        (status = 409, description = "`CONTACT_IN_CALL`: The contact is in a call now.",
            body = ErrorBody),
    ),
)]
pub(super) async fn erase(
    State(state): State<ApiState>,
    caller: Caller,
    Path(contact): Path<String>,
) -> Result<Envelope<Erasure>, ApiError> {
    let contact = id(&contact, unknown_contact)?;
    erase_whom(state, caller, Whom::Contact(contact)).await
}

/// Somebody to be erased, who may be no contact any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct ErasedPerson {
    /// E.164 number; spaces and `- ( ) . /` may stand in it. Left out where `email` is given.
    #[schema(max_length = 64)]
    phone_number: Option<String>,
    /// E-mail address. Left out where `phone_number` is given.
    email: Option<Email>,
}

/// Erases whoever has a number or an address
///
/// As `POST /contacts/{contact_uuid}/erase` does, also when the contact was deleted before: what it
/// left behind is found by its number, or by its e-mail address where that is all that was known.
/// Where there is nothing, nothing is removed.
#[utoipa::path(
    post, path = "/contacts/erase", operation_id = "erase_person", tag = "contacts",
    security(("token" = ["contacts:write"])),
    request_body(content = ErasedPerson, example = json!({ "phone_number": "+1 (415) 555-0123" })),
    responses(
        (status = 200, description = "What was removed. `contact_uuid` is one that nobody has where \
            there was no contact any more.", body = Envelope<Erasure>),
        (status = 409, description = "`CONTACT_IN_CALL`: The person is in a call now; \
            `CONTACT_AMBIGUOUS`: several contacts have the address.", body = ErrorBody),
    ),
)]
pub(super) async fn erase_person(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<ErasedPerson>,
) -> Result<Envelope<Erasure>, ApiError> {
    let person = match (body.phone_number, body.email) {
        (Some(number), None) => Person {
            number: Some(state.numbers.read("phone_number", &number)?),
            ..Person::default()
        },
        (None, Some(email)) => Person {
            email: Some(email.0),
            ..Person::default()
        },
        (None, None) => return Err(ApiError::missing("phone_number")),
        (Some(_), Some(_)) => {
            let expected = "to be left out where `phone_number` is given";
            return Err(ApiError::invalid("email", expected));
        }
    };
    erase_whom(state, caller, Whom::Person(person)).await
}

/// Who is to be erased.
enum Whom {
    Contact(Uuid),
    Person(Person),
}

async fn erase_whom(
    state: ApiState,
    caller: Caller,
    whom: Whom,
) -> Result<Envelope<Erasure>, ApiError> {
    // A client that hangs up on us does not leave files that nobody deletes before the next round.
    let erasing = state.tasks.spawn(run(state.clone(), caller.store, whom));
    erasing
        .await
        .map_err(|error| ApiError::internal("erase a contact", &error))?
}

async fn run(state: ApiState, store: Store, whom: Whom) -> Result<Envelope<Erasure>, ApiError> {
    let now = clock::now();
    let erased = match whom {
        Whom::Contact(contact) => store.erase_contact(contact, now).await,
        Whom::Person(person) => store.erase_person(&person, now).await,
    };
    let erased = erased.map_err(|error| match error {
        EraseContactError::Unknown => unknown_contact(),
        EraseContactError::Ambiguous => ApiError::new(
            StatusCode::CONFLICT,
            "CONTACT_AMBIGUOUS",
            "Several contacts have this address.",
            "Erase each by its number, or with POST /api/v1/contacts/{contact_uuid}/erase.",
        ),
        EraseContactError::InCall => ApiError::new(
            StatusCode::CONFLICT,
            "CONTACT_IN_CALL",
            "The contact is in a call now.",
            "End the call first, or ask again when it is over.",
        ),
        EraseContactError::Store(error) => ApiError::internal("erase a contact", &error),
    })?;
    privacy::delete_erased_files(&state, now).await;
    let found = store.erasure(erased.id).await;
    let found = found.map_err(|error| ApiError::internal("find an erasure", &error))?;
    let erased = found.unwrap_or(erased);
    let is_finished = erased.finished_at.is_some();
    let view = Erasure {
        erasure_uuid: erased.id,
        contact_uuid: erased.contact,
        status: if is_finished {
            "completed"
        } else {
            "deleting_files"
        },
        removed: counts(erased.removed),
        erased_at: erased.created_at,
    };
    Ok(ok("Contact erased successfully", view))
}

fn counts(removed: Removed) -> RemovedCounts {
    RemovedCounts {
        conversations: removed.conversations,
        calls: removed.calls,
        messages: removed.messages,
        summaries: removed.summaries,
        recordings: removed.recordings,
        webhook_messages: removed.webhook_messages,
        tags: removed.tags,
        field_values: removed.field_values,
        tasks: removed.tasks,
        pools: removed.pools,
        appointment_requests: removed.appointment_requests,
        appointments: removed.appointments,
        evaluations: removed.evaluations,
        transcriptions: removed.transcriptions,
    }
}
