//! `/analytics`: figures over calls, sessions and messages in a window of time. Their answers have
//! no envelope.

mod buckets;
mod calls;
mod messages;
mod sessions;
mod window;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(calls::show))
        .routes(routes!(messages::list))
        .routes(routes!(sessions::show))
}
