//! Audio files that are written down, by the real recogniser from real speech.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::ApiConfig;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use onnx::Runtime;
use serde_json::{Value, json};
use speech::word_error_rate;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use transcription::Models;

use crate::support::form::Field::{File, Text};
use crate::support::judge::{Judge, verdict};
use crate::support::{NUMBER, Node, until};

const FIRST: (&str, &str) = (
    "ast_en_cannot-complete-as-dialed.wav",
    "Your call cannot be completed as dialed.",
);
const SECOND: (&str, &str) = (
    "ast_en_check-number-dial-again.wav",
    "Please check the number and dial again.",
);

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(project("fixtures").join(name)).unwrap()
}

async fn start() -> Node {
    Node::start_with(settings).await
}

fn settings(config: &mut ApiConfig) {
    config.webhooks.allow_private = true;
    config.webhooks.allow_http = true;
    config.webhooks.first_retry = Duration::from_millis(10);
    config.transcriptions.poll_interval = Duration::from_millis(20);
    config.transcriptions.retry_after = Duration::from_millis(20);
    config.transcriptions.attempts = 2;
    config.evaluation.report_wait = Duration::from_millis(20);
    config.evaluation.poll_interval = Duration::from_millis(20);
}

/// Work on the transcriptions of a node.
struct Work {
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

impl Work {
    fn on(node: &Node) -> Self {
        let library = project("runtime/libonnxruntime.so.1.32.0");
        let models = Models {
            runtime: Runtime::load(&library).expect("make setup"),
            silero: project("models/silero_vad_op18_ifless.onnx"),
            moonshine: project("models/moonshine-tiny-en"),
        };
        let shutdown = CancellationToken::new();
        let running = api::transcriptions::run(node.state.clone(), models, shutdown.clone());
        Self {
            shutdown,
            running: tokio::spawn(running),
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap();
    }
}

/// The transcription once it is over.
async fn over(node: &Node, made: &Value) -> Value {
    let path = format!("/transcriptions/{}", made["uuid"].as_str().unwrap());
    // Models are loaded and speech is recognised, beside other tests.
    for _ in 0..6_000 {
        let now = node.get(&path).await.data();
        if now["status"] == "completed" || now["status"] == "failed" {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} is not over");
}

async fn messages(node: &Node, made: &Value) -> Vec<Value> {
    let path = format!(
        "/transcriptions/{}/transcript",
        made["uuid"].as_str().unwrap()
    );
    let transcript = node.get(&path).await.data();
    transcript["conversation"]["messages"]
        .as_array()
        .unwrap()
        .clone()
}

fn audio_files(node: &Node) -> Vec<String> {
    let folder = node.folder.path().join("transcriptions");
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "folder-id").collect()
}

/// Requests with their headers and bodies.
type Posted = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// A server on loopback with files, and what was posted to it.
struct Elsewhere {
    url: String,
    posted: Posted,
}

impl Elsewhere {
    /// It refuses the first so many posts.
    async fn start(refusals: usize) -> Self {
        let posted = Posted::default();
        let take = move |State(posted): State<Posted>, headers: HeaderMap, body: Bytes| async move {
            let mut posted = posted.lock().unwrap();
            posted.push((headers, serde_json::from_slice(&body).unwrap()));
            if posted.len() <= refusals {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::OK
            }
        };
        let router = Router::new()
            .route("/first", get(async || fixture(FIRST.0)))
            .route("/second", get(async || fixture(SECOND.0)))
            .route("/large", get(async || vec![0_u8; 300_000]))
            .route("/done", post(take))
            .with_state(posted.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, posted }
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }
}

#[tokio::test]
async fn speech_that_is_uploaded_is_written_down() {
    let node = start().await;
    let audio = fixture(FIRST.0);
    let fields = [
        Text("reference_id", "ticket-4711"),
        File("voice_file", &audio),
        Text("possible_language", "en-US"),
    ];
    let made = node.post_form("/transcriptions", &fields).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.data();
    assert_eq!(
        (&made["status"], &made["progress"]),
        (&json!("pending"), &json!(0))
    );
    assert_eq!(made["reference_id"], "ticket-4711");
    let work = Work::on(&node);
    let done = over(&node, &made).await;
    work.stop().await;
    assert_eq!(
        (&done["status"], &done["progress"]),
        (&json!("completed"), &json!(100)),
        "{done}"
    );
    let text = done["transcription_result"].as_str().unwrap();
    let text = text.strip_prefix("speaker: ").unwrap();
    assert!(word_error_rate(FIRST.1, text) < 0.2, "{text}");
    let said = messages(&node, &made).await;
    assert_eq!((said.len(), &said[0]["role"]), (1, &json!("speaker")));
    let (start, end) = (
        said[0]["start_ms"].as_u64().unwrap(),
        said[0]["end_ms"].as_u64().unwrap(),
    );
    assert!(start < end && end <= 2_800, "{said:?}");
    let listed = node
        .get("/transcriptions?status=completed&reference_id=ticket-4711")
        .await;
    assert_eq!(listed.data()["total"], 1);
    let none = node.get("/transcriptions?status=failed").await.data();
    assert_eq!(none["total"], 0);
    assert_eq!(audio_files(&node).len(), 1, "the audio is kept");
}

#[tokio::test]
async fn both_sides_are_fetched_and_the_end_is_reported_until_it_is_taken() {
    let (node, elsewhere) = (start().await, Elsewhere::start(1).await);
    let fields = [
        Text("voice_url", &elsewhere.at("first")),
        Text("customer_voice_url", &elsewhere.at("second")),
        Text("webhook_url", &elsewhere.at("done")),
        Text("webhook_header_token", "secret-token"),
    ];
    let made = node.post_form("/transcriptions", &fields).await;
    assert!(!made.text().contains("secret-token"), "{}", made.text());
    let made = made.data();
    let work = Work::on(&node);
    let done = over(&node, &made).await;
    assert_eq!(done["status"], "completed", "{done}");
    until(async || (elsewhere.posted.lock().unwrap().len() == 2).then_some(())).await;
    work.stop().await;
    let mut roles: Vec<(String, String)> = Vec::new();
    for message in messages(&node, &made).await {
        let word = |field: &str| message[field].as_str().unwrap().to_owned();
        roles.push((word("role"), word("content")));
    }
    roles.sort();
    let [(agent, first), (customer, second)] = roles.as_slice() else {
        panic!("{roles:?}");
    };
    assert_eq!((agent.as_str(), customer.as_str()), ("agent", "customer"));
    assert!(word_error_rate(FIRST.1, first) < 0.2, "{first}");
    assert!(word_error_rate(SECOND.1, second) < 0.2, "{second}");
    let posted = elsewhere.posted.lock().unwrap();
    assert_eq!(posted.len(), 2, "once refused, once taken");
    for (headers, body) in posted.iter() {
        assert_eq!(headers["authorization"], "Bearer secret-token");
        assert_eq!(body["event"], "transcription.completed");
        assert_eq!(body["data"]["id"], made["uuid"]);
        let messages = body["data"]["conversation"]["messages"].as_array();
        assert_eq!(messages.map(Vec::len), Some(2));
    }
}

#[tokio::test]
async fn what_can_not_be_written_down_fails_and_says_why() {
    let (node, elsewhere) = (start().await, Elsewhere::start(0).await);
    let missing = elsewhere.at("missing");
    let cases = [
        (
            File("voice_file", b"This is no audio."),
            "the audio can not be read",
        ),
        (File("voice_file", b""), "the audio can not be read"),
        (Text("voice_url", &missing), "answered 404"),
        (
            Text("voice_url", "http://127.0.0.1:9/a.wav"),
            "can not be fetched",
        ),
    ];
    let work = Work::on(&node);
    for (field, why) in cases {
        let webhook = elsewhere.at("done");
        let fields = [field, Text("webhook_url", &webhook)];
        let made = node.post_form("/transcriptions", &fields).await.data();
        let failed = over(&node, &made).await;
        assert_eq!(failed["status"], "failed", "{failed}");
        let message = failed["error_message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
        assert!(!message.contains("transcriptions/"), "{message}");
        assert_eq!(failed["transcription_result"], Value::Null);
    }
    until(async || (elsewhere.posted.lock().unwrap().len() == 4).then_some(())).await;
    work.stop().await;
    let posted = elsewhere.posted.lock().unwrap();
    assert!(
        posted
            .iter()
            .all(|(_, body)| body["event"] == "transcription.failed")
    );
}

#[tokio::test]
async fn a_file_that_is_fetched_may_be_no_larger_than_one_that_is_sent() {
    let node = Node::start_with(|config| {
        settings(config);
        config.transcriptions.max_file = 200_000;
    })
    .await;
    let elsewhere = Elsewhere::start(0).await;
    let large = elsewhere.at("large");
    let made = node
        .post_form("/transcriptions", &[Text("voice_url", &large)])
        .await
        .data();
    let work = Work::on(&node);
    let failed = over(&node, &made).await;
    work.stop().await;
    let message = failed["error_message"].as_str().unwrap();
    assert!(message.contains("larger than 200000 bytes"), "{message}");
    let audio = vec![0; 300_000];
    let answer = node
        .post_form("/transcriptions", &[File("voice_file", &audio)])
        .await;
    answer.is_error(413, "BODY_TOO_LARGE");
    assert!(audio_files(&node).is_empty(), "{:?}", audio_files(&node));
}

#[tokio::test]
async fn a_form_that_can_not_be_used_leaves_nothing_behind() {
    let node = Node::start().await;
    let audio = fixture(FIRST.0);
    let file = || File("voice_file", &audio);
    let long = "x".repeat(256);
    let cases = [
        (vec![Text("reference_id", "a")], "voice_file"),
        (
            vec![file(), Text("voice_url", "https://example.com/a.wav")],
            "voice_url",
        ),
        (vec![file(), Text("colour", "red")], "colour"),
        (vec![file(), file()], "voice_file"),
        (
            vec![file(), Text("possible_language", "de")],
            "possible_language",
        ),
        (vec![file(), Text("reference_id", &long)], "reference_id"),
        (vec![file(), Text("customer_phone", "12")], "customer_phone"),
        (
            vec![file(), Text("customer_email", "nobody")],
            "customer_email",
        ),
        (
            vec![file(), Text("webhook_url", "http://example.com/")],
            "webhook_url",
        ),
        (
            vec![file(), Text("webhook_header_token", "a b")],
            "webhook_header_token",
        ),
        (vec![file(), Text("qa_agent_uuid", "")], "qa_agent_uuid"),
        (
            vec![Text("voice_url", "https://10.0.0.1/a.wav")],
            "voice_url",
        ),
        (
            vec![Text("voice_url", "ftp://example.com/a.wav")],
            "voice_url",
        ),
        (vec![file(), Text("email", "a\0@b.example")], "email"),
    ];
    for (fields, field) in cases {
        node.post_form("/transcriptions", &fields)
            .await
            .is_about(field);
    }
    let unknown = Text(
        "coaching_agent_uuid",
        "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    );
    let answer = node.post_form("/transcriptions", &[file(), unknown]).await;
    answer.is_error(404, "AGENT_NOT_FOUND");
    let json = node
        .post(
            "/transcriptions",
            json!({ "voice_url": "https://a.example" }),
        )
        .await;
    json.is_error(415, "UNSUPPORTED_MEDIA_TYPE");
    for body in [
        "",
        "no form at all",
        "--boundary\r\nContent-Disposition: form-data; name=\"a\"",
    ] {
        for key in ["", "key"] {
            let mut request = node
                .request(Method::POST, "/transcriptions")
                .header("content-type", "multipart/form-data; boundary=boundary");
            if !key.is_empty() {
                request = request.header("idempotency-key", key);
            }
            let answer = node.send(request.body(Body::from(body)).unwrap()).await;
            answer.is_error(400, "INVALID_FORM");
        }
    }
    assert!(audio_files(&node).is_empty(), "{:?}", audio_files(&node));
    assert_eq!(node.get("/transcriptions").await.data()["total"], 0);
}

#[tokio::test]
async fn a_head_without_end_is_not_gathered() {
    let node = Node::start().await;
    let piece = Bytes::from(vec![b'a'; 256 * 1024]);
    let sent = Arc::new(Mutex::new(0));
    let counted = sent.clone();
    let head = Bytes::from("--boundary\r\nContent-Disposition: form-data; name=\"");
    let pieces = std::iter::once(head).chain(std::iter::repeat_n(piece, 400));
    let pieces = pieces.map(move |piece| {
        *counted.lock().unwrap() += 1;
        Ok::<_, std::io::Error>(piece)
    });
    let request = node
        .request(Method::POST, "/transcriptions")
        .header("content-type", "multipart/form-data; boundary=boundary");
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let answer = node.send(request.body(body).unwrap()).await;
    answer.is_error(413, "BODY_TOO_LARGE");
    assert!(*sent.lock().unwrap() < 20, "{}", sent.lock().unwrap());
}

#[tokio::test]
async fn a_file_that_is_sent_again_with_its_key_is_taken_once() {
    let node = Node::start().await;
    let (audio, other) = (fixture(FIRST.0), fixture(SECOND.0));
    let post = async |audio: &[u8], boundary: &str| {
        let fields = [File("voice_file", audio), Text("reference_id", "a")];
        node.post_form_with("/transcriptions", &fields, boundary, Some("one"))
            .await
    };
    let first = post(&audio, "first").await;
    assert_eq!(first.status, 201, "{}", first.text());
    let again = post(&audio, "another-boundary").await;
    assert_eq!(again.json(), first.json());
    assert_eq!(again.header("idempotency-replayed"), "true");
    post(&other, "first")
        .await
        .is_error(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(node.get("/transcriptions").await.data()["total"], 1);
    assert_eq!(audio_files(&node).len(), 1, "{:?}", audio_files(&node));
}

#[tokio::test]
async fn with_a_transcription_its_audio_goes() {
    let node = Node::start().await;
    let audio = fixture(FIRST.0);
    let made = node
        .post_form("/transcriptions", &[File("voice_file", &audio)])
        .await
        .data();
    let path = format!("/transcriptions/{}", made["uuid"].as_str().unwrap());
    assert_eq!(audio_files(&node).len(), 1);
    node.delete(&path).await.data();
    assert!(audio_files(&node).is_empty());
    for answer in [
        node.get(&path).await,
        node.get(&format!("{path}/transcript")).await,
        node.delete(&path).await,
    ] {
        answer.is_error(404, "TRANSCRIPTION_NOT_FOUND");
    }
}

#[tokio::test]
async fn erasing_the_customer_erases_their_transcriptions() {
    let node = Node::start().await;
    let audio = fixture(FIRST.0);
    let contact = json!({ "phone_number": NUMBER, "email": "ann@example.com" });
    let contact = node.post("/contacts", contact).await.data();
    for customer in [
        Text("customer_phone", "+1 (415) 555-0123"),
        Text("customer_email", "Ann@example.com"),
        Text("customer_phone", "+14155550199"),
    ] {
        let fields = [File("voice_file", &audio), customer];
        node.post_form("/transcriptions", &fields).await.data();
    }
    let path = format!("/contacts/{}/erase", contact["uuid"].as_str().unwrap());
    let erased = node.post_text(&path, "").await.data();
    assert_eq!(erased["removed"]["transcriptions"], 2, "{erased}");
    assert_eq!(erased["status"], "completed");
    assert_eq!(node.get("/transcriptions").await.data()["total"], 1);
    assert_eq!(audio_files(&node).len(), 1);
    api::privacy::sweep(&node.state, Timestamp::now()).await;
    let left = node
        .store
        .discarded_transcriptions("", None, 10)
        .await
        .unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_is_older_than_it_is_kept_goes() {
    let node = start().await;
    let days = json!({ "retention_days_recordings": 1, "retention_days_transcripts": 2 });
    node.put("/workspace/settings", days).await.data();
    let audio = fixture(FIRST.0);
    let made = node
        .post_form("/transcriptions", &[File("voice_file", &audio)])
        .await
        .data();
    let work = Work::on(&node);
    over(&node, &made).await;
    work.stop().await;
    let in_hours = |hours| Timestamp::now() + SignedDuration::from_hours(hours);
    api::privacy::sweep(&node.state, in_hours(23)).await;
    assert_eq!(audio_files(&node).len(), 1);
    api::privacy::sweep(&node.state, in_hours(25)).await;
    assert!(audio_files(&node).is_empty());
    assert_eq!(messages(&node, &made).await.len(), 1);
    api::privacy::sweep(&node.state, in_hours(49)).await;
    assert!(messages(&node, &made).await.is_empty());
    let path = format!("/transcriptions/{}", made["uuid"].as_str().unwrap());
    let left = node.get(&path).await.data();
    assert_eq!(
        (&left["status"], &left["s3_file_path"]),
        (&json!("completed"), &Value::Null)
    );
}

fn sealing(config: &mut ApiConfig) {
    settings(config);
    let key = recordings::Key::from_base64("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=");
    config.keys = recordings::Keys::new(Some(key.unwrap()), Vec::new());
}

#[tokio::test]
async fn where_recordings_are_sealed_no_audio_outlives_the_work() {
    let node = Node::start_with(sealing).await;
    let mut made = Vec::new();
    for audio in [fixture(FIRST.0), b"no audio".to_vec()] {
        let form = [File("voice_file", &audio[..])];
        made.push(node.post_form("/transcriptions", &form).await.data());
    }
    assert_eq!(audio_files(&node).len(), 2);
    let work = Work::on(&node);
    assert_eq!(over(&node, &made[0]).await["status"], "completed");
    assert_eq!(over(&node, &made[1]).await["status"], "failed");
    work.stop().await;
    assert!(audio_files(&node).is_empty(), "{:?}", audio_files(&node));
    assert_eq!(messages(&node, &made[0]).await.len(), 1);
    let path = format!("/transcriptions/{}", made[0]["uuid"].as_str().unwrap());
    assert_eq!(node.get(&path).await.data()["s3_file_path"], Value::Null);
}

#[tokio::test]
async fn audio_stays_until_the_end_of_the_work_is_written_down() {
    let node = Node::start_with(|config| {
        sealing(config);
        config.transcriptions.lease = Duration::from_secs(1);
        config.transcriptions.attempts = 5;
    })
    .await;
    node.execute(
        "CREATE TRIGGER no_end BEFORE UPDATE ON transcriptions WHEN NEW.status = 'completed'
         BEGIN SELECT RAISE(ABORT, 'not now'); END",
    )
    .await;
    let audio = fixture(FIRST.0);
    let form = [File("voice_file", &audio[..])];
    let made = node.post_form("/transcriptions", &form).await.data();
    let work = Work::on(&node);
    for _ in 0..6_000 {
        if messages(&node, &made).await.len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The words are there, and their end is being tried.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(audio_files(&node).len(), 1);
    node.execute("DROP TRIGGER no_end").await;
    assert_eq!(over(&node, &made).await["status"], "completed");
    work.stop().await;
    assert_eq!(messages(&node, &made).await.len(), 1);
    assert!(audio_files(&node).is_empty(), "{:?}", audio_files(&node));
}

#[tokio::test]
async fn audio_from_before_recordings_were_sealed_goes_with_the_next_look() {
    let node = start().await;
    let audio = fixture(FIRST.0);
    let form = [File("voice_file", &audio[..])];
    let made = node.post_form("/transcriptions", &form).await.data();
    let work = Work::on(&node);
    over(&node, &made).await;
    work.stop().await;
    assert_eq!(audio_files(&node).len(), 1);
    let node = node.with_config(sealing);
    api::privacy::sweep(&node.state, Timestamp::now()).await;
    assert!(audio_files(&node).is_empty(), "{:?}", audio_files(&node));
}

#[tokio::test]
async fn a_node_that_stops_leaves_its_work_to_the_next() {
    let node = start().await;
    let audio = fixture(FIRST.0);
    let mut made = Vec::new();
    for _ in 0..3 {
        let posted = node
            .post_form("/transcriptions", &[File("voice_file", &audio)])
            .await;
        made.push(posted.data());
    }
    let work = Work::on(&node);
    over(&node, &made[0]).await;
    work.stop().await;
    let node = node.started_again();
    let work = Work::on(&node);
    for one in &made {
        assert_eq!(over(&node, one).await["status"], "completed");
        assert_eq!(messages(&node, one).await.len(), 1);
    }
    work.stop().await;
}

/// The evaluations of a node, as they run.
async fn evaluated(node: &Node, made: &Value) -> Value {
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(api::evaluations::run(node.state.clone(), shutdown.clone()));
    let path = format!(
        "/transcriptions/{}/transcript",
        made["uuid"].as_str().unwrap()
    );
    let evaluations = until(async || {
        let transcript = node.get(&path).await.data();
        let evaluations = transcript["evaluations"].clone();
        (evaluations != json!({})).then_some(evaluations)
    })
    .await;
    shutdown.cancel();
    running.await.unwrap();
    evaluations
}

#[tokio::test]
async fn what_is_written_down_is_evaluated_and_marked_by_what() {
    let elsewhere = Elsewhere::start(0).await;
    let node = start().await;
    let work = Work::on(&node);
    let made = node
        .post_form(
            "/transcriptions",
            &[Text("voice_url", &elsewhere.at("first"))],
        )
        .await;
    let made = made.data();
    over(&node, &made).await;
    // Nobody evaluates: as after a crash, it is still owed.
    let evaluations = evaluated(&node, &made).await;
    work.stop().await;
    assert_eq!(evaluations["source"], "offline");
    assert_eq!(evaluations["source_reason"], Value::Null);
    assert!(
        evaluations["sentiment"]["reason"].is_string(),
        "{evaluations}"
    );
    assert_eq!(
        evaluations["voice"],
        json!({}),
        "one channel: nobody knows who spoke"
    );
    assert!(evaluations["summary"].as_str().unwrap().contains("call"));
}

#[tokio::test]
async fn a_language_model_evaluates_what_is_written_down() {
    let elsewhere = Elsewhere::start(0).await;
    let judge = Judge::saying(verdict("A parcel is late.")).await;
    let node = start().await.judged_by(judge.clone());
    let work = Work::on(&node);
    let about = "A parcel that is late.";
    let fields = [
        Text("voice_url", &elsewhere.at("first")),
        Text("possible_conversation", about),
    ];
    let made = node.post_form("/transcriptions", &fields).await.data();
    over(&node, &made).await;
    let evaluations = evaluated(&node, &made).await;
    work.stop().await;
    assert_eq!(evaluations["source"], "model");
    assert_eq!(evaluations["summary"], "A parcel is late.");
    assert_eq!(evaluations["satisfaction"]["value"], 4);
    let asked = judge.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].to_string().contains(about));
    assert!(asked[0].to_string().contains("dialed"));
}
