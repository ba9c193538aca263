//! Clocks that disagree and networks that hold packets back: how the delay grows
//! and comes back.

mod line;

use std::time::Duration;

use jitter::{PlayoutBuffer, PlayoutKind, Settings};
use line::{FRAME_SAMPLES, Pulled, RATE, Receiver, Sender, Sent, samples};

/// The first 5 ms of a frame before which another was left out are a mixture.
const BLENDED: usize = 40;

fn after_blend(pulled: &Pulled) -> Vec<i16> {
    pulled.samples[BLENDED..].to_vec()
}

/// Of each second, 800 ms of speech and 200 ms that nobody can hear.
fn speech_with_pauses(sender: &mut Sender, n: u64) -> Sent {
    if n % 50 < 40 {
        sender.send()
    } else {
        sender.send_quiet()
    }
}

/// `seconds` of packets of 20 ms, by a clock that is fast by `permille`.
fn stream(seconds: u64, permille: i64, loudness: fn(&mut Sender, u64) -> Sent) -> Vec<(u64, Sent)> {
    let mut sender = Sender::new();
    let spacing = (20_000 - 20 * permille) as u64;
    (0..seconds * 50)
        .map(|n| (3_000 + n * spacing, loudness(&mut sender, n)))
        .collect()
}

fn always_loud(sender: &mut Sender, _: u64) -> Sent {
    sender.send()
}

#[test]
fn a_fast_sender_does_not_add_delay_and_loses_no_speech() {
    let mut receiver = Receiver::new();
    let pulled = receiver.play(stream(120, 10, speech_with_pauses), 118_000);
    let highest = pulled.iter().map(|pulled| pulled.level).max();
    assert!(highest <= Some(Duration::from_millis(160)), "{highest:?}");
    let statistics = receiver.buffer.statistics();
    assert!(
        (55..=70).contains(&statistics.skipped_frames),
        "{statistics:?}"
    );
    assert_eq!(
        (statistics.lost, statistics.overflowed, statistics.underruns),
        (0, 0, 0)
    );

    let heard: Vec<_> = pulled
        .iter()
        .map(after_blend)
        .filter(|end| end[0] >= 1_000)
        .collect();
    let spoken: Vec<_> = (0..120 * 50)
        .filter(|n| n % 50 < 40)
        .map(|n| samples(n * FRAME_SAMPLES, FRAME_SAMPLES)[BLENDED..].to_vec())
        .collect();
    assert!(heard.len() > 4_700, "{}", heard.len());
    assert!(
        spoken
            .iter()
            .zip(&heard)
            .all(|(spoken, heard)| spoken == heard)
    );
}

#[test]
fn a_fast_sender_that_never_pauses_is_kept_within_bounds() {
    let mut receiver = Receiver::new();
    let pulled = receiver.play(stream(120, 10, always_loud), 118_000);
    let highest = pulled.iter().map(|pulled| pulled.level).max();
    assert!(highest <= Some(Duration::from_millis(160)), "{highest:?}");
    assert_eq!(receiver.buffer.statistics().overflowed, 0);
}

#[test]
fn a_slow_sender_runs_dry_now_and_then_and_loses_nothing() {
    let mut receiver = Receiver::new();
    let packets = stream(60, -10, always_loud);
    let sent = packets.len();
    receiver.play(packets, 62_000);
    let statistics = receiver.buffer.statistics();
    assert_eq!(receiver.decoder.decoded.len(), sent);
    assert_eq!(
        (statistics.lost, statistics.late, statistics.skipped_frames),
        (0, 0, 0)
    );
    assert!((10..=40).contains(&statistics.underruns), "{statistics:?}");
}

#[test]
fn packets_held_back_and_delivered_at_once_are_all_played_and_the_delay_comes_back() {
    let mut receiver = Receiver::new();
    let (held_from, held_until) = (2_000_000, 2_400_000);
    let packets = stream(20, 0, speech_with_pauses)
        .into_iter()
        .map(|(at, sent)| {
            (
                if (held_from..held_until).contains(&at) {
                    held_until
                } else {
                    at
                },
                sent,
            )
        })
        .collect();
    let pulled = receiver.play(packets, 20_200);
    let statistics = receiver.buffer.statistics();
    assert_eq!(receiver.decoder.decoded.len(), 1_000);
    assert_eq!(
        (
            statistics.lost,
            statistics.late,
            statistics.concealed_frames
        ),
        (0, 0, 0)
    );
    assert!(
        pulled[125].level > Duration::from_millis(300),
        "{:?}",
        pulled[125].level
    );
    let recovered = &pulled[400..];
    assert!(
        recovered
            .iter()
            .all(|pulled| pulled.level <= Duration::from_millis(60))
    );
    assert!(
        recovered[..600]
            .iter()
            .all(|pulled| pulled.kind == PlayoutKind::Decoded)
    );
}

#[test]
fn what_was_held_back_beyond_the_capacity_is_bounded_by_it() {
    let mut receiver = Receiver::with(Settings {
        capacity: 20,
        ..Settings::new(RATE)
    });
    let packets = stream(4, 0, always_loud)
        .into_iter()
        .map(|(at, sent)| {
            (
                if at > 1_000_000 {
                    at.max(3_000_000)
                } else {
                    at
                },
                sent,
            )
        })
        .collect();
    let pulled = receiver.play(packets, 4_000);
    assert!(
        pulled
            .iter()
            .all(|pulled| pulled.level <= Duration::from_millis(20 * 20))
    );
    assert!(receiver.buffer.statistics().overflowed > 70);
}
