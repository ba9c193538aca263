//! Schedules: when they are open, what is booked in them, what is asked for, and how agents book.
//!
//! What is decided is decided by the crate `calendar`; here it is read, kept and shown. A clash is
//! refused by the store, in the transaction that books ([`place`]). What an agent books in a call is
//! in [`desk`].

mod appointments;
mod availability;
pub(crate) mod booking;
mod desk;
mod place;
mod requests;
mod schedule;
mod slots;
mod times;

pub(crate) use self::desk::{Desk, Visit};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::error::ApiError;
use crate::exchange::{refuse_arrays_for_objects, typed};
use crate::state::ApiState;

/// The most entries of a list that has no pages.
const LONGEST_LIST: u32 = 1000;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    availability::routes()
        .merge(schedule::routes())
        .merge(slots::routes())
        .merge(appointments::routes())
        .merge(requests::routes())
        .merge(booking::routes())
}

/// The fields of `T` in an object, and those of the objects in it.
fn objects<T: DeserializeOwned + Serialize>(sent: Value) -> Result<T, ApiError> {
    let read: T = typed(sent.clone())?;
    let shown = serde_json::to_value(&read)
        .map_err(|error| ApiError::internal("show what was sent", &error))?;
    refuse_arrays_for_objects(&sent, &shown)?;
    Ok(read)
}
