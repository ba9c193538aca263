//! Conversations, their sessions and messages as lists see them.

use store::{ConversationFilter, MessageFilter, NewCall, Store};
use uuid::Uuid;

use crate::support::{Database, agent, at, completed, open, outbound, report, turn};

#[tokio::test]
async fn a_call_is_one_session_of_its_conversation() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    let begun = store.begin_call(&call).await.unwrap();
    let open = store
        .conversation(call.conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (open.sessions.as_slice(), open.ended_at),
        (&[call.id][..], None)
    );
    assert_eq!(open.contact.as_ref().map(|one| one.id), begun.contact);
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!(
        (session.conversation, session.call),
        (call.conversation, Some(call.id))
    );
    assert_eq!((session.ended_at, session.summary), (None, None));

    store
        .append_message(call.conversation, &turn("caller", "Hi."), &[], at(9))
        .await
        .unwrap();
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!(session.last_activity_at, at(9));

    store
        .end_call(&completed(&call), &[report()], at(66))
        .await
        .unwrap();
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!(session.ended_at, Some(at(65)));
    assert_eq!(session.summary.as_deref(), Some("They said hello."));
    assert_eq!(session.summary_generated_at, Some(at(66)));
    let closed = store
        .conversation(call.conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((closed.ended_at, closed.updated_at), (Some(at(65)), at(65)));
    let short = closed.call.unwrap();
    assert_eq!(
        (short.id, short.duration.as_secs(), short.is_recorded),
        (call.id, 60, true)
    );
    let ended = store
        .sessions(call.conversation, Some(false), 1, 15)
        .await
        .unwrap();
    assert_eq!((ended.total, ended.items), (1, vec![session]));
    let live = store
        .sessions(call.conversation, Some(true), 1, 15)
        .await
        .unwrap();
    assert_eq!((live.total, live.items.len()), (0, 0));
}

#[tokio::test]
async fn conversations_are_filtered_and_sorted() {
    let (store, agent, _database) = with_agent().await;
    let mut ids = Vec::new();
    for (second, number) in [
        (0, "+14155550123"),
        (1, "+14155550124"),
        (2, "+4915112345678"),
    ] {
        let call = NewCall {
            at: at(second),
            ..outbound(agent, number)
        };
        store.begin_call(&call).await.unwrap();
        ids.push(call);
    }
    store
        .end_call(&completed(&ids[0]), &[report()], at(66))
        .await
        .unwrap();
    let [first, second, third] = [0, 1, 2].map(|nth: usize| ids[nth].conversation);
    let all = ConversationFilter::default();
    assert_eq!(listed(&store, &all).await, [third, second, first]);
    let ascending = ConversationFilter {
        is_ascending: true,
        ..all.clone()
    };
    assert_eq!(listed(&store, &ascending).await, [first, second, third]);
    let changed = ConversationFilter {
        by_change: true,
        ..all.clone()
    };
    assert_eq!(listed(&store, &changed).await, [first, third, second]);
    let number = ConversationFilter {
        number: Some("55501".to_owned()),
        ..all.clone()
    };
    assert_eq!(listed(&store, &number).await, [second, first]);
    let open = ConversationFilter {
        is_open: Some(true),
        ..all.clone()
    };
    assert_eq!(listed(&store, &open).await, [third, second]);
    let closed = ConversationFilter {
        is_open: Some(false),
        ..all.clone()
    };
    assert_eq!(listed(&store, &closed).await, [first]);
    let other = ConversationFilter {
        channel: Some("sms".to_owned()),
        ..all.clone()
    };
    assert!(listed(&store, &other).await.is_empty());
    let stranger = ConversationFilter {
        agent: Some(Uuid::now_v7()),
        ..all.clone()
    };
    assert!(listed(&store, &stranger).await.is_empty());
    let page = store.conversations(&all, 2, 2).await.unwrap();
    assert_eq!(
        (page.total, page.items.len(), page.items[0].id),
        (3, 1, first)
    );
}

#[tokio::test]
async fn what_belongs_to_another_workspace_is_not_there() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    store.begin_call(&call).await.unwrap();
    let made = store.create_workspace("Other", store::Plan::Free, at(0));
    let other = store.in_workspace(&made.await.unwrap().id);
    assert!(
        other
            .conversation(call.conversation)
            .await
            .unwrap()
            .is_none()
    );
    assert!(other.session(call.id).await.unwrap().is_none());
    assert!(
        listed(&other, &ConversationFilter::default())
            .await
            .is_empty()
    );
    assert_eq!(
        other
            .sessions(call.conversation, None, 1, 15)
            .await
            .unwrap()
            .total,
        0
    );
}

#[tokio::test]
async fn messages_are_paged_either_way_and_by_who_spoke() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    store.begin_call(&call).await.unwrap();
    let mut end = completed(&call);
    end.transcript = vec![
        turn("agent", "One."),
        turn("caller", "Two."),
        turn("agent", "Three."),
    ];
    store.end_call(&end, &[report()], at(66)).await.unwrap();
    let all = MessageFilter {
        conversation: Some(call.conversation),
        session: None,
        speakers: None,
        is_descending: false,
    };
    let page = store.message_page(&all, 1, 2).await.unwrap();
    assert_eq!((page.total, page.items.len()), (3, 2));
    let first = &page.items[0];
    assert_eq!((first.session, first.position), (Some(call.id), 0));
    // Answered at second 5; the turn begins a tenth of a second later.
    assert_eq!(
        first.created_at.as_millisecond(),
        at(5).as_millisecond() + 100
    );
    assert_ne!(first.id(), page.items[1].id());
    let backwards = MessageFilter {
        is_descending: true,
        ..all.clone()
    };
    let page = store.message_page(&backwards, 1, 1).await.unwrap();
    assert_eq!(page.items[0].message.text, "Three.");
    let caller = MessageFilter {
        speakers: Some(vec!["caller"]),
        session: Some(call.id),
        ..all.clone()
    };
    let page = store.message_page(&caller, 1, 15).await.unwrap();
    assert_eq!(
        (page.total, page.items[0].message.text.as_str()),
        (1, "Two.")
    );
    let nobody = MessageFilter {
        speakers: Some(Vec::new()),
        ..all
    };
    assert_eq!(store.message_page(&nobody, 1, 15).await.unwrap().total, 0);
}

#[tokio::test]
async fn of_an_erased_contact_no_session_has_a_summary() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    let begun = store.begin_call(&call).await.unwrap();
    store
        .end_call(&completed(&call), &[report()], at(66))
        .await
        .unwrap();
    store
        .erase_contact(begun.contact.unwrap(), at(70))
        .await
        .unwrap();
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!((session.summary, session.contact), (None, None));
}

#[tokio::test]
async fn of_a_discarded_call_no_session_remains() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    let begun = store.begin_call(&call).await.unwrap();
    store.discard_call(begun).await.unwrap();
    assert!(store.session(call.id).await.unwrap().is_none());
    assert!(
        store
            .conversation(call.conversation)
            .await
            .unwrap()
            .is_none()
    );
}

async fn listed(store: &Store, filter: &ConversationFilter) -> Vec<Uuid> {
    let page = store.conversations(filter, 1, 15).await.unwrap();
    page.items.iter().map(|one| one.id).collect()
}

async fn with_agent() -> (Store, Uuid, Database) {
    let (store, database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    (store, new.id, database)
}
