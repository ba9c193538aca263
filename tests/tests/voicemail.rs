//! Outbound calls that a voicemail answers, and calls that a person answers, with the scripted
//! phone as either.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use audio::beep::{Beep, Detector};
use audio::file::{read_channels, read_mono};
use audio::{Decibels, SampleRate, Tone, WavWriter, level};
use end_to_end::{Api, Node, Phone, Webhooks, checkout, mihu};
use serde_json::{Value, json};

const NUMBER: &str = "+1 (415) 555-0123";
const RATE: SampleRate = SampleRate::HZ_8000;

const FIRST: &str = "Hello, this is Maya from Larkfield Telecom. You reported that some of your \
    calls fail. What do you hear when that happens?";

const MESSAGE: &str = "Hello, this is Maya from Larkfield Telecom. Please call us back, any day \
    before nine.";

const LEFT: &str = "the agent left a message on a voicemail";

/// Between the last word of the greeting and its beep.
const BEFORE_BEEP: Duration = Duration::from_millis(1_200);

/// A voicemail's greeting: "Nobody is available to take your call at the moment." and a beep.
fn greeting(folder: &Path) -> PathBuf {
    let words = checkout("fixtures/ast_en_vm-nobodyavail.wav");
    let mut samples = read_mono(words, RATE).expect("a recording");
    samples.resize(samples.len() + RATE.samples_in(BEFORE_BEEP), 0);
    let beep = Tone::new(RATE, 1_000.0, Decibels::new(-12.0));
    samples.extend(beep.take(RATE.samples_in(Duration::from_millis(400))));
    samples.resize(
        samples.len() + RATE.samples_in(Duration::from_millis(500)),
        0,
    );
    let path = folder.join("greeting.wav");
    let mut file = WavWriter::create(&path, RATE, 1).expect("a file");
    file.write(&samples).expect("the greeting is written");
    file.finish().expect("the file is complete");
    path
}

/// Places a call of an agent with a message for voicemails, who reports to `webhook`, and waits for
/// its end.
async fn call(api: &Api, webhook: Option<&str>) -> Value {
    let interaction = json!({
        "outbound_first_message": FIRST,
        "voice_mail_message": MESSAGE,
    });
    let agent = json!({ "name": "Maya", "settings": { "voice": { "interaction": interaction } } });
    let created = api.post("/agents", &agent).await;
    let agent = created.text("/data/agent_uuid");
    assert!(!agent.is_empty(), "{created:?}");
    if let Some(url) = webhook {
        api.add_webhook(agent, url).await;
    }
    let body = json!({ "agentId": agent, "participant": { "number": NUMBER } });
    let placed = api.post("/call", &body).await;
    assert_eq!(placed.status, 200, "{placed:?}");
    api.call_becomes(placed.text("/data/id"), "completed").await
}

async fn turns(api: &Api, call: &str) -> Vec<Value> {
    let transcript = api.get(&format!("/calls/{call}/transcript")).await;
    let turns = transcript.body["data"]["turns"].as_array().cloned();
    turns.expect("turns")
}

/// The beeps in one side of a recording.
fn beeps(samples: &[i16], rate: SampleRate) -> Vec<Beep> {
    let mut detector = Detector::new(rate).expect("a rate of telephones");
    let mut beeps = Vec::new();
    detector.feed(samples, |beep| beeps.push(beep));
    beeps
}

fn replay(bundle: &Path) -> String {
    let mut command = Command::new(mihu());
    command.args(["replay", "--bundle"]).arg(bundle);
    let output = command.env_clear().current_dir(checkout("")).output();
    let output = output.expect("mihu runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{output:?}");
    said
}

#[tokio::test]
async fn a_voicemail_gets_the_message_once_after_its_beep() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // As a machine does, it speaks although the agent does.
    let phone = Phone::start(&["--pause", "0ms"], &[greeting(folder.path())]);
    let node = Node::builder()
        .trunk(phone.address())
        .set("MIHU_CALLS_KEEP_BUNDLES", "true")
        .start();
    let api = node.api();
    let mut webhooks = Webhooks::start().await;
    let call = call(&api, Some(webhooks.url())).await;
    let id = call["uuid"].as_str().expect("an id");
    assert_eq!(call["reason"], LEFT, "{call}");
    let report = webhooks.next().await.body;
    assert_eq!(report["data"]["reason"], LEFT, "{report}");

    let turns = turns(&api, id).await;
    let of_agent = |turn: &&Value| turn["speaker"] == "agent";
    let message = turns.iter().rfind(of_agent).expect("the message");
    assert_eq!(message["text"], MESSAGE, "{turns:?}");
    assert_ne!(message["interrupted"], true);
    let first = turns.iter().find(of_agent).expect("a turn of the agent");
    assert!(
        first == message || first["interrupted"] == true,
        "{turns:?}"
    );

    let recording = node.data().join("recordings").join(format!("{id}.wav"));
    let (rate, sides) = read_channels(recording).expect("a recording");
    let [beep] = beeps(&sides[0], rate)[..] else {
        panic!("no beep, or more than one");
    };
    // The agent had fallen silent before the beep, and speaks after it.
    let from = rate.samples_in(beep.began.saturating_sub(BEFORE_BEEP / 2));
    let until = rate.samples_in(beep.ended);
    assert!(!level::is_audible(&sides[1][from..until]));
    let after = &sides[1][until..];
    let audible = |sample: &i16| level::is_audible(&[*sample]);
    let began = after.iter().position(audible).expect("the message sounds");
    assert!(rate.duration_of(began) < Duration::from_secs(2), "{began}");
    let ended = until + after.iter().rposition(audible).expect("the message ends");
    let told = Duration::from_millis(message["end_ms"].as_u64().expect("an end"));
    let heard = rate.duration_of(ended);
    assert!(
        heard.abs_diff(told) < Duration::from_millis(400),
        "{heard:?} {told:?}"
    );
    // Seventeen words are not said in less.
    assert!(heard > beep.ended + Duration::from_secs(3), "{heard:?}");

    phone.report().await;
    replay(&node.data().join("bundles").join(format!("{id}.mihu")));
}

#[tokio::test]
async fn a_person_who_answers_and_no_voicemail_is_talked_to_as_ever() {
    let plays = [
        "fixtures/ast_en_hello.wav",
        "fixtures/syn_en_speak-to-person.wav",
    ];
    let plays = plays.map(checkout);
    let phone = Phone::start(&["--hangup-after", "1s"], &plays);
    let node = Node::builder().trunk(phone.address()).start();
    let api = node.api();
    let call = call(&api, None).await;
    let id = call["uuid"].as_str().expect("an id");
    assert_eq!(call["reason"], "the other side hung up", "{call}");
    let report = phone.report().await;
    assert!(report["said"][1]["answered_after_ms"].is_u64(), "{report}");
    let turns = turns(&api, id).await;
    let said = |words: &str| {
        let texts = turns.iter().filter_map(|turn| turn["text"].as_str());
        texts.filter(|text| text.contains(words)).count()
    };
    assert_eq!(said("What do you hear"), 1, "{turns:?}");
    assert_eq!(said("Please call us back"), 0, "{turns:?}");
}
