//! Rules of the agent that act in the call.

use llm::Tool;

use super::*;
use crate::routing::{Destination, ForwardOutcome, Rule, RuleAction, RuleFamily};

const SALES: &str = "+14155550101";

fn tool(name: &str) -> Tool {
    Tool {
        name: name.to_owned(),
        description: "Puts through.".to_owned(),
        parameters: serde_json::json!({ "type": "object", "properties": {} }),
        phrases: Vec::new(),
        threshold: None,
    }
}

fn sales() -> Rule {
    Rule {
        uuid: Uuid::from_u128(1),
        family: RuleFamily::Routing,
        name: "Sales".to_owned(),
        keyword: Some("sales".to_owned()),
        tool: Some(tool("transfer_to_sales")),
        say: Some("Here is sales.".to_owned()),
        action: RuleAction::Forward(Destination::Number(SALES.to_owned())),
    }
}

fn abuse() -> Rule {
    Rule {
        uuid: Uuid::from_u128(2),
        family: RuleFamily::Guard,
        name: "Abuse".to_owned(),
        keyword: None,
        tool: Some(tool("guard_abuse")),
        say: Some("I end this call now.".to_owned()),
        action: RuleAction::EndConversation,
    }
}

fn ruled() -> Script {
    Script {
        routing: Routing {
            rules: vec![abuse(), sales()],
            ..Routing::default()
        },
        ..script()
    }
}

fn speculating() -> Script {
    let mut script = ruled();
    script.turn.speculate = true;
    script
}

impl Call {
    fn fired(&self) -> Vec<&str> {
        let told = self.told.iter();
        told.filter_map(|kind| {
            if let CallEventKind::RuleFired { name, .. } = kind {
                Some(name.as_str())
            } else {
                None
            }
        })
        .collect()
    }

    fn calls(&mut self, name: &str, words: &str) {
        let call = ToolCall {
            name: name.to_owned(),
            arguments: "{}".to_owned(),
            confidence: None,
        };
        let mut parts = vec![ReplyPart::Call(call)];
        if !words.is_empty() {
            parts.insert(0, Self::text(words));
        }
        self.reply(&parts);
    }
}

#[test]
fn a_keyword_passes_the_caller_on_without_the_model() {
    let mut call = Call::new(ruled());
    call.caller_says("Get me SALES, please.");
    assert!(call.asked.is_empty());
    assert_eq!(call.fired(), ["Sales"]);
    assert_eq!(call.words(), ["Here is sales."]);
    call.play_from(0);
    assert_eq!(call.transfers, [SALES]);
    let expected = [
        (Speaker::Caller, "Get me SALES, please."),
        (Speaker::Agent, "Here is sales."),
    ];
    assert_eq!(call.transcript(), expected);
}

#[test]
fn an_answer_that_was_begun_ahead_gives_way_to_a_keyword() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("Get me sales.");
    call.hear(false, 960);
    assert_eq!(call.fired(), ["Sales"]);
    let asked = call.asked.len();
    assert_eq!(call.cancelled.len(), asked, "{:?}", call.asked);
    assert_eq!(call.words(), ["Here is sales."]);
    assert!(!call.held);
}

#[test]
fn the_model_is_offered_the_rules_and_its_call_fires_one() {
    let mut call = Call::new(ruled());
    call.caller_says("I would like to buy a car.");
    let (_, request) = call.asked.last().expect("asked");
    let offered: Vec<_> = request
        .tools
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(offered, ["guard_abuse", "transfer_to_sales"]);
    call.calls("transfer_to_sales", "");
    assert_eq!(call.fired(), ["Sales"]);
    assert!(call.tools.is_empty(), "a rule is no tool to be run");
    call.play_from(0);
    assert_eq!(call.transfers, [SALES]);
    assert_eq!(call.latencies().len(), 1);
}

#[test]
fn words_of_the_model_are_said_before_the_line_of_the_rule() {
    let mut call = Call::new(ruled());
    call.caller_says("I would like to buy a car.");
    call.calls("transfer_to_sales", "With pleasure.");
    assert_eq!(call.words(), ["With pleasure.", "Here is sales."]);
    call.play_from(0);
    assert_eq!(call.transfers, [SALES]);
}

#[test]
fn nothing_fires_for_an_answer_that_is_still_kept_back() {
    let mut call = Call::new(speculating());
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise("I would like to buy a car");
    while call.asked.is_empty() {
        call.hear(false, 32);
    }
    assert!(call.held);
    call.calls("transfer_to_sales", "");
    assert!(call.fired().is_empty());
    call.hear(true, 640);
    assert!(call.fired().is_empty() && call.transfers.is_empty());
}

#[test]
fn a_guard_ends_the_conversation_with_its_words() {
    let mut call = Call::new(ruled());
    call.caller_says("You are a fool.");
    call.calls("guard_abuse", "Now, now.");
    assert_eq!(call.fired(), ["Abuse"]);
    assert_eq!(call.words(), ["I end this call now."]);
    call.play_from(0);
    assert!(call.hung_up.is_some_and(|reason| reason.contains("rule")));
}

#[test]
fn a_rule_that_comes_to_nothing_leaves_the_conversation_to_the_agent() {
    let mut call = Call::new(ruled());
    call.caller_says("Get me sales.");
    call.play_from(0);
    call.dialogue
        .forwarded(call.now, ForwardOutcome::Failed, Some(486));
    call.drain();
    call.play_from(0);
    call.caller_says("What now?");
    assert_eq!(call.asked.len(), 1);
}

#[test]
fn keys_may_be_a_keyword() {
    let mut script = ruled();
    script.routing.rules[1].keyword = Some("2".to_owned());
    let mut call = Call::new(script);
    let digit = Digit::from_char('2').expect("a key");
    call.dialogue.pressed(call.now, call.now, digit);
    call.now = call.now + Duration::from_secs(2);
    call.dialogue.timeout(call.now);
    call.drain();
    assert_eq!(call.fired(), ["Sales"]);
}

#[test]
fn a_muted_agent_obeys_its_rules_without_a_word() {
    let mut call = Call::new(ruled());
    call.mute(true);
    call.caller_says("Get me sales.");
    assert!(call.spoken.is_empty());
    assert_eq!(call.transfers, [SALES]);
}
