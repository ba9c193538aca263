//! Recorded speech over an emulated network.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::Path;

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

/// Sends `speech` over a network and receives it.
pub(crate) fn call(
    policy: Policy,
    rate: SampleRate,
    profile: &Profile,
    seed: u64,
    speech: &[i16],
) -> Call {
    let frame_samples = Frame::silence(rate).len();
    let format = Format { clock: rate, rate };
    let mut buffer = AdaptiveBuffer::new(Settings::new(policy, format));
    let mut network = Network::new(profile.clone(), seed);
    let mut heard = Vec::new();
    let mut arrived = Vec::new();
    let mut frame = Frame::silence(rate);
    let mut pull = |buffer: &mut AdaptiveBuffer, now: Moment| {
        while buffer.pull(now, &mut Linear, &mut frame).is_some() {
            heard.extend_from_slice(frame.samples());
            if policy == Policy::Play {
                break;
            }
        }
    };
    let frames: Vec<&[i16]> = speech.chunks_exact(frame_samples).collect();
    for step in 0..frames.len() + 20 {
        if let Some(samples) = frames.get(step) {
            let sent = profile.send_time(Moment::ZERO, FRAME * step as u32);
            let payload: Vec<u8> = samples.iter().flat_map(|it| it.to_le_bytes()).collect();
            network.send(sent, (step, payload));
        }
        let now = Moment::ZERO + FRAME * step as u32 + FRAME / 2;
        while let Some((at, (number, payload))) = network.poll(now) {
            let packet = Packet {
                content: Content::Audio,
                sequence: SequenceNumber(number as u16),
                timestamp: RtpTimestamp((number * frame_samples) as u32),
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
