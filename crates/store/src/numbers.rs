//! Telephone numbers that operators bring: the numbers, the SIP connections that their calls leave
//! through, the agents that they are bound to, and how many calls each carries.

mod bindings;
mod connections;
mod owned;
mod places;
mod trunks;

pub use bindings::{BindError, Binding, NumberBinding, Sharing};
pub use connections::{NewSipConnection, SipConnection, SipConnectionChange, SipGateway};
pub use owned::{NewPhoneNumber, NumberCapacity, PhoneNumber, SaveNumberError};
pub use places::{AnsweredNumber, OutgoingNumber};
pub use trunks::{NewTrunk, TrunkChange};

pub(crate) use places::note_connection;
