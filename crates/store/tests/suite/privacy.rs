//! People that are erased, and what is older than a workspace keeps it.

use store::{Announcement, EraseContactError, Person, Removed, Retention, Store};
use uuid::Uuid;

use super::furnished::{self, CONTACT, MARKS, NUMBER};
use crate::support::{EVENT, agent, at, completed, open, outbound, webhook};

#[tokio::test]
async fn of_an_erased_person_nothing_is_left_but_figures() {
    let (store, _database) = open().await;
    let (call, contact) = ended_call(&store, "+14155550101").await;
    let (other_call, other) = ended_call(&store, "+14155550102").await;
    let erased = store.erase_contact(contact, at(100)).await.unwrap();
    let expected = Removed {
        conversations: 1,
        calls: 1,
        messages: 2,
        summaries: 1,
        recordings: 1,
        webhook_messages: 1,
        tags: 0,
        field_values: 0,
        tasks: 0,
        pools: 0,
        appointment_requests: 0,
        appointments: 0,
        evaluations: 0,
        transcriptions: 0,
    };
    assert_eq!((erased.contact, erased.removed), (contact, expected));
    assert!(store.contact(contact).await.unwrap().is_none());
    let left = store.call(call).await.unwrap().unwrap();
    assert_eq!(
        (left.number.as_str(), left.contact, left.recording),
        ("", None, None)
    );
    assert_eq!(
        (left.summary, left.reason, left.ended_at),
        (None, None, Some(at(65)))
    );
    assert!(store.messages(left.conversation).await.unwrap().is_empty());

    let kept = store.call(other_call).await.unwrap().unwrap();
    assert_eq!(
        (kept.number.as_str(), kept.contact),
        ("+14155550102", Some(other))
    );
    assert_eq!(store.messages(kept.conversation).await.unwrap().len(), 2);
    assert_eq!(store.owed_deliveries().await.unwrap(), 1);
}

#[tokio::test]
async fn no_column_of_any_table_tells_of_an_erased_person() {
    for is_deleted_before in [false, true] {
        let (store, _database) = open().await;
        let mut rows = furnished::rows();
        if is_deleted_before {
            // Whose it was is noted when the contact goes.
            let noted = format!("\"former_number\": \"{NUMBER}\"");
            for row in &mut rows {
                *row = row.replace(&noted, "\"former_number\": null");
            }
        }
        furnished::furnish(&store, &rows).await;
        let before = telling(&store).await;
        assert!(before.len() > 20, "{before:#?}");
        if is_deleted_before {
            store.delete_contact(CONTACT).await.unwrap().unwrap();
            let person = Person {
                number: Some(NUMBER.to_owned()),
                ..Person::default()
            };
            store.erase_person(&person, at(100)).await.unwrap();
        } else {
            store.erase_contact(CONTACT, at(100)).await.unwrap();
        }
        let left = telling(&store).await;
        assert_eq!(left.len(), 1, "{left:#?}");
        // So that it is not called again.
        assert!(left[0].contains("\"table\":\"do_not_call\""), "{left:?}");
        assert!(left[0].contains("\"reason\":null"), "{left:?}");
    }
}

/// The rows of a workspace that tell of the person of whom a furnished one tells.
async fn telling(store: &Store) -> Vec<String> {
    let lines = furnished::export(store).await.into_iter();
    let tells = |line: &String| {
        let line = line.to_lowercase();
        MARKS.iter().any(|mark| line.contains(mark))
    };
    lines.filter(tells).collect()
}

#[tokio::test]
async fn what_a_deleted_contact_left_is_found_by_its_address_alone() {
    let (store, _database) = open().await;
    let mut rows = furnished::rows();
    for row in &mut rows {
        let number = format!("\"{NUMBER}\"");
        if !row.contains("\"calls\"") && !row.contains("\"whatsapp_messages\"") {
            *row = row.replace(&format!("\"number\": {number}"), "\"number\": null");
            *row = row.replace(
                &format!("\"contact_phone\": {number}"),
                "\"contact_phone\": null",
            );
            *row = row.replace(
                &format!("\"former_number\": {number}"),
                "\"former_number\": null",
            );
        }
    }
    rows.retain(|row| !row.contains("\"table\": \"do_not_call\""));
    furnished::furnish(&store, &rows).await;
    store.delete_contact(CONTACT).await.unwrap().unwrap();
    let person = Person {
        email: Some("Adamina@person.example".to_owned()),
        ..Person::default()
    };
    let erased = store.erase_person(&person, at(100)).await.unwrap();
    let removed = erased.removed;
    assert_eq!((removed.tasks, removed.appointments), (1, 1));
    assert_eq!(
        (removed.appointment_requests, removed.transcriptions),
        (1, 1)
    );
}

#[tokio::test]
async fn an_erasure_is_open_until_the_files_of_its_last_call_are_gone() {
    let (store, database) = open().await;
    let (call, contact) = ended_call(&store, "+14155550101").await;
    let erased = store.erase_contact(contact, at(100)).await.unwrap();
    assert_eq!(erased.finished_at, None);
    store.close().await;

    let store = database.open_again().await;
    let open = store.erased_calls(None, 10).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].call, open[0].erasure), (call, erased.id));
    assert_eq!(
        open[0].recording.as_deref(),
        Some("/data/recordings/1.wav".as_ref())
    );
    store.settle_erased_call(&open[0], at(200)).await.unwrap();
    assert!(store.erased_calls(None, 10).await.unwrap().is_empty());
    let found = store.erasure(erased.id).await.unwrap().unwrap();
    assert_eq!(found.finished_at, Some(at(200)));
}

#[tokio::test]
async fn whoever_is_in_a_call_is_not_erased() {
    let (store, _database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let begun = store
        .begin_call(&outbound(new.id, "+14155550101"))
        .await
        .unwrap();
    let contact = begun.contact.unwrap();
    let refused = store.erase_contact(contact, at(1)).await;
    assert!(matches!(refused, Err(EraseContactError::InCall)));
    assert!(store.contact(contact).await.unwrap().is_some());
}

#[tokio::test]
async fn nobody_is_erased_from_another_workspace() {
    let (store, _database) = open().await;
    let (_, contact) = ended_call(&store, "+14155550101").await;
    let made = store
        .create_workspace("Other", store::Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&made.id);
    let refused = other.erase_contact(contact, at(1)).await;
    assert!(matches!(refused, Err(EraseContactError::Unknown)));
    let erased = store.erase_contact(contact, at(1)).await.unwrap();
    assert!(other.erasure(erased.id).await.unwrap().is_none());
}

#[tokio::test]
async fn each_workspace_says_how_long_it_keeps_things() {
    let (store, _database) = open().await;
    assert_eq!(store.retention().await.unwrap(), Retention::default());
    store.set_retention(Some(30), None).await.unwrap();
    let both = store.set_retention(None, Some(7)).await.unwrap();
    assert_eq!((both.recording_days, both.transcript_days), (30, 7));
    assert_eq!(store.retention().await.unwrap(), both);
    let made = store
        .create_workspace("Other", store::Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&made.id);
    assert_eq!(other.retention().await.unwrap(), Retention::default());
}

#[tokio::test]
async fn only_recordings_of_calls_that_ended_before_are_old() {
    let (store, _database) = open().await;
    let (call, _) = ended_call(&store, "+14155550101").await;
    assert!(
        store
            .recordings_before(at(65), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let old = store.recordings_before(at(66), None, 10).await.unwrap();
    assert_eq!((old.len(), old[0].call), (1, call));
    assert!(
        store
            .recordings_before(at(66), Some(call), 10)
            .await
            .unwrap()
            .is_empty()
    );
    store.forget_recording(call).await.unwrap();
    assert!(
        store
            .recordings_before(at(66), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn old_transcripts_are_forgotten_a_few_at_a_time() {
    let (store, _database) = open().await;
    for number in ["+14155550101", "+14155550102", "+14155550103"] {
        ended_call(&store, number).await;
    }
    assert_eq!(store.forget_transcripts(at(65), 2).await.unwrap(), 0);
    assert_eq!(store.forget_transcripts(at(66), 2).await.unwrap(), 2);
    assert_eq!(store.forget_transcripts(at(66), 2).await.unwrap(), 1);
    assert_eq!(store.forget_transcripts(at(66), 2).await.unwrap(), 0);
    let calls = store
        .calls(&store::CallFilter::default(), 1, 15)
        .await
        .unwrap();
    for call in calls.items {
        assert_eq!(call.summary, None);
        assert!(store.messages(call.conversation).await.unwrap().is_empty());
    }
}

/// A call with this number that ended at second 65, with a report that is owed; and its contact.
async fn ended_call(store: &Store, number: &str) -> (Uuid, Uuid) {
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let hook = webhook(new.id, "https://example.com", &[EVENT]);
    store.add_webhook(&hook, 5, at(0)).await.unwrap();
    let call = outbound(new.id, number);
    let begun = store.begin_call(&call).await.unwrap();
    let report = Announcement {
        event: EVENT,
        payload: format!(r#"{{"conversation_id":"{}"}}"#, call.conversation),
    };
    let owed = store
        .end_call(&completed(&call), &[report], at(65))
        .await
        .unwrap();
    assert_eq!(owed, Some(1));
    (call.id, begun.contact.unwrap())
}
