//! Free slots and alternatives of schedules in several zones, in ordinary weeks and in those in
//! which clocks change.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use calendar::{
    Agenda, Availability, Exception, Interval, OpenHours, Pattern, Priority, Refusal, Suggestions,
    Week, Zone, alternatives,
};
use jiff::civil::{Time, Weekday};
use jiff::{SignedDuration, Timestamp};

const WEEKDAYS: [Weekday; 5] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];

fn hours(from: &str, until: &str) -> OpenHours {
    let read = |text: &str| Time::strptime("%H:%M", text).unwrap();
    OpenHours {
        from: read(from),
        until: read(until),
    }
}

/// Hourly slots without notice, by the given hours on every day of the week.
fn daily(zone: &str, from: &str, until: &str) -> Availability {
    let weekend = [Weekday::Saturday, Weekday::Sunday];
    let days = WEEKDAYS.into_iter().chain(weekend);
    Availability {
        zone: Zone::named(zone).unwrap(),
        week: days.fold(Week::default(), |week, day| {
            week.with(day, vec![hours(from, until)])
        }),
        exceptions: Vec::new(),
        pattern: Pattern {
            length: SignedDuration::from_hours(1),
            step: SignedDuration::from_hours(1),
            buffer_before: SignedDuration::ZERO,
            buffer_after: SignedDuration::ZERO,
            notice: SignedDuration::ZERO,
            horizon: SignedDuration::from_hours(365 * 24),
        },
    }
}

fn span(zone: &Zone, from: &str, until: &str) -> Interval {
    Interval::new(zone.read(from).unwrap(), zone.read(until).unwrap()).unwrap()
}

fn long_before() -> Timestamp {
    "2026-01-05T00:00:00Z".parse().unwrap()
}

/// When the slots of a day begin on the zone's clocks, and at which offset.
fn starts(agenda: &Agenda<'_>, day: &str, minutes: i64) -> Vec<String> {
    let zone = &agenda.availability().zone;
    let day = zone.whole_day(day.parse().unwrap()).unwrap();
    let slots = agenda.free(day, SignedDuration::from_mins(minutes));
    let shown = |slot: &Interval| zone.clock(slot.start()).strftime("%H:%M").to_string();
    slots.iter().map(shown).collect()
}

#[test]
fn slots_fill_the_hours_and_leave_out_what_is_booked() {
    let office = daily("Europe/Berlin", "09:00", "13:00");
    let booked = span(&office.zone, "2026-03-25 10:00", "2026-03-25 11:00");
    let agenda = Agenda::new(&office, [booked], long_before());
    assert_eq!(
        starts(&agenda, "2026-03-25", 60),
        ["09:00", "11:00", "12:00"]
    );
    assert_eq!(starts(&agenda, "2026-03-25", 120), ["11:00"]);
    assert_eq!(starts(&agenda, "2026-03-25", 300), [""; 0]);
}

#[test]
fn buffers_keep_bookings_apart() {
    let mut office = daily("Europe/Berlin", "09:00", "13:00");
    office.pattern.step = SignedDuration::from_mins(15);
    office.pattern.buffer_before = SignedDuration::from_mins(15);
    office.pattern.buffer_after = SignedDuration::from_mins(30);
    let booked = span(&office.zone, "2026-03-25 10:30", "2026-03-25 11:00");
    let agenda = Agenda::new(&office, [booked], long_before());
    assert_eq!(
        starts(&agenda, "2026-03-25", 45),
        ["09:00", "11:45", "12:00", "12:15"]
    );
}

#[test]
fn days_off_and_special_hours_replace_those_of_the_week() {
    let mut office = daily("Europe/Berlin", "09:00", "11:00");
    let exception = |first: &str, last: &str, hours| Exception {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
        hours,
    };
    office.exceptions = vec![
        exception("2026-12-24", "2026-12-26", Vec::new()),
        exception("2026-12-25", "2026-12-25", vec![hours("18:00", "19:00")]),
    ];
    let agenda = Agenda::new(&office, [], long_before());
    assert_eq!(starts(&agenda, "2026-12-23", 60), ["09:00", "10:00"]);
    assert_eq!(starts(&agenda, "2026-12-24", 60), [""; 0]);
    assert_eq!(starts(&agenda, "2026-12-25", 60), ["18:00"]);
}

#[test]
fn a_slot_may_reach_over_midnight_where_the_hours_do() {
    let round_the_clock = daily("Asia/Kathmandu", "00:00", "00:00");
    let agenda = Agenda::new(&round_the_clock, [], long_before());
    assert_eq!(starts(&agenda, "2026-03-25", 60).len(), 24);
    assert_eq!(starts(&agenda, "2026-03-25", 120).len(), 24);
    let nights = daily("Asia/Kathmandu", "22:00", "02:00");
    let agenda = Agenda::new(&nights, [], long_before());
    assert_eq!(
        starts(&agenda, "2026-03-25", 120),
        ["00:00", "22:00", "23:00"]
    );
}

#[test]
fn hours_that_overlap_give_each_slot_once() {
    let mut office = daily("UTC", "09:00", "11:00");
    let both = vec![hours("10:00", "12:00"), hours("09:00", "11:00")];
    office.week = office.week.with(Weekday::Wednesday, both);
    let agenda = Agenda::new(&office, [], long_before());
    assert_eq!(
        starts(&agenda, "2026-03-25", 60),
        ["09:00", "10:00", "11:00"]
    );
}

#[test]
fn slots_keep_the_hour_on_days_on_which_the_clocks_change() {
    let of = |zone: &str, day: &str| {
        let night = daily(zone, "00:00", "04:00");
        starts(&Agenda::new(&night, [], long_before()), day, 30)
    };
    assert_eq!(
        of("Europe/Berlin", "2026-03-29"),
        ["00:00", "01:00", "03:00"]
    );
    assert_eq!(
        of("Europe/Berlin", "2026-10-25"),
        ["00:00", "01:00", "02:00", "02:00", "03:00"]
    );
    assert_eq!(
        of("Australia/Lord_Howe", "2026-10-04"),
        ["00:00", "01:00", "03:00"]
    );
    assert_eq!(
        of("Australia/Lord_Howe", "2026-04-05"),
        ["00:00", "01:00", "02:00", "03:00"]
    );
    assert_eq!(
        of("Africa/Cairo", "2026-04-24"),
        ["01:00", "02:00", "03:00"]
    );
}

#[test]
fn a_slot_that_spans_a_change_is_as_long_as_any() {
    let night = daily("Europe/Berlin", "00:00", "04:00");
    let agenda = Agenda::new(&night, [], long_before());
    assert_eq!(starts(&agenda, "2026-03-29", 120), ["00:00", "01:00"]);
    assert_eq!(starts(&agenda, "2026-10-25", 240), ["00:00", "01:00"]);
}

#[test]
fn notice_and_horizon_bound_what_can_be_booked() {
    let mut office = daily("UTC", "09:00", "12:00");
    office.pattern.notice = SignedDuration::from_hours(2);
    office.pattern.horizon = SignedDuration::from_hours(25);
    let now = "2026-03-25T08:00:00Z".parse().unwrap();
    let agenda = Agenda::new(&office, [], now);
    assert_eq!(starts(&agenda, "2026-03-25", 60), ["10:00", "11:00"]);
    assert_eq!(starts(&agenda, "2026-03-26", 60), ["09:00"]);
    let check = |from, until| agenda.check(span(&office.zone, from, until));
    assert_eq!(check("2026-03-26 09:00", "2026-03-26 10:00"), Ok(()));
    let latest = "2026-03-26T09:00:00Z".parse().unwrap();
    assert_eq!(
        check("2026-03-26 10:00", "2026-03-26 11:00"),
        Err(Refusal::TooFar(latest))
    );
    let earliest = "2026-03-25T10:00:00Z".parse().unwrap();
    assert_eq!(
        check("2026-03-25 09:00", "2026-03-25 10:00"),
        Err(Refusal::TooSoon(earliest))
    );
    let patient = agenda.clone().with_notice("3_hours".parse().unwrap(), now);
    assert_eq!(starts(&patient, "2026-03-25", 60), ["11:00"]);
}

#[test]
fn a_full_day_has_no_slots_however_empty() {
    let office = daily("Pacific/Auckland", "08:00", "12:00");
    let booked = span(&office.zone, "2026-03-25 08:00", "2026-03-25 08:30");
    let agenda = Agenda::new(&office, [booked], long_before()).with_daily_limit(Some(1));
    assert_eq!(starts(&agenda, "2026-03-25", 60), [""; 0]);
    assert_eq!(starts(&agenda, "2026-03-26", 60).len(), 4);
    let wanted = span(&office.zone, "2026-03-25 10:00", "2026-03-25 11:00");
    assert_eq!(agenda.check(wanted), Err(Refusal::DayFull));
}

#[test]
fn a_time_out_of_hours_is_refused_and_one_within_needs_no_slot() {
    let office = daily("Europe/Berlin", "09:00", "13:00");
    let booked = span(&office.zone, "2026-03-25 10:00", "2026-03-25 11:00");
    let agenda = Agenda::new(&office, [booked], long_before());
    let check = |from, until| agenda.check(span(&office.zone, from, until));
    assert_eq!(check("2026-03-25 11:20", "2026-03-25 11:50"), Ok(()));
    assert_eq!(
        check("2026-03-25 12:30", "2026-03-25 13:30"),
        Err(Refusal::Closed)
    );
    assert_eq!(
        check("2026-03-25 10:59", "2026-03-25 11:50"),
        Err(Refusal::Clash)
    );
}

fn suggested(suggest: Suggestions) -> Vec<String> {
    let office = daily("Europe/Berlin", "09:00", "17:00");
    // A Wednesday on which only 09:00 and 16:00 are left.
    let booked = span(&office.zone, "2026-10-28 10:00", "2026-10-28 16:00");
    let agenda = Agenda::new(&office, [booked], long_before());
    let wanted = span(&office.zone, "2026-10-28 11:00", "2026-10-28 12:00");
    let shown = |slot: &Interval| {
        office
            .zone
            .clock(slot.start())
            .strftime("%a %H:%M")
            .to_string()
    };
    alternatives(&agenda, wanted, suggest)
        .iter()
        .map(shown)
        .collect()
}

#[test]
fn the_same_day_is_suggested_first_if_it_is_preferred() {
    let suggest = Suggestions {
        count: 4,
        ..Suggestions::default()
    };
    assert_eq!(
        suggested(suggest),
        ["Wed 09:00", "Wed 16:00", "Tue 16:00", "Tue 15:00"]
    );
    let forward = Suggestions {
        same_week: false,
        ..suggest
    };
    assert_eq!(
        suggested(forward),
        ["Wed 09:00", "Wed 16:00", "Thu 09:00", "Thu 10:00"]
    );
}

#[test]
fn the_same_time_is_suggested_first_if_it_is_preferred() {
    let suggest = Suggestions {
        same_day: false,
        same_time: true,
        ..Suggestions::default()
    };
    assert_eq!(suggested(suggest), ["Tue 11:00", "Thu 11:00", "Mon 11:00"]);
}

#[test]
fn the_earliest_or_the_latest_can_be_asked_for() {
    let suggest = Suggestions {
        count: 2,
        same_day: false,
        ..Suggestions::default()
    };
    let earliest = Suggestions {
        priority: Priority::Earliest,
        ..suggest
    };
    assert_eq!(suggested(earliest), ["Mon 09:00", "Mon 10:00"]);
    let latest = Suggestions {
        priority: Priority::Latest,
        same_day: true,
        ..suggest
    };
    assert_eq!(suggested(latest), ["Wed 16:00", "Wed 09:00"]);
}

#[test]
fn nothing_is_suggested_where_nothing_is_open() {
    let closed = Availability {
        week: Week::default(),
        ..daily("UTC", "09:00", "17:00")
    };
    let agenda = Agenda::new(&closed, [], long_before());
    let wanted = span(&closed.zone, "2026-10-28 11:00", "2026-10-28 12:00");
    assert_eq!(alternatives(&agenda, wanted, Suggestions::default()), []);
}
