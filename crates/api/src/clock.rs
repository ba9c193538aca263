//! The edge where the crate reads the wall clock.

use jiff::Timestamp;

/// Now, to the microsecond, as the store keeps it.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
