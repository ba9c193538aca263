//! Files that calls are kept in.

use std::time::Duration;

use agent::AgentDefinition;
use audio::{Moment, SampleRate};
use engine::keeping::{Ended, Input, Opened, Record, Side};
use engine::{Direction, Occasion, Patience, Script};
use jiff::Timestamp;

use super::{Seed, named};

/// When the calls of the seeds begin.
const BEGAN: Moment = Moment::from_millis(5_000);

pub(super) fn bundle() -> Vec<Seed> {
    let tick: &[u8] = br#"{"tick":{"at":20000}}"#;
    let packet: &[u8] = br#"{"packet":{"at":20500,"from":"192.0.2.1:4000","report":false}}"#;
    named([
        ("empty", file(&[])),
        ("records", file(&[(tick, &[]), (packet, &[0x80; 172])])),
    ])
}

/// A whole call of a moment, in which a packet comes and nobody says anything.
pub(super) fn call() -> Vec<Seed> {
    let at = |millis| BEGAN + Duration::from_millis(millis);
    let records = [
        (Record::Opened(Box::new(opened())), &[][..]),
        (Record::Tick { at: at(0) }, &[]),
        (began(), &[]),
        (
            Record::Packet {
                at: at(5),
                from: ([192, 0, 2, 1], 4_000).into(),
                report: false,
            },
            &[0x80; 172],
        ),
        (Record::Tick { at: at(20) }, &[]),
        (
            Record::Frame {
                side: Side::Heard,
                at: at(0),
                sound: 7,
            },
            &[],
        ),
        (
            Record::Heard {
                now: at(33),
                gathered: at(32),
                window: 0,
                probability: 0.25_f32.to_bits(),
            },
            &[],
        ),
        (Record::Told(Input::Timeout { now: at(40) }), &[]),
        (
            Record::Ended(Ended {
                at: at(50),
                reason: "the caller hung up".to_owned(),
                hung_up: false,
                frames_lost: 0,
            }),
            &[],
        ),
        (Record::Kept { missing: None }, &[]),
    ];
    let records = records.map(|(record, body)| {
        // Records are numbers, text and lists of them, which JSON always holds.
        (serde_json::to_vec(&record).unwrap_or_default(), body)
    });
    let whole: Vec<(&[u8], &[u8])> = records
        .iter()
        .map(|(head, body)| (head.as_slice(), *body))
        .collect();
    named([("whole", file(&whole))])
}

fn opened() -> Opened {
    Opened {
        program: "0.0.0".to_owned(),
        call: "a-call".to_owned(),
        agent: "Agent".to_owned(),
        time: Timestamp::UNIX_EPOCH,
        direction: Direction::Inbound,
        number: "caller".to_owned(),
        about: None,
        prompt: None,
        first_message: None,
        suppress_noise: false,
        widest: SampleRate::HZ_8000,
        inband_digits: false,
        background: None,
        seed: 1,
        no_rtp_timeout: Duration::from_secs(30),
        ceiling: Duration::from_millis(200),
        waiting_packets: 100,
        waiting_octets: 100_000,
    }
}

fn began() -> Record {
    let occasion = Occasion {
        direction: Direction::Inbound,
        number: "caller",
        about: None,
        prompt: None,
        first_message: None,
        local_time: String::new(),
    };
    Record::Began {
        script: Box::new(Script::for_call(&AgentDefinition::default(), &occasion)),
        patience: Patience::default(),
        rate: SampleRate::HZ_8000,
        origin: Some(BEGAN),
        now: BEGAN,
    }
}

fn file(records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut file = format!("mihu call bundle, version {}\n", bundle::VERSION).into_bytes();
    for (head, body) in records {
        file.extend((head.len() as u32).to_be_bytes());
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(*head);
        file.extend(*body);
    }
    file.extend([0; 8]);
    file
}
