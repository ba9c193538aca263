//! Whole conversations: recorded human speech in, the agent's voice out.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use audio::{SampleRate, level};
use end_to_end::{Node, Phone, checkout, mihu};
use serde_json::Value;

fn utterance(name: &str) -> PathBuf {
    checkout("fixtures").join(name)
}

fn transcript_of(calls: &Value) -> Vec<(String, String)> {
    let turns = calls["data"]["turns"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |turn: &Value, key: &str| turn[key].as_str().unwrap_or_default().to_owned();
    turns
        .iter()
        .map(|turn| (text(turn, "speaker"), text(turn, "text")))
        .collect()
}

#[tokio::test]
async fn the_demo_succeeds_and_writes_its_account() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let account = folder.path().join("demo.json");
    let output = Command::new(mihu())
        .current_dir(checkout(""))
        .arg("demo")
        .arg("--json")
        .arg(&account)
        .arg("--out")
        .arg(folder.path().join("out"))
        .output()
        .expect("mihu runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read_to_string(account).expect("the account");
    let account: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(account["status"], "completed");
    assert_eq!(account["webhook"]["event"], "conversation.end_report");
    assert_eq!(account["webhook"]["signature_valid"], true);
    let callers = account["turns"].as_array().expect("turns").iter();
    assert!(callers.filter(|turn| turn["speaker"] == "caller").count() >= 3);
    for file in ["recording", "transcript", "heard_by_phone"] {
        let path = account[file].as_str().expect("a path");
        assert!(
            std::fs::metadata(path).is_ok_and(|file| file.len() > 100),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_inbound_caller_reaches_the_agent_of_that_name_and_is_understood() {
    let node = Node::builder().start();
    let api = node.api();
    let target = format!("sip:support@{}", node.sip());
    let plays = [utterance("ast_en_ss-noservice.wav")];
    let phone = Phone::start(&["--call", &target, "--hangup-after", "1s"], &plays);
    let report = phone.report().await;
    assert_eq!(report["answered"], true, "{report}");
    assert!(report["said"][0]["answered_after_ms"].is_u64(), "{report}");
    let calls = api.get("/calls?direction=inbound").await;
    let id = calls.text("/data/data/0/uuid").to_owned();
    api.call_becomes(&id, "completed").await;
    let transcript = api.get(&format!("/calls/{id}/transcript")).await;
    let turns = transcript_of(&transcript.body);
    // The pause between the sentences may well be taken for the end of a turn.
    let said: Vec<&str> = turns
        .iter()
        .filter(|(speaker, _)| speaker == "caller")
        .map(|(_, text)| text.as_str())
        .collect();
    let said = said.join(" ");
    let expected =
        "The number you have dialed is not in service. Please check the number and try again.";
    assert!(speech::word_error_rate(expected, &said) <= 0.1, "{said}");
}

#[tokio::test]
async fn an_unknown_agent_is_not_found() {
    let node = Node::builder().start();
    let target = format!("sip:nobody@{}", node.sip());
    let report = Phone::start(&["--call", &target], &[]).report().await;
    assert_eq!(report["answered"], false);
    assert!(
        report["end"]
            .as_str()
            .is_some_and(|end| end.contains("404")),
        "{report}"
    );
}

#[tokio::test]
async fn a_paused_agent_takes_no_call() {
    let agents = tempfile::tempdir().expect("a folder");
    let file = agents.path().join("support.yaml");
    std::fs::write(file, "name: Maya\nstatus: paused\n").expect("a file");
    let node = Node::builder()
        .set("MIHU_AGENTS_DIR", &agents.path().display().to_string())
        .start();
    let target = format!("sip:support@{}", node.sip());
    let report = Phone::start(&["--call", &target], &[]).report().await;
    assert_eq!(report["answered"], false);
    assert!(
        report["end"]
            .as_str()
            .is_some_and(|end| end.contains("480")),
        "{report}"
    );
}

#[tokio::test]
async fn a_caller_from_a_network_that_is_not_allowed_is_forbidden() {
    let node = Node::builder()
        .set("MIHU_SIP_ALLOW", "192.0.2.0/24")
        .start();
    let target = format!("sip:support@{}", node.sip());
    let report = Phone::start(&["--call", &target], &[]).report().await;
    assert_eq!(report["answered"], false);
    assert!(
        report["end"]
            .as_str()
            .is_some_and(|end| end.contains("403")),
        "{report}"
    );
}

/// How long the caller may still hear the agent after beginning to interrupt: the speech that it
/// takes to interrupt (120 ms), what the voice detector needs to see it begin and the jitter
/// buffers on the way, and as much again for a busy machine. The rest of the greeting lasts
/// longer.
const BARGE_IN: Duration = Duration::from_millis(800);

/// For how long after the caller began to speak the agent was heard, as far as the caller's words
/// last. `heard` is what the phone recorded from the answer on.
fn agent_heard_until(heard: &[i16], caller: &Value) -> Duration {
    let sample = |key: &str| caller[key].as_u64().expect("milliseconds") as usize * 8;
    let (start, end) = (sample("start_ms"), sample("end_ms").min(heard.len()));
    assert!(
        level::is_audible(&heard[..start]),
        "the agent spoke before it was interrupted"
    );
    let over_the_caller = &heard[start..end];
    let last = over_the_caller
        .iter()
        .rposition(|sample| level::is_audible(&[*sample]));
    SampleRate::HZ_8000.duration_of(last.unwrap_or(0))
}

#[tokio::test]
async fn a_caller_who_interrupts_silences_the_agent() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let heard = folder.path().join("heard.wav");
    let node = Node::builder().start();
    let api = node.api();
    let target = format!("sip:support@{}", node.sip());
    // With hardly any pause the phone speaks into the gap after the first words of the greeting.
    let arguments = [
        "--call",
        &target,
        "--pause",
        "40ms",
        "--hangup-after",
        "2s",
        "--record",
    ];
    let path = heard.display().to_string();
    let arguments: Vec<&str> = arguments.into_iter().chain([path.as_str()]).collect();
    let plays = [utterance("ast_en_feature-not-avail-line.wav")];
    let report = Phone::start(&arguments, &plays).report().await;
    let (_, sides) = audio::file::read_channels(&heard).expect("a recording");
    let caller = &report["said"][0];
    let silent_after = agent_heard_until(&sides[0], caller);
    assert!(
        silent_after <= BARGE_IN,
        "the agent spoke for {silent_after:?} into the caller's words"
    );
    let calls = api.get("/calls").await;
    let id = calls.text("/data/data/0/uuid").to_owned();
    api.call_becomes(&id, "completed").await;
    let transcript = api.get(&format!("/calls/{id}/transcript")).await;
    let turns = transcript.body["data"]["turns"]
        .as_array()
        .cloned()
        .expect("turns");
    let greeting = &turns[0];
    assert_eq!(greeting["speaker"], "agent");
    assert_eq!(greeting["interrupted"], true, "{turns:?}");
    let said = greeting["text"].as_str().expect("text");
    assert!(
        !said.contains("when your call fails?"),
        "only heard words are kept: {said}"
    );
}
