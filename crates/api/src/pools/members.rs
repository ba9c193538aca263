//! `/pools/{pool_uuid}/contacts`: who is in a pool, and how far they are.

use axum::extract::State;
use serde::Deserialize;
use store::MemberFilter;
use utoipa::ToSchema;
use uuid::Uuid;

use super::member::{AddedPoolContacts, Member, MemberStatus, PoolContacts};
use super::unknown_pool;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Envelope, Json, Nothing, Paginator, Paging, Path, Query, Text, Whole, done, id, ok,
};
use crate::state::ApiState;

const USUAL_PAGE: u32 = 25;

/// Contacts that join a pool.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewPoolContacts {
    /// Who joins.
    #[schema(min_items = 1, max_items = 1000)]
    contact_uuids: Vec<Uuid>,
    /// Larger is sooner; 0, if left out.
    priority: Option<Whole<0, 1000>>,
}

/// The contacts of a pool
///
/// In pages of 25 unless `per_page` is given, in the order of joining.
#[utoipa::path(
    get, path = "/pools/{pool_uuid}/contacts", operation_id = "list_pool_contacts",
    tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(
        Paging,
        ("pool_uuid" = Uuid, Path, description = "The pool."),
        ("search" = inline(Option<Text<0, 255>>), Query, description = "Words in name and surname, e-mail
            address or number."),
        ("status" = inline(Option<MemberStatus>), Query, description = "Only those with this status."),
    ),
    responses(
        (status = 200, description = "A page of contacts.", body = Envelope<PoolContacts>),
        (status = 404, description = "`POOL_NOT_FOUND`: There is no such pool.", body = ErrorBody),
    ),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Path(pool): Path<String>,
    mut query: Query,
) -> Result<Envelope<PoolContacts>, ApiError> {
    let pool_uuid = id(&pool, unknown_pool)?;
    let paging = Paging::take_with(&mut query, USUAL_PAGE)?;
    let words: Option<Text<0, 255>> = query.read("search")?;
    let status: Option<MemberStatus> = query.read("status")?;
    let filter = MemberFilter {
        containing: words.map(|words| words.0),
        status: status.map(|status| status.as_str().to_owned()),
    };
    let found = caller
        .store
        .pool_contacts(pool_uuid, &filter, paging.page, paging.per_page)
        .await;
    let found = found.map_err(|error| ApiError::internal("list contacts", &error))?;
    let found = found.ok_or_else(unknown_pool)?;
    let filters = [("search", filter.containing), ("status", filter.status)];
    let link = state.list_link(&format!("pools/{pool_uuid}/contacts"), &filters);
    let members = found.items.into_iter().map(Member::from).collect();
    let page = Paginator::new(paging, found.total, &link, members);
    let contacts = PoolContacts { pool_uuid, page };
    Ok(ok("Contacts retrieved successfully", contacts))
}

/// Puts contacts into a pool
///
/// Campaigns that are running with the pool get tasks for them at once.
#[utoipa::path(
    post, path = "/pools/{pool_uuid}/contacts", operation_id = "add_pool_contacts",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("pool_uuid" = Uuid, Path, description = "The pool.")),
    request_body(content = NewPoolContacts, example = json!({
        "contact_uuids": ["0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8"], "priority": 5,
    })),
    responses(
        (status = 200, description = "What became of them.", body = Envelope<AddedPoolContacts>),
        (status = 404, description = "`POOL_NOT_FOUND`: There is no such pool.", body = ErrorBody),
    ),
)]
pub(super) async fn add(
    State(state): State<ApiState>,
    caller: Caller,
    Path(pool): Path<String>,
    Json(body): Json<NewPoolContacts>,
) -> Result<Envelope<AddedPoolContacts>, ApiError> {
    let pool_uuid = id(&pool, unknown_pool)?;
    if !(1..=1000).contains(&body.contact_uuids.len()) {
        return Err(ApiError::invalid("contact_uuids", "1 to 1000 contacts"));
    }
    let priority = body.priority.map_or(0, |priority| priority.0);
    let added = caller
        .store
        .add_pool_contacts(pool_uuid, &body.contact_uuids, priority, clock::now())
        .await;
    let added = added.map_err(|error| ApiError::internal("add contacts", &error))?;
    let added = added.ok_or_else(unknown_pool)?;
    state.dialling.notify_one();
    let added = AddedPoolContacts {
        pool_uuid,
        contacts_added: added.added,
        contacts_skipped: added.skipped,
        contact_uuids_not_found: added.not_found,
        tasks_created: added.tasks,
        running_campaign_uuids: added.campaigns,
    };
    Ok(ok("Contacts added successfully", added))
}

/// Takes a contact out of a pool
///
/// A call that is under way goes on.
#[utoipa::path(
    delete, path = "/pools/{pool_uuid}/contacts/{pool_contact_uuid}",
    operation_id = "remove_pool_contact", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(
        ("pool_uuid" = Uuid, Path, description = "The pool."),
        ("pool_contact_uuid" = Uuid, Path, description = "The contact."),
    ),
    responses(
        (status = 200, description = "It is out.", body = Envelope<Nothing>),
        (status = 404, description = "`POOL_CONTACT_NOT_FOUND`: It is not in the pool.",
            body = ErrorBody),
    ),
)]
pub(super) async fn remove(
    caller: Caller,
    Path((pool, contact)): Path<(String, String)>,
) -> Result<Envelope<Nothing>, ApiError> {
    let pool = id(&pool, unknown_member)?;
    let contact = id(&contact, unknown_member)?;
    let removed = caller
        .store
        .remove_pool_contact(pool, contact, clock::now())
        .await;
    if removed.map_err(|error| ApiError::internal("remove a contact", &error))? {
        Ok(done("Contact removed successfully"))
    } else {
        Err(unknown_member())
    }
}

fn unknown_member() -> ApiError {
    ApiError::not_found(
        "POOL_CONTACT_NOT_FOUND",
        "There is no such contact in this pool.",
        "GET /api/v1/pools/{pool_uuid}/contacts lists all of them.",
    )
}
