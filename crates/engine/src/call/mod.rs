//! The life of one call: its leg, its signalling, its conversation, its report.

mod drive;
mod journal;
mod loudness;
mod order;
mod outcome;
mod speaker;
mod succession;
mod told;
mod way;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use audio::SampleRate;
use jiff::Timestamp;
use media::{Background, ConnectError, Leg, OpenLegError};
use sip::{CallHandle, EndCause, IncomingCall, LocalMedia, RemoteMedia};
use tokio::sync::mpsc;

pub(crate) use self::journal::Journal;
pub(crate) use self::order::{Control, Order};

use self::drive::{Cause, Driver, Outcome, Parts};
use self::outcome::{after_answer, before_answer};
use self::succession::Succession;
use crate::control::{NumberDirectory, PlaceCall};
use crate::event::{CallEventKind, CallReport, CallStatus, Direction, LineQuality};
use crate::keeping::{Ended, Log, Opened, Record, keeper};
use crate::listening::Attached;
use crate::metrics::Refusal;
use crate::node::Node;
use crate::recording::{Recording, RecordingOrder};
use crate::script::{Occasion, Script};

/// What every call needs, whoever called whom.
pub(crate) struct Call<'a> {
    pub(crate) node: &'a Node,
    pub(crate) journal: &'a Journal,
    pub(crate) control: &'a Control,
    pub(crate) live: &'a std::sync::OnceLock<tokio::sync::broadcast::Sender<crate::LiveAudio>>,
}

/// Who talks to whom.
pub(crate) struct Party<'a> {
    agent: &'a AgentDefinition,
    direction: Direction,
    number: &'a str,
    about: Option<&'a str>,
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

/// What is kept of the sound of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept {
    recording: bool,
    bundle: bool,
}

impl Kept {
    /// Of a call of `agent` whose script asks for a recording or not, on a node that seals its
    /// recordings or not. Bundles are never sealed.
    fn of(agent: &AgentDefinition, wanted: bool, is_sealed: bool) -> Self {
        let is_health_data = agent.voice().compliance.hipaa_compliance;
        Self {
            recording: wanted && (is_sealed || !is_health_data),
            bundle: wanted && !is_health_data,
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
        let party = Party {
            agent: &request.agent,
            direction: Direction::Outbound,
            number: &request.number,
            about: request.about.as_deref(),
        };
        let mut ways = way::ways(request).into_iter().peekable();
        loop {
            let Some(way) = ways.next() else {
                return failed("there is no way out for the call".to_owned());
            };
            let media = LocalMedia {
                address: line.leg.local_address(),
            };
            let is_last = ways.peek().is_none();
            let placed = self
                .node
                .sip
                .call(way.call(&request.number, media, is_last));
            let (signalling, mut events) = match placed {
                Ok(placed) => placed,
                Err(error) => return failed(error.to_string()),
            };
            match self.await_answer(&line, &signalling, &mut events).await {
                Ok(remote) => {
                    return self
                        .answered(&party, script, line, &remote, &signalling, &mut events)
                        .await;
                }
                Err(cause) if !is_last && way::is_for_the_next(&cause) => {
                    tracing::warn!(%cause, "a gateway does not take the call; the next is tried");
                }
                Err(cause) => return unanswered(line, &cause).await,
            }
        }
    }

    /// Answers an inbound call and carries it to its end.
    pub(crate) async fn inbound(
        &self,
        agent: &Arc<AgentDefinition>,
        incoming: IncomingCall,
        numbers: &dyn NumberDirectory,
    ) -> CallReport {
        let number = incoming.from.clone();
        let about = self.caller(agent, &incoming, numbers).await;
        let occasion = Occasion {
            direction: Direction::Inbound,
            number: &number,
            about: about.as_deref(),
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
        let party = Party {
            agent,
            direction: Direction::Inbound,
            number: &number,
            about: about.as_deref(),
        };
        self.carry(&party, script, line, &signalling, &mut events)
            .await
    }

    /// What is known of whoever calls. A call is answered without it rather than late.
    async fn caller(
        &self,
        agent: &AgentDefinition,
        incoming: &IncomingCall,
        numbers: &dyn NumberDirectory,
    ) -> Option<String> {
        let looked_up = numbers.caller(agent.agent_uuid, &incoming.from);
        let longest = self.node.config.longest_lookup;
        tokio::select! {
            found = tokio::time::timeout(longest, looked_up) => found.unwrap_or_else(|_| {
                tracing::warn!(?longest, "who calls is not found out in time");
                None
            }),
            () = incoming.withdrawn() => None,
        }
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
        let kept = Kept::of(agent, script.record, self.node.config.seal.is_some());
        let (leg, feed, tap, kept_call) = match shelf.filter(|_| kept.bundle) {
            Some(shelf) => {
                let (leg, feed, tap, tapped) = media.open_tapped(options)?;
                (leg, feed, tap, Some((shelf, tapped)))
            }
            None => {
                let (leg, feed, tap) = media.open(options)?;
                (leg, feed, tap, None)
            }
        };
        let (log, keeper) = kept_call
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
        let file = kept.recording.then(|| self.recording_file());
        let order = RecordingOrder {
            feed: tap,
            file,
            key: self.node.config.seal.clone(),
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
        let config = &self.node.config;
        let name = self.journal.call().to_string();
        recordings::path(&config.recordings, &name, config.seal.is_some())
    }

    /// Carries a call from its INVITE to its end.
    async fn carry(
        &self,
        party: &Party<'_>,
        script: Script,
        line: Line,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> CallReport {
        self.ready_background(&script).await;
        match self.await_answer(&line, signalling, events).await {
            Ok(remote) => {
                self.answered(party, script, line, &remote, signalling, events)
                    .await
            }
            Err(cause) => unanswered(line, &cause).await,
        }
    }

    /// Connects the audio of a call that was answered, and carries it to its end.
    async fn answered(
        &self,
        party: &Party<'_>,
        script: Script,
        line: Line,
        remote: &RemoteMedia,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> CallReport {
        self.ready_background(&script).await;
        while line.feed.event().is_some() {}
        if let Err(error) = line.connect(self.node, remote) {
            signalling.hangup();
            return failed(error.to_string());
        }
        self.talk(party, script, line, remote, signalling, events)
            .await
    }

    /// Has the sound behind the agent computed, which only the first call with it waits for: where
    /// the line is connected other calls would wait as well.
    async fn ready_background(&self, script: &Script) {
        let Some(Background { ambience, .. }) = script.background else {
            return;
        };
        let widest = self.node.config.widest.hertz();
        let rates = [SampleRate::HZ_8000, SampleRate::HZ_16000];
        let rates = rates.into_iter().filter(move |rate| rate.hertz() <= widest);
        let computed = tokio::task::spawn_blocking(move || {
            for rate in rates {
                ambience.bed(rate);
            }
        });
        if computed.await.is_err() {
            tracing::error!("the sound behind the agent could not be computed");
        }
    }

    async fn await_answer(
        &self,
        line: &Line,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> Result<RemoteMedia, EndCause> {
        let mut ringing = false;
        let mut given_up = false;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(sip::CallEvent::Answered(remote)) => return Ok(remote),
                    // No further way is to be tried for a call that was given up meanwhile.
                    Some(sip::CallEvent::Ended(cause)) if given_up && way::is_for_the_next(&cause) => {
                        return Err(EndCause::Cancelled);
                    }
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
                    // Nobody transfers a call before its answer.
                    Some(sip::CallEvent::Transferred(_)) => {}
                    None => return Err(EndCause::TimedOut),
                },
                order = self.control.order() => match order {
                    Order::HangUp(_) | Order::SayGoodbye { .. } => {
                        given_up = true;
                        signalling.hangup();
                    }
                    // Such are not taken before the answer.
                    Order::Say { .. } | Order::Forward { .. } | Order::Mute(_) => {}
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
        party: &Party<'_>,
        script: Script,
        line: Line,
        remote: &RemoteMedia,
        signalling: &CallHandle,
        events: &mut mpsc::Receiver<sip::CallEvent>,
    ) -> CallReport {
        let answered_at = Timestamp::now();
        self.journal.write(CallEventKind::Answered);
        self.control.answered();
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
            model: self.node.providers.models.model_for(party.agent),
            tools: self
                .node
                .providers
                .tools
                .runner_for(party.agent, self.journal.call()),
            succession: Succession {
                node: self.node,
                call: self.journal.call(),
                party,
            },
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
            told,
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
            transcript: told.transcript,
            latencies: told.latencies,
            decisions: told.decisions,
            tries: told.tries,
            line: Some(quality),
        }
    }
}

/// Ends a call that was not answered.
async fn unanswered(line: Line, cause: &EndCause) -> CallReport {
    drop(line.leg);
    drop(line.recording.finish().await);
    before_answer(cause)
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
        decisions: Vec::new(),
        tries: Vec::new(),
        line: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_data_is_kept_sealed_or_not_at_all() {
        let agent = |hipaa: bool| {
            let compliance = serde_json::json!({ "hipaa_compliance": hipaa });
            AgentDefinition::from_json(serde_json::json!({
                "name": "Maya",
                "settings": { "voice": { "compliance": compliance } },
            }))
            .unwrap()
        };
        let kept = |recording, bundle| Kept { recording, bundle };
        assert_eq!(Kept::of(&agent(false), true, false), kept(true, true));
        assert_eq!(Kept::of(&agent(true), true, false), kept(false, false));
        assert_eq!(Kept::of(&agent(true), true, true), kept(true, false));
        assert_eq!(Kept::of(&agent(false), false, true), kept(false, false));
    }
}
