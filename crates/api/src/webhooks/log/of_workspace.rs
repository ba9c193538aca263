//! `/webhooks/{webhook_uuid}/deliveries` and `…/test`.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{DeliveryStatus, WebhookDelivery};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Paginator, Paging, Path, Query};
use crate::state::ApiState;
use crate::webhooks::workspace::find;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(redeliver))
        .routes(routes!(test))
}

/// What was sent to a webhook of the workspace
///
/// In pages, newest first. Deliveries are kept for some days after they were made or given up.
#[utoipa::path(
    get, path = "/webhooks/{webhook_uuid}/deliveries",
    operation_id = "list_workspace_webhook_deliveries", tag = "webhooks",
    security(("token" = ["webhooks:read"])),
    params(
        ("webhook_uuid" = Uuid, Path, description = "The webhook."),
        Paging,
        ("status" = inline(Option<DeliveryStatus>), Query,
            description = "Only those of which this has become."),
        ("conversation_uuid" = Option<Uuid>, Query,
            description = "Only those about this conversation."),
    ),
    responses((status = 200, description = "A page of deliveries.",
        body = Envelope<Paginator<WebhookDelivery>>)),
)]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Path(webhook): Path<String>,
    query: Query,
) -> Result<Envelope<Paginator<WebhookDelivery>>, ApiError> {
    let webhook = find(&caller, &webhook).await?;
    let path = format!("webhooks/{}/deliveries", webhook.id);
    super::page(&state, &caller, &webhook, &path, query).await
}

/// One delivery to a webhook of the workspace
///
/// With its body and its attempts.
#[utoipa::path(
    get, path = "/webhooks/{webhook_uuid}/deliveries/{delivery_uuid}",
    operation_id = "show_workspace_webhook_delivery", tag = "webhooks",
    security(("token" = ["webhooks:read"])),
    params(
        ("webhook_uuid" = Uuid, Path, description = "The webhook."),
        ("delivery_uuid" = Uuid, Path, description = "The delivery."),
    ),
    responses((status = 200, description = "The delivery.", body = Envelope<WebhookDelivery>)),
)]
async fn show(
    caller: Caller,
    Path((webhook, delivery)): Path<(String, String)>,
) -> Result<Envelope<WebhookDelivery>, ApiError> {
    let webhook = find(&caller, &webhook).await?;
    super::one(&caller, &webhook, &delivery).await
}

/// Delivers once more to a webhook of the workspace
///
/// The same message under the same id, for a day if it is not taken at once. It does not wait for
/// others about its conversation, nor do others wait for it. If the endpoint is paused, it is tried
/// now.
#[utoipa::path(
    post, path = "/webhooks/{webhook_uuid}/deliveries/{delivery_uuid}/redeliver",
    operation_id = "workspace_webhook_redeliver", tag = "webhooks",
    security(("token" = ["webhooks:write"])),
    params(
        ("webhook_uuid" = Uuid, Path, description = "The webhook."),
        ("delivery_uuid" = Uuid, Path, description = "The delivery."),
    ),
    responses(
        (status = 200, description = "The delivery, which is owed again.",
            body = Envelope<WebhookDelivery>),
        (status = 409, description = "`DELIVERY_PENDING`: It is still owed; `WEBHOOK_INACTIVE`: \
            The webhook is not active.", body = ErrorBody),
    ),
)]
async fn redeliver(
    State(state): State<ApiState>,
    caller: Caller,
    Path((webhook, delivery)): Path<(String, String)>,
) -> Result<Envelope<WebhookDelivery>, ApiError> {
    let webhook = find(&caller, &webhook).await?;
    super::redeliver(&state, &caller, &webhook, &delivery).await
}

/// Sends a test to a webhook of the workspace
///
/// A message with the event `webhook.test`, whatever the webhook subscribes to. If the endpoint is
/// paused, it is tried now.
#[utoipa::path(
    post, path = "/webhooks/{webhook_uuid}/test", operation_id = "workspace_webhook_test", tag = "webhooks",
    security(("token" = ["webhooks:write"])),
    params(
        ("webhook_uuid" = Uuid, Path, description = "The webhook."),
    ),
    responses(
        (status = 201, description = "The delivery, which is owed.",
            body = Envelope<WebhookDelivery>),
        (status = 409, description = "`WEBHOOK_INACTIVE`: The webhook is not active.",
            body = ErrorBody),
    ),
)]
async fn test(
    State(state): State<ApiState>,
    caller: Caller,
    Path(webhook): Path<String>,
) -> Result<Created<WebhookDelivery>, ApiError> {
    let webhook = find(&caller, &webhook).await?;
    super::test(&state, &caller, &webhook).await
}
