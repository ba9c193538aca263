use llm::PassageSource;
use serde_json::json;

use super::*;

fn maya() -> AgentDefinition {
    AgentDefinition::from_json(json!({
        "name": "Maya",
        "company_name": "Larkfield",
        "company_service": "Larkfield connects telephones.",
        "role": "support assistant",
        "objective": "Find out what fails.",
        "tone": "calm",
        "custom_prompt": "Orders ship on Monday.",
        "guidelines": [{ "content": "Second rule.", "order": 2 }, { "content": "First rule.", "order": 1 }],
        "notes": [{ "content": "Support is free." }],
        "procedures": [{
            "name": "Open a ticket",
            "steps": [
                { "description": "Take the number", "order": 2 },
                { "description": "Ask for the name", "order": 1 },
            ],
        }],
        "training": [
            { "content": "All circuits are busy.", "response": "Please try again later." },
            { "content": "We are closed on Sunday." },
        ],
    }))
    .unwrap()
}

fn context() -> CallContext {
    CallContext {
        direction: Direction::Outbound,
        number: "+14155550123".to_owned(),
        about: Some("Has called twice today.".to_owned()),
        prompt: None,
        now: "Tuesday, 14 November 2023, 22:13".to_owned(),
    }
}

fn with_prompt(content: &str, overwrite: bool) -> Assembled {
    let prompt = Some(CallPrompt {
        content: content.to_owned(),
        overwrite,
    });
    assemble(
        &maya(),
        &CallContext {
            prompt,
            ..context()
        },
    )
}

fn texts(assembled: &Assembled, source: PassageSource) -> Vec<&str> {
    let of_source = assembled
        .knowledge
        .iter()
        .filter(|passage| passage.source == source);
    of_source.map(|passage| passage.text.as_str()).collect()
}

#[test]
fn the_agent_is_introduced() {
    let system = assemble(&maya(), &context()).system;
    assert!(system.starts_with(
        "You are Maya, support assistant at Larkfield, speaking with a person on the telephone."
    ));
}

#[test]
fn a_name_alone_makes_a_prompt() {
    let agent = AgentDefinition {
        name: "Tom".to_owned(),
        ..AgentDefinition::default()
    };
    let system = assemble(&agent, &context()).system;
    assert!(system.starts_with("You are Tom, speaking with a person on the telephone.\n\n"));
    assert!(!system.contains("Your tone"));
}

#[test]
fn the_facts_of_the_call_are_told() {
    let system = assemble(&maya(), &context()).system;
    assert!(system.contains("you have called the other party (+14155550123)."));
    assert!(system.contains("About the other party: Has called twice today."));
    assert!(system.contains("local time: Tuesday, 14 November 2023, 22:13"));
}

#[test]
fn an_inbound_call_without_a_number_is_told_as_such() {
    let direction = Direction::Inbound;
    let context = CallContext {
        direction,
        number: String::new(),
        ..context()
    };
    let system = assemble(&maya(), &context).system;
    assert!(system.contains("the other party has called you."));
}

#[test]
fn rules_and_steps_come_in_their_order() {
    let system = assemble(&maya(), &context()).system;
    assert!(system.contains("Rules that you follow:\n- First rule.\n- Second rule."));
    assert!(system.contains("- Open a ticket. 1. Ask for the name. 2. Take the number."));
}

#[test]
fn the_system_prompt_holds_all_knowledge() {
    let system = assemble(&maya(), &context()).system;
    assert!(system.contains("What you know:\n- Support is free."));
    assert!(
        system.contains("- \"All circuits are busy.\" You answer: \"Please try again later.\"")
    );
    assert!(system.contains("- We are closed on Sunday."));
}

#[test]
fn the_rules_of_speech_are_always_there() {
    for assembled in [
        assemble(&maya(), &context()),
        with_prompt("Sell bread.", true),
    ] {
        assert!(assembled.system.contains("Never use markdown"));
    }
}

#[test]
fn a_call_prompt_is_added() {
    let assembled = with_prompt("Ask about the invoice.", false);
    assert!(
        assembled
            .system
            .contains("Your objective: Find out what fails.")
    );
    assert!(
        assembled
            .system
            .contains("For this call: Ask about the invoice.")
    );
    assert_eq!(
        texts(&assembled, PassageSource::Prompt),
        [
            "Larkfield connects telephones.",
            "Orders ship on Monday.",
            "Ask about the invoice."
        ]
    );
}

#[test]
fn an_overwriting_call_prompt_replaces_the_agents_own() {
    let assembled = with_prompt("You sell bread.", true);
    assert!(assembled.system.starts_with("You sell bread.\n\n"));
    for own in [
        "Maya",
        "Find out what fails",
        "calm",
        "Orders ship",
        "Larkfield",
    ] {
        assert!(!assembled.system.contains(own), "{own}");
    }
    assert!(assembled.system.contains("First rule."));
    assert!(assembled.system.contains("Has called twice today."));
    assert_eq!(
        texts(&assembled, PassageSource::Prompt),
        ["You sell bread."]
    );
}

#[test]
fn an_empty_call_prompt_replaces_nothing() {
    assert_eq!(with_prompt("  ", true), assemble(&maya(), &context()));
}

#[test]
fn knowledge_names_its_source() {
    let assembled = assemble(&maya(), &context());
    assert_eq!(
        texts(&assembled, PassageSource::Training),
        ["Please try again later.", "We are closed on Sunday."]
    );
    assert_eq!(
        assembled.knowledge[0].question.as_deref(),
        Some("All circuits are busy.")
    );
    assert_eq!(texts(&assembled, PassageSource::Note), ["Support is free."]);
    assert_eq!(
        texts(&assembled, PassageSource::Guideline),
        ["First rule.", "Second rule."]
    );
    assert_eq!(
        texts(&assembled, PassageSource::Procedure),
        ["Ask for the name. Take the number."]
    );
    assert_eq!(
        texts(&assembled, PassageSource::About),
        ["Has called twice today."]
    );
}

#[test]
fn long_texts_are_cut_between_sentences() {
    let sentence = "This is a sentence of some length that says very little at all.";
    let about = Some([sentence; 9].join(" "));
    let assembled = assemble(&maya(), &CallContext { about, ..context() });
    let pieces = texts(&assembled, PassageSource::About);
    assert_eq!(pieces.len(), 3);
    assert!(
        pieces
            .iter()
            .all(|piece| piece.len() < 240 && piece.ends_with("at all."))
    );
}

#[test]
fn lines_are_pieces_of_their_own() {
    let about = Some("Name: Ann.\n\nCity: Rome.\n".to_owned());
    let assembled = assemble(&maya(), &CallContext { about, ..context() });
    assert_eq!(
        texts(&assembled, PassageSource::About),
        ["Name: Ann.", "City: Rome."]
    );
}

#[test]
fn another_language_is_asked_for() {
    let agent = maya().patched(json!({ "language": "de" })).unwrap();
    assert!(
        assemble(&agent, &context())
            .system
            .contains("Speak this language (BCP 47): de")
    );
    assert!(!assemble(&maya(), &context()).system.contains("BCP 47"));
}
