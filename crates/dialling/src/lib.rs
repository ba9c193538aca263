//! When someone may be called, and what becomes of a task after a call: rules, hours, caps,
//! retries and the order of pools.
//!
//! The crate decides and does nothing: it knows no database, no call and no clock. The time, the
//! rule and the history come in as arguments, and the same arguments give the same answer.
//!
//! Start reading at [`may_call`]: whether a contact may be called now, and if not, when or why
//! never. [`after_attempt`] says what follows an attempt, [`Zones`] where a contact's clock hangs,
//! [`Hours`] when a window of the day is open there, and [`next_of_pool`] who of a pool comes next.

mod attempt;
mod hours;
mod permit;
mod pool;
mod retry;
mod rule;
mod zones;

pub use attempt::{Attempt, Next, Outcome, Plan, after_attempt};
pub use hours::Hours;
pub use permit::{Bar, Callee, Verdict, Wait, Window, may_call};
pub use pool::{Member, Order, next_of_pool, places};
pub use retry::Retry;
pub use rule::{DialRule, Escalation};
pub use zones::{UnknownZone, Zones};
