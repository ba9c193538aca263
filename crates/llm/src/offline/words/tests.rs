use super::*;
use proptest::prelude::*;

#[test]
fn words_are_found_without_their_punctuation() {
    assert_eq!(
        words("Don’t you open at 9:30, Ana?"),
        ["dont", "you", "open", "at", "9", "30", "ana"]
    );
    assert_eq!(words("…¿Qué?! ÜBER"), ["qué", "über"]);
    assert!(words("?! ,").is_empty());
}

#[test]
fn forms_of_one_word_have_one_stem() {
    for forms in [
        &["close", "closes", "closed", "closing"][..],
        &[
            "deliver",
            "delivers",
            "delivered",
            "delivery",
            "deliveries",
            "delivering",
        ],
        &["pay", "pays", "paying", "payment", "payments"],
        &["ship", "shipped", "shipping", "shipment"],
        &[
            "cancel",
            "cancelled",
            "canceled",
            "cancelling",
            "cancellation",
        ],
        &["refund", "refunds", "refunded"],
        &["reserve", "reserved", "reservation", "reservations"],
        &["price", "prices", "priced"],
        &["box", "boxes"],
        &["bus", "bus"],
        &["address", "addresses"],
    ] {
        let stems: BTreeSet<String> = forms.iter().map(|form| stem(form)).collect();
        assert_eq!(stems.len(), 1, "{stems:?}");
    }
}

#[test]
fn different_words_keep_different_stems() {
    for (one, other) in [
        ("sing", "sigh"),
        ("bed", "be"),
        ("red", "re"),
        ("thing", "the"),
        ("order", "older"),
        ("please", "plea"),
        ("business", "busy"),
    ] {
        assert_ne!(stem(one), stem(other));
    }
}

#[test]
fn stop_words_can_be_searched() {
    assert!(STOP_WORDS.is_sorted());
}

#[test]
fn only_words_with_content_are_kept() {
    assert_eq!(
        content_stems("Could you tell me when the shop opens, please?"),
        ["shop", "open"]
    );
    assert!(content_stems("who are you").is_empty());
}

#[test]
fn what_is_denied_is_told_from_what_is_answered() {
    let denied = |text: &str| denied_stems(text).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(denied("It doesn't work on Monday."), "work");
    assert_eq!(denied("there is no dial tone"), "dial ton");
    assert_eq!(denied("Not open?"), "open");
    assert_eq!(denied("No, it works."), "");
    assert_eq!(denied("nothing"), "");
}

#[test]
fn questions_expect_words_of_their_kind() {
    assert!(expected_words("What time do you close?").contains(&"evening"));
    assert!(expected_words("how much is it").contains(&"euros"));
    assert!(expected_words("Where are you?").contains(&"street"));
    assert!(expected_words("Who are you?").is_empty());
}

#[test]
fn misheard_text_looks_alike_and_other_text_does_not() {
    let alike = |one: &str, other: &str| Trigrams::of(one).similarity(&Trigrams::of(other));
    assert!(alike("refund", "re fund") > 0.99);
    assert!(alike("refund", "refunt") > 0.5);
    assert!(alike("order", "older") < 0.5);
    assert!(alike("when are you open", "where is my parcel") < 0.4);
    assert!(alike("", "?").abs() < f64::EPSILON);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text: String) {
        for word in words(&text) {
            let stem = stem(&word);
            prop_assert!(!stem.is_empty() && stem.len() <= word.len(), "{} {}", word, stem);
        }
        let (trigrams, hello) = (Trigrams::of(&text), Trigrams::of("hello"));
        let similarity = trigrams.similarity(&hello);
        prop_assert!((0.0..=trigrams.most_similarity(&hello)).contains(&similarity));
    }
}
