//! The binary as an operator meets it. Being an integration test of this package, it also makes
//! cargo build the binary whenever the workspace is tested.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use end_to_end::{Api, Node, Phone, Sipp, checkout, mihu};
use postgres_fixture::TestDatabase;
use rustix::process::Signal;

#[tokio::test]
async fn a_key_opens_the_api_until_it_is_revoked() {
    let node = Node::builder().start();
    let token = node.key();
    let api = Api::new(node.http(), token.clone());
    assert_eq!(api.get("/calls").await.status, 200);
    let listed = node.keys(&["list"]);
    assert!(
        listed.contains("test") && !listed.contains(&token),
        "{listed}"
    );
    let id = listed.split_whitespace().next().expect("an id").to_owned();
    node.keys(&["revoke", &id]);
    let refused = api.get("/calls").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.text("/error/code"), "INVALID_AUTH_TOKEN");
}

#[tokio::test]
async fn a_key_stops_opening_the_api_when_it_expires() {
    let node = Node::builder().start();
    let token = node.keys(&["create", "--name", "short", "--expires", "1s"]);
    let api = Api::new(node.http(), token.trim().to_owned());
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let refused = api.get("/calls").await;
    assert_eq!(refused.status, 401);
    assert!(
        refused.body["message"]
            .as_str()
            .is_some_and(|text| text.contains("expired"))
    );
}

#[tokio::test]
async fn an_oauth_client_is_registered_renewed_and_deleted() {
    let node = Node::builder().start();
    let shown = node.oauth(&[
        "clients",
        "create",
        "--name",
        "Shop",
        "--redirect-uri",
        "https://shop.example/callback",
        "--scope",
        "calls:read",
    ]);
    let word = |name: &str| {
        let line = shown.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_whitespace().nth(1));
        value.expect("it is shown").to_owned()
    };
    let (id, secret) = (word("client_id"), word("client_secret"));
    assert!(secret.starts_with("mihu_secret_"));
    let api = node.api();
    let client = api.get(&format!("/oauth/clients/{id}")).await;
    assert_eq!(client.text("/data/name"), "Shop");
    let listed = node.oauth(&["clients", "list"]);
    assert!(
        listed.starts_with(&id) && listed.contains("confidential"),
        "{listed}"
    );
    assert!(!listed.contains(&secret), "{listed}");
    let renewed = node.oauth(&["clients", "secret", "Shop"]);
    assert!(renewed.starts_with("mihu_secret_") && renewed.trim() != secret);
    assert_eq!(node.oauth(&["grants", "list"]), "");
    node.oauth(&["clients", "delete", &id]);
    assert_eq!(api.get(&format!("/oauth/clients/{id}")).await.status, 404);
}

#[test]
fn a_redirect_uri_that_anybody_could_read_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(mihu())
        .args([
            "oauth", "clients", "create", "--name", "Shop", "--scope", "*",
        ])
        .args(["--redirect-uri", "http://shop.example/callback"])
        .env("MIHU_DATA_DIR", folder.path())
        .output()
        .expect("mihu runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("expected an https URI"), "{said}");
}

#[tokio::test]
async fn a_node_on_postgres_remembers_there_and_nowhere_else() {
    let database = TestDatabase::create();
    let start = || {
        Node::builder()
            .set("MIHU_STORE_DATABASE_URL", &database.url())
            .start()
    };
    let node = start();
    let token = node.key();
    let api = Api::new(node.http(), token.clone());
    assert_eq!(api.get("/calls").await.status, 200);
    assert!(!node.data().join("mihu.db").exists());
    drop(node);
    let node = start();
    let api = Api::new(node.http(), token);
    assert_eq!(api.get("/calls").await.status, 200);
}

#[test]
fn a_database_that_can_not_be_reached_is_named_without_its_password() {
    let refused = Node::builder()
        .set(
            "MIHU_STORE_DATABASE_URL",
            "postgres://mihu:hunter2@127.0.0.1:1/mihu",
        )
        .refused();
    assert!(refused.contains("127.0.0.1:1"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
}

#[test]
fn the_printed_settings_show_overrides_and_hide_secrets() {
    let output = Command::new(mihu())
        .args(["serve", "--print-config"])
        .env("MIHU_LLM_KEY", "sk-secret")
        .env("MIHU_CALLS_MAX", "7")
        .output()
        .expect("mihu runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    assert!(shown.contains("max = 7"), "{shown}");
    assert!(
        shown.contains("key = \"***\"") && !shown.contains("sk-secret"),
        "{shown}"
    );
}

#[test]
fn a_mistake_in_the_settings_names_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("mihu.toml");
    std::fs::write(&file, "[calls]\nmax = \"many\"\n").expect("a file");
    let output = Command::new(mihu())
        .args(["serve", "--config"])
        .arg(&file)
        .output()
        .expect("mihu runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("line 2") && said.contains("mihu.toml"),
        "{said}"
    );
}

#[test]
fn a_phone_told_to_reject_needs_a_status_that_refuses() {
    let output = Command::new(mihu())
        .args(["phone", "--listen", "127.0.0.1:0", "--reject", "200"])
        .output()
        .expect("mihu runs");
    assert!(!output.status.success());
}

#[test]
fn a_phone_with_nothing_to_play_names_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = folder.path().join("empty.wav");
    let writer = audio::WavWriter::create(&empty, audio::SampleRate::HZ_8000, 1);
    writer.and_then(audio::WavWriter::finish).expect("a file");
    let output = Command::new(mihu())
        .args(["phone", "--listen", "127.0.0.1:0", "--play"])
        .arg(&empty)
        .output()
        .expect("mihu runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("empty.wav holds no sound"), "{said}");
}

#[tokio::test]
async fn an_interrupted_phone_hangs_up_and_leaves_a_whole_recording() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let heard = folder.path().join("heard.wav");
    let sipp = Sipp::scenario("answer_and_wait").start();
    let target = format!("sip:someone@{}", sipp.address());
    let record = heard.display().to_string();
    let mut phone = Phone::start(&["--call", &target, "--record", &record], &[]);
    phone.tells("answered").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    phone.signal(Signal::INT);
    let report = phone.report().await;
    assert_eq!(report["heard"], record, "{report}");
    sipp.succeeds().await;
    let (_, sides) = audio::file::read_channels(&heard).expect("a valid recording");
    assert!(sides[0].len() >= 4_000, "{}", sides[0].len());
}

#[tokio::test]
async fn an_interrupted_phone_that_waits_for_a_call_ends() {
    let phone = Phone::start(&[], &[]);
    phone.signal(Signal::TERM);
    let report = phone.report().await;
    assert_eq!(report["answered"], false, "{report}");
}

#[tokio::test]
async fn a_node_that_drains_ends_at_once_when_asked_again() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let mut node = Node::builder()
        .trunk(sipp.address())
        .set("MIHU_CALLS_DRAIN_TIMEOUT", "60s")
        .start();
    let api = node.api();
    let placed = api.place_call("+14155550123").await;
    let id = placed["id"].as_str().expect("an id");
    api.call_becomes(id, "in-progress").await;
    node.signal(Signal::INT);
    tokio::time::sleep(Duration::from_millis(500)).await;
    node.signal(Signal::INT);
    let status = node.ended_within(Duration::from_secs(5));
    assert_eq!(status.code(), Some(130), "{}", node.log());
}

#[test]
fn a_log_in_a_file_has_no_colours() {
    let node = Node::builder().start();
    let log = node.log();
    assert!(log.contains("ready"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

/// Runs a command that must fail, with this exit code, and that is to write this file: what it
/// complains of. What was in the file stays, and nothing is left beside it.
#[track_caller]
fn refused(arguments: &[&str], recordings: &Path, option: &str, expected: i32) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("figures");
    std::fs::write(&file, "those before").expect("a file");
    let output = Command::new(mihu())
        .env_clear()
        .current_dir(checkout(""))
        .args(arguments)
        .arg("--recordings")
        .arg(recordings)
        .arg(option)
        .arg(&file)
        .output()
        .expect("mihu runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(expected), "{said}");
    let kept = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(kept, "those before");
    let left = std::fs::read_dir(folder.path()).expect("the folder");
    assert_eq!(left.count(), 1);
    said
}

#[test]
fn a_tuning_that_fails_leaves_what_it_was_to_write_as_it_was() {
    let recordings = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(recordings.path().join("call.json"), "{}").expect("a file");
    for option in ["--json", "--svg"] {
        let said = refused(&["tune"], recordings.path(), option, 2);
        assert!(said.contains("call.json"), "{said}");
    }
}

#[test]
fn a_bench_that_fails_leaves_what_it_was_to_write_as_it_was() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let said = refused(&["bench", "turns"], empty.path(), "--json", 1);
    assert!(said.contains(&*empty.path().to_string_lossy()), "{said}");
}

#[test]
fn figures_that_cannot_be_written_are_not_measured() {
    for arguments in [&["tune"][..], &["bench", "turns"], &["bench", "media"]] {
        let output = Command::new(mihu())
            .env_clear()
            .current_dir(checkout(""))
            .args(arguments)
            .args(["--json", "/nowhere/figures.json"])
            .output()
            .expect("mihu runs");
        assert!(!output.status.success());
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("cannot write /nowhere/figures.json"),
            "{said}"
        );
    }
}
