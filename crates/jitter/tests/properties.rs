//! What holds for any network.

mod line;

use std::time::Duration;

use audio::{Frame, Moment, RtpTimestamp, SequenceNumber};
use jitter::{
    AdaptiveBuffer, Content, Insertion, Packet, PlayoutBuffer, Policy, Settings, Statistics,
};
use line::{
    FORMAT, FRAME_SAMPLES, Numbers, RATE, Receiver, Sender, Sent, joined, listen, play, samples,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn settled(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(20_110_613),
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// What a network does to one packet: how late it is in microseconds, and how many
/// copies of it arrive.
fn fates(latest: u64, copies: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(u64, usize)>> {
    prop::collection::vec((0..=latest, copies), 1..200)
}

fn arrivals(sender: &mut Sender, fates: &[(u64, usize)]) -> Vec<(u64, Sent)> {
    let spacing = RATE.duration_of(sender.packet_samples).as_micros() as u64;
    let mut arrivals = Vec::new();
    for (n, &(late, copies)) in fates.iter().enumerate() {
        let sent = sender.send();
        for copy in 0..copies as u64 {
            arrivals.push((n as u64 * spacing + late + copy * 7_000, sent.clone()));
        }
    }
    arrivals
}

/// Any call of the buffer.
#[derive(Clone, Debug)]
enum Call {
    Insert {
        noise: bool,
        sequence: u16,
        timestamp: u32,
        marker: bool,
        ssrc: u32,
        /// Whether the decoder takes it, and how many samples it then has.
        samples: Option<u16>,
        length: usize,
    },
    PassOver(u32, u16),
    Pull,
    Reset,
}

fn any_call() -> impl Strategy<Value = Call> {
    let sequence = || prop_oneof![3 => 0u16..100, 1 => any::<u16>()];
    let timestamp = prop_oneof![3 => 0u32..16_000, 1 => any::<u32>()];
    let ssrc = || prop_oneof![9 => Just(0u32), 1 => 0u32..3];
    let samples = prop::option::weighted(0.8, prop_oneof![Just(160u16), 0u16..2_000]);
    let insert = (
        prop::bool::weighted(0.1),
        sequence(),
        timestamp,
        prop::bool::weighted(0.1),
        ssrc(),
        samples,
        0usize..600,
    );
    prop_oneof![
        10 => insert.prop_map(|(noise, sequence, timestamp, marker, ssrc, samples, length)| {
            Call::Insert { noise, sequence, timestamp, marker, ssrc, samples, length }
        }),
        1 => (ssrc(), sequence()).prop_map(|(ssrc, sequence)| Call::PassOver(ssrc, sequence)),
        10 => Just(Call::Pull),
        1 => Just(Call::Reset),
    ]
}

/// Makes the calls, each after so many microseconds; says what became of the packets
/// and how many frames were pulled, and how many pulls gave one.
fn make(
    calls: &[(u64, Call)],
    buffer: &mut AdaptiveBuffer,
) -> Result<(Vec<Insertion>, u64, u64), TestCaseError> {
    let mut decoder = Numbers::default();
    let mut frame = Frame::silence(RATE);
    let mut now = Moment::ZERO;
    let mut until = Moment::ZERO;
    let mut insertions = Vec::new();
    let (mut pulls, mut frames) = (0, 0);
    for (wait, call) in calls {
        now = now + Duration::from_micros(*wait);
        match call {
            &Call::Insert {
                noise,
                sequence,
                timestamp,
                marker,
                ssrc,
                samples,
                length,
            } => {
                let payload = samples.map_or_else(|| vec![7; length], line::payload_of);
                let packet = Packet {
                    content: if noise {
                        Content::ComfortNoise
                    } else {
                        Content::Audio
                    },
                    sequence: SequenceNumber(sequence),
                    timestamp: RtpTimestamp(timestamp),
                    marker,
                    ssrc,
                    payload: &payload,
                };
                insertions.push(buffer.insert(now, &packet));
            }
            &Call::PassOver(ssrc, sequence) => buffer.pass_over(ssrc, SequenceNumber(sequence)),
            Call::Pull => {
                pulls += 1;
                if let Some(playout) = buffer.pull(now, &mut decoder, &mut frame) {
                    frames += 1;
                    prop_assert_eq!(frame.len(), FRAME_SAMPLES);
                    prop_assert!(playout.until >= until, "time went back");
                    until = playout.until;
                }
            }
            Call::Reset => buffer.reset(FORMAT),
        }
    }
    Ok((insertions, pulls, frames))
}

fn frames_of(statistics: &Statistics) -> u64 {
    statistics.decoded_frames + statistics.concealed_frames + statistics.silent_frames
}

proptest! {
    #![proptest_config(settled(400))]

    #[test]
    fn whatever_comes_every_pull_for_a_person_gives_a_frame_and_every_packet_is_counted(
        calls in prop::collection::vec((0u64..60_000, any_call()), 1..300),
        capacity in 0usize..60,
        payload_bytes in 0usize..2_000,
        listens in any::<bool>(),
    ) {
        let settings = Settings {
            capacity,
            payload_bytes,
            ..if listens { listen() } else { play() }
        };
        let mut buffer = AdaptiveBuffer::new(settings);
        let (insertions, pulls, frames) = make(&calls, &mut buffer)?;
        if settings.policy == Policy::Play {
            prop_assert_eq!(frames, pulls);
        }
        let statistics = buffer.statistics();
        let count = |wanted| insertions.iter().filter(|&&found| found == wanted).count() as u64;
        prop_assert_eq!(statistics.received, insertions.len() as u64);
        prop_assert_eq!(statistics.duplicates, count(Insertion::Duplicate));
        prop_assert_eq!(statistics.oversized, count(Insertion::Oversized));
        prop_assert_eq!(statistics.restarts, count(Insertion::Restarted));
        prop_assert!(statistics.late >= count(Insertion::Late));
        prop_assert!(statistics.overflowed >= count(Insertion::Overflowed));
        prop_assert_eq!(frames_of(&statistics), frames);
    }

    #[test]
    fn no_packet_is_played_twice_or_out_of_order(
        fates in fates(90_000, 0..3),
        packet_millis in prop::sample::select(vec![10u64, 20, 30, 40, 60]),
        sequence: u16,
        timestamp: u32,
        listens in any::<bool>(),
    ) {
        let mut sender = Sender {
            sequence,
            timestamp,
            ..Sender::with_packets_of(Duration::from_millis(packet_millis))
        };
        let mut receiver = Receiver::new(if listens { listen() } else { play() });
        let arrivals = arrivals(&mut sender, &fates);
        receiver.play(arrivals, 200 * packet_millis + 1_000);
        let decoded = &receiver.decoder.decoded;
        prop_assert!(decoded.is_sorted_by(|a, b| a < b), "{:?}", decoded);
        prop_assert_eq!(receiver.statistics().restarts, 0);
        let came = fates.iter().filter(|(_, copies)| *copies > 0).count();
        prop_assert!(decoded.len() as u64 + receiver.statistics().late
            + receiver.statistics().skipped_samples / sender.packet_samples as u64
            >= came as u64);
    }

    #[test]
    fn every_sample_played_to_a_person_was_received_or_is_accounted_for(
        fates in fates(300_000, 0..3),
    ) {
        let mut buffer = AdaptiveBuffer::new(play());
        let mut decoder = Numbers::default();
        let mut frame = Frame::silence(RATE);
        let mut arrivals = arrivals(&mut Sender::new(), &fates);
        arrivals.sort_by_key(|(at, _)| *at);
        let mut arrivals = arrivals.into_iter().peekable();
        let (mut queued, mut frames) = (0, 0);
        // Long enough for all of it to be played and the stream to be given up.
        for now in (0..6_500_000).step_by(20_000) {
            while let Some((at, sent)) = arrivals.next_if(|(at, _)| *at <= now) {
                let insertion = buffer.insert(Moment::from_micros(at), &sent.packet());
                queued += u64::from(insertion == Insertion::Queued);
            }
            buffer.pull(Moment::from_micros(now), &mut decoder, &mut frame);
            frames += 1;
        }
        let statistics = buffer.statistics();
        let samples = FRAME_SAMPLES as u64;
        prop_assert_eq!(
            frames * samples + statistics.shrunk_samples + statistics.skipped_samples,
            queued * samples
                + statistics.concealed_samples
                + statistics.stretched_samples
                + statistics.silent_frames * samples
        );
    }

    #[test]
    fn to_a_machine_packets_that_overtake_by_less_than_5_ms_make_no_difference(
        late in prop::collection::vec(prop_oneof![Just(0u64), 20_000u64..25_000], 1..200),
        phase in 0u64..20_000,
    ) {
        let mut receiver = Receiver::new(listen());
        let mut fates: Vec<_> = late.iter().map(|&late| (late, 1)).collect();
        // The stream begins with the packet that comes first.
        fates[0].0 = 0;
        let arrivals = arrivals(&mut Sender::new(), &fates)
            .into_iter()
            .map(|(at, sent)| (at + phase, sent))
            .collect();
        let pulled = receiver.play(arrivals, late.len() as u64 * 20 + 60);
        let heard = joined(&pulled);
        let sent = samples(0, late.len() * FRAME_SAMPLES);
        prop_assert!(heard.starts_with(&sent));
    }

    #[test]
    fn the_same_packets_at_the_same_times_give_the_same_audio(
        fates in fates(120_000, 0..3),
        listens in any::<bool>(),
    ) {
        let run = || {
            let mut receiver = Receiver::new(if listens { listen() } else { play() });
            let pulled = receiver.play(arrivals(&mut Sender::new(), &fates), 5_000);
            (joined(&pulled), receiver.statistics())
        };
        prop_assert_eq!(run(), run());
    }
}
