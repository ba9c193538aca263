//! A leg that hears for a machine: at once, all there is, in the stream's own time.

mod rig;

use std::path::Path;
use std::time::Duration;

use audio::codec::{Encoder, OpusSettings};
use audio::{FRAME, Moment, SampleRate};
use media::rtp::Header;
use media::{Codec, Connection, HeardFrame, LegEvent, PlayoutKind, RecordedSide};
use rig::{LOUD, Rig, connection, datagram, far_end, signalled};

fn is_loud(frame: &HeardFrame) -> bool {
    frame.kind == PlayoutKind::Decoded && frame.frame.samples() == [LOUD; 160]
}

/// Talks for `ticks` ticks, in packets that come 7 ms after each tick.
fn talk(rig: &mut Rig, ticks: usize) -> Vec<HeardFrame> {
    let mut heard = Vec::new();
    for _ in 0..ticks {
        rig.tick();
        let due = rig.now;
        rig.now = due - Duration::from_millis(13);
        rig.hear(LOUD);
        rig.now = due;
        heard.extend(rig.heard());
    }
    heard
}

#[test]
fn a_frame_is_heard_as_soon_as_its_packet_has_come() {
    let mut rig = Rig::listening();
    for _ in 0..50 {
        rig.hear(LOUD);
        let heard = rig.heard();
        assert_eq!(heard.len(), 1);
        assert!(is_loud(&heard[0]));
        assert_eq!(heard[0].until, rig.now);
        rig.tick();
        assert!(rig.heard().is_empty());
    }
}

#[test]
fn a_burst_of_packets_is_heard_at_once() {
    let mut rig = Rig::listening();
    talk(&mut rig, 20);
    for _ in 0..3 {
        rig.tick();
    }
    rig.heard();
    for _ in 0..4 {
        rig.hear(LOUD);
    }
    let heard = rig.heard();
    assert!(heard.len() >= 4);
    assert!(heard.iter().rev().take(4).all(is_loud));
}

#[test]
fn a_packet_that_was_overtaken_is_waited_for() {
    let mut rig = Rig::listening();
    talk(&mut rig, 30);
    let first = datagram(rig.far, LOUD);
    rig.far.sequence = rig.far.sequence.next();
    rig.far.timestamp = rig.far.timestamp.advanced(160);
    rig.hear(-LOUD);
    rig.receive(far_end(), &first);
    let heard: Vec<i16> = rig
        .heard()
        .iter()
        .map(|frame| frame.frame.samples()[80])
        .collect();
    assert!(heard.ends_with(&[LOUD, -LOUD]), "{heard:?}");
}

#[test]
fn the_streams_time_goes_on_without_gaps_whatever_is_lost() {
    let mut rig = Rig::listening();
    let mut heard = talk(&mut rig, 50);
    for step in 0..200 {
        if step % 10 == 3 {
            rig.far.sequence = rig.far.sequence.next();
            rig.far.timestamp = rig.far.timestamp.advanced(160);
            rig.tick();
        } else {
            heard.extend(talk(&mut rig, 1));
        }
        heard.extend(rig.heard());
    }
    assert!(heard.len() >= 245, "{}", heard.len());
    for pair in heard.windows(2) {
        assert_eq!(pair[1].until.since(pair[0].until), FRAME);
    }
    let concealed = |frame: &&HeardFrame| frame.kind == PlayoutKind::Concealed;
    assert!(heard.iter().filter(concealed).count() >= 20);
}

#[test]
fn a_line_that_falls_silent_goes_on_in_real_time() {
    let mut rig = Rig::listening();
    talk(&mut rig, 50);
    let before = rig.now;
    rig.ticks(100);
    let heard = rig.heard();
    let last = heard.last().unwrap();
    assert!(rig.now.since(last.until) < Duration::from_millis(300));
    assert!(last.until.since(before) > Duration::from_millis(1_500));
}

#[test]
fn what_is_heard_is_recorded_where_it_arrived() {
    let mut rig = Rig::listening();
    let recording = rig.ends.recording.take().expect("it was asked for");
    let heard = talk(&mut rig, 40);
    let recorded: Vec<_> = std::iter::from_fn(|| recording.pop())
        .filter(|frame| frame.side == RecordedSide::Heard)
        .map(|frame| (frame.at, frame.frame))
        .collect();
    let expected: Vec<(Moment, _)> = heard
        .iter()
        .map(|frame| (frame.until - FRAME, frame.frame))
        .collect();
    assert_eq!(recorded, expected);
}

#[test]
fn a_described_pause_is_filled_with_its_noise() {
    let mut rig = Rig::listening();
    rig.connect(Connection {
        comfort_noise: Some(13),
        ..connection()
    });
    talk(&mut rig, 30);
    let description = Header {
        payload_type: 13,
        ..rig.far
    };
    rig.far.sequence = rig.far.sequence.next();
    let mut packet = description.to_bytes().to_vec();
    // Noise of -30 dBov.
    packet.push(30);
    rig.receive(far_end(), &packet);
    rig.ticks(30);
    let heard = rig.heard();
    assert!(heard.len() > 20);
    let level = audio::level::rms(heard.last().unwrap().frame.samples()).value();
    assert!((level + 30.0).abs() < 6.0, "{level}");
    assert_eq!(rig.core.statistics().unknown_payload, 0);
}

#[test]
fn noise_that_was_not_agreed_on_is_unknown() {
    let mut rig = Rig::listening();
    talk(&mut rig, 5);
    let description = Header {
        payload_type: 13,
        ..rig.far
    };
    let mut packet = description.to_bytes().to_vec();
    packet.push(30);
    rig.receive(far_end(), &packet);
    assert_eq!(rig.core.statistics().unknown_payload, 1);
}

#[test]
fn a_line_that_was_cut_for_a_second_loses_nothing_of_what_then_comes() {
    let mut rig = Rig::listening();
    talk(&mut rig, 50);
    rig.ticks(40);
    rig.heard();
    for _ in 0..40 {
        rig.hear(LOUD);
    }
    let heard = rig.heard();
    // The first one is faded in.
    let whole = heard.iter().filter(|frame| is_loud(frame)).count();
    assert!(whole >= 38, "{whole}");
    assert_eq!(rig.ends.feed.dropped(), 0);
}

#[test]
fn the_first_packet_is_told_before_it_is_heard() {
    let mut rig = Rig::listening();
    rig.hear(LOUD);
    assert!(matches!(rig.events()[..], [LegEvent::FirstPacket { .. }]));
}

#[test]
fn lost_packets_of_opus_are_recovered_from_those_after_them() {
    const OPUS: u8 = 96;
    let fixture = "../../fixtures/ast_en_vm-msginstruct.wav";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture);
    let speech = audio::file::read_mono(&path, SampleRate::HZ_16000).unwrap();
    let mut encoder = Encoder::new(Codec::Opus, OpusSettings::default()).unwrap();
    let mut rig = Rig::listening();
    rig.connect(Connection::new(signalled(), Codec::Opus, OPUS));
    rig.far.payload_type = OPUS;
    let mut lost = 0;
    for (n, frame) in speech.chunks_exact(320).enumerate() {
        let mut packet = [0; 1_500];
        packet[..12].copy_from_slice(&rig.far.to_bytes());
        let length = encoder.encode(frame, &mut packet[12..]).unwrap();
        rig.far.sequence = rig.far.sequence.next();
        rig.far.timestamp = rig.far.timestamp.advanced(960);
        if n % 10 == 5 {
            lost += 1;
        } else {
            rig.receive(far_end(), &packet[..12 + length]);
        }
        rig.tick();
    }
    let statistics = rig.core.statistics();
    assert!(lost > 20 && statistics.lost + 1 >= lost, "{statistics:?}");
    // Where nobody speaks there is no copy.
    assert!(statistics.recovered * 10 > lost * 7, "{statistics:?}");
    assert_eq!(
        statistics.concealments,
        statistics.lost - statistics.recovered
    );
}
