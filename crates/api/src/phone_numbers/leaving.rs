//! The number that an outbound call leaves by.

use std::time::Duration;

use engine::{Carrier, PlaceCall};
use http::StatusCode;
use jiff::Timestamp;
use store::{OutgoingNumber, SipGateway, Store, StoreError};
use uuid::Uuid;

use crate::error::ApiError;
use crate::number::is_in_any_of;

/// When a place may be free again at a number that carries as many calls as it may.
const BUSY_FOR: Duration = Duration::from_secs(5);

/// Why a call can not leave by its agent's number.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// No calls may leave by it.
    #[error("no calls may leave by the number {number}")]
    Disabled {
        /// The number.
        number: String,
    },
    /// The country may not be called.
    #[error("the number {number} may not call the country of {called}")]
    Destination {
        /// The number.
        number: String,
        /// Who was to be called.
        called: String,
    },
    /// It carries as many calls as it may. Try again later.
    #[error("the number {number} carries as many calls as it may")]
    Busy {
        /// The number.
        number: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Has a call leave by the number of its agent, if that has one, and takes a place for it there.
/// A call that is not placed after all gives it back.
pub(crate) async fn leave(
    store: &Store,
    order: &mut PlaceCall,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Some(outgoing) = store.outgoing_number(order.agent.agent_uuid).await? else {
        return Ok(());
    };
    let number = &outgoing.number.number;
    let capacity = &outgoing.number.capacity;
    if !capacity.voice_enabled {
        let number = number.clone();
        return Err(Refusal::Disabled { number });
    }
    if !is_in_any_of(&order.number, &capacity.destinations) {
        return Err(Refusal::Destination {
            number: number.clone(),
            called: order.number.clone(),
        });
    }
    let connection = outgoing.connection.as_ref().map(|(id, _)| *id);
    let has_place = store
        .take_number_place(
            order.call.0,
            outgoing.number.id,
            connection,
            "outbound",
            capacity.voice_limit,
            now,
        )
        .await?;
    if !has_place {
        let number = number.clone();
        return Err(Refusal::Busy { number });
    }
    order.carrier = Some(carrier(outgoing));
    Ok(())
}

/// Gives the place of a call back that was not placed after all. One that is not given back is free
/// a minute later.
pub(crate) async fn give_back(store: &Store, call: Uuid) {
    if let Err(error) = store.give_number_place_back(call).await {
        tracing::warn!(%call, %error, "a place at a number is free a minute later");
    }
}

fn carrier(outgoing: OutgoingNumber) -> Carrier {
    let OutgoingNumber { number, connection } = outgoing;
    let caller_id = match number.ani_format.as_deref() {
        Some("digits") => number.number.trim_start_matches('+').to_owned(),
        _ => number.number,
    };
    let Some((_, gateway)) = connection else {
        return Carrier {
            caller_id,
            gateways: Vec::new(),
            credentials: None,
        };
    };
    let SipGateway {
        gateway: first,
        port,
        secondary_gateway,
        username,
        password,
    } = gateway;
    let first = match port {
        Some(port) => format!("{first}:{port}"),
        None => first,
    };
    Carrier {
        caller_id,
        gateways: std::iter::once(first).chain(secondary_gateway).collect(),
        credentials: username.zip(password),
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let details = refusal.to_string();
        let conflict =
            |code, message: &str| Self::new(StatusCode::CONFLICT, code, message, &details);
        match refusal {
            Refusal::Disabled { .. } => {
                conflict("CHANNEL_DISABLED", "The agent's number makes no calls.")
            }
            Refusal::Destination { .. } => conflict(
                "DESTINATION_NOT_ALLOWED",
                "The agent's number may not call this country.",
            ),
            Refusal::Busy { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "CHANNEL_LIMIT_REACHED",
                "The agent's number carries as many calls as it may.",
                &details,
            )
            .retry_after(BUSY_FOR),
            Refusal::Store(error) => Self::internal("find the number of an agent", &error),
        }
    }
}
