//! The life of one call: its leg, its signalling, its conversation, its report.

mod drive;
mod journal;
mod loudness;
mod outcome;
mod speaker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use audio::SampleRate;
use jiff::Timestamp;
use media::{ConnectError, Leg, OpenLegError};
use sip::{CallHandle, EndCause, IncomingCall, LocalMedia, OutboundCall, RemoteMedia};
use tokio::sync::mpsc;

pub(crate) use self::journal::Journal;

use self::drive::{Cause, Driver, Outcome, Parts};
use self::outcome::{after_answer, before_answer};
use crate::control::PlaceCall;
use crate::event::{CallEventKind, CallReport, CallStatus, Direction, LineQuality};
use crate::keeping::{Ended, Log, Opened, Record, keeper};
use crate::listening::Attached;
use crate::metrics::Refusal;
use crate::node::Node;
use crate::recording::{Recording, RecordingOrder};
use crate::script::{Occasion, Script};

/// What the node may order a live call to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// End now, for this reason.
    HangUp(&'static str),
    /// Say goodbye, with these words or the agent's own, and end for this reason.
    SayGoodbye {
        goodbye: Option<String>,
        reason: &'static str,
    },
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
            let mut order = None;
            self.0.send_if_modified(|pending| {
                order = pending.take();
                false
            });
            if let Some(order) = order {
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
pub(crate) struct Line {
    leg: Leg,
    feed: Attached,
    recording: Recording,
    /// Where the call is kept, if it is.
    log: Option<Log>,
}

/// Why a call has no line.
pub(crate) struct NoLine {
    pub(crate) refusal: Refusal,
    /// What is missing, in words.
    pub(crate) reason: String,
}

impl From<OpenLegError> for NoLine {
    fn from(error: OpenLegError) -> Self {
        let refusal = match error {
            OpenLegError::Full { .. } | OpenLegError::Overloaded => Refusal::Overloaded,
            OpenLegError::NoPort
            | OpenLegError::Rate { .. }
            | OpenLegError::Stopped
            | OpenLegError::System(_) => Refusal::NoMedia,
        };
        Self {
            refusal,
            reason: error.to_string(),
        }
    }
}

impl Line {
    fn connect(&self, node: &Node, remote: &RemoteMedia) -> Result<(), ConnectError> {
        self.leg.connect(line::connection(remote, node.config.opus))
    }
}

impl Call<'_> {
    /// Opens what a call needs before it is placed, or says what is missing.
    pub(crate) fn prepare(&self, request: &PlaceCall) -> Result<(Script, Line), NoLine> {
        let occasion = Occasion {
            direction: Direction::Outbound,
            number: &request.number,
            about: request.about.as_deref(),
            prompt: request.prompt.as_ref(),
            first_message: request.first_message.as_deref(),
            local_time: request.agent.local_time(Timestamp::now()),
        };
        let script = Script::for_call(&request.agent, &occasion);
        let widest = self.node.config.widest;
        let line = self.open_line(&request.agent, &occasion, &script, widest)?;
        Ok((script, line))
    }

    /// Places the call and carries it to its end.
    pub(crate) async fn outbound(
        &self,
        request: &PlaceCall,
        script: Script,
        line: Line,
    ) -> CallReport {
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
        let offered = incoming.offered.as_ref();
        let widest = offered.map_or(self.node.config.widest, |offered| offered.codec.rate());
        let line = match self.open_line(agent, &occasion, &script, widest) {
            Ok(line) => line,
            Err(missing) => {
                self.node.metrics.refused(missing.refusal);
                incoming.reject(sip::StatusCode::SERVICE_UNAVAILABLE);
                return failed(missing.reason);
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

    /// Opens what the call needs of media, for audio of at most the rate `widest`.
    fn open_line(
        &self,
        agent: &AgentDefinition,
        occasion: &Occasion<'_>,
        script: &Script,
        widest: SampleRate,
    ) -> Result<Line, NoLine> {
        let options = script.leg(widest);
        let media = &self.node.media;
        let shelf = self.node.config.bundles.as_ref();
        let (leg, feed, tap, kept) = match shelf.filter(|_| script.record) {
            Some(shelf) => {
                let (leg, feed, tap, tapped) = media.open_tapped(options)?;
                (leg, feed, tap, Some((shelf, tapped)))
            }
            None => {
                let (leg, feed, tap) = media.open(options)?;
                (leg, feed, tap, None)
            }
        };
        let (log, keeper) = kept
            .map(|(shelf, tapped)| {
                let call = self.journal.call().to_string();
                let opened = Opened::new(&call, agent, occasion, script, &tapped);
                keeper(shelf, &call, opened, tapped.feed)
            })
            .unzip();
        let overloaded = |reason: &str| NoLine {
            refusal: Refusal::Overloaded,
            reason: reason.to_owned(),
        };
        let Some(feed) = self.node.listening.attach(feed, script.hearing()) else {
            return Err(overloaded("the listening thread takes no more calls"));
        };
        let Some(tap) = tap else {
            return Err(overloaded("the media thread gave no recording tap"));
        };
        let file = script.record.then(|| self.recording_file());
        let order = RecordingOrder {
            feed: tap,
            file,
            keeper,
        };
        let recording = self.node.recorder.record(order);
        self.live.get_or_init(|| recording.live());
        Ok(Line {
            leg,
            feed,
            recording,
            log,
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
        line: Line,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> CallReport {
        match self.await_answer(&line, signalling, events).await {
            Ok(remote) => {
                while line.feed.event().is_some() {}
                if let Err(error) = line.connect(self.node, &remote) {
                    signalling.hangup();
                    return failed(error.to_string());
                }
                self.talk(agent, script, line, &remote, signalling, events)
                    .await
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
        line: &Line,
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
                        self.hear_early(line, &remote);
                    }
                    Some(sip::CallEvent::MediaChanged(remote)) => self.hear_early(line, &remote),
                    None => return Err(EndCause::TimedOut),
                },
                order = self.control.order() => match order {
                    Order::HangUp(_) | Order::SayGoodbye { .. } => signalling.hangup(),
                },
                () = line.feed.ready() => {
                    // Before the answer nobody need send anything.
                    while line.feed.event().is_some() {}
                    // Early media is neither kept nor listened to.
                    while line.feed.window().is_some() {}
                }
            }
        }
    }

    /// Early media that cannot be heard costs nothing but itself.
    fn hear_early(&self, line: &Line, remote: &RemoteMedia) {
        if let Err(error) = line.connect(self.node, remote) {
            tracing::warn!(%error, "early media is not heard");
        }
    }

    async fn talk(
        &self,
        agent: &AgentDefinition,
        script: Script,
        line: Line,
        remote: &RemoteMedia,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> CallReport {
        let answered_at = Timestamp::now();
        self.journal.write(CallEventKind::Answered);
        let answered = self.node.clock.now();
        let rate = line.leg.rate().unwrap_or_else(|| remote.codec.rate());
        line.recording.begin(answered, rate);
        let parts = Parts {
            script,
            patience: self.node.config.patience,
            opus: self.node.config.opus,
            held: !remote.we_send,
            journal: self.journal,
            metrics: &self.node.metrics,
            control: self.control,
            clock: self.node.clock,
            rate,
            leg: &line.leg,
            feed: &line.feed,
            signalling,
            recogniser: Arc::clone(&self.node.providers.recogniser),
            judge: Arc::clone(&self.node.providers.judge),
            synthesiser: Arc::clone(&self.node.providers.synthesiser),
            model: self.node.providers.models.model_for(agent),
            tools: self
                .node
                .providers
                .tools
                .runner_for(agent, self.journal.call()),
            log: line.log.clone(),
        };
        let outcome = Driver::new(parts, answered).run(events).await;
        let ended = self.node.clock.now();
        let duration = ended.since(answered);
        let dropped = line.feed.dropped();
        if dropped > 0 {
            tracing::warn!(
                windows = dropped,
                "the call was too slow to hear everything"
            );
        }
        let Outcome {
            cause,
            transcript,
            latencies,
            caller_level,
        } = outcome;
        let counted = line.leg.statistics();
        let quality = LineQuality {
            packets_received: counted.packets_received,
            packets_lost: counted.lost,
            packets_recovered: counted.recovered,
            caller_level_dbfs: caller_level,
        };
        let (status, sip_code, reason) = after_answer(&cause);
        if let Some(log) = &line.log {
            log.write(&Record::Ended(Ended {
                at: ended,
                reason: reason.clone(),
                hung_up: matches!(cause, Cause::HungUp(_)),
                frames_lost: line.leg.statistics().feed_dropped,
            }));
        }
        drop(line.leg);
        let recording = line.recording.finish().await;
        CallReport {
            status,
            sip_code,
            reason,
            answered_at: Some(answered_at),
            duration,
            recording,
            transcript,
            latencies,
            line: Some(quality),
        }
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
        line: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_order_is_taken_once_and_the_last_one_counts() {
        let control = Control::new();
        control.give(Order::SayGoodbye {
            goodbye: None,
            reason: "one",
        });
        control.give(Order::HangUp("two"));
        assert_eq!(control.order().await, Order::HangUp("two"));
        let another = tokio::time::timeout(Duration::from_millis(20), control.order());
        assert!(another.await.is_err());
    }
}
