//! The sample agent, answered for by the responder that needs no server.

use std::path::Path;

use agent::{AgentDefinition, CallContext, Direction, prompt};
use futures_util::{FutureExt, StreamExt};
use llm::{LanguageModel, Message, Offline, ReplyPart, ReplyRequest, Role};

fn support() -> AgentDefinition {
    let file = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../agents/support.yaml"
    ));
    agent::load_file(file).expect("the sample agent is valid")
}

/// The reply, and whether it ends the call.
fn reply_to(caller: &str) -> (String, bool) {
    let support = support();
    let context = CallContext {
        direction: Direction::Outbound,
        number: "+14155550123".to_owned(),
        about: None,
        prompt: None,
        now: String::new(),
    };
    let assembled = prompt::assemble(&support, &context);
    let greeting = support
        .greeting(Direction::Outbound)
        .expect("the sample agent greets")
        .to_owned();
    let request = ReplyRequest {
        system: assembled.system,
        messages: vec![
            Message::said(Role::Assistant, greeting),
            Message::said(Role::User, caller.to_owned()),
        ],
        knowledge: assembled.knowledge,
        tools: Vec::new(),
        may_end_call: true,
        goodbye: support.goodbye().to_owned(),
    };
    let parts = Offline::new()
        .reply(request)
        .collect::<Vec<_>>()
        .now_or_never()
        .expect("the responder never waits");
    let mut text = String::new();
    let mut ends_call = false;
    for part in parts {
        match part.expect("the responder never fails") {
            ReplyPart::Text(piece) => text.push_str(&piece),
            ReplyPart::Call(call) => ends_call = call.ends_call(),
        }
    }
    (text, ends_call)
}

fn is_answered_for(caller: &str, intent: &str) {
    let rows = support().training;
    let row = rows
        .iter()
        .find(|row| row.intent.as_deref() == Some(intent))
        .expect("the sample agent has the row");
    assert_eq!(
        (reply_to(caller).0.as_str(), false),
        (
            row.response.as_deref().expect("every row has a response"),
            false
        ),
        "{caller}"
    );
}

#[test]
fn recorded_announcements_are_explained() {
    for (announcement, intent) in [
        (
            "Your call cannot be completed as dialed. Please check the number and dial again.",
            "number not recognised",
        ),
        (
            "All circuits are busy now. Please try your call again later.",
            "network busy",
        ),
        (
            "The number you have dialed is not in service. Please check the number and try again.",
            "number out of service",
        ),
        (
            "I am sorry, that is not a valid extension. Please try again.",
            "unknown extension",
        ),
        (
            "The person at extension two three four is unavailable.",
            "person unavailable",
        ),
        (
            "The person you are calling is not at their desk. I will try to locate them for you.",
            "follow me",
        ),
        ("Your mailbox is full.", "mailbox full"),
        (
            "Press 1 to accept this recording, press 2 to listen to it, press 3 to re-record your message.",
            "voicemail recording",
        ),
        (
            "To hear the next message, press 6. To repeat this message, press 5. To hear the previous message, press 4. To delete or undelete this message, press 0. To quit voicemail, press pound.",
            "voicemail menu",
        ),
        (
            "Login incorrect. Please enter your agent number followed by the pound key.",
            "login failed",
        ),
        (
            "That agent is already logged on. Please enter your agent number followed by the pound key.",
            "already logged on",
        ),
        (
            "Please enter your password followed by the pound key.",
            "password prompt",
        ),
    ] {
        is_answered_for(announcement, intent);
    }
}

#[test]
fn announcements_with_misheard_words_are_explained() {
    for (heard, intent) in [
        (
            "Your call can not be completed as dialled please check the number in dial again",
            "number not recognised",
        ),
        (
            "all circus are busy now please try your call again later",
            "network busy",
        ),
        (
            "The number you have dial is not in service",
            "number out of service",
        ),
        (
            "Log in incorrect. Please enter your agent number, followed by the pound key.",
            "login failed",
        ),
        (
            "press one to accept this recording press two to listen to it",
            "voicemail recording",
        ),
        ("That agent is all ready logged on.", "already logged on"),
        (
            "the person at extension is unavailable",
            "person unavailable",
        ),
        ("that is not a valid extension", "unknown extension"),
    ] {
        is_answered_for(heard, intent);
    }
}

#[test]
fn a_caller_who_takes_leave_hears_goodbye() {
    for leave in ["Goodbye.", "Okay, thank you, bye bye."] {
        let (text, ends_call) = reply_to(leave);
        assert!(ends_call, "{leave}");
        assert!(
            text.ends_with("Thank you for calling Larkfield Telecom. Goodbye."),
            "{text}"
        );
    }
}

#[test]
fn the_desk_knows_its_hours() {
    let (text, _) = reply_to("When is the support desk open?");
    assert!(text.contains("seven in the morning"), "{text}");
}

#[test]
fn what_has_nothing_to_do_with_the_desk_is_asked_about() {
    let (text, ends_call) = reply_to("The birch canoe slid on the smooth planks.");
    assert!(text.contains('?') && !ends_call, "{text}");
}
