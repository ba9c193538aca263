//! Whether the delay that is told is the one that there is.

mod line;

use jitter::{PlayoutKind, Statistics};
use line::{FRAME_SAMPLES, Pulled, Receiver, Sender, Sent, play, sample};

/// When packets arrive after they were sent, in milliseconds, at the least.
const TRANSIT: u64 = 3;

fn arrivals(count: u64, mut fate: impl FnMut(u64) -> Option<u64>) -> Vec<(u64, Sent)> {
    let mut sender = Sender::new();
    let mut latest = 0;
    let mut all = Vec::new();
    for n in 0..count {
        let sent = sender.send();
        if let Some(late) = fate(n) {
            latest = latest.max(n * 20 + TRANSIT + late);
            all.push((latest * 1_000, sent));
        }
    }
    all
}

/// The true delay of a frame of received samples in their order, in milliseconds.
fn true_delay(frame: &Pulled) -> Option<f64> {
    let first = frame.samples[0];
    let near = frame.at as usize * 8;
    let begin = (near.saturating_sub(8_000)..near).find(|&number| {
        let whole = |place: usize| frame.samples[place] == sample(number + place);
        sample(number) == first && (0..FRAME_SAMPLES).all(whole)
    })?;
    Some(frame.at as f64 - TRANSIT as f64 - begin as f64 / 8.0)
}

/// What was told of frames of received samples, and what is true of them.
struct Delays {
    /// The largest difference of the two, in milliseconds.
    error: f64,
    /// The mean of what is true.
    mean: f64,
    statistics: Statistics,
}

/// Those of the last `count` frames.
fn delays(arrivals: Vec<(u64, Sent)>, count: u64) -> Delays {
    let mut receiver = Receiver::new(play());
    let until = arrivals.last().expect("something arrives").0 / 20_000 * 20;
    let from = until - count * 20;
    let (early, late): (Vec<_>, Vec<_>) =
        arrivals.into_iter().partition(|(at, _)| *at < from * 1_000);
    receiver.play(early, from);
    let mut late = late.into_iter().peekable();
    let (mut errors, mut delays) = (Vec::new(), Vec::new());
    for now in (from..until).step_by(20) {
        while let Some((at, sent)) = late.next_if(|(at, _)| *at <= now * 1_000) {
            receiver.insert(at / 1_000, &sent);
        }
        let before = receiver.statistics().delay;
        let frame = receiver.pull(now);
        let told = receiver.statistics().delay - before;
        if frame.kind == PlayoutKind::Decoded
            && let Some(delay) = true_delay(&frame)
        {
            errors.push((told.as_secs_f64() * 1e3 - delay).abs());
            delays.push(delay);
        }
    }
    assert!(delays.len() > 20, "{}", delays.len());
    Delays {
        error: errors.iter().copied().fold(0.0, f64::max),
        mean: delays.iter().sum::<f64>() / delays.len() as f64,
        statistics: receiver.statistics(),
    }
}

#[test]
fn the_delay_is_true_without_loss() {
    let found = delays(arrivals(500, |_| Some(0)), 200);
    assert!(found.error < 1.0, "{}", found.error);
}

#[test]
fn the_delay_is_true_with_loss_and_hardly_longer_for_it() {
    let lossless = delays(arrivals(500, |_| Some(0)), 200);
    let lossy = delays(arrivals(500, |n| (n % 10 != 7).then_some(0)), 200);
    assert!(lossy.statistics.lost >= 45);
    assert!(lossy.error < 1.0, "{}", lossy.error);
    assert!(lossy.mean < lossless.mean + 20.0, "{}", lossy.mean);
}

#[test]
fn the_delay_is_true_after_speech_was_made_shorter_and_as_short_as_before() {
    let calm = delays(arrivals(500, |_| Some(0)), 200);
    let spike = |n| Some(if n == 250 { 140 } else { 0 });
    let found = delays(arrivals(1_000, spike), 200);
    let statistics = found.statistics;
    assert!(statistics.shrunk_samples + statistics.skipped_samples > 0);
    assert!(found.error < 1.0, "{}", found.error);
    assert!(found.mean <= calm.mean + 40.0, "{}", found.mean);
}
