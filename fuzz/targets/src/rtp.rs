//! The input is one datagram.

use media::rtp::{HEADER_LEN, parse};

use crate::Verdict;

pub(crate) fn run(input: &[u8]) -> Verdict {
    let Ok((header, payload)) = parse(input) else {
        return Verdict::Refused;
    };
    assert!(HEADER_LEN + payload.len() <= input.len());
    let mut written = header.to_bytes().to_vec();
    written.extend(payload);
    assert_eq!(
        parse(&written),
        Ok((header, payload)),
        "written and read back"
    );
    Verdict::Accepted
}
