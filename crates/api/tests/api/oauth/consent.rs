//! The page where people allow or deny.

use axum::body::Body;
use axum::http::Request;
use jiff::Timestamp;
use serde_json::json;

use crate::support::Node;
use crate::support::oauth::{CALLBACK, Client, cookie, encoded, fields, returned};

#[tokio::test]
async fn the_page_says_who_asks_for_what_and_loads_nothing() {
    let node = Node::start().await;
    let client = Client::register_as(&node, json!({ "name": "<b>App</b> & \"Co\"" })).await;
    let mut request = client.request();
    request.insert("scope".to_owned(), "calls:read keys:write".to_owned());
    request.insert(
        "state".to_owned(),
        "\"><script>alert(1)</script>".to_owned(),
    );
    let page = client.ask(&request).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' https:;",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let text = page.text();
    assert!(
        text.contains("&lt;b&gt;App&lt;/b&gt; &amp; &quot;Co&quot;"),
        "{text}"
    );
    assert!(!text.contains("<script") && !text.contains("<b>"), "{text}");
    assert!(text.contains("<code>calls:read</code>") && text.contains("keys:write"));
    assert!(text.contains("make API keys"), "{text}");
    assert!(text.contains(CALLBACK));
    for foreign in ["src=", "href=", "@import", "url("] {
        assert!(!text.contains(foreign), "{foreign} in {text}");
    }
    assert_eq!(fields(&text)["state"], request["state"]);
    let cookie = page.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
}

#[tokio::test]
async fn who_allows_is_sent_back_with_a_code() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let request = client.request();
    let answer = client.consent(&request, "allow", &node.token).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let sent = returned(&answer);
    assert_eq!(sent["state"], request["state"]);
    assert_eq!(sent["iss"], "http://node.example");
    assert!(sent["code"].starts_with("mihu_code_"));
    assert_eq!(sent.len(), 3, "{sent:?}");
}

#[tokio::test]
async fn who_denies_needs_no_key_and_the_client_is_told() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let sent = returned(&client.consent(&client.request(), "deny", "").await);
    assert_eq!(sent["error"], "access_denied");
    assert_eq!(sent["state"], client.request()["state"]);
    assert_eq!(sent["iss"], "http://node.example");
    assert!(!sent.contains_key("code"));
    assert_eq!(node.get("/oauth/grants").await.data()["total"], 0);
}

#[tokio::test]
async fn only_a_live_key_of_the_workspace_allows() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let now = Timestamp::now();
    let other = node.other_workspace().await;
    let foreign = other
        .create_api_key("foreign", &["*"], None, now)
        .await
        .unwrap();
    let revoked = node
        .store
        .create_api_key("revoked", &["*"], None, now)
        .await
        .unwrap();
    node.store.revoke_api_key("revoked", now).await.unwrap();
    let expired = node
        .store
        .create_api_key("expired", &["*"], Some(now), now)
        .await
        .unwrap();
    let narrow = node
        .store
        .create_api_key("narrow", &["agents:*"], None, now)
        .await
        .unwrap();
    let access = client.tokens().await["access_token"].clone();
    for key in [
        "",
        "nonsense",
        access.as_str().unwrap(),
        foreign.token.expose(),
        revoked.token.expose(),
        expired.token.expose(),
        narrow.token.expose(),
    ] {
        let again = client.consent(&client.request(), "allow", key).await;
        assert_eq!(again.status, 403, "{key}: {}", again.text());
        assert_eq!(again.header("location"), "");
        assert!(key.is_empty() || !again.text().contains(key));
        assert!(again.text().contains("role=\"alert\""));
    }
}

#[tokio::test]
async fn no_more_is_allowed_than_the_key_permits() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let scopes = ["calls:read", "agents:*"];
    let key = node
        .store
        .create_api_key("narrow", &scopes, None, Timestamp::now())
        .await;
    let mut request = client.request();
    request.insert(
        "scope".to_owned(),
        "calls:* agents:read contacts:read".to_owned(),
    );
    let answer = client
        .consent(&request, "allow", key.unwrap().token.expose())
        .await;
    let code = &returned(&answer)["code"];
    let tokens = client
        .send("token", &client.exchange(code), &[])
        .await
        .json();
    assert_eq!(tokens["scope"], "agents:read calls:read");
    let holder = node.holding(tokens["access_token"].as_str().unwrap());
    assert_eq!(holder.get("/agents").await.status, 200);
    holder
        .get("/contacts")
        .await
        .is_error(403, "INSUFFICIENT_SCOPE");
    holder
        .post("/call", node.call_body())
        .await
        .is_error(403, "INSUFFICIENT_SCOPE");
}

#[tokio::test]
async fn what_is_wrong_with_client_or_redirect_uri_is_shown_and_sent_nowhere() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let unknown = uuid::Uuid::now_v7().to_string();
    for (name, value) in [
        ("client_id", ""),
        ("client_id", "app"),
        ("client_id", unknown.as_str()),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "https://app.example/callback/.."),
        ("redirect_uri", "https://app.example/callback?x"),
        ("redirect_uri", "https://app.example.evil.example/callback"),
        ("redirect_uri", "https://app.example@evil.example/callback"),
        ("redirect_uri", "//app.example/callback"),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        let mut request = client.request();
        request.insert(name.to_owned(), value.to_owned());
        let page = client.ask(&request).await;
        assert_eq!(page.status, 400, "{name}={value}");
        assert_eq!(page.header("location"), "");
        assert!(!page.text().contains("<form"), "{}", page.text());
        assert!(
            page.header("content-security-policy")
                .contains("frame-ancestors 'none'")
        );
        let form = client.send("authorize", &request, &[]).await;
        assert_eq!((form.status.as_u16(), form.header("location")), (400, ""));
    }
}

#[tokio::test]
async fn what_else_is_wrong_is_told_to_the_client() {
    let node = Node::start().await;
    let client = Client::register_as(&node, json!({ "scopes": ["calls:read"] })).await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("scope", "calls:write", "invalid_scope"),
        ("scope", "moons:read", "invalid_scope"),
    ] {
        let mut request = client.request();
        request.insert(name.to_owned(), value.to_owned());
        let sent = returned(&client.ask(&request).await);
        assert_eq!(sent["error"], error, "{name}={value}");
        assert_eq!(sent["state"], request["state"]);
        assert_eq!(sent["iss"], "http://node.example");
    }
    let mut request = client.request();
    request.insert("prompt".to_owned(), "login".to_owned());
    assert_eq!(client.ask(&request).await.status, 200);
}

#[tokio::test]
async fn a_form_that_another_site_sends_is_not_taken() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let page = client.ask(&client.request()).await;
    let own = cookie(&page);
    let mut form = fields(&page.text());
    form.insert("decision".to_owned(), "allow".to_owned());
    form.insert("api_key".to_owned(), node.token.clone());
    let mut forged = form.clone();
    forged.insert("page_token".to_owned(), "a".repeat(43));
    let cross = [("cookie", own.as_str()), ("sec-fetch-site", "cross-site")];
    for (form, headers) in [
        (&form, &[][..]),
        (&form, &cross[..]),
        (&forged, &cross[..1]),
    ] {
        let refused = client.send("authorize", form, headers).await;
        assert_eq!(
            (refused.status.as_u16(), refused.header("location")),
            (403, "")
        );
    }
    let same = [("cookie", own.as_str()), ("sec-fetch-site", "same-origin")];
    returned(&client.send("authorize", &form, &same).await);
}

#[tokio::test]
async fn the_page_is_at_the_short_path_as_well() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let uri = format!("/oauth/authorize?{}", encoded(&client.request()));
    let page = node
        .send(Request::get(uri).body(Body::empty()).unwrap())
        .await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("action=\"authorize\""));
    let mut form = fields(&page.text());
    form.insert("decision".to_owned(), "allow".to_owned());
    form.insert("api_key".to_owned(), node.token.clone());
    let request = Request::post("/oauth/authorize")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie(&page));
    let code = returned(
        &node
            .send(request.body(encoded(&form).into()).unwrap())
            .await,
    );
    let request =
        Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    let form = encoded(&client.exchange(&code["code"]));
    let answer = node.send(request.body(form.into()).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_loopback_redirect_uri_without_a_port_takes_every_port() {
    let node = Node::start().await;
    let uris = json!({ "redirect_uris": ["http://127.0.0.1/cb"], "type": "public" });
    let client = Client::register_as(&node, uris).await;
    let mut request = client.request();
    request.insert(
        "redirect_uri".to_owned(),
        "http://127.0.0.1:49152/cb".to_owned(),
    );
    let page = client.ask(&request).await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:49152;"),
        "{policy}"
    );
    let answer = client.consent(&request, "allow", &node.token).await;
    let location = answer.header("location");
    assert!(
        location.starts_with("http://127.0.0.1:49152/cb?code="),
        "{location}"
    );
}

#[tokio::test]
async fn a_database_that_fails_is_owned_up_to() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let page = client.ask(&client.request()).await;
    let cookie = cookie(&page);
    let mut form = fields(&page.text());
    form.insert("decision".to_owned(), "allow".to_owned());
    form.insert("api_key".to_owned(), node.token.clone());
    node.store.close().await;
    for answer in [
        client.ask(&client.request()).await,
        client
            .send("authorize", &form, &[("cookie", &cookie)])
            .await,
        client.send("token", &client.exchange("code"), &[]).await,
        client.revoke("token").await,
    ] {
        assert_eq!(answer.status, 500, "{}", answer.text());
        assert!(!answer.text().contains("closed pool"), "{}", answer.text());
    }
}
