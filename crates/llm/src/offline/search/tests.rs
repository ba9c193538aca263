use super::*;
use crate::model::Passage;
use crate::offline::knowledge::pieces;

fn training(question: &str, text: &str) -> Passage {
    Passage {
        question: Some(question.to_owned()),
        text: text.to_owned(),
        source: PassageSource::Training,
    }
}

fn passage(source: PassageSource, text: &str) -> Passage {
    Passage {
        question: None,
        text: text.to_owned(),
        source,
    }
}

fn shop() -> Vec<Passage> {
    vec![
        training(
            "When are you open?",
            "We are open Monday to Friday from nine to six.",
        ),
        training(
            "How do I return an item?",
            "Send it back within thirty days.",
        ),
        training("How much does delivery cost?", "Delivery costs five euros."),
        training("Where is my order?", "It takes two working days to arrive."),
        passage(
            PassageSource::Note,
            "Our workshop repairs bicycles of every make. Parking behind the house is free. \
             The workshop needs an appointment.",
        ),
        passage(
            PassageSource::About,
            "Owns a red touring bicycle. Is called Miller.",
        ),
        passage(
            PassageSource::Prompt,
            "You are Ana, who answers for the Acme bicycle shop.",
        ),
    ]
}

fn ask_after(context: &str, text: &str) -> Option<String> {
    let pieces = pieces(&shop());
    let found = Index::new(&pieces).find(Query { text, context })?;
    Some(found.spoken.join(" "))
}

fn ask(text: &str) -> Option<String> {
    ask_after("", text)
}

const OPEN: &str = "We are open Monday to Friday from nine to six.";
const RETURN: &str = "Send it back within thirty days.";
const DELIVERY: &str = "Delivery costs five euros.";

#[test]
fn the_row_that_answers_is_found() {
    for (question, answer) in [
        ("When are you open?", OPEN),
        ("what are your opening hours", OPEN),
        (
            "Hi, I was just wondering whether you are open on Saturdays",
            OPEN,
        ),
        ("I'd like to return something", RETURN),
        ("how can i make a return", RETURN),
        ("What is the cost of the delivery to Berlin?", DELIVERY),
        ("how much would it cost to have it delivered", DELIVERY),
        ("is there parking", "Parking behind the house is free."),
        (
            "what colour is my bicycle on file is it red",
            "Owns a red touring bicycle.",
        ),
    ] {
        assert_eq!(ask(question).as_deref(), Some(answer), "{question}");
    }
}

#[test]
fn misheard_words_are_forgiven() {
    for (question, answer) in [
        ("how much does the delivry cosst", DELIVERY),
        ("when are you oppen", OPEN),
        ("how do i retern an itum", RETURN),
        ("how do eye re turn an item", RETURN),
        ("wen are you open", OPEN),
    ] {
        assert_eq!(ask(question).as_deref(), Some(answer), "{question}");
    }
}

#[test]
fn nothing_is_found_where_nothing_fits() {
    for question in [
        "do you like pizza",
        "tell me a joke about politics",
        "why",
        "",
        "who are you",
    ] {
        assert_eq!(ask(question), None, "{question}");
    }
}

#[test]
fn sentences_of_one_note_that_belong_together_are_said_together() {
    assert_eq!(
        ask("do you have a workshop").as_deref(),
        Some("Our workshop repairs bicycles of every make. The workshop needs an appointment.")
    );
}

#[test]
fn what_was_said_before_decides_between_equals() {
    let rows = [
        training("What does a repair cost?", "A repair costs forty euros."),
        training(
            "What does a rental cost?",
            "A rental costs ten euros a day.",
        ),
    ];
    let pieces = pieces(&rows);
    let index = Index::new(&pieces);
    let answer = |context| {
        let found = index
            .find(Query {
                text: "and what is the cost",
                context,
            })
            .unwrap();
        found.spoken.concat()
    };
    assert_eq!(answer("do you do repairs"), "A repair costs forty euros.");
    assert_eq!(
        answer("do you have rentals"),
        "A rental costs ten euros a day."
    );
}

#[test]
fn a_question_of_small_words_is_found_by_its_look() {
    let rows = [training("Who are you?", "I am Ana.")];
    let pieces = pieces(&rows);
    let found = Index::new(&pieces)
        .find(Query {
            text: "who are you",
            context: "",
        })
        .unwrap();
    assert_eq!(found.spoken, ["I am Ana."]);
    assert!(found.look > 0.99);
}

#[test]
fn the_opposite_of_what_a_row_answers_does_not_fit_it() {
    let rows = [
        training("It works now.", "I am glad."),
        training("There is no dial tone.", "Check the cable."),
    ];
    let pieces = pieces(&rows);
    let index = Index::new(&pieces);
    let answer = |text| Some(index.find(Query { text, context: "" })?.spoken.concat());
    assert_eq!(answer("yes it works").as_deref(), Some("I am glad."));
    assert_eq!(answer("no it works").as_deref(), Some("I am glad."));
    assert_eq!(answer("it does not work"), None);
    assert_eq!(
        answer("I have no dial tone").as_deref(),
        Some("Check the cable.")
    );
}

#[test]
fn a_question_of_time_prefers_an_answer_of_time() {
    let notes = [
        passage(PassageSource::Note, "We open new tickets."),
        passage(
            PassageSource::Note,
            "The desk for all our customers is open in the morning.",
        ),
    ];
    let pieces = pieces(&notes);
    let index = Index::new(&pieces);
    let answer = |text| {
        index
            .find(Query { text, context: "" })
            .unwrap()
            .spoken
            .concat()
    };
    assert_eq!(answer("what do you open"), "We open new tickets.");
    assert_eq!(
        answer("when do you open"),
        "The desk for all our customers is open in the morning."
    );
}

#[test]
fn the_first_of_equals_is_taken() {
    let rows = [
        training("Is it open?", "One."),
        training("Is it open?", "Two."),
    ];
    let pieces = pieces(&rows);
    let found = Index::new(&pieces)
        .find(Query {
            text: "is it open",
            context: "",
        })
        .unwrap();
    assert_eq!(found.spoken, ["One."]);
}

#[test]
fn an_index_of_nothing_finds_nothing() {
    assert_eq!(
        Index::new(&[]).find(Query {
            text: "hello",
            context: ""
        }),
        None
    );
}
