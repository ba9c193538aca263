//! The words that Moonshine's tokens stand for.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use onnx::LoadModelError;

/// The mark that stands for a space.
const SPACE: &str = "\u{2581}";

/// The vocabulary: token numbers to bytes of text.
#[derive(Debug)]
pub(super) struct Tokenizer {
    entries: Vec<Box<[u8]>>,
}

impl Tokenizer {
    /// Reads `tokenizer.bin`.
    pub(super) fn load(path: &Path) -> Result<Self, LoadModelError> {
        let bytes = fs::read(path).map_err(|error| {
            let path = path.to_owned();
            if error.kind() == ErrorKind::NotFound {
                return LoadModelError::Missing { path };
            }
            LoadModelError::Unusable {
                path,
                reason: error.to_string(),
            }
        })?;
        let entries = parse(&bytes).ok_or_else(|| LoadModelError::Unusable {
            path: path.to_owned(),
            reason: "it is no list of tokens, or a truncated one".to_owned(),
        })?;
        Ok(Self { entries })
    }

    /// Tokens in the vocabulary.
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// The text that `tokens` spell. Control tokens and unknown numbers are
    /// nothing.
    pub(super) fn text(&self, tokens: &[usize]) -> String {
        let entries = tokens.iter().filter_map(|&token| self.entries.get(token));
        let bytes: Vec<u8> = entries
            .filter(|entry| !is_control(entry))
            .flat_map(|entry| entry.iter().copied())
            .collect();
        String::from_utf8_lossy(&bytes)
            .replace(SPACE, " ")
            .trim()
            .to_owned()
    }
}

/// `<s>`, `</s>`, `<unk>` and the place-holders `<<ST_0>>` to `<<ST_767>>`.
fn is_control(entry: &[u8]) -> bool {
    matches!(entry, b"<s>" | b"</s>" | b"<unk>") || entry.starts_with(b"<<ST_")
}

/// Each entry is its length and its bytes. A length below 128 is one byte;
/// otherwise its lower 7 bits are in the first byte and the rest in a second.
fn parse(mut bytes: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let mut entries = Vec::new();
    while let Some((&first, rest)) = bytes.split_first() {
        let mut length = usize::from(first);
        bytes = rest;
        if length >= 128 {
            let (&second, rest) = bytes.split_first()?;
            length = usize::from(second) * 128 + length - 128;
            bytes = rest;
        }
        let (entry, rest) = bytes.split_at_checked(length)?;
        entries.push(entry.into());
        bytes = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer(bytes: &[u8]) -> Tokenizer {
        Tokenizer {
            entries: parse(bytes).expect("a list of tokens"),
        }
    }

    #[test]
    fn short_long_and_empty_entries_are_read() {
        let long = [b'x'; 300];
        let bytes = [&[2][..], b"ab", &[0], &[128 + 44, 2], &long].concat();

        let tokenizer = tokenizer(&bytes);

        assert_eq!(tokenizer.len(), 3);
        assert_eq!(tokenizer.text(&[0, 1, 2]).len(), 302);
    }

    #[test]
    fn text_that_ends_within_an_entry_is_refused() {
        for bytes in [&[5, b'a'][..], &[200], &[128, 1, b'a']] {
            assert!(parse(bytes).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn marks_become_spaces_and_control_tokens_vanish() {
        let bytes = [
            &[3][..],
            b"<s>",
            &[8],
            "\u{2581}Hello".as_bytes(),
            &[4],
            "\u{2581}a".as_bytes(),
            &[8],
            b"<<ST_7>>",
            &[4],
            b"</s>",
        ]
        .concat();

        assert_eq!(tokenizer(&bytes).text(&[0, 1, 2, 3, 4, 99]), "Hello a");
    }

    #[test]
    fn bytes_of_one_character_in_several_tokens_join() {
        assert_eq!(tokenizer(&[1, 0xC3, 1, 0xA9]).text(&[0, 1]), "é");
    }
}
