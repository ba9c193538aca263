//! What is done about lateness if audio is worth little, and if it is worth much.

mod line;

use std::time::Duration;

use jitter::{PlayoutKind, Settings, Statistics};
use line::{Receiver, Sender, Sent, find, joined, play};

fn worth(millis: u64) -> Settings {
    Settings {
        per_cent_concealed: Duration::from_millis(millis),
        ..play()
    }
}

/// So many packets, each so late as `late` says; packets keep their order.
fn arrivals(count: u64, late: impl Fn(u64) -> u64) -> Vec<(u64, Sent)> {
    let mut sender = Sender::new();
    let mut latest = 0;
    (0..count)
        .map(|n| {
            latest = latest.max(3_000 + n * 20_000 + late(n) * 1_000);
            (latest, sender.send())
        })
        .collect()
}

/// Twice a second something comes 70 ms late.
fn with_spikes(n: u64) -> u64 {
    if n % 25 == 24 { 70 } else { 0 }
}

/// Every 10 s nothing comes for 1 s.
fn with_freezes(n: u64) -> u64 {
    let place = n % 500;
    if (400..450).contains(&place) {
        (450 - place) * 20
    } else {
        0
    }
}

fn counted(settings: Settings, arrivals: Vec<(u64, Sent)>, until: u64) -> Statistics {
    let mut receiver = Receiver::new(settings);
    receiver.play(arrivals, until);
    receiver.statistics()
}

fn mean_delay(statistics: &Statistics) -> Duration {
    statistics.delay / statistics.delayed_frames.max(1) as u32
}

/// The share of the frames whose delay is at most `edge`.
fn within(statistics: &Statistics, edge: u64) -> f64 {
    let edges = Statistics::DELAY_EDGES.iter();
    let within = edges.zip(statistics.delays).filter(|(it, _)| **it <= edge);
    within.map(|(_, count)| count).sum::<u64>() as f64 / statistics.delayed_frames as f64
}

#[test]
fn cheap_audio_that_comes_late_is_left_out_and_delays_nothing() {
    let statistics = counted(worth(1), arrivals(1_000, with_spikes), 20_000);
    assert!(statistics.skipped_samples > 0, "{statistics:?}");
    assert!(mean_delay(&statistics) < Duration::from_millis(30));
    // Of each spike four packets are late, each of them once.
    let most = 1_000 / 25 * 4 * 160 + 480;
    assert!(statistics.concealed_samples <= most, "{statistics:?}");
    assert!(within(&statistics, 40) > 0.8, "{statistics:?}");
}

#[test]
fn audio_of_the_usual_worth_that_comes_late_is_not_left_out() {
    let statistics = counted(play(), arrivals(1_000, with_spikes), 20_000);
    assert_eq!(statistics.skipped_samples, 0);
    let heard = mean_delay(&statistics);
    assert!(heard > Duration::from_millis(50), "{heard:?}");
}

#[test]
fn cheap_audio_is_heard_again_after_the_line_has_become_slower() {
    for slower in [40, 90, 190, 400] {
        let late = |n| if n < 500 { 0 } else { slower };
        let mut receiver = Receiver::new(worth(1));
        let pulled = receiver.play(arrivals(1_000, late), 20_000);
        let followed = pulled.iter().filter(|pulled| pulled.at >= 15_000);
        assert!(
            followed.clone().all(|it| it.kind == PlayoutKind::Decoded),
            "by {slower} ms"
        );
        let followed: Vec<_> = followed.cloned().collect();
        let heard = joined(&followed[followed.len() - 50..]);
        let behind = slower as usize + 100;
        let begin = (20_000 - behind - 1_000) * 8;
        let place = (begin..20_000 * 8)
            .step_by(160)
            .find(|&number| find(&heard, number, 160).is_some());
        assert!(place.is_some(), "by {slower} ms");
    }
}

#[test]
fn dear_audio_is_held_for_a_line_that_freezes_now_and_then() {
    let arrivals = arrivals(6_000, with_freezes);
    let usual = counted(play(), arrivals.clone(), 120_000);
    let dear = counted(worth(400), arrivals, 120_000);
    // The frames of the freezes themselves count as later than any edge.
    assert!(within(&usual, 60) > 0.85, "{usual:?}");
    assert!(within(&dear, 80) < 0.4, "{dear:?}");
    assert!(within(&dear, 200) > 0.85, "{dear:?}");
    // 11 of the 12 freezes are known of before they come, each of them shorter by what
    // is held.
    let saved = (usual.concealed_samples - dear.concealed_samples) / 8;
    assert!(saved >= 10 * 80, "{saved} ms");
}

#[test]
fn for_dear_audio_more_is_provided_for_than_was_ever_late() {
    let late = |n| n * 7 % 31;
    let usual = counted(play(), arrivals(1_000, late), 20_000);
    let dear = counted(worth(3_000), arrivals(1_000, late), 20_000);
    let latest = Duration::from_millis(30);
    assert!(usual.target <= latest, "{usual:?}");
    assert!(dear.target >= latest + Duration::from_millis(4), "{dear:?}");
    let clean = counted(worth(3_000), arrivals(1_000, |_| 0), 20_000);
    assert_eq!(clean.target, Duration::ZERO);
}
