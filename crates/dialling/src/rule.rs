//! What a campaign allows.

use jiff::SignedDuration;

use crate::hours::Hours;

/// When and how often a contact may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialRule {
    /// The hours, on the contact's clock.
    pub hours: Hours,
    /// Most attempts on one day of the contact's calendar.
    pub most_per_day: u32,
    /// Most attempts in all.
    pub most_in_all: u32,
    /// Least time from one attempt to the next.
    pub retry_interval: SignedDuration,
    /// Whether those who do not want to be called are left alone.
    pub checks_do_not_call: bool,
    /// What happens when attempts keep failing.
    pub escalation: Option<Escalation>,
}

/// When a contact that is not reached becomes someone else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// Failed attempts until then.
    pub after_failed: u32,
}
