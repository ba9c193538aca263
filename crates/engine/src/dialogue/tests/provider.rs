//! What a recogniser says of a turn's end, beside its words.

use super::*;

/// When a turn with these words is taken to be over after its last sound, if the recogniser says
/// this of it.
fn decided_after(text: &str, over: Option<bool>) -> u64 {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.hear(false, 128);
    let attempt = *call.attempts.last().expect("a decode");
    if let Some(over) = over {
        call.dialogue.provider_says(call.now, attempt, over);
    }
    call.recognise(text);
    call.hear(false, 1_700);
    let decisions = call.decisions();
    let [decision] = decisions[..] else {
        panic!("one decision: {decisions:?}");
    };
    assert_eq!(decision.evidence.provider, over);
    decision.at_ms - decision.end_ms
}

#[test]
fn a_recogniser_that_hears_an_end_makes_the_agent_answer_sooner() {
    let untold = decided_after("I wanted to ask, well...", None);
    assert!(decided_after("I wanted to ask, well...", Some(true)) < untold);
}

#[test]
fn a_recogniser_that_hears_no_end_makes_the_agent_wait() {
    let untold = decided_after("Is it fixed?", None);
    assert!(decided_after("Is it fixed?", Some(false)) > untold);
}

#[test]
fn what_is_said_of_an_earlier_attempt_does_not_count() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.hear(false, 128);
    let earlier = *call.attempts.last().expect("a decode");
    call.hear(true, 640);
    call.hear(false, 128);
    call.dialogue.provider_says(call.now, earlier, true);
    call.recognise("Is it fixed?");
    call.hear(false, 1_700);
    assert_eq!(call.decisions()[0].evidence.provider, None);
}
