//! The measured side: legs as calls have them, heard by the voice detector, spoken into by an
//! agent that has something to say now and then.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use audio::{FRAME, Frame, SampleRate};
use engine::listening::{Attached, Hearing, Listening, ListeningStatistics};
use media::{
    Clock, Connection, Lateness, Leg, LegEvent, LegFeed, LegOptions, LegStatistics, Media,
    MediaConfig, MediaStatistics, PlayoutFrame, PlayoutHandle, Policy, SegmentId,
};
use vad::LineDetector;

use crate::conversation::{ConversationError, speech};
use crate::figures::{Figures, Percentiles};
use crate::process;
use crate::protocol::{Codec, Order, Ready, Received};

/// How long the load runs before it is measured: buffers adapt, memory is touched.
const WARM_UP: Duration = Duration::from_secs(4);

/// How often the calls' tasks look at their feeds.
const LOOK: Duration = Duration::from_millis(10);

/// The agent's turn, and from one turn of the agent to the next.
const AGENT_TURN: Duration = Duration::from_millis(2_500);
const AGENT_ROUND: Duration = Duration::from_secs(6);

/// Share of the frames and packets of the measured time that a call must at least have heard and
/// sent.
const ENOUGH: f64 = 0.95;

/// What is measured.
#[derive(Debug)]
pub struct Options {
    /// Legs.
    pub calls: usize,
    /// How long is measured.
    pub duration: Duration,
    /// The codec of all legs.
    pub codec: Codec,
    /// The network towards the legs, in the form that `netem` reads.
    pub net: Option<String>,
    /// Folder of the recordings that caller and agent speak.
    pub fixtures: PathBuf,
    /// Decides noise, offsets and the network's behaviour.
    pub seed: u64,
    /// Judges what is heard; `None` measures the legs alone.
    pub detector: Option<LineDetector>,
    /// Starts the generator: this program with the arguments that make it call
    /// [`generator::run`](crate::generator::run).
    pub generator: (PathBuf, Vec<String>),
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// Media cannot start.
    #[error(transparent)]
    Start(#[from] media::StartMediaError),
    /// A leg cannot be opened or connected.
    #[error("leg {index} of {calls} could not be opened: {reason}")]
    Leg {
        /// Which one, from 0.
        index: usize,
        /// Of how many.
        calls: usize,
        /// Why.
        reason: String,
    },
    /// The generator cannot be started or heard.
    #[error("the generator cannot be heard, see its message above: {0}")]
    Generator(#[from] io::Error),
    /// The generator says something else than expected.
    #[error("the generator's message cannot be read: {0}")]
    Message(#[from] serde_json::Error),
    /// There is nothing to say.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The listening thread cannot be started.
    #[error("the listening thread cannot be started: {0}")]
    Listening(io::Error),
}

/// Opens the legs, has the generator load them, and measures this process.
///
/// # Errors
///
/// [`MeasureError`] if the load cannot be made as ordered.
pub fn run(options: Options) -> Result<Figures, MeasureError> {
    process::raise_file_limit();
    let rate = options.codec.codec().rate();
    let agent = Agent::new(speech(&options.fixtures, rate)?, rate);
    let clock = Clock::new();
    let listening = options
        .detector
        .map(|detector| Listening::start(detector, clock))
        .transpose();
    let listening = listening.map_err(MeasureError::Listening)?;
    let wake = listening
        .as_ref()
        .map_or_else(thread::current, Listening::thread);
    let config = MediaConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        legs_per_thread: options.calls,
        ..MediaConfig::default()
    };
    let media = Media::start(config, clock, wake)?;
    let empty = process::resident_bytes();

    let (legs, mut calls) = open(&media, listening.as_ref(), options.calls, rate)?;
    let order = Order {
        legs: legs.iter().map(Leg::local_address).collect(),
        codec: options.codec,
        net: options.net.clone(),
        fixtures: options.fixtures.clone(),
        seed: options.seed,
    };
    let (generator, ready) = Generator::start(&options.generator, &order)?;
    for (index, (leg, remote)) in legs.iter().zip(&ready.calls).enumerate() {
        let codec = options.codec.codec();
        let connection = Connection::new(*remote, codec, options.codec.payload_type());
        leg.connect(connection).map_err(|error| MeasureError::Leg {
            index,
            calls: options.calls,
            reason: error.to_string(),
        })?;
    }

    let stop = AtomicBool::new(false);
    let (before, after) = thread::scope(|scope| {
        scope.spawn(|| attend(&mut calls, &agent, &stop));
        let take = || Snapshot::take(&media, listening.as_ref(), &legs);
        thread::sleep(WARM_UP);
        let before = take();
        thread::sleep(options.duration);
        let after = take();
        stop.store(true, Ordering::Release);
        (before, after)
    });
    let received = generator.stop()?;
    let broken = calls.iter().map(|call| call.failed).collect();
    let measured = Measured {
        before,
        after,
        empty,
        broken,
        received,
    };
    Ok(Figures {
        calls: options.calls,
        codec: format!("{:?}", options.codec).to_lowercase(),
        net: options.net,
        vad: listening.is_some(),
        ..measured.figures()
    })
}

/// One call of the load.
struct Call {
    playout: PlayoutHandle,
    feed: Feed,
    failed: bool,
    turns: u64,
    /// Frames of the agent's turn that are still to be queued.
    speaking: usize,
    next: usize,
}

/// With the detector the listening thread reads the leg, without it the call does.
enum Feed {
    Judged(Attached),
    Plain(LegFeed),
}

fn open(
    media: &Media,
    listening: Option<&Listening>,
    count: usize,
    rate: SampleRate,
) -> Result<(Vec<Leg>, Vec<Call>), MeasureError> {
    let mut legs = Vec::with_capacity(count);
    let mut calls = Vec::with_capacity(count);
    for index in 0..count {
        let failed = |reason: String| MeasureError::Leg {
            index,
            calls: count,
            reason,
        };
        let options = LegOptions {
            widest: rate,
            record: false,
            policy: Policy::Listen,
            inband_digits: false,
            background: None,
        };
        let (leg, feed, _) = media
            .open(options)
            .map_err(|error| failed(error.to_string()))?;
        let feed = match listening {
            None => Feed::Plain(feed),
            Some(listening) => {
                let attached = listening.attach(feed, Hearing::default());
                Feed::Judged(attached.ok_or_else(|| failed("nobody listens".to_owned()))?)
            }
        };
        calls.push(Call {
            playout: leg.playout(),
            feed,
            failed: false,
            turns: 0,
            speaking: 0,
            next: 0,
        });
        legs.push(leg);
    }
    Ok((legs, calls))
}

/// What all agents say, cut into frames.
struct Agent {
    frames: Vec<Frame>,
}

impl Agent {
    fn new(samples: Vec<i16>, rate: SampleRate) -> Self {
        let frames = samples.chunks_exact(rate.samples_in(FRAME));
        Self {
            frames: frames.filter_map(Frame::from_samples).collect(),
        }
    }
}

/// Does for all calls what their tasks do: takes what was heard, and speaks when it is the
/// agent's turn.
fn attend(calls: &mut [Call], agent: &Agent, stop: &AtomicBool) {
    let began = Instant::now();
    let count = calls.len().max(1) as u32;
    let mut look = began;
    while !stop.load(Ordering::Acquire) {
        let elapsed = began.elapsed();
        for (index, call) in calls.iter_mut().enumerate() {
            let offset = AGENT_ROUND * index as u32 / count;
            call.listen();
            call.speak(elapsed + offset, index, agent);
        }
        look += LOOK;
        thread::sleep(look.saturating_duration_since(Instant::now()));
    }
}

impl Call {
    fn listen(&mut self) {
        match &self.feed {
            Feed::Judged(feed) => {
                while let Some(event) = feed.event() {
                    self.failed |= event == LegEvent::Failed;
                }
                self.failed |= feed.failed();
                while feed.window().is_some() {}
            }
            Feed::Plain(feed) => {
                while let Some(event) = feed.pop_event() {
                    self.failed |= event == LegEvent::Failed;
                }
                while feed.pop_frame().is_some() {}
            }
        }
    }

    fn speak(&mut self, elapsed: Duration, index: usize, agent: &Agent) {
        let round = (elapsed.as_micros() / AGENT_ROUND.as_micros()) as u64;
        if round >= self.turns {
            self.turns = round + 1;
            self.speaking = (AGENT_TURN.as_micros() / FRAME.as_micros()) as usize;
            self.next = index * 50;
        }
        while self.speaking > 0 && self.playout.space() > 0 {
            let place = self.next % agent.frames.len().max(1);
            let Some(frame) = agent.frames.get(place) else {
                return;
            };
            let frame = PlayoutFrame {
                generation: self.playout.generation(),
                segment: SegmentId(self.turns as u32),
                last: self.speaking == 1,
                frame: *frame,
            };
            // overflow: tried again at the next look
            if self.playout.push(frame).is_err() {
                return;
            }
            self.next += 1;
            self.speaking -= 1;
        }
    }
}

/// The other process.
struct Generator {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Generator {
    fn start(
        (program, arguments): &(PathBuf, Vec<String>),
        order: &Order,
    ) -> Result<(Self, Ready), MeasureError> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let mut input = child.stdin.take().ok_or_else(broken)?;
        let output = child.stdout.take().ok_or_else(broken)?;
        serde_json::to_writer(&mut input, order)?;
        input.write_all(b"\n")?;
        let mut generator = Self {
            child,
            input,
            output: BufReader::new(output),
        };
        let ready = generator.read()?;
        Ok((generator, ready))
    }

    /// Ends the load by ending the generator's input, and hears what it received.
    fn stop(self) -> Result<Received, MeasureError> {
        let Self {
            mut child,
            input,
            mut output,
        } = self;
        drop(input);
        let received = read(&mut output)?;
        child.wait()?;
        Ok(received)
    }

    fn read<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, MeasureError> {
        read(&mut self.output)
    }
}

fn read<T: serde::de::DeserializeOwned>(
    output: &mut BufReader<ChildStdout>,
) -> Result<T, MeasureError> {
    let mut line = String::new();
    if output.read_line(&mut line)? == 0 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(serde_json::from_str(&line)?)
}

/// The state of everything at one moment.
struct Snapshot {
    at: Instant,
    processor: Duration,
    resident: u64,
    media: MediaStatistics,
    legs: Vec<LegStatistics>,
    listening: ListeningStatistics,
}

impl Snapshot {
    fn take(media: &Media, listening: Option<&Listening>, legs: &[Leg]) -> Self {
        Self {
            at: Instant::now(),
            processor: process::processor_time(),
            resident: process::resident_bytes(),
            media: media.statistics(),
            legs: legs.iter().map(Leg::statistics).collect(),
            listening: listening.map(Listening::statistics).unwrap_or_default(),
        }
    }
}

/// Everything that figures are made of.
struct Measured {
    before: Snapshot,
    after: Snapshot,
    /// Memory of the process before any leg was opened.
    empty: u64,
    /// Which calls broke.
    broken: Vec<bool>,
    received: Received,
}

impl Measured {
    fn figures(&self) -> Figures {
        let Self { before, after, .. } = self;
        let calls = self.broken.len().max(1) as f64;
        let elapsed = after.at - before.at;
        let processor = after.processor.saturating_sub(before.processor);
        let grown = after.resident.saturating_sub(self.empty);
        let concealed = after.media.legs.concealed_frames - before.media.legs.concealed_frames;
        let decoded = after.media.legs.decoded_frames - before.media.legs.decoded_frames;
        let run = after.listening.windows_run - before.listening.windows_run;
        let gated = after.listening.windows_gated - before.listening.windows_gated;
        let windows = run + gated;
        Figures {
            seconds: elapsed.as_secs_f64().round() as u64,
            cpu_percent_per_call: 100.0 * processor.as_secs_f64() / elapsed.as_secs_f64() / calls,
            rss_bytes_per_call: (grown as f64 / calls) as u64,
            rss_bytes: after.resident,
            tick_late_us: percentiles(&after.media.lateness.since(&before.media.lateness)),
            send_interval_jitter_us: percentiles(
                &after.media.send_jitter.since(&before.media.send_jitter),
            ),
            concealed_percent: percent(concealed, concealed + decoded),
            vad_windows_per_second: windows as f64 / elapsed.as_secs_f64(),
            vad_gated_percent: percent(gated, windows),
            failed_calls: self.failed(elapsed),
            generator_late_percent: percent(self.received.late_sends, self.received.packets_sent),
            load_average: process::load_average(),
            ..Figures::default()
        }
    }

    /// A call has failed that broke, that heard or sent too little while it was measured, or
    /// whose agent did not reach the far end.
    fn failed(&self, elapsed: Duration) -> usize {
        let enough = ENOUGH * elapsed.as_secs_f64() / FRAME.as_secs_f64();
        let legs = self.before.legs.iter().zip(&self.after.legs);
        let calls = legs.zip(&self.broken).zip(&self.received.calls);
        calls
            .filter(|(((before, after), broken), received)| {
                let heard = frames(after) - frames(before);
                let sent = after.packets_sent - before.packets_sent;
                let arrived = received.packets.min(sent);
                let least = heard.min(arrived);
                **broken || (least as f64) < enough || received.voiced == 0
            })
            .count()
    }
}

/// Frames that a leg handed on.
const fn frames(leg: &LegStatistics) -> u64 {
    leg.decoded_frames + leg.concealed_frames + leg.silent_frames
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn percentiles(lateness: &Lateness) -> Percentiles {
    let micros = |duration: Duration| duration.as_micros() as u64;
    Percentiles {
        p50: micros(lateness.quantile(0.5)),
        p99: micros(lateness.quantile(0.99)),
        max: micros(lateness.max()),
    }
}
