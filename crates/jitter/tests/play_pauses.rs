//! What a person hears when the sender pauses.

mod line;

use std::time::Duration;

use audio::SequenceNumber;
use jitter::{Insertion, PlayoutBuffer, PlayoutKind, Settings};
use line::{Pulled, Receiver, Sender, find, joined, kinds, play, playing, regular, samples};

const DECODED: PlayoutKind = PlayoutKind::Decoded;
const CONCEALED: PlayoutKind = PlayoutKind::Concealed;
const SILENCE: PlayoutKind = PlayoutKind::Silence;
/// So many samples are blended where received audio follows on something else.
const SEAM: usize = 40;

/// Ten packets, 40 ms in which `pause` happens, and ten more, at a delay at which
/// the pause is seen before it is played.
fn with_pause(pause: fn(&mut Sender, &mut Receiver)) -> (Vec<Pulled>, Receiver) {
    let mut sender = Sender::new();
    let mut receiver = Receiver::new(Settings {
        floor: Duration::from_millis(60),
        ..play()
    });
    let arrivals = regular(&mut sender, 1, 10);
    let mut pulled = receiver.play(arrivals, 260);
    pause(&mut sender, &mut receiver);
    for n in 0..10 {
        let now = 241 + n * 20;
        receiver.insert(now, &sender.send());
        pulled.push(receiver.pull(now + 19));
    }
    (pulled, receiver)
}

#[test]
fn a_pause_of_the_sender_is_silence_of_the_same_length_and_no_loss() {
    let (pulled, receiver) = with_pause(|sender, _| sender.pause(320));
    assert_eq!(kinds(&pulled[..4]), [SILENCE; 4]);
    assert_eq!(kinds(&pulled[4..14]), [DECODED; 10]);
    assert_eq!(kinds(&pulled[14..16]), [SILENCE; 2]);
    assert_eq!(joined(&pulled[4..14]), samples(0, 1_600));
    assert_eq!(pulled[16].samples, samples(1_600, 160));
    let statistics = receiver.statistics();
    assert_eq!((statistics.lost, statistics.underruns), (0, 0));
}

#[test]
fn a_pause_after_a_loss_is_silence_beyond_the_lost_packet() {
    let (pulled, receiver) = with_pause(|sender, _| {
        sender.send();
        sender.pause(160);
    });
    assert_eq!(
        kinds(&pulled[13..17]),
        [DECODED, CONCEALED, SILENCE, DECODED]
    );
    assert_eq!(receiver.statistics().lost, 1);
}

#[test]
fn packets_of_another_kind_are_silence_and_no_loss() {
    let (pulled, receiver) = with_pause(|sender, receiver| {
        for _ in 0..4 {
            let number = SequenceNumber(sender.sequence);
            receiver.buffer.pass_over(sender.ssrc, number);
            sender.sequence += 1;
        }
        sender.pause(320);
    });
    assert_eq!(kinds(&pulled[13..17]), [DECODED, SILENCE, SILENCE, DECODED]);
    assert_eq!(receiver.statistics().lost, 0);
}

#[test]
fn audio_that_the_sender_ends_ends_without_a_click() {
    let (pulled, _) = with_pause(|sender, _| sender.pause(320));
    let ending = &pulled[14].samples;
    assert!(ending[..SEAM].iter().any(|&sample| sample != 0));
    assert!(ending[SEAM..].iter().all(|&sample| sample == 0));
    let loudest = |samples: &[i16]| samples.iter().map(|sample| sample.abs()).max();
    assert!(loudest(&ending[SEAM / 2..SEAM]) < loudest(&samples(480, 160)));
}

#[test]
fn any_number_of_packets_of_another_kind_may_go_by_before_the_audio_goes_on() {
    let (mut sender, mut receiver) = playing();
    receiver.pull_through(80, 3_000);
    for _ in 0..40_000 {
        let number = SequenceNumber(sender.sequence);
        receiver.buffer.pass_over(sender.ssrc, number);
        sender.sequence = sender.sequence.wrapping_add(1);
    }
    sender.pause(7_200_000);
    assert_eq!(receiver.insert(900_061, &sender.send()), Insertion::Queued);
    let pulled = receiver.pull_through(900_080, 900_160);
    assert!(find(&joined(&pulled), 480, 160).is_some());
    assert_eq!(receiver.statistics().lost, 0);
}

#[test]
fn the_delay_is_chosen_anew_after_a_pause() {
    let mut sender = Sender::new();
    let mut arrivals = regular(&mut sender, 1, 100);
    sender.pause(8_000);
    arrivals.extend(regular(&mut sender, 3_001, 10));
    let mut receiver = Receiver::new(play());
    let pulled = receiver.play(arrivals, 3_300);
    let first_after = pulled.iter().filter(|pulled| pulled.at > 2_500);
    let begins = first_after.clone().find(|pulled| pulled.kind == DECODED);
    // Nothing was ever late, so the packet that comes at 3001 ms need not wait.
    let begins = begins.expect("it is played");
    assert_eq!((begins.at, &begins.samples), (3_020, &samples(16_000, 160)));
}

#[test]
fn comfort_noise_fills_the_pause_it_describes() {
    let (mut sender, mut receiver) = playing();
    receiver.insert(61, &sender.send_noise(9));
    let pulled = receiver.pull_through(80, 1_000);
    assert_eq!(pulled[0].kind, DECODED);
    assert!(pulled[1..].iter().all(|pulled| pulled.kind == SILENCE));
    assert!(pulled[2..].iter().all(|pulled| pulled.samples == [9; 160]));
    receiver.insert(1_001, &sender.send_noise(5));
    assert_eq!(receiver.pull(1_020).samples, [5; 160]);
    sender.pause(8_000);
    receiver.insert(1_061, &sender.send());
    let pulled = receiver.pull_through(1_080, 1_120);
    assert!(find(&joined(&pulled), 480, 160).is_some());
    let statistics = receiver.statistics();
    assert_eq!((statistics.lost, statistics.concealed_samples), (0, 0));
}
