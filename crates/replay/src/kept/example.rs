//! A bundle for tests.

use std::time::Duration;

use agent::AgentDefinition;
use audio::{Moment, SampleRate};
use bundle::Writer;
use engine::keeping::{Ended, Opened, Record};
use engine::{Direction, Occasion, Patience, Script};
use jiff::Timestamp;

use super::Bundle;

/// When the conversation began.
pub(crate) const BEGAN: Moment = Moment::from_millis(5_000);

/// The records of a call of a minute in which this was told and ordered, as a node writes them.
pub(crate) fn records(steps: &[Record]) -> Vec<Record> {
    let agent = AgentDefinition::default();
    let script = Script::for_call(
        &agent,
        &Occasion {
            direction: Direction::Inbound,
            number: "caller",
            about: None,
            prompt: None,
            first_message: None,
            local_time: agent.local_time(Timestamp::UNIX_EPOCH),
        },
    );
    let opened = Opened {
        program: "0.0.0".to_owned(),
        call: "a-call".to_owned(),
        agent: agent.name,
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
        no_rtp_timeout: Duration::from_secs(30),
        ceiling: Duration::from_millis(200),
        waiting_packets: 100,
        waiting_octets: 100_000,
    };
    let began = Record::Began {
        script: Box::new(script),
        patience: Patience::default(),
        rate: SampleRate::HZ_8000,
        origin: Some(BEGAN),
        now: BEGAN,
    };
    let ended = Record::Ended(Ended {
        at: BEGAN + Duration::from_secs(60),
        reason: "the caller hung up".to_owned(),
        hung_up: false,
        frames_lost: 0,
    });
    let mut records = vec![Record::Opened(Box::new(opened)), began];
    records.extend_from_slice(steps);
    records.extend([ended, Record::Kept { missing: None }]);
    records
}

/// The bundle of these records, or what is said of it.
pub(crate) fn load(records: &[Record]) -> Result<Bundle, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.mihu");
    let mut writer = Writer::create(&path).unwrap();
    for record in records {
        let head = serde_json::to_vec(record).unwrap();
        writer.write(&head, &[]).unwrap();
    }
    writer.finish().unwrap();
    Bundle::load(&path).map_err(|error| error.to_string())
}

/// The bundle of a call in which this was told and ordered.
pub(crate) fn bundle(steps: &[Record]) -> Bundle {
    load(&records(steps)).unwrap()
}
