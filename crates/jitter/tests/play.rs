//! What a person hears, in the cases that a telephone line brings.

mod line;

use std::time::Duration;

use audio::{Frame, SampleRate};
use jitter::{AdaptiveBuffer, Format, Insertion, PlayoutBuffer, PlayoutKind, Policy, Settings};
use line::{
    FORMAT, FRAME_SAMPLES, Numbers, RATE, Receiver, Sender, find, joined, kinds, millis, play,
    playing, regular, samples,
};

const DECODED: PlayoutKind = PlayoutKind::Decoded;
const CONCEALED: PlayoutKind = PlayoutKind::Concealed;
const SILENCE: PlayoutKind = PlayoutKind::Silence;
/// So many samples are blended where received audio follows on something else.
const SEAM: usize = 40;

#[test]
fn nothing_received_is_silence() {
    for pulled in Receiver::new(play()).pull_through(0, 200) {
        assert_eq!(pulled.kind, SILENCE);
        assert_eq!(pulled.samples, [0; FRAME_SAMPLES]);
        assert_eq!(pulled.level, Duration::ZERO);
    }
}

#[test]
fn at_first_a_packet_may_be_20_ms_late_and_no_more_is_waited_for() {
    for (arrival, first_played) in [(0, 20), (1, 40), (19, 40), (20, 40), (21, 60)] {
        let arrivals = vec![(arrival * 1_000, Sender::new().send())];
        let pulled = Receiver::new(play()).play(arrivals, 200);
        let played = pulled.iter().find(|pulled| pulled.kind == DECODED);
        assert_eq!(played.map(|played| played.at), Some(first_played));
    }
}

#[test]
fn packets_of_any_length_play_without_a_seam() {
    for duration in [10, 20, 30, 40, 60, 100, 120].map(Duration::from_millis) {
        let mut sender = Sender::with_packets_of(duration);
        let mut receiver = Receiver::new(Settings {
            floor: Duration::from_millis(20),
            ..play()
        });
        let arrivals = regular(&mut sender, 3, 30);
        let until = 40 + 30 * duration.as_millis() as u64;
        let played = joined(&receiver.play(arrivals, until));
        let count = 29 * sender.packet_samples;
        assert!(find(&played, 0, count).is_some(), "packets of {duration:?}");
        let statistics = receiver.statistics();
        assert_eq!((statistics.lost, statistics.stretched_samples), (0, 0));
    }
}

#[test]
fn the_length_of_packets_may_change() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new(play()));
    let mut at = 3_000;
    let mut arrivals = Vec::new();
    let mut later = 0;
    for n in 0..800 {
        sender.packet_samples = [160, 480, 80, 240][n / 4 % 4];
        // A packet is sent when its last sample was taken.
        at += RATE.duration_of(sender.packet_samples).as_micros() as u64;
        if n == 400 {
            later = sender.number + 4_000;
        }
        arrivals.push((at, sender.send()));
    }
    let played = joined(&receiver.play(arrivals, at / 1_000));
    assert!(find(&played, later, sender.number - 2_000 - later).is_some());
    let statistics = receiver.statistics();
    assert_eq!((statistics.lost, statistics.late), (0, 0));
}

#[test]
fn a_clock_that_counts_otherwise_than_the_audio_makes_no_difference() {
    for (clock, rate, ticks_per_two) in [
        (SampleRate::HZ_8000, SampleRate::HZ_16000, 1),
        (SampleRate::HZ_48000, SampleRate::HZ_16000, 6),
        (SampleRate::HZ_16000, SampleRate::HZ_16000, 2),
    ] {
        let format = Format { clock, rate };
        let mut buffer = AdaptiveBuffer::new(Settings {
            floor: Duration::from_millis(20),
            ..Settings::new(Policy::Play, format)
        });
        let mut decoder = Numbers::default();
        let mut sender = Sender {
            packet_samples: 320,
            ticks_per_two,
            timestamp: u32::MAX - 5_000,
            ..Sender::new()
        };
        let mut frame = Frame::silence(RATE);
        let mut played = Vec::new();
        for n in 0..100 {
            let sent = sender.send();
            if n % 10 != 9 {
                buffer.insert(millis(n * 20 + 1), &sent.packet());
            }
            let now = millis(n * 20 + 15);
            buffer.pull(now, &mut decoder, &mut frame).expect("a frame");
            played.extend_from_slice(frame.samples());
        }
        assert_eq!(frame.len(), 320);
        for block in 1..9 {
            let start = block * 3_200 + 80;
            let place = find(&played, start, 9 * 320 - 80);
            assert!(place.is_some(), "{clock} for {rate}, from {start}");
        }
    }
}

#[test]
fn a_reordered_packet_is_played_in_order() {
    let (mut sender, mut receiver) = playing();
    let (first, second) = (sender.send(), sender.send());
    assert_eq!(receiver.insert(61, &second), Insertion::Queued);
    assert_eq!(receiver.insert(62, &first), Insertion::Queued);
    assert_eq!(joined(&receiver.pull_through(80, 140)), samples(320, 480));
    assert_eq!(receiver.statistics().lost, 0);
}

#[test]
fn reordered_packets_before_the_start_are_played_in_order() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new(play()));
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
    assert_eq!(receiver.statistics().duplicates, 2);
    assert_eq!(receiver.decoder.decoded, [0, 160, 320, 480]);
}

#[test]
fn a_packet_that_comes_after_one_sent_later_was_played_is_late() {
    let (mut sender, mut receiver) = playing();
    let late = sender.send();
    receiver.insert(61, &sender.send());
    receiver.pull_through(80, 140);
    assert_eq!(receiver.insert(139, &late), Insertion::Late);
    let statistics = receiver.statistics();
    assert_eq!((statistics.late, statistics.lost), (1, 1));
    assert_eq!(receiver.decoder.decoded, [0, 160, 320, 640]);
}

#[test]
fn sequence_and_timestamp_wrap_without_a_seam() {
    let mut sender = Sender {
        sequence: 65_530,
        timestamp: u32::MAX - 1_000,
        ..Sender::new()
    };
    let mut receiver = Receiver::new(play());
    let arrivals = regular(&mut sender, 1, 20);
    let played = joined(&receiver.play(arrivals, 440));
    assert!(find(&played, 0, 20 * 160).is_some());
    assert_eq!(receiver.statistics().restarts, 0);
}

#[test]
fn a_loss_across_the_wrap_is_one_loss() {
    let mut sender = Sender {
        sequence: 65_534,
        timestamp: u32::MAX - 300,
        ..Sender::new()
    };
    let mut receiver = Receiver::new(play());
    let mut arrivals = regular(&mut sender, 1, 6);
    arrivals.remove(2);
    let pulled = receiver.play(arrivals, 160);
    assert_eq!(
        kinds(&pulled[2..]),
        [DECODED, DECODED, CONCEALED, DECODED, DECODED, DECODED]
    );
    assert_eq!(joined(&pulled[5..]), samples(480, 480));
    assert_eq!(receiver.statistics().lost, 1);
}

#[test]
fn what_follows_on_a_lost_packet_keeps_its_time() {
    let (mut sender, mut receiver) = playing();
    let _lost = sender.send();
    receiver.insert(81, &sender.send());
    let pulled = receiver.pull_through(80, 140);
    assert_eq!(kinds(&pulled), [DECODED, CONCEALED, DECODED]);
    assert_eq!(pulled[2].samples[SEAM..], samples(640, 160)[SEAM..]);
    let statistics = receiver.statistics();
    assert_eq!((statistics.lost, statistics.concealments), (1, 1));
    assert_eq!(statistics.concealed_samples, 160);
}

#[test]
fn a_gap_that_is_seen_in_time_leads_up_to_what_follows() {
    let (mut sender, mut receiver) = playing();
    let _lost = sender.send();
    receiver.insert(81, &sender.send());
    let pulled = receiver.pull_through(80, 140);
    assert_eq!(pulled[2].samples, samples(640, 160));
}

#[test]
fn what_follows_on_two_lost_packets_keeps_its_time_although_the_first_was_waited_for() {
    let (mut sender, mut receiver) = playing();
    let _lost = (sender.send(), sender.send());
    let mut pulled = receiver.pull_through(80, 120);
    receiver.insert(101, &sender.send());
    pulled.extend(receiver.pull_through(120, 160));
    assert_eq!(kinds(&pulled), [DECODED, CONCEALED, CONCEALED, DECODED]);
    assert_eq!(pulled[3].samples, samples(800, 160));
    let statistics = receiver.statistics();
    assert_eq!((statistics.lost, statistics.concealed_samples), (2, 320));
}

#[test]
fn of_two_missing_packets_the_second_is_played_if_it_still_comes_in_time() {
    let mut sender = Sender::new();
    let mut receiver = Receiver::new(Settings {
        floor: Duration::from_millis(60),
        ..play()
    });
    receiver.play(regular(&mut sender, 1, 3), 140);
    let (_lost, second, third) = (sender.send(), sender.send(), sender.send());
    receiver.insert(130, &third);
    let mut pulled = receiver.pull_through(140, 160);
    assert_eq!(receiver.insert(145, &second), Insertion::Queued);
    pulled.extend(receiver.pull_through(160, 200));
    assert_eq!(kinds(&pulled), [CONCEALED, DECODED, DECODED]);
    assert_eq!(joined(&pulled[1..])[SEAM..], samples(640, 320)[SEAM..]);
    let statistics = receiver.statistics();
    assert_eq!((statistics.lost, statistics.late), (1, 0));
}

#[test]
fn a_long_loss_becomes_silent_within_100_ms() {
    let (mut sender, mut receiver) = playing();
    for _ in 0..10 {
        sender.send();
    }
    let pulled = receiver.pull_through(80, 280);
    receiver.insert(280, &sender.send());
    assert_eq!(kinds(&pulled[1..]), [CONCEALED; 9]);
    assert!(pulled[1].samples.iter().any(|&sample| sample != 0));
    assert!(pulled[6..].iter().all(|pulled| pulled.samples == [0; 160]));
    assert_eq!(receiver.pull(300).kind, DECODED);
    assert_eq!(receiver.statistics().lost, 10);
}

#[test]
fn a_packet_that_comes_while_something_stands_in_for_it_is_played_after_all() {
    let (mut sender, mut receiver) = playing();
    assert_eq!(kinds(&receiver.pull_through(80, 120)), [DECODED, CONCEALED]);
    let late = sender.send();
    assert_eq!(receiver.insert(119, &late), Insertion::Queued);
    receiver.insert(121, &sender.send());
    receiver.insert(122, &sender.send());
    let played = joined(&receiver.pull_through(120, 180));
    assert_eq!(played[SEAM..], samples(480, 480)[SEAM..]);
    let statistics = receiver.statistics();
    assert_eq!((statistics.underruns, statistics.lost), (1, 0));
}

#[test]
fn the_level_counts_what_is_left_after_a_pull() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new(play()));
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
fn time_never_goes_back() {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new(play()));
    let mut arrivals = regular(&mut sender, 1, 200);
    for (n, (at, _)) in arrivals.iter_mut().enumerate() {
        *at += [0, 90_000, 5_000, 45_000, 150_000][n / 3 % 5];
    }
    let pulled = receiver.play(arrivals, 5_000);
    assert!(pulled.is_sorted_by_key(|pulled| pulled.until));
    assert!(
        pulled
            .iter()
            .all(|pulled| pulled.until <= millis(pulled.at))
    );
}

#[test]
fn a_reset_buffer_has_forgotten_the_stream_but_not_its_statistics() {
    let (mut sender, mut receiver) = playing();
    receiver.buffer.reset(FORMAT);
    let pulled = receiver.pull(80);
    assert_eq!((pulled.kind, pulled.level), (SILENCE, Duration::ZERO));
    assert_eq!(pulled.samples, [0; FRAME_SAMPLES]);
    sender.sequence -= 1;
    assert_eq!(receiver.insert(81, &sender.send()), Insertion::Queued);
    assert_eq!(receiver.pull(120).samples, samples(480, 160));
    let statistics = receiver.statistics();
    assert_eq!((statistics.received, statistics.decoded_frames), (4, 3));
}

#[test]
fn a_reset_buffer_may_have_another_format() {
    let (_, mut receiver) = playing();
    let format = Format {
        clock: SampleRate::HZ_8000,
        rate: SampleRate::HZ_16000,
    };
    receiver.buffer.reset(format);
    let mut sender = Sender {
        packet_samples: 320,
        ticks_per_two: 1,
        ..Sender::new()
    };
    receiver.insert(81, &sender.send());
    assert_eq!(receiver.pull(120).samples, samples(0, 320));
}
