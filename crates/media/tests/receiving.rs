//! What a leg makes of the datagrams that reach it.

mod rig;

use std::time::Duration;

use audio::{FRAME, Frame, Moment, SequenceNumber, level};
use jitter::{
    AdaptiveBuffer, Decoder, Format, Insertion, Packet, Playout, PlayoutBuffer, Policy, Statistics,
};
use media::rtp::Header;
use media::{Connection, LegEvent, LegStatistics, PayloadTypes, PlayoutKind, Rtcp, Security};
use proptest::prelude::*;
use rig::{
    LOUD, NO_RTP_TIMEOUT, Rig, TELEPHONE_EVENT, connection, datagram, far_end, signalled, stranger,
};
use srtp::{Keys, Profile};

const COMFORT_NOISE: u8 = 13;

/// Talks for `ticks` ticks and returns what was heard.
fn talk(rig: &mut Rig, ticks: usize) -> Vec<media::HeardFrame> {
    let mut heard = Vec::new();
    for _ in 0..ticks {
        rig.hear(LOUD);
        rig.tick();
        heard.extend(rig.heard());
    }
    heard
}

#[test]
fn whoever_is_played_to_hears_a_frame_a_tick_until_the_next_one() {
    let mut rig = Rig::connected();
    let began = rig.now;
    let heard = talk(&mut rig, 50);
    assert_eq!(heard.len(), 50);
    for frame in &heard {
        assert_eq!(frame.frame.len(), 160);
    }
    let speech = &heard[5..];
    for (tick, frame) in speech.iter().enumerate() {
        assert_eq!(frame.until, began + FRAME * (tick as u32 + 6));
        assert_eq!(frame.kind, PlayoutKind::Decoded);
        assert_eq!(frame.frame.samples(), [LOUD; 160]);
    }
}

#[test]
fn nothing_is_recorded_before_the_first_packet() {
    let mut rig = Rig::connected();
    let recording = rig.ends.recording.take().expect("it was asked for");
    rig.ticks(3);
    assert_eq!(rig.heard().len(), 3);
    assert!(recording.pop().is_none());
}

#[test]
fn a_connected_leg_that_receives_nothing_hears_silence() {
    let mut rig = Rig::connected();
    rig.ticks(10);
    let heard = rig.heard();
    assert_eq!(heard.len(), 10);
    assert!(heard.iter().all(|frame| frame.kind == PlayoutKind::Silence));
    assert!(heard.iter().all(|frame| frame.frame.samples() == [0; 160]));
}

#[test]
fn what_is_not_audio_of_this_leg_is_counted_and_never_heard() {
    let mut rig = Rig::connected();
    rig.hear(0);
    let far = rig.far;
    let mut offer = |from, header: Header, len: usize| {
        let mut bytes = datagram(header, LOUD);
        bytes.resize(len, 0xFF);
        rig.receive(from, &bytes);
    };
    offer(stranger(), far, 172);
    offer(far_end(), far, 11);
    offer(far_end(), far, 0);
    offer(far_end(), far, 1_501);
    offer(
        far_end(),
        Header {
            payload_type: 13,
            ..far
        },
        172,
    );
    offer(
        far_end(),
        Header {
            payload_type: TELEPHONE_EVENT,
            ..far
        },
        16,
    );
    rig.receive(far_end(), b"GET / HTTP/1.1\r\n\r\n");
    rig.ticks(10);
    assert!(
        rig.heard()
            .iter()
            .all(|frame| !level::is_audible(frame.frame.samples()))
    );
    let statistics = rig.core.statistics();
    let expected = LegStatistics {
        packets_received: 1,
        foreign: 1,
        malformed: 3,
        oversized: 1,
        unknown_payload: 1,
        telephone_events: 1,
        ..LegStatistics::default()
    };
    let reception = LegStatistics {
        packets_sent: 0,
        silent_frames: 0,
        decoded_frames: 0,
        concealed_frames: 0,
        concealments: 0,
        concealed_samples: 0,
        delayed_frames: 0,
        delay_micros: 0,
        underruns: 0,
        ..statistics
    };
    assert_eq!(reception, expected);
}

#[test]
fn what_arrives_may_be_numbered_otherwise_than_what_is_sent() {
    let mut rig = Rig::unconnected();
    rig.connect(Connection {
        payload_type: 100,
        arriving: Some(PayloadTypes {
            audio: rig::PCMU,
            telephone_event: Some(110),
            comfort_noise: None,
        }),
        ..connection()
    });
    let heard = talk(&mut rig, 20);
    assert!(
        heard[10..]
            .iter()
            .all(|frame| frame.frame.samples() == [LOUD; 160])
    );
    assert_eq!(rig.tick().unwrap().header.payload_type, 100);
    for (payload_type, events) in [(110, 1), (TELEPHONE_EVENT, 1)] {
        let key = Header {
            payload_type,
            ..rig.far
        };
        let mut packet = key.to_bytes().to_vec();
        packet.extend([5, 0x0A, 0, 160]);
        rig.receive(far_end(), &packet);
        assert_eq!(rig.core.statistics().digits_received, events);
    }
    assert_eq!(rig.core.statistics().unknown_payload, 1);
}

#[test]
fn a_stranger_can_neither_be_heard_nor_get_the_agents_audio() {
    let mut rig = Rig::connected();
    talk(&mut rig, 10);
    for _ in 0..500 {
        rig.hear(LOUD);
        rig.receive(stranger(), &datagram(rig.far, -LOUD));
        assert_eq!(rig.tick().unwrap().to, far_end());
        assert!(
            rig.heard()
                .iter()
                .all(|frame| frame.frame.samples() == [LOUD; 160])
        );
    }
    assert_eq!(rig.core.statistics().foreign, 500);
}

#[test]
fn a_packet_that_is_not_valid_latches_nothing() {
    let mut rig = Rig::connected();
    rig.receive(stranger(), &[0; 172]);
    let unknown = Header {
        payload_type: 96,
        ..rig.far
    };
    rig.receive(stranger(), &datagram(unknown, LOUD));
    assert_eq!(rig.tick().unwrap().to, signalled());
    assert_eq!(rig.events(), []);
}

#[test]
fn the_first_packet_is_reported_with_its_moment_and_source() {
    let mut rig = Rig::connected();
    rig.ticks(7);
    let at = rig.now;
    talk(&mut rig, 5);
    assert_eq!(
        rig.events(),
        [LegEvent::FirstPacket {
            at,
            from: far_end()
        }]
    );
}

/// Replaces what the far end is, as when somebody else is put through.
fn put_through(rig: &mut Rig) {
    rig.far = Header {
        ssrc: 0xBEEF,
        sequence: SequenceNumber(9_000),
        timestamp: rig.far.timestamp.advanced(1 << 30),
        ..rig.far
    };
}

#[test]
fn a_far_end_that_begins_another_stream_is_heard_from_its_first_packet() {
    let mut rig = Rig::connected();
    talk(&mut rig, 20);
    put_through(&mut rig);
    let heard = talk(&mut rig, 20);
    assert!(
        heard[10..]
            .iter()
            .all(|frame| frame.frame.samples() == [LOUD; 160])
    );
    let statistics = rig.core.statistics();
    assert_eq!(statistics.restarts, 1);
    assert_eq!((statistics.strays, statistics.lost), (0, 0));
    assert_eq!(rig.tick().unwrap().to, far_end());
    assert_eq!(rig.events().len(), 1);
}

#[test]
fn forged_packets_from_the_latched_address_disturb_nothing() {
    let mut rig = Rig::connected();
    talk(&mut rig, 20);
    for n in 0..100 {
        let forged = Header {
            ssrc: 0xBAD,
            sequence: SequenceNumber(5_000 + n),
            ..rig.far
        };
        rig.receive(far_end(), &datagram(forged, -LOUD));
        let heard = talk(&mut rig, 1);
        assert_eq!(heard[0].frame.samples(), [LOUD; 160], "{n}");
    }
    let statistics = rig.core.statistics();
    assert_eq!((statistics.strays, statistics.restarts), (100, 0));
    assert_eq!((statistics.lost, statistics.concealed_frames), (0, 0));
    // Nor does the leg take the forger's stream for that of the far end.
    rig.ticks(50);
    rig.hear_from(stranger(), LOUD);
    assert_eq!(rig.tick().unwrap().to, stranger());
}

/// A leg whose far end has said something and described the noise of its pause.
fn in_a_pause() -> Rig {
    let mut rig = Rig::unconnected();
    rig.connect(Connection {
        comfort_noise: Some(COMFORT_NOISE),
        ..connection()
    });
    talk(&mut rig, 20);
    let noise = Header {
        payload_type: COMFORT_NOISE,
        ..rig.far
    };
    rig.far.sequence = rig.far.sequence.next();
    let mut packet = noise.to_bytes().to_vec();
    packet.push(60);
    rig.receive(far_end(), &packet);
    rig
}

#[test]
fn a_stranger_cannot_take_the_leg_in_a_pause_of_the_far_end() {
    let mut rig = in_a_pause();
    let mut stray = Header {
        ssrc: 0xBAD,
        ..rig.far
    };
    let mut sent = 0;
    for _ in 0..500 {
        rig.receive(stranger(), &datagram(stray, -LOUD));
        stray.sequence = stray.sequence.next();
        stray.timestamp = stray.timestamp.advanced(160);
        rig.far.timestamp = rig.far.timestamp.advanced(160);
        // The leg pauses too.
        if let Some(packet) = rig.tick() {
            assert_eq!(packet.to, far_end());
            sent += 1;
        }
    }
    assert!(sent > 20, "{sent}");
    assert_eq!(rig.core.statistics().foreign, 500);
    rig.heard();
    let heard = talk(&mut rig, 20);
    assert_eq!(heard[19].frame.samples(), [LOUD; 160]);
}

#[test]
fn a_far_end_that_moves_is_found_again_after_two_seconds_of_silence() {
    let mut rig = Rig::connected();
    talk(&mut rig, 5);
    rig.ticks(105);
    rig.events();
    let at = rig.now;
    rig.hear_from(stranger(), LOUD);
    assert_eq!(rig.tick().unwrap().to, stranger());
    assert_eq!(
        rig.events(),
        [LegEvent::FirstPacket {
            at,
            from: stranger()
        }]
    );
}

#[test]
fn a_new_signalled_address_is_sent_to_and_latched_anew() {
    let mut rig = Rig::connected();
    talk(&mut rig, 5);
    let remote = ([10, 0, 0, 9], 9_000).into();
    rig.connect(Connection {
        remote,
        ..connection()
    });
    assert_eq!(rig.tick().unwrap().to, remote);
    rig.hear_from(stranger(), LOUD);
    assert_eq!(rig.tick().unwrap().to, stranger());
}

#[test]
fn a_session_refresh_disturbs_neither_latch_nor_audio() {
    let mut rig = Rig::connected();
    talk(&mut rig, 10);
    rig.connect(connection());
    let heard = talk(&mut rig, 10);
    assert!(
        heard
            .iter()
            .all(|frame| frame.frame.samples() == [LOUD; 160])
    );
    assert_eq!(rig.tick().unwrap().to, far_end());
}

#[test]
fn a_leg_that_does_not_receive_hears_silence_and_counts() {
    let mut rig = Rig::connected();
    rig.connect(Connection {
        receive: false,
        ..connection()
    });
    let heard = talk(&mut rig, 20);
    assert_eq!(heard.len(), 20);
    assert!(heard.iter().all(|frame| frame.kind == PlayoutKind::Silence));
    assert_eq!(rig.core.statistics().unwanted, 20);
}

#[test]
fn hearing_goes_on_after_a_hold_where_the_stream_is() {
    let mut rig = Rig::connected();
    talk(&mut rig, 20);
    rig.connect(Connection {
        receive: false,
        ..connection()
    });
    let held = talk(&mut rig, 100);
    assert_eq!(held.len(), 100);
    assert!(
        held[20..]
            .iter()
            .all(|frame| frame.frame.samples() == [0; 160])
    );
    rig.connect(connection());
    let heard = talk(&mut rig, 50);
    assert!(
        heard[20..]
            .iter()
            .all(|frame| frame.frame.samples() == [LOUD; 160])
    );
}

#[test]
fn packets_before_the_first_connection_are_counted_and_latch_nothing() {
    let mut rig = Rig::unconnected();
    rig.hear_from(stranger(), LOUD);
    rig.connect(connection());
    assert_eq!(rig.tick().unwrap().to, signalled());
    assert_eq!(rig.core.statistics().unwanted, 1);
}

#[test]
fn packets_that_stop_are_reported_once_after_the_timeout() {
    let mut rig = Rig::connected();
    talk(&mut rig, 10);
    let last = rig.now - FRAME;
    rig.events();
    rig.ticks(1_000);
    assert_eq!(
        rig.events(),
        [LegEvent::PacketsStopped {
            at: last + NO_RTP_TIMEOUT
        }]
    );
}

#[test]
fn packets_that_never_come_are_reported_after_the_timeout() {
    let mut rig = Rig::connected();
    let connected = rig.now;
    rig.ticks(1_000);
    assert_eq!(
        rig.events(),
        [LegEvent::PacketsStopped {
            at: connected + NO_RTP_TIMEOUT
        }]
    );
}

#[test]
fn packets_that_stop_a_second_time_are_reported_a_second_time() {
    let mut rig = Rig::connected();
    rig.ticks(300);
    talk(&mut rig, 10);
    rig.ticks(300);
    let stops = rig.events();
    let count = stops
        .iter()
        .filter(|event| matches!(event, LegEvent::PacketsStopped { .. }));
    assert_eq!(count.count(), 2);
}

#[test]
fn a_leg_that_does_not_receive_waits_for_no_packets() {
    let mut rig = Rig::connected();
    rig.connect(Connection {
        receive: false,
        ..connection()
    });
    rig.ticks(1_000);
    assert_eq!(rig.events(), []);
    let resumed = rig.now;
    rig.connect(connection());
    rig.ticks(1_000);
    assert_eq!(
        rig.events(),
        [LegEvent::PacketsStopped {
            at: resumed + NO_RTP_TIMEOUT
        }]
    );
}

#[test]
fn strangers_and_garbage_do_not_keep_a_leg_alive() {
    let mut rig = Rig::connected();
    talk(&mut rig, 10);
    rig.events();
    let mut stray = Header {
        ssrc: 0xBAD,
        ..rig.far
    };
    for _ in 0..1_000 {
        // Never two in a row.
        stray.sequence = SequenceNumber(stray.sequence.0.wrapping_add(2));
        rig.receive(stranger(), &datagram(stray, LOUD));
        rig.receive(far_end(), b"garbage");
        rig.tick();
    }
    assert!(matches!(
        rig.events()[..],
        [LegEvent::PacketsStopped { .. }]
    ));
}

#[test]
fn telephone_events_keep_a_leg_alive() {
    let mut rig = Rig::connected();
    for _ in 0..1_000 {
        let key = Header {
            payload_type: TELEPHONE_EVENT,
            ..rig.far
        };
        rig.receive(far_end(), &datagram(key, 0));
        rig.tick();
    }
    assert!(matches!(rig.events()[..], [LegEvent::FirstPacket { .. }]));
}

#[test]
fn keys_pressed_in_the_middle_of_speech_are_no_loss() {
    let mut rig = Rig::connected();
    talk(&mut rig, 20);
    for _ in 0..8 {
        let key = Header {
            payload_type: TELEPHONE_EVENT,
            ..rig.far
        };
        rig.far.sequence = rig.far.sequence.next();
        rig.receive(far_end(), &datagram(key, 0)[..16]);
        talk(&mut rig, 1);
    }
    talk(&mut rig, 20);
    let statistics = rig.core.statistics();
    assert_eq!(statistics.telephone_events, 8);
    assert_eq!((statistics.lost, statistics.concealed_frames), (0, 0));
}

#[test]
fn reordered_packets_are_heard_in_order() {
    let mut rig = Rig::connected();
    let mut heard = Vec::new();
    let samples: Vec<i16> = (0..40).map(|step| 1_000 + 200 * step).collect();
    let order = (0..40).map(|place: usize| place ^ 1);
    let first = rig.far;
    for place in order {
        let header = Header {
            sequence: SequenceNumber(first.sequence.0 + place as u16),
            timestamp: first.timestamp.advanced(160 * place as u32),
            ..first
        };
        rig.receive(far_end(), &datagram(header, samples[place]));
        rig.tick();
        heard.extend(rig.heard().iter().map(|frame| frame.frame.samples()[80]));
    }
    let heard: Vec<_> = heard.into_iter().filter(|&sample| sample != 0).collect();
    assert!(heard.len() > 30);
    assert!(heard.is_sorted(), "{heard:?}");
}

/// Hands everything on and checks the time it is told.
struct ForwardOnly {
    inner: AdaptiveBuffer,
    latest: Moment,
}

impl ForwardOnly {
    fn tell(&mut self, now: Moment) {
        assert!(now >= self.latest, "{now:?} comes after {:?}", self.latest);
        self.latest = now;
    }
}

impl PlayoutBuffer for ForwardOnly {
    fn insert(&mut self, now: Moment, packet: &Packet<'_>) -> Insertion {
        self.tell(now);
        self.inner.insert(now, packet)
    }

    fn pass_over(&mut self, ssrc: u32, sequence: SequenceNumber) {
        self.inner.pass_over(ssrc, sequence);
    }

    fn pull(&mut self, now: Moment, decoder: &mut dyn Decoder, out: &mut Frame) -> Option<Playout> {
        self.tell(now);
        self.inner.pull(now, decoder, out)
    }

    fn statistics(&self) -> Statistics {
        self.inner.statistics()
    }

    fn reset(&mut self, format: Format) {
        self.inner.reset(format);
    }
}

#[test]
fn a_late_tick_does_not_turn_the_playout_buffers_time_back() {
    let mut rig = Rig::with_buffer(Box::new(ForwardOnly {
        inner: rig::buffer(Policy::Play),
        latest: Moment::ZERO,
    }));
    rig.connect(connection());
    let mut heard = Vec::new();
    for _ in 0..50 {
        let deadline = rig.now;
        rig.now = deadline + Duration::from_millis(33);
        rig.hear(LOUD);
        rig.now = deadline;
        rig.tick();
        heard.extend(rig.heard());
    }
    assert_eq!(heard.last().unwrap().frame.samples(), [LOUD; 160]);
}

proptest! {
    #[test]
    fn no_datagram_makes_a_leg_panic_or_miss_a_tick(
        datagrams in prop::collection::vec(
            (any::<bool>(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..700)),
            0..60,
        ),
        second in prop::sample::select(vec![0, 13, 101, 0x80 | 101, 200, 201, 203]),
        secured: bool,
        muxed: bool,
    ) {
        let mut rig = Rig::unconnected();
        let keys = || Keys::new(Profile::AeadAes128Gcm, &[5; 28]).unwrap();
        rig.connect(Connection {
            comfort_noise: Some(13),
            security: secured.then(|| Security { send: keys(), receive: keys() }),
            rtcp: if muxed { Rtcp::Muxed } else { connection().rtcp },
            ..connection()
        });
        for (valid, millis, mut bytes) in datagrams {
            if let (true, [first, type_octet, ..]) = (valid, &mut bytes[..]) {
                (*first, *type_octet) = (0x80, second);
            }
            rig.receive(far_end(), &bytes);
            rig.core.handle_report(rig.now, far_end(), &mut bytes);
            rig.now = rig.now + Duration::from_millis(u64::from(millis % 40));
            let sent = rig.tick();
            // Nobody speaks, so that a line with comfort noise pauses.
            prop_assert!(sent.is_none_or(|sent| sent.to == signalled() || sent.to == far_end()));
            prop_assert_eq!(rig.heard().len(), 1);
        }
    }
}
