//! Foreign words made safe to stand in a document.

use std::fmt::{self, Display, Formatter, Write};

/// Words as markup shows them, in HTML as in XML, between tags and in quoted attributes: what
/// means something to a parser is escaped, and what XML 1.0 does not allow is U+FFFD.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Markup<'a>(pub(crate) &'a str);

impl Display for Markup<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                // A parser would make spaces of these in an attribute.
                '\n' => out.write_str("&#10;")?,
                '\t' => out.write_str("&#9;")?,
                '\u{fffe}' | '\u{ffff}' => out.write_char(char::REPLACEMENT_CHARACTER)?,
                other if other.is_control() => out.write_char(char::REPLACEMENT_CHARACTER)?,
                other => out.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Words as one line of a terminal shows them: nothing in them moves the cursor or turns the
/// direction of writing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a>(pub(crate) &'a str);

impl Display for Line<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\n' | '\r' | '\t' => out.write_char(' ')?,
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    out.write_char(char::REPLACEMENT_CHARACTER)?;
                }
                other if other.is_control() => out.write_char(char::REPLACEMENT_CHARACTER)?,
                other => out.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_words_is_shown_as_words() {
        let shown = Markup("</script><img src=\"x\" onerror='y'> & co").to_string();
        let expected = "&lt;/script&gt;&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt; &amp; co";
        assert_eq!(shown, expected);
    }

    #[test]
    fn characters_that_xml_forbids_are_replaced() {
        assert_eq!(
            Markup("a\0b\u{1b}c\u{ffff}d\u{85}e").to_string(),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e"
        );
    }

    #[test]
    fn words_cannot_command_a_terminal() {
        assert_eq!(
            Line("red \u{1b}[31m\r\nback\u{202e}").to_string(),
            "red \u{fffd}[31m  back\u{fffd}"
        );
    }
}
