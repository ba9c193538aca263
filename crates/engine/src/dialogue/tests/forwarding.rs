//! Passing the caller on.

use super::*;
use crate::dialogue::forwarding::PASSED_ON;
use crate::routing::{Destination, ForwardOutcome, Forwarded};

const NUMBER: &str = "+14155550199";

fn number() -> Destination {
    Destination::Number(NUMBER.to_owned())
}

impl Call {
    pub(super) fn forward(&mut self, message: Option<&str>) {
        self.dialogue.forward(self.now, number(), message);
        self.drain();
    }

    fn forwarded(&mut self, outcome: ForwardOutcome, code: Option<u16>) {
        self.dialogue.forwarded(self.now, outcome, code);
        self.drain();
    }

    pub(super) fn outcomes(&self) -> Vec<&Forwarded> {
        let told = self.told.iter();
        told.filter_map(|kind| {
            if let CallEventKind::Forwarded(forwarded) = kind {
                Some(forwarded)
            } else {
                None
            }
        })
        .collect()
    }
}

#[test]
fn a_call_is_passed_on_after_the_announcement_and_ends_when_it_was_taken() {
    let mut call = Call::new(script());
    call.forward(Some("I am connecting you with Ann."));
    assert_eq!(call.words(), ["I am connecting you with Ann."]);
    assert!(call.transfers.is_empty());
    call.play_from(0);
    assert_eq!(call.transfers, [NUMBER]);
    assert_eq!(call.hung_up, None);
    call.forwarded(ForwardOutcome::Completed, None);
    assert_eq!(call.hung_up, Some(PASSED_ON));
    assert_eq!(call.outcomes()[0].outcome, ForwardOutcome::Completed);
    assert_eq!(call.outcomes()[0].to, number());
}

#[test]
fn without_words_of_its_own_the_announcement_is_the_usual_one() {
    let mut call = Call::new(script());
    call.forward(None);
    let usual = Routing::default().announcement;
    assert_eq!(call.words().join(" "), usual);
}

#[test]
fn a_call_that_can_not_be_passed_on_goes_on() {
    let mut call = Call::new(script());
    call.forward(None);
    call.play_from(0);
    call.forwarded(ForwardOutcome::Refused, Some(603));
    assert_eq!(call.hung_up, None);
    assert_eq!(call.outcomes()[0].sip_code, Some(603));
    assert_eq!(call.words().join(" "), Routing::default().unreachable);
    call.play_from(0);
    call.caller_says("Then tell me when you are open.");
    call.reply(&[Call::text("From nine to five.")]);
    assert_eq!(call.words(), ["From nine to five."]);
    call.play_from(0);
    call.forward(None);
    call.play_from(0);
    assert_eq!(call.transfers.len(), 2, "it may be tried again");
}

#[test]
fn nobody_interrupts_the_announcement_and_nobody_is_answered_meanwhile() {
    let mut call = Call::new(script());
    call.forward(Some("I am connecting you with Ann."));
    call.is_speaking();
    call.caller_says("But I wanted to ask something else.");
    assert_eq!(call.silenced, 0);
    assert!(call.asked.is_empty());
    call.play_from(0);
    call.caller_says("Hello?");
    assert!(call.asked.is_empty());
    assert_eq!(
        call.transcript().len(),
        3,
        "it is written down all the same"
    );
}

#[test]
fn what_the_agent_says_gives_way_to_the_announcement() {
    let mut call = Call::new(script());
    call.caller_says("Tell me a story.");
    call.reply(&[Call::text("Once upon a time there was a king.")]);
    call.is_speaking();
    call.forward(Some("I am connecting you."));
    assert_eq!(call.silenced, 1);
    assert_eq!(call.words()[1], "I am connecting you.");
}

#[test]
fn silence_while_the_far_end_calls_is_no_silence() {
    let mut call = Call::new(script());
    call.forward(None);
    call.play_from(0);
    call.now = call.now + Duration::from_secs(100);
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.hung_up, None);
    call.forwarded(ForwardOutcome::Unreported, None);
    assert_eq!(call.words().join(" "), Routing::default().unreachable);
}

#[test]
fn an_announcement_that_can_not_be_played_does_not_hold_the_caller() {
    let mut call = Call::new(script());
    call.forward(Some("I am connecting you."));
    call.now = call.dialogue.deadline();
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.transfers, [NUMBER]);
}

#[test]
fn who_is_on_hold_is_passed_on_without_words_and_told_of_a_failure_afterwards() {
    let mut call = Call::new(script());
    call.dialogue.hold(call.now, true);
    call.forward(None);
    assert!(call.spoken.is_empty());
    assert_eq!(call.transfers, [NUMBER]);
    call.forwarded(ForwardOutcome::Failed, Some(486));
    assert!(call.spoken.is_empty());
    call.dialogue.hold(call.now, false);
    call.drain();
    assert_eq!(call.words().join(" "), Routing::default().unreachable);
}

#[test]
fn a_muted_agent_passes_on_without_words() {
    let mut call = Call::new(script());
    call.mute(true);
    call.forward(Some("I am connecting you."));
    assert!(call.spoken.is_empty());
    assert_eq!(call.transfers, [NUMBER]);
}

#[test]
fn an_announcement_that_is_muted_halfway_is_over() {
    let mut call = Call::new(script());
    call.forward(Some("I am connecting you with Ann."));
    call.is_speaking();
    call.mute(true);
    assert_eq!(call.transfers, [NUMBER]);
}

#[test]
fn hanging_up_during_the_announcement_passes_nobody_on() {
    let mut call = Call::new(script());
    call.forward(Some("I am connecting you with Ann."));
    call.is_speaking();
    let reason = crate::keeping::Reasons::API;
    call.dialogue.hang_up(call.now, Some("Bye."), reason);
    call.drain();
    call.play_from(1);
    assert!(call.transfers.is_empty());
    assert_eq!(call.hung_up, Some(reason));
}

#[test]
fn another_agent_goes_on_with_its_own_prompt_and_greeting() {
    let mut call = Call::new(script());
    call.caller_says("I want to buy something.");
    call.reply(&[Call::text("A moment.")]);
    call.play_from(0);
    let agent = Uuid::from_u128(7);
    let to = Destination::Agent(agent);
    call.dialogue.forward(call.now, to, Some("Here is Sam."));
    call.drain();
    call.play_from(0);
    assert_eq!(call.handed_over, [agent]);
    let other = Script {
        system: "You sell.".to_owned(),
        first_message: Some("Sam speaking.".to_owned()),
        ..script()
    };
    call.dialogue.taken_over(call.now, other);
    call.drain();
    assert_eq!(call.words(), ["Sam speaking."]);
    call.play_from(0);
    call.caller_says("How much is it?");
    let (_, request) = call.asked.last().expect("asked");
    assert_eq!(request.system, "You sell.");
    let said: Vec<_> = request
        .messages
        .iter()
        .map(|said| said.content.as_str())
        .collect();
    let expected = [
        "I want to buy something.",
        "A moment. Here is Sam. Sam speaking.",
        "How much is it?",
    ];
    assert_eq!(said, expected, "it knows what was said before");
    assert_eq!(call.hung_up, None);
    assert_eq!(call.outcomes()[0].to, Destination::Agent(agent));
}
