//! Calls that a node keeps, and `mihu replay --bundle`, which runs them again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use audio::file::read_channels;
use end_to_end::{Node, Phone, checkout, mihu};
use serde_json::Value;
use tempfile::TempDir;

/// A call that a node kept, after which the node ended.
struct Kept {
    bundle: PathBuf,
    recording: PathBuf,
    /// What the API says of it, and of its turns.
    call: Value,
    transcript: Value,
    node: Node,
}

/// Has a phone call an agent and say this; `srtp` is whether the phone encrypts.
async fn call(node: Node, srtp: &str, fixture: &str) -> Kept {
    let api = node.api();
    let target = format!("sip:support@{}", node.sip());
    let plays = [checkout("fixtures").join(fixture)];
    let arguments = ["--call", &target, "--hangup-after", "1s", "--srtp", srtp];
    let phone = Phone::start(&arguments, &plays);
    let report = phone.report().await;
    assert_eq!(report["answered"], true, "{report}");
    let calls = api.get("/calls?direction=inbound").await;
    let id = calls.text("/data/data/0/uuid").to_owned();
    let call = api.call_becomes(&id, "completed").await;
    Kept {
        bundle: node.data().join("bundles").join(format!("{id}.mihu")),
        recording: node.data().join("recordings").join(format!("{id}.wav")),
        transcript: api.get(&format!("/calls/{id}/transcript")).await.body["data"].clone(),
        call,
        node,
    }
}

async fn kept() -> Kept {
    let node = Node::builder().set("MIHU_CALLS_KEEP_BUNDLES", "true");
    call(node.start(), "off", "ast_en_ss-noservice.wav").await
}

/// Runs `mihu replay` with these arguments and all reports: the exit code, what it said, and the
/// folder of the reports.
fn replay(arguments: &[&Path]) -> (i32, String, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(mihu());
    command.arg("replay").env_clear().current_dir(checkout(""));
    for (option, name) in [
        ("--json", "r.json"),
        ("--html", "r.html"),
        ("--junit", "r.xml"),
        ("--out", "r.wav"),
    ] {
        command.arg(option).arg(folder.path().join(name));
    }
    let output = command.args(arguments).output().expect("mihu runs");
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    (
        output.status.code().expect("it ends by itself"),
        said,
        folder,
    )
}

fn account(folder: &TempDir) -> Value {
    let text = fs::read_to_string(folder.path().join("r.json")).expect("an account");
    serde_json::from_str(&text).expect("JSON")
}

fn turns(of: &Value, text: &str) -> Vec<(String, String, u64, u64, bool)> {
    let turns = of["turns"].as_array().expect("turns").iter();
    let mut turns: Vec<_> = turns
        .map(|turn| {
            let words = |key: &str| turn[key].as_str().unwrap_or_default().to_owned();
            let time = |key: &str| turn[key].as_u64().unwrap_or(u64::MAX);
            let interrupted = turn["interrupted"].as_bool().unwrap_or_default();
            let (start, end) = (time("start_ms"), time("end_ms"));
            (words("speaker"), words(text), start, end, interrupted)
        })
        .collect();
    turns.sort_by_key(|(_, _, start, ..)| *start);
    turns
}

/// The items of ledgers, in nanoseconds.
fn items<'a>(ledgers: impl Iterator<Item = &'a Value>) -> Vec<(String, i64, i64)> {
    let items = ledgers.filter_map(|ledger| ledger["items"].as_array());
    items
        .flatten()
        .map(|item| {
            let name = item["name"].as_str().unwrap_or_default().to_owned();
            let time = |key: &str| item[key].as_f64().unwrap_or(-1.0);
            let nanos = |key: &str| (time(key) * 1e6).round() as i64;
            (name, nanos("start_ms"), nanos("duration_ms"))
        })
        .collect()
}

#[tokio::test]
async fn a_call_that_was_kept_is_run_again_bit_by_bit() {
    let kept = kept().await;
    let mode = fs::metadata(&kept.bundle).expect("a bundle").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let run = || {
        let (code, said, folder) = replay(&[Path::new("--bundle"), &kept.bundle]);
        assert_eq!(code, 0, "{said}");
        folder
    };
    let (first, second) = (run(), run());
    for name in ["r.json", "r.html", "r.xml", "r.wav"] {
        let read = |folder: &TempDir| fs::read(folder.path().join(name)).expect(name);
        assert!(read(&first) == read(&second), "{name} differs");
    }

    let account = account(&first);
    let live = turns(&kept.transcript, "text");
    assert!(live.len() >= 3, "{live:?}");
    assert_eq!(turns(&account, "heard_text"), live);
    let ledgers = account["turns"].as_array().expect("turns").iter();
    let ledgers = items(ledgers.map(|turn| &turn["ledger"]));
    let latencies = kept.call["latencies"].as_array().expect("latencies").iter();
    assert!(!ledgers.is_empty());
    assert_eq!(ledgers, items(latencies));

    let (_, recorded) = read_channels(&kept.recording).expect("a recording");
    let (_, played) = read_channels(first.path().join("r.wav")).expect("a WAV");
    assert!(recorded[1].iter().any(|sample| *sample != 0));
    assert!(recorded[1] == played[0], "the agent sounds otherwise");
}

#[tokio::test]
async fn an_encrypted_call_is_run_again_from_a_bundle_without_any_secret() {
    let agents = tempfile::tempdir().expect("a folder");
    let plain = fs::read_to_string(checkout("agents/support.yaml")).expect("an agent");
    let webhook = "webhooks: [{url: 'http://127.0.0.1:9/', events: [conversation_end_report], \
                   secret_key: hush-of-the-webhook}]\n\
                   intents: [{name: Check the number, webhook: {url: 'http://127.0.0.1:9/', \
                   auth_token: hush-of-the-intent}}]";
    let agent = plain.replace("webhooks: []", webhook);
    assert_ne!(plain, agent);
    fs::write(agents.path().join("support.yaml"), agent).expect("a file");
    let node = Node::builder()
        .set("MIHU_CALLS_KEEP_BUNDLES", "true")
        .set("MIHU_SIP_SRTP", "required")
        .set("MIHU_LLM_KEY", "hush-of-the-model")
        .set("MIHU_AGENTS_DIR", &agents.path().display().to_string());
    let kept = call(node.start(), "required", "ast_en_ss-noservice.wav").await;
    let bundle = fs::read(&kept.bundle).expect("a bundle");
    let bundle = String::from_utf8_lossy(&bundle);
    assert!(!bundle.contains("hush-of-the"));
    // What is sent and what is received are encrypted with keys of which it has but the numbers.
    assert!(bundle.contains("\"keys\":[0,1]"));
    let (code, said, _) = replay(&[Path::new("--bundle"), &kept.bundle]);
    assert_eq!(code, 0, "{said}");
}

#[tokio::test]
async fn intents_answer_in_a_replay_what_they_answered_in_the_call() {
    let agents = tempfile::tempdir().expect("a folder");
    let plain = fs::read_to_string(checkout("agents/support.yaml")).expect("an agent");
    let intents = "webhooks: []\nintents:\n  - name: Check the number\n    key: check_line\n    \
                   description: Checks a line.\n";
    let agent = plain.replace("webhooks: []", intents);
    assert_ne!(plain, agent);
    let file = agents.path().join("support.yaml");
    fs::write(&file, agent).expect("a file");
    let node = Node::builder()
        .set("MIHU_CALLS_KEEP_BUNDLES", "true")
        .set("MIHU_AGENTS_DIR", &agents.path().display().to_string());
    let kept = call(node.start(), "off", "ast_en_ss-noservice.wav").await;
    let bundle = fs::read(&kept.bundle).expect("a bundle");
    let bundle = String::from_utf8_lossy(&bundle);
    assert!(bundle.contains("\"run_tool\"") && bundle.contains("\"tool_answered\""));

    let arguments = [Path::new("--bundle"), kept.bundle.as_path()];
    let (code, said, _) = replay(&arguments);
    assert_eq!(code, 0, "{said}");
    // What a tool is not known to have answered would be asked about anew.
    let (code, said, folder) =
        replay(&[&arguments[..], &[Path::new("--agent"), file.as_path()]].concat());
    assert_eq!(code, 0, "{said}");
    let account = account(&folder);
    let reused = account["changes"]["reused"].as_array().expect("sources");
    let replies = reused.iter().find(|source| source["what"] == "replies");
    let replies = replies.expect("replies");
    assert!(replies["all"].as_u64() >= Some(2), "{replies}");
    assert_eq!(replies["kept"], replies["all"], "{said}");
}

#[tokio::test]
async fn another_agent_shows_what_it_changes_for_the_same_caller() {
    let kept = kept().await;
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other.yaml");
    let same = fs::read_to_string(checkout("agents/support.yaml")).expect("an agent");
    let changed = same.replace("That number has been switched off", "That line is no more");
    assert_ne!(same, changed);
    fs::write(&other, changed).expect("a file");
    let bundle = Path::new("--bundle");
    let run = |agent: &Path| {
        let (code, said, folder) = replay(&[bundle, &kept.bundle, Path::new("--agent"), agent]);
        assert_eq!(code, 0, "{said}");
        (said, account(&folder))
    };
    let (said, account) = run(&other);
    // On a busy machine the caller's next words may have interrupted the answer.
    let mut added = said
        .lines()
        .filter(|line| line.trim().starts_with("+ agent:"));
    assert!(
        added.any(|line| line.contains("That line is no more")),
        "{said}"
    );
    let exchanges = account["changes"]["exchanges"].as_array().expect("changes");
    let changed: Vec<_> = exchanges.iter().map(|one| &one["changed"]).collect();
    assert_eq!(changed.first(), Some(&&Value::Bool(false)), "{account}");
    assert!(changed.contains(&&Value::Bool(true)), "{account}");
    assert_eq!(run(&other).1, account, "two runs differ");

    let (said, account) = run(&checkout("agents/support.yaml"));
    let reused = account["changes"]["reused"].as_array().expect("sources");
    for source in reused {
        assert!(source["kept"].as_u64() > Some(0), "{source} {said}");
    }
}

#[tokio::test]
async fn a_call_is_not_kept_unless_the_node_is_told_to_and_the_agent_records() {
    let agents = tempfile::tempdir().expect("a folder");
    let agent = fs::read_to_string(checkout("agents/support.yaml")).expect("an agent");
    let silent = agent.replace("audio_recording: true", "audio_recording: false");
    assert_ne!(agent, silent);
    fs::write(agents.path().join("support.yaml"), silent).expect("a file");
    let agents = agents.path().display().to_string();
    let node = Node::builder()
        .set("MIHU_CALLS_KEEP_BUNDLES", "true")
        .set("MIHU_AGENTS_DIR", &agents);
    let (not_told, kept) = tokio::join!(
        call(Node::builder().start(), "off", "ast_en_ss-noservice.wav"),
        call(node.start(), "off", "ast_en_ss-noservice.wav"),
    );
    assert!(!not_told.node.data().join("bundles").exists());
    let left = fs::read_dir(kept.node.data().join("bundles")).expect("the folder");
    assert_eq!(left.count(), 0);
}

#[test]
fn of_a_folder_nothing_is_replayed_if_one_bundle_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a.mihu", "b.mihu"] {
        fs::write(folder.path().join(name), "RIFF").expect("a file");
    }
    let (code, said, _) = replay(&[Path::new("--bundle"), folder.path()]);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("a.mihu") && !said.contains("real time"),
        "{said}"
    );
}

#[test]
fn a_bundle_that_cannot_be_read_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("call.mihu");
    let files: [(&[u8], &str); 4] = [
        (
            b"mihu call bundle, version 1\n",
            "version 1; expected version 2",
        ),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "no call bundle"),
        (b"mihu call bundle, version 2\n\0\0\0\x0d\0\0", "cut off"),
        (
            b"mihu call bundle, version 2\n\0\0\0\x02\0\0\0\0{}\0\0\0\0\0\0\0\0",
            "record 1",
        ),
    ];
    for (file, complaint) in files {
        fs::write(&path, file).expect("a file");
        let (code, said, reports) = replay(&[Path::new("--bundle"), &path]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(complaint), "{said}");
        let left = fs::read_dir(reports.path()).expect("the folder").count();
        assert_eq!(left, 0, "{complaint}");
    }
}

#[test]
fn what_a_bundle_has_decided_already_cannot_be_asked_for() {
    for (option, value) in [
        ("--seed", "3"),
        ("--codec", "pcmu"),
        ("--net", "loss=1%"),
        ("--clock", "wall"),
        ("--latency", "measured"),
        ("--audio", "fixtures/ast_en_ss-noservice.wav"),
    ] {
        let bundle = [Path::new("--bundle"), Path::new("call.mihu")];
        let (code, said, _) =
            replay(&[&bundle[..], &[Path::new(option), Path::new(value)]].concat());
        assert_eq!(code, 2, "{option}: {said}");
        assert!(said.contains(option), "{said}");
    }
}
