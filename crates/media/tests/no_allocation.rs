//! Ticking a leg and handing it packets never touches the heap.

mod rig;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;

use audio::{Frame, Moment, SampleRate};
use jitter::{AdaptiveBuffer, Format, Settings};
use media::rtp::Header;
use media::{
    Ambience, Background, Codec, Connection, Digit, LegCore, LegEnds, LegOptions, LegSetup,
    PlayoutFrame, Policy, Port, Rtcp, Security, SegmentId, TelephoneEventFormat, Transmit,
};
use rig::{
    LOUD, Rig, TELEPHONE_EVENT, connection, datagram, far_end, prepared, signalled, stranger,
};
use srtp::{Keys, Profile};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written otherwise")]
// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How many allocations `action` makes on this thread.
fn allocations(action: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    action();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(Box::new(1)))) > 0);
}

#[test]
fn ten_seconds_of_everything_do_not_allocate() {
    everything_and(Rig::connected(), || {});
}

#[test]
fn noting_all_of_it_does_not_allocate() {
    let mut rig = Rig::connected();
    let mut tap = rig.core.tap();
    let mut noted = 0;
    everything_and(rig, || noted += std::iter::from_fn(|| tap.pop()).count());
    assert!(tap.is_complete());
    assert!(noted > 1_500, "{noted}");
}

/// Ten seconds of everything, and something else between two ticks.
fn everything_and(mut rig: Rig, mut between: impl FnMut()) {
    let recording = rig.ends.recording.take();
    let mut sent = 0;
    for tick in 0..500u32 {
        let key = datagram(
            Header {
                payload_type: TELEPHONE_EVENT,
                ..rig.far
            },
            0,
        );
        rig.far.sequence = rig.far.sequence.next();
        let mut key = key;
        let mut speech = datagram(rig.far, LOUD);
        rig.far.timestamp = rig.far.timestamp.advanced(160);
        rig.far.sequence = rig.far.sequence.next();
        let held = (tick % 60 == 50).then(|| {
            prepared(Connection {
                send: false,
                ..connection()
            })
        });
        let resumed = (tick % 60 == 55).then(|| prepared(connection()));
        let now = rig.now;
        let count = allocations(|| {
            if let Some(agreed) = held.or(resumed) {
                rig.core.connect(now, agreed);
            }
            // Every seventh packet is lost, every eleventh comes twice.
            if tick % 7 > 0 {
                rig.core.handle_packet(now, far_end(), &mut speech);
            }
            if tick % 11 == 0 {
                rig.core.handle_packet(now, far_end(), &mut speech);
            }
            rig.core.handle_packet(now, far_end(), &mut key);
            rig.core.handle_packet(now, stranger(), &mut speech);
            rig.core.handle_packet(now, far_end(), &mut speech[..9]);
            if rig.ends.playout.space() > 0 {
                rig.say(tick / 5, tick % 5 == 4, LOUD);
            }
            if tick % 40 == 0 {
                rig.ends.playout.interrupt();
            }
            sent += usize::from(rig.core.tick(now).is_some());
            // A consumer that is mostly behind.
            if tick % 100 == 0 {
                while rig.ends.feed.pop_event().is_some() {}
                while rig.ends.feed.pop_frame().is_some() {}
                recording
                    .iter()
                    .for_each(|recording| while recording.pop().is_some() {});
            }
        });
        assert_eq!(count, 0, "allocations in tick {tick}");
        rig.now = now + audio::FRAME;
        between();
    }
    assert!(sent > 400);
    let statistics = rig.core.statistics();
    assert!(
        statistics.concealed_frames > 0 && statistics.recording_dropped > 0,
        "{statistics:?}"
    );
}

/// A datagram, kept without a heap.
struct Kept {
    bytes: [u8; 1_500],
    len: usize,
    port: Port,
}

impl Kept {
    fn new(transmit: &Transmit<'_>) -> Self {
        let mut bytes = [0; 1_500];
        bytes[..transmit.packet.len()].copy_from_slice(transmit.packet);
        Self {
            bytes,
            len: transmit.packet.len(),
            port: transmit.port,
        }
    }
}

/// One end of a call that does everything a leg can.
struct End {
    core: LegCore,
    ends: LegEnds,
    address: SocketAddr,
}

impl End {
    fn new(address: SocketAddr, policy: Policy) -> Self {
        let widest = SampleRate::HZ_16000;
        let format = Format {
            clock: widest,
            rate: widest,
        };
        let (core, ends) = LegCore::new(LegSetup {
            options: LegOptions {
                widest,
                record: true,
                policy,
                inband_digits: true,
                background: Some(Background {
                    ambience: Ambience::Office,
                    volume: 0.5,
                }),
            },
            identity: rig::identity(),
            no_rtp_timeout: rig::NO_RTP_TIMEOUT,
            buffer: Box::new(AdaptiveBuffer::new(Settings::new(policy, format))),
        });
        Self {
            core,
            ends,
            address,
        }
    }

    /// One tick: what is sent in it.
    fn tick(&mut self, now: Moment, tick: u32) -> [Option<Kept>; 2] {
        let playout = &self.ends.playout;
        if tick % 10 < 7
            && let Some(rate) = playout.rate()
        {
            let mut frame = Frame::silence(rate);
            for (place, sample) in frame.samples_mut().iter_mut().enumerate() {
                *sample = ((place as i32 * 211) % 16_000 - 8_000) as i16;
            }
            let pushed = playout.push(PlayoutFrame {
                generation: playout.generation(),
                segment: SegmentId(tick / 50),
                last: tick % 50 == 49,
                frame,
            });
            assert!(pushed.is_ok());
        }
        if tick % 150 == 20 {
            let _ = self.ends.digits.send(&Digit::ALL[..3]);
        }
        if tick.is_multiple_of(90) {
            playout.interrupt();
        }
        if tick.is_multiple_of(64) {
            while self.ends.feed.pop_frame().is_some() || self.ends.feed.pop_event().is_some() {}
            let recording = self.ends.recording.as_ref();
            while recording.is_some_and(|recording| recording.pop().is_some()) {}
        }
        let audio = self.core.tick(now).map(|transmit| Kept::new(&transmit));
        let report = self.core.poll_report(now);
        [audio, report.map(|transmit| Kept::new(&transmit))]
    }

    fn take(&mut self, now: Moment, from: SocketAddr, kept: &mut Kept) {
        let datagram = &mut kept.bytes[..kept.len];
        match kept.port {
            Port::Rtp => self.core.handle_packet(now, from, datagram),
            Port::Rtcp => self.core.handle_report(now, from, datagram),
        }
    }
}

fn agreement(codec: Codec, profile: Option<Profile>, muxed: bool) -> [Connection; 2] {
    let keys = |seed: u8, profile: Profile| {
        Keys::new(profile, &vec![seed; profile.key_and_salt_length()]).expect("the length fits")
    };
    [(far_end(), 1), (signalled(), 2)].map(|(remote, seed)| {
        let mut connection = Connection::new(remote, codec, 96);
        connection.opus.dtx = muxed;
        connection.comfort_noise = Some(13);
        connection.security = profile.map(|profile| Security {
            send: keys(seed, profile),
            receive: keys(3 - seed, profile),
        });
        if muxed {
            connection.rtcp = Rtcp::Muxed;
        }
        // Keys as tones, where they are not agreed on as events.
        connection.telephone_event = profile.map(|_| TelephoneEventFormat {
            payload_type: TELEPHONE_EVENT,
            clock: codec.clock(),
        });
        connection
    })
}

/// Allocations within 15 s of a call between two legs over a bad line.
fn allocations_of_a_call(codec: Codec, profile: Option<Profile>, policy: Policy) -> usize {
    let muxed = policy == Policy::Listen;
    let mut ends = [signalled(), far_end()].map(|address| End::new(address, policy));
    let mut now = Moment::from_millis(1_000);
    for (end, connection) in ends.iter_mut().zip(agreement(codec, profile, muxed)) {
        end.core.connect(now, prepared(connection));
    }
    let mut count = 0;
    for tick in 0..750u32 {
        count += allocations(|| {
            let [one, other] = &mut ends;
            pass(one, other, now, tick);
            pass(other, one, now, tick);
        });
        now = now + audio::FRAME;
    }
    for end in &ends {
        let statistics = end.core.statistics();
        assert!(
            statistics.packets_received > 300,
            "{codec:?} {statistics:?}"
        );
        assert!(statistics.reports_received > 0, "{codec:?} {statistics:?}");
        assert!(statistics.concealed_frames > 0, "{codec:?} {statistics:?}");
        assert_eq!(profile.is_some(), statistics.digits_received > 0);
        assert_eq!(profile.is_some(), statistics.replayed > 0);
    }
    count
}

/// `from` ticks, and what it sends reaches `to`, unless it gets lost; some twice,
/// some damaged.
fn pass(from: &mut End, to: &mut End, now: Moment, tick: u32) {
    for mut kept in from.tick(now, tick).into_iter().flatten() {
        if tick % 13 == 4 && kept.port == Port::Rtp {
            continue;
        }
        let mut again = Kept { ..kept };
        let mut damaged = Kept { ..kept };
        damaged.bytes[damaged.len / 2] ^= 0x55;
        if tick % 11 == 3 {
            to.take(now, from.address, &mut damaged);
        }
        to.take(now, from.address, &mut kept);
        if tick % 5 == 1 {
            to.take(now, from.address, &mut again);
        }
        to.take(now, stranger(), &mut again);
    }
}

#[test]
fn no_codec_no_cipher_no_report_and_no_key_allocates() {
    for codec in Codec::ALL {
        for policy in [Policy::Play, Policy::Listen] {
            let plain = allocations_of_a_call(codec, None, policy);
            assert_eq!(plain, 0, "{codec:?} {policy:?}");
            for profile in Profile::ALL {
                let sealed = allocations_of_a_call(codec, Some(profile), policy);
                assert_eq!(sealed, 0, "{codec:?} {profile:?} {policy:?}");
            }
        }
    }
}

/// Bytes that a wide, recorded leg takes with `codec`, secured.
fn weight(codec: Codec) -> usize {
    let before = BYTES.get();
    let mut end = End::new(signalled(), Policy::Listen);
    let [connection, _] = agreement(codec, Some(Profile::AeadAes128Gcm), true);
    end.core
        .connect(Moment::from_millis(1_000), prepared(connection));
    let bytes = BYTES.get() - before;
    drop(end);
    bytes
}

#[test]
fn a_leg_fits_into_three_hundred_kilobytes() {
    // The sound of a place is there once for all legs.
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        Ambience::Office.bed(rate);
    }
    for codec in Codec::ALL {
        let bytes = weight(codec) + size_of::<LegCore>();
        println!("a wide, recorded leg takes {bytes} bytes with {codec:?}");
        assert!(bytes < 300_000, "{codec:?}: {bytes} bytes");
    }
    let before = BYTES.get();
    let rig = Rig::connected();
    let bytes = BYTES.get() - before;
    println!("a narrow, recorded leg takes {bytes} bytes");
    assert!(bytes < 200_000, "{bytes} bytes");
    drop(rig);
}
