//! Noise, and what is recognised late.

use super::*;

#[test]
fn a_noise_while_the_agent_thinks_does_not_lose_the_callers_question() {
    let mut call = Call::new(script());
    call.caller_says("My line is dead, what do I do?");
    call.hear(true, 96);
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 320);
    assert_eq!(call.asked.len(), 2);
    let (_, request) = call.asked.last().expect("asked again");
    let last = request
        .messages
        .last()
        .map(|message| message.content.as_str());
    assert_eq!(last, Some("My line is dead, what do I do?"));
}

#[test]
fn a_noise_recognised_after_its_decision_does_not_lose_the_callers_question() {
    let mut call = Call::new(script());
    call.caller_says("My line is dead, what do I do?");
    call.hear(true, 96);
    call.hear(false, 1_700);
    assert_eq!(call.asked.len(), 1);
    call.recognise("");
    assert_eq!(call.asked.len(), 2);
    assert_eq!(call.last_asked(), "My line is dead, what do I do?");
}

#[test]
fn a_noise_recognised_late_while_the_answer_is_generated_does_not_lose_it() {
    let mut call = Call::new(script());
    call.caller_says("My line is dead, what do I do?");
    let id = call.asked[0].0;
    let part = Call::text("Please check the cable. Then ");
    call.dialogue.reply_part(call.now, id, part);
    call.drain();
    call.hear(true, 96);
    assert_eq!(call.cancelled, [id]);
    call.hear(false, 1_700);
    call.recognise("");
    assert_eq!(call.asked.len(), 2);
    call.reply(&[Call::text("Please check the cable.")]);
    let again = call.spoken.len() - 1;
    call.play_from(again);
    assert_eq!(
        call.transcript(),
        [
            (Speaker::Caller, "My line is dead, what do I do?"),
            (Speaker::Agent, "Please check the cable.")
        ]
    );
}

#[test]
fn a_question_and_a_noise_that_are_both_recognised_late_are_answered_once_in_either_order() {
    for noise_first in [false, true] {
        let mut call = Call::new(script());
        call.hear(true, 960);
        call.hear(false, 1_700);
        call.hear(true, 96);
        call.hear(false, 1_700);
        let mut words = vec![(0, "What do I do?"), (1, "")];
        if noise_first {
            words.reverse();
        }
        for (attempt, text) in words {
            call.recognise_attempt(attempt, text);
        }
        assert_eq!(call.asked.len(), 1, "noise first: {noise_first}");
        assert_eq!(call.last_asked(), "What do I do?");
    }
}

#[test]
fn a_noise_after_the_answer_was_heard_asks_for_nothing() {
    let mut call = Call::new(script());
    call.caller_says("My line is dead, what do I do?");
    call.hear(true, 96);
    call.hear(false, 1_700);
    call.recognise("");
    call.reply(&[Call::text("Please check the cable.")]);
    call.play_from(0);
    call.hear(true, 96);
    call.hear(false, 1_700);
    call.recognise("");
    assert_eq!(call.asked.len(), 2);
}

#[test]
fn a_noise_does_not_stop_a_greeting() {
    let greeting = Some("Hello, this call is recorded.".to_owned());
    let mut call = Call::new(Script {
        first_message: greeting,
        ..script()
    });
    call.hear(true, 96);
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 1_700);
    assert_eq!(call.silenced, 0);
}

#[test]
fn a_recogniser_that_refuses_makes_the_agent_ask_again() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.hear(false, 128);
    let attempt = *call.attempts.last().expect("a decode was ordered");
    let busy = Err(speech::RecogniseError::Busy { waiting: 256 });
    call.dialogue.recognised(call.now, attempt, busy);
    call.drain();
    call.hear(false, 1_700);
    assert_eq!(
        call.spoken.last().expect("spoken").1,
        "I did not catch that."
    );
}

#[test]
fn a_noise_that_is_recognised_late_is_passed_over() {
    let mut call = Call::new(script());
    call.hear(true, 96);
    call.hear(false, 1_700);
    call.recognise("");
    assert!(call.spoken.is_empty() && call.asked.is_empty());
}

#[test]
fn two_turns_that_are_recognised_late_are_both_kept_and_answered_once() {
    let mut call = Call::new(script());
    let mut attempts = Vec::new();
    for _ in 0..2 {
        call.hear(true, 960);
        call.hear(false, 1_700);
        attempts.push(*call.attempts.last().expect("a decode was ordered"));
    }
    for (attempt, text) in attempts
        .into_iter()
        .zip(["It is four two.", "Call me back."])
    {
        let words = Ok((text.to_owned(), Duration::from_millis(60)));
        call.dialogue.recognised(call.now, attempt, words);
        call.drain();
    }
    assert_eq!(
        call.transcript(),
        [
            (Speaker::Caller, "It is four two."),
            (Speaker::Caller, "Call me back.")
        ]
    );
    assert_eq!(call.asked.len(), 1);
}
