//! The lines that calls come over: codecs, encryption, keys, and what the node counts of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use audio::{SampleRate, level};
use end_to_end::{Api, Baresip, Node, Offer, Phone, checkout};
use serde_json::json;

/// Speech after the greeting of the sample agent, with silence around it, as this many channels at
/// this rate.
fn speech(folder: &Path, rate: SampleRate, channels: u16) -> PathBuf {
    let file = folder.join("speech.wav");
    let samples = audio::file::read_mono(checkout("fixtures/ast_en_ss-noservice.wav"), rate);
    let mut writer = audio::WavWriter::create(&file, rate, channels).expect("a file");
    let silence = |seconds| vec![0; rate.samples_in(Duration::from_secs(seconds))];
    for piece in [silence(7), samples.expect("a fixture"), silence(20)] {
        let frames = piece
            .iter()
            .flat_map(|sample| std::iter::repeat_n(*sample, channels.into()));
        let frames: Vec<i16> = frames.collect();
        writer.write(&frames).expect("audio is written");
    }
    writer.finish().expect("the file is finished");
    file
}

/// The id of the only call, once there is one.
async fn only_call(api: &Api, caller: impl Fn() -> String) -> String {
    let id = async {
        loop {
            let calls = api.get("/calls").await;
            let id = calls.text("/data/data/0/uuid").to_owned();
            if !id.is_empty() {
                return id;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let id = tokio::time::timeout(Duration::from_secs(10), id).await;
    id.unwrap_or_else(|_| panic!("no call:\n{}", caller()))
}

async fn caller_turns(api: &Api, id: &str) -> Vec<String> {
    let transcript = api.get(&format!("/calls/{id}/transcript")).await;
    let turns = transcript.body["data"]["turns"].as_array().cloned();
    let turns = turns.unwrap_or_default();
    let said = turns.iter().filter(|turn| turn["speaker"] == "caller");
    said.filter_map(|turn| turn["text"].as_str().map(str::to_owned))
        .collect()
}

/// A line between baresip and the node.
struct Line {
    offer: Offer,
    /// Rate and channels of the codec in baresip's eyes.
    codec: (SampleRate, u16),
    /// The rate at which the node records it.
    recorded: SampleRate,
}

/// Lets baresip hold a call, and checks that both sides heard each other.
async fn both_sides_hear_each_other(line: Line) {
    let Line { offer, .. } = line;
    let (rate, channels) = line.codec;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = Node::builder().start();
    let api = node.api();
    let target = format!("sip:support@{}", node.sip());
    let baresip = Baresip::call(&target, offer, &speech(folder.path(), rate, channels), 20);
    let id = only_call(&api, || baresip.output()).await;
    api.call_becomes(&id, "completed").await;
    let said = caller_turns(&api, &id).await;
    assert!(
        said.iter()
            .any(|text| text.to_lowercase().contains("service")),
        "{said:?}\n{}",
        node.log()
    );
    let url = format!("http://{}/api/v1/calls/{id}/recording", node.http());
    let file = folder.path().join("recording.wav");
    std::fs::write(&file, api.download(&url).await).expect("a file");
    let (recorded, sides) = audio::file::read_channels(&file).expect("a recording");
    assert_eq!(recorded, line.recorded);
    assert!(
        sides.iter().all(|side| level::is_audible(side)),
        "{}",
        baresip.output()
    );
    let heard = baresip.heard().expect("baresip records what it hears");
    let heard = audio::file::read_mono(heard, SampleRate::HZ_8000).expect("a recording");
    assert!(level::is_audible(&heard), "{}", baresip.output());
}

#[tokio::test]
async fn a_softphone_that_people_use_hears_the_agent() {
    both_sides_hear_each_other(Line {
        offer: Offer::default(),
        codec: (SampleRate::HZ_8000, 1),
        recorded: SampleRate::HZ_8000,
    })
    .await;
}

#[tokio::test]
async fn a_softphone_with_g722_talks_in_wide_band() {
    both_sides_hear_each_other(Line {
        offer: Offer {
            codecs: "G722/16000/1",
            encryption: None,
        },
        codec: (SampleRate::HZ_16000, 1),
        recorded: SampleRate::HZ_16000,
    })
    .await;
}

#[tokio::test]
async fn a_softphone_with_opus_and_encryption_talks_in_wide_band() {
    both_sides_hear_each_other(Line {
        offer: Offer {
            codecs: "opus/48000/2",
            encryption: Some("srtp-mand"),
        },
        codec: (SampleRate::HZ_48000, 2),
        recorded: SampleRate::HZ_16000,
    })
    .await;
}

#[tokio::test]
async fn a_call_in_the_clear_is_refused_where_encryption_is_required() {
    let node = Node::builder().set("MIHU_SIP_SRTP", "required").start();
    let target = format!("sip:support@{}", node.sip());
    let report = Phone::start(&["--call", &target], &[]).report().await;
    assert_eq!(report["answered"], false, "{report}");
    assert!(
        report["end"]
            .as_str()
            .is_some_and(|end| end.contains("488")),
        "{report}"
    );
}

#[tokio::test]
async fn keys_that_the_caller_presses_are_a_turn_of_theirs() {
    let node = Node::builder().start();
    let target = format!("sip:support@{}", node.sip());
    let arguments = [
        "--call",
        &target,
        "--press",
        "42#",
        "--srtp",
        "required",
        "--hangup-after",
        "1s",
        "--patience",
        "8s",
    ];
    Phone::start(&arguments, &[]).report().await;
    let api = node.api();
    let id = only_call(&api, String::new).await;
    api.call_becomes(&id, "completed").await;
    assert_eq!(caller_turns(&api, &id).await, ["[pressed 42#]"]);
}

/// The share of tenths of a second in which something is audible, of what a silent caller of the
/// sample agent hears, once the call has begun. The agent's call behaviour is as in the sample,
/// with these lines added.
async fn audible_share(behaviour: &str) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sample = std::fs::read_to_string(checkout("agents/support.yaml")).expect("the sample");
    let heading = "    call_behavior:\n";
    assert!(sample.contains(heading));
    let agent = sample.replace(heading, &format!("{heading}{behaviour}"));
    std::fs::write(folder.path().join("support.yaml"), agent).expect("a file");
    let agents = folder.path().display().to_string();
    let node = Node::builder().set("MIHU_AGENTS_DIR", &agents).start();
    let heard = folder.path().join("heard.wav").display().to_string();
    let target = format!("sip:support@{}", node.sip());
    let mut phone = Phone::start(&["--call", &target, "--record", &heard], &[]);
    phone.tells("answered").await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    let api = node.api();
    let calls = api.get("/calls").await;
    let conversation = calls.text("/data/data/0/conversation_uuid");
    let action = format!("/calls/action/{conversation}/hangup");
    api.post(&action, &json!({})).await;
    phone.report().await;
    let (rate, sides) = audio::file::read_channels(&heard).expect("a recording");
    let tenth = rate.samples_in(Duration::from_millis(100));
    let tenths: Vec<_> = sides[0].chunks_exact(tenth).skip(5).collect();
    assert!(tenths.len() >= 20, "{}", tenths.len());
    let audible = tenths.iter().filter(|piece| level::is_audible(piece));
    audible.count() as f64 / tenths.len() as f64
}

#[tokio::test]
async fn the_place_that_an_agent_is_to_be_at_is_heard_while_it_is_silent() {
    let place = "      background_sound: true\n      background_sound_volume: 1.0\n";
    let share = audible_share(place).await;
    assert!(share > 0.95, "{share}");
    let share = audible_share("").await;
    assert!(share < 0.9, "{share}");
}

#[tokio::test]
async fn metrics_tell_of_calls_and_their_lines_to_those_who_may_ask() {
    let node = Node::builder().start();
    let url = format!("http://{}/metrics", node.http());
    let api = node.api();
    assert_eq!(api.status_without_token(&url).await, 401);

    let target = format!("sip:support@{}", node.sip());
    let mut phone = Phone::start(&["--call", &target, "--hangup-after", "1s"], &[]);
    phone.tells("answered").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let during = api.metrics().await;
    assert_eq!(during.figure("mihu_calls_active"), 1.0, "{during:?}");
    assert!(
        during.figure("mihu_tick_lateness_seconds_count") > 50.0,
        "{during:?}"
    );
    phone.report().await;
    let calls = api.get("/calls").await;
    api.call_becomes(calls.text("/data/data/0/uuid"), "completed")
        .await;
    let after = api.metrics().await;
    let ended = "mihu_calls_ended_total{status=\"completed\"}";
    assert_eq!(after.figure(ended), 1.0, "{after:?}");
    assert_eq!(after.figure("mihu_calls_active"), 0.0, "{after:?}");
}
