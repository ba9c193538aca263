//! Whether a booking may be cancelled.

use jiff::Timestamp;

use crate::interval::later;
use crate::lapse::Lapse;

/// What a booking's cancellation depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelling {
    /// How long before its beginning a booking has to be cancelled.
    pub notice: Lapse,
    /// Whether an agent may cancel.
    pub by_agent: bool,
    /// Whether a reason has to be given.
    pub needs_reason: bool,
}

/// Why a booking may not be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelRefusal {
    /// Agents may not.
    NotByAgent,
    /// It begins too soon for that.
    TooLate,
    /// A reason has to be given.
    NeedsReason,
}

impl Default for Cancelling {
    fn default() -> Self {
        Self {
            notice: Lapse::NONE,
            by_agent: true,
            needs_reason: false,
        }
    }
}

impl Cancelling {
    /// Whether an agent may cancel a booking that begins at `start`.
    pub fn check(
        self,
        start: Timestamp,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<(), CancelRefusal> {
        if !self.by_agent {
            return Err(CancelRefusal::NotByAgent);
        }
        if start < later(now, self.notice.duration()) {
            return Err(CancelRefusal::TooLate);
        }
        let has_reason = reason.is_some_and(|reason| !reason.trim().is_empty());
        if self.needs_reason && !has_reason {
            return Err(CancelRefusal::NeedsReason);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn in_hours(hours: i64) -> Timestamp {
        NOW + SignedDuration::from_hours(hours)
    }

    #[test]
    fn a_booking_can_be_cancelled_until_its_notice() {
        let cancelling = Cancelling {
            notice: "3_hours".parse().unwrap(),
            ..Cancelling::default()
        };
        assert_eq!(cancelling.check(in_hours(3), None, NOW), Ok(()));
        assert_eq!(
            cancelling.check(in_hours(2), None, NOW),
            Err(CancelRefusal::TooLate)
        );
    }

    #[test]
    fn a_booking_that_has_begun_can_not_be_cancelled() {
        let refused = Cancelling::default().check(in_hours(-1), None, NOW);
        assert_eq!(refused, Err(CancelRefusal::TooLate));
    }

    #[test]
    fn a_reason_is_asked_for_only_of_what_can_be_cancelled() {
        let cancelling = Cancelling {
            needs_reason: true,
            ..Cancelling::default()
        };
        assert_eq!(
            cancelling.check(in_hours(1), Some(" "), NOW),
            Err(CancelRefusal::NeedsReason)
        );
        assert_eq!(cancelling.check(in_hours(1), Some("ill"), NOW), Ok(()));
        let barred = Cancelling {
            by_agent: false,
            ..cancelling
        };
        assert_eq!(
            barred.check(in_hours(1), None, NOW),
            Err(CancelRefusal::NotByAgent)
        );
    }
}
