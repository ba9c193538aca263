//! When a person has to agree before something changes.

use jiff::Timestamp;

use crate::interval::later;
use crate::lapse::Lapse;

/// What has to be agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// Whether anything has to be.
    pub required: bool,
    /// Only what begins sooner than this has to be; everything if there is none.
    pub threshold: Option<Lapse>,
    /// New bookings have to be.
    pub for_create: bool,
    /// Moved bookings have to be.
    pub for_reschedule: bool,
    /// Cancelled bookings have to be.
    pub for_cancel: bool,
}

impl Approval {
    /// Whether a new booking has to be agreed to.
    pub fn of_new(self, start: Timestamp, now: Timestamp) -> bool {
        self.for_create && self.applies(start, now)
    }

    /// Whether moving a booking to this time has to be agreed to.
    pub fn of_moved(self, start: Timestamp, now: Timestamp) -> bool {
        self.for_reschedule && self.applies(start, now)
    }

    /// Whether cancelling a booking of this time has to be agreed to.
    pub fn of_cancelled(self, start: Timestamp, now: Timestamp) -> bool {
        self.for_cancel && self.applies(start, now)
    }

    fn applies(self, start: Timestamp, now: Timestamp) -> bool {
        let is_near = |threshold: Lapse| start < later(now, threshold.duration());
        self.required && self.threshold.is_none_or(is_near)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn only_what_is_near_has_to_be_agreed_to_below_a_threshold() {
        let now = Timestamp::UNIX_EPOCH;
        let at = |hours| now + SignedDuration::from_hours(hours);
        let approval = Approval {
            required: true,
            threshold: "2_days".parse().ok(),
            for_create: true,
            ..Approval::default()
        };
        assert!(approval.of_new(at(47), now));
        assert!(!approval.of_new(at(48), now));
        assert!(!approval.of_moved(at(1), now));
        assert!(
            !Approval {
                required: false,
                ..approval
            }
            .of_new(at(1), now)
        );
        assert!(
            Approval {
                threshold: None,
                ..approval
            }
            .of_new(at(1000), now)
        );
    }
}
