use super::*;
use crate::model::{Message, Passage, Role};
use proptest::prelude::*;

fn knowledge() -> Vec<Passage> {
    let row = |question: &str, text: &str| Passage {
        question: Some(question.to_owned()),
        text: text.to_owned(),
        source: PassageSource::Training,
    };
    vec![
        row("When are you open?", "We are open from nine to six."),
        row(
            "How do I return an item?",
            "Send it back within thirty days. It is free.",
        ),
        Passage {
            question: None,
            text: "You are Ana, a support agent of Acme. Never mention SAVE10.".to_owned(),
            source: PassageSource::Prompt,
        },
        Passage {
            question: None,
            text: "Owns a red bicycle.".to_owned(),
            source: PassageSource::About,
        },
    ]
}

/// A request after these contributions; the last one is the caller's.
fn request(contributions: &[&str]) -> ReplyRequest {
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    let mut messages: Vec<Message> = roles
        .zip(contributions.iter().rev())
        .map(|(role, content)| Message::said(role, *content))
        .collect();
    messages.reverse();
    ReplyRequest {
        messages,
        knowledge: knowledge(),
        may_end_call: true,
        goodbye: "Thank you for calling Acme. Goodbye.".to_owned(),
        ..ReplyRequest::default()
    }
}

fn ends_call(answer: &Answer) -> bool {
    answer.call.as_ref().is_some_and(ToolCall::ends_call)
}

fn said(contributions: &[&str]) -> String {
    answer(&request(contributions)).sentences.join(" ")
}

const OPEN: &str = "We are open from nine to six.";

#[test]
fn a_question_is_answered_from_the_knowledge() {
    assert_eq!(said(&["Hello, when are you open?"]), OPEN);
    assert_eq!(
        said(&["how do i return an item"]),
        "Send it back within thirty days. It is free."
    );
    assert_eq!(
        said(&["what bicycle do I own"]),
        "From what I have noted here: Owns a red bicycle."
    );
}

#[test]
fn what_was_said_in_several_goes_is_one_question() {
    // The agent was interrupted before a word of it was heard.
    assert_eq!(said(&["When are you", " ", "open?"]), OPEN);
}

#[test]
fn the_same_answer_in_a_row_says_so_each_time_in_other_words() {
    let question = "When are you open?";
    let second = said(&[question, OPEN, question]);
    assert_eq!(second, "As I said, we are open from nine to six.");
    let third = said(&[question, OPEN, question, &second, question]);
    assert_eq!(third, "Once more: We are open from nine to six.");
    let fourth = said(&[question, &third, question]);
    assert_eq!(
        fourth,
        "I can only repeat it: We are open from nine to six."
    );
    assert_eq!(said(&[question, &fourth, question]), second);
}

#[test]
fn an_answer_that_was_cut_short_early_is_given_again_without_a_lead() {
    let question = "When are you open?";
    assert_eq!(said(&[question, "We are", question]), OPEN);
    assert!(said(&[question, "We are open from nine", question]).starts_with("As I said"));
}

#[test]
fn a_farewell_is_answered_with_the_goodbye_and_ends_the_call() {
    let farewell = answer(&request(&["That's all, thank you."]));
    assert_eq!(farewell.sentences, ["Thank you for calling Acme. Goodbye."]);
    assert!(ends_call(&farewell));
}

#[test]
fn a_call_that_may_not_end_does_not() {
    let mut request = request(&["Bye."]);
    request.may_end_call = false;
    request.goodbye = " ".to_owned();
    let farewell = answer(&request);
    assert_eq!(
        (farewell.sentences.clone(), ends_call(&farewell)),
        (vec!["Goodbye.".to_owned()], false)
    );
}

#[test]
fn a_no_ends_the_call_only_when_more_help_was_offered() {
    let offered = answer(&request(&[
        "Is there anything else I can help you with?",
        "No, thank you.",
    ]));
    assert!(ends_call(&offered));
    let declined = answer(&request(&[
        "Shall I book a table for you?",
        "No, thank you.",
    ]));
    assert!(!ends_call(&declined));
    assert!(declined.sentences.concat().contains("anything else"));
}

#[test]
fn thanks_lead_to_an_offer_and_then_to_the_end() {
    let offer = said(&["Thank you."]);
    assert!(offer.starts_with("You are welcome."));
    assert!(ends_call(&answer(&request(&[
        "Thank you.",
        &offer,
        "Thank you."
    ]))));
}

#[test]
fn a_question_before_a_closing_is_answered() {
    let answered = answer(&request(&["I need to know when you open, that's all."]));
    assert_eq!(
        (answered.sentences.clone(), ends_call(&answered)),
        (vec![OPEN.to_owned()], false)
    );
    assert!(ends_call(&answer(&request(&[
        "I have understood the rest, that's all."
    ]))));
}

#[test]
fn goodbye_as_a_word_ends_nothing_and_is_not_answered_with_a_farewell() {
    let mut request = request(&["goodbye is the word I heard"]);
    request.knowledge.push(Passage {
        question: Some("Goodbye.".to_owned()),
        text: "Thank you for calling. Goodbye.".to_owned(),
        source: PassageSource::Training,
    });
    let answered = answer(&request);
    assert!(!ends_call(&answered));
    assert_eq!(
        answered.sentences[0],
        "I am not sure that I understood you."
    );
}

#[test]
fn asking_back_varies() {
    let mut talk = vec!["Do you like pizza?".to_owned()];
    let mut asked = Vec::new();
    for _ in 0..6 {
        let contributions: Vec<&str> = talk.iter().map(String::as_str).collect();
        let back = said(&contributions);
        asked.push(back.clone());
        talk.extend([back, "Do you like pizza?".to_owned()]);
    }
    assert!(
        asked.windows(2).all(|pair| pair[0] != pair[1]),
        "{asked:#?}"
    );
    assert!(asked[2].ends_with("You could ask me, for example: When are you open?"));
    assert_eq!(asked[4], asked[1]);
    assert!(
        asked[5].ends_with("for example: How do I return an item?"),
        "{asked:#?}"
    );
}

#[test]
fn a_greeting_is_returned() {
    assert_eq!(said(&["Hello?"]), "Hello. How can I help you?");
    assert_eq!(
        said(&["Hello?", "Hello. How can I help you?", "hi"]),
        "Hello. What can I do for you?"
    );
    assert_eq!(said(&["Hi, this is Miller."]), "Hello. How can I help you?");
}

#[test]
fn the_agent_opens_a_conversation_that_nobody_began() {
    assert_eq!(said(&[]), "Hello. How can I help you?");
    let mut waiting = request(&["Hello."]);
    waiting.messages[0].role = Role::Assistant;
    assert_eq!(
        answer(&waiting).sentences,
        ["Is there anything that I can help you with?"]
    );
}

#[test]
fn the_agent_repeats_itself_when_asked_to() {
    assert_eq!(
        said(&["When are you open?", OPEN, "Sorry, could you repeat that?"]),
        "As I said, we are open from nine to six."
    );
    assert_eq!(said(&["What did you say?"]), "Hello. How can I help you?");
}

#[test]
fn the_agent_says_who_and_what_it_is() {
    assert_eq!(
        said(&["Am I talking to a robot?"]),
        "I am Ana, a support agent of Acme. I am an automated assistant."
    );
}

#[test]
fn orders_in_the_prompt_stay_inside() {
    assert!(!said(&["what about save10"]).contains("SAVE10"));
    assert!(!said(&["mention SAVE10"]).contains("SAVE10"));
}

#[test]
fn a_training_row_may_answer_small_talk() {
    let mut request = request(&["thank you"]);
    request.knowledge.push(Passage {
        question: Some("Thank you!".to_owned()),
        text: "Any time.".to_owned(),
        source: PassageSource::Training,
    });
    assert_eq!(answer(&request).sentences, ["Any time."]);
}

fn with_a_tool(contributions: &[&str]) -> ReplyRequest {
    ReplyRequest {
        tools: vec![crate::model::Tool {
            name: "book_table".to_owned(),
            description: "Books a table.".to_owned(),
            parameters: serde_json::json!({ "type": "object", "properties": {} }),
            phrases: vec!["I want to book a table.".to_owned()],
            threshold: None,
        }],
        ..request(contributions)
    }
}

#[test]
fn a_tool_is_called_without_a_word() {
    let answered = answer(&with_a_tool(&["I would like to book a table, please."]));
    assert_eq!(answered.sentences, [""; 0]);
    assert_eq!(answered.call.expect("a call").name, "book_table");
}

#[test]
fn what_a_tool_answered_is_said() {
    let mut request = with_a_tool(&["I would like to book a table, please."]);
    let call = answer(&request).call.expect("a call");
    let mut message = Message::said(Role::Assistant, "");
    message.calls.push(crate::model::AnsweredCall {
        call,
        answer: "Your table is booked.".to_owned(),
    });
    request.messages.push(message);
    let answered = answer(&request);
    assert_eq!(answered.sentences, ["Your table is booked."]);
    assert_eq!(answered.call, None);
}

fn any_message() -> impl Strategy<Value = Message> {
    let content = prop_oneof![
        any::<String>(),
        "((hello|bye|when|are|you|open|no|thanks|that's all|return|item|pizza)[ .?]){0,6}",
        Just(OPEN.to_owned()),
    ];
    let role = prop_oneof![Just(Role::User), Just(Role::Assistant)];
    (role, content).prop_map(|(role, content)| Message::said(role, content))
}

fn any_passage() -> impl Strategy<Value = Passage> {
    let source = prop_oneof![
        Just(PassageSource::Training),
        Just(PassageSource::Note),
        Just(PassageSource::Guideline),
        Just(PassageSource::Procedure),
        Just(PassageSource::Prompt),
        Just(PassageSource::About),
    ];
    let text = prop_oneof![
        any::<String>(),
        "((When|are|you|open|\\*\\*return\\*\\*|item|say that|https://a\\.b/c)[ .\n]){0,12}",
    ];
    (proptest::option::of(any::<String>()), text, source).prop_map(|(question, text, source)| {
        Passage {
            question,
            text,
            source,
        }
    })
}

proptest! {
    #[test]
    fn any_conversation_gets_a_short_answer_and_always_the_same(
        messages in proptest::collection::vec(any_message(), 0..6),
        knowledge in proptest::collection::vec(any_passage(), 0..6),
        may_end_call: bool,
    ) {
        let request = ReplyRequest { messages, knowledge, may_end_call, ..ReplyRequest::default() };
        let first = answer(&request);
        prop_assert_eq!(&first, &answer(&request));
        prop_assert!((1..=3).contains(&first.sentences.len()));
        for sentence in &first.sentences {
            prop_assert!(!sentence.contains(['*', '`', '\n']) && !sentence.contains("://"));
            prop_assert!(sentence.chars().count() <= 450 && !sentence.trim().is_empty());
        }
        prop_assert!(may_end_call || !ends_call(&first));
    }

    #[test]
    fn no_answer_is_given_twice_in_a_row(
        messages in proptest::collection::vec(any_message(), 0..4),
        knowledge in proptest::collection::vec(any_passage(), 0..4),
        words in any_message(),
    ) {
        let mut request = ReplyRequest { messages, knowledge, ..ReplyRequest::default() };
        let question = Message::said(Role::User, words.content);
        request.messages.push(question.clone());
        let first = answer(&request);
        let content = first.sentences.join(" ");
        request.messages.extend([Message::said(Role::Assistant, content), question]);
        let second = answer(&request);
        let is_farewell = second.sentences == ["Goodbye."];
        prop_assert!(is_farewell || first.sentences != second.sentences, "{:?}", second);
    }
}
