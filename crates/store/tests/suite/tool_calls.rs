//! What agents had done in calls.

use store::{Announcement, NewToolCall, Store, ToolAnswer};
use uuid::Uuid;

use crate::support::{agent, at, completed, open, outbound, report, webhook};

#[tokio::test]
async fn a_use_of_a_tool_is_noted_once_and_then_answered_once() {
    let (store, _database) = open().await;
    let used = called(&store, 0).await;
    let told = [told()];
    assert_eq!(store.note_tool_call(&used, &told).await.unwrap(), 1);
    // After a crash, the same event may be written down again.
    assert_eq!(store.note_tool_call(&used, &told).await.unwrap(), 0);
    let open = store.tool_calls(used.conversation).await.unwrap();
    let [one] = open.as_slice() else {
        unreachable!("one was noted")
    };
    assert_eq!((one.call, one.number), (used.call, 0));
    assert_eq!(one.tool, "book_a_table");
    assert_eq!(one.intent, used.intent.as_ref().map(|(id, _)| *id));
    assert_eq!(one.intent_name.as_deref(), Some("Book a table"));
    assert_eq!(one.arguments, r#"{"guests":4}"#);
    assert_eq!((one.called_at, &one.status), (at(10), &None));

    let answer = ToolAnswer {
        call: used.call,
        number: 0,
        status: "done",
        text: "It is\0 booked.".to_owned(),
        spoken: true,
        took_ms: 420,
    };
    store.note_tool_answer(&answer).await.unwrap();
    let late = ToolAnswer {
        status: "timed_out",
        ..answer
    };
    store.note_tool_answer(&late).await.unwrap();
    let [one] = &store.tool_calls(used.conversation).await.unwrap()[..] else {
        unreachable!("one was noted")
    };
    assert_eq!(one.status.as_deref(), Some("done"));
    assert_eq!(one.answer.as_deref(), Some("It is\u{fffd} booked."));
    assert_eq!((one.spoken, one.took_ms), (true, Some(420)));
}

#[tokio::test]
async fn uses_of_tools_are_listed_in_their_order() {
    let (store, _database) = open().await;
    let first = called(&store, 0).await;
    let mut second = first.clone();
    second.number = 1;
    second.intent = None;
    for used in [&second, &first] {
        store.note_tool_call(used, &[]).await.unwrap();
    }
    let numbers = |used: &[store::ToolCallRecord]| -> Vec<u64> {
        used.iter().map(|one| one.number).collect()
    };
    let all = store.tool_calls(first.conversation).await.unwrap();
    assert_eq!(numbers(&all), [0, 1]);
    assert_eq!((all[1].intent, &all[1].intent_name), (None, &None));
}

#[tokio::test]
async fn another_workspace_neither_notes_nor_sees_a_use_of_a_tool() {
    let (store, _database) = open().await;
    let used = called(&store, 0).await;
    let plan = store::Plan::Free;
    let made = store.create_workspace("Other", plan, at(0)).await.unwrap();
    let other = store.in_workspace(&made.id);
    let told = [told()];
    assert_eq!(other.note_tool_call(&used, &told).await.unwrap(), 0);
    store.note_tool_call(&used, &told).await.unwrap();
    let seen = other.tool_calls(used.conversation).await.unwrap();
    assert!(seen.is_empty());
}

#[tokio::test]
async fn uses_of_tools_are_erased_with_the_person_and_forgotten_with_the_words() {
    let (store, _database) = open().await;
    for is_erased in [true, false] {
        let used = called(&store, 0).await;
        store.note_tool_call(&used, &[]).await.unwrap();
        let call = store.call(used.call).await.unwrap().unwrap();
        let end = store::CallEnd {
            transcript: Vec::new(),
            summary: None,
            ..completed(&outbound(call.agent, "+14155550123"))
        };
        let end = store::CallEnd {
            call: used.call,
            conversation: used.conversation,
            ..end
        };
        store.end_call(&end, &[report()], at(65)).await.unwrap();
        if is_erased {
            let contact = call.contact.unwrap();
            store.erase_contact(contact, at(100)).await.unwrap();
        } else {
            assert_eq!(store.forget_transcripts(at(66), 9).await.unwrap(), 1);
            assert_eq!(store.forget_transcripts(at(66), 9).await.unwrap(), 0);
        }
        let left = store.tool_calls(used.conversation).await.unwrap();
        assert!(left.is_empty(), "{is_erased}");
    }
}

fn told() -> Announcement {
    Announcement {
        event: "intent_call",
        payload: r#"{"event":"intent.call"}"#.to_owned(),
    }
}

/// The beginning of a use of a tool, in a call that goes on.
async fn called(store: &Store, number: u32) -> NewToolCall {
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let hook = webhook(new.id, "https://example.com", &["intent_call"]);
    store.add_webhook(&hook, 5, at(0)).await.unwrap();
    let call = outbound(new.id, "+14155550123");
    store.begin_call(&call).await.unwrap();
    NewToolCall {
        call: call.id,
        number,
        conversation: call.conversation,
        tool: "book_a_table".to_owned(),
        intent: Some((Uuid::now_v7(), "Book a table".to_owned())),
        arguments: r#"{"guests":4}"#.to_owned(),
        at: at(10),
    }
}
