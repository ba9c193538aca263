//! What holds for any network.

use std::collections::BTreeMap;
use std::time::Duration;

use audio::Moment;
use netem::{
    BitRate, Bottleneck, CrossTraffic, Drift, Freezes, IN_FLIGHT_LIMIT, Jitter, Loss, Network,
    Order, Passage, Preset, Profile, Share, Statistics, Trace,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn settled(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(20_110_613),
        ..ProptestConfig::with_cases(cases)
    }
}

fn millis() -> impl Strategy<Value = Duration> {
    (0..300u64).prop_map(Duration::from_millis)
}

fn share() -> impl Strategy<Value = Share> {
    (0.0..=100.0).prop_map(|percent| Share::percent(percent).expect("within 0 to 100"))
}

fn loss() -> impl Strategy<Value = Loss> {
    let gilbert = (share(), share(), share(), share());
    prop_oneof![
        Just(Loss::None),
        share().prop_map(Loss::Uniform),
        gilbert.prop_map(|(decline, recovery, loss_in_good, loss_in_bad)| {
            Loss::GilbertElliott {
                decline,
                recovery,
                loss_in_good,
                loss_in_bad,
            }
        }),
    ]
}

fn jitter() -> impl Strategy<Value = Jitter> {
    let spiky = (share(), millis(), millis());
    prop_oneof![
        Just(Jitter::None),
        millis().prop_map(Jitter::Normal),
        spiky.prop_map(|(share, peak, fading)| Jitter::Spiky {
            share,
            peak,
            fading,
        }),
        prop::collection::vec(passage(), 0..5)
            .prop_map(|packets| Jitter::Trace(Trace::new(packets))),
    ]
}

fn passage() -> impl Strategy<Value = Passage> {
    prop_oneof![
        4 => millis().prop_map(Passage::Arrived),
        1 => Just(Passage::Lost),
    ]
}

fn bottleneck() -> impl Strategy<Value = Option<Bottleneck>> {
    let rate = || (20_000..2_000_000u64).prop_filter_map("a rate", BitRate::bits_per_second);
    let cross = prop::option::of((rate(), millis(), millis())).prop_map(|cross| {
        let (rate, burst, pause) = cross?;
        CrossTraffic::new(rate, burst, pause)
    });
    prop::option::of(
        (rate(), millis(), cross).prop_map(|(rate, queue, cross)| Bottleneck {
            rate,
            queue,
            cross,
        }),
    )
}

fn freezes() -> impl Strategy<Value = Option<Freezes>> {
    prop::option::of((millis(), millis())).prop_map(|freezes| {
        let (length, more) = freezes?;
        Freezes::new(length + more, length)
    })
}

fn profiles() -> impl Strategy<Value = Profile> {
    let order = prop_oneof![Just(Order::Kept), Just(Order::Free)];
    let parts = (
        bottleneck(),
        loss(),
        millis(),
        jitter(),
        order,
        share(),
        freezes(),
    );
    parts.prop_map(
        |(bottleneck, loss, delay, jitter, order, duplication, freezes)| Profile {
            bottleneck,
            loss,
            delay,
            jitter,
            order,
            duplication,
            drift: Drift::NONE,
            freezes,
        },
    )
}

/// Sends packets after the given waits in milliseconds, polling before each, and
/// then polls to the end: what arrived, when, and the final counters.
fn run(profile: &Profile, seed: u64, waits: &[u64]) -> (Vec<(Moment, usize)>, Statistics) {
    let mut network = Network::new(profile.clone(), seed);
    let mut now = Moment::ZERO;
    let mut arrived = Vec::new();
    for (number, &wait) in waits.iter().enumerate() {
        now = now + Duration::from_millis(wait);
        arrived.extend(std::iter::from_fn(|| network.poll(now)));
        network.send(now, number);
    }
    while let Some(deadline) = network.deadline() {
        arrived.extend(std::iter::from_fn(|| network.poll(deadline)));
    }
    assert_eq!(network.in_flight(), 0);
    (arrived, network.statistics())
}

proptest! {
    #![proptest_config(settled(300))]

    #[test]
    fn one_seed_gives_one_result(
        profile in profiles(),
        seed: u64,
        waits in prop::collection::vec(0..60u64, 1..200),
    ) {
        prop_assert_eq!(run(&profile, seed, &waits), run(&profile, seed, &waits));
    }

    #[test]
    fn a_network_that_keeps_the_order_delivers_in_the_order_sent(
        profile in profiles(),
        seed: u64,
        waits in prop::collection::vec(0..60u64, 1..200),
    ) {
        let kept = Profile { order: Order::Kept, ..profile };
        let (arrived, _) = run(&kept, seed, &waits);
        prop_assert!(arrived.is_sorted_by_key(|&(_, number)| number), "{:?}", arrived);
    }

    #[test]
    fn arrivals_are_polled_in_the_order_of_time_and_never_before_they_were_sent(
        profile in profiles(),
        seed: u64,
        waits in prop::collection::vec(0..60u64, 1..200),
    ) {
        let (arrived, _) = run(&profile, seed, &waits);
        prop_assert!(arrived.is_sorted_by_key(|&(arrival, _)| arrival));
        for (arrival, number) in arrived {
            let sent = Moment::from_millis(waits[..=number].iter().sum());
            let least = match profile.jitter {
                Jitter::Normal(_) => Duration::ZERO,
                Jitter::None | Jitter::Spiky { .. } | Jitter::Trace(_) => profile.delay,
            };
            prop_assert!(arrival >= sent + least);
        }
    }

    #[test]
    fn every_packet_arrives_once_unless_it_is_counted_as_lost_or_duplicated(
        profile in profiles(),
        seed: u64,
        waits in prop::collection::vec(0..60u64, 1..200),
    ) {
        let (arrived, statistics) = run(&profile, seed, &waits);
        let mut copies = BTreeMap::new();
        for (_, number) in &arrived {
            *copies.entry(number).or_insert(0u64) += 1;
        }
        let sent = waits.len() as u64;
        prop_assert!(copies.values().all(|&count| count <= 2));
        prop_assert_eq!(statistics.sent, sent);
        prop_assert_eq!(statistics.overflowed, 0);
        prop_assert_eq!(statistics.delivered, arrived.len() as u64);
        prop_assert_eq!(statistics.lost + statistics.dropped, sent - copies.len() as u64);
        prop_assert_eq!(
            statistics.duplicated,
            copies.values().filter(|&&count| count == 2).count() as u64
        );
    }

    #[test]
    fn loss_changes_nothing_about_the_packets_that_arrive(
        profile in profiles(),
        loss in loss(),
        seed: u64,
        waits in prop::collection::vec(0..60u64, 1..200),
    ) {
        let free = Profile { order: Order::Free, loss: Loss::None, ..profile };
        let (whole, _) = run(&free, seed, &waits);
        let (rest, _) = run(&Profile { loss, ..free }, seed, &waits);
        let mut whole = whole.into_iter();
        prop_assert!(rest.iter().all(|arrived| whole.any(|other| other == *arrived)));
    }
}

#[test]
fn different_seeds_give_different_results() {
    let (profile, waits) = (Preset::Lossy.profile(), [20; 500]);
    assert_ne!(run(&profile, 1, &waits), run(&profile, 2, &waits));
}

/// FNV-1a over all arrivals.
fn checksum(arrived: &[(Moment, usize)]) -> u64 {
    arrived
        .iter()
        .flat_map(|&(arrival, number)| [arrival.as_micros(), number as u64])
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, value| {
            (sum ^ value).wrapping_mul(0x0100_0000_01b3)
        })
}

#[test]
fn the_result_of_a_seed_never_changes() {
    let profile = Profile::parse(
        "delay=40ms,jitter=15ms,reordering=on,loss=gilbert:10%:30%:1%:80%,duplication=5%,\
         freeze=2s:100ms",
    )
    .expect("a profile");
    let (arrived, statistics) = run(&profile, 7, &[20; 1_000]);
    assert_eq!(checksum(&arrived), 13_838_202_345_170_121_290);
    assert_eq!(
        (statistics.lost, statistics.duplicated, statistics.delivered),
        (172, 41, 869)
    );
}

#[test]
fn the_result_of_a_seed_with_a_bottleneck_never_changes() {
    let profile = Profile::parse("bufferbloat,bottleneck=2Mbit:150ms,cross=2.4Mbit:2s:1s");
    let (arrived, statistics) = run(&profile.expect("a profile"), 7, &[20; 3_000]);
    assert_eq!(checksum(&arrived), 15_303_667_678_381_797_537);
    assert_eq!((statistics.dropped, statistics.delivered), (662, 2_338));
}

#[test]
fn what_is_never_polled_is_bounded_and_the_rest_counted() {
    let mut network = Network::new(Preset::Lossy.profile(), 1);
    for number in 0..100_000u64 {
        network.send(Moment::from_millis(number), number);
        assert!(network.in_flight() <= IN_FLIGHT_LIMIT);
    }
    let statistics = network.statistics();
    assert_eq!(network.in_flight(), IN_FLIGHT_LIMIT);
    assert_eq!(
        statistics.sent + statistics.duplicated,
        statistics.lost + statistics.overflowed + IN_FLIGHT_LIMIT as u64
    );
}

#[test]
fn nothing_is_polled_before_its_deadline() {
    let mut network = Network::new(Profile::parse("delay=40ms").expect("a profile"), 1);
    assert_eq!(network.deadline(), None);
    network.send(Moment::from_millis(10), 'a');
    assert_eq!(network.deadline(), Some(Moment::from_millis(50)));
    assert_eq!(network.poll(Moment::from_micros(49_999)), None);
    assert_eq!(
        network.poll(Moment::from_millis(70)),
        Some((Moment::from_millis(50), 'a'))
    );
    assert_eq!(network.deadline(), None);
}
