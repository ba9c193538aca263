//! Calls that the far end holds.

use super::*;

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
