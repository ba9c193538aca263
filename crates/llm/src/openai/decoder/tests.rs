use super::*;
use proptest::prelude::*;

#[derive(Debug, PartialEq, Eq)]
struct Read {
    text: String,
    ended_call: bool,
    phase: Phase,
}

fn read(chunks: &[&[u8]]) -> Result<Read, ReplyError> {
    let mut decoder = Decoder::default();
    let mut text = String::new();
    for chunk in chunks {
        decoder.push(chunk)?;
        text += &decoder.take_text().unwrap_or_default();
    }
    let phase = decoder.phase();
    decoder.finish()?;
    text += &decoder.take_text().unwrap_or_default();
    Ok(Read {
        text,
        ended_call: !decoder.take_calls(&["end_call".to_owned()])?.is_empty(),
        phase,
    })
}

fn text(body: &str) -> String {
    read(&[body.as_bytes()]).unwrap().text
}

fn protocol_error(body: &[u8]) -> String {
    match read(&[body]) {
        Err(ReplyError::Protocol(message)) => message,
        other => panic!("expected a protocol error, got {other:?}"),
    }
}

const FULL: &str = concat!(
    ": connected\r\n\r\n",
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,",
    "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"Café \\u20ac5\"}}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\" — 好\"}}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"type\":",
    "\"function\",\"function\":{\"name\":\"end_\",\"arguments\":\"\"}}]}}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":",
    "{\"name\":\"call\",\"arguments\":\"{}\"}}]}}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\r\n\r\n",
    "data: {\"choices\":[],\"usage\":{\"total_tokens\":12}}\r\n\r\n",
    "data: [DONE]\r\n\r\n",
);

#[test]
fn a_reply_is_read_however_its_bytes_arrive() {
    let expected = Read {
        text: "Café €5 — 好".to_owned(),
        ended_call: true,
        phase: Phase::Done,
    };
    assert_eq!(read(&[FULL.as_bytes()]).unwrap(), expected);
    let single: Vec<&[u8]> = FULL.as_bytes().chunks(1).collect();
    assert_eq!(read(&single).unwrap(), expected);
    let newlines = FULL.replace("\r\n", "\n");
    assert_eq!(read(&[newlines.as_bytes()]).unwrap(), expected);
}

#[test]
fn sloppy_event_streams_are_read() {
    // No blank lines, no space after the colon.
    assert_eq!(
        text(
            "data:{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\
             data:{\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\ndata:[DONE]"
        ),
        "ab"
    );
    // An object over two lines, and no end of the last line.
    assert_eq!(
        text("\u{feff}data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"}}]}"),
        "a"
    );
}

#[test]
fn a_completion_in_one_piece_is_read() {
    let body = "\n {\"object\":\"chat.completion\",\"choices\":[{\"message\":{\"role\":\
                \"assistant\",\"content\":\"Hello.\"},\"finish_reason\":\"stop\"}]}\n";
    let pieces: Vec<&[u8]> = body.as_bytes().chunks(7).collect();
    assert_eq!(read(&pieces).unwrap().text, "Hello.");
}

#[test]
fn a_name_that_comes_with_every_chunk_counts_once() {
    let call = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\
                \"function\":{\"name\":\"end_call\",\"arguments\":\"\"}}]}}]}\n\n";
    assert!(read(&[call.repeat(3).as_bytes()]).unwrap().ended_call);
}

#[test]
fn half_a_surrogate_pair_is_left_out_and_a_whole_one_kept() {
    assert_eq!(
        text(
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\\ud83db\\\\ \\ud83d\\ude42\\n\"}}]}\n"
        ),
        "ab\\ \u{1f642}\n"
    );
}

#[test]
fn the_end_of_the_stream_is_told_from_the_end_of_the_reply() {
    let finished = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    assert_eq!(read(&[finished.as_bytes()]).unwrap().phase, Phase::Finished);
    assert_eq!(read(&[b"data: [DONE]\n\n"]).unwrap().phase, Phase::Done);
    assert_eq!(read(&[b""]).unwrap().phase, Phase::Open);
}

#[test]
fn comments_do_not_carry_a_reply_on() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.push(b": keep-alive\n\nevent: ping\n\n"), Ok(false));
    assert_eq!(
        decoder.push(b"data: {\"choices\":[{\"delta\":{}}]}\n"),
        Ok(true)
    );
}

#[test]
fn failures_inside_the_stream_are_reported() {
    for body in [
        "data: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n",
        "error: {\"code\":500,\"message\":\"out of memory\"}\n\n",
        "event: error\ndata: {\"message\":\"out of memory\"}\n\n",
        "{\"error\":\"out of memory\"}",
    ] {
        let failure = ReplyError::Failed("out of memory".to_owned());
        assert_eq!(read(&[body.as_bytes()]), Err(failure), "{body}");
    }
}

#[test]
fn garbage_is_reported_with_an_excerpt() {
    assert!(protocol_error(b"data: nonsense\n\n").contains("nonsense"));
    assert!(protocol_error(b"data: {\"choices\":\n\n").contains("JSON object"));
    assert!(protocol_error(b"data: {\"choices\":7}\n\n").contains("chunk"));
    assert!(protocol_error(b"<!doctype html><html>").contains("HTML"));
    assert!(protocol_error(b"{\"choices\":[").contains("chunk"));
    let mut decoder = Decoder::default();
    decoder.push(b"220 mail.example ESMTP\n").unwrap();
    assert!(decoder.explain_silence().contains("220 mail.example"));
}

#[test]
fn what_has_no_end_is_refused_at_the_limits() {
    let line = vec![b'x'; MAX_LINE + 1];
    assert!(protocol_error(&line).contains("longer"));
    let long = format!("data: {}\n", "1,".repeat(MAX_LINE / 8));
    let event = format!("data: {{\"a\":[\n{}", long.repeat(5));
    assert!(protocol_error(event.as_bytes()).contains("longer"));
    let event = format!("data: {{\"a\":[\n{}", "data: 1,\n".repeat(MAX_EVENT_LINES));
    assert!(protocol_error(event.as_bytes()).contains("longer"));
    let mut document = vec![b' '; MAX_DOCUMENT + 1];
    document[0] = b'{';
    assert!(protocol_error(&document).contains("more"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..8),
    ) {
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let _ = read(&chunks);
    }

    #[test]
    fn no_events_make_it_panic_and_breaks_make_no_difference(
        body in "(data: |\\{\"choices\":\\[\\{\"delta\":\\{\"content\":\"[\\\\ud8é\u{20ac}<>]{0,9}\"\\}\\}\\]\\}|[\\r\\n:]|\\[DONE\\]){0,20}",
        cut in 0_usize..400,
    ) {
        let bytes = body.as_bytes();
        let (head, tail) = bytes.split_at(cut.min(bytes.len()));
        prop_assert_eq!(read(&[head, tail]).ok(), read(&[bytes]).ok());
    }

    #[test]
    fn escapes_survive_the_repair(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(without_lone_surrogates(&json), json);
    }
}
