//! Times and refusals in words, as a model reads them: days and times on the zone's clocks.

use jiff::Timestamp;

use crate::agenda::Refusal;
use crate::cancelling::CancelRefusal;
use crate::interval::Interval;
use crate::moving::Move;
use crate::zone::Zone;

/// A time, such as `Tuesday 2026-12-01 10:00`. One that the clocks show twice also tells its
/// offset.
pub fn tell_time(zone: &Zone, at: Timestamp) -> String {
    let shown = zone.clock(at);
    let offset = offset(zone, at);
    format!("{}{offset}", shown.strftime("%A %Y-%m-%d %H:%M"))
}

/// Slots day by day, such as `Tuesday 2026-12-01: 10:00, 10:30; Wednesday 2026-12-02: 09:00`.
pub fn tell_slots(zone: &Zone, slots: impl IntoIterator<Item = Interval>) -> String {
    let mut told = String::new();
    let mut last = None;
    for slot in slots {
        let shown = zone.clock(slot.start());
        let time = format!("{}{}", shown.strftime("%H:%M"), offset(zone, slot.start()));
        if last == Some(shown.date()) {
            told.push_str(", ");
        } else {
            if last.is_some() {
                told.push_str("; ");
            }
            told.push_str(&shown.strftime("%A %Y-%m-%d: ").to_string());
        }
        told.push_str(&time);
        last = Some(shown.date());
    }
    told
}

/// Why a time can not be booked.
pub fn tell_refusal(zone: &Zone, refusal: Refusal) -> String {
    match refusal {
        Refusal::Clash => "That time is taken.".to_owned(),
        Refusal::Closed => "It is closed at that time.".to_owned(),
        Refusal::TooSoon(earliest) => format!(
            "That is too soon: nothing can be booked before {}.",
            tell_time(zone, earliest)
        ),
        Refusal::TooFar(latest) => format!(
            "That is too far ahead: nothing can be booked after {}.",
            tell_time(zone, latest)
        ),
        Refusal::DayFull => "No more appointments are made on that day.".to_owned(),
    }
}

/// Why an appointment can not be cancelled.
pub fn tell_cancel_refusal(refusal: CancelRefusal) -> &'static str {
    match refusal {
        CancelRefusal::NotByAgent => "Only a person can cancel that appointment.",
        CancelRefusal::TooLate => "It is too late to cancel that appointment.",
        CancelRefusal::NeedsReason => "The reason for the cancellation is needed first.",
    }
}

/// Why an appointment can not be moved, if it can not at all.
pub(crate) fn tell_move_refusal(outcome: Move) -> Option<&'static str> {
    match outcome {
        Move::Done | Move::Asked => None,
        Move::Denied => Some("Appointments are not moved here."),
        Move::TooLate => Some("It is too late to move that appointment."),
    }
}

/// ` (+02:00)` for what the clocks show twice, else nothing.
fn offset(zone: &Zone, at: Timestamp) -> String {
    let shown = zone.clock(at);
    if zone.instants(shown).count() < 2 {
        return String::new();
    }
    format!(" ({})", zone.offset(at))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn slots(zone: &Zone, starts: &[&str]) -> Vec<Interval> {
        let slot = |start: &&str| {
            Interval::lasting(zone.read(start).unwrap(), SignedDuration::from_mins(30)).unwrap()
        };
        starts.iter().map(slot).collect()
    }

    #[test]
    fn slots_are_told_day_by_day() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let slots = slots(
            &zone,
            &["2026-12-01 10:00", "2026-12-01 10:30", "2026-12-02 09:00"],
        );
        assert_eq!(
            tell_slots(&zone, slots),
            "Tuesday 2026-12-01: 10:00, 10:30; Wednesday 2026-12-02: 09:00"
        );
        assert_eq!(tell_slots(&zone, []), "");
    }

    #[test]
    fn a_time_that_comes_twice_is_told_with_its_offset() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let twice = ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"];
        assert_eq!(
            tell_slots(&zone, slots(&zone, &twice)),
            "Sunday 2026-10-25: 02:30 (+02:00), 02:30 (+01:00)"
        );
        let once = zone.read("2026-10-25 03:30").unwrap();
        assert_eq!(tell_time(&zone, once), "Sunday 2026-10-25 03:30");
    }

    #[test]
    fn a_refusal_says_what_would_be_possible() {
        let zone = Zone::named("Asia/Kathmandu").unwrap();
        let earliest = zone.read("2026-12-01 10:00").unwrap();
        let told = tell_refusal(&zone, Refusal::TooSoon(earliest));
        assert!(told.contains("Tuesday 2026-12-01 10:00"), "{told}");
    }
}
