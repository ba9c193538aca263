//! Schedules: what is kept of them, and that no two appointments share a time.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{
    AppointmentFields, AppointmentFilter, ChangeAppointmentError, Deletion, NewAvailabilityType,
    NewSchedule, NoRoom, PlaceError, Plan, Room, Store, StoreScheduleError,
};
use uuid::Uuid;

use crate::support::{at, open};

pub(crate) const ROOM: Room = Room {
    gap: SignedDuration::ZERO,
    limit: None,
};

/// Makes an availability type and a schedule with it.
pub(crate) async fn schedule(store: &Store) -> Uuid {
    let hours = NewAvailabilityType {
        name: "Hours".to_owned(),
        settings: json!({ "timezone": "UTC" }),
    };
    let hours = store.insert_availability_type(Uuid::now_v7(), &hours, at(0));
    let schedule = NewSchedule {
        name: "Desk".to_owned(),
        availability_type: hours.await.unwrap().id,
        details: json!({ "type": "appointment" }),
    };
    let made = store.insert_schedule(Uuid::now_v7(), &schedule, at(0));
    made.await.unwrap().id
}

/// An appointment from one minute to another.
pub(crate) fn fields(from: i64, until: i64) -> AppointmentFields {
    AppointmentFields {
        contact: None,
        title: "Check-up".to_owned(),
        description: None,
        start: minute(from),
        end: minute(until),
        status: "approved".to_owned(),
        notes: Some("First visit".to_owned()),
        custom_answers: json!({ "First visit?": true }),
        cancellation_reason: None,
    }
}

pub(crate) fn minute(minute: i64) -> Timestamp {
    at(60 * minute)
}

async fn book(
    store: &Store,
    schedule: Uuid,
    (from, until): (i64, i64),
    room: Room,
) -> Result<Uuid, PlaceError> {
    let fields = fields(from, until);
    let made = store.insert_appointment(Uuid::now_v7(), schedule, &fields, room, at(1));
    made.await.map(|made| made.id)
}

fn is_no_room(outcome: Result<Uuid, PlaceError>, reason: NoRoom) {
    assert!(
        matches!(outcome, Err(PlaceError::NoRoom(found)) if found == reason),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_appointment_is_kept_as_it_was_made() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let id = book(&store, schedule, (0, 30), ROOM).await.unwrap();
    let kept = store.appointment(id).await.unwrap().unwrap();
    assert_eq!((kept.schedule, kept.fields), (schedule, fields(0, 30)));
    assert_eq!((kept.created_at, kept.updated_at), (at(1), at(1)));
}

#[tokio::test]
async fn appointments_of_a_schedule_may_touch_and_not_overlap() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    book(&store, schedule, (60, 90), ROOM).await.unwrap();
    for (from, until) in [(60, 90), (59, 61), (89, 200), (0, 200), (70, 71)] {
        is_no_room(
            book(&store, schedule, (from, until), ROOM).await,
            NoRoom::Clash,
        );
    }
    book(&store, schedule, (30, 60), ROOM).await.unwrap();
    book(&store, schedule, (90, 91), ROOM).await.unwrap();
    let other = self::schedule(&store).await;
    book(&store, other, (60, 90), ROOM).await.unwrap();
}

#[tokio::test]
async fn a_long_appointment_leaves_no_room_before_its_end() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let week = 7 * 24 * 60;
    book(&store, schedule, (0, week), ROOM).await.unwrap();
    is_no_room(
        book(&store, schedule, (week - 1, week), ROOM).await,
        NoRoom::Clash,
    );
    book(&store, schedule, (week, week + 1), ROOM)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_gap_keeps_appointments_apart() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    book(&store, schedule, (60, 90), ROOM).await.unwrap();
    let room = Room {
        gap: SignedDuration::from_mins(10),
        ..ROOM
    };
    is_no_room(book(&store, schedule, (99, 100), room).await, NoRoom::Clash);
    is_no_room(book(&store, schedule, (50, 51), room).await, NoRoom::Clash);
    book(&store, schedule, (100, 101), room).await.unwrap();
    book(&store, schedule, (49, 50), room).await.unwrap();
}

#[tokio::test]
async fn no_more_appointments_begin_within_a_span_than_are_allowed() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let day = (minute(0), minute(24 * 60));
    let room = Room {
        limit: Some((day, 2)),
        ..ROOM
    };
    book(&store, schedule, (-10, 10), room).await.unwrap();
    book(&store, schedule, (10, 20), room).await.unwrap();
    book(&store, schedule, (20, 30), room).await.unwrap();
    is_no_room(book(&store, schedule, (30, 40), room).await, NoRoom::Full);
}

#[tokio::test]
async fn a_cancelled_appointment_leaves_its_time_and_needs_room_to_stand_again() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let first = book(&store, schedule, (0, 30), ROOM).await.unwrap();
    let set = async |status: &str| {
        let change = |before: &store::Appointment| {
            let fields = before.fields.clone();
            Ok::<_, ()>(AppointmentFields {
                status: status.to_owned(),
                ..fields
            })
        };
        store.change_appointment(first, change, ROOM, at(2)).await
    };
    set("cancelled").await.unwrap();
    let second = book(&store, schedule, (0, 30), ROOM).await.unwrap();
    let refused = set("approved").await;
    assert!(matches!(
        refused,
        Err(ChangeAppointmentError::NoRoom(NoRoom::Clash, _))
    ));
    assert_eq!(
        store
            .appointment(first)
            .await
            .unwrap()
            .unwrap()
            .fields
            .status,
        "cancelled"
    );
    assert!(store.delete_appointment(second).await.unwrap().is_some());
    assert!(store.delete_appointment(second).await.unwrap().is_none());
    assert_eq!(set("approved").await.unwrap().fields.status, "approved");
}

#[tokio::test]
async fn an_appointment_may_move_over_its_own_time() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let id = book(&store, schedule, (0, 30), ROOM).await.unwrap();
    book(&store, schedule, (40, 60), ROOM).await.unwrap();
    let moved = async |from, until| {
        let change = move |_: &store::Appointment| Ok::<_, ()>(fields(from, until));
        store.change_appointment(id, change, ROOM, at(2)).await
    };
    assert_eq!(moved(10, 40).await.unwrap().fields, fields(10, 40));
    let refused = moved(20, 50).await;
    let Err(ChangeAppointmentError::NoRoom(NoRoom::Clash, wished)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(wished.fields, fields(20, 50));
    assert_eq!(
        store.appointment(id).await.unwrap().unwrap().fields,
        fields(10, 40)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_appointments_made_at_once_for_one_time_one_is_made() {
    let (store, database) = open().await;
    let stores = [store.clone(), database.open_again().await];
    let schedule = schedule(&store).await;
    let booking: Vec<_> = (0..12)
        .map(|turn| {
            let store = stores[turn % 2].clone();
            let from = i64::try_from(turn).unwrap();
            tokio::spawn(async move { book(&store, schedule, (from, from + 30), ROOM).await })
        })
        .collect();
    let mut made = 0;
    for one in booking {
        match one.await.unwrap() {
            Ok(_) => made += 1,
            refused => is_no_room(refused, NoRoom::Clash),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn a_time_that_clocks_show_twice_is_two_times() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let at_half_past_two = |offset: &str| AppointmentFields {
        start: format!("2026-10-25T02:30:00{offset}").parse().unwrap(),
        end: format!("2026-10-25T03:00:00{offset}").parse().unwrap(),
        ..fields(0, 30)
    };
    let book = async |offset: &str| {
        let wish = at_half_past_two(offset);
        let made = store.insert_appointment(Uuid::now_v7(), schedule, &wish, ROOM, at(1));
        made.await.map(|made| made.id)
    };
    let summer = book("+02:00").await.unwrap();
    let winter = book("+01:00").await.unwrap();
    for (id, offset) in [(summer, "+02:00"), (winter, "+01:00")] {
        let kept = store.appointment(id).await.unwrap().unwrap();
        assert_eq!(kept.fields, at_half_past_two(offset));
        is_no_room(book(offset).await, NoRoom::Clash);
    }
}

#[tokio::test]
async fn appointments_are_listed_by_what_is_asked_for() {
    let (store, _database) = open().await;
    let (one, other) = (schedule(&store).await, schedule(&store).await);
    book(&store, one, (60, 90), ROOM).await.unwrap();
    book(&store, one, (0, 30), ROOM).await.unwrap();
    book(&store, other, (30, 60), ROOM).await.unwrap();
    let starts = async |filter: AppointmentFilter, limit| {
        let found = store.appointments(&filter, limit).await.unwrap();
        let starts = found
            .iter()
            .map(|one| one.fields.start.as_second() - at(0).as_second());
        starts.map(|second| second / 60).collect::<Vec<_>>()
    };
    let all = AppointmentFilter::default();
    assert_eq!(starts(all.clone(), 10).await, [0, 30, 60]);
    assert_eq!(starts(all.clone(), 2).await, [0, 30]);
    let of_one = AppointmentFilter {
        schedule: Some(one),
        ..all.clone()
    };
    assert_eq!(starts(of_one, 10).await, [0, 60]);
    let from = AppointmentFilter {
        from: Some(minute(30)),
        ..all.clone()
    };
    assert_eq!(starts(from, 10).await, [30, 60]);
    let until = AppointmentFilter {
        until: Some(minute(30)),
        ..all.clone()
    };
    assert_eq!(starts(until, 10).await, [0]);
    let cancelled = AppointmentFilter {
        status: Some("cancelled"),
        ..all
    };
    assert_eq!(starts(cancelled, 10).await, [0; 0]);
}

#[tokio::test]
async fn what_is_booked_is_known_by_its_spans() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let id = book(&store, schedule, (0, 60), ROOM).await.unwrap();
    book(&store, schedule, (90, 120), ROOM).await.unwrap();
    let booked = async |from, until, except| {
        let span = (minute(from), minute(until));
        store.booked(schedule, span, except).await.unwrap()
    };
    let (first, second) = ((minute(0), minute(60)), (minute(90), minute(120)));
    assert_eq!(booked(59, 91, None).await, [first, second]);
    assert_eq!(booked(60, 90, None).await, []);
    assert_eq!(booked(0, 200, Some(id)).await, [second]);
}

#[tokio::test]
async fn schedules_and_hours_that_something_needs_are_not_deleted() {
    let (store, _database) = open().await;
    let id = schedule(&store).await;
    let hours = store.schedule(id).await.unwrap().unwrap().availability_type;
    book(&store, id, (0, 30), ROOM).await.unwrap();
    let delete = async |now| store.delete_schedule(id, now).await.unwrap();
    assert_eq!(delete(minute(29)).await, Deletion::InUse);
    let delete_hours = async || store.delete_availability_type(hours, at(0)).await.unwrap();
    assert_eq!(delete_hours().await, Deletion::InUse);
    assert_eq!(delete(minute(30)).await, Deletion::Deleted);
    assert_eq!(delete(minute(30)).await, Deletion::Unknown);
    assert_eq!(store.schedules(None, 10).await.unwrap(), []);
    assert_eq!(
        store
            .appointments(&AppointmentFilter::default(), 10)
            .await
            .unwrap()
            .len(),
        1
    );
    is_no_room(
        book(&store, id, (60, 90), ROOM).await,
        NoRoom::UnknownSchedule,
    );
    assert_eq!(delete_hours().await, Deletion::Deleted);
    assert_eq!(delete_hours().await, Deletion::Unknown);
    assert_eq!(store.availability_types(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_schedule_needs_an_availability_type_of_its_workspace() {
    let (store, _database) = open().await;
    let id = schedule(&store).await;
    let before = store.schedule(id).await.unwrap().unwrap();
    let other = store
        .create_workspace("Other", Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&other.id);
    let new = NewSchedule {
        name: "Theirs".to_owned(),
        availability_type: before.availability_type,
        details: json!({}),
    };
    let refused = other.insert_schedule(Uuid::now_v7(), &new, at(0)).await;
    assert!(matches!(
        refused,
        Err(StoreScheduleError::UnknownAvailabilityType)
    ));
    let change = |_| {
        Ok::<_, ()>(NewSchedule {
            availability_type: Uuid::now_v7(),
            ..new.clone()
        })
    };
    let refused = store.change_schedule(id, change, at(1)).await;
    assert!(matches!(
        refused,
        Err(StoreScheduleError::UnknownAvailabilityType)
    ));
    assert_eq!(store.schedule(id).await.unwrap(), Some(before));
}

#[tokio::test]
async fn another_workspace_sees_nothing_of_schedules() {
    let (store, _database) = open().await;
    let id = schedule(&store).await;
    let appointment = book(&store, id, (0, 30), ROOM).await.unwrap();
    let other = store
        .create_workspace("Other", Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&other.id);
    assert_eq!(other.schedules(None, 10).await.unwrap(), []);
    assert_eq!(other.availability_types(10).await.unwrap(), []);
    assert_eq!(other.schedule(id).await.unwrap(), None);
    assert_eq!(other.appointment(appointment).await.unwrap(), None);
    assert_eq!(other.delete_appointment(appointment).await.unwrap(), None);
    assert_eq!(
        other
            .booked(id, (minute(0), minute(60)), None)
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        other.delete_schedule(id, at(0)).await.unwrap(),
        Deletion::Unknown
    );
    is_no_room(
        book(&other, id, (60, 90), ROOM).await,
        NoRoom::UnknownSchedule,
    );
    let change = |before: &store::Appointment| Ok::<_, ()>(before.fields.clone());
    let refused = other
        .change_appointment(appointment, change, ROOM, at(1))
        .await;
    assert!(matches!(refused, Err(ChangeAppointmentError::Unknown)));
}
