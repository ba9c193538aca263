//! What an agent can offer and take in its schedules.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use calendar::{
    Agenda, Approval, Availability, Counter, Interval, OpenHours, Pattern, SlotRules, Suggestions,
    Week, Wish, Zone, find_slots, wish,
};
use jiff::civil::{Time, Weekday, date};
use jiff::{SignedDuration, Timestamp};

const RULES: SlotRules = SlotRules {
    offer_from: calendar::Lapse::NONE,
    book_from: calendar::Lapse::NONE,
    per_day: None,
    suggestions: None,
};

/// Open on Wednesdays from 9 to 12, in hourly slots.
fn office(zone: &str) -> Availability {
    let hours = OpenHours {
        from: Time::constant(9, 0, 0, 0),
        until: Time::constant(12, 0, 0, 0),
    };
    let hour = SignedDuration::from_hours(1);
    Availability {
        zone: Zone::named(zone).unwrap(),
        week: Week::default().with(Weekday::Wednesday, vec![hours]),
        exceptions: Vec::new(),
        pattern: Pattern {
            length: hour,
            step: hour,
            buffer_before: SignedDuration::ZERO,
            buffer_after: SignedDuration::ZERO,
            notice: SignedDuration::ZERO,
            horizon: SignedDuration::from_hours(365 * 24),
        },
    }
}

/// A Tuesday.
fn now() -> Timestamp {
    "2026-12-01T12:00:00Z".parse().unwrap()
}

fn counter<'a>(
    name: &'a str,
    office: &'a Availability,
    booked: &[&str],
    rules: SlotRules,
) -> Counter<'a> {
    let hour = SignedDuration::from_hours(1);
    let booked = booked
        .iter()
        .map(|start| Interval::lasting(office.zone.read(start).unwrap(), hour).unwrap());
    Counter {
        name,
        agenda: Agenda::new(office, booked, now()),
        rules,
        approval: Approval::default(),
    }
}

fn refusal(outcome: Wish) -> String {
    match outcome {
        Wish::Refused(told) => told,
        met @ (Wish::Book(..) | Wish::Propose(..)) => panic!("{met:?}"),
    }
}

#[test]
fn what_is_free_is_told_schedule_by_schedule() {
    let (berlin, tokyo) = (office("Europe/Berlin"), office("Asia/Tokyo"));
    let counters = [
        counter("Adams", &berlin, &["2026-12-02 10:00"], RULES),
        counter("Baker", &tokyo, &[], RULES),
    ];
    let wednesday = Some((date(2026, 12, 2), date(2026, 12, 2)));
    assert_eq!(
        find_slots(&counters, wednesday, now()),
        "Adams (times in Europe/Berlin, 60 minutes each): Wednesday 2026-12-02: 09:00, 11:00.\n\
         Baker (times in Asia/Tokyo, 60 minutes each): Wednesday 2026-12-02: 09:00, 10:00, 11:00."
    );
    let thursday = Some((date(2026, 12, 3), date(2026, 12, 3)));
    let told = find_slots(&counters, thursday, now());
    assert_eq!(told.matches("nothing is free then").count(), 2, "{told}");
    assert!(find_slots(&counters, None, now()).contains("2026-12-02: 09:00"));
    assert!(find_slots(&[], None, now()).contains("no schedule"));
}

#[test]
fn what_is_offered_can_lie_further_ahead_than_what_is_taken() {
    let berlin = office("Europe/Berlin");
    let rules = SlotRules {
        offer_from: "1_week".parse().unwrap(),
        book_from: "20_hours".parse().unwrap(),
        ..RULES
    };
    let counters = [counter("Adams", &berlin, &[], rules)];
    assert!(find_slots(&counters, None, now()).contains("nothing is free"));
    // It is 13:00 in Berlin: twenty hours ahead are 9:00 on Wednesday.
    let met = wish(&counters, "2026-12-02 09:00", None, now());
    assert!(matches!(met, Wish::Book(0, _)), "{met:?}");
    let told = refusal(wish(&counters, "2026-12-01 14:00", None, now()));
    assert!(
        told.contains("too soon") && told.contains("Wednesday 2026-12-02 09:00"),
        "{told}"
    );
}

#[test]
fn a_time_that_is_taken_is_refused_with_what_is_free() {
    let berlin = office("Europe/Berlin");
    let rules = SlotRules {
        suggestions: Some(Suggestions::default()),
        ..RULES
    };
    let booked = ["2026-12-02 10:00"];
    let told = |rules| {
        let counters = [counter("Adams", &berlin, &booked, rules)];
        refusal(wish(&counters, "2026-12-02 10:00", None, now()))
    };
    assert_eq!(
        told(rules),
        "Adams, Wednesday 2026-12-02 10:00: That time is taken. Free instead: Wednesday 2026-12-02 \
         09:00, Wednesday 2026-12-02 11:00, Wednesday 2026-12-09 09:00."
    );
    assert!(told(RULES).ends_with("That time is taken."));
}

#[test]
fn a_wish_goes_to_the_first_schedule_that_is_free_or_to_any() {
    let berlin = office("Europe/Berlin");
    let counters = [
        counter("Adams", &berlin, &["2026-12-02 10:00"], RULES),
        counter("Baker", &berlin, &[], RULES),
        counter("Clark", &berlin, &[], RULES),
    ];
    let chosen = |pick| match wish(&counters, "2026-12-02 10:00", pick, now()) {
        Wish::Book(index, _) => index,
        other @ (Wish::Propose(..) | Wish::Refused(_)) => panic!("{other:?}"),
    };
    assert_eq!(chosen(None), 1);
    assert_eq!(
        (0..4).map(|pick| chosen(Some(pick))).collect::<Vec<_>>(),
        [1, 2, 1, 2]
    );
}

#[test]
fn a_full_day_takes_nothing_more() {
    let berlin = office("Europe/Berlin");
    let rules = SlotRules {
        per_day: Some(1),
        ..RULES
    };
    let counters = [counter("Adams", &berlin, &["2026-12-02 10:00"], rules)];
    let told = refusal(wish(&counters, "2026-12-02 11:00", None, now()));
    assert!(told.contains("No more appointments"), "{told}");
}

#[test]
fn what_a_person_has_to_agree_to_is_proposed() {
    let berlin = office("Europe/Berlin");
    let approval = Approval {
        required: true,
        for_create: true,
        ..Approval::default()
    };
    let counters = [Counter {
        approval,
        ..counter("Adams", &berlin, &[], RULES)
    }];
    let met = wish(&counters, "2026-12-02 10:00", None, now());
    assert!(matches!(met, Wish::Propose(0, _)), "{met:?}");
}

#[test]
fn a_time_that_can_not_be_read_or_does_not_exist_is_told_as_such() {
    let berlin = office("Europe/Berlin");
    let counters = [counter("Adams", &berlin, &[], RULES)];
    let told = refusal(wish(&counters, "next week", None, now()));
    assert!(told.contains("2026-12-01 10:00"), "{told}");
    let told = refusal(wish(&counters, "2027-03-28 02:30", None, now()));
    assert!(told.contains("does not exist"), "{told}");
    assert!(refusal(wish(&[], "2026-12-02 10:00", None, now())).contains("no schedule"));
}
