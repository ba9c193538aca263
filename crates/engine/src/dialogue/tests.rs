use audio::dtmf::Digit;
use llm::ReplyPart;

use super::*;
use crate::event::{Speaker, TranscriptTurn, TurnLatency};
use crate::routing::Routing;

mod cut;
mod decisions;
mod forwarding;
mod held_back;
mod hold;
mod keys;
mod noise;
mod orders;
mod provider;
mod rules;
mod tools;
mod unspoken;
mod voicemail;

const WINDOW: Duration = Duration::from_millis(32);
const RATE: SampleRate = SampleRate::HZ_8000;
const PATIENCE: Patience = Patience {
    longest_hold: Duration::from_secs(300),
    longest_goodbye: Duration::from_secs(20),
    longest_tool: Duration::from_secs(10),
    voicemail_detection: Duration::from_secs(30),
    voicemail_silence: Duration::from_secs(2),
    longest_voicemail_greeting: Duration::from_secs(30),
    last_words: Duration::from_millis(250),
    last_goodbye: Duration::from_secs(6),
};

fn script() -> Script {
    Script {
        system: "You answer the phone.".to_owned(),
        knowledge: Vec::new(),
        tools: Vec::new(),
        first_message: None,
        goodbye: "Good bye.".to_owned(),
        voicemail: None,
        trouble: "I have some trouble.".to_owned(),
        not_understood: "I did not catch that.".to_owned(),
        max_duration: Duration::from_secs(600),
        max_duration_message: "Our time is up.".to_owned(),
        silence_timeout: Duration::from_secs(60),
        silence_prompt: None,
        filler: None,
        resume_after: None,
        speed: 1.0,
        turn: turn::Settings {
            speculate: false,
            yielding: Duration::ZERO,
            min_interruption_duration: Duration::from_millis(300),
            ..turn::Settings::default()
        },
        routing: Routing::default(),
        background: None,
        suppress_noise: false,
        record: true,
    }
}

/// A window of something like speech, or of silence.
fn sound(loud: bool) -> [i16; 256] {
    let sample = |place: usize| if place % 8 < 4 { 6_000 } else { -6_000 };
    std::array::from_fn(|place| if loud { sample(place) } else { 0 })
}

/// A dialogue with its clock, and a playout that takes a second for each sentence.
struct Call {
    dialogue: Dialogue,
    now: Moment,
    told: Vec<CallEventKind>,
    asked: Vec<(ReplyId, ReplyRequest)>,
    attempts: Vec<Attempt>,
    /// How long what is heard takes to be delivered, gathered and judged.
    behind: [Duration; 3],
    /// Whether what is spoken is kept back.
    held: bool,
    spoken: Vec<(SegmentId, String)>,
    cancelled: Vec<ReplyId>,
    tools: Vec<(ToolId, ToolCall)>,
    silenced: usize,
    /// The segment that is being played, and since when.
    under_way: Option<(SegmentId, Moment)>,
    /// Whether the leg says at once what it had played when it was interrupted.
    leg_answers: bool,
    /// Whom the far end was asked to call.
    transfers: Vec<String>,
    /// Agents that were asked for.
    handed_over: Vec<Uuid>,
    hung_up: Option<&'static str>,
}

impl Call {
    fn new(script: Script) -> Self {
        let origin = Some(Moment::ZERO);
        let dialogue = Dialogue::new(script, PATIENCE, RATE, origin, Moment::ZERO);
        let mut call = Self {
            dialogue,
            now: Moment::ZERO,
            told: Vec::new(),
            asked: Vec::new(),
            attempts: Vec::new(),
            behind: [Duration::ZERO; 3],
            held: false,
            spoken: Vec::new(),
            cancelled: Vec::new(),
            tools: Vec::new(),
            silenced: 0,
            under_way: None,
            leg_answers: true,
            transfers: Vec::new(),
            handed_over: Vec::new(),
            hung_up: None,
        };
        call.drain();
        call
    }

    fn drain(&mut self) {
        while let Some(effect) = self.dialogue.poll() {
            match effect {
                Effect::Recognise(attempt, _) => self.attempts.push(attempt),
                Effect::CancelRecognise(_) | Effect::Judge(..) => {}
                Effect::Hold => self.held = true,
                Effect::Release => self.held = false,
                Effect::Ask(id, request) => self.asked.push((id, request)),
                Effect::CancelAsk(id) => self.cancelled.push(id),
                Effect::RunTool(id, call) => self.tools.push((id, call)),
                Effect::Speak(segment, text) => self.spoken.push((segment, text)),
                Effect::Silence => {
                    self.silenced += 1;
                    self.held = false;
                    let cut = self.under_way.take();
                    if !self.leg_answers {
                        continue;
                    }
                    let played = cut.map(|(_, began)| self.now.since(began));
                    let segment = cut.map(|(segment, _)| segment);
                    self.dialogue
                        .cut_off(self.now, segment, played.unwrap_or_default());
                }
                Effect::Tell(kind) => self.told.push(kind),
                Effect::Transfer(target) => self.transfers.push(target),
                Effect::HandOver(agent) => self.handed_over.push(agent),
                Effect::HangUp(reason) => self.hung_up = Some(reason),
            }
        }
    }

    fn hear(&mut self, loud: bool, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        let [jitter_buffer, decode, detection] = self.behind;
        while self.now < end {
            self.now = self.now + WINDOW;
            let window = HeardWindow {
                at: self.now,
                delivered: self.now + jitter_buffer,
                gathered: self.now + jitter_buffer + decode,
                probability: if loud { 0.97 } else { 0.01 },
                samples: &sound(loud),
            };
            let known = self.now + jitter_buffer + decode + detection;
            self.dialogue.heard(known, &window);
            self.drain();
        }
    }

    fn recognise(&mut self, text: &str) {
        let attempt = *self.attempts.last().expect("a decode was ordered");
        let result = Ok((text.to_owned(), Duration::from_millis(60)));
        self.dialogue.recognised(self.now, attempt, result);
        self.drain();
    }

    /// The words of the decode that was ordered as number `index`.
    fn recognise_attempt(&mut self, index: usize, text: &str) {
        let words = Ok((text.to_owned(), Duration::from_millis(60)));
        self.dialogue
            .recognised(self.now, self.attempts[index], words);
        self.drain();
    }

    /// The caller's words that the model was last asked to answer.
    fn last_asked(&self) -> &str {
        let (_, request) = self.asked.last().expect("the model was asked");
        let last = request.messages.last().expect("a message");
        &last.content
    }

    /// The caller says `text` and falls silent until the turn is over.
    fn caller_says(&mut self, text: &str) {
        self.hear(true, 960);
        self.hear(false, 128);
        self.recognise(text);
        self.hear(false, 320);
    }

    fn reply(&mut self, parts: &[ReplyPart]) {
        let id = self.asked.last().expect("asked").0;
        for part in parts {
            self.dialogue.reply_part(self.now, id, part.clone());
        }
        self.dialogue.reply_ended(self.now, id, Ok(()));
        self.drain();
    }

    fn end_call() -> ReplyPart {
        ReplyPart::Call(ToolCall::end_call())
    }

    fn text(words: &str) -> ReplyPart {
        ReplyPart::Text(words.to_owned())
    }

    /// Synthesises and plays everything ordered from `first` on, a second for each sentence.
    fn play_from(&mut self, first: usize) {
        for (segment, _) in self.spoken.split_off(first) {
            self.synthesise(segment);
            self.dialogue.playback(self.now, Playback::Started(segment));
            self.drain();
            self.now = self.now + Duration::from_secs(1);
            self.dialogue
                .playback(self.now, Playback::Finished(segment));
            self.drain();
        }
    }

    /// A segment begins to be heard, with its first frame.
    fn start(&mut self, segment: SegmentId) {
        self.under_way = Some((segment, self.now));
        self.dialogue.playback(self.now, Playback::Started(segment));
        self.drain();
    }

    fn synthesise(&mut self, segment: SegmentId) {
        self.now = self.now + Duration::from_millis(20);
        self.dialogue.synthesis_started(self.now, segment);
        self.dialogue
            .synthesised(self.now, segment, Duration::from_secs(1));
        self.drain();
    }

    /// The voice refuses everything that is ordered from `first` on.
    fn lose_from(&mut self, first: usize) {
        for (segment, _) in self.spoken.split_off(first) {
            self.lose(segment);
        }
    }

    fn lose(&mut self, segment: SegmentId) {
        let busy = "the synthesiser is busy";
        self.dialogue
            .synthesis_failed(self.now, segment, Duration::ZERO, busy);
        self.drain();
    }

    fn unspoken(&self) -> usize {
        let told = self.told.iter();
        told.filter(|kind| matches!(kind, CallEventKind::Unspoken { .. }))
            .count()
    }

    fn transcript(&self) -> Vec<(Speaker, &str)> {
        self.turns()
            .map(|turn| (turn.speaker, turn.text.as_str()))
            .collect()
    }

    fn turns(&self) -> impl Iterator<Item = &TranscriptTurn> {
        self.told.iter().filter_map(|kind| {
            if let CallEventKind::Turn(turn) = kind {
                Some(turn)
            } else {
                None
            }
        })
    }

    fn latencies(&self) -> Vec<&TurnLatency> {
        let told = self.told.iter();
        told.filter_map(|kind| {
            if let CallEventKind::Latency(latency) = kind {
                Some(&**latency)
            } else {
                None
            }
        })
        .collect()
    }
}

#[test]
fn the_greeting_is_spoken_first_and_enters_the_transcript_when_it_was_heard() {
    let greeting = Some("Hello, this is support.".to_owned());
    let mut call = Call::new(Script {
        first_message: greeting,
        ..script()
    });
    assert_eq!(call.spoken.len(), 1);
    assert_eq!(call.transcript(), []);
    call.play_from(0);
    assert_eq!(
        call.transcript(),
        [(Speaker::Agent, "Hello, this is support.")]
    );
}

#[test]
fn a_caller_who_shall_speak_first_is_waited_for() {
    let call = Call::new(script());
    assert!(call.spoken.is_empty());
}

#[test]
fn a_turn_of_the_caller_is_answered_by_the_model_with_the_conversation_so_far() {
    let mut call = Call::new(script());
    call.caller_says("My line is dead.");
    let (_, request) = call.asked.last().expect("the model was asked");
    assert_eq!(
        request
            .messages
            .last()
            .map(|message| message.content.as_str()),
        Some("My line is dead.")
    );
    call.reply(&[Call::text("I am sorry to hear that.")]);
    call.play_from(0);
    assert_eq!(
        call.transcript(),
        [
            (Speaker::Caller, "My line is dead."),
            (Speaker::Agent, "I am sorry to hear that.")
        ]
    );
    call.caller_says("Can you help?");
    assert_eq!(call.asked.last().expect("asked again").1.messages.len(), 3);
}

#[test]
fn the_first_sentence_is_spoken_before_the_reply_is_complete() {
    let mut call = Call::new(script());
    call.caller_says("Tell me a story.");
    let id = call.asked.last().expect("asked").0;
    call.dialogue.reply_part(
        call.now,
        id,
        Call::text("It was a dark night. The wind was "),
    );
    call.drain();
    assert_eq!(call.spoken.len(), 1);
}

#[test]
fn the_latency_is_accounted_from_the_last_voiced_sample_to_the_first_audible_one() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    let voiced = call.now;
    call.hear(false, 128);
    call.recognise("Is it fixed?");
    call.hear(false, 320);
    call.reply(&[Call::text("Yes.")]);
    let (segment, _) = call.spoken.last().cloned().expect("spoken");
    call.synthesise(segment);
    let audible = call.now + Duration::from_millis(20);
    call.dialogue.playback(audible, Playback::Started(segment));
    call.drain();
    let latency = call.latencies()[0].clone();
    assert_eq!(
        latency.voiced_to_audible_ms,
        audible.since(voiced).as_millis() as u64
    );
    let parts = latency.endpointing_ms + latency.decision_to_first_audio_ms;
    assert!(latency.voiced_to_audible_ms.abs_diff(parts) <= 1);
    assert_eq!(latency.recognition_after_decision_ms, 0);
    assert_eq!(latency.synthesis_first_audio_ms, 20);
}

#[test]
fn an_interruption_silences_the_agent_and_keeps_only_the_heard_words() {
    let mut call = Call::new(script());
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Please check the cable behind the box.")]);
    let (segment, _) = call.spoken.last().cloned().expect("spoken");
    call.synthesise(segment);
    call.start(segment);
    call.hear(false, 200);
    call.hear(true, 320);
    assert_eq!(call.silenced, 1);
    let heard = call.turns().last().cloned().expect("the agent's turn");
    assert!(heard.interrupted);
    assert_eq!(heard.text, "Please check the");
    call.hear(true, 320);
    call.hear(false, 128);
    call.recognise("I did that.");
    call.hear(false, 320);
    let messages = &call.asked.last().expect("asked").1.messages;
    assert!(
        messages
            .iter()
            .any(|message| message.content == "Please check the")
    );
}

#[test]
fn a_caller_who_goes_on_before_the_answer_is_audible_gets_one_answer_to_both_parts() {
    let mut call = Call::new(script());
    call.caller_says("It broke on Monday.");
    assert_eq!(call.asked.len(), 1);
    call.hear(true, 640);
    assert_eq!(call.cancelled, [call.asked[0].0]);
    call.hear(false, 128);
    call.recognise("In the morning.");
    call.hear(false, 320);
    let request = &call.asked.last().expect("asked").1;
    let said: String = request
        .messages
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    assert!(
        said.contains("on Monday") && said.contains("In the morning"),
        "{said}"
    );
}

#[test]
fn a_turn_that_is_recognised_late_is_answered_when_its_words_arrive() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.hear(false, 1_700);
    assert!(call.asked.is_empty());
    call.recognise("Sorry for the delay.");
    assert_eq!(call.asked.len(), 1);
}

#[test]
fn a_failed_recognition_makes_the_agent_ask_again() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.hear(false, 1_700);
    let attempt = *call.attempts.last().expect("a decode was ordered");
    let failure = Err(speech::RecogniseError::Stopped);
    call.dialogue.recognised(call.now, attempt, failure);
    call.drain();
    assert_eq!(
        call.spoken.last().expect("spoken").1,
        "I did not catch that."
    );
}

#[test]
fn a_model_that_ends_the_call_is_obeyed_after_its_last_words() {
    let mut call = Call::new(script());
    call.caller_says("Goodbye.");
    call.reply(&[Call::text("Good bye."), Call::end_call()]);
    assert_eq!(call.hung_up, None);
    call.play_from(0);
    assert!(call.hung_up.is_some());
}

#[test]
fn a_model_that_ends_the_call_without_a_word_lets_the_agent_say_goodbye() {
    let mut call = Call::new(script());
    call.caller_says("That is all.");
    call.reply(&[Call::end_call()]);
    assert_eq!(call.spoken.last().expect("spoken").1, "Good bye.");
    call.play_from(0);
    assert!(call.hung_up.is_some());
}

#[test]
fn a_model_that_keeps_failing_ends_the_call_with_words() {
    let mut call = Call::new(script());
    for _ in 0..=TOLERATED_FAILURES {
        call.caller_says("Hello?");
        let id = call.asked.last().expect("asked").0;
        let stalled = llm::ReplyError::FirstTokenTimeout(Duration::from_secs(8));
        call.dialogue.reply_ended(call.now, id, Err(stalled));
        call.drain();
        assert_eq!(
            call.spoken.last().expect("spoken").1,
            "I have some trouble."
        );
        assert_eq!(call.hung_up, None);
        call.play_from(0);
        call.hear(false, 320);
    }
    assert!(call.hung_up.is_some());
}

#[test]
fn silence_on_both_sides_ends_the_call() {
    let mut call = Call::new(script());
    let due = call.dialogue.deadline();
    assert_eq!(due, Moment::ZERO + Duration::from_secs(60));
    call.now = due;
    call.dialogue.timeout(due);
    call.drain();
    assert_eq!(call.spoken.last().expect("spoken").1, "Good bye.");
    call.play_from(0);
    assert!(call.hung_up.is_some());
}

#[test]
fn the_maximum_duration_ends_the_call_with_its_own_message() {
    let mut call = Call::new(script());
    call.now = Moment::ZERO + Duration::from_secs(600);
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.spoken.last().expect("spoken").1, "Our time is up.");
}

#[test]
fn a_goodbye_that_cannot_be_played_does_not_hold_the_call() {
    let mut call = Call::new(script());
    call.dialogue.hang_up(call.now, None, "asked to");
    call.drain();
    call.now = call.dialogue.deadline();
    call.dialogue.timeout(call.now);
    call.drain();
    assert!(call.hung_up.is_some());
}

#[test]
fn the_transcript_keeps_what_was_under_way_when_the_far_end_hung_up() {
    let mut call = Call::new(script());
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Please check the cable behind the box.")]);
    let (segment, _) = call.spoken.last().cloned().expect("spoken");
    call.synthesise(segment);
    call.dialogue.playback(call.now, Playback::Started(segment));
    call.now = call.now + Duration::from_millis(500);
    call.dialogue.finish(call.now);
    call.drain();
    assert_eq!(
        call.turns().last().expect("the agent's turn").text,
        "Please check the"
    );
}

#[test]
fn a_long_goodbye_that_is_being_played_is_played_to_its_end() {
    let message = "We have to stop here, and I say so at some length. ".repeat(12);
    let mut call = Call::new(Script {
        max_duration_message: message,
        ..script()
    });
    call.now = Moment::ZERO + Duration::from_secs(600);
    call.dialogue.timeout(call.now);
    call.drain();
    for (segment, _) in std::mem::take(&mut call.spoken) {
        call.synthesise(segment);
        call.dialogue.playback(call.now, Playback::Started(segment));
        call.now = call.now + Duration::from_secs(4);
        call.dialogue.timeout(call.now);
        call.dialogue
            .playback(call.now, Playback::Finished(segment));
        call.drain();
    }
    assert_eq!(call.hung_up, Some("the call reached its maximum duration"));
}

#[test]
fn a_latency_names_a_turn_of_the_agent_even_if_it_was_cut_in_its_first_word() {
    let mut call = Call::new(script());
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Unfortunately there is nothing.")]);
    let (segment, _) = call.spoken.last().cloned().expect("spoken");
    call.synthesise(segment);
    call.dialogue.playback(call.now, Playback::Started(segment));
    call.hear(true, 352);
    let index = call.latencies().first().expect("a latency").turn;
    assert_eq!(
        call.transcript().get(index),
        Some(&(Speaker::Agent, "Unfortunately"))
    );
}

#[test]
fn a_greeting_without_words_does_not_hold_the_call() {
    let mut call = Call::new(Script {
        first_message: Some("  ".to_owned()),
        ..script()
    });
    call.now = call.dialogue.deadline();
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.spoken.last().expect("spoken").1, "Good bye.");
}

#[test]
fn the_end_of_the_call_keeps_what_was_settled_of_a_turn_not_yet_recognised() {
    let mut call = Call::new(script());
    call.hear(true, 6_000);
    call.hear(false, 128);
    call.recognise("It began on Monday and");
    call.hear(false, 256);
    call.hear(true, 960);
    call.hear(false, 1_700);
    call.dialogue.finish(call.now);
    call.drain();
    assert_eq!(
        call.transcript(),
        [(Speaker::Caller, "It began on Monday and")]
    );
}

#[test]
fn words_recognised_after_the_far_end_hung_up_are_noted_and_not_answered() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.hear(false, 1_700);
    call.dialogue.close();
    call.recognise("Goodbye.");
    call.dialogue.finish(call.now);
    call.drain();
    assert_eq!(call.transcript(), [(Speaker::Caller, "Goodbye.")]);
    assert!(call.asked.is_empty());
}
