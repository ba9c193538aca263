//! `GET /contacts`.

use axum::extract::State;
use store::ContactFilter;
use url::form_urlencoded::Serializer;

use super::body::{ContactChannel, ContactStatus};
use super::fields_of;
use super::view::{self, Contact};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::{Envelope, Paginator, Paging, Query, Text, ok};
use crate::state::ApiState;

/// All contacts
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/contacts", operation_id = "list_contacts", tag = "contacts",
    security(("token" = ["contacts:read"])),
    params(
        Paging,
        ("search" = inline(Option<Text<0, 255>>), Query, description = "Only those with these words, as \
            they are, in name and surname, e-mail address or number."),
        ("status" = inline(Option<ContactStatus>), Query, description = "Only those with this status."),
        ("contact_channel" = inline(Option<ContactChannel>), Query,
            description = "Only those that like to be reached this way."),
        ("tag_uuid" = Option<Uuid>, Query, description = "Only those with this tag."),
        ("pool_uuid" = Option<Uuid>, Query, description = "Only those in this pool."),
        ("campaign_uuid" = Option<Uuid>, Query,
            description = "Only those for whom this campaign has a task."),
    ),
    responses(
        (status = 200, description = "A page of contacts.", body = Envelope<Paginator<Contact>>),
    ),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Contact>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let search: Option<Text<0, 255>> = query.read("search")?;
    let status: Option<ContactStatus> = query.read("status")?;
    let channel: Option<ContactChannel> = query.read("contact_channel")?;
    let filter = ContactFilter {
        containing: search.map(|words| words.0),
        status: status.map(|word| word.as_str().to_owned()),
        channel: channel.map(|word| word.as_str().to_owned()),
        tag: query.read("tag_uuid")?,
        pool: query.read("pool_uuid")?,
        campaign: query.read("campaign_uuid")?,
    };
    let fields = fields_of(&caller).await?;
    let page = caller
        .store
        .contacts(&filter, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list contacts", &error))?;
    let contacts = page.items.into_iter();
    let contacts = contacts.map(|it| view::contact(it, &fields)).collect();
    let page = Paginator::new(paging, page.total, &link(&state, &filter), contacts);
    Ok(ok("Contacts retrieved successfully", page))
}

fn link(state: &ApiState, filter: &ContactFilter) -> String {
    let [tag, pool, campaign] =
        [filter.tag, filter.pool, filter.campaign].map(|id| id.map(|id| id.to_string()));
    let mut parameters = Serializer::new(String::new());
    for (name, value) in [
        ("search", &filter.containing),
        ("status", &filter.status),
        ("contact_channel", &filter.channel),
        ("tag_uuid", &tag),
        ("pool_uuid", &pool),
        ("campaign_uuid", &campaign),
    ] {
        if let Some(value) = value {
            parameters.append_pair(name, value);
        }
    }
    let parameters = parameters.finish();
    if parameters.is_empty() {
        return state.link("contacts");
    }
    state.link(&format!("contacts?{parameters}"))
}
