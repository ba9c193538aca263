//! Agents and their webhooks.

use serde_json::json;
use store::{AddWebhookError, NewAgent, NewWebhook, Secret, SigningSecret, Source, WebhookChange};
use uuid::Uuid;

use crate::support::{EVENT, agent, at, open, webhook};

#[tokio::test]
async fn an_agent_is_stored_changed_and_deleted() {
    let (store, _database) = open().await;
    let new = agent("Support");
    let stored = store.insert_agent(&new, at(0)).await.unwrap();
    assert_eq!((stored.source, stored.created_at), (Source::Api, at(0)));

    let changed = NewAgent {
        name: "Sales".to_owned(),
        definition: json!({ "name": "Sales" }),
        ..new.clone()
    };
    let stored = store.update_agent(&changed, at(1)).await.unwrap().unwrap();
    assert_eq!((stored.created_at, stored.updated_at), (at(0), at(1)));
    assert_eq!(store.agents().await.unwrap(), [stored]);

    assert!(store.delete_agent(new.id, at(2)).await.unwrap());
    assert!(!store.delete_agent(new.id, at(3)).await.unwrap());
    assert!(store.agents().await.unwrap().is_empty());
    assert!(store.update_agent(&changed, at(4)).await.unwrap().is_none());
}

#[tokio::test]
async fn file_agents_follow_their_files_and_leave_the_others_alone() {
    let (store, _database) = open().await;
    let (made, kept, gone) = (agent("made"), agent("kept"), agent("gone"));
    store.insert_agent(&made, at(0)).await.unwrap();
    store
        .sync_file_agents(&[kept.clone(), gone.clone()], at(1))
        .await
        .unwrap();
    assert_eq!(names(&store).await, ["made", "kept", "gone"]);

    let renamed = NewAgent {
        name: "renamed".to_owned(),
        definition: json!({ "name": "renamed" }),
        ..kept.clone()
    };
    store.sync_file_agents(&[renamed], at(2)).await.unwrap();
    assert_eq!(names(&store).await, ["made", "renamed"]);
}

#[tokio::test]
async fn an_unchanged_file_agent_keeps_its_time_of_change() {
    let (store, _database) = open().await;
    let kept = agent("kept");
    store
        .sync_file_agents(std::slice::from_ref(&kept), at(1))
        .await
        .unwrap();
    store
        .sync_file_agents(std::slice::from_ref(&kept), at(2))
        .await
        .unwrap();
    assert_eq!(store.agents().await.unwrap()[0].updated_at, at(1));
}

#[tokio::test]
async fn a_file_agent_that_comes_back_keeps_its_webhooks() {
    let (store, _database) = open().await;
    let file = agent("file");
    store
        .sync_file_agents(std::slice::from_ref(&file), at(1))
        .await
        .unwrap();
    let hook = webhook(file.id, "https://example.com/hook", &[EVENT]);
    store.add_webhook(&hook, 5, at(1)).await.unwrap();
    store.sync_file_agents(&[], at(2)).await.unwrap();
    store
        .sync_file_agents(std::slice::from_ref(&file), at(3))
        .await
        .unwrap();
    assert_eq!(store.webhooks(file.id).await.unwrap()[0].id, hook.id);
}

#[tokio::test]
async fn webhooks_of_a_file_follow_the_file_and_leave_those_of_the_api_alone() {
    let (store, _database) = open().await;
    let mut file = agent("file");
    let (first, second) = (hook_to(&file, "first"), hook_to(&file, "second"));
    file.webhooks = Some(vec![first.clone(), second.clone()]);
    store
        .sync_file_agents(std::slice::from_ref(&file), at(1))
        .await
        .unwrap();
    let added = hook_to(&file, "added");
    store.add_webhook(&added, 5, at(2)).await.unwrap();
    file.webhooks = Some(vec![second.clone()]);
    store
        .sync_file_agents(std::slice::from_ref(&file), at(3))
        .await
        .unwrap();
    let left: Vec<_> = store.webhooks(file.id).await.unwrap();
    let left: Vec<_> = left.iter().map(|hook| (hook.id, hook.source)).collect();
    assert_eq!(left, [(second.id, Source::File), (added.id, Source::Api)]);
}

#[tokio::test]
async fn a_made_up_secret_stays_the_same_over_restarts() {
    let (store, _database) = open().await;
    let mut file = agent("file");
    let mut hook = hook_to(&file, "hook");
    for secret in ["whsec_b25l", "whsec_dHdv"] {
        hook.secret = SigningSecret::Generated(Secret::new(secret));
        file.webhooks = Some(vec![hook.clone()]);
        store
            .sync_file_agents(std::slice::from_ref(&file), at(1))
            .await
            .unwrap();
    }
    let stored = store.webhook(file.id, hook.id).await.unwrap().unwrap();
    assert_eq!(stored.secret.expose(), "whsec_b25l");
}

#[tokio::test]
async fn an_update_with_webhooks_replaces_them_and_one_without_leaves_them() {
    let (store, _database) = open().await;
    let mut owner = agent("owner");
    let (first, second) = (hook_to(&owner, "first"), hook_to(&owner, "second"));
    owner.webhooks = Some(vec![first]);
    store.insert_agent(&owner, at(0)).await.unwrap();
    owner.webhooks = Some(vec![second.clone()]);
    store.update_agent(&owner, at(1)).await.unwrap();
    owner.webhooks = None;
    store.update_agent(&owner, at(2)).await.unwrap();
    let left = store.webhooks(owner.id).await.unwrap();
    assert_eq!(
        left.iter().map(|hook| hook.id).collect::<Vec<_>>(),
        [second.id]
    );
}

#[tokio::test]
async fn a_webhook_can_not_be_taken_from_another_agent_by_its_id() {
    let (store, _database) = open().await;
    let (one, mut other) = (agent("one"), agent("other"));
    store.insert_agent(&one, at(0)).await.unwrap();
    let hook = hook_to(&one, "hook");
    store.add_webhook(&hook, 5, at(0)).await.unwrap();
    other.webhooks = Some(vec![NewWebhook {
        agent: Some(other.id),
        ..hook.clone()
    }]);
    store.insert_agent(&other, at(1)).await.unwrap();
    assert!(store.webhooks(other.id).await.unwrap().is_empty());
    assert_eq!(store.webhooks(one.id).await.unwrap()[0].url, hook.url);
}

#[tokio::test]
async fn the_api_can_neither_change_nor_delete_a_file_agent() {
    let (store, _database) = open().await;
    let file = agent("file");
    store
        .sync_file_agents(std::slice::from_ref(&file), at(1))
        .await
        .unwrap();
    assert!(store.update_agent(&file, at(2)).await.unwrap().is_none());
    assert!(!store.delete_agent(file.id, at(2)).await.unwrap());
    assert_eq!(names(&store).await, ["file"]);
}

#[tokio::test]
async fn the_sixth_webhook_is_refused() {
    let (store, _database) = open().await;
    let (one, other) = (agent("one"), agent("other"));
    for new in [&one, &other] {
        store.insert_agent(new, at(0)).await.unwrap();
    }
    for _ in 0..5 {
        let hook = webhook(one.id, "https://example.com", &[EVENT]);
        store.add_webhook(&hook, 5, at(1)).await.unwrap();
    }
    let sixth = webhook(one.id, "https://example.com", &[EVENT]);
    let error = store.add_webhook(&sixth, 5, at(1)).await.unwrap_err();
    assert!(
        matches!(error, AddWebhookError::LimitReached { limit: 5 }),
        "{error:?}"
    );
    let elsewhere = webhook(other.id, "https://example.com", &[EVENT]);
    store.add_webhook(&elsewhere, 5, at(1)).await.unwrap();
}

#[tokio::test]
async fn a_webhook_changes_only_in_what_is_given() {
    let (store, _database) = open().await;
    let owner = agent("owner");
    store.insert_agent(&owner, at(0)).await.unwrap();
    let hook = webhook(owner.id, "https://example.com/a", &[EVENT]);
    store.add_webhook(&hook, 5, at(1)).await.unwrap();
    let change = WebhookChange {
        url: Some("https://example.com/b".to_owned()),
        ..WebhookChange::default()
    };
    let changed = store
        .update_webhook(owner.id, hook.id, &change, at(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(changed.url, "https://example.com/b");
    assert_eq!(changed.events, [EVENT]);
    assert_eq!(changed.secret.expose(), "whsec_c2VjcmV0");
    assert!(changed.is_active);

    let change = WebhookChange {
        secret: Some(Secret::new("other")),
        is_active: Some(false),
        ..WebhookChange::default()
    };
    let changed = store
        .update_webhook(owner.id, hook.id, &change, at(3))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (changed.secret.expose(), changed.is_active),
        ("other", false)
    );
}

#[tokio::test]
async fn a_webhook_is_reached_only_through_its_agent() {
    let (store, _database) = open().await;
    let owner = agent("owner");
    store.insert_agent(&owner, at(0)).await.unwrap();
    let hook = webhook(owner.id, "https://example.com", &[EVENT]);
    store.add_webhook(&hook, 5, at(1)).await.unwrap();
    let stranger = Uuid::now_v7();
    let change = WebhookChange::default();
    assert!(store.webhook(stranger, hook.id).await.unwrap().is_none());
    assert!(
        store
            .update_webhook(stranger, hook.id, &change, at(2))
            .await
            .unwrap()
            .is_none()
    );
    assert!(!store.delete_webhook(stranger, hook.id).await.unwrap());
    assert!(store.delete_webhook(owner.id, hook.id).await.unwrap());
}

fn hook_to(owner: &NewAgent, place: &str) -> NewWebhook {
    webhook(owner.id, &format!("https://example.com/{place}"), &[EVENT])
}

async fn names(store: &store::Store) -> Vec<String> {
    let agents = store.agents().await.unwrap();
    agents.into_iter().map(|agent| agent.name).collect()
}
