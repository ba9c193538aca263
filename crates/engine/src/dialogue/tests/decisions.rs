//! Decisions on the caller and answers begun ahead, which are told whatever comes after them.

use super::held_back::{resuming, stopped_by_a_noise};
use super::*;
use crate::event::{SpeculationTry, TurnDecision, Verdict};

impl Call {
    pub(super) fn decisions(&self) -> Vec<&TurnDecision> {
        let told = self.told.iter();
        told.filter_map(|kind| {
            if let CallEventKind::Decision(decision) = kind {
                Some(&**decision)
            } else {
                None
            }
        })
        .collect()
    }

    fn tries(&self) -> Vec<SpeculationTry> {
        let told = self.told.iter();
        told.filter_map(|kind| {
            if let CallEventKind::Tried(tried) = kind {
                Some(*tried)
            } else {
                None
            }
        })
        .collect()
    }
}

fn speculating() -> Script {
    let mut script = script();
    script.turn.speculate = true;
    script
}

fn verdicts(call: &Call) -> Vec<Verdict> {
    let decisions = call.decisions().into_iter();
    decisions.map(|decision| decision.verdict).collect()
}

#[test]
fn a_decision_is_told_with_its_moment_and_evidence_when_it_falls() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    let voiced = call.now;
    call.hear(false, 128);
    call.recognise("Is it fixed?");
    let attempt = *call.attempts.last().expect("a decode");
    call.dialogue.judged(call.now, attempt, Some(0.75));
    call.hear(false, 320);
    let decisions = call.decisions();
    let [decision] = decisions[..] else {
        panic!("one decision: {decisions:?}");
    };
    assert_eq!(decision.verdict, Verdict::TurnEnded);
    assert_eq!(decision.end_ms, voiced.as_millis());
    assert!(decision.start_ms < decision.end_ms);
    assert!((voiced.as_millis() + 300..=call.now.as_millis()).contains(&decision.at_ms));
    assert_eq!(decision.evidence.words.as_deref(), Some("question"));
    assert_eq!(decision.evidence.sound, Some(0.75));
}

#[test]
fn an_answer_that_is_cut_before_its_first_sound_leaves_its_decision() {
    let mut call = Call::new(script());
    call.caller_says("It broke on Monday.");
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("In the morning.");
    call.hear(false, 320);
    assert!(call.latencies().is_empty(), "nothing is audible yet");
    assert_eq!(verdicts(&call), [Verdict::TurnEnded; 2]);
}

#[test]
fn the_last_turn_before_a_hang_up_leaves_its_decision() {
    let mut call = Call::new(script());
    call.caller_says("That is all.");
    call.dialogue.close();
    call.dialogue.fall_silent(call.now);
    call.dialogue.finish(call.now);
    call.drain();
    assert!(call.latencies().is_empty());
    assert_eq!(verdicts(&call), [Verdict::TurnEnded]);
}

#[test]
fn noise_is_told_to_be_dismissed_and_why() {
    let mut call = Call::new(script());
    call.hear(true, 500);
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 320);
    let decisions = call.decisions();
    let [decision] = decisions[..] else {
        panic!("one decision: {decisions:?}");
    };
    assert_eq!(decision.verdict, Verdict::Dismissed);
    assert_eq!(decision.evidence.words.as_deref(), Some("wordless"));
    assert!(call.asked.is_empty());
}

#[test]
fn a_turn_that_has_no_words_is_dismissed_when_that_is_known() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.hear(false, 1_700);
    assert_eq!(verdicts(&call), [Verdict::TurnEnded]);
    assert_eq!(call.decisions()[0].evidence.words, None);
    call.hear(false, 320);
    call.recognise("");
    let decisions = call.decisions();
    let last = decisions.last().expect("decisions");
    assert_eq!(verdicts(&call), [Verdict::TurnEnded, Verdict::Dismissed]);
    assert_eq!(last.at_ms, call.now.as_millis());
    assert_eq!(last.evidence.words.as_deref(), Some("wordless"));
    assert_eq!(last.end_ms, decisions[0].end_ms);
}

#[test]
fn agreement_that_is_recognised_late_is_dismissed() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.decisions().len();
    call.hear(false, 1_700);
    call.recognise("Yeah, okay.");
    let since = &verdicts(&call)[before..];
    assert_eq!(since, [Verdict::TurnEnded, Verdict::Dismissed]);
}

#[test]
fn a_turn_that_could_not_be_recognised_is_not_dismissed() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.hear(false, 1_700);
    let attempt = *call.attempts.last().expect("a decode was ordered");
    let failure = Err(speech::RecogniseError::Stopped);
    call.dialogue.recognised(call.now, attempt, failure);
    call.drain();
    assert_eq!(verdicts(&call), [Verdict::TurnEnded]);
}

#[test]
fn each_try_is_told_with_what_it_saved_or_cost() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("I have a question.");
    let began = call.now;
    let first = call.asked[0].0;
    call.dialogue
        .reply_part(call.now, first, Call::text("Which one, please? "));
    call.drain();
    call.hear(true, 640);
    let wasted = SpeculationTry {
        began_ms: began.as_millis(),
        used: false,
        saved_ms: 0,
        tokens: 3,
    };
    assert_eq!(call.tries(), [wasted], "it is known at once");
    call.hear(false, 128);
    call.recognise("I have a question. Do you open on Sunday?");
    call.reply(&[Call::text("We do.")]);
    call.hear(false, 320);
    assert_eq!(call.tries().len(), 1, "it is released and not heard yet");
    let last = call.spoken.len() - 1;
    call.play_from(last);
    let tries = call.tries();
    let latency = call.latencies()[0].clone();
    assert_eq!(tries.len(), 2);
    assert!(tries[1].used);
    assert_eq!(tries[1].saved_ms, latency.speculation.saved_ms);
    assert_eq!(tries[1].tokens, latency.speculation.used_tokens);
}

#[test]
fn a_try_that_was_released_and_stopped_before_its_first_sound_was_wasted() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("I have a question.");
    call.reply(&[Call::text("Which one, please?")]);
    call.hear(false, 320);
    assert!(call.tries().is_empty());
    call.hear(true, 640);
    let tries = call.tries();
    assert_eq!(tries.len(), 1);
    assert!(!tries[0].used);
    assert_eq!(tries[0].tokens, 3);
}

#[test]
fn a_try_without_a_later_answer_is_not_lost() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("I have a question.");
    call.reply(&[Call::text("Which one, please?")]);
    call.dialogue.close();
    call.dialogue.fall_silent(call.now);
    call.dialogue.finish(call.now);
    call.drain();
    assert!(call.latencies().is_empty());
    let tries = call.tries();
    assert_eq!(tries.len(), 1);
    assert!(!tries[0].used);
}

#[test]
fn a_try_whose_sentences_cannot_be_spoken_was_wasted() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("Do you open on Sunday?");
    call.reply(&[Call::text("We do.")]);
    call.hear(false, 320);
    call.lose_from(0);
    let tries = call.tries();
    assert_eq!(tries.len(), 1);
    assert!(!tries[0].used);
}
