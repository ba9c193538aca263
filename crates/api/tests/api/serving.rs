//! The server on a real socket.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{Node, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn requests_are_answered_over_a_socket() {
    let server = Server::start(Node::start().await).await;
    let answer = server.exchange("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(answer.await.starts_with("HTTP/1.1 200 OK"));
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_and_not_just_cut_off() {
    let server = Server::start(Node::start().await).await;
    let body = "x".repeat(500_000);
    let request = format!(
        "POST /api/v1/call HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        server.node.token,
        body.len()
    );
    let answer = server.exchange(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("BODY_TOO_LARGE"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_sends_far_too_much_still_reads_the_answer() {
    let server = Server::start(Node::start().await).await;
    let body = "x".repeat(8 * 1024 * 1024);
    for path in ["/api/v1/call", "/api/v1/calls/nothing"] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-length: {}\r\n\r\n{body}",
            server.node.token,
            body.len()
        );
        let answer = server.exchange(&request).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(answer.ends_with('}'), "{path}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_never_ends_is_not_listened_to_for_ever() {
    let node = Node::start_with(|config| {
        config.linger = Duration::from_millis(200);
        config.linger_idle = Duration::from_millis(50);
    })
    .await;
    let server = Server::start(node).await;
    let mut stream = server.connect().await;
    let head = "POST /api/v1/call HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = [b'x'; 1024];
    let sending = async {
        while stream.write_all(&piece).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let cut_off = tokio::time::timeout(Duration::from_secs(20), sending);
    assert!(cut_off.await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_never_finishes_its_request_is_cut_off() {
    let node = Node::start_with(|config| config.header_timeout = Duration::from_millis(50)).await;
    let server = Server::start(node).await;
    let answer = server.exchange("GET /healthz HTTP/1.1\r\nhost: ");
    assert!(!answer.await.contains("200 OK"));
    server.stop().await;
}

#[tokio::test]
async fn garbage_does_not_stop_the_server() {
    let server = Server::start(Node::start().await).await;
    server.exchange("\u{0}\u{1}garbage\r\n\r\n").await;
    let answer = server.exchange("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(answer.await.starts_with("HTTP/1.1 200 OK"));
    server.stop().await;
}

#[tokio::test]
async fn a_stop_ends_streams_and_idle_connections() {
    let server = Server::start(Node::start().await).await;
    let call = server.node.place_call().await;
    let mut stream = server.connect().await;
    let request = format!(
        "GET /api/v1/calls/{}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        call["id"].as_str().unwrap(),
        server.node.token
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    let mut idle = server.connect().await;

    server.stop().await;
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "{rest}");
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_it_may() {
    let node = Node::start_with(|config| config.close_grace = Duration::from_millis(50)).await;
    let server = Server::start(node).await;
    let mut stuck = server.connect().await;
    let head = format!(
        "POST /api/v1/call HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-length: 10\r\n\r\n",
        server.node.token
    );
    stuck.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_most_wait_for_a_place() {
    let node = Node::start_with(|config| config.max_connections = 1).await;
    let server = Server::start(node).await;
    let first = server.connect().await;
    let request = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut second = server.connect().await;
    second.write_all(request.as_bytes()).await.unwrap();
    let mut byte = [0];
    let waiting = tokio::time::timeout(Duration::from_millis(100), second.read(&mut byte)).await;
    assert!(waiting.is_err());
    drop(first);
    assert_eq!(second.read(&mut byte).await.unwrap(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_loses_its_place() {
    let node = Node::start_with(|config| {
        config.max_connections = 1;
        config.write_timeout = Duration::from_millis(100);
    })
    .await;
    let server = Server::start(node).await;
    let mut deaf = server.connect().await;
    // More answers than the buffers of two sockets hold.
    let requests = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200);
    deaf.write_all(requests.as_bytes()).await.unwrap();
    let answer = server.exchange("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
    assert!(answer.unwrap().starts_with("HTTP/1.1 200 OK"));
    drop(deaf);
    server.stop().await;
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_a_trusted_proxy_any_number() {
    for (proxies, is_served) in [
        (vec![], false),
        (vec!["127.0.0.0/8".parse().unwrap()], true),
    ] {
        let node = Node::start_with(|config| {
            config.max_connections_per_address = 1;
            config.trusted_proxies = proxies;
        })
        .await;
        let server = Server::start(node).await;
        let request = "GET /healthz HTTP/1.1\r\nhost: x\r\n";
        let mut first = server.connect().await;
        first
            .write_all(format!("{request}\r\n").as_bytes())
            .await
            .unwrap();
        first.read_exact(&mut [0]).await.unwrap();
        let last = format!("{request}connection: close\r\n\r\n");
        let second = server.exchange(&last).await;
        assert_eq!(second.starts_with("HTTP/1.1 200 OK"), is_served);
        drop(first);
        until(|| async {
            let answer = server.exchange(&last).await;
            answer.starts_with("HTTP/1.1 200 OK").then_some(())
        })
        .await;
        server.stop().await;
    }
}

struct Server {
    node: Node,
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(node: Node) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(api::serve(listener, node.state.clone(), shutdown.clone()));
        Self {
            node,
            address,
            shutdown,
            task,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends text and reads until the server closes.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        // A connection that is closed at once takes nothing.
        drop(stream.write_all(request.as_bytes()).await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn stop(&self) {
        self.shutdown.cancel();
        until(|| async { self.task.is_finished().then_some(()) }).await;
    }
}
