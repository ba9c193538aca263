//! OAuth as a client and a browser do it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{IssuedOauthTokens, NewOauthClient, NewOauthGrant, OauthLifetimes, Store};
use uuid::Uuid;

use super::{Answer, Node};

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CALLBACK: &str = "https://app.example/callback";

/// Parameters of a request, which tests leave out, add to and change.
pub(crate) type Pairs = BTreeMap<String, String>;

/// Tokens of this client, or of a new one, in the store's workspace, by a key of these scopes (or
/// those that are granted, if there are none).
pub(crate) async fn tokens(
    store: &Store,
    client: Option<Uuid>,
    scopes: &[&str],
    key_scopes: &[&str],
) -> IssuedOauthTokens {
    let hour = Duration::from_secs(3_600);
    tokens_for(store, client, scopes, key_scopes, hour).await
}

/// The same, with access tokens that are good for so long.
pub(crate) async fn tokens_for(
    store: &Store,
    client: Option<Uuid>,
    scopes: &[&str],
    key_scopes: &[&str],
    access: Duration,
) -> IssuedOauthTokens {
    let now = Timestamp::now();
    let owned: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
    let client = match client {
        Some(client) => client,
        None => {
            let new = NewOauthClient {
                name: "Visitor".to_owned(),
                redirect_uris: vec![CALLBACK.to_owned()],
                scopes: owned.clone(),
                is_confidential: false,
            };
            let made = store.register_oauth_client(&new, now).await.unwrap();
            made.client.id
        }
    };
    let key_scopes = if key_scopes.is_empty() {
        scopes
    } else {
        key_scopes
    };
    let key = store.create_api_key("person", key_scopes, None, now).await;
    let new = NewOauthGrant {
        client,
        key: key.unwrap().key.id,
        scopes: owned,
        redirect_uri: CALLBACK.to_owned(),
        redirect_uri_sent: true,
        code_challenge: CHALLENGE.to_owned(),
        code_expires_at: now + Duration::from_secs(60),
    };
    let code = store.begin_oauth_grant(&new, now).await.unwrap().unwrap();
    let lifetimes = OauthLifetimes {
        access,
        refresh: Duration::from_secs(86_400),
    };
    let issued = store.redeem_oauth_code(client, code.expose(), |_| true, lifetimes, now);
    issued.await.unwrap()
}

/// A registered client and what it sends.
pub(crate) struct Client<'a> {
    pub(crate) node: &'a Node,
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
}

impl<'a> Client<'a> {
    /// A confidential one that may ask for everything.
    pub(crate) async fn register(node: &'a Node) -> Self {
        Self::register_as(node, json!({})).await
    }

    /// One of which these fields are other than usual.
    pub(crate) async fn register_as(node: &'a Node, others: Value) -> Self {
        let mut body = json!({ "name": "App", "redirect_uris": [CALLBACK], "scopes": ["*"] });
        for (field, value) in others.as_object().unwrap() {
            body[field] = value.clone();
        }
        let made = node.post("/oauth/clients", body).await.data();
        Self {
            node,
            id: made["client_uuid"].as_str().unwrap().to_owned(),
            secret: made["client_secret"].as_str().map(str::to_owned),
        }
    }

    /// What it asks a person, for reading calls.
    pub(crate) fn request(&self) -> Pairs {
        pairs(&[
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", CALLBACK),
            ("scope", "calls:read"),
            ("state", "af0 ifjs&ldkj"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    }

    /// What the person is shown who follows a link with these parameters.
    pub(crate) async fn ask(&self, request: &Pairs) -> Answer {
        let uri = format!("/api/v1/oauth/authorize?{}", encoded(request));
        let request = Request::get(uri).body(Body::empty()).unwrap();
        self.node.send(request).await
    }

    /// What comes of a person who decides so, with this key.
    pub(crate) async fn consent(&self, request: &Pairs, decision: &str, key: &str) -> Answer {
        let page = self.ask(request).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let mut form = fields(&page.text());
        form.insert("decision".to_owned(), decision.to_owned());
        form.insert("api_key".to_owned(), key.to_owned());
        let cookie = cookie(&page);
        self.send("authorize", &form, &[("cookie", &cookie)]).await
    }

    /// A code from a person with the node's own key.
    pub(crate) async fn code(&self) -> String {
        let answer = self
            .consent(&self.request(), "allow", &self.node.token)
            .await;
        let sent = returned(&answer);
        sent["code"].clone()
    }

    /// The form that exchanges a code.
    pub(crate) fn exchange(&self, code: &str) -> Pairs {
        let mut form = pairs(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", &self.id),
        ]);
        if let Some(secret) = &self.secret {
            form.insert("client_secret".to_owned(), secret.clone());
        }
        form
    }

    /// The form that exchanges a refresh token.
    pub(crate) fn refresh(&self, token: &str) -> Pairs {
        let mut form = self.exchange("");
        form.remove("code");
        form.remove("redirect_uri");
        form.remove("code_verifier");
        form.insert("grant_type".to_owned(), "refresh_token".to_owned());
        form.insert("refresh_token".to_owned(), token.to_owned());
        form
    }

    /// Tokens from a person with the node's own key.
    pub(crate) async fn tokens(&self) -> Value {
        let code = self.code().await;
        let answer = self.send("token", &self.exchange(&code), &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Gives a token back.
    pub(crate) async fn revoke(&self, token: &str) -> Answer {
        let mut form = self.refresh("");
        form.insert("token".to_owned(), token.to_owned());
        self.send("revoke", &form, &[]).await
    }

    /// Sends a form.
    pub(crate) async fn send(
        &self,
        operation: &str,
        form: &Pairs,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1/oauth/{operation}"))
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.node
            .send(request.body(encoded(form).into()).unwrap())
            .await
    }
}

pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Pairs {
    let pairs = pairs.iter();
    pairs
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(crate) fn encoded(pairs: &Pairs) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs).finish()
}

/// What a browser would send of the hidden fields of a page.
pub(crate) fn fields(page: &str) -> Pairs {
    let mut fields = Pairs::new();
    for part in page.split("<input type=\"hidden\" name=\"").skip(1) {
        let (name, rest) = part.split_once("\" value=\"").unwrap();
        let (value, _) = rest.split_once("\">").unwrap();
        let value = value
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&");
        fields.insert(name.to_owned(), value);
    }
    fields
}

/// The cookie that an answer sets, as the browser sends it back.
pub(crate) fn cookie(page: &Answer) -> String {
    let cookie = page.header("set-cookie");
    cookie.split(';').next().unwrap().to_owned()
}

/// What the client is sent with a redirect.
#[track_caller]
pub(crate) fn returned(answer: &Answer) -> Pairs {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.header("location");
    let (uri, query) = location.split_once('?').unwrap();
    assert_eq!(uri, CALLBACK, "{location}");
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// Checks an error of RFC 6749 §5.2.
#[track_caller]
pub(crate) fn is_refused(answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    assert_eq!(answer.status.as_u16(), status, "{body}");
    assert_eq!(body["error"], error, "{body}");
    assert!(body["error_description"].is_string(), "{body}");
    assert_eq!(answer.header("cache-control"), "no-store");
}
