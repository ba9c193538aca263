//! Tools that the agent has used, and the end of the call by one.

use std::io::Write;
use std::sync::{Arc, Mutex};

use llm::{AnsweredCall, Tool};

use super::*;

fn script_with_tools() -> Script {
    let tool = |name: &str| Tool {
        name: name.to_owned(),
        description: "Does something.".to_owned(),
        parameters: serde_json::json!({ "type": "object", "properties": {} }),
        phrases: Vec::new(),
        threshold: None,
    };
    Script {
        tools: vec![tool("book"), tool("look_up")],
        ..script()
    }
}

fn speculating() -> Script {
    let mut script = script_with_tools();
    script.turn.speculate = true;
    script
}

fn call_of(name: &str) -> ReplyPart {
    ReplyPart::Call(ToolCall {
        name: name.to_owned(),
        arguments: format!(r#"{{"of":"{name}"}}"#),
        confidence: None,
    })
}

impl Call {
    fn tool_answers(&mut self, index: usize, answer: &str) {
        let id = self.tools[index].0;
        self.dialogue.tool_answered(self.now, id, answer, false);
        self.drain();
    }

    /// A tool answers with words that are to be spoken.
    fn tool_says(&mut self, index: usize, words: &str) {
        let id = self.tools[index].0;
        self.dialogue.tool_answered(self.now, id, words, true);
        self.drain();
    }

    fn passes(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.dialogue.timeout(self.now);
        self.drain();
    }

    fn sentences(&self) -> Vec<&str> {
        self.spoken.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// What the model was last told that tools have answered.
    fn last_answers(&self) -> Vec<(&str, &str)> {
        let (_, request) = self.asked.last().expect("asked");
        let calls = request.messages.iter().flat_map(|message| &message.calls);
        calls
            .map(|AnsweredCall { call, answer }| (call.name.as_str(), answer.as_str()))
            .collect()
    }

    fn tools_told(&self) -> Vec<&str> {
        let told = self.told.iter().filter_map(|kind| {
            if let CallEventKind::ToolCalled { name, .. } = kind {
                Some(name.as_str())
            } else {
                None
            }
        });
        told.collect()
    }
}

/// The caller has asked for a table, and the model has it booked.
fn booking(parts: &[ReplyPart]) -> Call {
    let mut call = Call::new(script_with_tools());
    call.caller_says("Book a table for me.");
    call.reply(parts);
    call
}

#[test]
fn the_model_is_offered_the_tools_of_the_agent() {
    let mut call = Call::new(script_with_tools());
    call.caller_says("Book a table for me.");
    let tools = &call.asked[0].1.tools;
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["book", "look_up"]);
}

#[test]
fn a_tool_is_used_and_the_model_goes_on_with_what_it_answers() {
    let mut call = booking(&[call_of("book")]);
    assert_eq!(call.tools[0].1.arguments, r#"{"of":"book"}"#);
    assert_eq!(call.tools_told(), ["book"]);
    assert!(call.spoken.is_empty(), "no trouble is apologised for");
    call.tool_answers(0, "Booked for eight.");
    assert_eq!(call.asked.len(), 2);
    assert_eq!(call.last_answers(), [("book", "Booked for eight.")]);
    call.reply(&[Call::text("It is booked for eight.")]);
    call.play_from(0);
    assert_eq!(
        call.transcript(),
        [
            (Speaker::Caller, "Book a table for me."),
            (Speaker::Agent, "It is booked for eight.")
        ]
    );
    let latency = call.latencies()[0].clone();
    assert!(latency.unattributed_ms < 1.0, "{latency:?}");
}

#[test]
fn the_time_that_a_tool_takes_is_told_apart_from_the_models() {
    let mut call = Call::new(script_with_tools());
    call.caller_says("Book a table for me.");
    call.now = call.now + Duration::from_millis(300);
    call.reply(&[call_of("book")]);
    call.now = call.now + Duration::from_millis(500);
    call.tool_answers(0, "Booked.");
    call.now = call.now + Duration::from_millis(200);
    call.reply(&[Call::text("It is booked.")]);
    call.play_from(0);
    let latency = call.latencies()[0].clone();
    let of = |name: &str| {
        let mut items = latency.items.iter();
        items
            .find(|item| item.name == name)
            .expect(name)
            .duration_ms
    };
    assert_eq!(latency.model_first_token_ms, Some(428), "{latency:?}");
    assert_eq!(of("model_first_token"), 428.0);
    assert_eq!((of("tools"), of("model_after_tools")), (500.0, 200.0));
}

#[test]
fn what_was_said_before_a_tool_is_known_to_the_model_that_goes_on() {
    let mut call = booking(&[Call::text("One moment, please."), call_of("book")]);
    call.play_from(0);
    assert_eq!(call.transcript().len(), 1, "the agent has not finished");
    call.tool_answers(0, "Booked.");
    let (_, request) = call.asked.last().expect("asked");
    let last = request.messages.last().expect("a message");
    assert_eq!(last.content, "One moment, please.");
    call.reply(&[Call::text("It is booked.")]);
    let rest = call.spoken.len() - 1;
    call.play_from(rest);
    let heard = call.turns().last().expect("a turn");
    assert_eq!(heard.text, "One moment, please. It is booked.");
}

#[test]
fn all_tools_that_are_used_at_once_are_waited_for() {
    let mut call = booking(&[call_of("book"), call_of("look_up")]);
    call.tool_answers(1, "Four.");
    assert_eq!(call.asked.len(), 1);
    call.tool_answers(0, "Booked.");
    assert_eq!(
        call.last_answers(),
        [("book", "Booked."), ("look_up", "Four.")]
    );
}

#[test]
fn a_tool_for_an_answer_that_is_kept_back_is_used_when_the_turn_is_over() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("Book a table for me, please.");
    call.reply(&[call_of("book")]);
    assert!(call.held && call.tools.is_empty() && call.tools_told().is_empty());
    call.hear(false, 320);
    assert!(!call.held);
    assert_eq!((call.asked.len(), call.tools.len()), (1, 1));
    assert_eq!(call.tools_told(), ["book"]);
    call.tool_answers(0, "Booked.");
    call.reply(&[Call::text("It is booked.")]);
    call.play_from(0);
    assert_eq!(call.transcript()[1], (Speaker::Agent, "It is booked."));
}

#[test]
fn a_tool_for_an_answer_that_is_thrown_away_is_never_used() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("Book a table for me, please.");
    call.reply(&[call_of("book")]);
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("Book a table for me, please. No, two.");
    call.hear(false, 320);
    assert!(call.tools.is_empty() && call.tools_told().is_empty());
}

#[test]
fn the_end_of_the_call_in_an_answer_that_is_kept_back_waits_until_it_is_heard() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("That is all, goodbye.");
    call.reply(&[Call::end_call()]);
    assert!(call.tools_told().is_empty() && call.hung_up.is_none());
    call.hear(false, 320);
    assert_eq!(call.tools_told(), ["end_call"]);
    assert_eq!(call.hung_up, None, "the goodbye is heard first");
    call.play_from(0);
    assert!(call.hung_up.is_some());
}

#[test]
fn the_end_of_the_call_in_an_answer_that_is_thrown_away_ends_nothing() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("That is all, goodbye.");
    call.reply(&[Call::text("Good bye."), Call::end_call()]);
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("Or rather, one more question.");
    call.hear(false, 320);
    call.reply(&[Call::text("Which one?")]);
    let last = call.spoken.len() - 1;
    call.play_from(last);
    call.hear(false, 2_000);
    assert!(call.hung_up.is_none() && call.tools_told().is_empty());
}

#[test]
fn a_tool_that_does_not_answer_in_time_is_given_up() {
    let mut call = booking(&[call_of("book")]);
    let due = call.dialogue.deadline();
    assert_eq!(due, call.now + PATIENCE.longest_tool);
    call.now = due;
    call.dialogue.timeout(due);
    call.drain();
    assert_eq!(call.asked.len(), 2);
    assert!(call.last_answers()[0].1.contains("in time"));
    call.tool_answers(0, "Booked.");
    assert_eq!(call.asked.len(), 2, "nobody waits any more");
}

#[test]
fn a_model_that_wants_tools_again_and_again_is_offered_none_in_the_end() {
    let mut call = booking(&[call_of("look_up")]);
    let mut rounds = 0;
    while !call.asked.last().expect("asked").1.tools.is_empty() && rounds < 20 {
        call.tool_answers(rounds, "Nothing.");
        call.reply(&[call_of("look_up")]);
        rounds += 1;
    }
    assert_eq!((rounds, call.tools.len()), (4, 4));
    assert_eq!(
        call.spoken.last().expect("spoken").1,
        "I have some trouble."
    );
}

#[test]
fn a_tool_that_was_not_offered_is_not_used() {
    let call = booking(&[call_of("delete_everything")]);
    assert!(call.tools.is_empty());
    assert_eq!(
        call.spoken.last().expect("spoken").1,
        "I have some trouble."
    );
}

/// What is logged, as a text.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_name_of_a_tool_that_the_model_invents_is_not_logged() {
    let log = Logged::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || booking(&[call_of("pin_is_4711")]));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("not offered"), "{log}");
    assert!(!log.contains("4711"), "{log}");
}

#[test]
fn what_a_tool_did_is_remembered_even_if_the_caller_went_on_before_it_answered() {
    let mut call = booking(&[call_of("book")]);
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("At eight.");
    call.hear(false, 320);
    assert!(call.last_answers()[0].1.contains("still at work"));
    assert_eq!(call.last_asked(), "Book a table for me. At eight.");
    call.tool_answers(0, "Booked.");
    assert_eq!(call.asked.len(), 2, "nobody asked for it any more");
    call.reply(&[Call::text("At eight, then.")]);
    call.play_from(0);
    call.caller_says("Is it booked?");
    assert_eq!(call.last_answers(), [("book", "Booked.")]);
}

#[test]
fn a_noise_while_a_tool_is_at_work_does_not_use_it_again() {
    let mut call = booking(&[call_of("book")]);
    call.hear(true, 96);
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 320);
    assert_eq!(call.asked.len(), 2);
    assert!(call.last_answers()[0].1.contains("Do not call it again"));
}

#[test]
fn an_agent_stopped_by_a_noise_goes_on_with_what_its_tool_has_answered() {
    let mut call = Call::new(Script {
        resume_after: Some(Duration::from_secs(2)),
        ..script_with_tools()
    });
    call.caller_says("Book a table for me.");
    call.reply(&[Call::text("One moment, please."), call_of("book")]);
    let segment = call.spoken[0].0;
    call.synthesise(segment);
    call.start(segment);
    call.hear(false, 320);
    call.hear(true, 352);
    assert_eq!(call.silenced, 1);
    call.tool_answers(0, "Booked.");
    assert_eq!(call.asked.len(), 1);
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 320);
    assert_eq!(call.asked.len(), 2);
    assert_eq!(call.last_answers(), [("book", "Booked.")]);
}

#[test]
fn a_slow_tool_is_bridged_by_a_filler() {
    let mut call = Call::new(Script {
        filler: Some(crate::script::Filler {
            message: "One moment.".to_owned(),
            after: Duration::from_secs(1),
        }),
        ..script_with_tools()
    });
    call.caller_says("Book a table for me.");
    call.reply(&[call_of("book")]);
    for _ in 0..60 {
        call.hear(false, 32);
        call.dialogue.timeout(call.now);
        call.drain();
    }
    let spoken: Vec<_> = call.spoken.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(spoken, ["One moment."]);
}

#[test]
fn what_a_tool_wants_said_is_spoken_without_the_model() {
    let mut call = booking(&[call_of("book")]);
    call.tool_says(0, "It is booked for eight. See you then!");
    assert_eq!(call.asked.len(), 1, "the model has nothing to add");
    assert_eq!(
        call.sentences(),
        ["It is booked for eight.", "See you then!"]
    );
    call.play_from(0);
    assert_eq!(
        call.transcript()[1],
        (Speaker::Agent, "It is booked for eight. See you then!")
    );
    let latency = call.latencies()[0].clone();
    assert!(latency.unattributed_ms < 1.0, "{latency:?}");
    call.caller_says("Thank you.");
    assert_eq!(
        call.last_answers(),
        [("book", "It is booked for eight. See you then!")]
    );
    assert_eq!(call.asked[1].1.tools.len(), 2, "tools are offered again");
}

#[test]
fn the_model_goes_on_after_what_one_of_its_tools_wants_said() {
    let mut call = booking(&[
        Call::text("One moment, please."),
        call_of("book"),
        call_of("look_up"),
    ]);
    call.tool_answers(1, "Four are free.");
    call.tool_says(0, "It is booked.");
    let (_, request) = call.asked.last().expect("asked");
    let last = request.messages.last().expect("a message");
    assert_eq!(last.content, "One moment, please. It is booked.");
    assert_eq!(
        call.last_answers(),
        [("book", "It is booked."), ("look_up", "Four are free.")]
    );
    call.reply(&[Call::text("Four more are free.")]);
    assert_eq!(
        call.sentences(),
        [
            "One moment, please.",
            "It is booked.",
            "Four more are free."
        ]
    );
}

#[test]
fn words_of_a_tool_are_spoken_before_the_call_ends() {
    let mut call = booking(&[call_of("book"), Call::end_call()]);
    call.tool_says(0, "It is booked, good bye.");
    assert_eq!(call.sentences(), ["It is booked, good bye."]);
    assert_eq!(call.hung_up, None);
    call.play_from(0);
    assert!(call.hung_up.is_some());
}

#[test]
fn a_call_that_ends_with_a_tool_that_says_nothing_ends_with_the_goodbye() {
    let mut call = booking(&[call_of("book"), Call::end_call()]);
    assert!(call.sentences().is_empty());
    call.tool_answers(0, "Booked.");
    assert_eq!(call.sentences(), ["Good bye."]);
    call.play_from(0);
    assert!(call.hung_up.is_some());
}

#[test]
fn a_tool_that_wants_nothing_said_leaves_the_answer_to_the_model() {
    let mut call = booking(&[call_of("book")]);
    call.tool_says(0, " ");
    assert_eq!(call.asked.len(), 2);
}

#[test]
fn the_wait_for_a_tool_is_bridged_again_and_again_each_time_later() {
    let mut call = Call::new(Script {
        filler: Some(crate::script::Filler {
            message: "One moment.".to_owned(),
            after: Duration::from_millis(1_500),
        }),
        ..script_with_tools()
    });
    call.caller_says("Book a table for me.");
    call.reply(&[call_of("book")]);
    call.passes(1_000);
    assert!(call.spoken.is_empty());
    call.passes(500);
    assert_eq!(call.sentences(), ["One moment."]);
    call.passes(1_000);
    assert_eq!(call.spoken.len(), 1, "the first is still to be played");
    call.play_from(0);
    call.passes(2_900);
    assert!(call.spoken.is_empty(), "it is not repeated as soon");
    call.passes(100);
    assert_eq!(call.sentences(), ["One moment."]);
    call.play_from(0);
    call.tool_says(0, "It is booked.");
    assert_eq!(call.sentences(), ["It is booked."]);
}

#[test]
fn the_wait_for_a_tool_is_bridged_after_the_models_own_words_too() {
    let mut call = Call::new(Script {
        filler: Some(crate::script::Filler {
            message: "It takes a little longer.".to_owned(),
            after: Duration::from_millis(1_500),
        }),
        ..script_with_tools()
    });
    call.caller_says("Book a table for me.");
    call.reply(&[Call::text("I book it."), call_of("book")]);
    call.play_from(0);
    call.passes(1_400);
    assert!(call.spoken.is_empty());
    call.passes(100);
    assert_eq!(call.sentences(), ["It takes a little longer."]);
}

#[test]
fn a_tool_passes_the_call_on_after_the_words_that_are_said() {
    let mut call = booking(&[Call::text("I will get Sam."), call_of("book")]);
    let agent = Uuid::from_u128(7);
    let (id, _) = call.tools[0];
    call.dialogue
        .tool_passes_on(call.now, id, agent, "The caller is passed on.");
    call.drain();
    assert_eq!(call.sentences()[0], "I will get Sam.");
    assert!(call.sentences().len() > 1, "it is announced");
    assert!(
        call.handed_over.is_empty(),
        "the announcement is heard first"
    );
    call.play_from(0);
    assert_eq!(call.handed_over, [agent]);
    call.dialogue.taken_over(call.now, script_with_tools());
    call.drain();
    call.caller_says("Hello?");
    assert_eq!(
        call.last_answers(),
        [("book", "The caller is passed on.")],
        "the other agent knows"
    );
    assert_eq!(
        call.asked.len(),
        2,
        "the model of the first had nothing to add"
    );
}

#[test]
fn a_caller_who_went_on_is_not_passed_on_by_a_tool() {
    let mut call = booking(&[call_of("book")]);
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("At eight.");
    call.hear(false, 320);
    let (id, _) = call.tools[0];
    let agent = Uuid::from_u128(7);
    call.dialogue
        .tool_passes_on(call.now, id, agent, "The caller is passed on.");
    call.drain();
    call.reply(&[Call::text("At eight, then.")]);
    call.play_from(0);
    assert!(call.handed_over.is_empty());
    call.caller_says("Thank you.");
    assert!(call.last_answers()[0].1.contains("not passed on"));
}
