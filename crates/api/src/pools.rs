//! `/pools`: contacts that are called in an order, so many at once.

mod body;
mod member;
mod members;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::body::{Duplication, NewPool, Pool, PoolChange};
pub(crate) use self::body::{PoolType, usual};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, MaybeJson, Nothing, Paginator, Paging, Path, Query, Text, created,
    done, id, ok,
};
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::remove))
        .routes(routes!(duplicate))
}

/// All pools
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/pools", operation_id = "list_pools", tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(
        Paging,
        ("search" = inline(Option<Text<0, 255>>), Query, description = "Words in the name."),
    ),
    responses((status = 200, description = "A page of pools.", body = Envelope<Paginator<Pool>>)),
)]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Pool>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let words: Option<Text<0, 255>> = query.read("search")?;
    let words = words.map(|words| words.0);
    let found = caller
        .store
        .pools(words.as_deref(), paging.page, paging.per_page)
        .await;
    let found = found.map_err(|error| ApiError::internal("list pools", &error))?;
    let link = state.list_link("pools", &[("search", words)]);
    let pools = found.items.into_iter().map(Pool::from).collect();
    let page = Paginator::new(paging, found.total, &link, pools);
    Ok(ok("Pools retrieved successfully", page))
}

/// Makes an empty pool
#[utoipa::path(
    post, path = "/pools", operation_id = "create_pool", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    request_body(content = NewPool, example = json!({
        "name": "Spring customers", "description": "Bought in spring.", "type": "Parallel",
        "max_parallel_items": 5,
    })),
    responses((status = 201, description = "The pool.", body = Envelope<Pool>)),
)]
async fn create(caller: Caller, Json(body): Json<NewPool>) -> Result<Created<Pool>, ApiError> {
    let made = caller.store.create_pool(&body.terms(), clock::now()).await;
    let made = made.map_err(|error| ApiError::internal("make a pool", &error))?;
    Ok(created("Pool created successfully", made.into()))
}

/// One pool
#[utoipa::path(
    get, path = "/pools/{pool_uuid}", operation_id = "show_pool", tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(("pool_uuid" = Uuid, Path, description = "The pool.")),
    responses(
        (status = 200, description = "The pool.", body = Envelope<Pool>),
        (status = 404, description = "`POOL_NOT_FOUND`: There is no such pool.", body = ErrorBody),
    ),
)]
async fn show(caller: Caller, Path(pool): Path<String>) -> Result<Envelope<Pool>, ApiError> {
    let found = caller.store.pool(id(&pool, unknown_pool)?).await;
    let found = found.map_err(|error| ApiError::internal("find a pool", &error))?;
    let pool = found.ok_or_else(unknown_pool)?;
    Ok(ok("Pool retrieved successfully", pool.into()))
}

/// Changes parts of a pool
#[utoipa::path(
    put, path = "/pools/{pool_uuid}", operation_id = "update_pool", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("pool_uuid" = Uuid, Path, description = "The pool.")),
    request_body(content = PoolChange, example = json!({ "is_active": false })),
    responses(
        (status = 200, description = "The pool.", body = Envelope<Pool>),
        (status = 404, description = "`POOL_NOT_FOUND`: There is no such pool.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path(pool): Path<String>,
    Json(body): Json<PoolChange>,
) -> Result<Envelope<Pool>, ApiError> {
    let pool = id(&pool, unknown_pool)?;
    let changed = caller
        .store
        .change_pool(pool, |terms| body.apply(terms), clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change a pool", &error))?;
    let pool = changed.ok_or_else(unknown_pool)?;
    state.dialling.notify_one();
    Ok(ok("Pool updated successfully", pool.into()))
}

/// Deletes a pool
///
/// Its tasks that are not under way are cancelled; its contacts stay contacts.
#[utoipa::path(
    delete, path = "/pools/{pool_uuid}", operation_id = "delete_pool", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("pool_uuid" = Uuid, Path, description = "The pool.")),
    responses(
        (status = 200, description = "It is gone.", body = Envelope<Nothing>),
        (status = 404, description = "`POOL_NOT_FOUND`: There is no such pool.", body = ErrorBody),
    ),
)]
async fn delete(caller: Caller, Path(pool): Path<String>) -> Result<Envelope<Nothing>, ApiError> {
    let pool = id(&pool, unknown_pool)?;
    let deleted = caller.store.delete_pool(pool, clock::now()).await;
    if deleted.map_err(|error| ApiError::internal("delete a pool", &error))? {
        Ok(done("Pool deleted successfully"))
    } else {
        Err(unknown_pool())
    }
}

/// Copies a pool
///
/// The contacts of the copy have not been called yet.
#[utoipa::path(
    post, path = "/pools/{pool_uuid}/duplicate", operation_id = "duplicate_pool",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("pool_uuid" = Uuid, Path, description = "The pool.")),
    request_body(content = Option<Duplication>, example = json!({ "copy_contacts": true })),
    responses(
        (status = 201, description = "The copy.", body = Envelope<Pool>),
        (status = 404, description = "`POOL_NOT_FOUND`: There is no such pool.", body = ErrorBody),
    ),
)]
async fn duplicate(
    caller: Caller,
    Path(pool): Path<String>,
    MaybeJson(body): MaybeJson<Duplication>,
) -> Result<Created<Pool>, ApiError> {
    let pool = id(&pool, unknown_pool)?;
    let body = body.unwrap_or_default();
    let name = body.name.map(|name| name.0);
    let with_contacts = body.copy_contacts.unwrap_or(true);
    let copied = caller
        .store
        .duplicate_pool(pool, name.as_deref(), with_contacts, clock::now())
        .await;
    let copied = copied.map_err(|error| ApiError::internal("copy a pool", &error))?;
    let (copy, contacts) = copied.ok_or_else(unknown_pool)?;
    let copy = Pool::from(copy).copied(contacts);
    Ok(created("Pool copied successfully", copy))
}

pub(crate) fn unknown_pool() -> ApiError {
    ApiError::not_found(
        "POOL_NOT_FOUND",
        "There is no such pool.",
        "GET /api/v1/pools lists all of them.",
    )
}
