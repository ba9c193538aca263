//! Keys that the caller presses.

use super::*;

/// The agent, which may not be interrupted, says something when the caller enters a key.
fn keys_while_an_agent_speaks_that_may_not_be_interrupted() -> (Call, SegmentId) {
    let mut script = script();
    script.turn.allow_interruptions = false;
    let mut call = Call::new(script);
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Please enter your number.")]);
    let segment = call.spoken[0].0;
    call.synthesise(segment);
    call.start(segment);
    call.hear(false, 320);
    for key in "42#".chars() {
        let key = Digit::from_char(key).expect("a key");
        call.dialogue.pressed(call.now, call.now, key);
        call.drain();
    }
    (call, segment)
}

#[test]
fn keys_do_not_stop_an_agent_that_may_not_be_interrupted() {
    let (call, _) = keys_while_an_agent_speaks_that_may_not_be_interrupted();
    assert_eq!((call.silenced, call.asked.len()), (0, 1));
}

#[test]
fn keys_entered_meanwhile_are_answered_when_the_agent_has_finished() {
    let (mut call, segment) = keys_while_an_agent_speaks_that_may_not_be_interrupted();
    call.now = call.now + Duration::from_secs(1);
    let end = Playback::Finished(segment);
    call.dialogue.playback(call.now, end);
    call.drain();
    assert_eq!(call.last_asked(), "[pressed 42#]");
    assert_eq!(
        call.transcript()[1..],
        [
            (Speaker::Agent, "Please enter your number."),
            (Speaker::Caller, "[pressed 42#]")
        ]
    );
}

#[test]
fn keys_entered_while_the_agent_only_thinks_are_answered_at_once() {
    let mut script = script();
    script.turn.allow_interruptions = false;
    let mut call = Call::new(script);
    call.caller_says("What do I do?");
    let key = Digit::from_char('#').expect("a key");
    call.dialogue.pressed(call.now, call.now, key);
    call.drain();
    assert_eq!(call.last_asked(), "What do I do? [pressed #]");
}
