//! The OpenAI client against a local server of the same protocol.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod server;

use std::time::Duration;

use futures_util::StreamExt;
use llm::{
    AnsweredCall, LanguageModel, Message, OpenAi, OpenAiConfig, OpenAiConfigError, ReplyError,
    ReplyPart, ReplyRequest, Role, Secret, Tool, ToolCall,
};
use outbound::Guard;
use serde_json::json;
use server::{KEY, Piece, Server, cut, done, event, failure, reply, streamed, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn config(base_url: String) -> OpenAiConfig {
    OpenAiConfig {
        key: Some(Secret::new(KEY)),
        guard: Guard::WITH_PRIVATE,
        finish_grace: LONG,
        ..OpenAiConfig::new(base_url, "test-model")
    }
}

fn client(server: &Server) -> OpenAi {
    OpenAi::new(config(format!("http://{}", server.address))).unwrap()
}

const SHORT: Duration = Duration::from_millis(80);
const LONG: Duration = Duration::from_secs(10);

fn impatient(server: &Server, first_token_timeout: Duration, idle_timeout: Duration) -> OpenAi {
    let config = config(format!("http://{}", server.address));
    OpenAi::new(OpenAiConfig {
        first_token_timeout,
        idle_timeout,
        ..config
    })
    .unwrap()
}

fn question() -> ReplyRequest {
    ReplyRequest {
        system: "You answer the phone.".to_owned(),
        messages: vec![Message::said(Role::User, "Are you open?".to_owned())],
        may_end_call: true,
        goodbye: "Have a nice day.".to_owned(),
        ..ReplyRequest::default()
    }
}

/// All text, whether the call was ended, and the error, if there was one.
async fn ask(model: &OpenAi, request: ReplyRequest) -> (String, bool, Option<ReplyError>) {
    let (mut said, mut ended) = (String::new(), false);
    let mut reply = model.reply(request);
    while let Some(part) = reply.next().await {
        match part {
            Ok(ReplyPart::Text(text)) => {
                assert!(!ended && !text.is_empty());
                said += &text;
            }
            Ok(ReplyPart::Call(call)) => ended |= call.ends_call(),
            Err(error) => {
                assert!(reply.next().await.is_none(), "an error is the last item");
                return (said, ended, Some(error));
            }
        }
    }
    (said, ended, None)
}

async fn answer_to(pieces: Vec<Piece>) -> (String, bool, Option<ReplyError>) {
    let server = Server::start(move |_, _| streamed(pieces.clone())).await;
    ask(&client(&server), question()).await
}

#[tokio::test]
async fn a_reply_arrives_word_by_word() {
    let server = Server::start(|_, _| {
        let mut pieces = reply(&["Yes", ", until", " nine."]);
        pieces.insert(2, Piece::Stall);
        streamed(pieces)
    })
    .await;
    let mut reply = client(&server).reply(question());
    // The server stalls after the first word, so it cannot have waited for more.
    assert_eq!(
        reply.next().await,
        Some(Ok(ReplyPart::Text("Yes".to_owned())))
    );
}

#[tokio::test]
async fn a_whole_reply_is_read_to_its_end() {
    let (said, ended, error) = answer_to(reply(&["Yes", ", until", " nine."])).await;
    assert_eq!(
        (said.as_str(), ended, error),
        ("Yes, until nine.", false, None)
    );
}

#[tokio::test]
async fn the_request_holds_the_prompt_the_conversation_and_the_tool() {
    let server = Server::start(|_, _| streamed(reply(&["Yes."]))).await;
    let model = OpenAi::new(OpenAiConfig {
        temperature: Some(0.5),
        max_tokens: Some(200),
        ..config(format!("http://{}/v1/", server.address))
    })
    .unwrap();
    ask(&model, question()).await;
    let body = &server.bodies()[0];
    assert_eq!(
        body["messages"],
        json!([
            { "role": "system", "content": "You answer the phone." },
            { "role": "user", "content": "Are you open?" },
        ])
    );
    assert_eq!(
        (&body["temperature"], &body["max_tokens"]),
        (&json!(0.5), &json!(200))
    );
    assert_eq!(body["tools"][0]["function"]["name"], "end_call");
}

#[tokio::test]
async fn the_tool_is_not_offered_if_the_configuration_forbids_it() {
    let server = Server::start(|_, _| streamed(reply(&["Yes."]))).await;
    let model = OpenAi::new(OpenAiConfig {
        end_call_tool: false,
        ..config(format!("http://{}", server.address))
    })
    .unwrap();
    ask(&model, question()).await;
    assert!(server.bodies()[0].get("tools").is_none());
}

#[tokio::test]
async fn characters_that_are_split_over_packets_arrive_whole() {
    let pieces = cut(&reply(&["Grüße", " — 好的 ", "🙂"]), 3);
    let spaced = pieces
        .into_iter()
        .flat_map(|piece| [piece, Piece::Pause(Duration::ZERO)]);
    let (said, _, error) = answer_to(spaced.collect()).await;
    assert_eq!((said.as_str(), error), ("Grüße — 好的 🙂", None));
}

#[tokio::test]
async fn a_tool_call_that_is_split_over_chunks_ends_the_call() {
    let call = |function| {
        event(
            json!({ "tool_calls": [{ "index": 0, "function": function }] }),
            None,
        )
    };
    let (said, ended, error) = answer_to(vec![
        event(json!({ "role": "assistant", "content": null }), None),
        event(json!({ "content": "Goodbye, then." }), None),
        event(
            json!({ "tool_calls": [{ "index": 0, "id": "call_1", "type": "function",
                "function": { "name": "end_call", "arguments": "" } }] }),
            None,
        ),
        call(json!({ "arguments": "{" })),
        call(json!({ "arguments": "}" })),
        event(json!({}), Some("tool_calls")),
        done(),
    ])
    .await;
    assert_eq!(
        (said.as_str(), ended, error),
        ("Goodbye, then.", true, None)
    );
}

#[tokio::test]
async fn a_call_that_is_ended_without_a_word_is_given_the_goodbye() {
    let end = json!({ "tool_calls": [{ "function": { "name": "end_call", "arguments": {} } }] });
    let (said, ended, error) = answer_to(vec![event(end, Some("tool_calls")), done()]).await;
    assert_eq!(
        (said.as_str(), ended, error),
        ("Have a nice day.", true, None)
    );
}

/// A question to a model that may look up balances.
fn question_with_a_tool() -> ReplyRequest {
    ReplyRequest {
        tools: vec![Tool {
            name: "balance".to_owned(),
            description: "Looks up a balance.".to_owned(),
            parameters: json!({ "type": "object", "properties": { "account": { "type": "string" } } }),
            phrases: Vec::new(),
            threshold: None,
        }],
        ..question()
    }
}

#[tokio::test]
async fn a_call_of_a_tool_is_read_with_its_arguments() {
    let call = |function| {
        event(
            json!({ "tool_calls": [{ "index": 0, "function": function }] }),
            None,
        )
    };
    let pieces = vec![
        event(json!({ "content": "Let me see." }), None),
        call(json!({ "name": "balance", "arguments": "{\"acc" })),
        call(json!({ "arguments": "ount\":\"4 2\"}" })),
        event(json!({}), Some("tool_calls")),
        done(),
    ];
    let server = Server::start(move |_, _| streamed(pieces.clone())).await;
    let parts: Vec<_> = client(&server)
        .reply(question_with_a_tool())
        .collect()
        .await;
    let expected = ToolCall {
        name: "balance".to_owned(),
        arguments: "{\"account\":\"4 2\"}".to_owned(),
        confidence: None,
    };
    assert_eq!(
        parts,
        [
            Ok(ReplyPart::Text("Let me see.".to_owned())),
            Ok(ReplyPart::Call(expected)),
        ]
    );
    let offered = &server.bodies()[0]["tools"];
    assert_eq!(offered[0]["function"]["name"], "balance");
    assert_eq!(
        offered[0]["function"]["parameters"]["properties"]["account"]["type"],
        "string"
    );
    assert_eq!(offered[1]["function"]["name"], "end_call");
}

#[tokio::test]
async fn a_call_whose_arguments_are_no_object_is_no_reply() {
    let end = json!({ "tool_calls": [{ "function": { "name": "balance", "arguments": "[4" } }] });
    let pieces = vec![event(end, Some("tool_calls")), done()];
    let server = Server::start(move |_, _| streamed(pieces.clone())).await;
    let (said, _, error) = ask(&client(&server), question_with_a_tool()).await;
    assert_eq!(said, "");
    assert!(
        matches!(&error, Some(ReplyError::Protocol(message)) if message.contains("`balance`")),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_a_tool_answered_is_told_to_the_model() {
    let server = Server::start(|_, _| streamed(reply(&["Ten dollars."]))).await;
    let mut request = question_with_a_tool();
    let call = ToolCall {
        name: "balance".to_owned(),
        arguments: "{}".to_owned(),
        confidence: None,
    };
    request.messages.push(Message {
        role: Role::Assistant,
        content: "Let me see.".to_owned(),
        calls: vec![AnsweredCall {
            call,
            answer: "10".to_owned(),
        }],
    });
    let (said, _, error) = ask(&client(&server), request).await;
    assert_eq!((said.as_str(), error), ("Ten dollars.", None));
    let messages = &server.bodies()[0]["messages"];
    let call = &messages[2]["tool_calls"][0];
    assert_eq!(messages[2]["content"], "Let me see.");
    assert_eq!(call["function"]["name"], "balance");
    assert_eq!(
        messages[3],
        json!({ "role": "tool", "content": "10", "tool_call_id": call["id"] })
    );
}

#[tokio::test]
async fn a_tool_that_was_not_offered_ends_nothing() {
    let end = json!({ "content": "Hm.", "tool_calls": [{ "function": { "name": "end_call" } }] });
    let pieces = vec![event(end, Some("tool_calls")), done()];
    let server = Server::start(move |_, _| streamed(pieces.clone())).await;
    let request = ReplyRequest {
        may_end_call: false,
        ..question()
    };
    let (said, ended, error) = ask(&client(&server), request).await;
    assert_eq!((said.as_str(), ended, error), ("Hm.", false, None));
}

#[tokio::test]
async fn variants_of_other_servers_are_read() {
    let (said, _, error) = answer_to(vec![
        text(": OPENROUTER PROCESSING\r\n\r\n"),
        text("event: message\r\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\r\n\r\n"),
        text("data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm.\"}}]}\r\n\r\n"),
        text("data:{\"choices\":[{\"delta\":{\"content\":\"<think>Hm.</think>\\n\\nYes\"}}]}\r\n\r\n"),
        text(": ping\r\n\r\n"),
        text("data: {\"choices\":[{\"delta\":{\"content\":\".\"},\"finish_reason\":\"\"}]}\r\n\r\n"),
        text("data: {\"choices\":[],\"usage\":{\"completion_tokens\":2}}\r\n\r\n"),
    ])
    .await;
    assert_eq!((said.as_str(), error), ("Yes.", None));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let whole = json!({ "object": "chat.completion", "choices": [
        { "index": 0, "message": { "role": "assistant", "content": "Yes." }, "finish_reason": "stop" },
    ] });
    let (said, _, error) = answer_to(vec![text(&whole.to_string())]).await;
    assert_eq!((said.as_str(), error), ("Yes.", None));
}

#[tokio::test]
async fn a_stream_that_stays_open_after_the_reply_does_not_hold_it_up() {
    let mut pieces = reply(&["Yes."]);
    pieces.pop();
    pieces.push(Piece::Stall);
    let server = Server::start(move |_, _| streamed(pieces.clone())).await;
    let config = OpenAiConfig {
        finish_grace: SHORT,
        ..config(format!("http://{}", server.address))
    };
    let (said, _, error) = ask(&OpenAi::new(config).unwrap(), question()).await;
    assert_eq!((said.as_str(), error), ("Yes.", None));
}

#[tokio::test]
async fn the_connection_serves_the_next_reply_too() {
    let server = Server::start(|_, _| streamed(reply(&["Yes."]))).await;
    let model = client(&server);
    for _ in 0..4 {
        assert_eq!(ask(&model, question()).await.0, "Yes.");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_wrong_key_is_reported_with_the_status_and_without_the_key() {
    let server = Server::start(|_, _| streamed(reply(&["Yes."]))).await;
    let wrong = "sk-wrong-9876543210";
    let model = OpenAi::new(OpenAiConfig {
        key: Some(Secret::new(wrong)),
        ..config(format!("http://{}", server.address))
    })
    .unwrap();
    let error = ask(&model, question()).await.2.unwrap();
    assert!(
        matches!(error, ReplyError::Status { status: 401, .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("HTTP 401: Incorrect API key provided"),
        "{error}"
    );
    assert!(
        !format!("{error:?} {error} {model:?}").contains("9876543210"),
        "{error} {model:?}"
    );
}

#[tokio::test]
async fn no_key_sends_no_authorization() {
    let server = Server::start(|_, _| streamed(reply(&["Yes."]))).await;
    for key in [None, Some(Secret::new(" "))] {
        let config = OpenAiConfig {
            key,
            ..config(format!("http://{}", server.address))
        };
        let error = ask(&OpenAi::new(config).unwrap(), question())
            .await
            .2
            .unwrap();
        assert!(error.to_string().ends_with("provided: none."), "{error}");
    }
}

#[tokio::test]
async fn every_error_status_is_named_with_the_servers_words() {
    for (status, words) in [
        (429, "Rate limit reached"),
        (500, "The server had an error"),
    ] {
        let server = Server::start(move |_, _| failure(status, words)).await;
        let (said, _, error) = ask(&client(&server), question()).await;
        let expected = ReplyError::Status {
            status,
            message: words.to_owned(),
        };
        assert_eq!((said.as_str(), error), ("", Some(expected)));
        assert_eq!(server.bodies().len(), 1, "it is not asked again");
    }
}

#[tokio::test]
async fn a_wrong_path_is_a_404() {
    let server = Server::start(|_, _| streamed(reply(&["Yes."]))).await;
    let model = OpenAi::new(config(format!("http://{}/v2", server.address))).unwrap();
    let error = ask(&model, question()).await.2.unwrap();
    assert!(
        matches!(error, ReplyError::Status { status: 404, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_tools_is_asked_without_them_from_then_on() {
    let server = Server::start(|_, body| match body.get("tools") {
        Some(_) => failure(400, "test-model does not support tools"),
        None => streamed(reply(&["Yes."])),
    })
    .await;
    let model = client(&server);
    for _ in 0..2 {
        assert_eq!(
            ask(&model, question()).await,
            ("Yes.".to_owned(), false, None)
        );
    }
    assert_eq!(server.bodies().len(), 3);
}

#[tokio::test]
async fn a_server_that_refuses_whatever_is_asked_is_not_asked_forever() {
    let complaint = "tools, temperature and max_tokens (now max_completion_tokens) are bad";
    let server = Server::start(move |_, _| failure(400, complaint)).await;
    let error = ask(&client(&server), question()).await.2.unwrap();
    assert!(
        matches!(error, ReplyError::Status { status: 400, .. }),
        "{error}"
    );
    assert_eq!(server.bodies().len(), 4);
}

#[tokio::test]
async fn silence_before_the_first_word_runs_into_its_timeout() {
    for pieces in [
        vec![Piece::Stall],
        vec![
            event(json!({ "role": "assistant", "content": "" }), None),
            Piece::Stall,
        ],
    ] {
        let server = Server::start(move |_, _| streamed(pieces.clone())).await;
        let (said, _, error) = ask(&impatient(&server, SHORT, LONG), question()).await;
        let expected = ReplyError::FirstTokenTimeout(SHORT);
        assert_eq!((said.as_str(), error), ("", Some(expected)));
    }
}

#[tokio::test]
async fn keep_alive_comments_are_no_words() {
    let comments =
        (0..100).flat_map(|_| [text(": ping\n\n"), Piece::Pause(Duration::from_millis(10))]);
    let comments: Vec<Piece> = comments.collect();
    let server = Server::start(move |_, _| streamed(comments.clone())).await;
    let error = ask(&impatient(&server, SHORT, LONG), question()).await.2;
    assert_eq!(error, Some(ReplyError::FirstTokenTimeout(SHORT)));
}

#[tokio::test]
async fn silence_in_mid_reply_runs_into_its_timeout() {
    let server = Server::start(|_, _| {
        streamed(vec![event(json!({ "content": "Yes" }), None), Piece::Stall])
    })
    .await;
    let (said, _, error) = ask(&impatient(&server, LONG, SHORT), question()).await;
    let expected = ReplyError::Stalled(SHORT);
    assert_eq!((said.as_str(), error), ("Yes", Some(expected)));
}

#[tokio::test]
async fn a_slow_reply_that_goes_on_is_not_cut_off() {
    let pause = Piece::Pause(Duration::from_millis(60));
    let slow = reply(&["Yes"; 12])
        .into_iter()
        .flat_map(|piece| [piece, pause.clone()]);
    let slow: Vec<Piece> = slow.collect();
    let server = Server::start(move |_, _| streamed(slow.clone())).await;
    // The whole takes longer than the timeout, each pause far less.
    let model = impatient(&server, LONG, Duration::from_millis(600));
    let (said, _, error) = ask(&model, question()).await;
    assert_eq!((said, error), ("Yes".repeat(12), None));
}

#[tokio::test]
async fn a_connection_that_breaks_in_mid_reply_is_reported() {
    let (said, _, error) = answer_to(vec![
        event(json!({ "content": "Yes" }), None),
        // What is sent in one go with the end of a connection may be lost.
        Piece::Pause(Duration::from_millis(20)),
        Piece::Break,
    ])
    .await;
    assert_eq!(said, "Yes");
    assert!(
        matches!(error, Some(ReplyError::ConnectionLost(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_failure_inside_the_stream_is_reported_without_the_key() {
    let failure = json!({ "error": { "message": format!("bad key {KEY}"), "code": 500 } });
    let (said, _, error) = answer_to(vec![
        event(json!({ "content": "Yes" }), None),
        text(&format!("data: {failure}\n\n")),
    ])
    .await;
    let expected = ReplyError::Failed("bad key ***".to_owned());
    assert_eq!((said.as_str(), error), ("Yes", Some(expected)));
}

#[tokio::test]
async fn garbage_is_a_protocol_error() {
    for garbage in [
        "data: nonsense\n\n",
        "<html>Welcome!</html>",
        "hello?\n",
        "data: [DONE]\n\n",
        "",
    ] {
        let (said, _, error) = answer_to(vec![text(garbage)]).await;
        assert_eq!(said, "");
        assert!(
            matches!(error, Some(ReplyError::Protocol(_))),
            "{garbage}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_line_without_end_is_given_up() {
    let endless = vec![text(&format!("data: {}", "x".repeat(64 * 1024))); 8];
    let error = answer_to(endless).await.2;
    assert!(matches!(error, Some(ReplyError::Protocol(_))), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let model = OpenAi::new(config(format!("http://{address}"))).unwrap();
    let error = ask(&model, question()).await.2.unwrap();
    assert!(matches!(error, ReplyError::Connect(_)), "{error:?}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn settings_of_no_use_are_refused() {
    let refused = |config: OpenAiConfig| OpenAi::new(config).unwrap_err();
    assert!(matches!(
        refused(OpenAiConfig::new("http://127.0.0.1:8000", "m")),
        OpenAiConfigError::Refused(_)
    ));
    assert!(matches!(
        refused(OpenAiConfig::new("localhost:8000", "m")),
        OpenAiConfigError::BaseUrl { .. }
    ));
    let key = Some(Secret::new("line\nbreak"));
    let error = refused(OpenAiConfig {
        key,
        ..OpenAiConfig::new("https://example.com", "m")
    });
    assert!(matches!(error, OpenAiConfigError::Key) && !error.to_string().contains("break"));
}

/// Accepts one connection and reads one request from it.
async fn accept_request(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.windows(8).any(|bytes| bytes == b"\"stream\"") {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
    }
    stream
}

/// Waits until the other side has closed, reading what still arrives.
async fn closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let closing = stream.read_to_end(&mut rest);
    tokio::time::timeout(Duration::from_secs(5), closing)
        .await
        .expect("still open")
        .ok();
}

#[tokio::test]
async fn dropping_a_reply_closes_its_connection_in_mid_stream() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let model = OpenAi::new(config(format!("http://{}", listener.local_addr().unwrap()))).unwrap();
    let mut reply = model.reply(question());
    let serving = async {
        let mut stream = accept_request(&listener).await;
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n";
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let chunk = format!("{head}{:x}\r\n{event}\r\n", event.len());
        stream.write_all(chunk.as_bytes()).await.unwrap();
        stream
    };
    let (stream, first) = tokio::join!(serving, reply.next());
    assert_eq!(first, Some(Ok(ReplyPart::Text("Yes".to_owned()))));

    drop(reply);

    closed(stream).await;
}

#[tokio::test]
async fn dropping_a_reply_closes_its_connection_before_the_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let model = OpenAi::new(config(format!("http://{}", listener.local_addr().unwrap()))).unwrap();
    let mut reply = model.reply(question());
    let stream = tokio::select! {
        part = reply.next() => panic!("nothing was answered, got {part:?}"),
        stream = accept_request(&listener) => stream,
    };

    drop(reply);

    closed(stream).await;
}

#[tokio::test]
async fn a_reply_that_is_not_polled_asks_nothing() {
    let server = Server::start(|_, _| streamed(reply(&["Yes."]))).await;
    drop(client(&server).reply(question()));
    assert_eq!((server.bodies().len(), server.connections()), (0, 0));
}
