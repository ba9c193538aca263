//! What a person hears when the stream changes, and what a buffer does with packets
//! that it cannot keep or use.

mod line;

use std::time::Duration;

use jitter::{Insertion, PlayoutKind, Settings};
use line::{Receiver, Sender, Sent, find, joined, kinds, play, playing, regular, samples};

const DECODED: PlayoutKind = PlayoutKind::Decoded;
const CONCEALED: PlayoutKind = PlayoutKind::Concealed;

/// A sender that knows nothing of the others.
fn other_source() -> Sender {
    Sender {
        ssrc: 8,
        sequence: 9,
        timestamp: 77,
        number: 10_000,
        ..Sender::new()
    }
}

#[test]
fn another_source_takes_over_with_its_second_packet_and_is_heard_from_its_first() {
    let (mut sender, mut receiver) = playing();
    receiver.insert(61, &sender.send());
    let mut other = other_source();
    assert_eq!(receiver.insert(62, &other.send()), Insertion::Stray);
    assert_eq!(receiver.insert(82, &other.send()), Insertion::Restarted);
    let pulled = receiver.pull_through(100, 140);
    assert_eq!(kinds(&pulled), [DECODED, DECODED]);
    assert_eq!(joined(&pulled), samples(10_000, 320));
    let statistics = receiver.statistics();
    assert_eq!((statistics.restarts, statistics.lost), (1, 0));
    assert_eq!(statistics.strays, 0);
}

#[test]
fn a_single_packet_that_contradicts_the_stream_is_dropped_and_nothing_is_lost() {
    let strays: [fn(&mut Sent); 5] = [
        |sent| sent.ssrc = 8,
        |sent| sent.sequence += 65,
        |sent| sent.sequence = sent.sequence.wrapping_sub(200),
        |sent| sent.timestamp += 16_000 + 401,
        |sent| sent.timestamp -= 1_000,
    ];
    for stray in strays {
        let (mut sender, mut receiver) = playing();
        let mut forged = sender.clone().send();
        stray(&mut forged);
        assert_eq!(receiver.insert(61, &forged), Insertion::Stray);
        receiver.insert(62, &sender.send());
        receiver.insert(82, &sender.send());
        let pulled = receiver.pull_through(80, 140);
        assert_eq!(joined(&pulled), samples(320, 480));
        let statistics = receiver.statistics();
        assert_eq!((statistics.restarts, statistics.concealed_samples), (0, 0));
        assert_eq!(statistics.strays, 1);
    }
}

#[test]
fn two_sources_that_overlap_do_not_take_turns() {
    let (mut sender, mut receiver) = playing();
    let mut other = other_source();
    let mut pulled = Vec::new();
    for now in (61..1_061).step_by(20) {
        receiver.insert(now, &sender.send());
        receiver.insert(now + 5, &other.send());
        pulled.push(receiver.pull(now + 19));
    }
    assert_eq!(joined(&pulled), samples(320, 50 * 160));
    assert_eq!(receiver.statistics().restarts, 0);
    for now in [1_061, 1_081] {
        receiver.insert(now, &other.send());
    }
    let statistics = receiver.statistics();
    assert_eq!((statistics.restarts, statistics.strays), (1, 49));
}

#[test]
fn a_jump_in_sequence_or_timestamp_starts_a_new_stream_with_its_second_packet() {
    let jumps: [fn(&mut Sender); 5] = [
        |sender| sender.sequence += 65,
        |sender| sender.sequence -= 90,
        |sender| sender.timestamp += 16_000 + 401,
        |sender| sender.timestamp = sender.timestamp.wrapping_sub(10_000),
        |sender| sender.timestamp = sender.timestamp.wrapping_add(1 << 31),
    ];
    for jump in jumps {
        let (mut sender, mut receiver) = playing();
        jump(&mut sender);
        assert_eq!(receiver.insert(61, &sender.send()), Insertion::Stray);
        assert_eq!(receiver.insert(81, &sender.send()), Insertion::Restarted);
        assert_eq!(joined(&receiver.pull_through(100, 140)), samples(480, 320));
        assert_eq!(receiver.statistics().lost, 0);
    }
}

#[test]
fn a_full_buffer_drops_the_oldest_and_plays_on_from_the_next() {
    let mut sender = Sender::new();
    let mut receiver = Receiver::new(Settings {
        capacity: 5,
        ..play()
    });
    let inserted: Vec<_> = (0..7).map(|_| receiver.insert(0, &sender.send())).collect();
    assert_eq!(inserted[..5], [Insertion::Queued; 5]);
    assert_eq!(inserted[5..], [Insertion::Overflowed; 2]);
    assert_eq!(joined(&receiver.pull_through(40, 140)), samples(320, 800));
    let statistics = receiver.statistics();
    assert_eq!((statistics.overflowed, statistics.lost), (2, 0));
}

#[test]
fn payloads_that_together_are_too_long_drop_the_oldest() {
    let mut sender = Sender::new();
    let mut receiver = Receiver::new(Settings {
        payload_bytes: 20,
        ..play()
    });
    let inserted: Vec<_> = (0..3).map(|_| receiver.insert(0, &sender.send())).collect();
    assert_eq!(inserted[2], Insertion::Overflowed);
    assert_eq!(joined(&receiver.pull_through(40, 80)), samples(160, 320));
}

#[test]
fn an_oversized_packet_is_dropped_and_conceals_like_a_lost_one() {
    let (mut sender, mut receiver) = playing();
    let oversized = Sent {
        payload: vec![0; 32_001],
        ..sender.send()
    };
    assert_eq!(receiver.insert(61, &oversized), Insertion::Oversized);
    receiver.insert(81, &sender.send());
    assert_eq!(
        kinds(&receiver.pull_through(80, 140)),
        [DECODED, CONCEALED, DECODED]
    );
    let statistics = receiver.statistics();
    assert_eq!((statistics.oversized, statistics.lost), (1, 1));
}

#[test]
fn an_undecodable_packet_conceals_like_a_lost_one() {
    let (mut sender, mut receiver) = playing();
    let broken = Sent {
        payload: vec![1, 2, 3],
        ..sender.send()
    };
    receiver.insert(61, &broken);
    receiver.insert(81, &sender.send());
    let pulled = receiver.pull_through(80, 140);
    assert_eq!(kinds(&pulled), [DECODED, CONCEALED, DECODED]);
    let statistics = receiver.statistics();
    assert_eq!((statistics.undecodable, statistics.lost), (1, 1));
}

#[test]
fn a_packet_that_the_next_one_repeats_is_not_missed() {
    let mut sender = Sender {
        repeats: true,
        ..Sender::new()
    };
    let mut arrivals = regular(&mut sender, 1, 50);
    for lost in [40, 30, 20, 10] {
        arrivals.remove(lost);
    }
    let mut receiver = Receiver::new(Settings {
        floor: Duration::from_millis(20),
        ..play()
    });
    let pulled = receiver.play(arrivals, 1_000);
    assert!(find(&joined(&pulled), 0, 46 * 160).is_some());
    let statistics = receiver.statistics();
    assert_eq!((statistics.recovered, statistics.lost), (4, 4));
    assert_eq!(statistics.concealed_samples, 0);
}
