//! Requests for appointments, and how agents book.

use serde_json::json;
use store::{
    AppointmentFields, AppointmentFilter, AppointmentRequestFilter, ContactFilter, DecideError,
    NewAppointmentRequest, NoRoom, Person, PlaceError, RequestDecision, RequestKind, Store,
};
use uuid::Uuid;

use super::schedules::{ROOM, fields, minute, schedule};
use crate::support::{agent, at, open};

fn request(schedule: Uuid) -> NewAppointmentRequest {
    NewAppointmentRequest {
        id: Uuid::now_v7(),
        kind: RequestKind::Create,
        schedule,
        contact: None,
        party: Person {
            name: Some("Ada".to_owned()),
            surname: Some("Byron".to_owned()),
            email: Some("ada@example.com".to_owned()),
            number: None,
        },
        appointment: None,
        title: "Check-up".to_owned(),
        description: None,
        start: minute(0),
        end: minute(30),
        notes: None,
    }
}

fn approval() -> RequestDecision {
    RequestDecision::Approve {
        appointment: Uuid::now_v7(),
        note: Some("See you".to_owned()),
        room: ROOM,
    }
}

async fn asked(store: &Store, new: &NewAppointmentRequest) -> Uuid {
    store
        .insert_appointment_request(new, at(1))
        .await
        .unwrap()
        .asked
        .id
}

#[tokio::test]
async fn an_approved_request_becomes_an_appointment() {
    let (store, _database) = open().await;
    let new = request(schedule(&store).await);
    let id = asked(&store, &new).await;
    let approved = store
        .decide_appointment_request(id, &approval(), at(2))
        .await
        .unwrap();
    assert_eq!(
        (approved.status.as_str(), approved.approved_at),
        ("approved", Some(at(2)))
    );
    assert_eq!(approved.approval_note.as_deref(), Some("See you"));
    let made = approved.asked.appointment.unwrap();
    let made = store.appointment(made).await.unwrap().unwrap();
    assert_eq!((made.fields.start, made.fields.end), (new.start, new.end));
    assert_eq!(
        (made.schedule, made.fields.status.as_str()),
        (new.schedule, "approved")
    );
}

#[tokio::test]
async fn a_request_is_decided_once() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let rejection = RequestDecision::Reject {
        reason: Some("Closed".to_owned()),
    };
    for (decision, status) in [
        (approval(), "approved"),
        (rejection.clone(), "rejected"),
        (RequestDecision::Cancel, "cancelled"),
    ] {
        let id = asked(&store, &request(schedule)).await;
        let decided = store
            .decide_appointment_request(id, &decision, at(2))
            .await
            .unwrap();
        assert_eq!(decided.status, status);
        for again in [approval(), rejection.clone(), RequestDecision::Cancel] {
            let refused = store.decide_appointment_request(id, &again, at(3)).await;
            assert!(matches!(refused, Err(DecideError::Decided(found)) if found == status));
        }
        assert_eq!(store.appointment_request(id).await.unwrap(), Some(decided));
    }
    assert_eq!(
        store
            .appointments(&AppointmentFilter::default(), 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_request_without_room_stays_pending() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let id = asked(&store, &request(schedule)).await;
    let taken = fields(29, 60);
    let made = store.insert_appointment(Uuid::now_v7(), schedule, &taken, ROOM, at(1));
    made.await.unwrap();
    let refused = store
        .decide_appointment_request(id, &approval(), at(2))
        .await;
    assert!(matches!(
        refused,
        Err(DecideError::Place(PlaceError::NoRoom(NoRoom::Clash)))
    ));
    assert_eq!(
        store.appointment_request(id).await.unwrap().unwrap().status,
        "pending"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_approved_twice_at_once_becomes_one_appointment() {
    let (store, database) = open().await;
    let other = database.open_again().await;
    let id = asked(&store, &request(schedule(&store).await)).await;
    let approve = |store: Store| {
        tokio::spawn(async move {
            store
                .decide_appointment_request(id, &approval(), at(2))
                .await
        })
    };
    let (one, two) = (approve(store.clone()), approve(other));
    let outcomes = [one.await.unwrap().is_ok(), two.await.unwrap().is_ok()];
    assert_eq!(outcomes.iter().filter(|is_ok| **is_ok).count(), 1);
    assert_eq!(
        store
            .appointments(&AppointmentFilter::default(), 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_request_can_ask_for_a_move_or_a_cancellation() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let booked = fields(0, 30);
    let about = store.insert_appointment(Uuid::now_v7(), schedule, &booked, ROOM, at(1));
    let about = about.await.unwrap().id;
    let of_kind = |kind| NewAppointmentRequest {
        kind,
        appointment: Some(about),
        start: minute(60),
        end: minute(90),
        notes: Some("They are ill".to_owned()),
        ..request(schedule)
    };
    let id = asked(&store, &of_kind(RequestKind::Reschedule)).await;
    store
        .decide_appointment_request(id, &approval(), at(2))
        .await
        .unwrap();
    let moved = store.appointment(about).await.unwrap().unwrap().fields;
    assert_eq!(moved, fields(60, 90));
    let id = asked(&store, &of_kind(RequestKind::Cancel)).await;
    store
        .decide_appointment_request(id, &approval(), at(3))
        .await
        .unwrap();
    let cancelled = store.appointment(about).await.unwrap().unwrap().fields;
    let expected = AppointmentFields {
        status: "cancelled".to_owned(),
        cancellation_reason: Some("They are ill".to_owned()),
        ..fields(60, 90)
    };
    assert_eq!(cancelled, expected);
    let id = asked(&store, &of_kind(RequestKind::Reschedule)).await;
    let refused = store
        .decide_appointment_request(id, &approval(), at(4))
        .await;
    assert!(matches!(refused, Err(DecideError::AppointmentGone)));
    store.delete_appointment(about).await.unwrap();
    let refused = store
        .decide_appointment_request(id, &approval(), at(4))
        .await;
    assert!(matches!(refused, Err(DecideError::AppointmentGone)));
}

#[tokio::test]
async fn who_asks_with_a_number_is_a_contact_from_then_on() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let with_phone = |phone: &str| {
        let mut new = request(schedule);
        new.party.number = Some(phone.to_owned());
        new
    };
    let first = store
        .insert_appointment_request(&with_phone("+14155550123"), at(1))
        .await
        .unwrap();
    let again = store
        .insert_appointment_request(&with_phone("+14155550123"), at(2))
        .await
        .unwrap();
    assert!(first.asked.contact.is_some());
    assert_eq!(first.asked.contact, again.asked.contact);
    assert_eq!((first.number, again.number), (1, 2));
    assert_eq!(first.asked.party.email.as_deref(), Some("ada@example.com"));
    assert_eq!(
        store
            .contacts(&ContactFilter::default(), 1, 15)
            .await
            .unwrap()
            .total,
        1
    );
}

#[tokio::test]
async fn who_asks_is_found_by_number_and_then_by_address() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let ask = async |number: Option<&str>, email: Option<&str>| {
        let mut new = request(schedule);
        new.party.number = number.map(str::to_owned);
        new.party.email = email.map(str::to_owned);
        let made = store.insert_appointment_request(&new, at(1)).await.unwrap();
        made.asked.contact
    };
    let ada = ask(None, Some("ada@example.com")).await;
    assert!(ada.is_some());
    assert_eq!(ask(None, Some("ADA@example.com")).await, ada);
    // The number becomes known, and from then on is who has another one somebody else.
    assert_eq!(
        ask(Some("+14155550123"), Some("ada@example.com")).await,
        ada
    );
    assert_eq!(ask(Some("+14155550123"), None).await, ada);
    assert_ne!(
        ask(Some("+14155550124"), Some("ada@example.com")).await,
        ada
    );
    assert_eq!(ask(None, None).await, None);
    let known = store.contact(ada.unwrap()).await.unwrap().unwrap().details;
    assert_eq!(
        (known.name.as_deref(), known.surname.as_deref()),
        (Some("Ada"), Some("Byron"))
    );
}

#[tokio::test]
async fn an_erased_person_is_in_no_appointment_and_no_request() {
    let (store, _database) = open().await;
    let schedule = schedule(&store).await;
    let id = asked(&store, &request(schedule)).await;
    let ada = store.appointment_request(id).await.unwrap().unwrap().asked;
    let booked = AppointmentFields {
        contact: ada.contact,
        description: Some("About Ada".to_owned()),
        cancellation_reason: Some("Ada is ill".to_owned()),
        ..fields(60, 90)
    };
    let booked = store.insert_appointment(Uuid::now_v7(), schedule, &booked, ROOM, at(1));
    let booked = booked.await.unwrap().id;
    let theirs = fields(90, 99);
    let other = store.insert_appointment(Uuid::now_v7(), schedule, &theirs, ROOM, at(1));
    let other = other.await.unwrap();
    // Of somebody else's making, about her appointment.
    let about_hers = NewAppointmentRequest {
        kind: RequestKind::Cancel,
        appointment: Some(booked),
        party: Person::default(),
        notes: Some("Ada is ill".to_owned()),
        ..request(schedule)
    };
    let about_hers = asked(&store, &about_hers).await;
    let decided = store.decide_appointment_request(about_hers, &RequestDecision::Cancel, at(2));
    decided.await.unwrap();

    let erased = store
        .erase_contact(ada.contact.unwrap(), at(3))
        .await
        .unwrap();
    assert_eq!(
        (
            erased.removed.appointments,
            erased.removed.appointment_requests
        ),
        (1, 2)
    );
    let left = store.appointment(booked).await.unwrap().unwrap().fields;
    let expected = AppointmentFields {
        title: String::new(),
        notes: None,
        custom_answers: json!({}),
        ..fields(60, 90)
    };
    assert_eq!(left, expected);
    assert_eq!(store.appointment(other.id).await.unwrap(), Some(other));
    for request in [id, about_hers] {
        let left = store.appointment_request(request).await.unwrap().unwrap();
        assert_eq!(left.status, "cancelled");
        assert_eq!(
            (left.asked.contact, left.asked.party),
            (None, Person::default())
        );
        assert_eq!((left.asked.title.as_str(), left.asked.notes), ("", None));
    }
}

#[tokio::test]
async fn a_contact_that_does_not_exist_asks_for_nothing() {
    let (store, _database) = open().await;
    let mut new = request(schedule(&store).await);
    new.contact = Some(Uuid::now_v7());
    let refused = store.insert_appointment_request(&new, at(1)).await;
    assert!(matches!(
        refused,
        Err(PlaceError::NoRoom(NoRoom::UnknownContact))
    ));
}

#[tokio::test]
async fn requests_are_listed_by_what_is_asked_for() {
    let (store, _database) = open().await;
    let (one, other) = (schedule(&store).await, schedule(&store).await);
    let first = asked(&store, &request(one)).await;
    let second = asked(&store, &request(other)).await;
    store
        .decide_appointment_request(second, &RequestDecision::Cancel, at(2))
        .await
        .unwrap();
    let listed = async |filter: AppointmentRequestFilter| {
        let found = store.appointment_requests(&filter, 10).await.unwrap();
        found.iter().map(|one| one.asked.id).collect::<Vec<_>>()
    };
    let all = AppointmentRequestFilter::default();
    assert_eq!(listed(all.clone()).await, [first, second]);
    let pending = AppointmentRequestFilter {
        status: Some("pending"),
        ..all.clone()
    };
    assert_eq!(listed(pending).await, [first]);
    let of_other = AppointmentRequestFilter {
        schedule: Some(other),
        ..all.clone()
    };
    assert_eq!(listed(of_other).await, [second]);
    let later = AppointmentRequestFilter {
        from: Some(minute(1)),
        ..all
    };
    assert!(listed(later).await.is_empty());
}

#[tokio::test]
async fn how_an_agent_books_is_kept_and_replaced() {
    let (store, _database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    assert_eq!(store.agent_booking(new.id).await.unwrap(), None);
    for settings in [json!({ "enabled": true }), json!({ "enabled": false })] {
        let put = store
            .put_agent_booking(new.id, &settings, at(1))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((&put.settings, put.updated_at), (&settings, at(1)));
        assert_eq!(store.agent_booking(new.id).await.unwrap(), Some(put));
    }
    let unknown = store
        .put_agent_booking(Uuid::now_v7(), &json!({}), at(1))
        .await;
    assert_eq!(unknown.unwrap(), None);
}
