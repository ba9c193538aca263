//! Keys, both ways: as telephone events and as tones.

mod rig;

use std::time::Duration;

use audio::dtmf::DigitTone;
use audio::{Decibels, FRAME, SampleRate};
use media::{
    Codec, Connection, Digit, LegEvent, SendDigitsError, TelephoneEventFormat, WAITING_DIGITS, rtp,
};
use rig::pair::{Flight, Pair, here, there};

const EVENTS: u8 = 101;

fn with_events(connection: Connection) -> Connection {
    Connection {
        telephone_event: Some(TelephoneEventFormat {
            payload_type: EVENTS,
            clock: connection.codec.clock(),
        }),
        ..connection
    }
}

fn pair() -> Pair {
    Pair::new(
        with_events(Connection::new(there(), Codec::Pcmu, 0)),
        with_events(Connection::new(here(), Codec::Pcmu, 0)),
    )
}

fn without_events() -> Pair {
    Pair::new(
        Connection::new(there(), Codec::Pcmu, 0),
        Connection::new(here(), Codec::Pcmu, 0),
    )
}

fn digits(text: &str) -> Vec<Digit> {
    text.chars().filter_map(Digit::from_char).collect()
}

fn pressed(pair: &Pair) -> String {
    let digit = |event: LegEvent| match event {
        LegEvent::Digit { digit, .. } => Some(digit.as_char()),
        LegEvent::Failed
        | LegEvent::FirstPacket { .. }
        | LegEvent::Interrupted { .. }
        | LegEvent::PacketsStopped { .. }
        | LegEvent::PlayoutIdle { .. }
        | LegEvent::SegmentFinished { .. }
        | LegEvent::SegmentStarted { .. } => None,
    };
    pair.there.events().into_iter().filter_map(digit).collect()
}

fn payload_type(flight: &Flight) -> u8 {
    rtp::parse(&flight.bytes).expect("valid RTP").0.payload_type
}

#[test]
fn digits_arrive_once_each_and_in_order() {
    let mut pair = pair();
    pair.run(FRAME);
    pair.here.ends.digits.send(&digits("123*#0ABCD")).unwrap();
    pair.run(Duration::from_secs(4));
    assert_eq!(pressed(&pair), "123*#0ABCD");
    assert_eq!(pair.here.core.statistics().digits_sent, 10);
    assert_eq!(pair.there.core.statistics().digits_received, 10);
}

#[test]
fn digits_survive_the_loss_of_every_second_packet() {
    let mut pair = pair();
    pair.loses = |flight| flight.bytes[3].is_multiple_of(2);
    pair.run(FRAME);
    pair.here.ends.digits.send(&digits("8675309")).unwrap();
    pair.run(Duration::from_secs(4));
    assert_eq!(pressed(&pair), "8675309");
}

#[test]
fn a_digit_takes_the_place_of_audio_which_waits() {
    let mut pair = pair();
    pair.run(FRAME);
    pair.here.ends.digits.send(&digits("5")).unwrap();
    for _ in 0..3 {
        pair.here.say(&[8_316; 160]);
    }
    pair.wire.clear();
    pair.run(FRAME * 12);
    let sent: Vec<_> = (pair.wire.iter())
        .filter(|flight| flight.from == here())
        .collect();
    let types: Vec<u8> = sent.iter().map(|flight| payload_type(flight)).collect();
    // 100 ms of the key, two repetitions of its end, then audio.
    assert_eq!(
        types,
        [
            EVENTS, EVENTS, EVENTS, EVENTS, EVENTS, EVENTS, EVENTS, 0, 0, 0, 0, 0
        ]
    );
    let headers: Vec<_> = sent
        .iter()
        .map(|flight| rtp::parse(&flight.bytes).unwrap().0)
        .collect();
    assert!(
        headers
            .windows(2)
            .all(|two| two[1].sequence == two[0].sequence.next())
    );
    assert!(
        headers[..7]
            .iter()
            .all(|header| header.timestamp == headers[0].timestamp)
    );
    assert_eq!(
        headers[7].timestamp.distance_from(headers[0].timestamp),
        7 * 160
    );
    let marked: Vec<_> = headers.iter().map(|header| header.marker).collect();
    assert!(marked[0] && marked[7]);
    assert_eq!(marked.iter().filter(|marked| **marked).count(), 2);
    let loud = sent[7..].iter().filter(|flight| flight.bytes[12] != 0xFF);
    assert_eq!(loud.count(), 3);
}

#[test]
fn events_count_at_the_clock_that_was_agreed_on() {
    let opus = |remote| with_events(Connection::new(remote, Codec::Opus, 96));
    let mut pair = Pair::new(opus(there()), opus(here()));
    pair.run(FRAME);
    pair.here.ends.digits.send(&digits("7")).unwrap();
    pair.wire.clear();
    pair.run(FRAME * 8);
    let last = (pair.wire.iter())
        .rfind(|flight| flight.from == here() && payload_type(flight) == EVENTS)
        .unwrap();
    assert_eq!(last.bytes[12..], [7, 0x80 | 10, 0x12, 0xC0]);
    pair.run(FRAME);
    assert_eq!(pressed(&pair), "7");
}

#[test]
fn who_takes_no_events_is_sent_none() {
    let mut pair = without_events();
    let refused = pair.here.ends.digits.send(&digits("1"));
    assert_eq!(refused, Err(SendDigitsError::NotAgreed));
    pair.run(FRAME * 10);
    assert_eq!(pair.here.core.statistics().digits_sent, 0);
}

#[test]
fn digits_for_who_takes_events_no_more_are_given_up() {
    let mut pair = pair();
    pair.here.ends.digits.send(&digits("12345")).unwrap();
    let plain = Connection::new(there(), Codec::Pcmu, 0);
    pair.here.connect(pair.now, plain);
    pair.run(Duration::from_secs(1));
    let statistics = pair.here.core.statistics();
    assert_eq!((statistics.digits_sent, statistics.digits_given_up), (0, 5));
}

#[test]
fn no_more_digits_are_taken_than_can_wait() {
    let pair = pair();
    let handle = &pair.here.ends.digits;
    handle.send(&[Digit::ALL[1]; WAITING_DIGITS]).unwrap();
    let refused = Err(SendDigitsError::Full {
        waiting: WAITING_DIGITS,
    });
    assert_eq!(handle.send(&digits("1")), refused);
}

/// Says the tones of `text`, each for 80 ms with 80 ms between them.
fn whistle(pair: &mut Pair, text: &str) {
    for digit in digits(text) {
        let rate = SampleRate::HZ_8000;
        let mut tone = DigitTone::new(digit, rate, Decibels::new(-12.0), 2.0);
        for frame in 0..8 {
            let sound: Vec<i16> = tone.by_ref().take(160).collect();
            let silence = vec![0; 160];
            pair.here.say(if frame < 4 { &sound } else { &silence });
            pair.run(FRAME);
        }
    }
    pair.run(FRAME * 5);
}

#[test]
fn tones_are_heard_where_events_were_not_agreed_on() {
    let mut pair = without_events();
    whistle(&mut pair, "4711*#");
    assert_eq!(pressed(&pair), "4711*#");
    assert_eq!(pair.there.core.statistics().digits_received, 6);
}

#[test]
fn tones_are_not_keys_where_events_were_agreed_on() {
    let mut pair = pair();
    whistle(&mut pair, "4711");
    assert_eq!(pressed(&pair), "");
}

#[test]
fn a_tone_is_dated_by_when_it_arrived() {
    let mut pair = without_events();
    pair.run(FRAME * 20);
    let began = pair.now;
    whistle(&mut pair, "9");
    let at = pair
        .there
        .events()
        .into_iter()
        .find_map(|event| match event {
            LegEvent::Digit { at, .. } => Some(at),
            LegEvent::Failed
            | LegEvent::FirstPacket { .. }
            | LegEvent::Interrupted { .. }
            | LegEvent::PacketsStopped { .. }
            | LegEvent::PlayoutIdle { .. }
            | LegEvent::SegmentFinished { .. }
            | LegEvent::SegmentStarted { .. } => None,
        });
    let late = at.unwrap().since(began);
    assert!(late < Duration::from_millis(100), "{late:?}");
}

#[test]
fn a_flood_of_events_harms_nobody() {
    let mut pair = pair();
    pair.run(FRAME * 10);
    for number in 0..5_000u16 {
        let header = rtp::Header {
            marker: true,
            payload_type: EVENTS,
            sequence: audio::SequenceNumber(number),
            timestamp: audio::RtpTimestamp(u32::from(number) * 800),
            ssrc: 0xAAAA,
        };
        let mut packet = header.to_bytes().to_vec();
        packet.extend([1, 0x8A, 0, 160]);
        pair.there.core.handle_packet(pair.now, here(), &mut packet);
    }
    let statistics = pair.there.core.statistics();
    assert_eq!(statistics.digits_received, 5_000);
    assert!(statistics.digits_dropped > 4_800, "{statistics:?}");
    pair.run(FRAME * 10);
    let mut taken = pressed(&pair).len();
    pair.run(FRAME * 10);
    taken += pressed(&pair).len();
    assert_eq!(taken as u64 + statistics.digits_dropped, 5_000);
}
