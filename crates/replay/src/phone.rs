//! The caller's telephone: turns frames and keys into RTP packets.

use audio::codec::{Codec, Encoder, OpenCodecError, OpusSettings};
use audio::dtmf::Digit;
use audio::{FRAME, Moment, RtpTimestamp, SequenceNumber};
use media::TelephoneEventFormat;
use media::rtp::Header;
use media::telephone_event::{QUEUE_LIMIT, Sender, Settings, Tick};

/// The payload type of telephone events.
const EVENTS: u8 = 101;

/// The payload type of codecs that have none of their own.
const DYNAMIC: u8 = 96;

/// Keys that can be pressed in a row.
pub(crate) const MOST_KEYS: usize = QUEUE_LIMIT;

/// How a codec is numbered on the replayed line.
pub(crate) fn payload_type(codec: Codec) -> u8 {
    codec.static_payload_type().unwrap_or(DYNAMIC)
}

/// How keys travel on the replayed line.
pub(crate) fn events(codec: Codec) -> TelephoneEventFormat {
    TelephoneEventFormat {
        payload_type: EVENTS,
        clock: codec.clock(),
    }
}

pub(crate) struct Phone {
    encoder: Encoder,
    keys: Sender,
    header: Header,
    payload: Vec<u8>,
    speaks: bool,
}

impl Phone {
    /// A telephone that names its stream `ssrc`.
    pub(crate) fn new(codec: Codec, ssrc: u32) -> Result<Self, OpenCodecError> {
        Ok(Self {
            encoder: Encoder::new(codec, OpusSettings::default())?,
            keys: Sender::new(codec.clock(), Settings::default()),
            header: Header {
                marker: false,
                payload_type: payload_type(codec),
                sequence: SequenceNumber(ssrc as u16),
                timestamp: RtpTimestamp(ssrc.rotate_left(16)),
                ssrc,
            },
            payload: vec![0; codec.longest_payload()],
            speaks: false,
        })
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&mut self, keys: &[Digit]) {
        for key in keys {
            // overflow: refused; a scenario's keys were counted before
            if self.keys.press(*key).is_err() {
                tracing::warn!("more keys are pressed in a row than can wait");
            }
        }
    }

    /// Whether all keys have been pressed.
    pub(crate) fn has_pressed(&self) -> bool {
        self.keys.is_idle()
    }

    /// The packet of the tick at `now`, in which 20 ms of audio have come together.
    pub(crate) fn send(&mut self, now: Moment, audio: &[i16]) -> Option<Vec<u8>> {
        let codec = self.encoder.codec();
        let samples = codec.clock().samples_in(FRAME) as u32;
        self.header.timestamp = self.header.timestamp.advanced(samples);
        let encoded = self.encoder.encode(audio, &mut self.payload);
        match self.keys.tick(now, self.header.timestamp) {
            Tick::Quiet => {
                self.speaks = false;
                None
            }
            Tick::Event(event) => {
                self.speaks = false;
                let header = Header {
                    marker: event.marker,
                    payload_type: EVENTS,
                    timestamp: event.timestamp,
                    ..self.header
                };
                Some(self.packet(header, event.payload.len(), &event.payload))
            }
            Tick::Audio => {
                let length = match encoded {
                    Ok(0) => {
                        self.speaks = false;
                        return None;
                    }
                    Ok(length) => length,
                    Err(error) => {
                        tracing::warn!(%error, "20 ms of the caller are lost");
                        return None;
                    }
                };
                let header = Header {
                    marker: !std::mem::replace(&mut self.speaks, true),
                    ..self.header
                };
                let payload = std::mem::take(&mut self.payload);
                let packet = self.packet(header, length, &payload);
                self.payload = payload;
                Some(packet)
            }
        }
    }

    fn packet(&mut self, header: Header, length: usize, payload: &[u8]) -> Vec<u8> {
        self.header.sequence = self.header.sequence.next();
        let mut packet = header.to_bytes().to_vec();
        packet.extend(payload.iter().take(length));
        packet
    }
}
