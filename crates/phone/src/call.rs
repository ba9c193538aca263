use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use audio::codec::OpusSettings;
use audio::wav::WavWriter;
use audio::{FRAME, Frame, SampleRate};
use media::{
    Clock, Leg, LegEvent, LegFeed, LegOptions, Media, MediaConfig, PlayoutFrame, Policy, PushError,
    SegmentId,
};
use serde::{Deserialize, Serialize};
use sip::{
    CallEvent, CallHandle, CodecList, IncomingCall, LocalMedia, OutboundCall, SipConfig,
    SipEndpoint, Srtp, StatusCode, TrunkConfig,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::script::{Manners, Said, Script, Step, Utterance};

/// The rate that utterances have; what a line cannot carry of it is taken off.
pub const UTTERANCE_RATE: SampleRate = SampleRate::HZ_16000;

/// How often the phone looks at what it hears: half a frame.
const LOOK: Duration = Duration::from_millis(10);

/// How long the phone stays after a refusal, so that it is sent, repeated if lost, and confirmed.
const REFUSAL: Duration = Duration::from_secs(1);

/// How long the other side may take to confirm the end.
const GOODBYE: Duration = Duration::from_secs(4);

/// How the phone answers a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// Rings for this long, then answers.
    Answer {
        /// How long it rings.
        after: Duration,
    },
    /// Refuses with this SIP status, 400 to 699.
    Reject(u16),
    /// Rings and never answers.
    Ring,
}

/// What the phone is told at its start.
#[derive(Clone, Debug)]
pub struct PhoneOptions {
    /// Where SIP is taken, over UDP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Codecs that it takes part in, in the order in which it offers them.
    pub codecs: CodecList,
    /// Whether its audio is encrypted.
    pub srtp: Srtp,
    /// What to say, in order.
    pub utterances: Vec<Utterance>,
    /// Where to record what is heard.
    pub record: Option<PathBuf>,
    /// When to speak and when to hang up.
    pub manners: Manners,
    /// How to answer.
    pub response: Response,
    /// Ends the call, or the waiting for one, when cancelled.
    pub hang_up: CancellationToken,
}

/// What the phone tells while its call lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The call rings, at whichever side.
    Ringing,
    /// The call is up.
    Answered,
    /// The keys are pressed.
    Pressing,
    /// The utterance of this name begins.
    Speaking(String),
}

/// What became of the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether the call was up at all.
    pub answered: bool,
    /// What was said, and how quickly it was answered.
    pub said: Vec<Said>,
    /// The recording of what was heard.
    pub heard: Option<PathBuf>,
    /// Why it ended.
    pub end: String,
}

impl Report {
    /// The report of a call that was never up.
    fn unanswered(end: impl Into<String>) -> Self {
        Self {
            answered: false,
            said: Vec::new(),
            heard: None,
            end: end.into(),
        }
    }
}

/// Why the phone could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenPhoneError {
    /// An utterance has nothing to be said.
    #[error("{name} holds no sound; play a file that does, or leave it out")]
    Empty {
        /// The utterance.
        name: String,
    },
    /// Signalling could not start.
    #[error(transparent)]
    Sip(#[from] sip::BindError),
    /// Media could not start.
    #[error(transparent)]
    Media(#[from] media::StartMediaError),
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The target is no SIP address.
    #[error("expected an address such as sip:support@127.0.0.1:5060, found {0}")]
    Target(String),
    /// The call could not be placed.
    #[error("the call could not be placed: {0}")]
    Place(String),
    /// No media socket could be opened.
    #[error(transparent)]
    Leg(#[from] media::OpenLegError),
    /// The other side wants media that cannot be had.
    #[error(transparent)]
    Connect(#[from] media::ConnectError),
    /// The keys could not be pressed.
    #[error(transparent)]
    Press(#[from] media::SendDigitsError),
    /// The call could not be answered.
    #[error("the call could not be answered: {0}")]
    Answer(#[from] sip::AcceptError),
    /// The recording could not be written.
    #[error(transparent)]
    Record(#[from] audio::wav::WriteWavError),
    /// Signalling ended while the phone waited for a call.
    #[error("signalling stopped before a call came")]
    NoCall,
}

/// A phone that can hold one call.
pub struct Phone {
    options: PhoneOptions,
    endpoint: SipEndpoint,
    incoming: mpsc::Receiver<IncomingCall>,
    media: Media,
    clock: Clock,
}

impl Phone {
    /// Opens the phone's sockets.
    pub async fn open(options: PhoneOptions) -> Result<Self, OpenPhoneError> {
        let mut utterances = options.utterances.iter();
        if let Some(empty) = utterances.find(|utterance| utterance.samples.is_empty()) {
            let name = empty.name.clone();
            return Err(OpenPhoneError::Empty { name });
        }
        let (endpoint, incoming) = SipEndpoint::bind(SipConfig {
            codecs: options.codecs.clone(),
            srtp: options.srtp,
            ..SipConfig::new(options.listen)
        })
        .await?;
        let clock = Clock::new();
        let config = MediaConfig {
            bind: options.listen.ip(),
            threads: 1,
            ..MediaConfig::default()
        };
        // The phone looks for itself every few milliseconds; being woken does no harm.
        let media = Media::start(config, clock, std::thread::current())?;
        Ok(Self {
            options,
            endpoint,
            incoming,
            media,
            clock,
        })
    }

    /// Where the phone can be called.
    pub fn address(&self) -> SocketAddr {
        self.endpoint.local_address()
    }

    /// Waits for a call and takes it through the script.
    pub async fn answer(mut self, tell: mpsc::Sender<Event>) -> Result<Report, PhoneError> {
        let incoming = tokio::select! {
            incoming = self.incoming.recv() => incoming.ok_or(PhoneError::NoCall)?,
            () = self.options.hang_up.cancelled() => {
                return Ok(Report::unanswered("stopped before a call came"));
            }
        };
        let report = self.take(incoming, tell).await;
        self.endpoint.shutdown(GOODBYE).await;
        report
    }

    async fn take(
        &self,
        incoming: IncomingCall,
        tell: mpsc::Sender<Event>,
    ) -> Result<Report, PhoneError> {
        incoming.ringing();
        self.tell(&tell, Event::Ringing).await;
        match self.options.response {
            Response::Reject(status) => {
                let status = StatusCode::new(status).unwrap_or(StatusCode::BUSY_HERE);
                incoming.reject(status);
                tokio::time::sleep(REFUSAL).await;
                let end = format!("rejected with {}", status.as_u16());
                return Ok(Report::unanswered(end));
            }
            Response::Ring => tokio::select! {
                () = incoming.withdrawn() => return Ok(Report::unanswered("never answered")),
                () = self.options.hang_up.cancelled() => return Ok(refuse(incoming).await),
            },
            Response::Answer { after } => tokio::select! {
                () = tokio::time::sleep(after) => {}
                () = self.options.hang_up.cancelled() => return Ok(refuse(incoming).await),
            },
        }
        let (leg, feed) = self.open_leg()?;
        let local = LocalMedia {
            address: leg.local_address(),
        };
        let (handle, events) = incoming.accept(local).await?;
        self.hold(leg, feed, handle, events, tell).await
    }

    /// Calls `target` (`sip:user@host:port`) and takes the call through the script.
    pub async fn call(self, target: &str, tell: mpsc::Sender<Event>) -> Result<Report, PhoneError> {
        let wrong = || PhoneError::Target(target.to_owned());
        let address = target.strip_prefix("sip:").unwrap_or(target);
        let (user, host) = address.split_once('@').ok_or_else(wrong)?;
        let trunk = TrunkConfig {
            srtp: self.options.srtp,
            ..TrunkConfig::new("target", host)
        };
        let config = SipConfig {
            trunks: vec![trunk],
            codecs: self.options.codecs.clone(),
            ..SipConfig::new(SocketAddr::new(self.options.listen.ip(), 0))
        };
        let (endpoint, _incoming) = SipEndpoint::bind(config)
            .await
            .map_err(|error| PhoneError::Place(error.to_string()))?;
        let (leg, feed) = self.open_leg()?;
        let (handle, events) = endpoint
            .call(OutboundCall::new(
                user.to_owned(),
                LocalMedia {
                    address: leg.local_address(),
                },
            ))
            .map_err(|error| PhoneError::Place(error.to_string()))?;
        let report = self.hold(leg, feed, handle, events, tell).await;
        endpoint.shutdown(GOODBYE).await;
        report
    }

    fn open_leg(&self) -> Result<(Leg, LegFeed), PhoneError> {
        let (leg, feed, _) = self.media.open(LegOptions {
            widest: line::widest_rate(&self.options.codecs),
            record: false,
            policy: Policy::Play,
            inband_digits: false,
            background: None,
        })?;
        Ok((leg, feed))
    }

    async fn hold(
        &self,
        leg: Leg,
        feed: LegFeed,
        handle: CallHandle,
        mut events: mpsc::Receiver<CallEvent>,
        tell: mpsc::Sender<Event>,
    ) -> Result<Report, PhoneError> {
        let hang_up = &self.options.hang_up;
        let mut hung_up = false;
        let remote = loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = hang_up.cancelled(), if !hung_up => {
                    hung_up = true;
                    handle.hangup();
                    continue;
                }
            };
            match event {
                Some(CallEvent::Answered(remote)) => break remote,
                Some(CallEvent::Ringing { .. }) => self.tell(&tell, Event::Ringing).await,
                Some(
                    CallEvent::EarlyMedia(_)
                    | CallEvent::MediaChanged(_)
                    | CallEvent::Transferred(_),
                ) => {}
                Some(CallEvent::Ended(cause)) => return Ok(Report::unanswered(cause.to_string())),
                None => return Ok(Report::unanswered("signalling stopped")),
            }
        };
        self.tell(&tell, Event::Answered).await;
        leg.connect(line::connection(&remote, OpusSettings::default()))?;
        let rate = leg.rate().unwrap_or_else(|| remote.codec.rate());
        let mut conversation = Conversation::begin(self, leg, feed, rate)?;
        let end = conversation.hold(&handle, &mut events, &tell).await?;
        Ok(Report {
            answered: true,
            said: conversation.script.said().to_vec(),
            heard: conversation.finish()?,
            end,
        })
    }

    async fn tell(&self, tell: &mpsc::Sender<Event>, event: Event) {
        // overflow: awaited; whoever stopped listening wants to know no more
        drop(tell.send(event).await);
    }
}

/// The phone while it talks.
struct Conversation<'a> {
    phone: &'a Phone,
    leg: Leg,
    rate: SampleRate,
    feed: LegFeed,
    script: Script,
    recording: Option<(WavWriter, PathBuf)>,
    speech: Option<Speech>,
    said: u32,
}

/// The utterance that is being spoken.
struct Speech {
    segment: SegmentId,
    frames: std::collections::VecDeque<Frame>,
}

impl<'a> Conversation<'a> {
    fn begin(
        phone: &'a Phone,
        leg: Leg,
        feed: LegFeed,
        rate: SampleRate,
    ) -> Result<Self, PhoneError> {
        let recording = match &phone.options.record {
            None => None,
            Some(path) => Some((WavWriter::create(path, rate, 1)?, path.clone())),
        };
        let manners = phone.options.manners.clone();
        let script = Script::new(manners, &phone.options.utterances, phone.clock.now());
        Ok(Self {
            phone,
            leg,
            rate,
            feed,
            script,
            recording,
            speech: None,
            said: 0,
        })
    }

    async fn hold(
        &mut self,
        handle: &CallHandle,
        events: &mut mpsc::Receiver<CallEvent>,
        tell: &mpsc::Sender<Event>,
    ) -> Result<String, PhoneError> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(CallEvent::Ended(cause)) => {
                        self.listen()?;
                        return Ok(cause.to_string());
                    }
                    Some(CallEvent::MediaChanged(remote) | CallEvent::Answered(remote)) => {
                        let opus = OpusSettings::default();
                        self.leg.connect(line::connection(&remote, opus))?;
                    }
                    Some(
                        CallEvent::Ringing { .. }
                        | CallEvent::EarlyMedia(_)
                        | CallEvent::Transferred(_),
                    ) => {}
                    None => return Ok("signalling stopped".to_owned()),
                },
                () = self.phone.options.hang_up.cancelled() => {
                    self.listen()?;
                    handle.hangup();
                    return Ok(confirmed(events).await);
                }
                _ = look.tick() => {
                    self.listen()?;
                    self.speak();
                    while let Some(step) = self.script.poll() {
                        match step {
                            Step::Press => {
                                self.leg.send_digits(&self.phone.options.manners.keys)?;
                                self.phone.tell(tell, Event::Pressing).await;
                            }
                            Step::Say(index) => {
                                if let Some(name) = self.begin_speech(index) {
                                    self.phone.tell(tell, Event::Speaking(name)).await;
                                }
                            }
                            Step::HangUp => {
                                handle.hangup();
                                return Ok(confirmed(events).await);
                            }
                        }
                    }
                }
            }
        }
    }

    fn listen(&mut self) -> Result<(), PhoneError> {
        while let Some(event) = self.feed.pop_event() {
            match event {
                LegEvent::SegmentStarted { at, .. } => self.script.speaking(at, UTTERANCE_RATE),
                LegEvent::SegmentFinished { at, .. } => self.script.spoken(at),
                LegEvent::Failed
                | LegEvent::Digit { .. }
                | LegEvent::FirstPacket { .. }
                | LegEvent::Interrupted { .. }
                | LegEvent::PacketsStopped { .. }
                | LegEvent::PlayoutIdle { .. } => {}
            }
        }
        while let Some(heard) = self.feed.pop_frame() {
            self.script
                .heard(heard.until, self.rate, heard.frame.samples());
            if let Some((writer, _)) = &mut self.recording {
                writer.write(heard.frame.samples())?;
            }
        }
        Ok(())
    }

    fn begin_speech(&mut self, index: usize) -> Option<String> {
        let utterance = self.phone.options.utterances.get(index)?;
        let rate = self.rate;
        let samples = audio::resample::resample(&utterance.samples, UTTERANCE_RATE, rate);
        let samples = samples.expect("both are rates of telephone lines");
        let length = rate.samples_in(FRAME);
        let frame = |chunk: &[i16]| {
            let mut samples = chunk.to_vec();
            samples.resize(length, 0);
            Frame::from_samples(&samples)
        };
        let frames = samples.chunks(length).filter_map(frame).collect();
        self.speech = Some(Speech {
            segment: SegmentId(self.said),
            frames,
        });
        self.said += 1;
        Some(utterance.name.clone())
    }

    /// Keeps the playout queue full while there is something to say.
    fn speak(&mut self) {
        let Some(speech) = &mut self.speech else {
            return;
        };
        let playout = self.leg.playout();
        while let Some(frame) = speech.frames.front().copied() {
            let frame = PlayoutFrame {
                generation: playout.generation(),
                segment: speech.segment,
                last: speech.frames.len() == 1,
                frame,
            };
            // overflow: tried again at the next look
            match playout.push(frame) {
                Ok(()) => drop(speech.frames.pop_front()),
                Err(
                    PushError::Full
                    | PushError::Length { .. }
                    | PushError::Stale
                    | PushError::Unconnected,
                ) => return,
            }
        }
        self.speech = None;
    }

    fn finish(self) -> Result<Option<PathBuf>, PhoneError> {
        let Some((writer, path)) = self.recording else {
            return Ok(None);
        };
        writer.finish()?;
        Ok(Some(path))
    }
}

/// Refuses a call that nobody will answer any more.
async fn refuse(incoming: IncomingCall) -> Report {
    incoming.reject(StatusCode::TEMPORARILY_UNAVAILABLE);
    tokio::time::sleep(REFUSAL).await;
    Report::unanswered("stopped before the call was answered")
}

async fn confirmed(events: &mut mpsc::Receiver<CallEvent>) -> String {
    let ended = async {
        while let Some(event) = events.recv().await {
            if let CallEvent::Ended(cause) = event {
                return cause.to_string();
            }
        }
        "signalling stopped".to_owned()
    };
    tokio::time::timeout(GOODBYE, ended)
        .await
        .unwrap_or_else(|_| "the other side did not confirm the end".to_owned())
}
