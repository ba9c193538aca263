use super::*;
use proptest::prelude::*;

#[test]
fn text_is_cut_into_sentences() {
    assert_eq!(
        sentences("We open at 9.30 a.m. every day. Dr. Berg, e.g. on Monday, is in! Ask?"),
        [
            "We open at 9.30 a.m. every day.",
            "Dr. Berg, e.g. on Monday, is in!",
            "Ask?"
        ]
    );
    assert_eq!(sentences("one line\n\nanother,"), ["One line.", "Another."]);
    assert_eq!(
        sentences("She said “yes.” Then she left"),
        ["She said “yes.”", "Then she left."]
    );
    assert!(sentences(" \n -- \n***\n").is_empty());
}

#[test]
fn markup_is_not_spoken() {
    let table = [
        ("## **Opening** hours", "Opening hours."),
        ("- Use `make` for _all_ of it.", "Use make for all of it."),
        ("2. Second step", "Second step."),
        (
            "See [our page](https://acme.com/a_b) now.",
            "See our page now.",
        ),
        ("![Logo](x.png) Welcome<br/>home.", "Logo Welcome home."),
        ("| Monday | nine to five |", "Monday nine to five."),
        ("Great \u{1f600}!", "Great !"),
        ("It costs 5 < 6 euros, [sic].", "It costs 5 6 euros, sic."),
    ];
    for (written, spoken) in table {
        assert_eq!(sentences(written), [spoken], "{written}");
    }
}

#[test]
fn addresses_are_spoken_in_words() {
    let table = [
        (
            "Go to https://www.acme.com/help?x=1.",
            "Go to acme dot com.",
        ),
        (
            "Write to first.last@acme.co.uk, please.",
            "Write to first dot last at acme dot co dot uk, please.",
        ),
        (
            "Visit acme.com or www.acme.xyz!",
            "Visit acme dot com or acme dot xyz!",
        ),
        (
            "It is version 2.5 of node.js",
            "It is version 2.5 of node.js.",
        ),
    ];
    for (written, spoken) in table {
        assert_eq!(sentences(written), [spoken], "{written}");
    }
}

#[test]
fn a_long_answer_is_shortened() {
    assert_eq!(
        shortened(sentences("One. Two? Three! Four.")),
        ["One.", "Two?", "Three!"]
    );
    let long = shortened(sentences(&"word ".repeat(200)));
    assert_eq!(long.len(), 1);
    assert!(long[0].chars().count() <= MAX_CHARACTERS && long[0].ends_with("word."));
    let second_too_long = format!("Short. {}", "word ".repeat(200));
    assert_eq!(shortened(sentences(&second_too_long)), ["Short."]);
}

proptest! {
    #[test]
    fn whatever_is_written_can_be_spoken(
        text in "([a-c]|[\\*_`#>\\[\\]()!|~<. \n@/:-]|https://a\\.b/c|www\\.|\u{e9}|\u{1f600}){0,60}",
    ) {
        let spoken = sentences(&text);
        for sentence in &spoken {
            prop_assert!(!sentence.contains(['*', '`', '_', '\n', '[', ']']), "{}", sentence);
            prop_assert!(!sentence.contains("://"), "{}", sentence);
        }
        prop_assert!(shortened(spoken).len() <= MAX_SENTENCES);
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        shortened(sentences(&text));
    }
}
