//! `…/webhooks/{webhook_uuid}/deliveries`: what was sent to a webhook, how each attempt went, and
//! messages that are sent because somebody asks for it. The same for webhooks of an agent
//! (`of_agent.rs`) and of the workspace (`of_workspace.rs`).

mod of_agent;
mod of_workspace;
mod view;

use http::StatusCode;
use serde_json::json;
use store::{Announcement, DeliveryFilter, SendDeliveryError};
use utoipa_axum::router::OpenApiRouter;

use self::view::{DeliveryStatus, WebhookDelivery};
use crate::caller::Caller;
use crate::clock;
use crate::error::ApiError;
use crate::exchange::{Created, Envelope, Paginator, Paging, Query, created, id, ok};
use crate::state::ApiState;

/// Attempts that are shown with a delivery, the last ones.
const SHOWN_ATTEMPTS: u32 = 100;

/// The event of a test, in the log and in its body. Nothing subscribes to it.
const TEST_EVENT: &str = "webhook_test";
const TEST_EVENT_DELIVERED: &str = "webhook.test";

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    of_agent::routes().merge(of_workspace::routes())
}

/// A page of a webhook's deliveries. `path` is the list's own, after `/api/v1/`.
async fn page(
    state: &ApiState,
    caller: &Caller,
    webhook: &store::Webhook,
    path: &str,
    mut query: Query,
) -> Result<Envelope<Paginator<WebhookDelivery>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let status: Option<DeliveryStatus> = query.read("status")?;
    let filter = DeliveryFilter {
        state: status.map(DeliveryStatus::state),
        conversation: query.read("conversation_uuid")?,
    };
    let page = caller
        .store
        .deliveries(webhook.id, filter, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list deliveries", &error))?;
    let link = state.list_link(
        path,
        &[
            ("status", status.map(|word| word.as_str().to_owned())),
            (
                "conversation_uuid",
                filter.conversation.map(|id| id.to_string()),
            ),
        ],
    );
    let shown = page.items.iter().map(view::delivery).collect();
    let page = Paginator::new(paging, page.total, &link, shown);
    Ok(ok("Deliveries retrieved successfully", page))
}

/// A delivery with its body and its attempts.
async fn one(
    caller: &Caller,
    webhook: &store::Webhook,
    delivery: &str,
) -> Result<Envelope<WebhookDelivery>, ApiError> {
    let delivery = id(delivery, unknown_delivery)?;
    let found = caller.store.delivery(webhook.id, delivery).await;
    let found = found.map_err(|error| ApiError::internal("look up a delivery", &error))?;
    let found = found.ok_or_else(unknown_delivery)?;
    let attempts = caller
        .store
        .delivery_attempts(delivery, SHOWN_ATTEMPTS)
        .await;
    let attempts = attempts.map_err(|error| ApiError::internal("list attempts", &error))?;
    let shown = view::with_attempts(&found, attempts);
    Ok(ok("Delivery retrieved successfully", shown))
}

/// Owes a settled message again.
async fn redeliver(
    state: &ApiState,
    caller: &Caller,
    webhook: &store::Webhook,
    delivery: &str,
) -> Result<Envelope<WebhookDelivery>, ApiError> {
    let delivery = id(delivery, unknown_delivery)?;
    let now = clock::now();
    let again = caller.store.redeliver(webhook.id, delivery, now).await;
    let again = again.map_err(|error| refused(&error))?;
    state.outbox.notify_one();
    Ok(ok("Redelivery queued", view::delivery(&again)))
}

/// Owes a message that tells nothing but that it is a test.
async fn test(
    state: &ApiState,
    caller: &Caller,
    webhook: &store::Webhook,
) -> Result<Created<WebhookDelivery>, ApiError> {
    let now = clock::now();
    let body = json!({
        "event": TEST_EVENT_DELIVERED,
        "timestamp": now.to_string(),
        "data": { "webhook_uuid": webhook.id, "agent_id": webhook.agent },
    });
    let told = Announcement {
        event: TEST_EVENT,
        payload: body.to_string(),
    };
    let owed = caller.store.send_to_webhook(webhook.id, &told, now).await;
    let owed = owed.map_err(|error| refused(&error))?;
    state.outbox.notify_one();
    Ok(created("Test queued", view::delivery(&owed)))
}

fn refused(error: &SendDeliveryError) -> ApiError {
    let conflict = |code, message: &str, details: &str| {
        ApiError::new(StatusCode::CONFLICT, code, message, details)
    };
    match error {
        SendDeliveryError::Unknown => unknown_delivery(),
        SendDeliveryError::Inactive => conflict(
            "WEBHOOK_INACTIVE",
            "The webhook is not active.",
            "PATCH it with `is_active` true first; its `disabled_reason` says why the node stopped \
             sending, if it did.",
        ),
        SendDeliveryError::Pending => conflict(
            "DELIVERY_PENDING",
            "The delivery is still owed.",
            "It is made at `next_attempt_at`, or after earlier ones about its conversation; only \
             one that is delivered or given up can be made again.",
        ),
        SendDeliveryError::Store(error) => ApiError::internal("queue a delivery", error),
    }
}

fn unknown_delivery() -> ApiError {
    ApiError::not_found(
        "NOT_FOUND",
        "The webhook has no such delivery.",
        "Its `deliveries` list those that are kept.",
    )
}
