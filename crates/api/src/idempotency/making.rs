//! What a request makes, known by its id when a process died over it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use store::Reservation;
use uuid::Uuid;

/// What a request makes. With an `Idempotency-Key` its id is written down before the request is
/// done, so that whoever does it anew after a crash finds what was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Making {
    /// The id that it has.
    pub(crate) id: Uuid,
    /// Whether a process that died may have made it.
    pub(crate) may_exist: bool,
}

impl From<Reservation> for Making {
    fn from(reservation: Reservation) -> Self {
        Self {
            id: reservation.work,
            may_exist: reservation.is_taken_over,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Making {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let making = parts.extensions.get::<Self>().copied();
        Ok(making.unwrap_or_else(|| Self {
            id: Uuid::now_v7(),
            may_exist: false,
        }))
    }
}
