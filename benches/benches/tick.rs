//! What one leg costs in one tick without its sockets: a packet of recorded speech
//! comes, 20 ms of the agent go out.
//!
//! `cargo bench -p benches --bench tick [-- --json FILE]`
//!
//! The system calls of a leg, one datagram read and one sent, come on top.

use std::hint::black_box;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use audio::codec::{Encoder, OpusSettings};
use audio::file::read_mono;
use audio::{Codec, FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use jitter::{AdaptiveBuffer, Format, Settings};
use media::rtcp::{Cname, WallClock};
use media::rtp::Header;
use media::{
    Connection, Identity, LegCore, LegEnds, LegOptions, LegSetup, PlayoutFrame, Policy,
    PreparedConnection, Security, SegmentId, StreamStart,
};
use srtp::{Keys, Profile, Protect};

/// 7 s of it.
const SPEECH: &str = "ast_en_vm-review.wav";

/// When a packet comes after the tick before it.
const OFFSET: Duration = Duration::from_millis(7);

const PAYLOAD_TYPE: u8 = 96;

fn main() -> ExitCode {
    benches::estimates::run(measure)
}

fn measure() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("tick");
    group.throughput(Throughput::Elements(1));
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        for policy in [Policy::Listen, Policy::Play] {
            let name = format!("{codec:?} {policy:?}");
            let mut call = Call::new(plain(codec), policy);
            call.bench(&mut group, &name, true);
            call.bench(&mut group, &format!("{name}, agent silent"), false);
        }
    }
    let mut discontinuous = plain(Codec::Opus);
    discontinuous.opus.dtx = true;
    let mut call = Call::new(discontinuous, Policy::Listen);
    call.bench(&mut group, "Opus Listen, agent silent, DTX", false);
    for profile in Profile::ALL {
        let mut call = Call::new(sealed(profile), Policy::Listen);
        call.bench(
            &mut group,
            &format!("Pcmu Listen {}", profile.suite()),
            true,
        );
    }
    group.finish();
    criterion.final_summary();
}

/// One leg and what it is fed with.
struct Call {
    core: LegCore,
    ends: LegEnds,
    now: Moment,
    far: Header,
    step: u32,
    payloads: Vec<Vec<u8>>,
    frames: Vec<Frame>,
    /// Seals what the far end sends.
    protect: Option<Protect>,
    ticks: usize,
}

impl Call {
    fn new(connection: Connection, policy: Policy) -> Self {
        let codec = connection.codec;
        let opened = connection.security.as_ref();
        let protect = opened.map(|security| Protect::new(&security.receive));
        let widest = SampleRate::HZ_16000;
        let format = Format {
            clock: codec.clock(),
            rate: codec.rate(),
        };
        let (mut core, ends) = LegCore::new(LegSetup {
            options: LegOptions {
                widest,
                record: true,
                policy,
                inband_digits: false,
                background: None,
            },
            identity: Identity {
                cname: Cname::new([7; 12]),
                wall_clock: WallClock::new(Moment::ZERO, Duration::from_secs(1_700_000_000)),
                seed: 42,
            },
            no_rtp_timeout: Duration::from_secs(30),
            buffer: Box::new(AdaptiveBuffer::new(Settings::new(policy, format))),
        });
        let start = StreamStart {
            ssrc: 1,
            sequence: SequenceNumber(1),
            timestamp: RtpTimestamp(1),
        };
        let prepared = PreparedConnection::new(connection, start).expect("the codec opens");
        let now = Moment::from_millis(1_000);
        core.connect(now, Box::new(prepared));
        let frames = speech(codec.rate());
        Self {
            core,
            ends,
            now,
            far: Header {
                marker: false,
                payload_type: PAYLOAD_TYPE,
                sequence: SequenceNumber(1),
                timestamp: RtpTimestamp(1),
                ssrc: 2,
            },
            step: codec.clock().samples_in(FRAME) as u32,
            payloads: encoded(codec, &frames),
            frames,
            protect,
            ticks: 0,
        }
    }

    fn bench(&mut self, group: &mut BenchmarkGroup<'_, WallTime>, name: &str, speaks: bool) {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|ticks| (0..ticks).map(|_| self.tick(speaks)).sum());
        });
    }

    /// What a tick and its packet take.
    fn tick(&mut self, speaks: bool) -> Duration {
        self.ticks += 1;
        let mut buffer = [0; 1_500];
        let len = self.arriving(&mut buffer);
        while self.ends.feed.pop_frame().is_some() || self.ends.feed.pop_event().is_some() {}
        let recording = self.ends.recording.as_ref();
        while recording.is_some_and(|recording| recording.pop().is_some()) {}
        if speaks {
            self.say();
        }
        let (came, due) = (self.now + OFFSET, self.now + FRAME);
        self.now = due;
        let began = Instant::now();
        self.core.handle_packet(came, far_end(), &mut buffer[..len]);
        black_box(self.core.tick(due));
        black_box(self.core.poll_report(due));
        began.elapsed()
    }

    /// The far end's next packet.
    fn arriving(&mut self, buffer: &mut [u8]) -> usize {
        let payload = &self.payloads[self.ticks % self.payloads.len()];
        let header = self.far.to_bytes();
        self.far.sequence = self.far.sequence.next();
        self.far.timestamp = self.far.timestamp.advanced(self.step);
        let len = header.len() + payload.len();
        buffer[..header.len()].copy_from_slice(&header);
        buffer[header.len()..len].copy_from_slice(payload);
        match &mut self.protect {
            Some(protect) => protect.protect_rtp(buffer, len).expect("the keys last"),
            None => len,
        }
    }

    fn say(&self) {
        let playout = &self.ends.playout;
        let pushed = playout.push(PlayoutFrame {
            generation: playout.generation(),
            segment: SegmentId(1),
            last: false,
            frame: self.frames[self.ticks % self.frames.len()],
        });
        pushed.expect("the queue has room");
    }
}

fn plain(codec: Codec) -> Connection {
    Connection::new(far_end(), codec, PAYLOAD_TYPE)
}

fn sealed(profile: Profile) -> Connection {
    let keys = |seed| {
        let bytes = vec![seed; profile.key_and_salt_length()];
        Keys::new(profile, &bytes).expect("the length fits")
    };
    Connection {
        security: Some(Security {
            send: keys(1),
            receive: keys(2),
        }),
        ..plain(Codec::Pcmu)
    }
}

fn far_end() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 4_000))
}

/// Recorded speech in frames of 20 ms.
fn speech(rate: SampleRate) -> Vec<Frame> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let samples = read_mono(path.join(SPEECH), rate).expect("the fixture is there");
    samples
        .chunks_exact(rate.samples_in(FRAME))
        .filter_map(Frame::from_samples)
        .collect()
}

fn encoded(codec: Codec, frames: &[Frame]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(codec, OpusSettings::default()).expect("the codec opens");
    let mut out = [0; 1_500];
    let payloads = frames.iter().map(|frame| {
        let len = encoder.encode(frame.samples(), &mut out);
        out[..len.expect("the frame is whole")].to_vec()
    });
    payloads.collect()
}
