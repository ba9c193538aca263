//! What is played, and when, in the cases that a telephone line brings.

mod line;

use std::time::Duration;

use audio::{Frame, SampleRate, SequenceNumber};
use jitter::{Insertion, PlayoutBuffer, PlayoutKind, ReorderingBuffer, Settings};
use line::{FRAME_SAMPLES, Numbers, RATE, Receiver, Sender, Sent, joined, kinds, millis, samples};

const DECODED: PlayoutKind = PlayoutKind::Decoded;
const CONCEALED: PlayoutKind = PlayoutKind::Concealed;
const SILENCE: PlayoutKind = PlayoutKind::Silence;

/// A receiver that has been sent three packets at 0, 20 and 40 ms and has played
/// the first two at 20 and 40 ms.
fn playing() -> (Sender, Receiver) {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new());
    receiver.insert(1, &sender.send());
    assert_eq!(receiver.pull(20).kind, SILENCE);
    receiver.insert(21, &sender.send());
    assert_eq!(receiver.pull(40).samples, samples(0, 160));
    receiver.insert(41, &sender.send());
    assert_eq!(receiver.pull(60).samples, samples(160, 160));
    (sender, receiver)
}

#[test]
fn nothing_received_is_silence() {
    let mut receiver = Receiver::new();
    for pulled in receiver.pull_through(0, 200) {
        assert_eq!(pulled.kind, SILENCE);
        assert_eq!(pulled.samples, [0; FRAME_SAMPLES]);
        assert_eq!(pulled.level, Duration::ZERO);
    }
}

#[test]
fn the_first_packet_waits_for_the_depth_and_no_longer() {
    for (arrival, first_played) in [(0, 40), (1, 40), (19, 40), (20, 60), (21, 60)] {
        let mut receiver = Receiver::new();
        let arrivals = vec![(arrival * 1_000, Sender::new().send())];
        let pulled = receiver.play(arrivals, 200);
        let played = pulled.iter().position(|pulled| pulled.kind == DECODED);
        assert_eq!(played, Some(first_played / 20), "arrived at {arrival} ms");
    }
}

#[test]
fn a_depth_below_30_milliseconds_counts_as_30() {
    let mut receiver = Receiver::with(Settings {
        depth: Duration::ZERO,
        ..Settings::new(RATE)
    });
    assert_eq!(receiver.insert(5, &Sender::new().send()), Insertion::Queued);
    assert_eq!(kinds(&receiver.pull_through(5, 30)), [SILENCE, DECODED]);
}

#[test]
fn a_burst_that_is_deep_enough_plays_at_once() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new());
    for _ in 0..3 {
        receiver.insert(0, &sender.send());
    }
    assert_eq!(receiver.pull(0).samples, samples(0, 160));
}

#[test]
fn packets_of_any_length_play_without_a_seam() {
    for duration in [10, 20, 30, 40, 60].map(Duration::from_millis) {
        let (mut sender, mut receiver) = (Sender::with_packets_of(duration), Receiver::new());
        let arrivals = (0..30)
            .map(|n| (3_000 + n * duration.as_micros() as u64, sender.send()))
            .collect();
        let pulled = receiver.play(arrivals, 40 + 30 * duration.as_millis() as u64);
        let played = joined(&pulled[2..]);
        assert!(pulled[..2].iter().all(|pulled| pulled.kind == SILENCE));
        assert_eq!(played, samples(0, played.len()), "packets of {duration:?}");
        assert!(played.len() >= 29 * RATE.samples_in(duration));
    }
}

#[test]
fn the_length_of_packets_may_change() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new());
    for packet_samples in [160, 480, 80, 80, 240, 160, 320, 80] {
        sender.packet_samples = packet_samples;
        receiver.insert(0, &sender.send());
    }
    assert_eq!(joined(&receiver.pull_through(0, 200)), samples(0, 1_600));
}

#[test]
fn a_frame_at_16_khz_has_twice_the_samples() {
    let mut buffer = ReorderingBuffer::new(Settings::new(SampleRate::HZ_16000));
    let mut sender = Sender {
        packet_samples: 320,
        ..Sender::new()
    };
    let mut frame = Frame::silence(RATE);
    buffer.insert(millis(0), &sender.send().packet());
    buffer.pull(millis(40), &mut Numbers::default(), &mut frame);
    assert_eq!(frame.samples(), samples(0, 320));
}

#[test]
fn a_reordered_packet_is_played_in_order() {
    let (mut sender, mut receiver) = playing();
    let (first, second) = (sender.send(), sender.send());
    assert_eq!(receiver.insert(61, &second), Insertion::Queued);
    assert_eq!(receiver.insert(62, &first), Insertion::Queued);
    assert_eq!(joined(&receiver.pull_through(80, 140)), samples(320, 480));
    assert_eq!(receiver.buffer.statistics().lost, 0);
}

#[test]
fn reordered_packets_before_the_start_are_played_in_order() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new());
    let (first, second) = (sender.send(), sender.send());
    assert_eq!(receiver.insert(1, &second), Insertion::Queued);
    assert_eq!(receiver.insert(2, &first), Insertion::Queued);
    assert_eq!(joined(&receiver.pull_through(40, 80)), samples(0, 320));
}

#[test]
fn a_packet_sent_twice_is_played_once() {
    let (mut sender, mut receiver) = playing();
    let waiting = sender.send();
    assert_eq!(receiver.insert(61, &waiting), Insertion::Queued);
    assert_eq!(receiver.insert(62, &waiting), Insertion::Duplicate);
    assert_eq!(joined(&receiver.pull_through(80, 120)), samples(320, 320));
    assert_eq!(receiver.insert(121, &waiting), Insertion::Duplicate);
    assert_eq!(receiver.buffer.statistics().duplicates, 2);
    assert_eq!(receiver.decoder.decoded, [0, 160, 320, 480]);
}

#[test]
fn a_packet_after_its_time_is_late_and_not_played() {
    let (mut sender, mut receiver) = playing();
    let late = sender.send();
    receiver.insert(61, &sender.send());
    receiver.pull_through(80, 120);
    assert_eq!(receiver.insert(119, &late), Insertion::Late);
    let statistics = receiver.buffer.statistics();
    assert_eq!(
        (statistics.late, statistics.lost, statistics.duplicates),
        (1, 0, 0)
    );
    receiver.pull(120);
    assert_eq!(receiver.decoder.decoded, [0, 160, 320, 640]);
}

#[test]
fn sequence_and_timestamp_wrap_without_a_seam() {
    let mut sender = Sender {
        sequence: 65_530,
        timestamp: u32::MAX - 1_000,
        ..Sender::new()
    };
    let mut receiver = Receiver::new();
    let arrivals = (0..20)
        .map(|n| (n * 20_000 + 1_000, sender.send()))
        .collect();
    let pulled = receiver.play(arrivals, 440);
    assert_eq!(joined(&pulled[2..]), samples(0, 20 * 160));
    assert_eq!(receiver.buffer.statistics().restarts, 0);
}

#[test]
fn a_loss_across_the_wrap_is_one_loss() {
    let mut sender = Sender {
        sequence: 65_534,
        timestamp: u32::MAX - 300,
        ..Sender::new()
    };
    let mut receiver = Receiver::new();
    let mut arrivals: Vec<(u64, Sent)> = (0..6)
        .map(|n| (n * 20_000 + 1_000, sender.send()))
        .collect();
    arrivals.remove(2);
    let pulled = receiver.play(arrivals, 160);
    assert_eq!(
        kinds(&pulled[2..]),
        [DECODED, DECODED, CONCEALED, DECODED, DECODED, DECODED]
    );
    assert_eq!(joined(&pulled[5..]), samples(480, 480));
    assert_eq!(receiver.buffer.statistics().lost, 1);
}

#[test]
fn a_lost_packet_is_faded_over_and_the_next_one_keeps_its_time() {
    let (mut sender, mut receiver) = playing();
    let _lost = sender.send();
    receiver.insert(81, &sender.send());
    let pulled = receiver.pull_through(80, 140);
    assert_eq!(kinds(&pulled), [DECODED, CONCEALED, DECODED]);
    let faded = &pulled[1].samples;
    assert_eq!(
        faded[0],
        (i32::from(samples(320, 160)[159]) * 159 / 160) as i16
    );
    assert!(faded.is_sorted_by(|a, b| a >= b) && faded[159] == 0);
    assert_eq!(pulled[2].samples, samples(640, 160));
    assert_eq!(receiver.buffer.statistics().lost, 1);
}

#[test]
fn a_long_loss_fades_once_and_is_silent_after() {
    let (mut sender, mut receiver) = playing();
    for _ in 0..3 {
        sender.send();
    }
    receiver.insert(90, &sender.send());
    let pulled = receiver.pull_through(80, 180);
    assert_eq!(
        kinds(&pulled),
        [DECODED, CONCEALED, CONCEALED, CONCEALED, DECODED]
    );
    assert!(
        pulled[2]
            .samples
            .iter()
            .chain(&pulled[3].samples)
            .all(|&sample| sample == 0)
    );
    assert_eq!(receiver.buffer.statistics().lost, 3);
}

#[test]
fn a_missing_packet_that_comes_before_its_turn_still_plays() {
    let (mut sender, mut receiver) = playing();
    let (_lost, in_time) = (sender.send(), sender.send());
    receiver.insert(90, &sender.send());
    assert_eq!(kinds(&receiver.pull_through(80, 120)), [DECODED, CONCEALED]);
    assert_eq!(receiver.insert(119, &in_time), Insertion::Queued);
    assert_eq!(joined(&receiver.pull_through(120, 160)), samples(640, 320));
    assert_eq!(receiver.buffer.statistics().lost, 1);
}

#[test]
fn the_rest_of_a_long_packet_plays_if_it_comes_in_the_middle_of_its_time() {
    let (mut sender, mut receiver) = (
        Sender::with_packets_of(Duration::from_millis(60)),
        Receiver::new(),
    );
    let (first, second) = (sender.send(), sender.send());
    receiver.insert(0, &first);
    receiver.insert(0, &sender.send());
    assert_eq!(joined(&receiver.pull_through(40, 100)), samples(0, 480));
    assert_eq!(receiver.pull(100).kind, CONCEALED);
    assert_eq!(receiver.insert(110, &second), Insertion::Queued);
    assert_eq!(joined(&receiver.pull_through(120, 160)), samples(640, 320));
}

#[test]
fn a_pause_of_the_sender_is_silence_of_the_same_length_and_no_loss() {
    let (mut sender, mut receiver) = playing();
    sender.pause(320);
    receiver.insert(70, &sender.send());
    let pulled = receiver.pull_through(80, 160);
    assert_eq!(kinds(&pulled), [DECODED, SILENCE, SILENCE, DECODED]);
    assert!(
        pulled[1]
            .samples
            .iter()
            .chain(&pulled[2].samples)
            .all(|&sample| sample == 0)
    );
    assert_eq!(pulled[3].samples, samples(480, 160));
    let statistics = receiver.buffer.statistics();
    assert_eq!(
        (statistics.lost, statistics.underruns, statistics.restarts),
        (0, 0, 0)
    );
}

#[test]
fn a_pause_after_a_loss_is_silence_beyond_the_lost_packet() {
    let (mut sender, mut receiver) = playing();
    let _lost = sender.send();
    sender.pause(320);
    receiver.insert(70, &sender.send());
    let pulled = receiver.pull_through(80, 180);
    assert_eq!(
        kinds(&pulled),
        [DECODED, CONCEALED, SILENCE, SILENCE, DECODED]
    );
    assert_eq!(receiver.buffer.statistics().lost, 1);
}

#[test]
fn packets_of_another_kind_are_silence_and_no_loss() {
    let (mut sender, mut receiver) = playing();
    for _ in 0..4 {
        receiver
            .buffer
            .pass_over(sender.ssrc, SequenceNumber(sender.sequence));
        sender.sequence += 1;
    }
    sender.pause(320);
    receiver.insert(70, &sender.send());
    let pulled = receiver.pull_through(80, 160);
    assert_eq!(kinds(&pulled), [DECODED, SILENCE, SILENCE, DECODED]);
    assert_eq!(receiver.buffer.statistics().lost, 0);
}

#[test]
fn any_number_of_packets_of_another_kind_may_go_by_before_the_audio_goes_on() {
    let (mut sender, mut receiver) = playing();
    receiver.pull_through(80, 140);
    for _ in 0..40_000 {
        receiver
            .buffer
            .pass_over(sender.ssrc, SequenceNumber(sender.sequence));
        sender.sequence = sender.sequence.wrapping_add(1);
    }
    sender.pause(8_000);
    assert_eq!(receiver.insert(900_001, &sender.send()), Insertion::Queued);
    assert_eq!(receiver.pull(900_040).samples, samples(480, 160));
    assert_eq!(receiver.buffer.statistics().lost, 0);
}

#[test]
fn talk_spurts_with_pauses_between_play_whole() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new());
    let mut arrivals = Vec::new();
    let mut at = 1_000;
    for pause in [300, 1_000, 1_900, 5_000, 60_000] {
        for _ in 0..10 {
            arrivals.push((at, sender.send()));
            at += 20_000;
        }
        sender.pause(pause * 8);
        at += pause as u64 * 1_000;
    }
    let pulled = receiver.play(arrivals, at / 1_000);
    let decoded: Vec<_> = pulled
        .iter()
        .filter(|pulled| pulled.kind == DECODED)
        .cloned()
        .collect();
    assert_eq!(joined(&decoded), samples(0, 50 * 160));
    let statistics = receiver.buffer.statistics();
    assert_eq!(
        (
            statistics.lost,
            statistics.concealed_frames,
            statistics.late
        ),
        (0, 0, 0)
    );
}

#[test]
fn a_stream_that_runs_dry_waits_for_the_depth_again() {
    let (mut sender, mut receiver) = playing();
    assert_eq!(
        kinds(&receiver.pull_through(80, 140)),
        [DECODED, SILENCE, SILENCE]
    );
    assert_eq!(receiver.buffer.statistics().underruns, 1);
    let arrivals: Vec<_> = (0..4).map(|n| (141 + n * 20, sender.send())).collect();
    let mut pulled = Vec::new();
    for (at, sent) in arrivals {
        receiver.insert(at, &sent);
        pulled.push(receiver.pull(at + 19));
    }
    assert_eq!(kinds(&pulled), [SILENCE, DECODED, DECODED, DECODED]);
    assert_eq!(joined(&pulled[1..]), samples(480, 480));
    assert_eq!(receiver.buffer.statistics().lost, 0);
}

#[test]
fn a_stream_that_runs_dry_ends_without_a_click() {
    let (_, mut receiver) = playing();
    let pulled = receiver.pull_through(80, 140);
    let (last, faded) = (pulled[0].samples[159], &pulled[1].samples);
    assert!((i32::from(last) - i32::from(faded[0])).abs() < i32::from(last) / 100);
    assert!(faded.is_sorted_by(|a, b| a >= b));
    assert_eq!(pulled[2].samples, [0; FRAME_SAMPLES]);
}

#[test]
fn another_source_takes_over_and_the_old_one_is_not_heard_again() {
    let (mut sender, mut receiver) = playing();
    receiver.insert(61, &sender.send());
    let mut other = Sender {
        ssrc: 8,
        sequence: 9,
        timestamp: 77,
        number: 10_000,
        ..Sender::new()
    };
    assert_eq!(receiver.insert(62, &other.send()), Insertion::Restarted);
    assert_eq!(receiver.insert(63, &other.send()), Insertion::Queued);
    let pulled = receiver.pull_through(80, 160);
    assert_eq!(kinds(&pulled), [SILENCE, DECODED, DECODED, SILENCE]);
    assert_eq!(joined(&pulled[1..3]), samples(10_000, 320));
    let statistics = receiver.buffer.statistics();
    assert_eq!((statistics.restarts, statistics.lost), (1, 0));
}

#[test]
fn a_source_that_ends_in_the_middle_of_a_packet_is_not_heard_again() {
    let (mut sender, mut receiver) = (
        Sender::with_packets_of(Duration::from_millis(30)),
        Receiver::new(),
    );
    receiver.insert(0, &sender.send());
    assert_eq!(receiver.pull(40).samples, samples(0, 160));
    let mut other = Sender {
        ssrc: 8,
        number: 10_000,
        ..Sender::new()
    };
    assert_eq!(receiver.insert(41, &other.send()), Insertion::Restarted);
    assert_eq!(receiver.pull(60).kind, SILENCE);
    assert_eq!(receiver.pull(80).samples, samples(10_000, 160));
}

#[test]
fn a_jump_in_sequence_or_timestamp_starts_a_new_stream() {
    let jumps: [fn(&mut Sender); 4] = [
        |sender| sender.sequence += 65,
        |sender| sender.timestamp += 16_000 + 161,
        |sender| sender.timestamp = sender.timestamp.wrapping_sub(10_000),
        |sender| sender.timestamp = sender.timestamp.wrapping_add(1 << 31),
    ];
    for jump in jumps {
        let (mut sender, mut receiver) = playing();
        jump(&mut sender);
        assert_eq!(receiver.insert(61, &sender.send()), Insertion::Restarted);
        assert_eq!(joined(&receiver.pull_through(100, 120)), samples(480, 160));
        assert_eq!(receiver.buffer.statistics().lost, 0);
    }
}

#[test]
fn a_single_packet_from_long_ago_does_not_disturb_the_stream() {
    let (mut sender, mut receiver) = playing();
    let straggler = Sent {
        sequence: sender.sequence.wrapping_sub(200),
        ..sender.clone().send()
    };
    assert_eq!(receiver.insert(61, &straggler), Insertion::Late);
    receiver.insert(62, &sender.send());
    assert_eq!(joined(&receiver.pull_through(80, 120)), samples(320, 320));
}

#[test]
fn two_packets_in_a_row_from_far_back_start_a_new_stream() {
    let (_, mut receiver) = playing();
    let mut anew = Sender {
        sequence: 60_000,
        timestamp: 9,
        number: 10_000,
        ..Sender::new()
    };
    assert_eq!(receiver.insert(61, &anew.send()), Insertion::Late);
    assert_eq!(receiver.insert(62, &anew.send()), Insertion::Restarted);
    assert_eq!(receiver.pull(100).samples, samples(10_160, 160));
}

#[test]
fn a_full_buffer_drops_the_oldest_and_plays_on_from_the_next() {
    let (mut sender, mut receiver) = (
        Sender::new(),
        Receiver::with(Settings {
            capacity: 5,
            ..Settings::new(RATE)
        }),
    );
    let inserted: Vec<_> = (0..7).map(|_| receiver.insert(0, &sender.send())).collect();
    assert_eq!(inserted[..5], [Insertion::Queued; 5]);
    assert_eq!(inserted[5..], [Insertion::Overflowed; 2]);
    assert_eq!(joined(&receiver.pull_through(40, 140)), samples(320, 800));
    let statistics = receiver.buffer.statistics();
    assert_eq!((statistics.overflowed, statistics.lost), (2, 0));
}

#[test]
fn an_overflow_while_playing_skips_what_was_dropped() {
    let (mut sender, mut receiver) = (
        Sender::new(),
        Receiver::with(Settings {
            capacity: 3,
            ..Settings::new(RATE)
        }),
    );
    for _ in 0..3 {
        receiver.insert(0, &sender.send());
    }
    assert_eq!(receiver.pull(40).samples, samples(0, 160));
    receiver.insert(41, &sender.send());
    assert_eq!(receiver.insert(42, &sender.send()), Insertion::Overflowed);
    let pulled = receiver.pull_through(60, 120);
    assert_eq!(kinds(&pulled), [DECODED; 3]);
    assert_eq!(joined(&pulled), samples(320, 480));
}

#[test]
fn an_overflow_in_the_middle_of_a_packet_skips_the_rest_of_it() {
    let (mut sender, mut receiver) = (
        Sender::with_packets_of(Duration::from_millis(30)),
        Receiver::with(Settings {
            capacity: 3,
            ..Settings::new(RATE)
        }),
    );
    receiver.insert(0, &sender.send());
    assert_eq!(receiver.pull(40).samples, samples(0, 160));
    for _ in 0..4 {
        receiver.insert(41, &sender.send());
    }
    assert_eq!(joined(&receiver.pull_through(60, 100)), samples(480, 320));
}

#[test]
fn a_full_buffer_refuses_a_packet_older_than_all_it_has() {
    let (mut sender, mut receiver) = (
        Sender::new(),
        Receiver::with(Settings {
            capacity: 2,
            ..Settings::new(RATE)
        }),
    );
    let (oldest, second) = (sender.send(), sender.send());
    receiver.insert(0, &second);
    receiver.insert(0, &sender.send());
    assert_eq!(receiver.insert(0, &oldest), Insertion::Overflowed);
    assert_eq!(joined(&receiver.pull_through(40, 80)), samples(160, 320));
}

#[test]
fn an_oversized_packet_is_dropped_and_conceals_like_a_lost_one() {
    let (mut sender, mut receiver) = playing();
    let oversized = Sent {
        payload: vec![0; 481],
        ..sender.send()
    };
    assert_eq!(receiver.insert(61, &oversized), Insertion::Oversized);
    receiver.insert(81, &sender.send());
    assert_eq!(
        kinds(&receiver.pull_through(80, 140)),
        [DECODED, CONCEALED, DECODED]
    );
    let statistics = receiver.buffer.statistics();
    assert_eq!((statistics.oversized, statistics.lost), (1, 1));
}

#[test]
fn sixty_milliseconds_of_g711_are_not_oversized() {
    let sent = Sent {
        payload: vec![0; 480],
        ..Sender::new().send()
    };
    assert_eq!(Receiver::new().insert(0, &sent), Insertion::Queued);
}

#[test]
fn a_packet_of_a_time_already_played_is_late() {
    let (mut sender, mut receiver) = playing();
    let first = sender.send();
    receiver.insert(61, &first);
    receiver.insert(
        62,
        &Sent {
            timestamp: first.timestamp,
            ..sender.send()
        },
    );
    receiver.insert(63, &sender.send());
    let pulled = receiver.pull_through(80, 160);
    assert_eq!(joined(&pulled[..2]), samples(320, 320));
    assert_eq!(kinds(&pulled[2..]), [SILENCE, DECODED]);
    assert_eq!(pulled[3].samples, samples(800, 160));
    assert_eq!(receiver.buffer.statistics().late, 1);
}

#[test]
fn an_undecodable_packet_conceals_like_a_lost_one() {
    let (mut sender, mut receiver) = playing();
    receiver.insert(
        61,
        &Sent {
            payload: vec![1, 2, 3],
            ..sender.send()
        },
    );
    receiver.insert(81, &sender.send());
    let pulled = receiver.pull_through(80, 140);
    assert_eq!(kinds(&pulled), [DECODED, CONCEALED, DECODED]);
    assert_eq!(pulled[2].samples, samples(640, 160));
    let statistics = receiver.buffer.statistics();
    assert_eq!((statistics.undecodable, statistics.lost), (1, 1));
}

#[test]
fn the_level_counts_what_is_left_after_a_pull() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new());
    for _ in 0..4 {
        receiver.insert(0, &sender.send());
    }
    let levels: Vec<_> = receiver
        .pull_through(40, 140)
        .iter()
        .map(|pulled| pulled.level.as_millis())
        .collect();
    assert_eq!(levels, [60, 40, 20, 0, 0]);
}

#[test]
fn a_reset_buffer_has_forgotten_the_stream_but_not_its_statistics() {
    let (mut sender, mut receiver) = playing();
    receiver.buffer.reset();
    let pulled = receiver.pull(80);
    assert_eq!((pulled.kind, pulled.level), (SILENCE, Duration::ZERO));
    assert_eq!(pulled.samples, [0; FRAME_SAMPLES]);
    sender.sequence -= 1;
    assert_eq!(receiver.insert(81, &sender.send()), Insertion::Queued);
    assert_eq!(receiver.pull(120).samples, samples(480, 160));
    let statistics = receiver.buffer.statistics();
    assert_eq!((statistics.received, statistics.decoded_frames), (4, 3));
}

#[test]
fn the_level_after_a_reset_does_not_remember_long_packets() {
    let (mut sender, mut receiver) = (
        Sender::with_packets_of(Duration::from_millis(60)),
        Receiver::new(),
    );
    receiver.insert(0, &sender.send());
    receiver.pull_through(40, 100);
    receiver.buffer.reset();
    receiver.insert(100, &sender.send());
    assert_eq!(receiver.pull(100).level, Duration::from_millis(20));
}
