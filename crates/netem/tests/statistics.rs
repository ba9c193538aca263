//! Each model, measured over many packets.

use std::time::Duration;

use audio::Moment;
use netem::{Network, Profile};

/// What arrived of `count` packets that were sent every `every`: number, delay.
fn through(profile: &str, count: u64, every: Duration) -> Vec<(u64, Duration)> {
    let profile = Profile::parse(profile).expect("a profile");
    let mut network = Network::new(profile, 20_110_613);
    let mut arrived = Vec::new();
    let sent_at = |number: u64| Moment::ZERO + every * number as u32;
    for number in 0..count {
        let now = sent_at(number);
        network.send(now, number);
        while let Some((arrival, number)) = network.poll(now) {
            arrived.push((number, arrival.since(sent_at(number))));
        }
    }
    while let Some(deadline) = network.deadline() {
        let (arrival, number) = network.poll(deadline).expect("due at the deadline");
        assert_eq!(arrival, deadline);
        arrived.push((number, arrival.since(sent_at(number))));
    }
    arrived
}

const FRAME: Duration = Duration::from_millis(20);
const COUNT: u64 = 100_000;

fn share_of(part: usize) -> f64 {
    part as f64 / COUNT as f64
}

fn near(measured: f64, expected: f64, tolerance: f64) {
    assert!(
        (measured - expected).abs() <= tolerance,
        "{measured} is not {expected} ± {tolerance}"
    );
}

fn numbers(arrived: &[(u64, Duration)]) -> Vec<u64> {
    arrived.iter().map(|&(number, _)| number).collect()
}

fn millis(delay: Duration) -> f64 {
    delay.as_secs_f64() * 1_000.0
}

fn mean_and_deviation(arrived: &[(u64, Duration)]) -> (f64, f64) {
    let count = arrived.len() as f64;
    let mean = arrived.iter().map(|&(_, delay)| millis(delay)).sum::<f64>() / count;
    let squares = arrived
        .iter()
        .map(|&(_, delay)| (millis(delay) - mean).powi(2))
        .sum::<f64>();
    (mean, (squares / count).sqrt())
}

/// The lengths of the runs of missing numbers.
fn bursts(arrived: &[(u64, Duration)]) -> Vec<u64> {
    numbers(arrived)
        .windows(2)
        .map(|pair| pair[1] - pair[0] - 1)
        .filter(|&missing| missing > 0)
        .collect()
}

fn mean_burst(arrived: &[(u64, Duration)]) -> f64 {
    let bursts = bursts(arrived);
    bursts.iter().sum::<u64>() as f64 / bursts.len() as f64
}

#[test]
fn a_clean_network_delivers_every_packet_at_once() {
    let arrived = through("clean", 1_000, FRAME);
    assert_eq!(numbers(&arrived), (0..1_000).collect::<Vec<_>>());
    assert!(arrived.iter().all(|(_, delay)| delay.is_zero()));
}

#[test]
fn a_delay_is_the_same_for_every_packet() {
    let arrived = through("delay=70ms", 1_000, FRAME);
    assert_eq!(numbers(&arrived), (0..1_000).collect::<Vec<_>>());
    assert!(
        arrived
            .iter()
            .all(|&(_, delay)| delay == Duration::from_millis(70))
    );
}

#[test]
fn uniform_loss_takes_its_share_in_bursts_of_chance() {
    let arrived = through("loss=10%", COUNT, FRAME);
    near(1.0 - share_of(arrived.len()), 0.1, 0.003);
    near(mean_burst(&arrived), 1.0 / 0.9, 0.02);
}

#[test]
fn everything_or_nothing_can_be_lost() {
    assert_eq!(through("loss=100%", 1_000, FRAME).len(), 0);
    assert_eq!(through("loss=0%", 1_000, FRAME).len(), 1_000);
}

#[test]
fn gilbert_elliott_losses_come_in_bursts_as_long_as_the_bad_state() {
    let arrived = through("loss=gilbert:2%:25%:0%:100%", COUNT, FRAME);
    near(1.0 - share_of(arrived.len()), 0.02 / 0.27, 0.004);
    near(mean_burst(&arrived), 4.0, 0.15);
}

#[test]
fn gilbert_elliott_loses_in_both_states_as_much_as_it_is_told() {
    let arrived = through("loss=gilbert:1%:4%:5%:50%", COUNT, FRAME);
    near(1.0 - share_of(arrived.len()), 0.8 * 0.05 + 0.2 * 0.5, 0.01);
}

#[test]
fn normal_jitter_has_its_deviation_around_the_delay() {
    let arrived = through("delay=200ms,jitter=30ms,reordering=on", COUNT, FRAME);
    let (mean, deviation) = mean_and_deviation(&arrived);
    near(mean, 200.0, 0.5);
    near(deviation, 30.0, 0.3);
}

#[test]
fn normal_jitter_around_nothing_is_cut_at_zero() {
    let arrived = through("jitter=30ms,reordering=on", COUNT, FRAME);
    let at_once = arrived.iter().filter(|(_, delay)| delay.is_zero()).count();
    near(share_of(at_once), 0.5, 0.01);
    let (mean, _) = mean_and_deviation(&arrived);
    near(mean, 30.0 / (2.0 * std::f64::consts::PI).sqrt(), 0.3);
}

#[test]
fn spikes_are_rare_large_and_fade() {
    let arrived = through("jitter=spiky:1%:200ms:400ms,reordering=on", COUNT, FRAME);
    let mut delays = vec![0.0; COUNT as usize];
    for &(number, delay) in &arrived {
        delays[number as usize] = millis(delay);
    }
    let peaks = delays.iter().filter(|&&delay| delay == 200.0).count();
    near(share_of(peaks), 0.01, 0.001);
    let raised = delays.iter().filter(|&&delay| delay > 0.0).count();
    near(share_of(raised), 1.0 - 0.99f64.powi(20), 0.012);
    assert!(delays.windows(2).all(|pair| {
        let next = pair[1];
        next == 200.0 || next == 0.0 || (pair[0] - next - 10.0).abs() < 1e-9
    }));
}

#[test]
fn a_trace_is_followed_over_and_over() {
    let arrived = through("delay=10ms,jitter=trace:0ms:5ms:3ms", 9, FRAME);
    let delays: Vec<u128> = arrived.iter().map(|(_, delay)| delay.as_millis()).collect();
    assert_eq!(delays, [10, 15, 13, 10, 15, 13, 10, 15, 13]);
}

#[test]
fn jitter_reorders_only_where_reordering_is_on() {
    let mut free = through("delay=200ms,jitter=30ms,reordering=on", COUNT, FRAME);
    free.sort_unstable();
    let overtaken = free
        .windows(2)
        .filter(|pair| FRAME + pair[1].1 < pair[0].1)
        .count();
    // The chance of less than -20 from a normal distribution of deviation 30·√2.
    near(share_of(overtaken), 0.3187, 0.005);
    let kept = numbers(&through("delay=100ms,jitter=30ms", COUNT, FRAME));
    assert_eq!(kept, (0..COUNT).collect::<Vec<_>>());
}

#[test]
fn copies_are_the_share_they_should_be_and_come_soon_after() {
    let arrived = through("delay=40ms,duplication=3%,reordering=on", COUNT, FRAME);
    near(share_of(arrived.len()) - 1.0, 0.03, 0.002);
    let mut last = std::collections::BTreeMap::new();
    for (number, delay) in arrived {
        if let Some(first) = last.insert(number, delay) {
            assert!((first..=first + Duration::from_millis(10)).contains(&delay));
        }
    }
    assert_eq!(last.len() as u64, COUNT);
}

#[test]
fn in_each_period_nothing_arrives_for_a_while_and_then_everything_at_once() {
    let arrived = through("freeze=10s:800ms", 60_000, Duration::from_millis(1));
    assert_eq!(numbers(&arrived), (0..60_000).collect::<Vec<_>>());
    let times: Vec<u128> = arrived
        .iter()
        .map(|(number, delay)| u128::from(*number) * 1_000 + delay.as_micros())
        .collect();
    let gaps: Vec<(u128, usize)> = times
        .windows(2)
        .filter(|pair| pair[1] - pair[0] > 2_000)
        .map(|pair| {
            let together = times.iter().filter(|&&time| time == pair[1]).count();
            (pair[1], together)
        })
        .collect();
    assert_eq!(gaps.len(), 6, "{gaps:?}");
    for (period, (end, together)) in gaps.into_iter().enumerate() {
        let period = period as u128 * 10_000_000;
        assert!(
            (period + 800_000..period + 10_000_000).contains(&end),
            "{end}"
        );
        assert!((800..=801).contains(&together), "{together}");
    }
    let held = arrived.iter().filter(|(_, delay)| !delay.is_zero());
    assert_eq!(
        held.clone()
            .map(|&(_, delay)| delay)
            .max()
            .map(|d| d.as_millis()),
        Some(799)
    );
    near(held.count() as f64, 6.0 * 800.0, 6.0);
}

#[test]
fn a_drifting_sender_is_ahead_or_behind_by_its_share() {
    let profile = Profile::parse("drift=300ppm").expect("a profile");
    let hour = Duration::from_secs(3_600);
    let sent = profile.send_time(Moment::ZERO, hour);
    near((Moment::ZERO + hour).since(sent).as_secs_f64(), 1.08, 0.001);
}

#[test]
fn a_bottleneck_delays_by_what_waits_before_it() {
    // Each packet of 200 bytes takes 25 ms, 5 ms longer than until the next.
    let arrived = through("bottleneck=64kbit:1s", 20, FRAME);
    let delays: Vec<u128> = arrived.iter().map(|(_, delay)| delay.as_millis()).collect();
    assert_eq!(delays, (0..20).map(|n| 25 + 5 * n).collect::<Vec<_>>());
}

#[test]
fn a_full_queue_drops_what_the_link_cannot_send() {
    let arrived = through("bottleneck=64kbit:200ms", COUNT, FRAME);
    near(share_of(arrived.len()), 0.8, 0.001);
    let longest = arrived.iter().map(|&(_, delay)| delay).max();
    assert!(longest.is_some_and(|delay| delay <= Duration::from_millis(226)));
    assert!(mean_burst(&arrived[COUNT as usize / 100..]) < 1.01);
}

#[test]
fn bufferbloat_swells_and_falls_back_and_drops_little() {
    let arrived = through("bufferbloat", COUNT, FRAME);
    near(1.0 - share_of(arrived.len()), 0.01, 0.01);
    let share = |range: std::ops::Range<f64>| {
        let within = |(_, delay): &&(u64, Duration)| range.contains(&millis(*delay));
        share_of(arrived.iter().filter(within).count())
    };
    near(share(0.0..30.0), 0.6, 0.1);
    assert!(share(150.0..330.0) > 0.05);
    near(share(330.0..f64::INFINITY), 0.0, 0.0);
    let mut delays = vec![0.0; COUNT as usize];
    for &(number, delay) in &arrived {
        delays[number as usize] = millis(delay);
    }
    let leaps = delays
        .windows(2)
        .filter(|pair| pair[0] > 0.0 && pair[1] > pair[0] + 25.0);
    assert_eq!(leaps.count(), 0);
}

#[test]
fn a_trace_from_a_file_is_followed() {
    let path = std::env::temp_dir().join(format!("netem-trace-{}.csv", std::process::id()));
    std::fs::write(&path, "number,delay_ms\n1,0\n2,40.5\n3,lost\n").expect("a file");
    let profile = format!("delay=10ms,reordering=on,trace={}", path.display());
    let arrived = through(&profile, 6, FRAME);
    std::fs::remove_file(&path).expect("the file is there");
    let delays: Vec<(u64, u128)> = arrived
        .iter()
        .map(|&(number, delay)| (number, delay.as_micros()))
        .collect();
    assert_eq!(delays, [(0, 10_000), (3, 10_000), (1, 50_500), (4, 50_500)]);
}
