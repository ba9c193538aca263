//! Takes out what a model thinks to itself before it speaks.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Drops a `<think>…</think>` block at the beginning of a reply, and the white
/// space there.
///
/// Reasoning models behind servers without a reasoning parser write their
/// thoughts into the reply itself, where a caller would have to hear them.
#[derive(Debug, Default)]
pub(super) struct ThoughtFilter {
    state: State,
    /// Text that may turn out to be a part of a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing was said yet.
    #[default]
    Start,
    /// Inside the thoughts.
    Thinking,
    /// After the thoughts, before the first word.
    Waking,
    Speaking,
}

impl ThoughtFilter {
    /// Appends what of `text` is to be spoken to `out`.
    pub(super) fn push(&mut self, text: &str, out: &mut String) {
        if self.state == State::Speaking {
            out.push_str(text);
            return;
        }
        self.held.push_str(text);
        if self.state == State::Start {
            self.start(out);
        }
        if self.state == State::Thinking {
            self.think();
        }
        if self.state == State::Waking {
            self.speak(out);
        }
    }

    /// The reply is over: appends what was held back and no tag after all.
    pub(super) fn finish(&mut self, out: &mut String) {
        if self.state == State::Start {
            self.speak(out);
        }
    }

    fn start(&mut self, out: &mut String) {
        let begun = self.held.trim_start();
        if let Some(thoughts) = begun.strip_prefix(OPEN) {
            self.held = thoughts.to_owned();
            self.state = State::Thinking;
        } else if !OPEN.starts_with(begun) {
            self.speak(out);
        }
    }

    fn think(&mut self) {
        if let Some((_, spoken)) = self.held.split_once(CLOSE) {
            self.held = spoken.to_owned();
            self.state = State::Waking;
            return;
        }
        // Only the last bytes can be the beginning of the closing tag.
        let from = self.held.len().saturating_sub(CLOSE.len() - 1);
        let from = (from..=self.held.len()).find(|&at| self.held.is_char_boundary(at));
        self.held.drain(..from.unwrap_or(0));
    }

    fn speak(&mut self, out: &mut String) {
        let spoken = self.held.trim_start();
        if spoken.is_empty() {
            return;
        }
        out.push_str(spoken);
        self.held = String::new();
        self.state = State::Speaking;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spoken(pieces: &[&str]) -> String {
        let (mut filter, mut out) = (ThoughtFilter::default(), String::new());
        for piece in pieces {
            filter.push(piece, &mut out);
        }
        filter.finish(&mut out);
        out
    }

    #[test]
    fn a_reply_without_thoughts_passes_at_once() {
        let (mut filter, mut out) = (ThoughtFilter::default(), String::new());
        filter.push("\nH", &mut out);
        assert_eq!(out, "H");
        filter.push("ello <think>", &mut out);
        assert_eq!(out, "Hello <think>");
    }

    #[test]
    fn thoughts_are_dropped_wherever_the_pieces_break() {
        let reply = " <think>What is “2 < 3”?</thin</think>\n\nIt is true.";
        assert_eq!(spoken(&[reply]), "It is true.");
        let pieces: Vec<String> = reply.chars().map(String::from).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(spoken(&pieces), "It is true.");
    }

    #[test]
    fn what_only_looks_like_a_tag_is_spoken_in_the_end() {
        assert_eq!(spoken(&["<th"]), "<th");
        assert_eq!(spoken(&["<this>"]), "<this>");
    }

    #[test]
    fn thoughts_without_end_leave_nothing_to_say() {
        assert_eq!(spoken(&["<think>", "on and on"]), "");
    }

    proptest! {
        #[test]
        fn where_the_pieces_break_makes_no_difference(
            pieces in proptest::collection::vec("(<think>|</think>|[<th>\u{e9} /]){0,4}", 0..6),
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(spoken(&pieces), spoken(&[&pieces.concat()]));
        }
    }
}
