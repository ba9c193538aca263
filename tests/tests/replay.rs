//! `mihu replay` as somebody would use it: exit codes, reports, expectations, and the same call
//! twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use audio::{SampleRate, WavWriter};
use end_to_end::{checkout, mihu};
use serde_json::Value;
use tempfile::TempDir;

/// A folder for reports, and the binary.
struct Replay {
    folder: TempDir,
    command: Command,
}

impl Replay {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            command: {
                let mut command = Command::new(mihu());
                command.arg("replay").env_clear().current_dir(checkout(""));
                command
            },
        }
    }

    /// With the sample agent.
    fn support() -> Self {
        Self::new().with("--agent", checkout("agents/support.yaml"))
    }

    fn with(mut self, option: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(option).arg(value);
        self
    }

    fn audio(self, fixture: &str) -> Self {
        self.with("--audio", checkout("fixtures").join(fixture))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `text` into a file and gives its path.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn report(self, option: &str, name: &str) -> Self {
        let path = self.file(name);
        self.with(option, path)
    }

    fn setting(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it: the exit code, what it told, and what it complained of.
    fn run(mut self) -> (i32, String, String, TempDir) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().expect("mihu runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes UTF-8");
        let code = status.code().expect("it ends by itself");
        (code, text(stdout), text(stderr), self.folder)
    }

    /// Runs what is to work, and reads its account.
    fn account(self) -> Value {
        let (code, told, complaint, folder) = self.report("--json", "r.json").run();
        assert!(code < 2, "{told}{complaint}");
        json(&folder.path().join("r.json"))
    }
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("there is a report");
    serde_json::from_str(&text).expect("it is JSON")
}

fn samples(path: &Path) -> Vec<i16> {
    audio::file::read_mono(path, SampleRate::HZ_16000).expect("a WAV")
}

fn wav(path: &Path, channels: u16, samples: &[i16]) {
    let mut writer = WavWriter::create(path, SampleRate::HZ_8000, channels).expect("a file");
    writer.write(samples).expect("room");
    writer.finish().expect("room");
}

fn texts(account: &Value, speaker: &str) -> Vec<String> {
    let turns = account["turns"].as_array().expect("a list of turns");
    let turns = turns.iter().filter(|turn| turn["speaker"] == speaker);
    turns
        .map(|turn| turn["heard_text"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// What a run that must fail complains of. Nothing may be left behind.
fn complaint(replay: Replay) -> String {
    let replay = replay
        .report("--json", "r.json")
        .report("--html", "r.html")
        .report("--junit", "r.xml")
        .report("--out", "r.wav");
    let (code, told, complaint, folder) = replay.run();
    assert_eq!(code, 2, "{told}{complaint}");
    let left: Vec<_> = fs::read_dir(folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("r.") || name.starts_with(".mihu")
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
    complaint
}

#[test]
fn a_recorded_caller_is_understood_and_answered() {
    let account = Replay::support().audio("ast_en_ss-noservice.wav").account();
    assert_eq!(
        texts(&account, "caller"),
        ["The number you have dialed is not in service. Please check the number and try again."]
    );
    let said = texts(&account, "agent");
    assert!(said[0].starts_with("Larkfield Telecom support"), "{said:?}");
    assert!(
        said[1].starts_with("That number has been switched off"),
        "{said:?}"
    );
    let greeting_ends = account["turns"][0]["end_ms"].as_u64().expect("a time");
    let starts = account["audio_start_ms"].as_u64().expect("a time");
    assert!(
        (greeting_ends..greeting_ends + 40).contains(&starts),
        "{account}"
    );
    assert_eq!(account["false_cutoffs"], 0);
    assert_eq!(account["missed_turns"], 0);
    assert_eq!(account["realtime_factor"], Value::Null);
}

#[test]
fn an_answer_is_dated_as_the_agents_recording_has_it() {
    let replay = Replay::support()
        .audio("ast_en_ss-noservice.wav")
        .report("--out", "agent.wav")
        .report("--json", "r.json");
    let (code, told, _, folder) = replay.run();
    assert_eq!(code, 0, "{told}");
    let account = json(&folder.path().join("r.json"));
    let agent = samples(&folder.path().join("agent.wav"));
    let answer = &account["turns"][2];
    let ledger = &answer["ledger"];
    let number = |value: &Value| value.as_f64().expect("a number");
    let items = ledger["items"].as_array().expect("items").iter();
    let sum: f64 = items.map(|item| number(&item["duration_ms"])).sum();
    let gap = number(&ledger["voiced_to_audible_ms"]);
    assert!(
        (sum + number(&ledger["unattributed_ms"]) - gap).abs() < 0.5,
        "{ledger}"
    );

    let greeting_ends = number(&account["turns"][0]["end_ms"]) as usize * 16;
    let audible = agent
        .iter()
        .skip(greeting_ends)
        .position(|sample| sample.abs() > 200);
    let audible = (greeting_ends + audible.expect("the answer is audible")) as f64 / 16.0;
    assert!(
        (audible - number(&answer["start_ms"])).abs() <= 10.0,
        "{audible} {answer}"
    );
}

#[test]
fn one_seed_gives_the_same_call_bit_by_bit() {
    let run = |seed: &str| {
        let replay = Replay::support()
            .audio("ast_en_vm-review.wav")
            .with("--net", "loss=5%,jitter=30ms")
            .with("--codec", "opus")
            .with("--seed", seed)
            .report("--json", "r.json")
            .report("--html", "r.html")
            .report("--out", "r.wav");
        let (code, told, complaint, folder) = replay.run();
        assert_eq!(code, 0, "{told}{complaint}");
        ["r.json", "r.html", "r.wav"].map(|name| fs::read(folder.path().join(name)).expect(name))
    };
    let first = run("3");
    assert!(first == run("3"), "two runs with one seed differ");
    assert!(first[0] != run("4")[0], "the seed changes nothing");
}

#[test]
fn a_call_does_not_depend_on_those_before_it() {
    let file = "ast_en_followme_status.wav";
    let alone = Replay::support().audio(file).account();
    let others = Replay::support()
        .audio("ast_en_hello.wav")
        .audio(file)
        .audio(file);
    let account = others.account();
    assert_eq!(account["calls"][1], alone);
    assert_eq!(account["calls"][2], alone);
}

#[test]
fn a_lossy_network_is_heard() {
    let said = |net: &str| {
        let replay = Replay::support().audio("ast_en_vm-review.wav");
        texts(
            &replay.with("--net", net).with("--codec", "pcmu").account(),
            "caller",
        )
        .join(" ")
    };
    let clean = said("clean");
    assert!(clean.contains("accept this recording"), "{clean}");
    assert_ne!(said("loss=60%"), clean);
}

#[test]
fn a_caller_who_is_never_heard_is_missed() {
    let replay = Replay::support().audio("ast_en_hello.wav");
    let account = replay.with("--net", "loss=100%").account();
    assert_eq!(texts(&account, "caller"), [""; 0]);
    assert_eq!(account["missed_turns"], 1);
}

#[test]
fn a_caller_whose_packets_stay_away_has_vanished() {
    let replay = Replay::support();
    let scenario = replay.write("wait.yaml", "net: loss=100%\ncaller:\n  - wait: 40s\n");
    let account = replay.with("--scenario", scenario).account();
    assert_eq!(account["end"], "the caller's audio stopped arriving");
}

#[test]
fn every_codec_carries_a_call() {
    for codec in ["l16", "pcmu", "pcma", "g722", "opus"] {
        let replay = Replay::support().audio("ast_en_something-terribly-wrong.wav");
        let account = replay.with("--codec", codec).account();
        let said = texts(&account, "caller");
        assert_eq!(said, ["Something is terribly wrong."], "{codec}");
    }
}

#[test]
fn the_sample_scenarios_are_met() {
    let replay = Replay::new()
        .with("--scenario", checkout("examples/scenarios"))
        .report("--json", "r.json")
        .report("--junit", "r.xml");
    let (code, told, complaint, folder) = replay.run();
    assert_eq!(code, 0, "{told}{complaint}");
    let account = json(&folder.path().join("r.json"));
    assert_eq!(account["calls"].as_array().map(Vec::len), Some(2));
    let junit = fs::read_to_string(folder.path().join("r.xml")).expect("a report");
    assert!(
        junit.contains("failures=\"0\"") && junit.contains("hangs up"),
        "{junit}"
    );
}

#[test]
fn an_expectation_that_is_not_met_is_told_and_makes_the_exit_code_1() {
    let replay = Replay::support();
    let hello = checkout("fixtures/ast_en_hello.wav");
    let scenario = format!(
        "caller:\n  - say: {}\n    expect:\n      - agent says: elephants\n      - answers within: 900ms\n\
         expect:\n  - hangs up\n",
        hello.canonicalize().expect("the fixture").display()
    );
    let scenario = replay.write("hello.yaml", &scenario);
    let replay = replay
        .with("--scenario", scenario)
        .report("--junit", "r.xml")
        .report("--json", "r.json");
    let (code, told, _, folder) = replay.run();
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("elephants") && told.contains("How can I help you"),
        "{told}"
    );
    let account = json(&folder.path().join("r.json"));
    let passed: Vec<&Value> = account["expectations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|expectation| &expectation["passed"])
        .collect();
    assert_eq!(passed, [false, true, false]);
    let junit = fs::read_to_string(folder.path().join("r.xml")).expect("a report");
    assert!(junit.contains("failures=\"2\""), "{junit}");
}

#[test]
fn a_caller_may_interrupt_the_agent() {
    let replay = Replay::new();
    let account = replay
        .with(
            "--scenario",
            checkout("examples/scenarios/interruption.yaml"),
        )
        .account();
    let turns = account["turns"].as_array().expect("turns");
    let cut = turns.iter().find(|turn| turn["interrupted"] == true);
    let cut = cut.expect("the agent was interrupted");
    let (heard, text) = (cut["heard_text"].as_str(), cut["text"].as_str());
    let (heard, text) = (heard.expect("words"), text.expect("words"));
    assert!(text.starts_with(heard) && heard.len() < text.len(), "{cut}");
}

#[test]
fn a_folder_is_replayed_file_by_file() {
    let replay = Replay::support();
    let calls = replay.file("calls");
    fs::create_dir(&calls).expect("a folder");
    for name in ["ast_en_hello.wav", "ast_en_goodbye.wav"] {
        fs::copy(checkout("fixtures").join(name), calls.join(name)).expect("a copy");
    }
    fs::write(calls.join("notes.txt"), "no audio").expect("a file");
    let account = replay.with("--audio", &calls).account();
    let sources: Vec<String> = account["calls"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|call| call["source"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(sources.len(), 2);
    assert!(sources[0].ends_with("ast_en_goodbye.wav"), "{sources:?}");
}

#[test]
fn a_turn_file_beside_a_recording_tells_whether_the_caller_was_cut_off() {
    let said = |name: &str| {
        let path = checkout("fixtures").join(name);
        audio::file::read_mono(path, SampleRate::HZ_8000).expect("the fixture")
    };
    let pause = [0; 8 * 900];
    let [first, second] = ["ast_en_hello.wav", "ast_en_goodbye.wav"].map(said);
    let millis = |samples: &[i16]| samples.len() / 8;
    let from = millis(&first);
    let (to, end) = (from + 900, from + 900 + millis(&second));
    let account = |kind: &str| {
        let replay = Replay::support();
        let file = replay.file("call.wav");
        wav(&file, 1, &[&first[..], &pause, &second, &pause].concat());
        let turns = format!(
            r#"{{"file": "call.wav", "turns": [{{"start_ms": 0}}],
                "pauses": [{{"start_ms": {from}, "end_ms": {to}, "kind": "{kind}"}},
                           {{"start_ms": {end}, "end_ms": {}, "kind": "turn_end"}}]}}"#,
            end + 900
        );
        replay.write("call.json", &turns);
        replay.with("--audio", &file).account()
    };
    let answers = |account: &Value| {
        let turns = account["turns"].as_array().expect("turns");
        let flagged = turns.iter().filter(|turn| turn["false_cutoff"] == true);
        flagged.count()
    };
    let over = account("turn_end");
    assert_eq!(
        (&over["false_cutoffs"], answers(&over)),
        (&0.into(), 0),
        "{over}"
    );
    let goes_on = account("mid_turn");
    assert_eq!(
        (&goes_on["false_cutoffs"], answers(&goes_on)),
        (&1.into(), 1),
        "{goes_on}"
    );
    assert_eq!(goes_on["missed_turns"], 0);
    let unknown = account("between");
    assert_eq!(unknown["false_cutoffs"], 0, "{unknown}");
}

#[test]
fn a_turn_file_with_a_mistake_is_refused() {
    let replay = Replay::support();
    let file = replay.file("call.wav");
    wav(&file, 1, &[1_000; 8_000]);
    replay.write(
        "call.json",
        r#"{"file": "call.wav", "pauses": [{"start_ms": 900, "end_ms": 100, "kind": "mid_turn"}]}"#,
    );
    let complaint = complaint(replay.with("--audio", &file));
    assert!(
        complaint.contains("call.json") && complaint.contains("pauses[0].end_ms"),
        "{complaint}"
    );
}

#[test]
fn the_callers_channel_is_chosen() {
    let hello = audio::file::read_mono(checkout("fixtures/ast_en_hello.wav"), SampleRate::HZ_8000)
        .expect("the fixture");
    let frames: Vec<i16> = hello.iter().flat_map(|sample| [0, *sample]).collect();
    let replay = Replay::support();
    let file = replay.file("stereo.wav");
    wav(&file, 2, &frames);
    let account = replay
        .with("--audio", &file)
        .with("--channel", "2")
        .account();
    assert_eq!(texts(&account, "caller"), ["Hello."]);

    let replay = Replay::support();
    let file = replay.file("stereo.wav");
    wav(&file, 2, &frames);
    let complaint = complaint(replay.with("--audio", &file));
    assert!(complaint.contains("--channel"), "{complaint}");
}

#[test]
fn audio_that_cannot_be_replayed_leaves_no_report() {
    let missing = complaint(Replay::support().with("--audio", "/nowhere/a.wav"));
    assert!(missing.contains("cannot open /nowhere/a.wav"), "{missing}");

    let replay = Replay::support();
    let file = replay.write("text.wav", "no audio");
    let unreadable = complaint(replay.with("--audio", file));
    assert!(
        unreadable.contains("expected WAV, FLAC, MP3 or Ogg Vorbis"),
        "{unreadable}"
    );

    let replay = Replay::support();
    let file = replay.file("empty.wav");
    wav(&file, 1, &[]);
    let empty = complaint(replay.with("--audio", file));
    assert!(empty.contains("holds no audio"), "{empty}");
}

#[test]
fn a_file_of_three_hours_is_refused_before_it_is_read() {
    let replay = Replay::support();
    let path = replay.file("long.wav");
    wav(&path, 1, &[0; 8]);
    // The header is made to tell of three hours, of which the file has nothing but holes.
    let bytes: u32 = 3 * 60 * 60 * 8_000 * 2;
    let mut header = fs::read(&path).expect("the file");
    header[4..8].copy_from_slice(&(bytes + 36).to_le_bytes());
    header[40..44].copy_from_slice(&bytes.to_le_bytes());
    fs::write(&path, header).expect("the file");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("the file");
    file.set_len(u64::from(bytes) + 44).expect("a sparse file");
    let complaint = complaint(replay.with("--audio", &path));
    assert!(complaint.contains("at most 60 minutes"), "{complaint}");
}

#[test]
fn a_wrong_key_of_a_scenario_is_named_with_its_line() {
    let replay = Replay::support();
    let scenario = replay.write("wrong.yaml", "name: Wrong\ncaller:\n  - says: a.wav\n");
    let complaint = complaint(replay.with("--scenario", scenario));
    assert!(
        complaint.contains("wrong.yaml:3:5: there is no key `says`"),
        "{complaint}"
    );
}

#[test]
fn an_agent_that_names_a_voice_of_a_provider_that_there_is_not_is_refused() {
    let replay = Replay::new();
    let agent = replay.write(
        "agent.yaml",
        "name: Maya\nsettings:\n  voice:\n    voice_profile:\n      \
         voice_uuid: 21m00Tcm4TlvDq8ikWAM\n",
    );
    let complaint = complaint(replay.with("--agent", agent).audio("ast_en_hello.wav"));
    assert!(
        complaint.contains("agent.yaml:5:")
            && complaint.contains("voice_uuid")
            && complaint.contains("`rms`"),
        "{complaint}"
    );
}

#[test]
fn a_key_that_no_agent_has_is_named_with_its_line() {
    let replay = Replay::new();
    let agent = replay.write(
        "agent.yaml",
        "name: Maya\nsettings:\n  voice:\n    voice_profile:\n      provider: nobody\n",
    );
    let complaint = complaint(replay.with("--agent", agent).audio("ast_en_hello.wav"));
    assert!(
        complaint.contains("agent.yaml:5:") && complaint.contains("voice_profile.provider`"),
        "{complaint}"
    );
}

#[test]
fn an_agent_that_names_a_voice_that_there_is_not_is_refused() {
    let replay = Replay::new();
    let agent = replay.write(
        "agent.yaml",
        "name: Maya\nsettings:\n  voice:\n    voice_profile:\n      voice_name: Rachel\n",
    );
    let complaint = complaint(replay.with("--agent", agent).audio("ast_en_hello.wav"));
    assert!(
        complaint.contains("agent.yaml:5:") && complaint.contains("a voice of this node: `rms`"),
        "{complaint}"
    );
}

#[test]
fn an_agent_whose_language_model_may_not_be_asked_is_refused() {
    let replay = Replay::new();
    let agent = "name: Maya\ncustom_llm_url: http://127.0.0.1:9/v1\n";
    let agent = replay.write("agent.yaml", agent);
    let complaint = complaint(replay.with("--agent", agent).audio("ast_en_hello.wav"));
    assert!(
        complaint.contains("agent.yaml:2:")
            && complaint.contains("`custom_llm_url`: expected a server that can be asked")
            && complaint.contains("`127.0.0.1` is not permitted"),
        "{complaint}"
    );
}

#[test]
fn a_language_model_that_cannot_be_reached_is_no_call_at_all() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    let replay = Replay::new().setting("MIHU_LLM_ALLOW_PRIVATE", "true");
    let agent = format!("name: Maya\ncustom_llm_url: http://{address}/v1\n");
    let agent = replay.write("agent.yaml", &agent);
    let complaint = complaint(replay.with("--agent", agent).audio("ast_en_hello.wav"));
    assert!(
        complaint.contains("cannot connect to the language-model server"),
        "{complaint}"
    );
}

#[test]
fn one_file_that_is_no_audio_keeps_the_others_from_a_report() {
    let replay = Replay::support();
    let calls = replay.file("calls");
    fs::create_dir(&calls).expect("a folder");
    let hello = checkout("fixtures/ast_en_hello.wav");
    fs::copy(hello, calls.join("a.wav")).expect("a copy");
    fs::write(calls.join("b.wav"), "no audio").expect("a file");
    let before = replay.write("before.json", "the report before");
    let replay = replay
        .with("--audio", &calls)
        .with("--json", &before)
        .report("--html", "r.html")
        .report("--junit", "r.xml");
    let (code, told, complaint, folder) = replay.run();
    assert_eq!(code, 2, "{told}{complaint}");
    assert!(complaint.contains("b.wav"), "{complaint}");
    let kept = fs::read_to_string(before).expect("the report before");
    assert_eq!(kept, "the report before");
    let left = fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 2);
}

#[test]
fn an_account_tells_when_each_side_is_heard_to_speak() {
    let account = Replay::support().audio("ast_en_ss-noservice.wav").account();
    let spans = |side: &str| -> Vec<(u64, u64)> {
        let spans = account["speech"][side].as_array().expect("a list");
        let time = |span: &Value, key: &str| span[key].as_u64().expect("a time");
        let spans = spans.iter();
        spans
            .map(|span| (time(span, "start_ms"), time(span, "end_ms")))
            .collect()
    };
    for (side, turn) in [("agent", 0), ("caller", 1)] {
        let spans = spans(side);
        assert!(spans.iter().all(|(start, end)| start < end), "{account}");
        assert!(spans.is_sorted(), "{account}");
        let turn = &account["turns"][turn];
        assert_eq!(turn["speaker"], side);
        let time = |key: &str| turn[key].as_u64().expect("a time");
        let (from, until) = (time("start_ms"), time("end_ms"));
        let within = |(start, end): &&(u64, u64)| *end > from && *start < until;
        let spoken: u64 = spans
            .iter()
            .filter(within)
            .map(|(start, end)| end.min(&until) - start.max(&from))
            .sum();
        assert!(2 * spoken > until - from, "{side}: {spans:?} {turn}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_no_call_at_all() {
    let replay = Replay::support().audio("ast_en_hello.wav");
    let (code, told, complaint, _) = replay.with("--json", "/nowhere/r.json").run();
    assert_eq!((code, told.as_str()), (2, ""));
    assert!(
        complaint.contains("cannot write /nowhere/r.json"),
        "{complaint}"
    );
}

#[test]
fn an_agent_who_waits_leaves_the_first_word_to_the_caller() {
    let replay = Replay::new();
    let agent = replay.write(
        "agent.yaml",
        "name: Maya\nsettings:\n  voice:\n    interaction:\n      customer_speak_first: true\n",
    );
    let account = replay
        .with("--agent", agent)
        .audio("ast_en_hello.wav")
        .account();
    let starts = account["audio_start_ms"].as_u64().expect("a time");
    assert!(starts < 40, "{account}");
    assert_eq!(account["turns"][0]["speaker"], "caller");
}

#[test]
fn the_clock_on_the_wall_takes_its_time() {
    let begun = std::time::Instant::now();
    let replay = Replay::support().audio("ast_en_hello.wav");
    let account = replay.with("--clock", "wall").account();
    assert_eq!(texts(&account, "caller"), ["Hello."]);
    let duration = account["duration_ms"].as_u64().expect("a time");
    assert!(begun.elapsed().as_millis() as u64 >= duration);
    assert!(account["realtime_factor"].is_f64());
}
