//! Machines that answer in place of the called party.

use audio::{Decibels, Tone};

use super::held_back::resuming;
use super::*;
use crate::keeping::Reasons;

const MESSAGE: &str = "Hello, this is Maya. Please call us back.";
const GREETING: &str = "You've reached Anna. Please leave a message after the tone.";
const LEFT: &str = "the agent left a message on a voicemail";

/// An agent with a message for machines.
fn leaving() -> Script {
    Script {
        voicemail: Some(MESSAGE.to_owned()),
        ..script()
    }
}

/// A window of something like a vowel, with overtones that a beep has not.
fn vowel() -> [i16; 256] {
    std::array::from_fn(|place| {
        let of = |overtone: usize| (place * overtone) as f32 * std::f32::consts::TAU / 32.0;
        (3_000.0 * (of(1).sin() + of(2).sin() + of(3).sin())) as i16
    })
}

impl Call {
    fn hear_window(&mut self, probability: f32, samples: &[i16]) {
        self.now = self.now + WINDOW;
        let window = HeardWindow {
            at: self.now,
            delivered: self.now,
            gathered: self.now,
            probability,
            samples,
        };
        self.dialogue.heard(self.now, &window);
        self.drain();
    }

    /// The far end speaks.
    fn speaks(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.now < end {
            self.hear_window(0.97, &vowel());
        }
    }

    /// A beep of this many windows of 32 ms, which the detector of voices takes for one.
    fn beep(&mut self, windows: usize) {
        self.tone(1_000.0, windows);
    }

    fn tone(&mut self, hertz: f32, windows: usize) {
        let tone = Tone::new(RATE, hertz, Decibels::new(-12.0));
        let samples: Vec<i16> = tone.take(windows * 256).collect();
        for samples in samples.chunks(256) {
            self.hear_window(0.6, samples);
        }
    }

    /// The far end says `text`, which is recognised in a pause after it.
    fn greets(&mut self, millis: u64, text: &str) {
        self.speaks(millis);
        self.hear(false, 128);
        self.recognise(text);
    }

    /// Silence, in which what is due is done on time.
    fn silence(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.now < end {
            self.hear(false, 32);
            if self.dialogue.deadline() <= self.now {
                self.dialogue.timeout(self.now);
                self.drain();
            }
        }
    }

    fn said(&self) -> String {
        let sentences = self.spoken.iter().map(|(_, text)| text.as_str());
        sentences.collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn the_message_is_said_after_the_beep_and_then_the_call_ends() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    call.silence(800);
    assert_eq!(call.said(), "");
    call.beep(12);
    assert_eq!(call.said(), "", "it sounds still");
    call.silence(96);
    assert_eq!(call.said(), MESSAGE);
    call.play_from(0);
    assert_eq!(call.hung_up, Some(LEFT));
    let agent = (Speaker::Agent, MESSAGE);
    assert_eq!(call.transcript(), [(Speaker::Caller, GREETING), agent]);
    assert!(call.asked.is_empty());
}

#[test]
fn a_call_that_is_ordered_on_is_passed_on_at_any_time() {
    for heard in [0, 1_000, 2_500] {
        let mut call = Call::new(leaving());
        call.greets(3_008, GREETING);
        call.silence(heard);
        call.spoken.clear();
        call.forward(Some("I am connecting you."));
        assert_eq!(call.said(), "I am connecting you.", "after {heard} ms");
        call.play_from(0);
        assert_eq!(call.transfers.len(), 1, "after {heard} ms");
        call.silence(5_000);
        assert_eq!(call.said(), "", "after {heard} ms");
        assert_eq!(call.hung_up, None);
    }
}

#[test]
fn without_a_beep_it_is_said_after_two_seconds_of_silence() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    call.silence(1_800);
    assert_eq!(call.said(), "");
    call.silence(192);
    assert_eq!(call.said(), MESSAGE);
}

#[test]
fn a_greeting_that_goes_on_is_waited_for_and_not_for_ever() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    let known = call.now;
    while call.now < known + Duration::from_secs(29) {
        call.speaks(1_504);
        call.silence(160);
        assert_eq!(call.said(), "");
    }
    assert!(call.dialogue.deadline() <= known + PATIENCE.longest_voicemail_greeting);
    call.speaks(1_504);
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.said(), MESSAGE);
}

#[test]
fn what_the_agent_was_saying_is_broken_off_for_good() {
    let mut call = Call::new(Script {
        first_message: Some("Hello, it is Maya from Larkfield.".to_owned()),
        voicemail: Some(MESSAGE.to_owned()),
        ..resuming()
    });
    let (first, _) = call.spoken[0].clone();
    call.synthesise(first);
    call.start(first);
    call.greets(1_504, GREETING);
    assert!(call.silenced > 0);
    call.silence(1_000);
    assert_eq!(call.spoken.len(), 1, "{:?}", call.spoken);
    call.beep(8);
    call.silence(96);
    assert_eq!(call.spoken.split_off(1).len(), 2);
}

#[test]
fn an_answer_that_was_begun_ahead_is_thrown_away() {
    let mut script = leaving();
    script.turn.speculate = true;
    let mut call = Call::new(script);
    call.greets(992, "Hi, you've reached Anna.");
    assert_eq!(call.asked.len(), 1);
    call.greets(1_504, "Hi, you've reached Anna. Leave a message.");
    assert_eq!(call.cancelled.len(), 1);
    call.silence(1_504);
    assert_eq!(call.asked.len(), 1);
    assert_eq!(call.said(), "");
}

#[test]
fn nothing_that_is_said_to_the_machines_message_matters() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    call.beep(8);
    call.silence(96);
    let (first, _) = call.spoken[0].clone();
    call.synthesise(first);
    call.start(first);
    let silenced = call.silenced;
    call.greets(1_504, "Press one to send it. Are you still there?");
    call.silence(2_016);
    assert_eq!(call.silenced, silenced);
    assert!(call.asked.is_empty());
    assert_eq!(call.hung_up, None);
    assert_eq!(call.said(), MESSAGE);
}

#[test]
fn a_beep_after_long_speech_is_enough() {
    let mut call = Call::new(leaving());
    call.greets(4_000, "Mumble mumble mumble.");
    call.hear(false, 160);
    call.beep(10);
    call.silence(96);
    assert_eq!(call.said(), MESSAGE);
}

#[test]
fn a_line_that_rings_after_long_speech_is_none() {
    let mut call = Call::new(leaving());
    call.greets(
        4_000,
        "Thank you for calling Larkfield. We are putting you through.",
    );
    call.silence(1_024);
    call.tone(425.0, 31);
    call.silence(4_000);
    call.tone(425.0, 31);
    call.silence(1_024);
    assert_eq!(call.said(), "");
    assert_eq!(call.hung_up, None);
}

#[test]
fn a_beep_after_a_short_answer_is_none_of_a_machine() {
    let mut call = Call::new(leaving());
    call.speaks(608);
    call.hear(false, 128);
    call.recognise("Hello, Anna here.");
    call.silence(1_024);
    call.beep(10);
    call.silence(3_008);
    assert_eq!(call.said(), "");
    assert_eq!(call.asked.len(), 1);
}

#[test]
fn the_beep_may_come_before_the_words_are_known() {
    let mut call = Call::new(leaving());
    call.speaks(1_504);
    call.hear(false, 256);
    call.beep(6);
    call.hear(false, 352);
    assert_eq!(call.said(), "");
    call.recognise_attempt(0, GREETING);
    assert_eq!(call.said(), MESSAGE);
}

#[test]
fn a_greeting_may_come_in_parts() {
    let mut call = Call::new(leaving());
    call.greets(960, "Hi, you've reached Anna.");
    call.silence(1_024);
    assert_eq!(call.asked.len(), 1);
    call.greets(1_504, "I am not available.");
    assert_eq!(call.cancelled.len(), 1);
    call.silence(2_016);
    assert_eq!(call.said(), MESSAGE);
}

#[test]
fn a_beep_that_comes_late_begins_the_message_anew_and_once() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    call.silence(2_016);
    let (first, _) = call.spoken[0].clone();
    call.synthesise(first);
    call.start(first);
    call.silence(320);
    call.beep(8);
    call.silence(96);
    assert_eq!(call.spoken.len(), 4, "{:?}", call.spoken);
    call.beep(8);
    call.silence(96);
    assert_eq!(call.spoken.len(), 4);
    call.play_from(2);
    assert_eq!(call.hung_up, Some(LEFT));
}

#[test]
fn a_person_who_has_talked_twice_is_one() {
    let mut call = Call::new(leaving());
    for said in ["Hello?", "Yes, this is Anna."] {
        call.greets(960, said);
        call.silence(1_024);
        call.reply(&[Call::text("Well, hello.")]);
        let spoken = call.spoken.len();
        call.play_from(spoken - 1);
    }
    call.greets(960, GREETING);
    call.silence(1_024);
    assert_eq!(call.asked.len(), 3);
    call.beep(10);
    call.silence(2_496);
    assert_eq!(call.said(), "");
    assert_eq!(call.hung_up, None);
}

#[test]
fn an_agent_without_a_message_answers_a_machine() {
    let mut call = Call::new(script());
    call.greets(960, GREETING);
    call.silence(1_024);
    call.beep(10);
    call.silence(2_496);
    assert_eq!(call.asked.len(), 1);
    assert_eq!(call.said(), "");
}

#[test]
fn a_machine_is_looked_for_at_the_beginning_alone() {
    let mut call = Call::new(leaving());
    call.silence(40_000);
    call.greets(960, GREETING);
    call.silence(1_024);
    assert_eq!(call.asked.len(), 1);
}

#[test]
fn a_machine_is_known_though_the_agent_may_not_be_interrupted() {
    let mut script = leaving();
    script.first_message = Some("Hello, it is Maya from Larkfield.".to_owned());
    script.turn.allow_interruptions = false;
    let mut call = Call::new(script);
    let (first, _) = call.spoken[0].clone();
    call.synthesise(first);
    call.start(first);
    call.greets(992, "Hi, you've reached Anna.");
    call.silence(1_600);
    call.greets(992, "I am not available.");
    assert!(call.silenced > 0);
    call.silence(2_016);
    assert_eq!(call.spoken.len(), 3, "{:?}", call.spoken);
}

#[test]
fn a_message_that_could_not_be_spoken_was_not_left() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    call.silence(2_016);
    call.lose_from(0);
    let reason = "a voicemail answered, and the message could not be spoken";
    assert_eq!(call.hung_up, Some(reason));
}

#[test]
fn a_message_that_makes_no_progress_ends_the_call() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    call.silence(2_016);
    let due = call.dialogue.deadline();
    assert!(due <= call.now + PATIENCE.longest_goodbye);
    call.dialogue.timeout(due);
    call.drain();
    let reason = "a voicemail answered, and the message could not be played in time";
    assert_eq!(call.hung_up, Some(reason));
}

#[test]
fn a_muted_agent_says_nothing_to_a_machine() {
    let mut call = Call::new(leaving());
    call.dialogue.mute(call.now, true);
    call.greets(3_008, GREETING);
    call.silence(2_016);
    assert_eq!(call.said(), "");
    let reason = "a voicemail answered, and the agent was muted";
    assert_eq!(call.hung_up, Some(reason));
}

#[test]
fn the_api_ends_the_call_in_the_middle_of_the_message() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    call.silence(2_016);
    let (first, _) = call.spoken[0].clone();
    call.synthesise(first);
    call.start(first);
    let before = call.spoken.len();
    call.dialogue.hang_up(call.now, None, Reasons::API);
    call.drain();
    call.play_from(before);
    assert_eq!(call.hung_up, Some(Reasons::API));
}

#[test]
fn a_machine_that_holds_the_call_is_waited_for() {
    let mut call = Call::new(leaving());
    call.greets(3_008, GREETING);
    call.dialogue.hold(call.now, true);
    call.silence(5_024);
    assert_eq!(call.said(), "");
    call.dialogue.hold(call.now, false);
    call.silence(64);
    assert_eq!(call.said(), MESSAGE);
}
