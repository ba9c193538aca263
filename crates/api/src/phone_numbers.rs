//! `/phone-numbers` and `/channels/sip-trunk`: the telephone numbers that an operator brings, the
//! SIP connections that their calls leave through, and what they carry.
//!
//! Start reading at [`leaving`] and [`answering`]: what outbound and inbound calls ask of numbers,
//! of the store each time, so that a change holds for the next call on every node.

mod answering;
mod connections;
mod gateway;
mod leaving;
mod owned;
mod trunks;
mod view;

use http::StatusCode;
use store::{BindError, SaveNumberError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::answering::Numbers;
pub(crate) use self::leaving::{Refusal, give_back, leave};
use crate::error::ApiError;
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(connections::list, connections::add))
        .routes(routes!(
            connections::show,
            connections::change,
            connections::remove
        ))
        .routes(routes!(owned::list))
        .routes(routes!(owned::channels_by_number))
        .routes(routes!(owned::show, owned::change))
        .routes(routes!(owned::channels))
        .routes(routes!(owned::release))
        .routes(routes!(trunks::list, trunks::register, trunks::change))
        .routes(routes!(trunks::assign))
}

pub(crate) fn unknown_number() -> ApiError {
    ApiError::not_found(
        "PHONE_NUMBER_NOT_FOUND",
        "There is no such number.",
        "GET /api/v1/phone-numbers lists all of them.",
    )
}

pub(crate) fn unknown_connection() -> ApiError {
    ApiError::not_found(
        "SIP_CONNECTION_NOT_FOUND",
        "There is no such connection.",
        "GET /api/v1/channels/sip-trunk/connections lists all of them.",
    )
}

/// Why a number was not bound; `unknown` is what may have gone meanwhile.
pub(crate) fn not_bound(error: BindError, unknown: fn() -> ApiError) -> ApiError {
    match error {
        BindError::InUse => ApiError::new(
            StatusCode::CONFLICT,
            "phone_in_use",
            "Another agent has this number.",
            "Take it from that agent first, or have both use it: `force` of a SIP connection.",
        ),
        BindError::Unknown => unknown(),
        BindError::Store(error) => ApiError::internal("bind a number", &error),
    }
}

fn not_saved(error: SaveNumberError) -> ApiError {
    match error {
        // Whose it is, is nobody's business.
        SaveNumberError::Taken => ApiError::new(
            StatusCode::CONFLICT,
            "PHONE_NUMBER_TAKEN",
            "This number can not be used here.",
            "A number belongs to one workspace of a node. Whoever runs the node can settle it.",
        ),
        SaveNumberError::Registered => ApiError::new(
            StatusCode::CONFLICT,
            "PHONE_NUMBER_EXISTS",
            "The workspace has this number already.",
            "Change its trunk with PATCH, or release the number first.",
        ),
        SaveNumberError::Store(error) => ApiError::internal("save a number", &error),
    }
}
