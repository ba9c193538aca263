use proptest::prelude::*;

use super::*;

fn split(text: &str) -> Vec<String> {
    let mut splitter = SentenceSplitter::whole_sentences();
    let mut pieces = splitter.push(text);
    pieces.extend(splitter.finish());
    pieces
}

fn split_for_speech(text: &str) -> Vec<String> {
    let mut splitter = SentenceSplitter::default();
    let mut pieces = splitter.push(text);
    pieces.extend(splitter.finish());
    pieces
}

fn without_space(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_whitespace())
        .collect()
}

#[test]
fn sentences_are_separated() {
    assert_eq!(
        split("Hello. How are you? Fine!"),
        ["Hello.", "How are you?", "Fine!"]
    );
}

#[test]
fn a_sentence_is_given_as_soon_as_space_follows_it() {
    let mut splitter = SentenceSplitter::default();
    assert!(splitter.push("Please dial").is_empty());
    assert!(splitter.push(" again.").is_empty());
    assert_eq!(splitter.push(" Or"), ["Please dial again."]);
    assert_eq!(splitter.finish(), ["Or"]);
}

#[test]
fn the_first_piece_ends_at_a_clause_once_it_is_long() {
    let text = "That message means the number was not found, so please check it and dial again, \
                slowly this time.";
    assert_eq!(
        split_for_speech(text),
        [
            "That message means the number was not found,",
            "so please check it and dial again, slowly this time.",
        ]
    );
}

#[test]
fn a_short_clause_does_not_end_the_first_piece() {
    assert_eq!(
        split_for_speech("Sure, let me look."),
        ["Sure, let me look."]
    );
}

#[test]
fn titles_end_no_sentence() {
    assert_eq!(
        split("Ask Dr. Smith or Mrs. Jones. Now."),
        ["Ask Dr. Smith or Mrs. Jones.", "Now."]
    );
}

#[test]
fn latin_abbreviations_end_no_sentence() {
    assert_eq!(
        split("Dial a code, e.g. nine, first."),
        ["Dial a code, e.g. nine, first."]
    );
}

#[test]
fn the_word_after_an_hour_tells_whether_the_sentence_is_over() {
    assert_eq!(
        split("We open at 9 a.m. on Monday."),
        ["We open at 9 a.m. on Monday."]
    );
    assert_eq!(
        split("We close at 5 p.m. Call then."),
        ["We close at 5 p.m.", "Call then."]
    );
}

#[test]
fn no_is_a_number_or_an_answer() {
    assert_eq!(split("It is No. 5 here."), ["It is No. 5 here."]);
    assert_eq!(split("No. It is busy."), ["No.", "It is busy."]);
}

#[test]
fn decimals_and_addresses_stay_whole() {
    let text = "It costs 3.50 at www.example.com/a.b?c=1 today. Fine.";
    assert_eq!(
        split(text),
        ["It costs 3.50 at www.example.com/a.b?c=1 today.", "Fine."]
    );
}

#[test]
fn grouped_digits_are_no_clause() {
    let text = "We have had around one hundred and twenty-six 1,000,000 calls today. Good.";
    assert_eq!(split_for_speech(text).len(), 2);
}

#[test]
fn initials_and_acronyms_end_no_sentence() {
    assert_eq!(
        split("Ask J. R. Smith in the U.S. Office now."),
        ["Ask J. R. Smith in the U.S. Office now."]
    );
}

#[test]
fn a_single_letter_behind_a_small_word_ends_a_sentence() {
    assert_eq!(
        split("Choose option B. Then wait."),
        ["Choose option B.", "Then wait."]
    );
    assert_eq!(split("So do I. Thanks."), ["So do I.", "Thanks."]);
}

#[test]
fn a_list_number_stays_with_its_item() {
    assert_eq!(
        split("1. Hang up.\n2. Dial again."),
        ["1. Hang up.", "2. Dial again."]
    );
}

#[test]
fn a_closing_quote_belongs_to_its_sentence() {
    assert_eq!(
        split("It says \"try again.\" Did you?"),
        ["It says \"try again.\"", "Did you?"]
    );
}

#[test]
fn an_ellipsis_goes_on_in_small_letters() {
    assert_eq!(
        split("Well... let me see. So... Yes."),
        ["Well... let me see.", "So...", "Yes."]
    );
}

#[test]
fn a_line_ends_a_sentence() {
    assert_eq!(
        split("First line\nSecond line"),
        ["First line", "Second line"]
    );
}

#[test]
fn full_width_stops_need_no_space() {
    assert_eq!(split("你好。请稍等。"), ["你好。", "请稍等。"]);
}

#[test]
fn signs_without_words_stay_with_the_next_sentence() {
    assert_eq!(split("- ... Hello. ?"), ["- ... Hello.", "?"]);
}

#[test]
fn an_endless_sentence_is_cut_at_a_clause() {
    let text = format!(
        "{}, and {}",
        "word ".repeat(40).trim(),
        "more ".repeat(40).trim()
    );
    let pieces = split(&text);
    assert!(pieces[0].ends_with(','), "{pieces:?}");
    assert_eq!(pieces.len(), 2);
}

#[test]
fn a_splitter_is_reusable_after_finishing() {
    let mut splitter = SentenceSplitter::default();
    splitter.push("Half a");
    splitter.finish();
    assert_eq!(splitter.push("Whole. "), ["Whole."]);
    assert!(splitter.finish().is_empty());
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z]{1,12}",
        "[A-Z][a-z]{0,8}",
        "[0-9]{1,6}",
        "[,.!?;:…\"()—。]{1,3}",
        Just("Mr.".to_owned()),
        Just("e.g.".to_owned()),
        Just("p.m.".to_owned()),
        Just("U.S.".to_owned()),
        Just("3.14".to_owned()),
        Just("a.".to_owned()),
        Just("No.".to_owned()),
        Just("\n".to_owned()),
        "\\PC{0,8}",
    ];
    let gap = prop_oneof![8 => Just(" "), 3 => Just(""), 1 => Just("  "), 1 => Just("\t")];
    prop::collection::vec((word, gap), 0..120).prop_map(|words| {
        words
            .into_iter()
            .map(|(word, gap)| format!("{word}{gap}"))
            .collect::<String>()
    })
}

proptest! {
    #[test]
    fn the_pieces_are_the_text(text in text()) {
        prop_assert_eq!(without_space(&split(&text).concat()), without_space(&text));
        prop_assert_eq!(without_space(&split_for_speech(&text).concat()), without_space(&text));
    }

    #[test]
    fn every_piece_is_trimmed_and_short(text in text()) {
        for piece in split_for_speech(&text) {
            prop_assert!(!piece.is_empty());
            prop_assert_eq!(piece.trim(), &piece);
            prop_assert!(piece.chars().count() <= LONGEST);
        }
    }

    #[test]
    fn how_the_text_arrives_makes_no_difference(text in text(), seed in 1usize..9) {
        let mut splitter = SentenceSplitter::default();
        let characters: Vec<char> = text.chars().collect();
        let mut pieces = Vec::new();
        for token in characters.chunks(seed) {
            pieces.extend(splitter.push(&token.iter().collect::<String>()));
        }
        pieces.extend(splitter.finish());
        prop_assert_eq!(pieces, split_for_speech(&text));
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        prop_assert_eq!(without_space(&split_for_speech(&text).concat()), without_space(&text));
    }
}
