//! The input is a file.

use ::bundle::Reader;

use crate::Verdict;

pub(crate) fn run(input: &[u8]) -> Verdict {
    let Ok(mut reader) = Reader::new(input) else {
        return Verdict::Refused;
    };
    let mut octets = 0;
    let whole = loop {
        match reader.read() {
            Ok(Some(record)) => {
                assert!(!record.head.is_empty());
                octets += record.head.len() + record.body.len();
                assert!(octets <= input.len(), "records are no longer than the file");
            }
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    assert!(matches!(reader.read(), Ok(None)), "nothing follows the end");
    Verdict::of(whole)
}
