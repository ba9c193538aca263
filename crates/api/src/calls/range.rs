//! The `Range` header (RFC 9110 §14), as far as one range of bytes goes.

/// What of a file a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: no range, or one that may be ignored.
    All,
    /// Bytes `first` to `last`, both included.
    Part {
        /// Index of the first byte.
        first: u64,
        /// Index of the last byte.
        last: u64,
    },
    /// Nothing that the file has.
    Nothing,
}

/// Reads a `Range` header for a file of `length` bytes. Several ranges and other units are
/// ignored, as the RFC permits.
pub(super) fn parse(header: Option<&str>, length: u64) -> Wanted {
    let range = header.and_then(|text| text.trim().strip_prefix("bytes="));
    let Some((start, end)) = range.and_then(|range| range.split_once('-')) else {
        return Wanted::All;
    };
    let (start, end) = (start.trim(), end.trim());
    if start.is_empty() {
        return match number(end) {
            Some(0) => Wanted::Nothing,
            Some(_) if length == 0 => Wanted::Nothing,
            Some(count) => part(length.saturating_sub(count), length - 1),
            None => Wanted::All,
        };
    }
    let Some(first) = number(start) else {
        return Wanted::All;
    };
    let last = if end.is_empty() {
        Some(u64::MAX)
    } else {
        number(end)
    };
    let Some(last) = last.filter(|last| *last >= first) else {
        return Wanted::All;
    };
    if first >= length {
        return Wanted::Nothing;
    }
    part(first, last.min(length - 1))
}

fn part(first: u64, last: u64) -> Wanted {
    Wanted::Part { first, last }
}

fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn one_range_is_cut_out() {
        for (header, first, last) in [
            ("bytes=0-0", 0, 0),
            ("bytes=10-19", 10, 19),
            ("bytes=90-", 90, 99),
            ("bytes=90-1000", 90, 99),
            ("bytes=-10", 90, 99),
            ("bytes=-1000", 0, 99),
        ] {
            assert_eq!(
                parse(Some(header), 100),
                Wanted::Part { first, last },
                "{header}"
            );
        }
    }

    #[test]
    fn what_the_file_does_not_have_is_nothing() {
        for header in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(parse(Some(header), 100), Wanted::Nothing, "{header}");
        }
        assert_eq!(parse(Some("bytes=0-"), 0), Wanted::Nothing);
        assert_eq!(parse(Some("bytes=-5"), 0), Wanted::Nothing);
    }

    #[test]
    fn what_can_not_be_read_is_ignored() {
        for header in [
            "",
            "bytes",
            "items=0-1",
            "bytes=a-b",
            "bytes=5-1",
            "bytes=0-1,5-6",
            "bytes=--5",
            "bytes=+1-2",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(parse(Some(header), 100), Wanted::All, "{header}");
        }
        assert_eq!(parse(None, 100), Wanted::All);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(9_110),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_part_lies_within_the_file(header in "bytes=[0-9]{0,20}-[0-9]{0,20}", length: u64) {
            if let Wanted::Part { first, last } = parse(Some(&header), length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
