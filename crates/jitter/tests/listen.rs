//! What a listening machine is given, and when.

mod line;

use std::time::Duration;

use audio::Moment;
use jitter::{Insertion, PlayoutBuffer, PlayoutKind, Settings};
use line::{
    FRAME_SAMPLES, Pulled, Receiver, Sender, heard, joined, kinds, listen, millis, regular, samples,
};

const DECODED: PlayoutKind = PlayoutKind::Decoded;
const CONCEALED: PlayoutKind = PlayoutKind::Concealed;
const SILENCE: PlayoutKind = PlayoutKind::Silence;
const FRAME: Duration = Duration::from_millis(20);

/// The frames that came at one time, in milliseconds.
fn at(pulled: &[Pulled], time: u64) -> Vec<Pulled> {
    let all = pulled.iter().filter(|pulled| pulled.at == time);
    all.cloned().collect()
}

#[test]
fn before_the_first_packet_nothing_is_given() {
    assert!(Receiver::new(listen()).pull_through(0, 5_000).is_empty());
}

#[test]
fn on_a_clean_line_each_frame_is_given_as_its_packet_comes() {
    let (pulled, receiver) = heard(regular(&mut Sender::new(), 7, 100), 2_000);
    assert_eq!(pulled.len(), 100);
    for (n, pulled) in pulled.iter().enumerate() {
        let now = 7 + 20 * n as u64;
        assert_eq!((pulled.at, pulled.kind), (now, DECODED));
        assert_eq!(pulled.until, millis(now));
        assert_eq!(pulled.samples, samples(n * 160, 160));
    }
    assert_eq!(receiver.statistics().delay, Duration::ZERO);
}

#[test]
fn a_long_packet_gives_all_its_frames_at_once_each_with_its_own_time() {
    let mut sender = Sender::with_packets_of(Duration::from_millis(60));
    let (pulled, _) = heard(regular(&mut sender, 7, 10), 600);
    assert_eq!(pulled.len(), 30);
    let last = at(&pulled, 7 + 60 * 5);
    let untils: Vec<_> = last.iter().map(|frame| frame.until.as_millis()).collect();
    assert_eq!(untils, [267, 287, 307]);
}

#[test]
fn short_packets_are_put_together() {
    let mut sender = Sender::with_packets_of(Duration::from_millis(10));
    let (pulled, _) = heard(regular(&mut sender, 7, 100), 1_000);
    assert_eq!(pulled.len(), 50);
    assert_eq!(joined(&pulled), samples(0, 8_000));
    assert!(
        pulled
            .windows(2)
            .all(|two| two[1].until == two[0].until + FRAME)
    );
}

#[test]
fn jitter_delays_what_is_late_and_nothing_else() {
    let mut arrivals = regular(&mut Sender::new(), 7, 300);
    for (n, (at, _)) in arrivals.iter_mut().enumerate() {
        *at += [0, 12_000, 3_000, 35_000, 30_000][n % 5];
    }
    let expected: Vec<u64> = arrivals.iter().map(|(at, _)| at / 1_000).collect();
    let (pulled, receiver) = heard(arrivals, 6_040);
    let given: Vec<u64> = pulled.iter().map(|pulled| pulled.at).collect();
    assert!(
        given
            .iter()
            .zip(&expected)
            .all(|(given, came)| given >= came)
    );
    assert_eq!(joined(&pulled), samples(0, 300 * 160));
    assert!(
        pulled
            .windows(2)
            .all(|two| two[1].until == two[0].until + FRAME)
    );
    assert_eq!(receiver.statistics().concealed_samples, 0);
}

#[test]
fn on_a_line_that_loses_but_never_reorders_a_gap_is_filled_as_soon_as_it_is_seen() {
    let mut arrivals = regular(&mut Sender::new(), 7, 500);
    let mut n = 0;
    arrivals.retain(|_| {
        n += 1;
        n % 10 != 0
    });
    let (pulled, receiver) = heard(arrivals, 10_000);
    let late = &pulled[300..];
    for (n, frame) in (300..).zip(late) {
        let kind = if n % 10 == 9 { CONCEALED } else { DECODED };
        let came = 7 + 20 * (n + u64::from(n % 10 == 9));
        assert_eq!((frame.kind, frame.at), (kind, came), "frame {n}");
    }
    assert_eq!(receiver.statistics().lost, 49);
}

#[test]
fn on_a_line_that_reorders_what_was_overtaken_is_waited_for() {
    let mut arrivals = regular(&mut Sender::new(), 7, 500);
    for (n, (at, _)) in arrivals.iter_mut().enumerate() {
        if n % 10 == 9 {
            *at += 30_000;
        }
    }
    let (pulled, receiver) = heard(arrivals, 10_030);
    assert_eq!(pulled.len(), 500);
    assert_eq!(joined(&pulled), samples(0, 500 * 160));
    assert_eq!(receiver.statistics().late, 0);
}

#[test]
fn a_key_pressed_in_another_stream_does_not_cut_the_wait_for_what_was_overtaken() {
    let mut sender = Sender::new();
    let (_, mut receiver) = heard(regular(&mut sender, 7, 50), 1_000);
    let foreign = audio::SequenceNumber(sender.sequence + 20);
    receiver.buffer.pass_over(9, foreign);
    let (overtaken, overtaking) = (sender.send(), sender.send());
    receiver.insert(1_027, &overtaking);
    assert!(receiver.pull_due(millis(1_027)).is_empty());
    receiver.insert(1_032, &overtaken);
    let pulled = receiver.pull_due(millis(1_032));
    assert_eq!(joined(&pulled), samples(8_000, 320));
}

#[test]
fn a_packet_that_comes_after_its_gap_was_filled_is_dropped() {
    let mut sender = Sender::new();
    let mut arrivals = regular(&mut sender, 7, 100);
    arrivals[50].0 += 150_000;
    let (pulled, receiver) = heard(arrivals, 2_000);
    assert_eq!(receiver.statistics().late, 1);
    assert_eq!(pulled.len(), 100);
    assert_eq!(pulled[50].kind, CONCEALED);
    assert_eq!(pulled[51].samples, samples(51 * 160, 160));
}

#[test]
fn a_pause_that_the_sender_leaves_out_is_silence_of_its_length() {
    let mut sender = Sender::new();
    let mut arrivals = regular(&mut sender, 7, 50);
    for n in 1..10 {
        sender.pause(8_000);
        arrivals.extend(regular(&mut sender, 7 + n * 2_000, 50));
    }
    let (pulled, receiver) = heard(arrivals, 20_000);
    for n in 0..10 {
        let spurt = at(&pulled, 7 + n * 2_000);
        let first = spurt.last().expect("it begins when it comes");
        assert_eq!(first.until, millis(7 + n * 2_000));
        assert_eq!(first.samples, samples(n as usize * 8_000, 160));
    }
    assert!(
        pulled[..900]
            .windows(2)
            .all(|two| two[1].until == two[0].until + FRAME)
    );
    assert_eq!(receiver.statistics().lost, 0);
    // Once it is known to pause, a pause is not taken for an outage for long.
    let late = pulled
        .iter()
        .filter(|it| it.kind == CONCEALED && it.at > 4_000);
    assert!(late.count() <= 8 * 5);
}

#[test]
fn a_pause_with_comfort_noise_is_that_noise() {
    let mut sender = Sender::new();
    let mut arrivals = regular(&mut sender, 7, 50);
    arrivals.push((1_007_000, sender.send_noise(9)));
    sender.pause(8_000);
    arrivals.extend(regular(&mut sender, 2_007, 50));
    let (pulled, receiver) = heard(arrivals, 3_000);
    assert_eq!(kinds(&pulled[50..100]), [SILENCE; 50]);
    assert!(
        pulled[51..100]
            .iter()
            .all(|it| it.samples == [9; FRAME_SAMPLES])
    );
    assert_eq!(joined(&pulled[100..150])[40..], samples(8_000, 8_000)[40..]);
    assert_eq!(receiver.statistics().concealed_samples, 0);
}

/// Speech, a pause with three descriptions of its noise, speech. Without those of the
/// packets after the first ones that `lost` names.
fn pause_that_loses(lost: &[usize], marker: bool) -> (Vec<Pulled>, Receiver) {
    let mut sender = Sender::new();
    let mut arrivals = regular(&mut sender, 7, 50);
    let mut later = Vec::new();
    for update in 0..3 {
        later.push((1_007_000 + update * 200_000, sender.send_noise(9)));
        sender.pause(1_600);
    }
    let mut speech = regular(&mut sender, 1_607, 50);
    speech[0].1.marker = marker;
    later.extend(speech);
    let later = later.into_iter().enumerate();
    arrivals.extend(later.filter_map(|(n, it)| (!lost.contains(&n)).then_some(it)));
    heard(arrivals, 2_600)
}

#[test]
fn a_lost_description_of_noise_is_not_taken_for_lost_speech() {
    for (lost, marker) in [(1, false), (2, true)] {
        let (pulled, receiver) = pause_that_loses(&[lost], marker);
        assert_eq!(kinds(&pulled[51..79]), [SILENCE; 28]);
        assert!(
            pulled[51..79]
                .iter()
                .all(|it| it.samples == [9; FRAME_SAMPLES])
        );
        assert_eq!(joined(&pulled[80..130])[40..], samples(8_000, 8_000)[40..]);
        let statistics = receiver.statistics();
        assert_eq!((statistics.concealed_samples, statistics.lost), (0, 1));
    }
}

#[test]
fn speech_lost_at_the_end_of_a_pause_is_concealed_where_it_was() {
    let (pulled, receiver) = pause_that_loses(&[3], false);
    assert_eq!(kinds(&pulled[51..79]), [SILENCE; 28]);
    assert_eq!(
        kinds(&pulled[79..83]),
        [SILENCE, CONCEALED, DECODED, DECODED]
    );
    assert_eq!(receiver.statistics().concealed_samples, 160);
}

#[test]
fn a_packet_that_the_next_one_repeats_is_recovered() {
    let mut sender = Sender {
        repeats: true,
        ..Sender::new()
    };
    let mut arrivals = regular(&mut sender, 7, 300);
    let mut n = 0;
    arrivals.retain(|_| {
        n += 1;
        n % 7 != 0
    });
    let (pulled, receiver) = heard(arrivals, 5_900);
    assert_eq!(joined(&pulled)[..290 * 160], samples(0, 290 * 160));
    assert_eq!(receiver.statistics().recovered, 42);
    assert_eq!(receiver.statistics().concealed_samples, 0);
}

#[test]
fn a_source_that_sends_on_after_a_hold_as_if_no_time_had_passed_is_heard() {
    let mut sender = Sender::new();
    let mut arrivals = regular(&mut sender, 7, 100);
    let mut resumed = regular(&mut sender, 9_007, 100);
    resumed[0].1.marker = true;
    arrivals.extend(resumed);
    let (pulled, receiver) = heard(arrivals, 11_000);
    assert_eq!(receiver.decoder.decoded.len(), 200);
    let last: Vec<_> = pulled.iter().filter(|it| it.at >= 9_100).cloned().collect();
    assert!(
        last.iter()
            .all(|it| it.kind == DECODED && it.until == millis(it.at))
    );
}

#[test]
fn another_source_takes_over_with_its_second_packet_and_is_heard_from_its_first() {
    let mut arrivals = regular(&mut Sender::new(), 7, 50);
    let mut other = Sender {
        ssrc: 8,
        sequence: 9,
        number: 100_000,
        ..Sender::new()
    };
    arrivals.extend(regular(&mut other, 1_012, 50));
    let (pulled, receiver) = heard(arrivals, 2_000);
    assert_eq!((pulled[50].at, pulled[51].at), (1_032, 1_032));
    assert_eq!(joined(&pulled[50..100]), samples(100_000, 8_000));
    assert!(pulled.is_sorted_by_key(|pulled| pulled.until));
    assert_eq!(receiver.statistics().restarts, 1);
}

#[test]
fn the_ceiling_bounds_the_wait() {
    let mut receiver = Receiver::new(Settings {
        ceiling: Duration::from_millis(50),
        ..listen()
    });
    let mut arrivals = regular(&mut Sender::new(), 7, 200);
    for (n, (at, _)) in arrivals.iter_mut().enumerate() {
        *at += [0, 150_000][n / 10 % 2];
    }
    let pulled = receiver.play(arrivals, 4_000);
    let stands_in = pulled.iter().filter(|it| it.kind == CONCEALED);
    let behind = |it: &Pulled| millis(it.at).since(it.until);
    assert!(stands_in.clone().count() > 10);
    assert!(
        stands_in
            .clone()
            .all(|it| behind(it) <= Duration::from_millis(50 + 20))
    );
}

#[test]
fn drift_is_followed_while_nobody_speaks() {
    for ppm in [-300i64, 300] {
        let mut sender = Sender::new();
        let arrivals = (0..60 * 50u64)
            .map(|n| {
                let media = n * 20_000;
                let at = (7_000 + media as i64 - media as i64 * ppm / 1_000_000) as u64;
                let sent = if n % 50 < 40 {
                    sender.send()
                } else {
                    sender.send_quiet()
                };
                (at, sent)
            })
            .collect();
        let (pulled, receiver) = heard(arrivals, 60_030);
        let received: Vec<_> = pulled.iter().filter(|it| it.kind == DECODED).collect();
        assert_eq!(received.len(), 3_000);
        for frame in received {
            let off = Moment::from_millis(frame.at).since(frame.until)
                + frame.until.since(Moment::from_millis(frame.at));
            assert!(
                off <= Duration::from_millis(3),
                "{ppm} ppm: {off:?} at {}",
                frame.at
            );
        }
        assert_eq!(receiver.statistics().concealed_samples, 0);
    }
}

#[test]
fn a_reset_buffer_waits_for_a_new_stream_and_its_time_goes_on() {
    let (pulled, mut receiver) = heard(regular(&mut Sender::new(), 7, 50), 1_000);
    receiver.buffer.reset(line::FORMAT);
    assert!(receiver.pull_through(1_000, 2_000).is_empty());
    let mut sender = Sender::new();
    assert_eq!(receiver.insert(2_000, &sender.send()), Insertion::Queued);
    let anew = receiver.pull_due(millis(2_000));
    assert_eq!(anew[0].samples, samples(0, 160));
    assert!(anew[0].until > pulled[49].until);
}
