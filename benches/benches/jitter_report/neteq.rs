//! The `neteq` crate.
//!
//! It gives 10 ms at a time; two of them make the 20 ms of a pull. Losses it does
//! not conceal as such: it plays the next packet, and makes audio up when its
//! buffer then runs low.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::neteq::codec::AudioDecoder;
use ::neteq::neteq::SpeechType;
use ::neteq::{AudioPacket, NetEq, NetEqConfig, RtpHeader};
use audio::{Companding, Moment};

use crate::contender::{Contender, Pulled};
use crate::trace::{RATE, SAMPLES, Sent};
use crate::virtual_clock;

/// The knobs that are turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Knobs {
    /// The quantile of the delay that is provided for.
    pub(crate) quantile: f64,
    /// What is left of a delay's weight after the next one.
    pub(crate) forget_factor: f64,
}

impl Knobs {
    /// The crate's own defaults.
    pub(crate) fn defaults() -> Self {
        let config = NetEqConfig::default().delay_config;
        Self {
            quantile: config.quantile,
            forget_factor: config.forget_factor,
        }
    }

    /// The defaults of WebRTC where delays are resampled, as the crate does it.
    pub(crate) const fn webrtc() -> Self {
        Self {
            quantile: 0.95,
            forget_factor: 0.983,
        }
    }
}

/// The crate's buffer.
pub(crate) struct Neteq {
    buffer: NetEq,
    decoded: Arc<Decoded>,
    stretched: u64,
}

/// What the decoder has seen.
#[derive(Debug, Default)]
struct Decoded {
    /// The packet behind the newest one.
    next: AtomicU64,
    /// Packets passed over since this was last asked for.
    missing: AtomicU64,
}

impl Neteq {
    pub(crate) fn new(start: Moment, knobs: Knobs) -> Self {
        virtual_clock::set(start);
        let mut config = NetEqConfig {
            sample_rate: RATE.hertz(),
            ..NetEqConfig::default()
        };
        config.delay_config.quantile = knobs.quantile;
        config.delay_config.forget_factor = knobs.forget_factor;
        let mut buffer = NetEq::new(config).expect("the configuration is valid");
        let decoded = Arc::new(Decoded::default());
        let decoder = Decoder(Arc::clone(&decoded));
        buffer.register_decoder(0, Box::new(decoder));
        Self {
            buffer,
            decoded,
            stretched: 0,
        }
    }

    /// The position played next.
    fn position(&self) -> Option<i64> {
        let waiting = self.buffer.get_statistics().packets_awaiting_decode * SAMPLES;
        let buffered = self.buffer.current_buffer_size_samples();
        let left = buffered.saturating_sub(waiting) as i64;
        let decoded = self.decoded.next.load(Ordering::Relaxed) as i64 * SAMPLES as i64;
        (decoded > 0).then_some(decoded - left)
    }
}

impl Contender for Neteq {
    fn insert(&mut self, now: Moment, sent: &Sent) {
        virtual_clock::set(now);
        let packet = sent.packet();
        let header = RtpHeader::new(
            packet.sequence.0,
            packet.timestamp.0,
            packet.ssrc,
            0,
            packet.marker,
        );
        let mut payload = sent.number.to_le_bytes().to_vec();
        payload.extend(packet.payload);
        let packet = AudioPacket::new(header, payload, RATE.hertz(), 1, 20);
        self.buffer
            .insert_packet(packet)
            .expect("it takes any packet");
    }

    fn pull(&mut self, now: Moment) -> Pulled {
        virtual_clock::set(now);
        let mut made_up = 0;
        for _ in 0..2 {
            let before = self.buffer.current_buffer_size_samples();
            let frame = self.buffer.get_audio().expect("it gives audio always");
            let played = before.saturating_sub(self.buffer.current_buffer_size_samples());
            if frame.speech_type != SpeechType::Normal {
                made_up += frame.samples.len().saturating_sub(played) as u64;
            }
        }
        let lifetime = self.buffer.get_statistics().lifetime;
        let stretched =
            lifetime.inserted_samples_for_deceleration + lifetime.removed_samples_for_acceleration;
        let before = std::mem::replace(&mut self.stretched, stretched);
        let missing = self.decoded.missing.swap(0, Ordering::Relaxed);
        Pulled {
            position: self.position(),
            made_up,
            missing: missing * SAMPLES as u64,
            stretched: stretched - before,
        }
    }
}

struct Decoder(Arc<Decoded>);

impl AudioDecoder for Decoder {
    fn sample_rate(&self) -> u32 {
        RATE.hertz()
    }

    fn channels(&self) -> u8 {
        1
    }

    fn decode(&mut self, encoded: &[u8]) -> ::neteq::Result<Vec<f32>> {
        let (number, payload) = encoded.split_at(8);
        let number = number.try_into().map_or(0, u64::from_le_bytes);
        let next = self.0.next.fetch_max(number + 1, Ordering::Relaxed);
        let missing = number.saturating_sub(next);
        self.0.missing.fetch_add(missing, Ordering::Relaxed);
        let mut pcm = [0; SAMPLES];
        let count = Companding::MuLaw.decode(payload, &mut pcm);
        let audio = pcm[..count]
            .iter()
            .map(|&sample| f32::from(sample) / 32_768.0);
        Ok(audio.collect())
    }
}
