//! The consent page of OAuth in a real browser: its policy and its cookie let a person answer, and
//! the answer reaches a program on another port.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use end_to_end::{Chromium, Node};
use serde_json::json;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_allows_and_denies_in_a_browser() {
    let node = Node::builder().start();
    let api = node.api();
    let (port, came_back) = program();
    let callback = format!("http://127.0.0.1:{port}/callback");
    let body = json!({
        "name": "Desktop <i>app</i>", "type": "public",
        "redirect_uris": [callback], "scopes": ["calls:read"],
    });
    let client = api.post("/oauth/clients", &body).await;
    let client = client.text("/data/client_uuid").to_owned();
    let link = format!(
        "http://{}/oauth/authorize?response_type=code&client_id={client}&scope=calls:read&\
         state=it%20is%20me&code_challenge={CHALLENGE}&code_challenge_method=S256",
        node.http()
    );
    let token = api.token().to_owned();
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("program.html");
        std::fs::write(&file, "<!doctype html><title>Program</title>").expect("a file");
        let mut browser = Chromium::open(&file, 800, 900);
        for (answer, expected) in [
            ("allow", "code=mihu_code_"),
            ("deny", "error=access_denied"),
        ] {
            browser.go(&link);
            let heading = browser.evaluate("document.querySelector('h1').textContent");
            assert_eq!(heading, "Desktop <i>app</i> asks for access");
            let width = browser.evaluate("getComputedStyle(document.body).maxWidth");
            assert_eq!(width, "544px", "the policy lets the page have its style");
            if answer == "allow" {
                let key = json!(token);
                browser.evaluate(&format!("document.querySelector('#api_key').value = {key}"));
            }
            browser.click(&format!("button[value={answer}]"), 0.5, 0.5);
            let asked = came_back.recv_timeout(Duration::from_secs(30));
            let asked = asked.expect("the browser comes back");
            assert!(asked.starts_with("GET /callback?"), "{asked}");
            assert!(asked.contains(expected), "{asked}");
            assert!(asked.contains("state=it+is+me"), "{asked}");
        }
    })
    .await
    .expect("the browser's part");
}

/// A program that waits for browsers on a port of its own: the port, and what it was asked.
fn program() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    // overflow: awaited; the browser waits for its answer.
    let (sender, asked) = sync_channel(4);
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = [0; 8_192];
            let length = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\ndone";
            // The browser may have gone on by then.
            let _ = stream.write_all(answer.as_bytes());
            let line = head.lines().next().unwrap_or_default().to_owned();
            let is_callback = line.contains("/callback");
            if is_callback && sender.send(line).is_err() {
                return;
            }
        }
    });
    (port, asked)
}
