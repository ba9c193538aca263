//! `/call` and `/calls`: placing, finding, following, hearing and ending calls.

mod action;
mod event;
mod event_stream;
mod find;
mod list;
mod live_audio;
mod place;
mod range;
mod recorded;
mod tool_call;
mod view;

pub(crate) use event::{listed, turn as turn_from};
pub(crate) use place::{about_contact, new_call};
pub(crate) use tool_call::ToolCall;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
pub(crate) use view::Links;

use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(place::place))
        .routes(routes!(list::list))
        .routes(routes!(list::show))
        .routes(routes!(event_stream::events))
        .routes(routes!(live_audio::listen))
        .routes(routes!(recorded::recording))
        .routes(routes!(recorded::transcript))
        .routes(routes!(action::hang_up))
        .routes(routes!(action::say))
        .routes(routes!(action::forward))
        .routes(routes!(action::mute))
        .routes(routes!(action::unmute))
}
