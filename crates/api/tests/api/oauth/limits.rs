//! How much OAuth clients, and those who try to be one, may ask for.

use std::net::SocketAddr;

use api::LimitSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::Node;
use crate::support::oauth::{self, Client};

#[tokio::test]
async fn all_tokens_of_a_client_share_its_quota_and_keys_have_their_own() {
    let node = Node::start_with(|config| {
        config.limits = LimitSettings {
            monthly_quota: 3,
            ..LimitSettings::NONE
        };
    })
    .await;
    let client = Client::register(&node).await.id.parse().unwrap();
    let mut used = Vec::new();
    for left in ["2", "1", "0"] {
        let issued = oauth::tokens(&node.store, Some(client), &["calls:read"], &[]).await;
        let token = issued.access.expose().to_owned();
        let answer = node.holding(&token).get("/calls").await;
        assert_eq!(answer.header("ratelimit-remaining"), left);
        used.push(token);
    }
    let refused = node.holding(&used[0]).get("/calls").await;
    refused.is_error(429, "QUOTA_EXCEEDED");
    assert_eq!(node.get("/calls").await.status, 200);
}

#[tokio::test]
async fn a_client_that_asks_too_fast_is_told_so() {
    let node = Node::start_with(|config| {
        config.limits = LimitSettings {
            requests_per_second: 1,
            burst: 1,
            ..LimitSettings::NONE
        };
    })
    .await;
    let first = oauth::tokens(&node.store, None, &["calls:read"], &[]).await;
    let other = oauth::tokens(&node.store, None, &["calls:read"], &[]).await;
    let first = node.holding(first.access.expose());
    assert_eq!(first.get("/calls").await.status, 200);
    first.get("/calls").await.is_error(429, "RATE_LIMITED");
    let other = node.holding(other.access.expose());
    assert_eq!(other.get("/calls").await.status, 200);
}

#[tokio::test]
async fn an_address_may_ask_for_consent_and_tokens_only_so_often() {
    let node = Node::start_with(|config| {
        config.limits = LimitSettings {
            oauth_per_minute: 4,
            ..LimitSettings::NONE
        };
    })
    .await;
    let served = Served::start(&node).await;
    for (request, status) in [
        ("POST /api/v1/oauth/token", 400),
        ("GET /api/v1/oauth/authorize?x=1", 400),
        ("POST /oauth/authorize", 400),
        ("POST /api/v1/oauth/revoke", 400),
        ("POST /oauth/token", 429),
        ("GET /oauth/authorize", 429),
        ("POST /api/v1/oauth/authorize", 429),
        ("POST /api/v1/oauth/revoke", 429),
    ] {
        let answer = exchange(served.address, request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {answer}"
        );
        assert_eq!(
            answer.contains("retry-after: "),
            status == 429,
            "{request}: {answer}"
        );
    }
    served.end().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_limit_and_nobody_is_believed_otherwise() {
    for (proxies, second) in [(vec!["127.0.0.0/8".parse().unwrap()], 400), (vec![], 429)] {
        let node = Node::start_with(|config| {
            config.trusted_proxies = proxies;
            config.limits = LimitSettings {
                oauth_per_minute: 1,
                ..LimitSettings::NONE
            };
        })
        .await;
        let served = Served::start(&node).await;
        for (told, status) in [
            ("192.0.2.1", 400),
            ("192.0.2.2", second),
            ("192.0.2.1", 429),
            ("192.0.2.3, 192.0.2.1", 429),
        ] {
            let header = format!("x-forwarded-for: {told}\r\n");
            let answer = exchange_with(served.address, "POST /api/v1/oauth/token", &header).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{told}: {answer}"
            );
        }
        served.end().await;
    }
}

#[tokio::test]
async fn who_guesses_secrets_is_slowed_down() {
    let node = Node::start_with(|config| {
        config.limits = LimitSettings {
            failures_per_minute: 2,
            ..LimitSettings::NONE
        };
    })
    .await;
    let served = Served::start(&node).await;
    for status in [401, 401, 429] {
        let guess = "POST /api/v1/oauth/token client_id=a&client_secret=b";
        let answer = exchange(served.address, guess).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
    served.end().await;
}

/// A node behind a socket.
struct Served {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl Served {
    async fn start(node: &Node) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(api::serve(listener, node.state.clone(), shutdown.clone()));
        Self {
            address,
            shutdown,
            serving,
        }
    }

    async fn end(self) {
        self.shutdown.cancel();
        self.serving.await.unwrap();
    }
}

/// Sends `METHOD PATH FORM` and reads until the server closes.
async fn exchange(address: SocketAddr, request: &str) -> String {
    exchange_with(address, request, "").await
}

/// The same with further headers, each with its end of line.
async fn exchange_with(address: SocketAddr, request: &str, headers: &str) -> String {
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let form = words.next().unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
