//! Bytes of a stream of server-sent events into lines.

/// The longest line that is kept, in bytes.
pub(super) const MAX_LINE: usize = 256 * 1024;

/// A line is longer than [`MAX_LINE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineTooLong;

/// Cuts a byte stream at `\n`, `\r\n` or `\r`, wherever the chunks break.
///
/// Lines are decoded as UTF-8 only once they are whole, so a character that is
/// split over two chunks arrives unharmed.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
    /// The last byte was `\r`: a `\n` right after it belongs to it.
    after_return: bool,
}

impl Lines {
    /// Appends the lines that `bytes` complete to `out`.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<String>) -> Result<(), LineTooLong> {
        for &byte in bytes {
            let second_half = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            match byte {
                b'\n' if second_half => {}
                b'\n' | b'\r' => out.push(self.take()),
                _ if self.partial.len() == MAX_LINE => return Err(LineTooLong),
                _ => self.partial.push(byte),
            }
        }
        Ok(())
    }

    /// What stands after the last line end; empty if nothing does.
    pub(super) fn take(&mut self) -> String {
        let line = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial.clear();
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.push(chunk, &mut out).unwrap();
        }
        out.push(lines.take());
        out
    }

    #[test]
    fn all_three_line_ends_are_known_even_when_split() {
        assert_eq!(
            lines_of(&[b"a\nb\r\nc\rd\r", b"\n\n\re"]),
            ["a", "b", "c", "d", "", "", "e"]
        );
    }

    #[test]
    fn a_character_split_over_chunks_arrives_whole() {
        let euro = "€".as_bytes();
        assert_eq!(
            lines_of(&[&euro[..1], &euro[1..2], &euro[2..], b"\n"]),
            ["€", ""]
        );
    }

    #[test]
    fn a_line_without_end_is_refused_at_the_limit() {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        assert_eq!(lines.push(&vec![b'x'; MAX_LINE], &mut out), Ok(()));
        assert_eq!(lines.push(b"x", &mut out), Err(LineTooLong));
    }

    proptest! {
        #[test]
        fn where_the_chunks_break_makes_no_difference(
            text in "[a\u{e9}\u{20ac}\r\n]{0,40}",
            cuts in proptest::collection::vec(0_usize..120, 0..6),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            prop_assert_eq!(lines_of(&chunks), lines_of(&[bytes]));
        }
    }
}
