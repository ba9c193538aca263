//! Where one message ends and the next begins on a stream (RFC 3261 §18.3). Sans-IO.

use bytes::{Buf, Bytes, BytesMut};

/// The longest message that is read from a stream.
pub(crate) const MAX_MESSAGE: usize = 65_536;

/// What lies at the start of the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A whole message.
    Message(Bytes),
    /// A ping (RFC 5626 §3.5.1), to be answered with one line end.
    Ping,
}

/// Bytes that cannot be a stream of SIP messages: the connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FramingError {
    #[error("expected a Content-Length of digits")]
    BadLength,
    #[error("expected at most {MAX_MESSAGE} bytes in a message")]
    TooLong,
}

/// Takes the next frame out of `buffer`; `None` when more bytes are needed.
pub(crate) fn next(buffer: &mut BytesMut) -> Result<Option<Frame>, FramingError> {
    if buffer.starts_with(b"\r\n\r\n") {
        buffer.advance(4);
        return Ok(Some(Frame::Ping));
    }
    // A lone line end may be a pong, or the first half of a ping that is still on its way.
    if buffer.starts_with(b"\r\n") && buffer.get(2).is_some_and(|byte| *byte != b'\r') {
        buffer.advance(2);
    }
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
        if buffer.len() > MAX_MESSAGE {
            return Err(FramingError::TooLong);
        }
        return Ok(None);
    };
    let (headers, _) = buffer.split_at(end);
    let body = content_length(headers)?;
    let length = (end + 4).checked_add(body).ok_or(FramingError::TooLong)?;
    if length > MAX_MESSAGE {
        return Err(FramingError::TooLong);
    }
    if buffer.len() < length {
        return Ok(None);
    }
    Ok(Some(Frame::Message(buffer.split_to(length).freeze())))
}

fn content_length(headers: &[u8]) -> Result<usize, FramingError> {
    for line in headers.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            continue;
        };
        let name = name.trim_ascii();
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let value = std::str::from_utf8(value.trim_ascii());
        let value = value.map_err(|_| FramingError::BadLength)?;
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FramingError::BadLength);
        }
        return value.parse().map_err(|_| FramingError::TooLong);
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(body: &str) -> String {
        format!(
            "OPTIONS sip:a SIP/2.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn drain(buffer: &mut BytesMut) -> Vec<Frame> {
        std::iter::from_fn(|| next(buffer).unwrap()).collect()
    }

    #[test]
    fn pings_and_pongs_between_messages_are_told_apart() {
        let (one, two) = (message("x"), message(""));
        let mut buffer = BytesMut::from(format!("\r\n\r\n{one}\r\n{two}\r\n\r\n").as_str());
        let frames = drain(&mut buffer);
        let expected = [
            Frame::Ping,
            Frame::Message(one.into()),
            Frame::Message(two.into()),
            Frame::Ping,
        ];
        assert_eq!(frames, expected);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_length_beyond_all_bounds_is_an_error_and_not_an_overflow() {
        for length in [
            "18446744073709551615",
            "99999999999999999999999",
            "65537",
            "-1",
            "x",
            "",
        ] {
            let text = format!("OPTIONS sip:a SIP/2.0\r\nContent-Length: {length}\r\n\r\n");
            assert!(
                next(&mut BytesMut::from(text.as_str())).is_err(),
                "{length}"
            );
        }
    }

    #[test]
    fn headers_without_end_are_an_error() {
        let mut buffer = BytesMut::from(vec![b'x'; MAX_MESSAGE + 1].as_slice());
        assert_eq!(next(&mut buffer), Err(FramingError::TooLong));
    }

    proptest! {
        #[test]
        fn messages_are_found_again_however_the_stream_is_cut(
            bodies in proptest::collection::vec("[ -~]{0,40}", 1..8),
            cuts in proptest::collection::vec(1..30usize, 1..200),
        ) {
            let messages: Vec<String> = bodies.iter().map(|body| message(body)).collect();
            let stream = messages.concat();
            let (mut buffer, mut found, mut at) = (BytesMut::new(), Vec::new(), 0);
            for cut in cuts.iter().cycle() {
                let end = (at + cut).min(stream.len());
                buffer.extend_from_slice(&stream.as_bytes()[at..end]);
                found.extend(drain(&mut buffer));
                at = end;
                if at == stream.len() {
                    break;
                }
            }
            let expected: Vec<_> =
                messages.into_iter().map(|text| Frame::Message(text.into())).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut buffer = BytesMut::from(bytes.as_slice());
            while let Ok(Some(_)) = next(&mut buffer) {}
        }
    }
}
