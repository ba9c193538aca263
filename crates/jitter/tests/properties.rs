//! What holds for any network.

mod line;

use std::time::Duration;

use audio::{Frame, Moment, RtpTimestamp, SequenceNumber};
use jitter::{Insertion, Packet, PlayoutBuffer, PlayoutKind, ReorderingBuffer, Settings};
use line::{FRAME_SAMPLES, Numbers, RATE, Receiver, Sender, Sent, joined, samples};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn settled(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(20_110_613),
        ..ProptestConfig::with_cases(cases)
    }
}

/// What a network does to one packet: how late it is in microseconds, and how
/// many copies of it arrive.
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

proptest! {
    #![proptest_config(settled(300))]

    #[test]
    fn no_packet_is_played_twice_or_out_of_order(
        fates in fates(90_000, 0..3),
        packet_millis in prop::sample::select(vec![10u64, 20, 30, 40, 60]),
        sequence: u16,
        timestamp: u32,
    ) {
        let mut sender = Sender {
            sequence,
            timestamp,
            ..Sender::with_packets_of(Duration::from_millis(packet_millis))
        };
        let mut receiver = Receiver::new();
        let arrivals = arrivals(&mut sender, &fates);
        let received = arrivals.len() as u64;
        let pulled = receiver.play(arrivals, 200 * packet_millis + 1_000);
        prop_assert!(pulled.iter().all(|pulled| pulled.samples.len() == FRAME_SAMPLES));
        let decoded = &receiver.decoder.decoded;
        prop_assert!(decoded.is_sorted_by(|a, b| a < b), "{:?}", decoded);

        let statistics = receiver.buffer.statistics();
        prop_assert_eq!(statistics.received, received);
        prop_assert_eq!(statistics.restarts, 0);
        let pulls = statistics.decoded_frames
            + statistics.concealed_frames
            + statistics.silent_frames;
        prop_assert_eq!(pulls, pulled.len() as u64);
        let sent_and_received = fates.iter().filter(|(_, copies)| *copies > 0).count();
        prop_assert!(decoded.len() as u64 + statistics.late >= sent_and_received as u64);
    }

    #[test]
    fn jitter_within_the_depth_is_not_heard(
        fates in fates(19_000, 1..3),
        depth_millis in 40u64..200,
        phase in 0u64..20_000,
    ) {
        let settings =
            Settings { depth: Duration::from_millis(depth_millis), ..Settings::new(RATE) };
        let mut receiver = Receiver::with(settings);
        let arrivals: Vec<_> = arrivals(&mut Sender::new(), &fates)
            .into_iter()
            .map(|(at, sent)| (at + phase, sent))
            .collect();
        let pulled = receiver.play(arrivals, 4_000 + 1_000);
        let played = joined(&pulled);
        let start = played.iter().position(|&sample| sample != 0).expect("something is played");
        let expected = samples(0, fates.len() * FRAME_SAMPLES);
        prop_assert!(played[start..].starts_with(&expected));
        prop_assert_eq!(receiver.buffer.statistics().concealed_frames, 0);
    }

    #[test]
    fn single_losses_are_concealed_and_move_nothing(fates in fates(0, 0..2)) {
        let mut fates = fates;
        let mut before = 0;
        for (_, copies) in &mut fates {
            *copies = if before == 0 { 1 } else { *copies };
            before = *copies;
        }
        let received = |n: usize| fates[n].1 > 0;
        let last = (0..fates.len()).rfind(|&n| received(n)).expect("the first came");
        let mut receiver = Receiver::new();
        let pulled = receiver.play(arrivals(&mut Sender::new(), &fates), 5_000);
        for (n, pulled) in pulled[2..].iter().take(last + 1).enumerate() {
            if received(n) {
                prop_assert_eq!(pulled.kind, PlayoutKind::Decoded);
                prop_assert_eq!(&pulled.samples, &samples(n * FRAME_SAMPLES, FRAME_SAMPLES));
            } else {
                prop_assert_eq!(pulled.kind, PlayoutKind::Concealed);
            }
        }
        let lost = (0..last).filter(|&n| !received(n)).count();
        prop_assert_eq!(receiver.buffer.statistics().lost, lost as u64);
    }

    #[test]
    fn any_packets_leave_the_buffer_bounded_and_every_pull_exact(
        steps in prop::collection::vec(
            (any::<u16>(), any::<u32>(), 0u32..3, 0usize..600, 0u64..60, 0..3),
            1..300,
        ),
        near in any::<bool>(),
        capacity in 0usize..60,
    ) {
        let mut buffer = ReorderingBuffer::new(Settings { capacity, ..Settings::new(RATE) });
        let mut decoder = Numbers::default();
        let mut frame = Frame::silence(RATE);
        let mut now = Moment::ZERO;
        let mut queued = 0;
        let payload = [1; 600];
        for (sequence, timestamp, ssrc, len, wait, also) in steps {
            now = now + Duration::from_millis(wait);
            let packet = Packet {
                sequence: SequenceNumber(if near { sequence % 100 } else { sequence }),
                timestamp: RtpTimestamp(if near { timestamp % 16_000 } else { timestamp }),
                marker: false,
                ssrc: if near { 0 } else { ssrc },
                payload: &payload[..len],
            };
            if buffer.insert(now, &packet) == Insertion::Queued {
                queued += 1;
            }
            if also == 0 {
                buffer.pass_over(packet.ssrc, SequenceNumber(sequence.wrapping_mul(7)));
            }
            if also == 1 {
                buffer.pull(now, &mut decoder, &mut frame);
                prop_assert_eq!(frame.len(), FRAME_SAMPLES);
            }
        }
        let statistics = buffer.statistics();
        let accounted = queued
            + statistics.duplicates
            + statistics.overflowed
            + statistics.oversized
            + statistics.restarts;
        prop_assert!(accounted + statistics.late >= statistics.received);
    }

    #[test]
    fn the_same_packets_at_the_same_times_give_the_same_audio(fates in fates(120_000, 0..3)) {
        let play = || {
            let mut receiver = Receiver::new();
            joined(&receiver.play(arrivals(&mut Sender::new(), &fates), 5_000))
        };
        prop_assert_eq!(play(), play());
    }
}
