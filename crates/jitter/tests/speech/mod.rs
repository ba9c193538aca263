//! Recorded speech over an emulated network.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::Path;

use audio::codec::{self, Codec, Encoder, OpusSettings, comfort_noise};
use audio::{FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use jitter::{
    AdaptiveBuffer, Content, DecodeError, Decoder, Format, Packet, PlayoutBuffer, Policy, Settings,
    Statistics,
};
use netem::{Network, Profile};

/// Recordings of several voices, at 16 kHz.
const RECORDINGS: [&str; 6] = [
    "ast_en_vm-msginstruct.wav",
    "ast_en_vm-review.wav",
    "ast_es_agent-newlocation.wav",
    "ast_fr_vm-newuser.wav",
    "syn_en_pay-bill.wav",
    "syn_en_slow-internet.wav",
];

/// All of them in a row, in whole frames.
pub(crate) fn recordings(rate: SampleRate) -> Vec<i16> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut speech = Vec::new();
    for name in RECORDINGS {
        let path = folder.join(name);
        speech.extend(audio::file::read_mono(path, rate).expect("a recording of speech"));
    }
    let frame = Frame::silence(rate).len();
    speech.truncate(speech.len() / frame * frame);
    speech
}

/// Linear samples, little-endian.
struct Linear;

impl Decoder for Linear {
    fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, DecodeError> {
        let pairs = payload.chunks_exact(2);
        let count = pairs.len();
        for (out, pair) in out.iter_mut().zip(pairs) {
            *out = i16::from_le_bytes([pair[0], pair[1]]);
        }
        Ok(count)
    }

    fn samples(&self, payload: &[u8]) -> Option<usize> {
        Some(payload.len() / 2)
    }

    fn recover(&mut self, _: &[u8], _: &mut [i16]) -> usize {
        0
    }

    fn conceal(&mut self, _: &mut [i16]) -> usize {
        0
    }

    fn noise(&mut self, _: Option<&[u8]>, out: &mut [i16]) {
        out.fill(0);
    }
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) heard: Vec<i16>,
    pub(crate) statistics: Statistics,
    /// The numbers of the packets that arrived.
    pub(crate) arrived: Vec<usize>,
}

/// How speech is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Coding {
    /// As it is, at this rate.
    Linear(SampleRate),
    /// By a codec. The settings are those of Opus.
    Codec(Codec, OpusSettings),
    /// By μ-law, its pauses left out and their noise described (RFC 3389).
    WithoutPauses,
}

impl Coding {
    pub(crate) const fn format(self) -> Format {
        let (clock, rate) = match self {
            Self::Linear(rate) => (rate, rate),
            Self::Codec(codec, _) => (codec.clock(), codec.rate()),
            Self::WithoutPauses => (SampleRate::HZ_8000, SampleRate::HZ_8000),
        };
        Format { clock, rate }
    }

    fn decoder(self) -> Box<dyn Decoder> {
        let codec = match self {
            Self::Linear(_) => return Box::new(Linear),
            Self::Codec(codec, _) => codec,
            Self::WithoutPauses => Codec::Pcmu,
        };
        Box::new(codec::Decoder::new(codec).expect("the codec opens"))
    }
}

/// Frames softer than this, as a mean square, are pauses.
const PAUSE: i64 = 2_000;
/// The noise of a pause is described anew after so many frames.
const DESCRIBED: usize = 25;

/// Makes the payloads of a call.
struct Source {
    coding: Coding,
    encoder: Option<Encoder>,
    /// Frames since the pause began.
    paused: usize,
}

impl Source {
    fn new(coding: Coding) -> Self {
        let (codec, settings) = match coding {
            Coding::Linear(_) => (None, OpusSettings::default()),
            Coding::Codec(codec, settings) => (Some(codec), settings),
            Coding::WithoutPauses => (Some(Codec::Pcmu), OpusSettings::default()),
        };
        let open = |codec| Encoder::new(codec, settings).expect("the codec opens");
        Self {
            coding,
            encoder: codec.map(open),
            paused: 0,
        }
    }

    /// What is sent of a frame, if anything.
    fn payload(&mut self, samples: &[i16]) -> Option<(Content, Vec<u8>)> {
        let square = |&sample: &i16| i64::from(sample) * i64::from(sample);
        let power = samples.iter().map(square).sum::<i64>() / samples.len() as i64;
        if matches!(self.coding, Coding::WithoutPauses) && power < PAUSE {
            self.paused += 1;
            let description = comfort_noise::describe(samples).to_vec();
            let due = self.paused % DESCRIBED == 1;
            return due.then_some((Content::ComfortNoise, description));
        }
        self.paused = 0;
        let Some(encoder) = &mut self.encoder else {
            let bytes = samples.iter().flat_map(|it| it.to_le_bytes());
            return Some((Content::Audio, bytes.collect()));
        };
        let mut payload = vec![0; encoder.codec().longest_payload()];
        let length = encoder
            .encode(samples, &mut payload)
            .expect("it is a frame");
        payload.truncate(length);
        (length > 0).then_some((Content::Audio, payload))
    }
}

/// Sends `speech` as it is over a network and receives it.
pub(crate) fn call(
    policy: Policy,
    rate: SampleRate,
    profile: &Profile,
    seed: u64,
    speech: &[i16],
) -> Call {
    coded_call(policy, Coding::Linear(rate), profile, seed, speech)
}

/// Sends `speech`, at the rate of the coding, over a network and receives it.
pub(crate) fn coded_call(
    policy: Policy,
    coding: Coding,
    profile: &Profile,
    seed: u64,
    speech: &[i16],
) -> Call {
    let format = coding.format();
    let frame_samples = Frame::silence(format.rate).len();
    let step_ticks = format.clock.samples_in(FRAME);
    let mut buffer = AdaptiveBuffer::new(Settings::new(policy, format));
    let mut decoder = coding.decoder();
    let mut source = Source::new(coding);
    let mut network = Network::new(profile.clone(), seed);
    let mut heard = Vec::new();
    let mut arrived = Vec::new();
    let mut frame = Frame::silence(format.rate);
    let mut pull = |buffer: &mut AdaptiveBuffer, now: Moment| {
        while buffer.pull(now, &mut *decoder, &mut frame).is_some() {
            heard.extend_from_slice(frame.samples());
            if policy == Policy::Play {
                break;
            }
        }
    };
    let frames: Vec<&[i16]> = speech.chunks_exact(frame_samples).collect();
    let mut sequence = 0;
    for step in 0..frames.len() + 20 {
        if let Some(samples) = frames.get(step)
            && let Some((content, payload)) = source.payload(samples)
        {
            let sent = profile.send_time(Moment::ZERO, FRAME * step as u32);
            network.send(sent, (step, sequence, content, payload));
            sequence += 1;
        }
        let now = Moment::ZERO + FRAME * step as u32 + FRAME / 2;
        while let Some((at, (number, sequence, content, payload))) = network.poll(now) {
            let packet = Packet {
                content,
                sequence: SequenceNumber(sequence),
                timestamp: RtpTimestamp((number * step_ticks) as u32),
                marker: false,
                ssrc: 1,
                payload: &payload,
            };
            buffer.insert(at, &packet);
            arrived.push(number);
            if policy == Policy::Listen {
                pull(&mut buffer, at);
            }
        }
        pull(&mut buffer, now);
    }
    Call {
        heard,
        statistics: buffer.statistics(),
        arrived,
    }
}
