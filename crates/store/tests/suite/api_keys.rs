//! API keys: made, found, expired, revoked.

use store::{AuthenticateError, EVERY_SCOPE, RevokeApiKeyError, Store};

use crate::support::{at, open};

#[tokio::test]
async fn a_token_opens_its_own_key() {
    let (store, _database) = open().await;
    let first = store
        .create_api_key("first", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let second = store
        .create_api_key("second", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let found = store
        .authenticate(second.token.expose(), at(1))
        .await
        .unwrap();
    assert_eq!(found.id, second.key.id);
    assert_ne!(found.id, first.key.id);
}

#[tokio::test]
async fn a_token_is_mihu_and_32_random_bytes() {
    let (store, _database) = open().await;
    let made = store
        .create_api_key("one", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let other = store
        .create_api_key("two", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let token = made.token.expose();
    assert!(token.starts_with("mihu_"));
    assert_eq!(token.len(), 48);
    assert!(token.starts_with(&made.key.prefix));
    assert_ne!(token, other.token.expose());
}

#[tokio::test]
async fn a_token_that_differs_in_its_last_character_opens_nothing() {
    let (store, _database) = open().await;
    let made = store
        .create_api_key("one", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let mut token = made.token.expose().to_owned();
    let last = token.pop().unwrap();
    token.push(if last == 'A' { 'B' } else { 'A' });
    assert!(is_unknown(&store, &token).await);
}

#[tokio::test]
async fn tokens_of_any_other_form_open_nothing() {
    let (store, _database) = open().await;
    store
        .create_api_key("one", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let long = "mihu_".to_owned() + &"é".repeat(1000);
    let split = format!("mihu_1234567é{}", "a".repeat(34));
    for token in ["", "mihu_", "Bearer", "' OR 1=1 --", &long, &split] {
        assert!(is_unknown(&store, token).await, "{token}");
    }
}

#[tokio::test]
async fn a_key_is_refused_from_its_expiry_on() {
    let (store, _database) = open().await;
    let made = store
        .create_api_key("short", &[EVERY_SCOPE], Some(at(60)), at(0))
        .await
        .unwrap();
    store
        .authenticate(made.token.expose(), at(59))
        .await
        .unwrap();
    let error = store
        .authenticate(made.token.expose(), at(60))
        .await
        .unwrap_err();
    assert!(matches!(error, AuthenticateError::Expired { at: when } if when == at(60)));
}

#[tokio::test]
async fn a_key_revoked_through_another_opening_of_the_database_is_refused_at_once() {
    let (store, database) = open().await;
    let made = store
        .create_api_key("ops", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    store
        .authenticate(made.token.expose(), at(1))
        .await
        .unwrap();
    let other = database.open_again().await;
    other.revoke_api_key(&made.key.prefix, at(2)).await.unwrap();
    let error = store
        .authenticate(made.token.expose(), at(2))
        .await
        .unwrap_err();
    assert!(matches!(error, AuthenticateError::Revoked { at: when } if when == at(2)));
}

#[tokio::test]
async fn a_name_that_two_keys_share_revokes_neither() {
    let (store, _database) = open().await;
    store
        .create_api_key("ci", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let second = store
        .create_api_key("ci", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let error = store.revoke_api_key("ci", at(1)).await.unwrap_err();
    assert!(
        matches!(error, RevokeApiKeyError::Ambiguous { count: 2, .. }),
        "{error:?}"
    );
    store
        .revoke_api_key(&second.key.id.to_string(), at(1))
        .await
        .unwrap();
    store.revoke_api_key("ci", at(2)).await.unwrap();
    let error = store.revoke_api_key("ci", at(3)).await.unwrap_err();
    assert!(
        matches!(error, RevokeApiKeyError::Unknown { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn use_is_noted_once_a_minute() {
    let (store, _database) = open().await;
    let made = store
        .create_api_key("one", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    for (moment, noted) in [(10, 10), (69, 10), (70, 70)] {
        store
            .authenticate(made.token.expose(), at(moment))
            .await
            .unwrap();
        let key = &store.api_keys().await.unwrap()[0];
        assert_eq!(key.last_used_at, Some(at(noted)));
    }
}

async fn is_unknown(store: &Store, token: &str) -> bool {
    matches!(
        store.authenticate(token, at(1)).await,
        Err(AuthenticateError::Unknown)
    )
}
