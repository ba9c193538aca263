//! A minute of speech over every kind of network that has a name.

mod line;

use std::ops::RangeInclusive;
use std::time::Duration;

use audio::Moment;
use jitter::{PlayoutBuffer, Statistics};
use line::{FRAME_SAMPLES, Pulled, Receiver, Sender, millis};
use netem::{Network, Preset};

const TICK: Duration = Duration::from_millis(20);
const TICKS: u64 = 3_000;
const SEED: u64 = 20_110_613;

/// What a minute over a network came to.
struct Minute {
    pulled: Vec<Pulled>,
    /// The number of the first sample of each packet played.
    decoded: Vec<usize>,
    statistics: Statistics,
}

/// Sends a packet every 20 ms of the sender's clock and pulls every 20 ms of the
/// receiver's. What arrives at the time of a pull comes before it.
fn minute_over(preset: Preset) -> Minute {
    let profile = preset.profile();
    let mut network = Network::new(profile.clone(), SEED);
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new());
    let mut media = Duration::ZERO;
    let mut pulled = Vec::new();
    for tick in 0..TICKS {
        let now = millis(tick * 20);
        while profile.send_time(Moment::ZERO, media) <= now {
            network.send(profile.send_time(Moment::ZERO, media), sender.send());
            media += TICK;
        }
        while let Some((arrival, sent)) = network.poll(now) {
            receiver.buffer.insert(arrival, &sent.packet());
        }
        pulled.push(receiver.pull(tick * 20));
    }
    Minute {
        pulled,
        decoded: receiver.decoder.decoded,
        statistics: receiver.buffer.statistics(),
    }
}

#[test]
fn every_tick_gives_exactly_one_frame() {
    for preset in Preset::ALL {
        let Minute {
            pulled, statistics, ..
        } = minute_over(preset);
        assert_eq!(pulled.len() as u64, TICKS);
        assert!(
            pulled
                .iter()
                .all(|pulled| pulled.samples.len() == FRAME_SAMPLES)
        );
        assert_eq!(
            statistics.decoded_frames + statistics.concealed_frames + statistics.silent_frames,
            TICKS,
            "{}: {statistics:?}",
            preset.name()
        );
    }
}

#[test]
fn no_packet_is_played_twice_or_out_of_order() {
    for preset in Preset::ALL {
        let Minute { decoded, .. } = minute_over(preset);
        assert!(decoded.len() > 2_000, "{}", preset.name());
        assert!(decoded.is_sorted_by(|a, b| a < b), "{}", preset.name());
    }
}

/// How much is concealed, and how much at most is silent for want of packets, in
/// per cent of the frames: what was measured, with a little to spare.
fn measured(preset: Preset) -> (RangeInclusive<f64>, f64) {
    match preset {
        Preset::Clean | Preset::Drift => (0.0..=0.0, 0.1),
        Preset::Wifi => (0.4..=0.7, 0.2),
        Preset::Mobile => (1.0..=1.6, 2.2),
        Preset::Lossy => (4.5..=5.3, 0.8),
        Preset::Bursty => (1.9..=2.6, 2.9),
        Preset::Spiky => (0.0..=0.0, 1.8),
        Preset::Freeze => (0.0..=0.0, 3.9),
    }
}

#[test]
fn what_is_concealed_and_what_is_silent_stays_within_what_was_measured() {
    for preset in Preset::ALL {
        let Minute { statistics, .. } = minute_over(preset);
        let share = |frames: u64| frames as f64 * 100.0 / TICKS as f64;
        let concealed = share(statistics.concealed_frames);
        let silent = share(statistics.silent_frames);
        let name = preset.name();
        println!("{name:6}: {concealed:4.2} % concealed, {silent:4.2} % silent");
        let (expected, most_silent) = measured(preset);
        assert!(expected.contains(&concealed), "{name}: {statistics:?}");
        assert!(silent <= most_silent, "{name}: {statistics:?}");
    }
}
