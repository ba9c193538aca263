//! The load: a far end for each leg, which speaks its part of the conversation and counts what
//! the agent answers.

use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use audio::codec::{Decoder, Encoder, OpusSettings};
use audio::{FRAME, Moment, RtpTimestamp, SampleRate, SequenceNumber, level};
use media::rtp::{self, Header};
use netem::{Network, Profile};

use crate::conversation::{ConversationError, conversation};
use crate::process;
use crate::protocol::{CallReceived, Codec, Order, Ready, Received};

/// How often the generator looks for packets that are due.
const STEP: Duration = Duration::from_millis(1);

/// A packet sent later than this counts as late.
const LATE: Duration = Duration::from_millis(5);

/// Opus packets of silence are shorter than this, those of speech longer.
const VOICED_OPUS: usize = 30;

/// The largest payload of 20 ms: Opus at its highest bitrate.
const LARGEST_PAYLOAD: usize = 1_275;

/// Why the generator stopped early.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// Its input or output ended or broke.
    #[error("the measured process cannot be heard: {0}")]
    Pipe(#[from] io::Error),
    /// The order cannot be read.
    #[error("the order cannot be read: {0}")]
    Order(#[from] serde_json::Error),
    /// The network cannot be read.
    #[error(transparent)]
    Net(#[from] netem::ParseProfileError),
    /// There is nothing to say.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The codec cannot be opened or refuses the conversation.
    #[error("the conversation cannot be encoded: {0}")]
    Codec(String),
}

/// Reads an [`Order`] from standard input, makes its load until standard input ends, and writes
/// what it received to standard output.
///
/// # Errors
///
/// [`GenerateError`] if it cannot begin or the measured process is gone.
pub fn run() -> Result<(), GenerateError> {
    process::raise_file_limit();
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line)?;
    let mut generator = Generator::new(&order)?;
    answer(&Ready {
        calls: generator.addresses()?,
    })?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Whatever ends the input, its end or an error, ends the load.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            stop.store(true, Ordering::Release);
        });
        generator.generate(&stop);
    });
    answer(&generator.received)?;
    Ok(())
}

fn answer(message: &impl serde::Serialize) -> Result<(), GenerateError> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, message)?;
    output.write_all(b"\n")?;
    output.flush()?;
    Ok(())
}

struct Generator {
    codec: Codec,
    /// The conversation, 20 ms a payload. An empty one is not sent.
    payloads: Vec<Vec<u8>>,
    calls: Vec<Call>,
    profile: Option<Profile>,
    received: Received,
}

struct Call {
    socket: UdpSocket,
    leg: SocketAddr,
    header: Header,
    /// Index of the next payload.
    next: usize,
    /// Packets that were due so far.
    spoken: u32,
    /// When the call's first packet is due.
    start: Moment,
    due: Moment,
    network: Option<Network<Vec<u8>>>,
    ear: Ear,
}

impl Generator {
    fn new(order: &Order) -> Result<Self, GenerateError> {
        let codec = order.codec.codec();
        let samples = conversation(&order.fixtures, codec.rate(), order.seed)?;
        let payloads = encode(order.codec, &samples)?;
        let profile = order.net.as_deref().map(Profile::parse).transpose()?;
        let count = order.legs.len();
        let mut calls = Vec::with_capacity(count);
        for (index, leg) in order.legs.iter().enumerate() {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            let seed = order.seed.wrapping_add(index as u64);
            // Spread over the tick, and over the conversation.
            let start = Moment::ZERO + FRAME * index as u32 / count as u32;
            let network = profile.clone().map(|profile| Network::new(profile, seed));
            calls.push(Call {
                socket,
                leg: *leg,
                header: Header {
                    marker: true,
                    payload_type: order.codec.payload_type(),
                    sequence: SequenceNumber(index as u16),
                    timestamp: RtpTimestamp(index as u32),
                    ssrc: 1 + index as u32,
                },
                next: payloads.len() * index / count,
                spoken: 0,
                start,
                due: start,
                network,
                ear: Ear::new(order.codec)?,
            });
        }
        let received = Received {
            calls: vec![CallReceived::default(); count],
            ..Received::default()
        };
        Ok(Self {
            codec: order.codec,
            payloads,
            calls,
            profile,
            received,
        })
    }

    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let sockets = self.calls.iter().map(|call| call.socket.local_addr());
        sockets.collect()
    }

    fn generate(&mut self, stop: &AtomicBool) {
        let began = Instant::now();
        let mut step = began;
        while !stop.load(Ordering::Acquire) {
            let now = Moment::from_micros(began.elapsed().as_micros() as u64);
            for index in 0..self.calls.len() {
                self.serve(index, now);
            }
            step += STEP;
            let now = Instant::now();
            match step.checked_duration_since(now) {
                Some(rest) => thread::sleep(rest),
                None => step = now,
            }
        }
    }

    /// Sends what is due of one call, and hears what arrived for it about once a frame.
    fn serve(&mut self, index: usize, now: Moment) {
        let (Some(call), Some(received)) = (
            self.calls.get_mut(index),
            self.received.calls.get_mut(index),
        ) else {
            return;
        };
        if call.due <= now {
            call.hear(received);
        }
        while call.due <= now {
            self.received.late_sends += u64::from(now.since(call.due) > LATE);
            let payload = self.payloads.get(call.next).map_or(&[][..], Vec::as_slice);
            if !payload.is_empty() {
                self.received.packets_sent += call.speak(now, payload);
            }
            call.advance(self.payloads.len(), self.codec, self.profile.as_ref());
        }
        if let Some(network) = &mut call.network {
            while let Some((_, packet)) = network.poll(now) {
                self.received.packets_sent += send(&call.socket, call.leg, &packet);
            }
        }
    }
}

impl Call {
    fn speak(&mut self, now: Moment, payload: &[u8]) -> u64 {
        let mut packet = self.header.to_bytes().to_vec();
        packet.extend_from_slice(payload);
        self.header.marker = false;
        match &mut self.network {
            Some(network) => {
                network.send(now, packet);
                0
            }
            None => send(&self.socket, self.leg, &packet),
        }
    }

    fn advance(&mut self, payloads: usize, codec: Codec, profile: Option<&Profile>) {
        self.next = (self.next + 1) % payloads.max(1);
        self.spoken += 1;
        let ticks = codec.codec().clock().samples_in(FRAME) as u32;
        self.header.sequence = self.header.sequence.next();
        self.header.timestamp = self.header.timestamp.advanced(ticks);
        let media = FRAME * self.spoken;
        self.due = match profile {
            Some(profile) => profile.drift.send_time(self.start, media),
            None => self.start + media,
        };
    }

    fn hear(&mut self, received: &mut CallReceived) {
        let mut datagram = [0; rtp::MAX_PACKET];
        while let Ok(len) = self.socket.recv(&mut datagram) {
            let packet = datagram.get(..len).map(rtp::parse);
            let Some(Ok((header, payload))) = packet else {
                continue;
            };
            if header.payload_type != self.header.payload_type {
                continue;
            }
            received.packets += 1;
            received.voiced += u64::from(self.ear.is_voiced(payload));
        }
    }
}

/// Returns how many packets were sent.
fn send(socket: &UdpSocket, leg: SocketAddr, packet: &[u8]) -> u64 {
    // What the system does not take is a packet lost on the way, and shows as such.
    u64::from(socket.send_to(packet, leg).is_ok())
}

fn encode(codec: Codec, samples: &[i16]) -> Result<Vec<Vec<u8>>, GenerateError> {
    let mut encoder = Encoder::new(codec.codec(), OpusSettings::default())
        .map_err(|error| GenerateError::Codec(error.to_string()))?;
    let frame = codec.codec().rate().samples_in(FRAME);
    let mut payload = [0; LARGEST_PAYLOAD];
    let mut payloads = Vec::with_capacity(samples.len() / frame);
    for samples in samples.chunks_exact(frame) {
        let len = encoder
            .encode(samples, &mut payload)
            .map_err(|error| GenerateError::Codec(error.to_string()))?;
        payloads.push(payload.get(..len).unwrap_or_default().to_vec());
    }
    Ok(payloads)
}

/// Tells the agent's speech from its silence.
enum Ear {
    Length,
    Level {
        decoder: Box<Decoder>,
        samples: Vec<i16>,
    },
}

impl Ear {
    fn new(codec: Codec) -> Result<Self, GenerateError> {
        // Decoding Opus would take more of the machine than the legs do.
        if codec == Codec::Opus {
            return Ok(Self::Length);
        }
        let decoder =
            Decoder::new(codec.codec()).map_err(|error| GenerateError::Codec(error.to_string()))?;
        Ok(Self::Level {
            decoder: Box::new(decoder),
            samples: vec![0; SampleRate::HZ_16000.samples_in(6 * FRAME)],
        })
    }

    fn is_voiced(&mut self, payload: &[u8]) -> bool {
        match self {
            Self::Length => payload.len() >= VOICED_OPUS,
            Self::Level { decoder, samples } => {
                let len = decoder.decode(payload, samples).unwrap_or(0);
                samples.get(..len).is_some_and(level::is_audible)
            }
        }
    }
}
