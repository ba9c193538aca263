//! Opus (RFC 6716) by libopus: 16 kHz, mono.

mod packet;

pub(super) use packet::Packet;

use audiopus::coder::GenericCtl;
use audiopus::{Application, Bitrate, Channels, MutSignals, SampleRate, Signal, coder};
use packet::Mode;
use serde::{Deserialize, Serialize};

use super::{DecodeError, EncodeError, OpenCodecError};

/// The longest packet that is made: 20 ms at the highest bit rate.
pub(super) const LONGEST_PACKET: usize = 1_275;

/// A packet of so few bytes need not be sent: it says that there is nothing.
const NOTHING: usize = 2;
/// Frames of digital silence after which libopus' state has come to rest, so that the packets
/// differ in nothing that is heard.
const SETTLED: u8 = 10;
/// Room for a packet of silence, which takes some 10 bytes at the default bit rate.
const SILENCE: usize = 128;
/// libopus makes up audio in whole steps of 2.5 ms.
const STEP: usize = 40;

/// The choices that the sender of Opus has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OpusSettings {
    /// How much computation goes into quality, 0 to 10.
    pub complexity: u8,
    /// Bits per second, 6000 to 510 000.
    pub bitrate: u32,
    /// Whether packets carry a coarser copy of the one before them, from which
    /// the receiver can recover a loss (in-band FEC). libopus leaves the copies
    /// out where it finds the bit rate too low for the loss that is expected, at
    /// 24 kbit/s up to a loss of 5 %. At a complexity of 0 or 1 it does so more
    /// readily, or gives up the band above 6 kHz for them.
    pub inband_fec: bool,
    /// Whether next to nothing is sent while there is silence (discontinuous
    /// transmission).
    pub dtx: bool,
    /// How many packets of a hundred are expected to be lost at least, 0 to 100.
    pub expected_loss_percent: u8,
}

impl Default for OpusSettings {
    /// 24 kbit/s at complexity 5, with in-band FEC against a loss of 10 %, and
    /// without discontinuous transmission.
    fn default() -> Self {
        Self {
            complexity: 5,
            bitrate: 24_000,
            inband_fec: true,
            dtx: false,
            expected_loss_percent: 10,
        }
    }
}

impl OpusSettings {
    fn check(&self) -> Result<(), OpenCodecError> {
        if self.complexity > 10 {
            return Err(OpenCodecError::Complexity(self.complexity));
        }
        if !(6_000..=510_000).contains(&self.bitrate) {
            return Err(OpenCodecError::Bitrate(self.bitrate));
        }
        if self.expected_loss_percent > 100 {
            return Err(OpenCodecError::ExpectedLoss(self.expected_loss_percent));
        }
        Ok(())
    }
}

/// libopus' encoder. Its bindings change it through a shared reference, so it
/// has one owner, who takes it by a unique one.
#[derive(Debug)]
pub(super) struct Encoder {
    coder: coder::Encoder,
    /// The least loss that it is prepared for, of a hundred packets.
    least_loss: u8,
    /// `None` where transmission is discontinuous, and libopus sends next to nothing by itself.
    silence: Option<Silence>,
}

/// The packet that stands for digital silence, once it has lasted. A silent agent is the rule in
/// a call, and making such packets anew costs nearly as much as speech.
#[derive(Debug)]
struct Silence {
    /// Frames of it in a row, up to [`SETTLED`].
    frames: u8,
    packet: [u8; SILENCE],
    /// 0: none is known.
    len: usize,
}

impl Silence {
    const NONE: Self = Self {
        frames: 0,
        packet: [0; SILENCE],
        len: 0,
    };

    /// The packet to send for `frame`, if it needs no encoding.
    fn packet(&mut self, frame: &[i16]) -> Option<&[u8]> {
        if frame.iter().any(|sample| *sample != 0) {
            (self.frames, self.len) = (0, 0);
            return None;
        }
        if self.len == 0 {
            self.frames = (self.frames + 1).min(SETTLED);
            return None;
        }
        self.packet.get(..self.len)
    }

    /// Takes what was made of the frame asked for before.
    fn made(&mut self, packet: &[u8]) {
        if self.frames == SETTLED
            && packet.len() > NOTHING
            && let Some(room) = self.packet.get_mut(..packet.len())
        {
            room.copy_from_slice(packet);
            self.len = packet.len();
        }
    }
}

impl Encoder {
    pub(super) fn new(settings: OpusSettings) -> Result<Self, OpenCodecError> {
        settings.check()?;
        Self::open(settings).map_err(|_| OpenCodecError::Refused)
    }

    fn open(settings: OpusSettings) -> audiopus::Result<Self> {
        let mut encoder =
            coder::Encoder::new(SampleRate::Hz16000, Channels::Mono, Application::Voip)?;
        // Speech is made by linear prediction, the coder that has in-band FEC.
        encoder.set_signal(Signal::Voice)?;
        encoder.set_complexity(settings.complexity)?;
        encoder.set_bitrate(Bitrate::BitsPerSecond(settings.bitrate.cast_signed()))?;
        encoder.set_inband_fec(settings.inband_fec)?;
        encoder.set_dtx(settings.dtx)?;
        encoder.set_packet_loss_perc(settings.expected_loss_percent)?;
        Ok(Self {
            coder: encoder,
            least_loss: settings.expected_loss_percent,
            silence: (!settings.dtx).then_some(Silence::NONE),
        })
    }

    pub(super) fn encode(&mut self, frame: &[i16], out: &mut [u8]) -> Result<usize, EncodeError> {
        if let Some(packet) = self
            .silence
            .as_mut()
            .and_then(|silence| silence.packet(frame))
        {
            out[..packet.len()].copy_from_slice(packet);
            return Ok(packet.len());
        }
        let length = self
            .coder
            .encode(frame, out)
            .map_err(|_| EncodeError::Refused)?;
        if let Some(silence) = &mut self.silence {
            silence.made(&out[..length]);
        }
        Ok(if length > NOTHING { length } else { 0 })
    }

    /// Encodes `frame` as if transmission were continuous.
    pub(super) fn encode_sign_of_life(
        &mut self,
        frame: &[i16],
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        if self.silence.is_some() {
            return self.encode(frame, out);
        }
        let switched = self.coder.set_dtx(false);
        let length = self.coder.encode(frame, out);
        switched
            .and_then(|()| self.coder.set_dtx(true))
            .and(length)
            .map_err(|_| EncodeError::Refused)
    }

    pub(super) fn expect_loss(&mut self, percent: u8) {
        let percent = percent.clamp(self.least_loss, 100);
        self.coder
            .set_packet_loss_perc(percent)
            .expect("libopus takes any percentage");
    }
}

/// libopus' decoder.
#[derive(Debug)]
pub(super) struct Decoder {
    inner: coder::Decoder,
    /// The coder of the packet decoded last.
    mode: Option<Mode>,
}

impl Decoder {
    pub(super) fn new() -> Result<Self, OpenCodecError> {
        let inner = coder::Decoder::new(SampleRate::Hz16000, Channels::Mono)
            .map_err(|_| OpenCodecError::Refused)?;
        Ok(Self { inner, mode: None })
    }

    /// Decodes `payload`, whose audio is as long as `out`.
    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, DecodeError> {
        let bytes = payload.len();
        let packet = Packet::parse(payload).ok_or(DecodeError::Invalid { bytes })?;
        self.mode = Some(packet.mode());
        self.run(Some(payload), out, false)
            .ok_or(DecodeError::Invalid { bytes })
    }

    pub(super) fn recover(&mut self, next: &[u8], out: &mut [i16]) -> usize {
        let Some(packet) = Packet::parse(next) else {
            return 0;
        };
        // What libopus checks too, but it conceals then without a word.
        let helps = packet.has_copy()
            && self.mode != Some(Mode::Celt)
            && packet.frame_samples() <= out.len()
            && out.len().is_multiple_of(STEP);
        if !helps {
            return 0;
        }
        self.run(Some(next), out, true).unwrap_or(0)
    }

    pub(super) fn conceal(&mut self, out: &mut [i16]) -> usize {
        if out.is_empty() || !out.len().is_multiple_of(STEP) {
            return 0;
        }
        self.run(None, out, false).unwrap_or(0)
    }

    pub(super) fn reset(&mut self) {
        self.inner
            .reset_state()
            .expect("libopus resets any decoder");
        self.mode = None;
    }

    /// How many samples libopus wrote; `None` if it refused.
    fn run(&mut self, payload: Option<&[u8]>, out: &mut [i16], recover: bool) -> Option<usize> {
        let packet = payload.map(TryInto::try_into).transpose().ok()?;
        let signals = MutSignals::try_from(out).ok()?;
        self.inner.decode(packet, signals, recover).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        /// libopus reads a packet's structure itself. What the transform made it
        /// may still find to be garbage.
        #[test]
        fn packets_are_read_as_by_libopus(
            toc in any::<u8>(),
            head in prop::collection::vec(prop_oneof![any::<u8>(), 0..8u8, 250..=255u8], 0..8),
            length in 0..700usize,
        ) {
            let mut packet = [&[toc][..], &head].concat();
            packet.resize(packet.len() + length, 0x5A);
            let mut decoder = Decoder::new().expect("there is memory");
            let by_libopus = decoder.run(Some(&packet), &mut [0; 1_920], false);
            let samples = Packet::parse(&packet).map(|packet| packet.samples());
            let garbage = toc >= 0x80 && by_libopus.is_none();
            prop_assert!(garbage || by_libopus == samples);
        }
    }

    #[test]
    fn libopus_decodes_whatever_is_well_formed_linear_prediction() {
        let mut decoder = Decoder::new().expect("there is memory");
        let mut state = 1u32;
        for _ in 0..2_000 {
            let packet: [u8; 60] = std::array::from_fn(|index| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let byte = (state >> 24) as u8;
                if index == 0 { byte & 0x7C } else { byte }
            });
            let samples = Packet::parse(&packet).map(|packet| packet.samples());
            assert!(samples.is_some());
            assert_eq!(decoder.run(Some(&packet), &mut [0; 1_920], false), samples);
        }
    }
}
