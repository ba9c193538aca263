//! Clocks that disagree: for as long as calls last, nobody hears it.

mod line;

use audio::{Frame, Moment};
use jitter::{AdaptiveBuffer, PlayoutBuffer, Settings, Statistics};
use line::{Numbers, RATE, Sender, listen, play};

/// Packets of 20 ms in an hour.
const HOUR: u64 = 180_000;
/// Of a clock that is off by 300 ppm, in microseconds a packet.
const OFF: i64 = 6;

/// Receives for an hour from a sender whose packets are so many microseconds apart,
/// of each second 800 ms of speech and 200 ms that nobody can hear.
fn an_hour(settings: Settings, spacing: u64, pauses: bool) -> Statistics {
    let mut buffer = AdaptiveBuffer::new(settings);
    let mut decoder = Numbers::without_memory();
    let mut frame = Frame::silence(RATE);
    let mut sender = Sender::new();
    let mut sent = 0;
    for pull in 1..HOUR {
        let now = Moment::from_micros(pull * 20_000);
        while 3_000 + sent * spacing <= now.as_micros() {
            let at = Moment::from_micros(3_000 + sent * spacing);
            let packet = if pauses && sent % 50 >= 40 {
                sender.send_quiet()
            } else {
                sender.send()
            };
            buffer.insert(at, &packet.packet());
            if settings == listen() {
                while buffer.pull(at, &mut decoder, &mut frame).is_some() {}
            }
            sent += 1;
        }
        while buffer.pull(now, &mut decoder, &mut frame).is_some() && settings == listen() {}
    }
    buffer.statistics()
}

/// Nothing concealed, nothing left out, and no frame later than `edge` of
/// [`Statistics::DELAY_EDGES`].
fn check(statistics: &Statistics, edge: u64) {
    assert_eq!(
        (
            statistics.underruns,
            statistics.concealed_samples,
            statistics.lost + statistics.late,
            statistics.skipped_samples
        ),
        (0, 0, 0, 0),
        "{statistics:?}"
    );
    let within = Statistics::DELAY_EDGES.iter().position(|&at| at == edge);
    let within = within.expect("an edge");
    let later: u64 = statistics.delays[within + 1..].iter().sum();
    assert_eq!(later, 0, "{statistics:?}");
}

#[test]
fn an_hour_of_a_sender_that_is_300_ppm_fast_is_played_within_40_ms() {
    for pauses in [false, true] {
        let statistics = an_hour(play(), (20_000 - OFF) as u64, pauses);
        check(&statistics, 40);
        // 1.08 s more than an hour were sent.
        let shrunk = statistics.shrunk_samples - statistics.stretched_samples;
        assert!((8_400..=8_900).contains(&shrunk), "{statistics:?}");
    }
}

#[test]
fn an_hour_of_a_sender_that_is_300_ppm_slow_is_played_within_40_ms() {
    for pauses in [false, true] {
        let statistics = an_hour(play(), (20_000 + OFF) as u64, pauses);
        check(&statistics, 40);
        let stretched = statistics.stretched_samples - statistics.shrunk_samples;
        assert!((8_400..=8_900).contains(&stretched), "{statistics:?}");
    }
}

#[test]
fn an_hour_of_a_drifting_sender_is_heard_as_it_was_sent() {
    for off in [-OFF, OFF] {
        check(&an_hour(listen(), (20_000 + off) as u64, true), 20);
    }
}
