//! WhatsApp: accounts, templates, how they are filled, and messages.

use serde_json::json;
use store::{
    NewWhatsappAccount, NewWhatsappMessage, Plan, SaveWhatsappAccountError, Secret, Store,
    TemplateTerms, WhatsappAccountChange,
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
        .settle_whatsapp_message(first.id, Ok("wamid.1"), at(4))
        .await
        .unwrap();
    store
        .settle_whatsapp_message(next.id, Err("131026"), at(4))
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
        .settle_whatsapp_message(new.id, Err(NUMBER), at(2))
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
