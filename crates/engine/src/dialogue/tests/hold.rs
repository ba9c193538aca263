//! Calls that the far end holds.

use super::held_back::{resuming, said_since, stopped_by_a_noise};
use super::*;
use crate::script::Filler;

/// Lets a driver do what it does with a deadline for `span`. Each time that it acts, the deadline
/// has to move on, or it would do nothing else.
fn pass(call: &mut Call, span: Duration) {
    let end = call.now + span;
    while call.dialogue.deadline() <= end {
        call.now = call.now.max(call.dialogue.deadline());
        call.dialogue.timeout(call.now);
        call.drain();
        let next = call.dialogue.deadline();
        assert!(next > call.now, "{next:?} is due again at {:?}", call.now);
    }
    call.now = end;
}

#[test]
fn silence_on_hold_does_not_end_the_call() {
    let mut call = Call::new(script());
    call.dialogue.hold(call.now, true);
    for second in 1..PATIENCE.longest_hold.as_secs() {
        call.now = Moment::ZERO + Duration::from_secs(second);
        call.dialogue.timeout(call.now);
        call.drain();
    }
    assert!(call.spoken.is_empty() && call.hung_up.is_none());
    call.dialogue.hold(call.now, false);
    call.now = call.dialogue.deadline();
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.spoken.last().expect("spoken").1, "Good bye.");
}

#[test]
fn a_hold_that_lasts_too_long_ends_the_call_even_if_it_is_told_again() {
    let mut call = Call::new(script());
    call.dialogue.hold(call.now, true);
    call.now = Moment::ZERO + Duration::from_secs(200);
    call.dialogue.timeout(call.now);
    call.dialogue.hold(call.now, true);
    assert_eq!(
        call.dialogue.deadline(),
        Moment::ZERO + PATIENCE.longest_hold
    );
    call.now = call.dialogue.deadline();
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.hung_up, Some("the far end held the call for too long"));
    assert!(call.spoken.is_empty());
}

#[test]
fn music_on_hold_is_neither_a_turn_nor_an_interruption() {
    let mut call = Call::new(script());
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Please check the cable.")]);
    let (segment, _) = call.spoken.last().cloned().expect("spoken");
    call.synthesise(segment);
    call.dialogue.playback(call.now, Playback::Started(segment));
    let decodes = call.attempts.len();
    call.dialogue.hold(call.now, true);
    call.hear(true, 5_000);
    call.hear(false, 1_700);
    assert_eq!(call.attempts.len(), decodes);
    assert_eq!(call.silenced, 0);
    call.dialogue.hold(call.now, false);
    call.caller_says("I am back.");
    assert_eq!(call.last_asked(), "I am back.");
}

#[test]
fn a_turn_that_a_hold_cuts_short_is_recognised_without_the_music() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.dialogue.hold(call.now, true);
    call.hear(true, 320);
    call.recognise("One moment please.");
    call.hear(true, 320);
    assert_eq!(call.transcript(), [(Speaker::Caller, "One moment please.")]);
    assert!(call.turns().all(|turn| turn.end_ms <= 1_000));
}

#[test]
fn a_call_that_ends_on_hold_is_ended_without_words_that_nobody_hears() {
    let mut call = Call::new(script());
    call.dialogue.hold(call.now, true);
    call.dialogue.hang_up(call.now, None, "asked to");
    call.drain();
    assert_eq!(call.hung_up, Some("asked to"));
    assert!(call.spoken.is_empty());
}

#[test]
fn a_filler_that_falls_due_on_hold_waits_for_the_caller_to_come_back() {
    let mut call = Call::new(Script {
        filler: Some(Filler {
            message: "One moment.".to_owned(),
            after: Duration::from_secs(1),
        }),
        ..script()
    });
    call.caller_says("What is my balance?");
    call.dialogue.hold(call.now, true);
    pass(&mut call, Duration::from_secs(30));
    assert!(call.spoken.is_empty());
    call.dialogue.hold(call.now, false);
    call.dialogue
        .timeout(call.dialogue.deadline().max(call.now));
    call.drain();
    assert_eq!(said_since(&call, 0), ["One moment."]);
}

#[test]
fn an_agent_that_a_noise_stopped_does_not_go_on_while_it_is_on_hold() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.spoken.len();
    call.hear(false, 1_700);
    call.dialogue.hold(call.now, true);
    pass(&mut call, Duration::from_secs(30));
    assert_eq!(said_since(&call, before), [""; 0]);
    call.dialogue.hold(call.now, false);
    call.dialogue
        .timeout(call.dialogue.deadline().max(call.now));
    call.drain();
    assert_eq!(said_since(&call, before), ["cable.", "Then dial again."]);
}
