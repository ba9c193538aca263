//! The life of one call: its leg, its signalling, its conversation, its report.

mod drive;
mod journal;
mod outcome;
mod speaker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use audio::{Moment, SampleRate};
use jiff::Timestamp;
use media::{Connection, Leg, LegOptions};
use sip::{CallHandle, EndCause, IncomingCall, LocalMedia, OutboundCall, RemoteMedia};
use tokio::sync::mpsc;

pub(crate) use self::journal::Journal;

use self::drive::{Driver, Outcome, Parts};
use self::outcome::{after_answer, before_answer};
use crate::control::PlaceCall;
use crate::event::{CallEventKind, CallReport, CallStatus, Direction};
use crate::listening::Attached;
use crate::node::Node;
use crate::recording::{Recording, RecordingOrder};
use crate::script::{Occasion, Script};

/// What the node may order a live call to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// End now, for this reason.
    HangUp(&'static str),
    /// Say goodbye and end, for this reason.
    SayGoodbye(&'static str),
}

/// The node's line into a live call. The last order stands until it is taken.
#[derive(Debug)]
pub(crate) struct Control(tokio::sync::watch::Sender<Option<Order>>);

impl Control {
    pub(crate) fn new() -> Self {
        Self(tokio::sync::watch::Sender::new(None))
    }

    pub(crate) fn give(&self, order: Order) {
        self.0.send_replace(Some(order));
    }

    /// Waits for an order that was not taken yet.
    async fn order(&self) -> Order {
        let mut orders = self.0.subscribe();
        loop {
            let pending = *self.0.borrow();
            if let Some(order) = pending {
                self.0.send_replace(None);
                return order;
            }
            if orders.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// What every call needs, whoever called whom.
pub(crate) struct Call<'a> {
    pub(crate) node: &'a Node,
    pub(crate) journal: &'a Journal,
    pub(crate) control: &'a Control,
    pub(crate) live: &'a std::sync::OnceLock<tokio::sync::broadcast::Sender<crate::LiveAudio>>,
}

/// A call's ears, mouth and memory, before and while it talks.
struct Line {
    leg: Leg,
    feed: Attached,
    recording: Recording,
    /// When its recording began, once something was heard.
    origin: Option<Moment>,
}

impl Call<'_> {
    /// Places the call and carries it to its end.
    pub(crate) async fn outbound(&self, request: &PlaceCall) -> CallReport {
        let occasion = Occasion {
            direction: Direction::Outbound,
            number: &request.number,
            about: request.about.as_deref(),
            prompt: request.prompt.as_ref(),
            first_message: request.first_message.as_deref(),
            local_time: request.agent.local_time(Timestamp::now()),
        };
        let script = Script::for_call(&request.agent, &occasion);
        let line = match self.open_line(&script) {
            Ok(line) => line,
            Err(reason) => return failed(reason),
        };
        let placed = self.node.sip.call(OutboundCall {
            number: request.number.clone(),
            media: LocalMedia {
                address: line.leg.local_address(),
            },
        });
        let (signalling, mut events) = match placed {
            Ok(placed) => placed,
            Err(error) => return failed(error.to_string()),
        };
        self.carry(&request.agent, script, line, &signalling, &mut events)
            .await
    }

    /// Answers an inbound call and carries it to its end.
    pub(crate) async fn inbound(
        &self,
        agent: &Arc<AgentDefinition>,
        incoming: IncomingCall,
    ) -> CallReport {
        let number = incoming.from.clone();
        let occasion = Occasion {
            direction: Direction::Inbound,
            number: &number,
            about: None,
            prompt: None,
            first_message: None,
            local_time: agent.local_time(Timestamp::now()),
        };
        let script = Script::for_call(agent, &occasion);
        let line = match self.open_line(&script) {
            Ok(line) => line,
            Err(reason) => {
                incoming.reject(sip::StatusCode::SERVICE_UNAVAILABLE);
                return failed(reason);
            }
        };
        let media = LocalMedia {
            address: line.leg.local_address(),
        };
        let (signalling, mut events) = match incoming.accept(media).await {
            Ok(accepted) => accepted,
            Err(error) => return failed(error.to_string()),
        };
        self.carry(agent, script, line, &signalling, &mut events)
            .await
    }

    fn open_line(&self, script: &Script) -> Result<Line, String> {
        let options = LegOptions {
            rate: SampleRate::HZ_8000,
            record: true,
        };
        let (leg, feed, tap) = self
            .node
            .media
            .open(options)
            .map_err(|error| error.to_string())?;
        let Some(feed) = self.node.listening.attach(feed) else {
            return Err("the listening thread takes no more calls".to_owned());
        };
        let Some(tap) = tap else {
            return Err("the media thread gave no recording tap".to_owned());
        };
        let file = script.record.then(|| self.recording_file());
        let order = RecordingOrder {
            feed: tap,
            rate: SampleRate::HZ_8000,
            file,
        };
        let recording = self.node.recorder.record(order);
        self.live.get_or_init(|| recording.live());
        Ok(Line {
            leg,
            feed,
            recording,
            origin: None,
        })
    }

    fn recording_file(&self) -> PathBuf {
        self.node
            .config
            .recordings
            .join(format!("{}.wav", self.journal.call()))
    }

    /// Carries a call from its INVITE to its end.
    async fn carry(
        &self,
        agent: &AgentDefinition,
        script: Script,
        mut line: Line,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> CallReport {
        match self.await_answer(&mut line, signalling, events).await {
            Ok(remote) => {
                while line.feed.event().is_some() {}
                line.leg.connect(connection(&remote));
                self.talk(agent, script, line, signalling, events).await
            }
            Err(cause) => {
                drop(line.leg);
                drop(line.recording.finish().await);
                before_answer(&cause)
            }
        }
    }

    async fn await_answer(
        &self,
        line: &mut Line,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> Result<RemoteMedia, EndCause> {
        let mut ringing = false;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(sip::CallEvent::Answered(remote)) => return Ok(remote),
                    Some(sip::CallEvent::Ended(cause)) => return Err(cause),
                    Some(sip::CallEvent::Ringing { .. }) => {
                        if !std::mem::replace(&mut ringing, true) {
                            self.journal.write(CallEventKind::Ringing);
                        }
                    }
                    Some(sip::CallEvent::EarlyMedia(remote)) => {
                        if !std::mem::replace(&mut ringing, true) {
                            self.journal.write(CallEventKind::Ringing);
                        }
                        line.leg.connect(connection(&remote));
                    }
                    Some(sip::CallEvent::MediaChanged(remote)) => {
                        line.leg.connect(connection(&remote));
                    }
                    None => return Err(EndCause::TimedOut),
                },
                order = self.control.order() => match order {
                    Order::HangUp(_) | Order::SayGoodbye(_) => signalling.hangup(),
                },
                () = line.feed.ready() => {
                    // Before the answer nobody need send anything.
                    while line.feed.event().is_some() {}
                    // Early media is recorded, not listened to.
                    while let Some(window) = line.feed.window() {
                        let length = SampleRate::HZ_8000.duration_of(window.samples.len());
                        line.origin.get_or_insert(window.at - length);
                    }
                }
            }
        }
    }

    async fn talk(
        &self,
        agent: &AgentDefinition,
        script: Script,
        line: Line,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> CallReport {
        let answered_at = Timestamp::now();
        self.journal.write(CallEventKind::Answered);
        let answered = self.node.clock.now();
        let parts = Parts {
            script,
            journal: self.journal,
            control: self.control,
            clock: self.node.clock,
            rate: SampleRate::HZ_8000,
            leg: &line.leg,
            feed: &line.feed,
            signalling,
            recogniser: Arc::clone(&self.node.providers.recogniser),
            synthesiser: Arc::clone(&self.node.providers.synthesiser),
            model: self.node.providers.models.model_for(agent),
        };
        let outcome = Driver::new(parts, line.origin).run(events).await;
        let duration = self.node.clock.now().since(answered);
        let dropped = line.feed.dropped();
        if dropped > 0 {
            tracing::warn!(
                windows = dropped,
                "the call was too slow to hear everything"
            );
        }
        drop(line.leg);
        let recording = line.recording.finish().await;
        let Outcome {
            cause,
            transcript,
            latencies,
        } = outcome;
        let (status, sip_code, reason) = after_answer(&cause);
        CallReport {
            status,
            sip_code,
            reason,
            answered_at: Some(answered_at),
            duration,
            recording,
            transcript,
            latencies,
        }
    }
}

/// The leg's side of what the far end said about its media.
fn connection(remote: &RemoteMedia) -> Connection {
    Connection {
        remote: remote.address,
        codec: match remote.codec {
            sip::Codec::Pcmu => media::Codec::Pcmu,
            sip::Codec::Pcma => media::Codec::Pcma,
        },
        payload_type: remote.payload_type,
        telephone_event: remote.telephone_event,
        send: remote.we_send,
        receive: remote.we_receive,
    }
}

/// The report of a call that never rang.
pub(crate) fn failed(reason: String) -> CallReport {
    CallReport {
        status: CallStatus::Failed,
        sip_code: None,
        reason,
        answered_at: None,
        duration: Duration::ZERO,
        recording: None,
        transcript: Vec::new(),
        latencies: Vec::new(),
    }
}
