use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use audio::codec::OpusSettings;
use audio::{Moment, SampleRate};
use futures_util::StreamExt;
use llm::{LanguageModel, ReplyPart, ReplyStream};
use media::{Clock, Leg, LegEvent};
use sip::{CallHandle, EndCause, TransferOutcome};
use speech::{RecogniseError, Recogniser, Recognition, Synthesiser, TurnJudge, Utterance};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use turn::Attempt;
use uuid::Uuid;

use super::journal::Journal;
use super::loudness::Loudness;
use super::speaker::{Note, Speaker, Voice};
use super::succession::Succession;
use super::told::Told;
use super::{Control, Order};
use crate::dialogue::{Effect, HeardWindow, Playback, ReplyId, ToolId};
use crate::event::CallEventKind;
use crate::keeping::{Log, LoggedDialogue};
use crate::listening::Attached;
use crate::metrics::Metrics;
use crate::patience::Patience;
use crate::routing::ForwardOutcome;
use crate::script::Script;
use crate::tools::{ToolReply, ToolRunner};

/// How long a decode under way at the end of a call may still take.
const LAST_DECODE: Duration = Duration::from_secs(1);

/// How long the leg may take to say what it had played at the end of a call.
const LAST_TICKS: Duration = Duration::from_millis(60);

/// Judgements that may be under way at a time: earlier ones are out of date.
const JUDGING: usize = 2;

type Recognised = (Attempt, Result<Recognition, RecogniseError>);

/// Characters of a tool's answer that the call's events hold.
const TOLD_OF_ANSWER: usize = 2_000;

/// A tool that has answered.
struct Used {
    id: ToolId,
    name: String,
    reply: ToolReply,
    took: Duration,
}

impl Used {
    fn told(&self) -> CallEventKind {
        CallEventKind::ToolAnswered {
            name: self.name.clone(),
            number: self.id.0,
            outcome: self.reply.outcome,
            answer: self.reply.text.chars().take(TOLD_OF_ANSWER).collect(),
            spoken: self.reply.is_spoken,
            took_ms: self.took.as_millis() as u64,
        }
    }
}

/// What one answered call works with.
pub(super) struct Parts<'a> {
    pub(super) script: Script,
    pub(super) patience: Patience,
    /// Whether the far end holds the call from its answer on.
    pub(super) held: bool,
    pub(super) journal: &'a Journal,
    pub(super) metrics: &'a Metrics,
    pub(super) opus: OpusSettings,
    pub(super) control: &'a Control,
    pub(super) clock: Clock,
    pub(super) rate: SampleRate,
    pub(super) leg: &'a Leg,
    pub(super) feed: &'a Attached,
    pub(super) signalling: &'a CallHandle,
    pub(super) recogniser: Arc<dyn Recogniser>,
    pub(super) judge: Arc<dyn TurnJudge>,
    pub(super) synthesiser: Arc<dyn Synthesiser>,
    pub(super) model: Arc<dyn LanguageModel>,
    pub(super) tools: Arc<dyn ToolRunner>,
    pub(super) succession: Succession<'a>,
    /// Where the conversation is kept, if it is.
    pub(super) log: Option<Log>,
}

/// How an answered call ended, and what was said.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) cause: Cause,
    pub(super) told: Told,
    /// How loud the caller's speech was, in decibels of full scale, if there was any.
    pub(super) caller_level: Option<f64>,
}

/// Why an answered call ended.
#[derive(Debug)]
pub(super) enum Cause {
    /// The far end, or signalling, ended it.
    Signalling(EndCause),
    /// We ended it, for this reason.
    HungUp(&'static str),
    /// The caller's audio stopped arriving.
    Vanished,
    /// The leg's media broke.
    MediaFailed,
    /// This part of the call broke inside the node.
    Broken(&'static str),
}

/// Carries out a dialogue's effects and tells it what happened: the one place of a call where
/// the clock is read.
pub(super) struct Driver<'a> {
    parts: Parts<'a>,
    dialogue: LoggedDialogue,
    speaker: Speaker,
    recognitions: JoinSet<Recognised>,
    recognising: BTreeMap<Attempt, AbortHandle>,
    judging: JoinSet<(Attempt, Option<f32>)>,
    reply: Option<(ReplyId, ReplyStream)>,
    tools: JoinSet<Used>,
    told: Told,
    loudness: Loudness,
    hang_up: Option<&'static str>,
    held: bool,
}

impl<'a> Driver<'a> {
    /// The call is recorded from `origin` on.
    pub(super) fn new(parts: Parts<'a>, origin: Moment) -> Self {
        let now = parts.clock.now();
        let script = parts.script.clone();
        let log = parts.log.clone();
        let (patience, rate) = (parts.patience, parts.rate);
        let mut dialogue = LoggedDialogue::new(log, script, patience, rate, Some(origin), now);
        dialogue.hold(now, parts.held);
        let voice = Voice {
            synthesiser: Arc::clone(&parts.synthesiser),
            rate: parts.rate,
            speed: parts.script.speed,
            clock: parts.clock,
            log: parts.log.clone(),
        };
        let speaker = Speaker::start(voice, parts.leg.playout());
        Self {
            held: parts.held,
            parts,
            dialogue,
            speaker,
            recognitions: JoinSet::new(),
            recognising: BTreeMap::new(),
            judging: JoinSet::new(),
            reply: None,
            tools: JoinSet::new(),
            told: Told::default(),
            loudness: Loudness::default(),
            hang_up: None,
        }
    }

    /// Runs the conversation to its end and hangs up if the far end has not.
    pub(super) async fn run(mut self, events: &mut mpsc::Receiver<sip::CallEvent>) -> Outcome {
        let cause = self.converse(events).await;
        self.dialogue.close();
        self.dialogue.fall_silent(self.parts.clock.now());
        self.carry_out();
        self.learn_what_was_played().await;
        self.hear_last_words().await;
        self.dialogue.finish(self.parts.clock.now());
        self.carry_out();
        if !matches!(cause, Cause::Signalling(_)) {
            self.parts.signalling.hangup();
        }
        self.let_tools_finish().await;
        Outcome {
            cause,
            told: self.told,
            caller_level: self.loudness.level(),
        }
    }

    /// Waits a little for the leg to say how much of the agent's last words was sent.
    async fn learn_what_was_played(&mut self) {
        let rest = async {
            while self.dialogue.awaits_cut_off() {
                self.parts.feed.ready().await;
                while let Some(event) = self.parts.feed.event() {
                    self.played(event);
                }
            }
        };
        if tokio::time::timeout(LAST_TICKS, rest).await.is_err() {
            tracing::debug!("the leg did not say in time how much of the agent was heard");
        }
    }

    /// Waits a little for what the caller said just before the end.
    async fn hear_last_words(&mut self) {
        let rest = async {
            while let Some(recognition) = self.recognitions.join_next().await {
                self.recognised(recognition);
            }
        };
        if tokio::time::timeout(LAST_DECODE, rest).await.is_err() {
            tracing::warn!("the caller's last words were not recognised in time");
        }
    }

    /// Waits for tools under way, which may be doing what the caller asked for.
    async fn let_tools_finish(&mut self) {
        let longest = self.parts.patience.longest_tool;
        let rest = async {
            while let Some(answered) = self.tools.join_next().await {
                if let Ok(used) = answered {
                    self.tell(used.told());
                }
            }
        };
        if tokio::time::timeout(longest, rest).await.is_err() {
            tracing::warn!("a tool did not finish in time after the call");
        }
    }

    async fn converse(&mut self, events: &mut mpsc::Receiver<sip::CallEvent>) -> Cause {
        loop {
            self.carry_out();
            if let Some(reason) = self.hang_up {
                tokio::time::sleep(self.parts.patience.last_words).await;
                return Cause::HungUp(reason);
            }
            if self.parts.feed.failed() {
                return Cause::Broken("listening");
            }
            if self.parts.journal.is_full() {
                return Cause::Broken("journal");
            }
            let deadline = self.parts.clock.instant(self.dialogue.deadline()).into();
            let has_headroom = self.speaker.has_headroom();
            tokio::select! {
                event = events.recv() => {
                    if let Some(cause) = self.signalled(event) {
                        return cause;
                    }
                }
                () = self.parts.feed.ready() => {
                    if let Some(cause) = self.heard() {
                        return cause;
                    }
                }
                Some(recognition) = self.recognitions.join_next() => self.recognised(recognition),
                Some(judged) = self.judging.join_next() => {
                    // A judgement that broke down says nothing.
                    if let Ok((attempt, judged)) = judged {
                        self.dialogue.judged(self.parts.clock.now(), attempt, judged);
                    }
                }
                part = next_part(&mut self.reply), if has_headroom => self.replied(part),
                Some(answered) = self.tools.join_next() => self.tool_answered(answered),
                note = self.speaker.note() => match note {
                    Some(note) => self.noted(note),
                    None => return Cause::Broken("voice"),
                },
                order = self.parts.control.order() => {
                    if let Some(cause) = self.ordered(order) {
                        return cause;
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    self.dialogue.timeout(self.parts.clock.now());
                }
            }
        }
    }

    fn ordered(&mut self, order: Order) -> Option<Cause> {
        let now = self.parts.clock.now();
        match order {
            Order::HangUp(reason) => return Some(Cause::HungUp(reason)),
            Order::SayGoodbye { goodbye, reason } => {
                self.dialogue.hang_up(now, goodbye.as_deref(), reason);
            }
            Order::Say { message, ends_call } => self.dialogue.say_line(now, &message, ends_call),
            Order::Forward { to, message } => self.dialogue.forward(now, to, message.as_deref()),
            Order::Mute(muted) => self.dialogue.mute(now, muted),
        }
        None
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.dialogue.poll() {
            match effect {
                Effect::Recognise(attempt, utterance) => self.recognise(attempt, utterance),
                Effect::Judge(attempt, turn) => self.judge(attempt, turn),
                Effect::CancelRecognise(attempt) => {
                    if let Some(task) = self.recognising.remove(&attempt) {
                        task.abort();
                    }
                }
                Effect::Ask(id, request) => {
                    self.reply = Some((id, self.parts.model.reply(request)))
                }
                Effect::CancelAsk(id) => drop(self.reply.take_if(|(asked, _)| *asked == id)),
                Effect::RunTool(id, call) => {
                    let name = call.name.clone();
                    let (clock, began) = (self.parts.clock, self.parts.clock.now());
                    let answer = self.parts.tools.run(call);
                    self.tools.spawn(async move {
                        let reply = answer.await;
                        let took = clock.now().since(began);
                        Used {
                            id,
                            name,
                            reply,
                            took,
                        }
                    });
                }
                Effect::Speak(segment, text) => {
                    if !self.speaker.speak(segment, text) {
                        let now = self.parts.clock.now();
                        let reason = "more sentences were ordered at once than can wait";
                        self.dialogue
                            .synthesis_failed(now, segment, Duration::ZERO, reason);
                    }
                }
                Effect::Hold => self.speaker.hold(),
                Effect::Release => self.speaker.release(),
                Effect::Silence => self.speaker.silence(),
                Effect::Tell(kind) => self.tell(kind),
                Effect::Transfer(target) => self.transfer(&target),
                Effect::HandOver(agent) => self.hand_over(agent),
                Effect::HangUp(reason) => self.hang_up = Some(reason),
            }
        }
    }

    fn tell(&mut self, kind: CallEventKind) {
        self.told.note(&kind);
        self.parts.journal.write(kind);
    }

    /// Asks the far end to call somebody else.
    fn transfer(&mut self, target: &str) {
        if let Err(error) = self.parts.signalling.transfer(target) {
            tracing::warn!(%error, "a call is not passed on");
            let now = self.parts.clock.now();
            self.dialogue.forwarded(now, ForwardOutcome::Refused, None);
        }
    }

    /// Has another agent go on with the call.
    fn hand_over(&mut self, agent: Uuid) {
        let now = self.parts.clock.now();
        let Some(successor) = self.parts.succession.successor(agent) else {
            tracing::warn!(%agent, "a call is to be passed on to an agent that there is not");
            self.dialogue.forwarded(now, ForwardOutcome::Failed, None);
            return;
        };
        self.parts.model = successor.model;
        self.parts.tools = successor.tools;
        self.dialogue.taken_over(now, successor.script);
    }

    fn judge(&mut self, attempt: Attempt, turn: Utterance) {
        if self.judging.len() >= JUDGING {
            self.judging.abort_all();
        }
        let judge = Arc::clone(&self.parts.judge);
        self.judging.spawn(async move {
            let judged = judge.judge(turn).await;
            if let Err(error) = &judged {
                tracing::debug!(%error, "a turn is decided without its sound");
            }
            (attempt, judged.ok())
        });
    }

    fn recognise(&mut self, attempt: Attempt, utterance: Utterance) {
        let recogniser = Arc::clone(&self.parts.recogniser);
        let metrics = self.parts.metrics.clone();
        let task = self.recognitions.spawn(async move {
            let recognised = recogniser.recognise(utterance).await;
            if let Ok(recognition) = &recognised {
                metrics.recognised(recognition.queued, recognition.took);
            }
            (attempt, recognised)
        });
        self.recognising.insert(attempt, task);
    }

    fn recognised(&mut self, recognition: Result<Recognised, tokio::task::JoinError>) {
        let (attempt, result) = match recognition {
            Ok(recognition) => recognition,
            Err(error) if error.is_cancelled() => return,
            Err(error) => {
                tracing::error!(%error, "a recognition broke down");
                let mut under_way = self.recognising.iter();
                let Some((attempt, _)) = under_way.find(|(_, task)| task.id() == error.id()) else {
                    return;
                };
                (*attempt, Err(RecogniseError::Stopped))
            }
        };
        self.recognising.remove(&attempt);
        if let Err(error) = &result {
            tracing::warn!(%error, "the caller's words could not be recognised");
        }
        let now = self.parts.clock.now();
        let over = result.as_ref().ok().and_then(|found| found.is_over);
        if let Some(over) = over {
            self.dialogue.provider_says(now, attempt, over);
        }
        let words = result.map(|found| (found.text, found.took));
        self.dialogue.recognised(now, attempt, words);
    }

    fn replied(&mut self, part: Option<(ReplyId, Option<Result<ReplyPart, llm::ReplyError>>)>) {
        let Some((id, part)) = part else {
            return;
        };
        let now = self.parts.clock.now();
        match part {
            Some(Ok(part)) => self.dialogue.reply_part(now, id, part),
            Some(Err(error)) => {
                tracing::warn!(reason = error.without_words(), "the language model failed");
                tracing::debug!(%error, "what the language model failed with");
                self.reply = None;
                self.dialogue.reply_ended(now, id, Err(error));
            }
            None => {
                self.reply = None;
                self.dialogue.reply_ended(now, id, Ok(()));
            }
        }
    }

    fn tool_answered(&mut self, answered: Result<Used, tokio::task::JoinError>) {
        match answered {
            Ok(used) => {
                self.tell(used.told());
                self.dialogue
                    .tool_answered(self.parts.clock.now(), used.id, &used.reply);
            }
            // The dialogue does not wait for ever.
            Err(error) => tracing::error!(%error, "a tool broke down"),
        }
    }

    fn noted(&mut self, note: Note) {
        match note {
            Note::Started { segment, at } => self.dialogue.synthesis_started(at, segment),
            Note::Words { segment, words } => self.dialogue.word_times(segment, &words),
            Note::Done { segment, duration } => {
                self.dialogue
                    .synthesised(self.parts.clock.now(), segment, duration);
            }
            Note::Failed {
                segment,
                spoken,
                reason,
            } => {
                let now = self.parts.clock.now();
                self.dialogue
                    .synthesis_failed(now, segment, spoken, &reason);
            }
        }
    }

    fn heard(&mut self) -> Option<Cause> {
        while let Some(event) = self.parts.feed.event() {
            match event {
                // Whoever holds the call need not send anything.
                LegEvent::PacketsStopped { .. } if self.held => {}
                LegEvent::PacketsStopped { .. } => return Some(Cause::Vanished),
                LegEvent::Digit { digit, at } => {
                    self.dialogue.pressed(self.parts.clock.now(), at, digit);
                }
                LegEvent::Failed => return Some(Cause::MediaFailed),
                LegEvent::FirstPacket { from, .. } => tracing::debug!(%from, "media arrives"),
                LegEvent::SegmentStarted { .. }
                | LegEvent::SegmentFinished { .. }
                | LegEvent::Interrupted { .. }
                | LegEvent::PlayoutIdle { .. } => self.played(event),
            }
        }
        while let Some(window) = self.parts.feed.window() {
            self.loudness.hear(window.probability, &window.samples);
            let heard = HeardWindow {
                at: window.at,
                delivered: window.delivered,
                gathered: window.gathered,
                probability: window.probability,
                samples: &window.samples,
            };
            let now = self.parts.clock.now();
            self.dialogue.heard(now, window.number, &heard);
        }
        None
    }

    /// Tells the dialogue of the progress of the agent's voice.
    fn played(&mut self, event: LegEvent) {
        match event {
            LegEvent::SegmentStarted { segment, at } => {
                self.dialogue.playback(at, Playback::Started(segment));
            }
            LegEvent::SegmentFinished { segment, at } => {
                self.dialogue.playback(at, Playback::Finished(segment));
            }
            LegEvent::Interrupted {
                segment, played, ..
            } => {
                let now = self.parts.clock.now();
                self.dialogue.cut_off(now, segment, played);
            }
            LegEvent::Digit { .. }
            | LegEvent::Failed
            | LegEvent::FirstPacket { .. }
            | LegEvent::PacketsStopped { .. }
            | LegEvent::PlayoutIdle { .. } => {}
        }
    }

    fn signalled(&mut self, event: Option<sip::CallEvent>) -> Option<Cause> {
        match event {
            Some(sip::CallEvent::Ended(cause)) => Some(Cause::Signalling(cause)),
            None => Some(Cause::Signalling(EndCause::TimedOut)),
            Some(sip::CallEvent::MediaChanged(remote) | sip::CallEvent::Answered(remote)) => {
                self.held = !remote.we_send;
                self.dialogue.hold(self.parts.clock.now(), self.held);
                let connection = line::connection(&remote, self.parts.opus);
                let Err(error) = self.parts.leg.connect(connection) else {
                    return None;
                };
                tracing::error!(%error, "the far end wants media that cannot be had");
                Some(Cause::MediaFailed)
            }
            Some(sip::CallEvent::Transferred(outcome)) => {
                let (outcome, code) = forward_outcome(&outcome);
                let now = self.parts.clock.now();
                self.dialogue.forwarded(now, outcome, code);
                None
            }
            Some(sip::CallEvent::Ringing { .. } | sip::CallEvent::EarlyMedia(_)) => None,
        }
    }
}

/// What a transfer came to, and the SIP status that says so.
const fn forward_outcome(outcome: &TransferOutcome) -> (ForwardOutcome, Option<u16>) {
    match outcome {
        TransferOutcome::Completed => (ForwardOutcome::Completed, None),
        TransferOutcome::Accepted => (ForwardOutcome::Accepted, None),
        TransferOutcome::Refused { code } => (ForwardOutcome::Refused, Some(*code)),
        TransferOutcome::Failed { code } => (ForwardOutcome::Failed, Some(*code)),
        TransferOutcome::Unreported => (ForwardOutcome::Unreported, None),
    }
}

async fn next_part(
    reply: &mut Option<(ReplyId, ReplyStream)>,
) -> Option<(ReplyId, Option<Result<ReplyPart, llm::ReplyError>>)> {
    match reply {
        Some((id, stream)) => Some((*id, stream.next().await)),
        None => std::future::pending().await,
    }
}
