use proptest::prelude::*;

use super::*;

fn caller(text: &str) -> Said<'_> {
    Said {
        role: Role::User,
        text,
    }
}

fn agent(text: &str) -> Said<'_> {
    Said {
        role: Role::Assistant,
        text,
    }
}

#[test]
fn a_summary_repeats_both_sides_in_their_order() {
    let transcript = [
        agent("Hello, this is the support line. How can I help?"),
        caller("Hi. The number you have dialed is not in service."),
        agent("That means the number is not in service any more. Please check the number."),
        caller("Okay."),
    ];
    assert_eq!(
        summarise(&transcript),
        "Caller: The number you have dialed is not in service. \
         Agent: That means the number is not in service any more."
    );
}

#[test]
fn the_greeting_is_no_part_of_a_summary() {
    let transcript = [
        agent("Hello, circuits and numbers here."),
        caller("All circuits are busy."),
    ];
    assert_eq!(summarise(&transcript), "Caller: All circuits are busy.");
}

#[test]
fn an_empty_conversation_says_so() {
    assert_eq!(summarise(&[]), "Nothing was said.");
    assert_eq!(summarise(&[agent("Hello?")]), "The caller said nothing.");
}

#[test]
fn a_caller_who_says_little_is_still_repeated() {
    assert_eq!(
        summarise(&[agent("Hello?"), caller("Yes.")]),
        "Caller: Yes."
    );
}

#[test]
fn a_long_sentence_is_shortened_at_a_word() {
    let long = "circuit ".repeat(30);
    let summary = summarise(&[caller(&long)]);
    assert!(summary.ends_with("circuit…"), "{summary}");
    assert!(summary.chars().count() < 180);
}

#[test]
fn praise_is_positive() {
    assert_eq!(
        sentiment(&[caller("That was great, thank you.")]),
        Sentiment::Positive
    );
}

#[test]
fn blame_is_negative() {
    assert_eq!(
        sentiment(&[caller("This is terrible and useless.")]),
        Sentiment::Negative
    );
}

#[test]
fn politeness_alone_is_neutral() {
    assert_eq!(sentiment(&[caller("Thanks, goodbye.")]), Sentiment::Neutral);
}

#[test]
fn a_recorded_announcement_is_neutral() {
    let said = "Your call cannot be completed as dialed. Please check the number and dial again.";
    assert_eq!(sentiment(&[caller(said)]), Sentiment::Neutral);
}

#[test]
fn negated_praise_is_blame() {
    assert_eq!(
        sentiment(&[caller("This is not great at all.")]),
        Sentiment::Negative
    );
    assert_eq!(
        sentiment(&[caller("I don’t love it.")]),
        Sentiment::Negative
    );
}

#[test]
fn the_agents_words_do_not_count() {
    let transcript = [
        agent("Wonderful, excellent!"),
        caller("All circuits are busy."),
    ];
    assert_eq!(sentiment(&transcript), Sentiment::Neutral);
}

#[test]
fn the_words_of_sentiment_are_those_of_the_api() {
    for value in [Sentiment::Positive, Sentiment::Neutral, Sentiment::Negative] {
        assert_eq!(serde_json::to_value(value).unwrap(), value.as_str());
    }
}

proptest! {
    #[test]
    fn a_summary_is_short_and_always_the_same(
        said in prop::collection::vec((any::<bool>(), ".{0,300}"), 0..30),
    ) {
        let transcript: Vec<Said<'_>> = said
            .iter()
            .map(|(by_caller, text)| if *by_caller { caller(text) } else { agent(text) })
            .collect();
        let summary = summarise(&transcript);
        prop_assert!(!summary.is_empty());
        prop_assert!(summary.chars().count() < 3 * (LONGEST_SENTENCE + 12));
        prop_assert_eq!(summarise(&transcript), summary);
        prop_assert_eq!(sentiment(&transcript), sentiment(&transcript));
    }
}
