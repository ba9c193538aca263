//! What a leg puts on the wire, and when.

mod rig;

use audio::{Companding, FRAME};
use media::{Ambience, Background, Codec, Connection, RecordedFrame, RecordedSide};
use rig::{LOUD, Rig, START, connection, far_end, signalled};

#[test]
fn one_packet_every_20_ms_with_continuous_timestamps_over_ten_seconds() {
    let mut rig = Rig::connected();
    let mut sent = Vec::new();
    for tick in 0..500 {
        // Speech, pauses and interruptions do not disturb the stream.
        if tick % 50 < 30 {
            rig.say(tick, false, LOUD);
        }
        if tick % 77 == 0 {
            rig.ends.playout.interrupt();
        }
        sent.extend(rig.tick());
    }
    assert_eq!(sent.len(), 500);
    let mut expected = sent[0].clone();
    assert_eq!(expected.header.sequence, START.sequence);
    assert_eq!(expected.header.timestamp, START.timestamp);
    for packet in &sent {
        assert_eq!(packet.at, expected.at);
        assert_eq!(packet.header.sequence, expected.header.sequence);
        assert_eq!(packet.header.timestamp, expected.header.timestamp);
        assert_eq!(
            (packet.header.ssrc, packet.header.payload_type),
            (START.ssrc, 0)
        );
        assert_eq!(packet.payload.len(), 160);
        expected.at = expected.at + FRAME;
        expected.header.sequence = expected.header.sequence.next();
        expected.header.timestamp = expected.header.timestamp.advanced(160);
    }
    assert_eq!(rig.core.statistics().packets_sent, 500);
}

#[test]
fn nothing_is_sent_before_the_first_connection() {
    let mut rig = Rig::unconnected();
    assert_eq!(rig.ticks(10), []);
    assert!(rig.heard().is_empty());
    assert_eq!(rig.ends.playout.rate(), None);
}

#[test]
fn a_leg_with_nothing_to_say_sends_silence() {
    let mut rig = Rig::connected();
    let sent = rig.ticks(20);
    assert_eq!(sent.len(), 20);
    assert!(sent.iter().all(rig::Sent::is_silence));
}

#[test]
fn only_the_first_packet_is_marked() {
    let mut rig = Rig::connected();
    let marked: Vec<_> = rig
        .ticks(5)
        .iter()
        .map(|packet| packet.header.marker)
        .collect();
    assert_eq!(marked, [true, false, false, false, false]);
}

#[test]
fn the_agents_audio_goes_out_in_order_and_without_gaps() {
    let mut rig = Rig::connected();
    let samples: Vec<i16> = (1..=20).map(|step| step * 100).collect();
    for &sample in &samples {
        rig.say(1, false, sample);
    }
    for (packet, sample) in rig.ticks(20).iter().zip(samples) {
        let mut expected = [0; 160];
        Companding::MuLaw.encode(&[sample; 160], &mut expected);
        assert_eq!(packet.payload, expected);
    }
}

#[test]
fn an_interruption_makes_the_very_next_packet_silent() {
    let mut rig = Rig::connected();
    for _ in 0..50 {
        rig.say(1, false, LOUD);
    }
    assert!(!rig.ticks(10).iter().any(rig::Sent::is_silence));
    rig.ends.playout.interrupt();
    assert!(rig.ticks(50).iter().all(rig::Sent::is_silence));
}

#[test]
fn audio_goes_to_the_signalled_address_until_the_real_one_shows() {
    let mut rig = Rig::connected();
    assert_eq!(rig.tick().unwrap().to, signalled());
    rig.hear(LOUD);
    assert_eq!(rig.tick().unwrap().to, far_end());
}

#[test]
fn a_leg_on_hold_sends_nothing_and_goes_on_where_it_was() {
    let mut rig = Rig::connected();
    rig.say(1, false, LOUD);
    rig.say(1, true, -LOUD);
    let before = rig.tick().unwrap();
    rig.connect(Connection {
        send: false,
        ..connection()
    });
    assert_eq!(rig.ticks(100), []);
    rig.connect(connection());
    let after = rig.tick().unwrap();
    assert!(after.header.marker);
    assert!(!after.is_silence());
    assert_eq!(after.header.sequence, before.header.sequence.next());
    let moved = after
        .header
        .timestamp
        .distance_from(before.header.timestamp);
    assert_eq!(moved, 101 * 160);
}

#[test]
fn an_interruption_during_hold_is_not_forgotten() {
    let mut rig = Rig::connected();
    rig.connect(Connection {
        send: false,
        ..connection()
    });
    rig.say(1, true, LOUD);
    rig.ends.playout.interrupt();
    rig.ticks(5);
    rig.connect(connection());
    assert!(rig.ticks(5).iter().all(rig::Sent::is_silence));
}

#[test]
fn a_new_codec_is_used_at_once_in_the_same_stream() {
    let mut rig = Rig::connected();
    let before = rig.tick().unwrap();
    let pcma = Connection {
        codec: Codec::Pcma,
        payload_type: 8,
        ..connection()
    };
    rig.connect(pcma);
    let after = rig.tick().unwrap();
    assert_eq!(
        (after.header.payload_type, after.payload),
        (8, vec![0xD5; 160])
    );
    assert_eq!(after.header.ssrc, before.header.ssrc);
    assert_eq!(after.header.sequence, before.header.sequence.next());
    assert_eq!(
        after.header.timestamp,
        before.header.timestamp.advanced(160)
    );
}

#[test]
fn ticks_that_a_late_thread_left_out_are_a_gap_in_the_timestamps() {
    let mut rig = Rig::connected();
    let before = rig.tick().unwrap();
    rig.now = rig.now + 4 * FRAME;
    let after = rig.tick().unwrap();
    assert_eq!(after.header.sequence, before.header.sequence.next());
    assert_eq!(
        after.header.timestamp,
        before.header.timestamp.advanced(5 * 160)
    );
    assert_eq!(rig.core.statistics().missed_ticks, 4);
}

#[test]
fn each_side_of_a_recording_has_its_own_time() {
    let mut rig = Rig::connected();
    let recording = rig.ends.recording.take().expect("it was asked for");
    let mut sent = Vec::new();
    let mut heard = Vec::new();
    let mut recorded = Vec::new();
    for tick in 0..200i16 {
        rig.hear(1_000 + 10 * tick);
        if tick % 3 > 0 {
            rig.say(1, false, 2_000 + 20 * tick);
        }
        sent.extend(rig.tick());
        heard.extend(rig.heard());
        recorded.extend(std::iter::from_fn(|| recording.pop()));
    }
    let (ours, theirs): (Vec<RecordedFrame>, Vec<RecordedFrame>) = recorded
        .into_iter()
        .partition(|frame| frame.side == RecordedSide::Played);
    let audible: Vec<_> = sent.iter().filter(|packet| !packet.is_silence()).collect();
    assert_eq!((ours.len(), audible.len()), (133, 133));
    for (frame, sent) in ours.iter().zip(audible) {
        let mut on_the_wire = [0; 160];
        Companding::MuLaw.encode(frame.frame.samples(), &mut on_the_wire);
        assert_eq!((frame.at, &on_the_wire[..]), (sent.at, &sent.payload[..]));
    }
    // What was heard before the stream began has no place in the recording.
    let heard = &heard[heard.len() - theirs.len()..];
    assert!(theirs.len() > 195);
    // A stream's audio is placed where it belongs, which is before it is played out.
    for (frame, heard) in theirs.iter().zip(heard) {
        let delay = heard.until.since(frame.at + FRAME).as_millis();
        assert!((10..=60).contains(&delay), "{delay} ms");
        assert_eq!(frame.frame, heard.frame);
    }
}

#[test]
fn what_is_not_sent_is_not_recorded() {
    let mut rig = Rig::connected();
    let recording = rig.ends.recording.take().expect("it was asked for");
    rig.hear(LOUD);
    rig.ticks(5);
    rig.connect(Connection {
        send: false,
        ..connection()
    });
    rig.say(1, true, LOUD);
    rig.ticks(5);
    let sides: Vec<_> = std::iter::from_fn(|| recording.pop())
        .map(|frame| frame.side)
        .collect();
    assert!(sides.len() > 5);
    assert!(sides.iter().all(|side| *side == RecordedSide::Heard));
}

#[test]
fn a_far_end_that_fell_silent_is_sought_where_it_was_signalled() {
    let mut rig = Rig::connected();
    rig.hear(LOUD);
    let sent_to = |ticks: usize, rig: &mut Rig| {
        for _ in 1..ticks {
            rig.core.tick(rig.now);
            rig.now = rig.now + FRAME;
        }
        let transmit = rig.core.tick(rig.now).unwrap();
        let to = (transmit.destination, transmit.also);
        rig.now = rig.now + FRAME;
        to
    };
    assert_eq!(sent_to(400, &mut rig), (far_end(), None));
    assert_eq!(sent_to(200, &mut rig), (far_end(), Some(signalled())));
    assert_eq!(sent_to(3_000, &mut rig), (signalled(), None));
    rig.hear(LOUD);
    assert_eq!(sent_to(1, &mut rig), (far_end(), None));
}

#[test]
fn a_far_end_that_is_not_to_send_is_not_doubted() {
    let mut rig = Rig::connected();
    rig.hear(LOUD);
    rig.connect(Connection {
        receive: false,
        ..connection()
    });
    for _ in 0..4_000 {
        let transmit = rig.core.tick(rig.now).unwrap();
        assert_eq!((transmit.destination, transmit.also), (far_end(), None));
        rig.now = rig.now + FRAME;
    }
}

/// RMS levels of the leg's packets over half a second each, in dBFS.
fn levels(rig: &mut Rig, halves: usize) -> Vec<f32> {
    let mut half = || {
        let mut samples = Vec::new();
        for packet in rig.ticks(25) {
            let mut decoded = [0; 160];
            Companding::MuLaw.decode(&packet.payload, &mut decoded);
            samples.extend(decoded);
        }
        audio::level::rms(&samples).value()
    };
    (0..halves).map(|_| half()).collect()
}

#[test]
fn a_background_is_heard_while_the_agent_is_silent_and_gives_way_to_it() {
    let mut rig = Rig::with_background(Background {
        ambience: Ambience::Cafe,
        volume: 1.0,
    });
    let recording = rig.ends.recording.take().expect("it was asked for");
    let alone = levels(&mut rig, 4);
    assert!(
        alone.iter().all(|level| (-38.0..-18.0).contains(level)),
        "{alone:?}"
    );
    for _ in 0..75 {
        rig.say(1, false, 0);
    }
    let under = levels(&mut rig, 3);
    assert!(under[2] < alone[3] - 4.0, "{alone:?} {under:?}");
    let after = levels(&mut rig, 4);
    assert!(after[3] > under[2] + 4.0, "{after:?}");
    let played =
        std::iter::from_fn(|| recording.pop()).filter(|frame| frame.side == RecordedSide::Played);
    assert!(played.count() > 50);
}
