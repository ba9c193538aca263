//! What people have the agent do: say something, be silent, speak again.

use super::*;

impl Call {
    fn say_line(&mut self, text: &str) {
        self.dialogue.say_line(self.now, text, None);
        self.drain();
    }

    pub(super) fn mute(&mut self, muted: bool) {
        self.dialogue.mute(self.now, muted);
        self.drain();
    }

    pub(super) fn words(&self) -> Vec<&str> {
        self.spoken.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// What the model is told that the agent has said.
    fn agents_words(&self) -> Vec<&str> {
        let (_, request) = self.asked.last().expect("asked");
        let own = request.messages.iter();
        own.filter(|message| message.role == llm::Role::Assistant)
            .map(|message| message.content.as_str())
            .collect()
    }

    /// The sentence that was ordered last is under way.
    pub(super) fn is_speaking(&mut self) -> SegmentId {
        let segment = self.spoken.last().expect("a sentence").0;
        self.synthesise(segment);
        self.start(segment);
        segment
    }
}

#[test]
fn a_line_is_said_at_once_when_neither_side_speaks() {
    let mut call = Call::new(script());
    call.say_line("Your order has arrived.");
    assert_eq!(call.words(), ["Your order has arrived."]);
    call.play_from(0);
    assert_eq!(
        call.transcript(),
        [(Speaker::Agent, "Your order has arrived.")]
    );
    call.caller_says("Thank you.");
    assert_eq!(call.agents_words(), ["Your order has arrived."]);
}

#[test]
fn a_line_waits_for_what_the_agent_says() {
    let mut call = Call::new(script());
    call.caller_says("When are you open?");
    call.reply(&[Call::text("From nine to five.")]);
    call.say_line("One more thing.");
    call.say_line("And another.");
    assert_eq!(call.words(), ["From nine to five."]);
    call.play_from(0);
    assert_eq!(call.words(), ["One more thing."]);
    call.play_from(0);
    assert_eq!(call.words(), ["And another."]);
    assert_eq!(call.silenced, 0);
}

#[test]
fn a_line_waits_for_the_caller_and_the_answer() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.say_line("One more thing.");
    assert!(call.spoken.is_empty());
    call.hear(false, 128);
    call.recognise("When are you open?");
    call.hear(false, 320);
    assert!(call.spoken.is_empty(), "the answer comes first");
    call.reply(&[Call::text("From nine to five.")]);
    call.play_from(0);
    assert_eq!(call.words(), ["One more thing."]);
}

#[test]
fn a_line_after_a_noise_is_not_forgotten() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    call.say_line("One more thing.");
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 1_600);
    assert_eq!(call.words(), ["One more thing."]);
}

#[test]
fn a_line_is_interrupted_where_the_agent_may_be() {
    let mut call = Call::new(script());
    call.say_line("This is a long story about nothing at all.");
    call.is_speaking();
    call.hear(true, 640);
    assert_eq!(call.silenced, 1);
    let mut patient = Call::new(Script {
        turn: turn::Settings {
            allow_interruptions: false,
            ..script().turn
        },
        ..script()
    });
    patient.say_line("This is a long story about nothing at all.");
    patient.is_speaking();
    patient.hear(true, 640);
    assert_eq!(patient.silenced, 0);
}

#[test]
fn the_call_ends_after_a_line_that_is_the_last() {
    let mut call = Call::new(script());
    call.caller_says("When are you open?");
    call.reply(&[Call::text("From nine to five.")]);
    let reason = Some(crate::keeping::Reasons::API);
    call.dialogue.say_line(call.now, "That is all.", reason);
    call.drain();
    assert_eq!(call.hung_up, None);
    call.play_from(0);
    assert_eq!(call.words(), ["That is all."]);
    call.is_speaking();
    call.hear(true, 640);
    assert_eq!(call.silenced, 0, "nobody interrupts it");
    call.play_from(0);
    assert_eq!(call.hung_up, reason);
}

#[test]
fn lines_that_can_not_wait_are_refused_aloud() {
    let mut call = Call::new(script());
    call.hear(true, 960);
    for _ in 0..20 {
        call.say_line("Hello?");
    }
    assert_eq!(call.unspoken(), 4);
}

#[test]
fn a_muted_agent_falls_silent_and_knows_what_was_heard_of_it() {
    let mut call = Call::new(script());
    call.caller_says("When are you open?");
    call.reply(&[Call::text("From nine to five on weekdays.")]);
    call.is_speaking();
    call.now = call.now + Duration::from_millis(500);
    call.mute(true);
    assert_eq!(call.silenced, 1);
    let heard = call.turns().last().expect("a turn").clone();
    assert!(heard.interrupted && heard.text.starts_with("From"));
    assert!(heard.text.len() < "From nine to five on weekdays.".len());
    assert!(matches!(
        call.told
            .iter()
            .rev()
            .find(|kind| matches!(kind, CallEventKind::Muted { .. })),
        Some(CallEventKind::Muted { muted: true })
    ));
}

#[test]
fn a_muted_agent_listens_and_its_answers_are_as_if_they_had_never_been() {
    let mut call = Call::new(script());
    call.mute(true);
    call.caller_says("When are you open?");
    call.reply(&[Call::text("From nine to five.")]);
    assert!(call.spoken.is_empty());
    assert_eq!(call.unspoken(), 0);
    call.caller_says("Hello?");
    assert_eq!(call.agents_words(), Vec::<&str>::new());
    let expected = [
        (Speaker::Caller, "When are you open?"),
        (Speaker::Caller, "Hello?"),
    ];
    assert_eq!(call.transcript(), expected);
    call.reply(&[Call::text("Yes?")]);
    call.mute(false);
    assert!(
        call.spoken.is_empty(),
        "what was not said is not said later"
    );
    call.caller_says("Are you there?");
    call.reply(&[Call::text("I am.")]);
    assert_eq!(call.words(), ["I am."]);
}

#[test]
fn an_answer_that_is_muted_halfway_stays_silent_to_its_end() {
    let mut call = Call::new(script());
    call.caller_says("When are you open?");
    let reply = call.asked[0].0;
    let part = Call::text("From nine to five. ");
    call.dialogue.reply_part(call.now, reply, part);
    call.drain();
    call.is_speaking();
    call.mute(true);
    call.mute(false);
    let rest = Call::text("Except on Mondays. Do come!");
    call.dialogue.reply_part(call.now, reply, rest);
    call.dialogue.reply_ended(call.now, reply, Ok(()));
    call.drain();
    assert_eq!(call.words(), ["From nine to five."]);
    assert!(call.cancelled.is_empty(), "it may still want a tool");
}

#[test]
fn a_muted_agent_is_not_asked_after_and_asks_nobody() {
    let mut call = Call::new(Script {
        silence_prompt: Some(crate::script::SilencePrompt {
            message: "Are you there?".to_owned(),
            interval: Duration::from_secs(5),
            most: 3,
        }),
        ..script()
    });
    call.mute(true);
    call.now = call.now + Duration::from_secs(6);
    call.dialogue.timeout(call.now);
    call.drain();
    assert!(call.spoken.is_empty());
    call.mute(false);
    call.now = call.now + Duration::from_secs(6);
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.words(), ["Are you there?"]);
}

#[test]
fn a_line_for_a_muted_agent_waits_until_it_may_speak() {
    let mut call = Call::new(script());
    call.mute(true);
    call.say_line("Hello again.");
    call.hear(false, 320);
    assert!(call.spoken.is_empty());
    call.mute(false);
    assert_eq!(call.words(), ["Hello again."]);
}

#[test]
fn a_muted_agent_ends_the_call_without_a_word() {
    let mut call = Call::new(script());
    call.mute(true);
    let reason = crate::keeping::Reasons::API;
    call.dialogue.hang_up(call.now, Some("Farewell."), reason);
    call.drain();
    assert!(call.spoken.is_empty());
    assert_eq!(call.hung_up, Some(reason));
}

#[test]
fn a_goodbye_that_is_muted_ends_the_call() {
    let mut call = Call::new(script());
    let reason = crate::keeping::Reasons::API;
    call.dialogue
        .hang_up(call.now, Some("Farewell to you all."), reason);
    call.drain();
    call.is_speaking();
    call.mute(true);
    assert_eq!(call.hung_up, Some(reason));
}
