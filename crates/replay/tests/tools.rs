//! Tools that the agent uses in a replayed call.

mod support;

use agent::{AgentDefinition, Intent, IntentParameter, ToolDefinition};
use audio::codec::Codec;
use replay::{Caller, Recordings, Scenario};
use serde_json::json;
use support::{Line, call, project, stages};

const LINE: Line = Line {
    codec: Codec::Pcmu,
    net: "clean",
    seed: 1,
};

/// A caller who asks for something that the agent has a tool look up.
fn scenario(tools: &str) -> Scenario {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tools.yaml");
    let fixture = project("fixtures/syn_en_open-sunday.wav");
    let yaml = format!(
        "{tools}
caller:
  - say: {}
expect:
  - calls tool:
      name: opening_hours
      arguments: '\"question\":\"[^\"]*sunday'
",
        fixture.display()
    );
    std::fs::write(&path, yaml).expect("a file");
    Scenario::load(&path).expect("a scenario")
}

fn answer_with(tools: &str) -> (Vec<bool>, String) {
    let mut agent = support::support();
    let parameters = json!({
        "type": "object",
        "properties": { "question": { "type": "string" } },
        "required": ["question"],
    });
    agent.tools.push(ToolDefinition {
        name: "opening_hours".to_owned(),
        description: "Looks up the opening hours.".to_owned(),
        parameters: parameters.as_object().cloned().expect("an object"),
        phrases: vec!["open on Sunday".to_owned()],
    });
    answer_of(&agent, tools)
}

fn answer_of(agent: &AgentDefinition, tools: &str) -> (Vec<bool>, String) {
    let mut stages = stages();
    let scenario = scenario(tools);
    let recordings = Recordings::load(&scenario, None, LINE.codec.rate(), &mut stages);
    let caller = Caller::Scenario {
        scenario: Box::new(scenario),
        recordings: recordings.expect("recordings"),
    };
    let call = call(&mut stages, agent, caller, &LINE);
    let account = call.account;
    let passed = account.expectations.iter().map(|one| one.passed).collect();
    let last = account.turns.last().expect("an answer");
    (passed, last.heard_text.clone())
}

#[test]
fn the_agent_goes_on_with_what_the_scenario_says_that_its_tool_answers() {
    let (passed, heard) = answer_with("tools:\n  opening_hours: We open at ten on Sundays.");
    assert_eq!(passed, [true]);
    assert_eq!(heard, "We open at ten on Sundays.");
}

#[test]
fn a_tool_of_which_the_scenario_says_nothing_is_done() {
    let (passed, heard) = answer_with("name: No tools");
    assert_eq!((passed.as_slice(), heard.as_str()), (&[true][..], "Done."));
}

#[test]
fn an_intent_answers_as_if_its_webhook_had_replied_that() {
    let mut agent = support::support();
    agent.intents.push(Intent {
        name: "Open on Sunday".to_owned(),
        key: "opening_hours".to_owned(),
        parameters: vec![IntentParameter {
            key: "question".to_owned(),
            required: true,
            ..IntentParameter::default()
        }],
        ..Intent::default()
    });
    let reply = "tools:\n  opening_hours: '{\"message\": \"We open at ten.\", \"id\": 7}'";
    let (passed, heard) = answer_of(&agent, reply);
    assert_eq!(passed, [true]);
    assert_eq!(heard, "We open at ten.");
}
