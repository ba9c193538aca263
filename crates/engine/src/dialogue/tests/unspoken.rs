//! Sentences that can not be spoken, or break off.

use super::*;

#[test]
fn a_sentence_that_could_not_be_spoken_is_noted_and_the_next_one_is_heard() {
    let mut call = Call::new(script());
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Check the cable. Then call again.")]);
    let first = call.spoken.remove(0).0;
    call.lose(first);
    assert_eq!(call.unspoken(), 1);
    call.play_from(0);
    assert_eq!(
        call.transcript(),
        [
            (Speaker::Caller, "What do I do?"),
            (Speaker::Agent, "Then call again.")
        ]
    );
    assert!(call.spoken.is_empty(), "no apology for what was heard");
}

#[test]
fn an_answer_of_which_nothing_could_be_spoken_is_apologised_for() {
    let mut call = Call::new(script());
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Check the cable. Then call again.")]);
    call.lose_from(0);
    assert_eq!(call.unspoken(), 2);
    assert_eq!(
        call.spoken.last().expect("spoken").1,
        "I have some trouble."
    );
    call.play_from(0);
    call.caller_says("What do I do?");
    assert_eq!(call.asked.len(), 2);
}

#[test]
fn a_voice_that_refuses_the_apology_too_hands_the_turn_back() {
    let mut call = Call::new(script());
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Check the cable.")]);
    call.lose_from(0);
    call.lose_from(0);
    assert!(call.spoken.is_empty() && call.hung_up.is_none());
    call.caller_says("Hello?");
    assert_eq!(call.last_asked(), "What do I do? Hello?");
}

#[test]
fn a_greeting_that_could_not_be_spoken_leaves_the_turn_to_the_caller() {
    let mut call = Call::new(Script {
        first_message: Some("Hello, this is support.".to_owned()),
        ..script()
    });
    call.lose_from(0);
    assert!(call.spoken.is_empty());
    call.caller_says("Hello?");
    assert_eq!(call.last_asked(), "Hello?");
}

#[test]
fn a_voice_that_keeps_failing_ends_the_call() {
    let mut call = Call::new(script());
    for _ in 0..=TOLERATED_FAILURES {
        assert_eq!(call.hung_up, None);
        call.caller_says("Hello?");
        call.reply(&[Call::text("Hello.")]);
        call.lose_from(0);
        call.lose_from(0);
        call.hear(false, 960);
    }
    assert_eq!(call.hung_up, Some("the agent's voice failed repeatedly"));
}

#[test]
fn a_voice_that_recovers_may_fail_again() {
    let mut call = Call::new(script());
    for round in 0..=TOLERATED_FAILURES + 1 {
        call.caller_says("Hello?");
        call.reply(&[Call::text("Hello.")]);
        if round == 1 {
            call.play_from(0);
            continue;
        }
        call.lose_from(0);
        call.lose_from(0);
    }
    assert_eq!(call.hung_up, None);
}

#[test]
fn a_goodbye_that_could_not_be_spoken_does_not_hold_the_call() {
    let mut call = Call::new(script());
    call.dialogue.hang_up(call.now, None, "asked to");
    call.drain();
    call.lose_from(0);
    assert_eq!(call.hung_up, Some("asked to"));
}

#[test]
fn a_sentence_that_breaks_off_is_noted_and_was_heard_as_far_as_it_went() {
    let mut call = Call::new(script());
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Please check the cable.")]);
    let (segment, _) = call.spoken.remove(0);
    call.dialogue.synthesis_started(call.now, segment);
    let spoken = Duration::from_millis(600);
    call.dialogue
        .synthesis_failed(call.now, segment, spoken, "lost");
    call.drain();
    call.dialogue.playback(call.now, Playback::Started(segment));
    call.now = call.now + spoken;
    call.dialogue
        .playback(call.now, Playback::Finished(segment));
    call.drain();
    assert_eq!(call.unspoken(), 1);
    assert_eq!(
        call.transcript().last().map(|turn| turn.0),
        Some(Speaker::Agent)
    );
    assert!(call.spoken.is_empty());
}
