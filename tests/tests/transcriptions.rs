//! A node that is killed in the middle of writing down an audio file: it goes on where it was, and
//! everything that was said is there once.

use std::time::{Duration, Instant};

use audio::{SampleRate, WavWriter};
use end_to_end::{Api, Node, NodeBuilder, Webhooks, checkout};
use serde_json::Value;
use speech::word_error_rate;

/// What is said again and again in the file, and how often.
const SAID: &str = "Your call cannot be completed as dialed.";
const TIMES: usize = 40;

/// How long a loaded machine may take over it.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test]
async fn a_transcription_survives_crashes_and_ends_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut webhooks = Webhooks::start().await;
    let deadline = Instant::now() + PATIENCE;
    let start = || builder().data(folder.path()).start();

    let mut node = start();
    let mut api = node.api();
    let audio = long_file(folder.path());
    let texts = [
        ("webhook_url", webhooks.url()),
        ("webhook_header_token", "t0ken"),
    ];
    let made = api
        .post_file("/transcriptions", ("voice_file", &audio), &texts)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/transcriptions/{}", made.text("/data/uuid"));
    for crash in 1..=2 {
        // In the middle of it: some of it is written down, some to come.
        let heard = loop {
            assert!(Instant::now() < deadline, "too slow:\n{}", node.log());
            let heard = messages(&api, &path).await.len();
            if heard >= crash * 8 {
                break heard;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert!(heard < TIMES, "the node was done before it could be killed");
        drop(node.crash());
        node = start();
        api = node.api();
        assert!(
            messages(&api, &path).await.len() >= heard,
            "nothing is lost"
        );
    }
    let done = loop {
        assert!(Instant::now() < deadline, "too slow:\n{}", node.log());
        let now = api.get(&path).await.body["data"].clone();
        if now["status"] != "processing" {
            break now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(
        (&done["status"], &done["progress"]),
        (&"completed".into(), &100.into()),
        "{done}"
    );
    let all = messages(&api, &path).await;
    assert_eq!(all.len(), TIMES, "{all:?}");
    for message in &all {
        let content = message["content"].as_str().expect("words");
        assert!(word_error_rate(SAID, content) < 0.3, "{content}");
    }
    let report = webhooks.next().await;
    assert_eq!(report.headers["authorization"], "Bearer t0ken");
    assert_eq!(report.body["event"], "transcription.completed");
    let told = report.body["data"]["conversation"]["messages"].as_array();
    assert_eq!(told.map(Vec::len), Some(TIMES));
}

fn builder() -> NodeBuilder {
    Node::builder()
        .set("MIHU_TRANSCRIPTIONS_LEASE", "1s")
        .set("MIHU_TRANSCRIPTIONS_THREADS", "1")
}

async fn messages(api: &Api, path: &str) -> Vec<Value> {
    let transcript = api.get(&format!("{path}/transcript")).await;
    let messages = transcript.body.pointer("/data/conversation/messages");
    let messages = messages.and_then(Value::as_array).cloned();
    messages.unwrap_or_else(|| panic!("no transcript: {transcript:?}"))
}

/// The same sentence with pauses between.
fn long_file(folder: &std::path::Path) -> Vec<u8> {
    let fixture = checkout("fixtures/ast_en_cannot-complete-as-dialed.wav");
    let mut once = audio::file::read_mono(fixture, SampleRate::HZ_16000).expect("speech");
    once.resize(once.len() + 16_000 * 3 / 2, 0);
    let path = folder.join("long.wav");
    let mut file = WavWriter::create(&path, SampleRate::HZ_16000, 1).expect("a file");
    for _ in 0..TIMES {
        file.write(&once).expect("samples");
    }
    file.finish().expect("a whole file");
    std::fs::read(path).expect("the file")
}
