use super::*;

fn spoken(source: PassageSource, text: &str) -> Vec<String> {
    let passage = Passage {
        question: None,
        text: text.to_owned(),
        source,
    };
    pieces(&[passage])
        .into_iter()
        .flat_map(|piece| piece.spoken)
        .collect()
}

#[test]
fn facts_are_said_as_they_stand() {
    assert_eq!(
        spoken(PassageSource::Note, "We sell bikes. Never on Sundays!"),
        ["We sell bikes.", "Never on Sundays!"]
    );
    assert_eq!(
        spoken(PassageSource::Prompt, "We ship within two days."),
        ["We ship within two days."]
    );
}

#[test]
fn the_agent_speaks_of_itself_in_the_first_person() {
    assert_eq!(
        spoken(
            PassageSource::Prompt,
            "You are Ana, an agent of Acme. Your name is Ana."
        ),
        ["I am Ana, an agent of Acme.", "My name is Ana."]
    );
}

#[test]
fn reported_answers_are_said() {
    for text in [
        "If they ask about refunds, say that refunds take five days.",
        "When asked for refunds, tell the caller that refunds take five days.",
        "Say: “Refunds take five days.”",
        "Explain that refunds take five days",
    ] {
        assert_eq!(
            spoken(PassageSource::Guideline, text),
            ["Refunds take five days."],
            "{text}"
        );
    }
}

#[test]
fn orders_and_prohibitions_are_never_said() {
    for order in [
        "Be polite and brief.",
        "Never mention the discount code SAVE10.",
        "Do not offer refunds.",
        "Don't tell them: we are late.",
        "If asked, say that the internal code is SAVE10.",
        "The discount code SAVE10 is confidential.",
        "Our margin is a secret.",
        "Ask for the order number.",
        "If the caller is angry, transfer them.",
        "Transfer the caller to sales.",
        "You must not say that the product is late.",
        "Never say that refunds take five days.",
        "You are to keep your answers short.",
    ] {
        assert_eq!(
            spoken(PassageSource::Guideline, order),
            Vec::<String>::new(),
            "{order}"
        );
    }
}

#[test]
fn what_is_written_in_the_agents_voice_is_said() {
    for text in [
        "I can open a ticket for you.",
        "Tell me the number of your line.",
        "We will call you back.",
        "You can reach us by telephone.",
    ] {
        assert_eq!(spoken(PassageSource::Procedure, text), [text]);
    }
    for order in [
        "I want you to act as a clerk.",
        "Tell them our margin.",
        "Never tell me.",
    ] {
        assert_eq!(
            spoken(PassageSource::Prompt, order),
            Vec::<String>::new(),
            "{order}"
        );
    }
}

#[test]
fn a_training_row_is_one_piece() {
    let row = Passage {
        question: Some("When?".to_owned()),
        text: "Now. Or later.".to_owned(),
        source: PassageSource::Training,
    };
    let found = pieces(&[row]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].spoken, ["Now.", "Or later."]);
}

#[test]
fn no_more_pieces_than_the_limit_are_made() {
    let passage = Passage {
        question: None,
        text: "Yes.\n".repeat(MAX_PIECES + 9),
        source: PassageSource::Note,
    };
    assert_eq!(pieces(&[passage]).len(), MAX_PIECES);
}
