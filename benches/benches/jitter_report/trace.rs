//! What a network makes of a call: which packet arrives when.

use std::time::Duration;

use audio::{FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use jitter::{Content, Packet};
use netem::{Network, Preset};

/// The rate of the audio and of its timestamps.
pub(crate) const RATE: SampleRate = SampleRate::HZ_8000;
/// Samples in a packet, and in a frame.
pub(crate) const SAMPLES: usize = Frame::silence(RATE).len();
/// When the first packet is sent.
const START: Moment = Moment::from_millis(1_000);

/// A packet of 20 ms of G.711.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Counts packets from zero.
    pub(crate) number: u64,
    payload: Vec<u8>,
}

impl Sent {
    /// The packet as it is received.
    pub(crate) fn packet(&self) -> Packet<'_> {
        Packet {
            content: Content::Audio,
            sequence: SequenceNumber(self.number as u16),
            timestamp: RtpTimestamp(self.number as u32 * SAMPLES as u32),
            marker: self.number == 0,
            ssrc: 1,
            payload: &self.payload,
        }
    }
}

/// A call over a network.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    /// Every arrival, in order.
    pub(crate) arrivals: Vec<(Moment, Sent)>,
    /// How many packets were sent.
    pub(crate) sent: u64,
    /// How many of them the network lost.
    pub(crate) lost: u64,
    /// When the first pull is, and how many there are, one every 20 ms.
    pub(crate) first_pull: Moment,
    pub(crate) pulls: u64,
    preset: Preset,
    /// The shortest that any packet was under way.
    transit: Duration,
}

impl Trace {
    /// Sends `speech`, 20 ms to a packet and over and over, for `length` over the
    /// network with this name. All that is random follows from `seed`, also how pulls
    /// and packets lie to each other.
    pub(crate) fn new(preset: Preset, seed: u64, length: Duration, speech: &[i16]) -> Self {
        let profile = preset.profile();
        let mut network = Network::new(profile.clone(), seed);
        let packets = (length.as_millis() / FRAME.as_millis()) as u64;
        let frames = (speech.len() / SAMPLES).max(1) as u64;
        let mut payload = [0; SAMPLES];
        let mut arrivals = Vec::new();
        let mut transit = Duration::MAX;
        let mut receive = |network: &mut Network<Sent>, until: Moment| {
            while let Some((arrival, sent)) = network.poll(until) {
                let at = profile.send_time(START, FRAME * sent.number as u32);
                transit = transit.min(arrival.since(at));
                arrivals.push((arrival, sent));
            }
        };
        for number in 0..packets {
            let at = profile.send_time(START, FRAME * number as u32);
            let place = (number + seed * 977) % frames * SAMPLES as u64;
            let frame = speech.get(place as usize..).unwrap_or_default();
            audio::Companding::MuLaw.encode(&frame[..SAMPLES.min(frame.len())], &mut payload);
            let sent = Sent {
                number,
                payload: payload.to_vec(),
            };
            receive(&mut network, at);
            network.send(at, sent);
        }
        receive(&mut network, START + length + Duration::from_secs(5));
        // A seventh of the circle further with each seed.
        let phase = Duration::from_micros(seed * 20_000 / 7 % 20_000 + 500);
        Self {
            arrivals,
            sent: packets,
            lost: network.statistics().lost + network.statistics().dropped,
            first_pull: START - FRAME + phase,
            pulls: packets,
            preset,
            transit,
        }
    }

    /// When the sample at `position` would have arrived without jitter, if each packet
    /// arrived with its first sample.
    pub(crate) fn ideal(&self, position: i64) -> Moment {
        let media = RATE.duration_of(position.max(0).unsigned_abs() as usize);
        self.preset.profile().send_time(START, media) + self.transit
    }

    /// The share of packets that the network lost.
    pub(crate) fn loss(&self) -> f64 {
        self.lost as f64 / self.sent as f64
    }
}
