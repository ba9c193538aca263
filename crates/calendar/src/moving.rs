//! Whether a booking may be moved.

use jiff::{SignedDuration, Timestamp};

use crate::alternatives::is_same_week;
use crate::interval::later;
use crate::lapse::Lapse;
use crate::zone::Zone;

/// What moving a booking depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Which moves an agent may make.
    pub policy: MovePolicy,
    /// A minor move is by at most so many hours.
    pub minor_hours: Option<u32>,
    /// A minor move stays on the day.
    pub minor_same_day: bool,
    /// A minor move stays in the week, which begins on Monday.
    pub minor_same_week: bool,
    /// A minor move stays at the time of day.
    pub minor_same_slot: bool,
    /// How long before its beginning a booking has to be moved.
    pub notice: Lapse,
}

/// Which moves an agent may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovePolicy {
    /// All.
    Allowed,
    /// Minor ones; a person has to agree to others.
    Minor,
    /// A person has to agree to each.
    Approval,
    /// None.
    Denied,
}

/// What becomes of a wish to move a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It is moved.
    Done,
    /// A person has to agree.
    Asked,
    /// Bookings are not moved.
    Denied,
    /// It begins too soon to be moved.
    TooLate,
}

impl Default for Moving {
    fn default() -> Self {
        Self {
            policy: MovePolicy::Allowed,
            minor_hours: None,
            minor_same_day: false,
            minor_same_week: false,
            minor_same_slot: false,
            notice: Lapse::NONE,
        }
    }
}

impl Moving {
    /// What becomes of the wish to move a booking from one beginning to another.
    pub fn decide(self, from: Timestamp, to: Timestamp, zone: &Zone, now: Timestamp) -> Move {
        if self.policy == MovePolicy::Denied {
            return Move::Denied;
        }
        if from < later(now, self.notice.duration()) {
            return Move::TooLate;
        }
        match self.policy {
            MovePolicy::Allowed => Move::Done,
            MovePolicy::Minor if self.is_minor(from, to, zone) => Move::Done,
            MovePolicy::Minor | MovePolicy::Approval => Move::Asked,
            MovePolicy::Denied => Move::Denied,
        }
    }

    /// Whether all holds that makes a move minor. Where nothing is said, no move is.
    fn is_minor(self, from: Timestamp, to: Timestamp, zone: &Zone) -> bool {
        let says_something = self.minor_hours.is_some()
            || self.minor_same_day
            || self.minor_same_week
            || self.minor_same_slot;
        let (old, new) = (zone.clock(from), zone.clock(to));
        let is_near = |hours: u32| {
            to.duration_since(from).abs() <= SignedDuration::from_hours(i64::from(hours))
        };
        says_something
            && self.minor_hours.is_none_or(is_near)
            && (!self.minor_same_day || old.date() == new.date())
            && (!self.minor_same_week || is_same_week(old.date(), new.date()))
            && (!self.minor_same_slot || old.time() == new.time())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(moving: Moving, from: &str, to: &str) -> Move {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let now = zone.read("2026-10-20 12:00:00").unwrap();
        let at = |text| zone.read(text).unwrap();
        moving.decide(at(from), at(to), &zone, now)
    }

    fn minor() -> Moving {
        Moving {
            policy: MovePolicy::Minor,
            ..Moving::default()
        }
    }

    #[test]
    fn a_booking_that_begins_too_soon_is_not_moved() {
        let moving = Moving {
            notice: "3_hours".parse().unwrap(),
            ..Moving::default()
        };
        let moved = |from| decide(moving, from, "2026-10-22 09:00:00");
        assert_eq!(moved("2026-10-20 15:00:00"), Move::Done);
        assert_eq!(moved("2026-10-20 14:59:59"), Move::TooLate);
        assert_eq!(
            decide(
                Moving::default(),
                "2026-10-20 11:00:00",
                "2026-10-22 09:00:00"
            ),
            Move::TooLate
        );
    }

    #[test]
    fn a_move_is_minor_if_all_that_is_said_holds() {
        let near = Moving {
            minor_hours: Some(2),
            minor_same_day: true,
            ..minor()
        };
        let moved = |to| decide(near, "2026-10-21 22:30:00", to);
        assert_eq!(moved("2026-10-21 20:30:00"), Move::Done);
        assert_eq!(moved("2026-10-21 20:29:00"), Move::Asked);
        assert_eq!(moved("2026-10-22 00:00:00"), Move::Asked);
    }

    #[test]
    fn the_same_time_of_day_is_that_of_the_clocks() {
        let slot = Moving {
            minor_same_slot: true,
            ..minor()
        };
        // The clocks are put back on the 25th.
        assert_eq!(
            decide(slot, "2026-10-24 09:00:00", "2026-10-26 09:00:00"),
            Move::Done
        );
        let week = Moving {
            minor_same_week: true,
            ..slot
        };
        assert_eq!(
            decide(week, "2026-10-24 09:00:00", "2026-10-25 09:00:00"),
            Move::Done
        );
        assert_eq!(
            decide(week, "2026-10-24 09:00:00", "2026-10-26 09:00:00"),
            Move::Asked
        );
    }

    #[test]
    fn no_move_is_minor_where_nothing_says_what_is() {
        assert_eq!(
            decide(minor(), "2026-10-21 09:00:00", "2026-10-21 09:05:00"),
            Move::Asked
        );
    }

    #[test]
    fn a_policy_can_leave_all_moves_to_people_or_forbid_them() {
        let by = |policy| {
            let moving = Moving {
                policy,
                ..Moving::default()
            };
            decide(moving, "2026-10-21 09:00:00", "2026-10-21 10:00:00")
        };
        assert_eq!(by(MovePolicy::Approval), Move::Asked);
        assert_eq!(by(MovePolicy::Denied), Move::Denied);
    }
}
