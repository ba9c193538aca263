//! What an agent can offer and take in its schedules.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use calendar::{
    Agenda, Approval, Availability, CancelRefusal, CancelWish, Cancelling, Counter, Interval,
    MovePolicy, MoveWish, Moving, OpenHours, Pattern, SlotRules, Suggestions, Week, Wish, Zone,
    find_slots, wish, wish_to_cancel, wish_to_move,
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
        clocks: None,
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

#[test]
fn a_time_may_be_said_as_people_say_it() {
    let berlin = office("Europe/Berlin");
    let counters = [counter("Adams", &berlin, &["2026-12-02 10:00"], RULES)];
    let booked = |start: &str| match wish(&counters, start, None, now()) {
        Wish::Book(_, slot) => slot.start().to_string(),
        other @ (Wish::Propose(..) | Wish::Refused(_)) => panic!("{start}: {other:?}"),
    };
    assert_eq!(booked("Tomorrow at nine, please."), "2026-12-02T08:00:00Z");
    assert_eq!(
        booked("Wednesday the ninth at eleven"),
        "2026-12-09T10:00:00Z"
    );
    let told = refusal(wish(&counters, "tomorrow at ten", None, now()));
    assert!(told.contains("That time is taken"), "{told}");
}

#[test]
fn who_names_no_time_is_told_what_is_free() {
    let berlin = office("Europe/Berlin");
    let counters = [counter("Adams", &berlin, &["2026-12-02 10:00"], RULES)];
    let told = refusal(wish(&counters, "I need an appointment", None, now()));
    assert!(
        told.contains("A day and a time are needed")
            && told.ends_with("Wednesday 2026-12-02: 09:00, 11:00."),
        "{told}"
    );
}

#[test]
fn times_are_told_and_meant_on_the_clocks_of_who_asks() {
    let (berlin, clocks) = (office("Europe/Berlin"), Zone::named("Asia/Tokyo").unwrap());
    let rules = SlotRules {
        suggestions: Some(Suggestions::default()),
        ..RULES
    };
    let counters = [Counter {
        clocks: Some(&clocks),
        ..counter("Adams", &berlin, &["2026-12-02 10:00"], rules)
    }];
    assert_eq!(
        find_slots(&counters, None, now()),
        "Adams (times in Asia/Tokyo, 60 minutes each): Wednesday 2026-12-02: 17:00, 19:00."
    );
    let met = wish(&counters, "2026-12-02 17:00", None, now());
    let Wish::Book(0, slot) = met else {
        panic!("{met:?}");
    };
    assert_eq!(slot.start().to_string(), "2026-12-02T08:00:00Z");
    let told = refusal(wish(&counters, "2026-12-02 18:00", None, now()));
    assert!(
        told.contains("Free instead: Wednesday 2026-12-02 17:00, Wednesday 2026-12-02 19:00"),
        "{told}"
    );
}

/// A booking of an hour and a half.
fn long_one() -> Interval {
    let start = "2026-12-02T08:00:00Z".parse().unwrap();
    Interval::lasting(start, SignedDuration::from_mins(90)).unwrap()
}

#[test]
fn a_booking_that_is_moved_stays_as_long_as_it_is() {
    let berlin = office("Europe/Berlin");
    let desk = counter("Adams", &berlin, &[], RULES);
    let moved = |to| wish_to_move(&desk, Moving::default(), long_one(), to, now());
    let half_past_ten = Interval::lasting(
        "2026-12-02T09:30:00Z".parse().unwrap(),
        SignedDuration::from_mins(90),
    );
    assert_eq!(
        moved("2026-12-02 10:30"),
        MoveWish::Move(half_past_ten.unwrap())
    );
    let MoveWish::Refused(told) = moved("2026-12-02 11:00") else {
        panic!("it would end after the hours");
    };
    assert!(told.contains("closed"), "{told}");
}

#[test]
fn a_move_is_refused_or_proposed_as_its_rules_say() {
    let berlin = office("Europe/Berlin");
    let desk = counter("Adams", &berlin, &[], RULES);
    let by = |policy, desk: &Counter<'_>| {
        let moving = Moving {
            policy,
            ..Moving::default()
        };
        wish_to_move(desk, moving, long_one(), "2026-12-09 09:00", now())
    };
    let told = by(MovePolicy::Denied, &desk);
    assert!(
        matches!(&told, MoveWish::Refused(why) if why.contains("not moved")),
        "{told:?}"
    );
    let told = by(MovePolicy::Approval, &desk);
    assert!(matches!(told, MoveWish::Propose(_)), "{told:?}");
    let watched = Counter {
        approval: Approval {
            required: true,
            for_reschedule: true,
            ..Approval::default()
        },
        ..desk.clone()
    };
    let told = by(MovePolicy::Allowed, &watched);
    assert!(matches!(told, MoveWish::Propose(_)), "{told:?}");
}

#[test]
fn a_cancellation_is_refused_or_proposed_as_its_rules_say() {
    let cancelling = Cancelling {
        needs_reason: true,
        ..Cancelling::default()
    };
    let start = long_one().start();
    let asked = |approval, reason| wish_to_cancel(cancelling, approval, start, reason, now());
    assert_eq!(
        asked(Approval::default(), None),
        CancelWish::Refused(CancelRefusal::NeedsReason)
    );
    assert_eq!(asked(Approval::default(), Some("ill")), CancelWish::Cancel);
    let approval = Approval {
        required: true,
        for_cancel: true,
        ..Approval::default()
    };
    assert_eq!(asked(approval, Some("ill")), CancelWish::Propose);
}
