//! The offline responder through the interface of all language models.

use futures_util::StreamExt;
use llm::{
    LanguageModel, Message, Offline, Passage, PassageSource, ReplyPart, ReplyRequest, Role,
    ToolCall,
};

fn request(caller: &str) -> ReplyRequest {
    ReplyRequest {
        messages: vec![Message::said(Role::User, caller.to_owned())],
        knowledge: vec![
            Passage {
                question: Some("How do I return a bicycle?".to_owned()),
                text: "Bring it **back** to us. It is free. See https://acme.example/returns."
                    .to_owned(),
                source: PassageSource::Training,
            },
            Passage {
                question: None,
                text: "The workshop is open from nine to six.".to_owned(),
                source: PassageSource::Note,
            },
        ],
        may_end_call: true,
        goodbye: "Thank you for calling. Goodbye.".to_owned(),
        ..ReplyRequest::default()
    }
}

async fn reply(caller: &str) -> Vec<ReplyPart> {
    let model: Box<dyn LanguageModel> = Box::new(Offline::new());
    model
        .reply(request(caller))
        .map(|part| part.expect("it never fails"))
        .collect()
        .await
}

fn text(text: &str) -> ReplyPart {
    ReplyPart::Text(text.to_owned())
}

#[tokio::test]
async fn an_answer_comes_sentence_by_sentence_and_fit_for_speaking() {
    let parts = reply("hello i wonder how i can return the bicycel").await;
    let expected = [
        "Bring it back to us.",
        " It is free.",
        " See acme dot example.",
    ]
    .map(text);
    assert_eq!(parts, expected);
}

#[tokio::test]
async fn a_farewell_ends_the_call_after_the_goodbye() {
    let parts = reply("No, thank you, that's all. Goodbye!").await;
    assert_eq!(
        parts,
        [
            text("Thank you for calling. Goodbye."),
            ReplyPart::Call(ToolCall::end_call())
        ]
    );
}

#[tokio::test]
async fn what_does_not_fit_is_asked_back() {
    let parts = reply("What is the capital of France?").await;
    assert_eq!(parts.len(), 2);
    assert!(
        matches!(&parts[1], ReplyPart::Text(text) if text.ends_with('?')),
        "{parts:?}"
    );
}
