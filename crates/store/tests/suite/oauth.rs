//! OAuth: clients, what they were granted, and the tokens that came of it.

use std::time::Duration;

use store::{
    EVERY_SCOPE, IssueOauthTokensError, IssuedOauthTokens, NewOauthClient, NewOauthGrant,
    OauthClientChange, OauthLifetimes, OauthRevocation, OpenOauthTokenError, Plan,
    RenewOauthSecretError, Secret, Store,
};
use uuid::Uuid;

use crate::support::{at, open};

const LIFETIMES: OauthLifetimes = OauthLifetimes {
    access: Duration::from_secs(3_600),
    refresh: Duration::from_secs(86_400),
};

fn client(name: &str, is_confidential: bool) -> NewOauthClient {
    NewOauthClient {
        name: name.to_owned(),
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        scopes: vec!["calls:*".to_owned()],
        is_confidential,
    }
}

async fn registered(store: &Store) -> Uuid {
    let new = client("App", true);
    let made = store.register_oauth_client(&new, at(0));
    made.await.unwrap().client.id
}

async fn key(store: &Store, name: &str) -> Uuid {
    let made = store.create_api_key(name, &[EVERY_SCOPE], None, at(0));
    made.await.unwrap().key.id
}

fn grant(client: Uuid, key: Uuid) -> NewOauthGrant {
    NewOauthGrant {
        client,
        key,
        scopes: vec!["calls:read".to_owned(), "calls:write".to_owned()],
        redirect_uri: "https://app.example/cb".to_owned(),
        redirect_uri_sent: true,
        code_challenge: "challenge".to_owned(),
        code_expires_at: at(60),
    }
}

async fn code(store: &Store, client: Uuid, key: Uuid) -> Secret {
    let code = store.begin_oauth_grant(&grant(client, key), at(0)).await;
    code.unwrap().unwrap()
}

async fn redeem(
    store: &Store,
    client: Uuid,
    code: &Secret,
    seconds: i64,
) -> Result<IssuedOauthTokens, IssueOauthTokensError> {
    let redeemed = store.redeem_oauth_code(client, code.expose(), |_| true, LIFETIMES, at(seconds));
    redeemed.await
}

async fn refresh(
    store: &Store,
    client: Uuid,
    token: &Secret,
    seconds: i64,
) -> Result<IssuedOauthTokens, IssueOauthTokensError> {
    let all = |scopes: &[String]| Some(scopes.to_vec());
    let refreshed = store.refresh_oauth_tokens(client, token.expose(), all, LIFETIMES, at(seconds));
    refreshed.await
}

async fn is_open(store: &Store, token: &Secret, seconds: i64) -> bool {
    store
        .open_oauth_token(token.expose(), at(seconds))
        .await
        .is_ok()
}

#[tokio::test]
async fn a_client_is_known_by_its_last_secret_alone() {
    let (store, _database) = open().await;
    let new = client("App", true);
    let made = store.register_oauth_client(&new, at(0));
    let made = made.await.unwrap();
    let (id, first) = (made.client.id, made.secret.unwrap());
    let known = async |secret: Option<&str>| {
        let found = store.authenticate_oauth_client(id, secret).await;
        found.unwrap().is_some()
    };
    assert!(known(Some(first.expose())).await);
    assert!(!known(None).await);
    assert!(!known(Some("")).await);
    assert!(!known(Some(&format!("{}x", first.expose()))).await);
    let second = store.renew_oauth_secret(id, at(1)).await.unwrap().secret;
    assert!(!known(Some(first.expose())).await);
    assert!(known(second.as_ref().map(Secret::expose)).await);
    let unknown = store.authenticate_oauth_client(Uuid::now_v7(), None).await;
    assert!(unknown.unwrap().is_none());
}

#[tokio::test]
async fn a_public_client_has_no_secret() {
    let (store, _database) = open().await;
    let new = client("App", false);
    let made = store.register_oauth_client(&new, at(0));
    let made = made.await.unwrap();
    assert!(made.secret.is_none() && !made.client.is_confidential);
    let id = made.client.id;
    let renewed = store.renew_oauth_secret(id, at(1)).await.unwrap_err();
    assert!(matches!(renewed, RenewOauthSecretError::Public));
    assert!(
        store
            .authenticate_oauth_client(id, None)
            .await
            .unwrap()
            .is_some()
    );
    let guessed = store.authenticate_oauth_client(id, Some("x")).await;
    assert!(guessed.unwrap().is_none());
}

#[tokio::test]
async fn a_client_changes_in_what_is_said_and_stays_in_its_workspace() {
    let (store, _database) = open().await;
    let id = registered(&store).await;
    let change = OauthClientChange {
        name: Some("Other".to_owned()),
        ..OauthClientChange::default()
    };
    let changed = store
        .change_oauth_client(id, &change, at(5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.updated_at),
        ("Other", at(5))
    );
    assert_eq!(changed.scopes, ["calls:*"]);
    let other = store
        .create_workspace("Other", Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&other.id);
    assert!(other.oauth_client(id).await.unwrap().is_none());
    assert!(other.oauth_clients().await.unwrap().is_empty());
    assert!(
        other
            .change_oauth_client(id, &change, at(6))
            .await
            .unwrap()
            .is_none()
    );
    assert!(!other.delete_oauth_client(id).await.unwrap());
    let new = grant(id, key(&other, "foreign").await);
    let foreign = other.begin_oauth_grant(&new, at(0));
    assert!(foreign.await.unwrap().is_none());
    assert!(store.delete_oauth_client(id).await.unwrap());
    assert!(!store.delete_oauth_client(id).await.unwrap());
}

#[tokio::test]
async fn a_code_is_redeemed_once_by_its_client_in_time_and_as_agreed() {
    let (store, database) = open().await;
    let (app, other) = (registered(&store).await, registered(&store).await);
    let key = key(&store, "person").await;
    let code = code(&store, app, key).await;
    let foreign = redeem(&store, other, &code, 1).await;
    assert!(matches!(foreign, Err(IssueOauthTokensError::Unknown)));
    let late = redeem(&store, app, &code, 60).await;
    assert!(matches!(late, Err(IssueOauthTokensError::Unknown)));
    let refused = store.redeem_oauth_code(
        app,
        code.expose(),
        |terms| terms.code_challenge != "challenge",
        LIFETIMES,
        at(1),
    );
    assert!(matches!(refused.await, Err(IssueOauthTokensError::Refused)));
    assert_eq!(
        store.oauth_grants(None, 1, 15, at(1)).await.unwrap().total,
        0
    );

    let issued = redeem(&store, app, &code, 59).await.unwrap();
    assert_eq!(issued.scopes, ["calls:read", "calls:write"]);
    assert_eq!(issued.access_expires_at, at(59 + 3_600));
    store.close().await;
    let store = database.open_again().await;
    let access = store
        .open_oauth_token(issued.access.expose(), at(60))
        .await
        .unwrap();
    assert_eq!((access.client, access.key), (app, key));
    assert_eq!(&access.workspace, store.workspace_id());
    let opened = store
        .open_oauth_token(issued.refresh.expose(), at(60))
        .await;
    assert!(matches!(opened, Err(OpenOauthTokenError::Unknown)));

    let again = redeem(&store, app, &code, 60).await;
    assert!(matches!(again, Err(IssueOauthTokensError::Reused)));
    let opened = store.open_oauth_token(issued.access.expose(), at(61)).await;
    assert!(matches!(opened, Err(OpenOauthTokenError::Revoked { at: when }) if when == at(60)));
    let refreshed = refresh(&store, app, &issued.refresh, 61).await;
    assert!(matches!(refreshed, Err(IssueOauthTokensError::Unknown)));
}

#[tokio::test]
async fn of_two_that_redeem_a_code_at_once_none_keeps_anything() {
    let (store, _database) = open().await;
    let app = registered(&store).await;
    let code = code(&store, app, key(&store, "person").await).await;
    let (one, other) = tokio::join!(redeem(&store, app, &code, 1), redeem(&store, app, &code, 1));
    let mut issued = [one, other].into_iter().filter_map(Result::ok);
    let winner = issued.next().unwrap();
    assert!(issued.next().is_none());
    assert!(!is_open(&store, &winner.access, 2).await);
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_its_whole_family() {
    let (store, _database) = open().await;
    let (app, other) = (registered(&store).await, registered(&store).await);
    let key = key(&store, "person").await;
    let code = code(&store, app, key).await;
    let first = redeem(&store, app, &code, 1).await.unwrap();
    let foreign = refresh(&store, other, &first.refresh, 2).await;
    assert!(matches!(foreign, Err(IssueOauthTokensError::Unknown)));
    let narrow =
        store.refresh_oauth_tokens(app, first.refresh.expose(), |_| None, LIFETIMES, at(2));
    assert!(matches!(narrow.await, Err(IssueOauthTokensError::Refused)));
    let second = refresh(&store, app, &first.refresh, 2).await.unwrap();
    let third = refresh(&store, app, &second.refresh, 3).await.unwrap();
    for tokens in [&first, &second, &third] {
        assert!(is_open(&store, &tokens.access, 4).await);
    }
    let stolen = refresh(&store, app, &first.refresh, 5).await;
    assert!(matches!(stolen, Err(IssueOauthTokensError::Reused)));
    for tokens in [&first, &second, &third] {
        assert!(!is_open(&store, &tokens.access, 6).await);
    }
    let last = refresh(&store, app, &third.refresh, 6).await;
    assert!(matches!(last, Err(IssueOauthTokensError::Unknown)));
}

#[tokio::test]
async fn a_refresh_token_is_good_for_its_time() {
    let (store, _database) = open().await;
    let app = registered(&store).await;
    let code = code(&store, app, key(&store, "person").await).await;
    let first = redeem(&store, app, &code, 0).await.unwrap();
    let second = refresh(&store, app, &first.refresh, 86_399).await.unwrap();
    let late = refresh(&store, app, &second.refresh, 86_399 + 86_400).await;
    assert!(matches!(late, Err(IssueOauthTokensError::Unknown)));
}

#[tokio::test]
async fn tokens_open_nothing_when_key_or_client_are_gone() {
    let (store, _database) = open().await;
    let app = registered(&store).await;
    let (lost, kept) = (key(&store, "lost").await, key(&store, "kept").await);
    let code_of_lost = code(&store, app, lost).await;
    let of_lost = redeem(&store, app, &code_of_lost, 1).await.unwrap();
    let of_kept = code(&store, app, kept).await;
    let of_kept = redeem(&store, app, &of_kept, 1).await.unwrap();
    let unused = code(&store, app, lost).await;
    store.revoke_api_key("lost", at(2)).await.unwrap();
    let opened = store.open_oauth_token(of_lost.access.expose(), at(3)).await;
    assert!(matches!(opened, Err(OpenOauthTokenError::Revoked { .. })));
    let refreshed = refresh(&store, app, &of_lost.refresh, 3).await;
    assert!(matches!(refreshed, Err(IssueOauthTokensError::Unknown)));
    let redeemed = redeem(&store, app, &unused, 3).await;
    assert!(matches!(redeemed, Err(IssueOauthTokensError::Unknown)));
    assert_eq!(
        store.oauth_grants(None, 1, 15, at(3)).await.unwrap().total,
        1
    );
    assert!(is_open(&store, &of_kept.access, 3).await);
    store.delete_oauth_client(app).await.unwrap();
    assert!(!is_open(&store, &of_kept.access, 3).await);
}

#[tokio::test]
async fn no_token_outlives_the_key_behind_it() {
    let (store, _database) = open().await;
    let app = registered(&store).await;
    let key = store.create_api_key("short", &[EVERY_SCOPE], Some(at(600)), at(0));
    let code = code(&store, app, key.await.unwrap().key.id).await;
    let issued = redeem(&store, app, &code, 1).await.unwrap();
    assert_eq!(issued.access_expires_at, at(600));
    assert!(is_open(&store, &issued.access, 599).await);
    let opened = store
        .open_oauth_token(issued.access.expose(), at(600))
        .await;
    assert!(matches!(opened, Err(OpenOauthTokenError::Expired { at: when }) if when == at(600)));
    let late = refresh(&store, app, &issued.refresh, 600).await;
    assert!(matches!(late, Err(IssueOauthTokensError::Unknown)));
}

#[tokio::test]
async fn a_client_gives_back_its_own_tokens() {
    let (store, _database) = open().await;
    let (app, other) = (registered(&store).await, registered(&store).await);
    let code = code(&store, app, key(&store, "person").await).await;
    let first = redeem(&store, app, &code, 1).await.unwrap();
    let second = refresh(&store, app, &first.refresh, 2).await.unwrap();
    let give = async |client, token: &str| {
        let given = store.revoke_oauth_token(client, token, at(3)).await;
        given.unwrap()
    };
    assert_eq!(give(app, "nonsense").await, OauthRevocation::Done);
    for token in [&second.access, &second.refresh] {
        assert_eq!(give(other, token.expose()).await, OauthRevocation::Foreign);
    }
    assert!(is_open(&store, &second.access, 4).await);
    assert_eq!(
        give(app, second.access.expose()).await,
        OauthRevocation::Done
    );
    assert!(!is_open(&store, &second.access, 4).await);
    assert!(is_open(&store, &first.access, 4).await);
    assert_eq!(
        give(app, second.refresh.expose()).await,
        OauthRevocation::Done
    );
    assert!(!is_open(&store, &first.access, 4).await);
}

#[tokio::test]
async fn grants_are_listed_by_client_and_page_and_revoked_in_their_workspace() {
    let (store, _database) = open().await;
    let (app, other) = (registered(&store).await, registered(&store).await);
    let key = key(&store, "person").await;
    let mut issued = Vec::new();
    for (client, seconds) in [(app, 1), (app, 2), (other, 3)] {
        let code = code(&store, client, key).await;
        issued.push(redeem(&store, client, &code, seconds).await.unwrap());
    }
    let all = store.oauth_grants(None, 1, 2, at(4)).await.unwrap();
    assert_eq!((all.total, all.items.len()), (3, 2));
    assert_eq!(all.items[0].client, other);
    let own = store.oauth_grants(Some(app), 1, 15, at(4)).await.unwrap();
    assert_eq!(own.total, 2);
    assert_eq!(
        (own.items[0].granted_at, own.items[0].last_used_at),
        (at(2), None)
    );
    assert!(is_open(&store, &issued[1].access, 5).await);
    assert!(is_open(&store, &issued[1].access, 30).await);
    let own = store.oauth_grants(Some(app), 1, 15, at(30)).await.unwrap();
    assert_eq!(own.items[0].last_used_at, Some(at(5)));

    let made = store
        .create_workspace("Other", Plan::Free, at(0))
        .await
        .unwrap();
    let foreign = store.in_workspace(&made.id);
    let id = own.items[0].id;
    assert_eq!(
        foreign
            .oauth_grants(None, 1, 15, at(30))
            .await
            .unwrap()
            .total,
        0
    );
    assert!(!foreign.revoke_oauth_grant(id, at(31)).await.unwrap());
    assert!(store.revoke_oauth_grant(id, at(31)).await.unwrap());
    assert!(!store.revoke_oauth_grant(id, at(32)).await.unwrap());
    assert!(!is_open(&store, &issued[1].access, 33).await);
    let own = store.oauth_grants(Some(app), 1, 15, at(33)).await.unwrap();
    assert_eq!(own.total, 1);
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_nothing_else() {
    let (store, _database) = open().await;
    let app = registered(&store).await;
    let key = key(&store, "person").await;
    let unused = code(&store, app, key).await;
    let short = code(&store, app, key).await;
    let short = redeem(&store, app, &short, 1).await.unwrap();
    let kept = code(&store, app, key).await;
    let kept = redeem(&store, app, &kept, 1).await.unwrap();
    assert_eq!(store.forget_oauth(at(60)).await.unwrap(), 0);
    assert_eq!(store.forget_oauth(at(61)).await.unwrap(), 1);
    let redeemed = redeem(&store, app, &unused, 1).await;
    assert!(matches!(redeemed, Err(IssueOauthTokensError::Unknown)));
    let day = 86_400;
    let kept = refresh(&store, app, &kept.refresh, day).await.unwrap();
    let forgotten = store.forget_oauth(at(day + 100)).await.unwrap();
    assert_eq!(forgotten, 5, "four old tokens and a grant without any");
    let opened = store.open_oauth_token(short.access.expose(), at(2)).await;
    assert!(matches!(opened, Err(OpenOauthTokenError::Unknown)));
    assert!(is_open(&store, &kept.access, day + 1).await);
}

#[tokio::test]
async fn no_code_token_or_secret_is_stored_as_it_is() {
    let (store, _database) = open().await;
    let new = client("App", true);
    let made = store.register_oauth_client(&new, at(0));
    let made = made.await.unwrap();
    let code = code(&store, made.client.id, key(&store, "person").await).await;
    let issued = redeem(&store, made.client.id, &code, 1).await.unwrap();
    let mut lines = Vec::new();
    let exported = store.export(at(2), |line| {
        lines.push(line.to_owned());
        Ok(())
    });
    exported.await.unwrap();
    let all = lines.join("\n");
    assert!(
        all.contains("oauth_tokens") && all.contains("oauth_grants"),
        "{all}"
    );
    let secret = made.secret.unwrap();
    for text in [&secret, &code, &issued.access, &issued.refresh] {
        assert!(!all.contains(text.expose()));
    }
}
