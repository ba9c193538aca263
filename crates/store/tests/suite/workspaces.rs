//! Workspaces: made, listed, and closed to each other.

use store::{
    AuthenticateError, CallFilter, ContactFilter, EVERY_SCOPE, Outcome, Plan, Store, WebhookChange,
    WorkspaceId,
};
use uuid::Uuid;

use crate::support::{
    EVENT, LIMITS, agent, at, completed, made, open, outbound, report, turn, unwatched, webhook,
};

#[tokio::test]
async fn a_new_database_has_one_workspace_on_the_free_plan() {
    let (store, _database) = open().await;
    let workspaces = store.workspaces().await.unwrap();
    assert_eq!(workspaces.len(), 1);
    assert_eq!(workspaces[0].id, WorkspaceId::default());
    assert_eq!(workspaces[0].plan, Plan::Free);
    assert_eq!(store.workspace_id(), &workspaces[0].id);
}

#[tokio::test]
async fn a_made_workspace_is_found_again() {
    let (store, database) = open().await;
    let made = store
        .create_workspace("Sales", Plan::Unlimited, at(3))
        .await
        .unwrap();
    let store = {
        store.close().await;
        database.open_again().await
    };
    let found = store.workspace(&made.id).await.unwrap().unwrap();
    assert_eq!(found, made);
    assert_eq!(
        (found.name.as_str(), found.plan, found.created_at),
        ("Sales", Plan::Unlimited, at(3))
    );
    let stranger = WorkspaceId::new("nowhere");
    assert!(store.workspace(&stranger).await.unwrap().is_none());
}

#[tokio::test]
async fn a_token_opens_its_own_workspace_with_its_own_scopes() {
    let (store, other, _database) = two_workspaces().await;
    let ours = store
        .create_api_key("ours", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let theirs = other
        .create_api_key("theirs", &["calls:read", "contacts:write"], None, at(0))
        .await
        .unwrap();
    let found = store
        .authenticate(theirs.token.expose(), at(1))
        .await
        .unwrap();
    assert_eq!(&found.workspace, other.workspace_id());
    assert_eq!(found.scopes, ["calls:read", "contacts:write"]);
    let found = other
        .authenticate(ours.token.expose(), at(1))
        .await
        .unwrap();
    assert_eq!(&found.workspace, store.workspace_id());
    assert_eq!(found.scopes, [EVERY_SCOPE]);
    assert_eq!(other.api_keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_not_revoked_from_another_workspace() {
    let (store, other, _database) = two_workspaces().await;
    let made = store
        .create_api_key("ours", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    for asked in ["ours", &made.key.prefix, &made.key.id.to_string()] {
        other.revoke_api_key(asked, at(1)).await.unwrap_err();
    }
    let found = store.authenticate(made.token.expose(), at(2)).await;
    assert!(!matches!(found, Err(AuthenticateError::Revoked { .. })));
}

#[tokio::test]
async fn nothing_of_a_workspace_is_seen_from_another() {
    let (store, other, _database) = two_workspaces().await;
    let (agent, hook) = with_webhook(&store).await;
    let call = outbound(agent, "+14155550123");
    let begun = store.begin_call(&call).await.unwrap();
    let said = turn("agent", "Hello.");
    store
        .append_message(call.conversation, &said, &[], at(1))
        .await
        .unwrap();

    assert!(other.agents().await.unwrap().is_empty());
    assert!(other.webhooks(agent).await.unwrap().is_empty());
    assert!(other.webhook(agent, hook).await.unwrap().is_none());
    assert!(other.call(call.id).await.unwrap().is_none());
    let conversation = call.conversation;
    assert!(
        other
            .call_of_conversation(conversation)
            .await
            .unwrap()
            .is_none()
    );
    assert!(other.messages(conversation).await.unwrap().is_empty());
    assert!(
        other
            .contact(begun.contact.unwrap())
            .await
            .unwrap()
            .is_none()
    );
    let calls = other.calls(&CallFilter::default(), 1, 15).await.unwrap();
    assert_eq!((calls.total, calls.items.len()), (0, 0));
    let contacts = other
        .contacts(&ContactFilter::default(), 1, 15)
        .await
        .unwrap();
    assert_eq!((contacts.total, contacts.items.len()), (0, 0));
}

#[tokio::test]
async fn nothing_of_a_workspace_is_changed_from_another() {
    let (store, other, _database) = two_workspaces().await;
    let (agent, hook) = with_webhook(&store).await;
    let call = outbound(agent, "+14155550123");
    let begun = store.begin_call(&call).await.unwrap();
    let before = store.call(call.id).await.unwrap();

    assert!(!other.delete_agent(agent, at(9)).await.unwrap());
    assert!(!other.delete_webhook(agent, hook).await.unwrap());
    let change = WebhookChange::default();
    assert!(
        other
            .update_webhook(agent, hook, &change, at(9))
            .await
            .unwrap()
            .is_none()
    );
    other
        .note_ringing(call.id, "ringing", &[], at(9))
        .await
        .unwrap();
    other
        .note_answered(call.id, "answered", &[], at(9))
        .await
        .unwrap();
    other.note_progress(call.id, None, at(9)).await.unwrap();
    let said = turn("agent", "Hello.");
    other
        .append_message(call.conversation, &said, &[], at(9))
        .await
        .unwrap_err();
    assert_eq!(
        other
            .end_call(&completed(&call), &[report()], at(9))
            .await
            .unwrap(),
        None
    );
    other.discard_call(begun).await.unwrap();

    assert_eq!(store.call(call.id).await.unwrap(), before);
    assert!(store.messages(call.conversation).await.unwrap().is_empty());
    assert_eq!(store.webhooks(agent).await.unwrap().len(), 1);
    assert_eq!(store.agents().await.unwrap().len(), 1);
    assert!(
        store
            .contact(begun.contact.unwrap())
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn an_agent_of_another_workspace_can_neither_call_nor_get_a_webhook() {
    let (store, other, _database) = two_workspaces().await;
    let (agent, _) = with_webhook(&store).await;
    let error = other
        .begin_call(&outbound(agent, "+14155550123"))
        .await
        .unwrap_err();
    assert!(error.is_final(), "{error}");
    let hook = webhook(agent, "https://example.com/theirs", &[EVENT]);
    other.add_webhook(&hook, 5, at(1)).await.unwrap_err();
    assert_eq!(store.webhooks(agent).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_agent_can_not_be_taken_from_another_workspace() {
    let (store, other, _database) = two_workspaces().await;
    let file = agent("file");
    store
        .sync_file_agents(std::slice::from_ref(&file), at(0))
        .await
        .unwrap();
    let error = other
        .sync_file_agents(std::slice::from_ref(&file), at(1))
        .await
        .unwrap_err();
    assert!(error.is_final(), "{error}");
    other.sync_file_agents(&[], at(2)).await.unwrap();
    assert_eq!(store.agents().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_number_is_another_contact_in_another_workspace() {
    let (store, other, _database) = two_workspaces().await;
    let mut contacts = Vec::new();
    for store in [&store, &other] {
        let (agent, _) = with_webhook(store).await;
        let begun = store
            .begin_call(&outbound(agent, "+14155550123"))
            .await
            .unwrap();
        contacts.push(begun.contact.unwrap());
        let page = store.contacts(&ContactFilter::default(), 1, 15).await;
        assert_eq!(page.unwrap().total, 1);
    }
    assert_ne!(contacts[0], contacts[1]);
}

#[tokio::test]
async fn what_is_the_nodes_work_reaches_all_workspaces_and_says_whose_it_is() {
    let (store, other, _database) = two_workspaces().await;
    for one in [&store, &other] {
        let (agent, _) = with_webhook(one).await;
        let (over, live) = (
            outbound(agent, "+14155550123"),
            outbound(agent, "+14155550124"),
        );
        one.begin_call(&over).await.unwrap();
        one.begin_call(&live).await.unwrap();
        one.end_call(&completed(&over), &[report()], at(66))
            .await
            .unwrap();
    }
    let both = [store.workspace_id(), other.workspace_id()];

    let agents = store.agents_of_all_workspaces().await.unwrap();
    assert_eq!(whose(agents.iter().map(|it| &it.workspace)), whose(both));
    let calls = other.unfinished_calls(at(100_000)).await.unwrap();
    assert_eq!(whose(calls.iter().map(|it| &it.workspace)), whose(both));
    assert_eq!(other.owed_deliveries().await.unwrap(), 2);
    let claimed = store.claim_deliveries(LIMITS, at(70)).await.unwrap();
    assert_eq!(whose(claimed.iter().map(|it| &it.workspace)), whose(both));
    for delivery in &claimed {
        store
            .settle_delivery(delivery, &made(Outcome::Delivered), unwatched, at(71))
            .await
            .unwrap();
    }
    assert_eq!(store.owed_deliveries().await.unwrap(), 0);
    assert_eq!(store.forget_deliveries(at(72)).await.unwrap(), 2);
}

async fn two_workspaces() -> (Store, Store, crate::support::Database) {
    let (store, database) = open().await;
    let other = store
        .create_workspace("Other", Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&other.id);
    (store, other, database)
}

/// An agent and its webhook.
async fn with_webhook(store: &Store) -> (Uuid, Uuid) {
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let hook = webhook(new.id, "https://example.com/hook", &[EVENT]);
    store.add_webhook(&hook, 5, at(0)).await.unwrap();
    (new.id, hook.id)
}

fn whose<'a>(ids: impl IntoIterator<Item = &'a WorkspaceId>) -> Vec<&'a WorkspaceId> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort();
    ids
}
