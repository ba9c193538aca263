//! The agent's side of a replayed call: the conversation's state machine, driven by moments
//! instead of by a clock. The one place that knows the dialogue's inputs and effects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::time::Duration;

use audio::{Moment, SampleRate};
use engine::dialogue::{Dialogue, Effect, HeardWindow, Playback, ReplyId, ToolId};
use engine::keeping::Input;
use engine::listening::{Ear, HeardAudio, Hearing};
use engine::{ForwardOutcome, Patience, Script, ToolOutcome, ToolReply};
use llm::{ReplyError, ReplyPart, ReplyRequest};
use media::{LegEvent, LegFeed, PlayoutHandle, SegmentId};
use speech::{RecogniseError, Utterance, stated};
use turn::Attempt;

use crate::cassettes::{Recognition, Transfer};
use crate::latency::{self, Timing};
use crate::stages::{Mind, Stages, Words};
use crate::story::{Narrator, Story};
use crate::voice::{Note, Voice};

/// What a tool answers of which the scenario says nothing.
const DONE: &str = "Done.";

/// What a conversation works with.
pub(crate) struct Parts {
    pub(crate) script: Script,
    pub(crate) patience: Patience,
    pub(crate) mind: Mind,
    pub(crate) timing: Timing,
    /// What tools answer, by their names.
    pub(crate) tools: BTreeMap<String, ToolReply>,
    pub(crate) rate: SampleRate,
    pub(crate) playout: PlayoutHandle,
}

/// Why the agent's side is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The agent hangs up, for this reason.
    HungUp(&'static str),
    /// The caller's packets stopped.
    Vanished,
    /// The leg broke.
    Failed,
    /// The language model cannot be asked.
    Unreachable,
}

/// What the caller notices of the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// When the agent began to speak, the last time that it did.
    pub(crate) began: Option<Moment>,
    /// Since when it has been silent after that, with nothing left to say.
    pub(crate) quiet_since: Option<Moment>,
}

/// What a stage answers, when it is time.
enum Answer {
    /// The words are yet to be recognised: nobody knows before whether they will still be wanted.
    Recognise(Attempt, Utterance, Duration),
    Recognised(Attempt, Result<Words, RecogniseError>, Duration),
    /// The sound is yet to be judged.
    Judge(Attempt, Utterance),
    Judged(Attempt, Option<f32>),
    Part(ReplyId, ReplyPart),
    ReplyEnded(ReplyId, Result<(), ReplyError>),
    Tool(ToolId, ToolReply),
    /// What came of passing the call on.
    Forwarded(ForwardOutcome, Option<u16>),
}

pub(crate) struct Conversation<'a> {
    stages: &'a mut Stages,
    dialogue: Dialogue,
    ear: Ear,
    /// When the conversation is told of which window, where that is not at once.
    schedule: BTreeMap<u64, Moment>,
    /// Windows that it is still to be told of, and when.
    waiting: VecDeque<(Moment, HeardAudio)>,
    voice: Voice,
    mind: Mind,
    timing: Timing,
    answers: BTreeMap<(Moment, u64), Answer>,
    asked: u64,
    narrator: Narrator,
    /// What tools answer.
    tools: BTreeMap<String, ToolReply>,
    unfinished: BTreeSet<SegmentId>,
    manner: Manner,
    end: Option<End>,
    /// Why the language model cannot be asked.
    unreachable: Option<String>,
}

impl<'a> Conversation<'a> {
    /// A conversation that begins at `now`.
    pub(crate) fn new(stages: &'a mut Stages, parts: Parts, now: Moment) -> Self {
        let hearing = Hearing {
            suppress_noise: parts.script.suppress_noise,
        };
        let speed = parts.script.speed;
        let timing = parts.timing.clone();
        let narrator = Narrator::of(&parts.script);
        let mut conversation = Self {
            stages,
            dialogue: Dialogue::new(parts.script, parts.patience, parts.rate, Some(now), now),
            ear: Ear::new(hearing),
            schedule: BTreeMap::new(),
            waiting: VecDeque::new(),
            voice: Voice::new(parts.playout, parts.rate, speed, timing),
            mind: parts.mind,
            timing: parts.timing,
            answers: BTreeMap::new(),
            asked: 0,
            narrator,
            tools: parts.tools,
            unfinished: BTreeSet::new(),
            manner: Manner::default(),
            end: None,
            unreachable: None,
        };
        conversation.carry_out(now);
        conversation
    }

    /// When [`advance`](Self::advance) is due.
    pub(crate) fn deadline(&self) -> Moment {
        let answer = self.answers.first_key_value().map(|(&(at, _), _)| at);
        let window = self.waiting.front().map(|&(at, _)| at);
        let others = [answer, window, self.voice.deadline()];
        let own = self.dialogue.deadline();
        others.into_iter().flatten().fold(own, Moment::min)
    }

    /// Whether the agent has something to do or to say.
    pub(crate) fn is_busy(&self) -> bool {
        !self.answers.is_empty() || !self.unfinished.is_empty() || self.voice.is_busy()
    }

    /// What the caller notices.
    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }

    /// Why it is over, once it is.
    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    /// Is told of these windows when it was in the call that took place. What came before the
    /// first of them is heard now, and nobody answers it.
    pub(crate) fn follow(&mut self, now: Moment, schedule: BTreeMap<u64, Moment>, feed: &LegFeed) {
        while feed.pop_event().is_some() {}
        self.schedule = schedule;
        self.listen(now, feed);
        let schedule = &self.schedule;
        self.waiting
            .retain(|(_, window)| schedule.contains_key(&window.number));
    }

    /// Takes what came from outside of the call.
    pub(crate) fn told(&mut self, now: Moment, order: &Input) {
        order.tell(&mut self.dialogue);
        self.carry_out(now);
    }

    /// Takes what the leg has for it.
    pub(crate) fn hear(&mut self, now: Moment, feed: &LegFeed) {
        while let Some(event) = feed.pop_event() {
            self.noticed(now, event);
            self.carry_out(now);
        }
        self.listen(now, feed);
        self.hear_waiting(now);
    }

    fn listen(&mut self, now: Moment, feed: &LegFeed) {
        while let Some(frame) = feed.pop_frame() {
            self.ear.hear(&frame);
            while let Some(mut window) = self.ear.window() {
                window.probability = self.stages.listen(&mut self.ear, &window.samples);
                let due = self.schedule.get(&window.number).copied();
                let last = self.waiting.back().map_or(now, |&(at, _)| at);
                self.waiting
                    .push_back((due.unwrap_or(now).max(last), window));
            }
        }
    }

    fn hear_waiting(&mut self, now: Moment) {
        while let Some((_, window)) = self.waiting.pop_front_if(|(at, _)| *at <= now) {
            let heard = HeardWindow {
                at: window.at,
                delivered: window.delivered,
                gathered: now,
                probability: window.probability,
                samples: &window.samples,
            };
            self.dialogue.heard(now, &heard);
            self.carry_out(now);
        }
    }

    /// Does what is due by `now`.
    pub(crate) fn advance(&mut self, now: Moment) {
        self.hear_waiting(now);
        while let Some(entry) = self.answers.first_entry()
            && entry.key().0 <= now
        {
            let answer = entry.remove();
            self.answered(now, answer);
            self.carry_out(now);
        }
        if now >= self.dialogue.deadline() {
            self.dialogue.timeout(now);
            self.carry_out(now);
        }
        self.speak(now);
    }

    /// The call is over: the agent falls silent.
    pub(crate) fn fall_silent(&mut self, now: Moment) {
        self.dialogue.close();
        self.dialogue.fall_silent(now);
        self.carry_out(now);
    }

    /// Whether the leg has still to say how much of the agent's last words was sent.
    pub(crate) fn awaits_cut_off(&self) -> bool {
        self.dialogue.awaits_cut_off()
    }

    /// Takes what the leg says of the agent's voice once the call is over.
    pub(crate) fn learn_what_was_played(&mut self, now: Moment, feed: &LegFeed) {
        while let Some(event) = feed.pop_event() {
            if !matches!(event, LegEvent::Digit { .. }) {
                self.noticed(now, event);
                self.carry_out(now);
            }
        }
    }

    /// What is still being recognised is noted, not answered. To be told after
    /// [`fall_silent`](Self::fall_silent).
    pub(crate) fn finish(mut self, now: Moment) -> Story {
        let answers = mem::take(&mut self.answers);
        for (_, answer) in answers {
            if matches!(answer, Answer::Recognise(..) | Answer::Recognised(..)) {
                self.answered(now, answer);
            }
        }
        self.dialogue.finish(now);
        self.carry_out(now);
        Story {
            unreachable: self.unreachable,
            ..self.narrator.story()
        }
    }

    fn noticed(&mut self, now: Moment, event: LegEvent) {
        match event {
            LegEvent::SegmentStarted { segment, at } => {
                if self.manner.quiet_since.take().is_some() || self.manner.began.is_none() {
                    self.manner.began = Some(at);
                }
                self.dialogue.playback(at, Playback::Started(segment));
            }
            LegEvent::SegmentFinished { segment, at } => {
                self.dialogue.playback(at, Playback::Finished(segment));
                self.spoken(at, segment);
            }
            LegEvent::PacketsStopped { .. } => self.end = self.end.or(Some(End::Vanished)),
            LegEvent::Failed => self.end = self.end.or(Some(End::Failed)),
            LegEvent::Digit { digit, at } => self.dialogue.pressed(now, at, digit),
            LegEvent::Interrupted {
                segment, played, ..
            } => self.dialogue.cut_off(now, segment, played),
            LegEvent::FirstPacket { .. } | LegEvent::PlayoutIdle { .. } => {}
        }
    }

    fn answered(&mut self, now: Moment, answer: Answer) {
        match answer {
            Answer::Recognise(attempt, utterance, took) => {
                let (words, _) = self.stages.recognise(utterance);
                self.answered(now, Answer::Recognised(attempt, words, took));
            }
            Answer::Recognised(attempt, words, took) => {
                let over = words.as_ref().ok().and_then(|words| words.is_over);
                if let Some(over) = over {
                    self.dialogue.provider_says(now, attempt, over);
                }
                let words = words.map(|words| (words.text, took));
                self.dialogue.recognised(now, attempt, words);
            }
            Answer::Judge(attempt, turn) => {
                let (judged, _) = self.stages.judge(turn);
                self.dialogue.judged(now, attempt, judged);
            }
            Answer::Judged(attempt, judged) => self.dialogue.judged(now, attempt, judged),
            Answer::Part(reply, part) => self.dialogue.reply_part(now, reply, part),
            Answer::Tool(id, reply) => match reply.passes_to {
                Some(agent) => self.dialogue.tool_passes_on(now, id, agent, &reply.text),
                None => self
                    .dialogue
                    .tool_answered(now, id, &reply.text, reply.is_spoken),
            },
            Answer::Forwarded(outcome, code) => self.dialogue.forwarded(now, outcome, code),
            Answer::ReplyEnded(reply, result) => self.dialogue.reply_ended(now, reply, result),
        }
    }

    fn carry_out(&mut self, now: Moment) {
        while let Some(effect) = self.dialogue.poll() {
            match effect {
                Effect::Recognise(attempt, utterance) => self.recognise(now, attempt, utterance),
                Effect::Judge(attempt, turn) => self.judge(now, attempt, turn),
                Effect::CancelRecognise(attempt) => self.answers.retain(|_, answer| {
                    !matches!(answer, Answer::Recognise(of, ..) | Answer::Recognised(of, ..)
                        | Answer::Judge(of, _) | Answer::Judged(of, _) if *of == attempt)
                }),
                Effect::Ask(reply, request) => self.ask(now, reply, request),
                Effect::CancelAsk(reply) => self.answers.retain(|_, answer| {
                    !matches!(answer, Answer::Part(of, _) | Answer::ReplyEnded(of, _)
                        if *of == reply)
                }),
                Effect::Speak(segment, text) => self.order(now, segment, text),
                Effect::RunTool(id, call) => {
                    let known = self.stages.cassettes().and_then(|known| known.tool(&call));
                    let (answer, after) = known.unwrap_or_else(|| {
                        let scripted = self.tools.get(&call.name).cloned();
                        let done = || ToolReply::told(DONE, ToolOutcome::Done);
                        (scripted.unwrap_or_else(done), latency::TOOL)
                    });
                    self.answer(now + after, Answer::Tool(id, answer));
                }
                Effect::Hold => self.voice.hold(),
                Effect::Release => self.voice.release(),
                Effect::Silence => {
                    self.voice.silence();
                    self.narrator.silence();
                    self.unfinished.clear();
                    self.fell_silent(now);
                }
                Effect::Tell(kind) => self.narrator.tell(now, kind),
                Effect::Transfer(target) => self.transfer(now, &target),
                Effect::HandOver(agent) => {
                    let cassettes = self.stages.cassettes();
                    match cassettes.and_then(|known| known.successor(agent)) {
                        Some(script) => self.dialogue.taken_over(now, script),
                        // A scenario has one agent.
                        None => self.dialogue.forwarded(now, ForwardOutcome::Failed, None),
                    }
                }
                Effect::HangUp(reason) => self.end = self.end.or(Some(End::HungUp(reason))),
            }
        }
    }

    /// Whoever is called next is there and takes the call, unless it is known that they did not.
    fn transfer(&mut self, now: Moment, target: &str) {
        let cassettes = self.stages.cassettes();
        match cassettes.and_then(|known| known.transfer(target)) {
            Some(Transfer::Told {
                outcome,
                sip_code,
                after,
            }) => self.answer(now + after, Answer::Forwarded(outcome, sip_code)),
            Some(Transfer::Nothing) => {}
            None => self
                .dialogue
                .forwarded(now, ForwardOutcome::Completed, None),
        }
    }

    fn recognise(&mut self, now: Moment, attempt: Attempt, utterance: Utterance) {
        let cassettes = self.stages.cassettes();
        let earliest = match cassettes.and_then(|known| known.recognition(&utterance)) {
            Some(Recognition::Words { words, took, after }) => {
                self.answer(now + after, Answer::Recognised(attempt, Ok(words), took));
                return;
            }
            Some(Recognition::Late { after }) => after + Duration::from_micros(1),
            None => Duration::ZERO,
        };
        let length = utterance.rate.duration_of(utterance.samples.len());
        match self.timing {
            Timing::Modelled => {
                let takes = stated::recognition(length).max(earliest);
                self.answer(now + takes, Answer::Recognise(attempt, utterance, takes));
            }
            Timing::Measured => {
                let (words, took) = self.stages.recognise(utterance);
                self.answer(now + took, Answer::Recognised(attempt, words, took));
            }
        }
    }

    fn judge(&mut self, now: Moment, attempt: Attempt, turn: Utterance) {
        let cassettes = self.stages.cassettes();
        if let Some((judged, after)) = cassettes.and_then(|known| known.judgement(&turn)) {
            self.answer(now + after, Answer::Judged(attempt, judged));
            return;
        }
        match self.timing {
            Timing::Modelled => {
                self.answer(now + stated::JUDGEMENT, Answer::Judge(attempt, turn));
            }
            Timing::Measured => {
                let (judged, took) = self.stages.judge(turn);
                self.answer(now + took, Answer::Judged(attempt, judged));
            }
        }
    }

    fn ask(&mut self, now: Moment, reply: ReplyId, request: ReplyRequest) {
        let cassettes = self.stages.cassettes();
        if let Some(kept) = cassettes.and_then(|known| known.reply(&request)) {
            for (after, part) in kept.parts {
                self.answer(now + after, Answer::Part(reply, part));
            }
            self.answer(now + kept.ended, Answer::ReplyEnded(reply, Ok(())));
            return;
        }
        let stated = self.timing == Timing::Modelled && self.mind.embedded;
        let mut after = latency::FIRST_WORDS;
        let mut result = Ok(());
        for (took, part) in self.stages.reply(&self.mind, request) {
            if !stated {
                after = took;
            }
            match part {
                Ok(part) => self.answer(now + after, Answer::Part(reply, part)),
                Err(error) => {
                    if let ReplyError::Refused(_) | ReplyError::Connect(_) = error {
                        self.unreachable.get_or_insert_with(|| error.to_string());
                        self.end = self.end.or(Some(End::Unreachable));
                    }
                    result = Err(error);
                }
            }
        }
        self.answer(now + after, Answer::ReplyEnded(reply, result));
    }

    /// Has the dialogue told at `at`, after what it is told by then.
    fn answer(&mut self, at: Moment, answer: Answer) {
        self.asked += 1;
        self.answers.insert((at, self.asked), answer);
    }

    fn order(&mut self, now: Moment, segment: SegmentId, text: String) {
        self.narrator.order(&text);
        if self.voice.order(segment, text) {
            self.unfinished.insert(segment);
            return;
        }
        let reason = "more sentences were ordered at once than can wait";
        self.dialogue
            .synthesis_failed(now, segment, Duration::ZERO, reason);
    }

    fn speak(&mut self, now: Moment) {
        for note in self.voice.advance(now, self.stages) {
            match note {
                Note::Started { segment, at } => self.dialogue.synthesis_started(at, segment),
                Note::Words { segment, words } => self.dialogue.word_times(segment, &words),
                Note::Done { segment, duration } => {
                    self.dialogue.synthesised(now, segment, duration);
                    if duration.is_zero() {
                        self.spoken(now, segment);
                    }
                }
                Note::Failed {
                    segment,
                    spoken,
                    reason,
                } => {
                    self.dialogue
                        .synthesis_failed(now, segment, spoken, &reason);
                    if spoken.is_zero() {
                        self.spoken(now, segment);
                    }
                }
            }
            self.carry_out(now);
        }
    }

    /// Nothing more of a sentence is to be heard.
    fn spoken(&mut self, at: Moment, segment: SegmentId) {
        self.unfinished.remove(&segment);
        let thinks = |answer: &Answer| {
            matches!(
                answer,
                Answer::Part(..) | Answer::ReplyEnded(..) | Answer::Tool(..)
            )
        };
        if self.unfinished.is_empty() && !self.answers.values().any(thinks) {
            self.fell_silent(at);
        }
    }

    fn fell_silent(&mut self, at: Moment) {
        if self.manner.began.is_some() {
            self.manner.quiet_since.get_or_insert(at);
        }
    }
}
