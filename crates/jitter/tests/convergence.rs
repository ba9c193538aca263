//! How fast the delay follows a line that has become another, how far it may go, and
//! what becomes of silence on any line.

mod line;

use std::collections::BTreeMap;
use std::time::Duration;

use audio::Moment;
use jitter::{PlayoutKind, Policy, Settings};
use line::{FORMAT, FRAME_SAMPLES, Receiver, Sender, Sent, millis};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// How long a buffer has to follow a step.
const FOLLOWED: u64 = 5_000;
/// How close it is to come, beside the time between two pulls.
const CLOSE: Duration = Duration::from_millis(20);
/// A delay that is larger than needed by less than this is left as it is.
const LEFT: Duration = Duration::from_millis(10);
const FRAME: Duration = Duration::from_millis(20);

fn settled(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(20_110_613),
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// Random numbers below one, always the same for one seed.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A call in which packets are late by at most so much, in milliseconds, until one
/// moment and by at most so much from then on. Packets keep their order.
#[derive(Clone, Copy, Debug)]
struct Step {
    before: u64,
    after: u64,
    at: u64,
    seed: u64,
}

impl Step {
    /// Half of what is sent is audible, a second on and a second off.
    fn arrivals(&self, until: u64) -> Vec<(u64, Sent)> {
        let mut sender = Sender::new();
        let mut random = random(self.seed);
        let mut latest = 0;
        (0..until)
            .step_by(20)
            .map(|sent_at| {
                let most = if sent_at < self.at {
                    self.before
                } else {
                    self.after
                };
                let late = (random() * most as f64 * 1_000.0) as u64;
                latest = latest.max(1_000 + sent_at * 1_000 + late);
                let audible = sent_at / 1_000 % 2 == 0;
                let sent = if audible {
                    sender.send()
                } else {
                    sender.send_quiet()
                };
                (latest, sent)
            })
            .collect()
    }
}

/// How late packets were that arrived between two moments, in milliseconds more than the
/// one that was late by the least.
fn spread(step: Step, from: u64, until: u64) -> Duration {
    let sent_at = (0..).step_by(20).map(|at| 1_000 + at * 1_000);
    let all = step.arrivals(until).into_iter().zip(sent_at);
    let counted = all.filter(|((at, _), _)| (from..until).contains(&(at / 1_000)));
    let lateness: Vec<u64> = counted.map(|((at, _), sent)| at - sent).collect();
    let (least, most) = (lateness.iter().min(), lateness.iter().max());
    let spread = most.expect("some arrived") - least.expect("some arrived");
    Duration::from_micros(spread)
}

/// The mean delay of the frames pulled between two moments, and the lateness provided
/// for at the second.
fn delay_and_target(step: Step, from: u64, until: u64) -> (Duration, Duration) {
    let mut receiver = Receiver::new(Settings::new(Policy::Play, FORMAT));
    let mut arrivals = step.arrivals(until).into_iter().peekable();
    let mut before = receiver.statistics();
    for now in (0..until).step_by(20) {
        while let Some((at, sent)) = arrivals.next_if(|(at, _)| *at <= now * 1_000) {
            receiver.insert_at(Moment::from_micros(at), &sent);
        }
        if now == from {
            before = receiver.statistics();
        }
        receiver.pull_due(millis(now));
    }
    let after = receiver.statistics();
    let frames = (after.delayed_frames - before.delayed_frames).max(1) as u32;
    ((after.delay - before.delay) / frames, after.target)
}

proptest! {
    #![proptest_config(settled(60))]

    #[test]
    fn towards_a_person_the_delay_has_followed_a_step_after_five_seconds(
        calm_seconds in 5u64..60,
        phase in 0u64..500,
        before in 0u64..20,
        jitter in 20u64..180,
        better in any::<bool>(),
        seed: u64,
    ) {
        let at = (calm_seconds * 1_000 + phase) / 20 * 20;
        let (before, after) = if better { (jitter, before) } else { (before, jitter) };
        let step = Step { before, after, at, seed };
        let followed = at + FOLLOWED;
        let (delay, target) = delay_and_target(step, followed, followed + 1_000);
        prop_assert!(delay + CLOSE >= target, "{delay:?} for {target:?}");
        let most = target + CLOSE + LEFT + FRAME;
        prop_assert!(delay <= most, "{delay:?} for {target:?}");
        if !better {
            // What is told apart is at least two seconds of arrivals.
            let until = followed + 1_000;
            let (least, most) = (spread(step, until - 2_000, until), spread(step, at, until));
            prop_assert!(target + CLOSE >= least, "{target:?} for {least:?}");
            prop_assert!(target <= most + CLOSE, "{target:?} for {most:?}");
        }
    }

    #[test]
    fn towards_a_machine_nothing_is_missed_five_seconds_after_a_step(
        calm_seconds in 5u64..60,
        before in 0u64..20,
        jitter in 20u64..180,
        seed: u64,
    ) {
        let at = calm_seconds * 1_000;
        let step = Step { before, after: jitter, at, seed };
        let mut receiver = Receiver::new(Settings::new(Policy::Listen, FORMAT));
        let (early, late): (Vec<_>, Vec<_>) = step
            .arrivals(at + FOLLOWED + 5_000)
            .into_iter()
            .partition(|(arrival, _)| *arrival < (at + FOLLOWED) * 1_000);
        receiver.play(early, at + FOLLOWED);
        let followed = receiver.statistics();
        receiver.play_on(late, at + FOLLOWED, at + FOLLOWED + 5_000);
        let statistics = receiver.statistics();
        prop_assert_eq!(statistics.concealed_samples, followed.concealed_samples);
        prop_assert_eq!(statistics.late, followed.late);
    }
}

/// What a network does to one packet: how late it is in microseconds, and how many
/// copies of it arrive.
fn fates(latest: u64) -> impl Strategy<Value = Vec<(u64, usize)>> {
    prop::collection::vec((0..=latest, 0usize..3), 1..300)
}

fn arrivals(fates: &[(u64, usize)], mut send: impl FnMut() -> Sent) -> Vec<(u64, Sent)> {
    let mut arrivals = Vec::new();
    for (n, &(late, copies)) in fates.iter().enumerate() {
        // Enough are fast for the line not to be taken for another.
        let (late, copies) = if n % 4 == 0 { (0, 1) } else { (late, copies) };
        let sent = send();
        for copy in 0..copies as u64 {
            arrivals.push((n as u64 * 20_000 + late + copy * 7_000, sent.clone()));
        }
    }
    arrivals
}

fn receiver(listens: bool, ceiling: u64) -> Receiver {
    let policy = if listens {
        Policy::Listen
    } else {
        Policy::Play
    };
    Receiver::new(Settings {
        ceiling: Duration::from_millis(ceiling),
        ..Settings::new(policy, FORMAT)
    })
}

proptest! {
    #![proptest_config(settled(200))]

    #[test]
    fn towards_a_person_no_frame_is_delayed_above_the_ceiling_unless_nothing_newer_has_come(
        fates in fates(400_000),
        ceiling in 20u64..250,
    ) {
        let mut receiver = receiver(false, ceiling);
        let mut sender = Sender::new();
        let mut arrivals = arrivals(&fates, || sender.send());
        arrivals.sort_by_key(|(at, _)| *at);
        let mut arrivals = arrivals.into_iter().peekable();
        // A frame is late for what waits in it and behind it for the next pull.
        let most = Duration::from_millis(ceiling) + FRAME;
        let mut before = receiver.statistics();
        let mut flows = false;
        for now in (0..7_000).step_by(20) {
            while let Some((at, sent)) = arrivals.next_if(|(at, _)| *at <= now * 1_000) {
                receiver.insert_at(Moment::from_micros(at), &sent);
            }
            let pulled = receiver.pull(now);
            let after = receiver.statistics();
            let received = pulled.kind == PlayoutKind::Decoded;
            // The first frame after a gap still leads up to what is left out then.
            if received && flows {
                let delay = after.delay - before.delay;
                prop_assert!(delay <= most || pulled.level < FRAME, "{delay:?} at {now}");
            }
            flows = received;
            before = after;
        }
    }

    #[test]
    fn towards_a_machine_nothing_that_has_come_waits_above_the_ceiling(
        fates in fates(400_000),
        ceiling in 20u64..250,
    ) {
        let mut receiver = receiver(true, ceiling);
        let mut sender = Sender::new();
        let mut came = BTreeMap::new();
        let mut arrivals = arrivals(&fates, || sender.send());
        arrivals.sort_by_key(|(at, _)| *at);
        for (at, sent) in &arrivals {
            came.entry(sent.sequence).or_insert(*at);
        }
        let most = (Duration::from_millis(ceiling) + FRAME).as_micros() as u64;
        let first = sender.sequence - fates.len() as u16;
        let mut arrivals = arrivals.into_iter().peekable();
        for tick in (0..7_000_000).step_by(20_000) {
            loop {
                let arrival = arrivals.next_if(|(at, _)| *at <= tick);
                let now = arrival.as_ref().map_or(tick, |(at, _)| *at);
                if let Some((at, sent)) = &arrival {
                    receiver.insert_at(Moment::from_micros(*at), sent);
                }
                receiver.pull_due(Moment::from_micros(now));
                for number in receiver.decoder.decoded.drain(..) {
                    let sequence = first + (number / FRAME_SAMPLES) as u16;
                    prop_assert!(now <= came[&sequence] + most, "{sequence} at {now}");
                }
                if arrival.is_none() {
                    break;
                }
            }
        }
    }

    #[test]
    fn silence_in_gives_silence_out(
        fates in fates(300_000),
        listens in any::<bool>(),
    ) {
        let mut receiver = receiver(listens, 200);
        let mut sender = Sender::new();
        let arrivals = arrivals(&fates, || sender.send_silent());
        for frame in receiver.play(arrivals, 7_000) {
            prop_assert!(frame.samples.iter().all(|&sample| sample == 0), "at {}", frame.at);
        }
    }
}
