//! Calls that a node might have kept, in which the caller says nothing.

use std::time::Duration;

use agent::AgentDefinition;
use audio::{FRAME, Moment, SampleRate};
use bundle::Writer;
use engine::keeping::{Did, Ended, Input, Opened, Record};
use engine::{Direction, Occasion, Patience, Script};
use jiff::Timestamp;
use replay::Bundle;
use serde_json::json;

/// When the call began.
pub(crate) const BEGAN: Moment = Moment::from_millis(5_000);

/// The bundle of a call of this length, in which this was told and ordered.
pub(crate) fn bundle(agent: &AgentDefinition, length: Duration, steps: &[Record]) -> Bundle {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("call.mihu");
    let mut writer = Writer::create(&path).expect("a file");
    let mut write = |record: &Record| {
        let head = serde_json::to_vec(record).expect("JSON");
        writer.write(&head, &[]).expect("a record");
    };
    write(&Record::Opened(Box::new(opened(agent))));
    write(&connected());
    let ended = BEGAN + length;
    let mut at = BEGAN;
    while at <= ended {
        write(&Record::Tick { at });
        at = at + FRAME;
    }
    write(&Record::Began {
        script: Box::new(script(agent)),
        patience: Patience::default(),
        rate: SampleRate::HZ_8000,
        origin: Some(BEGAN),
        now: BEGAN,
    });
    steps.iter().for_each(&mut write);
    write(&Record::Ended(Ended {
        at: ended,
        reason: "the caller hung up".to_owned(),
        hung_up: false,
        frames_lost: 0,
    }));
    write(&Record::Kept { missing: None });
    writer.finish().expect("a bundle");
    Bundle::load(&path).expect("a whole bundle")
}

/// Something that was told so long after the call began.
pub(crate) fn told(after: Duration, input: impl FnOnce(Moment) -> Input) -> Record {
    Record::Told(input(BEGAN + after))
}

/// Something that the conversation ordered.
pub(crate) fn did(did: Did) -> Record {
    Record::Did(did)
}

fn script(agent: &AgentDefinition) -> Script {
    Script::for_call(
        agent,
        &Occasion {
            direction: Direction::Inbound,
            number: "caller",
            about: None,
            prompt: None,
            first_message: None,
            local_time: agent.local_time(Timestamp::UNIX_EPOCH),
        },
    )
}

fn opened(agent: &AgentDefinition) -> Opened {
    Opened {
        program: "0.0.0".to_owned(),
        call: "a-call".to_owned(),
        agent: agent.name.clone(),
        time: Timestamp::UNIX_EPOCH,
        direction: Direction::Inbound,
        number: "caller".to_owned(),
        about: None,
        prompt: None,
        first_message: None,
        suppress_noise: false,
        widest: SampleRate::HZ_16000,
        inband_digits: false,
        background: None,
        seed: 1,
        no_rtp_timeout: Duration::from_secs(600),
        ceiling: Duration::from_millis(200),
        waiting_packets: 100,
        waiting_octets: 100_000,
    }
}

fn connected() -> Record {
    let agreed = json!({
        "at": BEGAN,
        "remote": "192.0.2.7:4000",
        "codec": "Pcmu",
        "payload_type": 0,
        "arriving": null,
        "opus": {
            "complexity": 5,
            "bitrate": 24_000,
            "inband_fec": true,
            "dtx": false,
            "expected_loss_percent": 10,
        },
        "telephone_event": null,
        "comfort_noise": null,
        "keys": null,
        "rtcp": null,
        "send": true,
        "receive": true,
        "ssrc": 1,
        "sequence": 1,
        "timestamp": 1,
    });
    Record::Connected(serde_json::from_value(agreed).expect("a connection"))
}
