//! Orders that people gave in a call that was kept, when another agent takes the call.

mod support;

#[path = "support/kept.rs"]
mod kept;

use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use engine::keeping::{Did, Input, Record};
use engine::{Destination, ForwardOutcome};
use kept::{bundle, did, told};
use replay::{Another, Mind, Stages, replay_with};
use support::{stages, support};

const LENGTH: Duration = Duration::from_secs(20);
const DESK: &str = "+14155550199";

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// What the agent is heard to say, and why the call ends.
fn heard(stages: &mut Stages, agent: &AgentDefinition, steps: &[Record]) -> (Vec<String>, String) {
    let bundle = bundle(agent, LENGTH, steps);
    let another = Another {
        agent: Arc::new(agent.clone()),
        mind: Mind {
            model: Arc::new(llm::Offline::new()),
            embedded: true,
        },
    };
    let (call, _) = replay_with(stages, &bundle, another, "a test".to_owned()).expect("a call");
    let turns = call.account.turns.into_iter();
    (
        turns.map(|turn| turn.heard_text).collect(),
        call.account.end,
    )
}

fn forward() -> Record {
    told(at(8.0), |now| Input::Forward {
        now,
        to: Destination::Number(DESK.to_owned()),
        message: Some("I put you through.".to_owned()),
    })
}

#[test]
fn a_line_that_the_agent_was_told_to_say_is_said_by_another_agent() {
    let line = told(at(8.0), |now| Input::SayLine {
        now,
        text: "Somebody will call you back.".to_owned(),
        ends_call: None,
    });
    let (turns, end) = heard(&mut stages(), &support(), &[line]);
    assert_eq!(turns.len(), 2, "{turns:?}");
    assert_eq!(turns[1], "Somebody will call you back.");
    assert_eq!(end, "the caller hung up");
}

#[test]
fn another_agent_is_muted_when_the_first_one_was() {
    let mute = told(at(0.01), |now| Input::Mute { now, muted: true });
    let (turns, _) = heard(&mut stages(), &support(), &[mute]);
    assert!(turns.is_empty(), "{turns:?}");
}

#[test]
fn a_call_is_passed_on_when_it_was_and_comes_to_what_it_came_to() {
    let mut stages = stages();
    let agent = support();
    let asked = did(Did::Transfer(DESK.to_owned()));
    let outcome = |outcome| {
        told(at(11.0), |now| Input::Forwarded {
            now,
            outcome,
            sip_code: None,
        })
    };
    // What was asked is as old as what was told before it.
    let before = told(at(10.0), |now| Input::Timeout { now });
    let steps = |came| [forward(), before.clone(), asked.clone(), outcome(came)];

    let (turns, end) = heard(&mut stages, &agent, &steps(ForwardOutcome::Completed));
    assert_eq!(turns.last().map(String::as_str), Some("I put you through."));
    assert_eq!(end, "the call was passed on");

    let (turns, end) = heard(&mut stages, &agent, &steps(ForwardOutcome::Refused));
    let apology = engine::Routing::default().unreachable;
    assert_eq!(turns.last(), Some(&apology));
    assert_eq!(end, "the caller hung up");

    let (turns, end) = heard(&mut stages, &agent, &[forward(), before, asked]);
    assert_eq!(turns.last().map(String::as_str), Some("I put you through."));
    assert_eq!(end, "the caller hung up", "nobody said that it was taken");
}
