//! WhatsApp: accounts, templates, how they are filled, and messages.

use std::time::Duration;

use serde_json::json;
use store::{
    Announcement, ConversationFilter, MessageFilter, NewWhatsappAccount, NewWhatsappMessage, Plan,
    SaveWhatsappAccountError, Secret, SessionNews, Store, TakenWhatsappMessage, TemplateTerms,
    WhatsappAccountChange, Window,
};
use uuid::Uuid;

use crate::support::{agent, at, open};

const NUMBER: &str = "+14155550123";

fn account(number: &str) -> NewWhatsappAccount {
    NewWhatsappAccount {
        name: "Shop".to_owned(),
        phone_number: Some("+14155550100".to_owned()),
        phone_number_id: number.to_owned(),
        waba_id: "102290129340398".to_owned(),
        access_token: Secret::new("EAAJ"),
    }
}

fn terms(name: &str) -> TemplateTerms {
    TemplateTerms {
        template_id: format!("id of {name}"),
        name: name.to_owned(),
        language: "en_US".to_owned(),
        category: "UTILITY".to_owned(),
        status: "APPROVED".to_owned(),
        parameter_format: "POSITIONAL".to_owned(),
        components: json!([{ "type": "BODY", "text": "Hello {{1}}." }]),
    }
}

#[tokio::test]
async fn an_account_is_known_once_in_a_workspace_and_to_no_other() {
    let (store, _database) = open().await;
    let added = store
        .add_whatsapp_account(&account("1"), at(0))
        .await
        .unwrap();
    let again = store.add_whatsapp_account(&account("1"), at(1)).await;
    assert!(matches!(again, Err(SaveWhatsappAccountError::Taken)));
    let made = store
        .create_workspace("Other", Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&made.id);
    assert!(other.whatsapp_account(added.id).await.unwrap().is_none());
    assert!(!other.remove_whatsapp_account(added.id).await.unwrap());
    other
        .add_whatsapp_account(&account("1"), at(1))
        .await
        .unwrap();

    let change = WhatsappAccountChange {
        access_token: Some(Secret::new("EAAK")),
        ..WhatsappAccountChange::default()
    };
    let changed = store
        .change_whatsapp_account(added.id, &change, at(2))
        .await;
    let changed = changed.unwrap().unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.access_token.expose()),
        ("Shop", "EAAK")
    );
    assert!(store.remove_whatsapp_account(added.id).await.unwrap());
    assert!(
        store
            .whatsapp_account_of("102290129340398")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(other.whatsapp_accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_listed_any_more_is_gone_until_it_is_listed_again() {
    let (store, _database) = open().await;
    let both = [terms("one"), terms("two")];
    store
        .replace_whatsapp_templates("7", &both, at(0))
        .await
        .unwrap();
    let page = store.whatsapp_templates(None, 1, 15).await.unwrap();
    assert_eq!(page.total, 2);
    let first = page
        .items
        .iter()
        .find(|one| one.terms.name == "one")
        .unwrap();
    store
        .replace_whatsapp_templates("8", &[], at(1))
        .await
        .unwrap();
    assert_eq!(
        store.whatsapp_templates(None, 1, 15).await.unwrap().total,
        2
    );

    store
        .replace_whatsapp_templates("7", &both[1..], at(1))
        .await
        .unwrap();
    assert!(store.whatsapp_template(first.id).await.unwrap().is_none());
    let mut paused = terms("one");
    paused.status = "PAUSED".to_owned();
    let again = store
        .save_whatsapp_template("7", &paused, at(2))
        .await
        .unwrap();
    assert_eq!(
        (again.id, again.created_at, again.updated_at),
        (first.id, at(0), at(2))
    );
    let paused = store
        .whatsapp_templates(Some("PAUSED"), 1, 15)
        .await
        .unwrap();
    assert_eq!((paused.total, paused.items[0].id), (1, first.id));
}

#[tokio::test]
async fn a_template_has_one_way_to_be_filled() {
    let (store, _database) = open().await;
    let template = store
        .save_whatsapp_template("7", &terms("one"), at(0))
        .await
        .unwrap();
    let params = json!({ "body": { "field1": "Ann" } });
    let first = store
        .set_template_settings(template.id, &params, true, at(1))
        .await;
    let first = first.unwrap().unwrap();
    let second = store
        .set_template_settings(template.id, &json!({}), false, at(2))
        .await;
    let second = second.unwrap().unwrap();
    assert_eq!(
        (second.id, second.is_active, second.created_at),
        (first.id, false, at(1))
    );
    let found = store.settings_of_template(template.id).await.unwrap();
    assert_eq!(found, Some(second));
    let unknown = store
        .set_template_settings(Uuid::now_v7(), &params, true, at(3))
        .await;
    assert_eq!(unknown.unwrap(), None);
}

#[tokio::test]
async fn one_attempt_sends_one_message_and_a_contact_has_one_conversation_with_an_agent() {
    let (store, _database) = open().await;
    let (agent, template) = agent_and_template(&store).await;
    let attempt = Some(Uuid::now_v7());
    let first = message(agent, template, attempt);
    let begun = store
        .begin_whatsapp_message(&first, at(1))
        .await
        .unwrap()
        .unwrap();
    let twice = message(agent, template, attempt);
    assert_eq!(
        store.begin_whatsapp_message(&twice, at(2)).await.unwrap(),
        None
    );
    let next = message(agent, template, None);
    let other = store
        .begin_whatsapp_message(&next, at(3))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(other, begun);

    store
        .note_sent_whatsapp_message(&taken(first.id, "wamid.1"), &news(), at(4))
        .await
        .unwrap();
    store
        .fail_whatsapp_message(next.id, "131026", at(4))
        .await
        .unwrap();
    let sent = store
        .whatsapp_messages(begun.conversation, 10)
        .await
        .unwrap();
    let states: Vec<_> = sent
        .iter()
        .map(|one| (one.status.as_str(), one.message_id.as_deref()))
        .collect();
    assert_eq!(states, [("sent", Some("wamid.1")), ("failed", None)]);
}

#[tokio::test]
async fn a_message_to_somebody_who_was_erased_names_nobody() {
    let (store, _database) = open().await;
    let (agent, template) = agent_and_template(&store).await;
    let new = message(agent, template, None);
    let begun = store
        .begin_whatsapp_message(&new, at(1))
        .await
        .unwrap()
        .unwrap();
    store
        .fail_whatsapp_message(new.id, NUMBER, at(2))
        .await
        .unwrap();
    store.erase_contact(begun.contact, at(3)).await.unwrap();
    let left = store
        .whatsapp_messages(begun.conversation, 10)
        .await
        .unwrap();
    assert_eq!(
        (left[0].recipient.as_str(), left[0].contact, &left[0].error),
        ("", None, &None)
    );
}

async fn agent_and_template(store: &Store) -> (Uuid, Uuid) {
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let template = store
        .save_whatsapp_template("7", &terms("one"), at(0))
        .await
        .unwrap();
    (new.id, template.id)
}

fn message(agent: Uuid, template: Uuid, attempt: Option<Uuid>) -> NewWhatsappMessage {
    NewWhatsappMessage {
        id: Uuid::now_v7(),
        agent,
        template,
        recipient: NUMBER.to_owned(),
        phone_number_id: "1".to_owned(),
        attempt,
    }
}

fn taken(message: Uuid, message_id: &str) -> TakenWhatsappMessage<'_> {
    TakenWhatsappMessage {
        message,
        message_id,
        text: "Hello Ann.",
        session_timeout: Duration::from_secs(60),
    }
}

fn news() -> SessionNews {
    let told = |payload: &str| Announcement {
        event: "conversation_status",
        payload: payload.to_owned(),
    };
    SessionNews {
        over: told("over"),
        begun: told("begun"),
        written: told("written"),
    }
}

/// Sends one message at `seconds`; its conversation and contact.
async fn send(store: &Store, new: &NewWhatsappMessage, seconds: i64) -> (Uuid, Uuid) {
    let begun = store.begin_whatsapp_message(new, at(seconds)).await;
    let begun = begun.unwrap().unwrap();
    store
        .note_sent_whatsapp_message(&taken(new.id, "wamid"), &news(), at(seconds))
        .await
        .unwrap();
    (begun.conversation, begun.contact)
}

async fn contents(store: &Store, conversation: Uuid) -> usize {
    let filter = MessageFilter {
        conversation: Some(conversation),
        session: None,
        speakers: None,
        is_descending: false,
    };
    store.message_page(&filter, 1, 100).await.unwrap().total as usize
}

#[tokio::test]
async fn messages_are_one_session_until_nobody_wrote_for_too_long() {
    let (store, _database) = open().await;
    let (agent, template) = agent_and_template(&store).await;
    let (conversation, _) = send(&store, &message(agent, template, None), 0).await;
    for seconds in [59, 118] {
        let (same, _) = send(&store, &message(agent, template, None), seconds).await;
        assert_eq!(same, conversation);
    }
    assert!(
        store
            .overdue_sessions(10, at(177))
            .await
            .unwrap()
            .is_empty()
    );
    let overdue = store.overdue_sessions(10, at(178)).await.unwrap();
    assert_eq!(overdue.len(), 1);
    assert_eq!(overdue[0].session.conversation, conversation);
    // Nobody looked for a while: the next message ends the first session and begins a second.
    send(&store, &message(agent, template, None), 500).await;
    let late = store
        .end_overdue_session(&overdue[0], &news().over, at(501))
        .await
        .unwrap();
    assert_eq!(late, 0);
    let sessions = store.sessions(conversation, None, 1, 10).await.unwrap();
    let times: Vec<_> = sessions
        .items
        .iter()
        .map(|one| (one.started_at, one.ended_at, one.last_activity_at))
        .collect();
    assert_eq!(
        times,
        [(at(0), Some(at(118)), at(118)), (at(500), None, at(500)),]
    );
    let open = store.conversation(conversation).await.unwrap().unwrap();
    assert_eq!((open.channel.as_str(), open.ended_at), ("whatsapp", None));
    assert_eq!(open.sessions.len(), 2);
    assert_eq!(contents(&store, conversation).await, 4);

    let overdue = store.overdue_sessions(10, at(600)).await.unwrap();
    store
        .end_overdue_session(&overdue[0], &news().over, at(600))
        .await
        .unwrap();
    let closed = store.conversation(conversation).await.unwrap().unwrap();
    assert_eq!(closed.ended_at, Some(at(500)));
    let window = |channel| Window {
        from: at(0),
        before: at(1_000),
        agent: None,
        campaign: None,
        channel,
    };
    for (channel, sessions, messages) in
        [(None, 2, 4), (Some("whatsapp"), 2, 4), (Some("call"), 0, 0)]
    {
        let figures = store.session_figures(&window(channel)).await.unwrap();
        assert_eq!(
            (figures.sessions, figures.agent_messages),
            (sessions, messages)
        );
        let exported = store.export_messages(&window(channel), None, 10).await;
        assert_eq!(exported.unwrap().len() as u64, messages);
    }
}

#[tokio::test]
async fn conversations_by_whatsapp_are_told_from_calls() {
    let (store, _database) = open().await;
    let (agent, template) = agent_and_template(&store).await;
    let (conversation, contact) = send(&store, &message(agent, template, None), 0).await;
    let only = |channel: &str| ConversationFilter {
        channel: Some(channel.to_owned()),
        ..ConversationFilter::default()
    };
    let found = store.conversations(&only("whatsapp"), 1, 10).await.unwrap();
    assert_eq!((found.total, found.items[0].id), (1, conversation));
    assert_eq!(found.items[0].contact.as_ref().unwrap().id, contact);
    let calls = store.conversations(&only("call"), 1, 10).await.unwrap();
    assert_eq!(calls.total, 0);
    let other = store
        .create_workspace("Other", Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&other.id);
    assert!(other.conversation(conversation).await.unwrap().is_none());
    assert_eq!(contents(&other, conversation).await, 0);
}

#[tokio::test]
async fn what_was_written_is_forgotten_with_its_contact_and_after_its_time() {
    let (store, _database) = open().await;
    let (agent, template) = agent_and_template(&store).await;
    let (conversation, contact) = send(&store, &message(agent, template, None), 0).await;
    send(&store, &message(agent, template, None), 500).await;
    // The first session is over; the conversation goes on.
    assert_eq!(store.forget_transcripts(at(100), 10).await.unwrap(), 1);
    assert_eq!(contents(&store, conversation).await, 1);
    assert_eq!(store.forget_transcripts(at(100), 10).await.unwrap(), 0);
    send(&store, &message(agent, template, None), 510).await;
    let filter = MessageFilter {
        conversation: Some(conversation),
        session: None,
        speakers: None,
        is_descending: false,
    };
    let left = store.message_page(&filter, 1, 10).await.unwrap();
    let places: Vec<u64> = left.items.iter().map(|one| one.position).collect();
    assert_eq!(places, [1, 2]);

    let unsettled = message(agent, template, None);
    store
        .begin_whatsapp_message(&unsettled, at(520))
        .await
        .unwrap();
    let erased = store.erase_contact(contact, at(530)).await.unwrap();
    assert_eq!(
        (erased.removed.messages, erased.removed.conversations),
        (2, 1)
    );
    store
        .note_sent_whatsapp_message(&taken(unsettled.id, "wamid.9"), &news(), at(540))
        .await
        .unwrap();
    assert_eq!(contents(&store, conversation).await, 0);
    let (next, _) = send(&store, &message(agent, template, None), 550).await;
    assert_ne!(next, conversation);
}
