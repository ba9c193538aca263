//! What holds of every slot, whatever the zone, the week, the hours and the bookings: compared,
//! minute by minute, with what the zone's clocks show.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use calendar::{
    Agenda, Availability, Interval, OpenHours, Pattern, Suggestions, Week, Zone, alternatives,
};
use jiff::civil::{Date, Time, Weekday};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// Zones, each with a day on which its clocks change.
const CHANGES: [(&str, &str); 11] = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-30"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Pacific/Auckland", "2026-04-05"),
    // No change on any day.
    ("Asia/Kathmandu", "2026-06-01"),
];

#[derive(Debug)]
struct Situation {
    office: Availability,
    bookings: Vec<Interval>,
    range: Interval,
    length: SignedDuration,
    now: Timestamp,
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn time_of_day() -> impl Strategy<Value = Time> {
    (0_i8..24, prop::sample::select(vec![0_i8, 15, 30, 45]))
        .prop_map(|(hour, minute)| Time::constant(hour, minute, 0, 0))
}

fn hours() -> impl Strategy<Value = Vec<OpenHours>> {
    let one = (time_of_day(), time_of_day()).prop_map(|(from, until)| OpenHours { from, until });
    prop::collection::vec(one, 0..3)
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let steps = prop::sample::select(vec![10_i64, 15, 20, 30, 60, 90]);
    (steps, 0_i64..3, 0_i64..3, 0_i64..2000).prop_map(|(step, before, after, notice)| Pattern {
        length: minutes(step),
        step: minutes(step),
        buffer_before: minutes(10 * before),
        buffer_after: minutes(5 * after),
        notice: minutes(notice),
        horizon: minutes(60 * 24 * 6),
    })
}

fn situations() -> impl Strategy<Value = Situation> {
    let bookings = prop::collection::vec((0_i64..4 * 24 * 60, 1_i64..180), 0..12);
    (
        prop::sample::select(CHANGES.to_vec()),
        prop::collection::vec(hours(), 7),
        pattern(),
        bookings,
        prop::sample::select(vec![15_i64, 30, 45, 60, 180]),
    )
        .prop_map(|((zone, change), week, pattern, bookings, length)| {
            let zone = Zone::named(zone).unwrap();
            let change: Date = change.parse().unwrap();
            let begin = zone.whole_day(change.yesterday().unwrap()).unwrap().start();
            let week = DAYS.into_iter().zip(week);
            Situation {
                bookings: bookings
                    .iter()
                    .filter_map(|(from, length)| {
                        Interval::lasting(begin + minutes(*from), minutes(*length))
                    })
                    .collect(),
                range: Interval::lasting(begin, minutes(4 * 24 * 60)).unwrap(),
                length: minutes(length),
                now: begin - minutes(60),
                office: Availability {
                    week: week.fold(Week::default(), |week, (day, hours)| week.with(day, hours)),
                    exceptions: Vec::new(),
                    zone,
                    pattern,
                },
            }
        })
}

/// Whether what the clocks show at an instant is within the hours. Nothing is said of what they
/// show twice.
fn is_open(office: &Availability, at: Timestamp) -> Option<bool> {
    let shown = office.zone.clock(at);
    if office.zone.instants(shown).count() != 1 {
        return None;
    }
    let is_in = |day: Date| {
        office.week.on(day.weekday()).iter().any(|hours| {
            let ends = if hours.until <= hours.from {
                day.tomorrow().unwrap()
            } else {
                day
            };
            day.to_datetime(hours.from) <= shown && shown < ends.to_datetime(hours.until)
        })
    };
    Some(is_in(shown.date()) || is_in(shown.date().yesterday().unwrap()))
}

/// Whether slots of some hours of the day begin when the clocks show this.
fn is_step(office: &Availability, at: Timestamp) -> bool {
    let shown = office.zone.clock(at);
    let step = office.pattern.step.as_mins();
    let is_in = |day: Date| {
        office.week.on(day.weekday()).iter().any(|hours| {
            let begun = day.to_datetime(hours.from);
            let ends = if hours.until <= hours.from {
                day.tomorrow().unwrap()
            } else {
                day
            };
            let since = shown.duration_since(begun).as_mins();
            since >= 0 && since % step == 0 && shown < ends.to_datetime(hours.until)
        })
    };
    is_in(shown.date()) || is_in(shown.date().yesterday().unwrap())
}

fn minutes_of(interval: Interval) -> impl Iterator<Item = Timestamp> {
    let count = interval.length().as_mins();
    (0..count).map(move |minute| interval.start() + minutes(minute))
}

fn is_apart(situation: &Situation, slot: Interval) -> bool {
    let pattern = &situation.office.pattern;
    let gap = pattern.buffer_before + pattern.buffer_after;
    situation
        .bookings
        .iter()
        .all(|booking| booking.end() + gap <= slot.start() || slot.end() + gap <= booking.start())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_slot_is_open_and_apart_from_every_booking(situation in situations()) {
        let office = &situation.office;
        let agenda = Agenda::new(office, situation.bookings.iter().copied(), situation.now);
        let slots = agenda.free(situation.range, situation.length);
        for slot in &slots {
            prop_assert_eq!(slot.length(), situation.length);
            prop_assert!(situation.range.start() <= slot.start());
            prop_assert!(slot.start() < situation.range.end());
            prop_assert!(situation.now + office.pattern.notice <= slot.start());
            prop_assert!(slot.start() <= situation.now + office.pattern.horizon);
            prop_assert!(is_apart(&situation, *slot));
            prop_assert!(minutes_of(*slot).all(|at| is_open(office, at) != Some(false)), "{slot:?}");
            prop_assert_eq!(agenda.check(*slot), Ok(()));
        }
        prop_assert!(slots.is_sorted_by(|one, next| one.start() < next.start()));
    }

    #[test]
    fn no_slot_is_left_out(situation in situations()) {
        let office = &situation.office;
        let agenda = Agenda::new(office, situation.bookings.iter().copied(), situation.now);
        let slots = agenda.free(situation.range, situation.length);
        for start in minutes_of(situation.range) {
            let slot = Interval::lasting(start, situation.length).unwrap();
            let is_in_time = situation.now + office.pattern.notice <= start
                && start <= situation.now + office.pattern.horizon;
            let is_slot = is_in_time
                && is_step(office, start)
                && is_apart(&situation, slot)
                && minutes_of(slot).all(|at| is_open(office, at) == Some(true));
            prop_assert!(!is_slot || slots.contains(&slot), "{slot:?}");
        }
    }

    #[test]
    fn every_alternative_is_a_free_slot_and_they_are_apart(
        situation in situations(),
        wanted in 0_i64..4 * 24 * 60,
        same_day: bool,
        same_time: bool,
        same_week: bool,
    ) {
        let agenda = Agenda::new(&situation.office, situation.bookings.iter().copied(), situation.now);
        let start = situation.range.start() + minutes(wanted);
        let wanted = Interval::lasting(start, situation.length).unwrap();
        let suggest = Suggestions { same_day, same_time, same_week, ..Suggestions::default() };
        let suggested = alternatives(&agenda, wanted, suggest);
        prop_assert!(suggested.len() <= 3);
        for (index, slot) in suggested.iter().enumerate() {
            prop_assert_eq!(agenda.check(*slot), Ok(()));
            prop_assert!(suggested.iter().skip(index + 1).all(|other| !other.overlaps(*slot)));
        }
    }
}
