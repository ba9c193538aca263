//! `/listings`: a campaign with its rule and its contacts, made in one go.

mod body;
mod view;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::body::{Body, NewListingContacts, people, read};
use self::view::{AddedListingContacts, Listing, view};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Nothing, Path, Query, Whole, created, done, id, ok,
};
use crate::idempotency::Making;
use crate::state::ApiState;

const USUAL_PAGE: u32 = 100;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(add_contacts))
        .routes(routes!(remove_contact))
}

/// All listings
///
/// A plain array, newest first.
#[utoipa::path(
    get, path = "/listings", operation_id = "list_listings", tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(("per_page" = inline(Option<Whole<1, 1000>>), Query,
        description = "Most listings to answer; 100.")),
    responses((status = 200, description = "The listings.", body = Envelope<Vec<Listing>>)),
)]
async fn list(caller: Caller, mut query: Query) -> Result<Envelope<Vec<Listing>>, ApiError> {
    let most: Option<Whole<1, 1000>> = query.read("per_page")?;
    let most = most.map_or(USUAL_PAGE, |most| most.0 as u32);
    let found = caller.store.listings(most).await;
    let found = found.map_err(|error| ApiError::internal("list listings", &error))?;
    let listings = found.into_iter().map(view).collect();
    Ok(ok("Listings retrieved successfully", listings))
}

/// Makes a listing
///
/// A campaign, its rule and a parallel pool with its contacts, all or nothing.
#[utoipa::path(
    post, path = "/listings", operation_id = "create_listing", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    request_body(content = Body, example = json!({
        "name": "Spring offer",
        "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
        "contacts": [{ "phone_number": "+1 (415) 555-0123", "name": "Ada" }],
        "rule": { "max_calls_per_day": 2, "start_time": "10:00", "end_time": "17:00" },
    })),
    responses(
        (status = 201, description = "The listing.", body = Envelope<Listing>),
        (status = 404, description = "`AGENT_NOT_FOUND`, `RULE_NOT_FOUND` or \
            `TEMPLATE_SETTINGS_NOT_FOUND`: There is no such thing.", body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    making: Making,
    Json(body): Json<Body>,
) -> Result<Created<Listing>, ApiError> {
    const MADE: &str = "Listing created successfully";
    if making.may_exist {
        let made = caller.store.listing(making.id).await;
        let made = made.map_err(|error| ApiError::internal("find a listing", &error))?;
        if let Some(made) = made {
            return Ok(created(MADE, view(made)));
        }
    }
    let new = read(&state, &caller, making.id, body).await?;
    let made = caller.store.create_listing(&new, clock::now()).await;
    let made = made.map_err(|error| ApiError::internal("make a listing", &error))?;
    state.dialling.notify_one();
    Ok(created(MADE, view(made)))
}

/// Adds contacts to a listing
///
/// One that is running calls them, too.
#[utoipa::path(
    post, path = "/listings/{listing_uuid}/contacts", operation_id = "add_listing_contacts",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("listing_uuid" = Uuid, Path, description = "The listing.")),
    request_body(content = NewListingContacts, example = json!({
        "contacts": [{ "phone_number": "+1 (415) 555-0123", "name": "Ada" }],
    })),
    responses(
        (status = 200, description = "What became of them.",
            body = Envelope<AddedListingContacts>),
        (status = 404, description = "`LISTING_NOT_FOUND`: There is no such listing.",
            body = ErrorBody),
    ),
)]
async fn add_contacts(
    State(state): State<ApiState>,
    caller: Caller,
    Path(listing): Path<String>,
    Json(body): Json<NewListingContacts>,
) -> Result<Envelope<AddedListingContacts>, ApiError> {
    let listing_uuid = id(&listing, unknown_listing)?;
    let contacts = people(&state, body.contacts)?;
    let store = &caller.store;
    let added = store
        .add_listing_contacts(listing_uuid, &contacts, clock::now())
        .await;
    let added = added.map_err(|error| ApiError::internal("add contacts", &error))?;
    let (contacts_added, contacts_skipped) = added.ok_or_else(unknown_listing)?;
    state.dialling.notify_one();
    let added = AddedListingContacts {
        listing_uuid,
        contacts_added,
        contacts_skipped,
    };
    Ok(ok("Contacts added successfully", added))
}

/// Takes a contact out of a listing
///
/// A call that is under way goes on.
#[utoipa::path(
    delete, path = "/listings/{listing_uuid}/contacts/{listing_contact_uuid}",
    operation_id = "remove_listing_contact", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(
        ("listing_uuid" = Uuid, Path, description = "The listing."),
        ("listing_contact_uuid" = Uuid, Path, description = "The contact."),
    ),
    responses(
        (status = 200, description = "It is out.", body = Envelope<Nothing>),
        (status = 404, description = "`LISTING_NOT_FOUND` or `LISTING_CONTACT_NOT_FOUND`: There \
            is no such thing.", body = ErrorBody),
    ),
)]
async fn remove_contact(
    caller: Caller,
    Path((listing, contact)): Path<(String, String)>,
) -> Result<Envelope<Nothing>, ApiError> {
    let listing = caller.store.listing(id(&listing, unknown_listing)?).await;
    let listing = listing.map_err(|error| ApiError::internal("find a listing", &error))?;
    let pool = listing.ok_or_else(unknown_listing)?.pool;
    let contact = id(&contact, unknown_contact)?;
    let removed = caller
        .store
        .remove_pool_contact(pool, contact, clock::now())
        .await;
    if removed.map_err(|error| ApiError::internal("remove a contact", &error))? {
        Ok(done("Contact removed successfully"))
    } else {
        Err(unknown_contact())
    }
}

fn unknown_listing() -> ApiError {
    ApiError::not_found(
        "LISTING_NOT_FOUND",
        "There is no such listing.",
        "GET /api/v1/listings lists all of them.",
    )
}

fn unknown_contact() -> ApiError {
    ApiError::not_found(
        "LISTING_CONTACT_NOT_FOUND",
        "There is no such contact in this listing.",
        "GET /api/v1/pools/{pool_uuid}/contacts lists those of its pool.",
    )
}
