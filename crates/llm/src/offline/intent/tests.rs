use super::*;
use proptest::prelude::*;

fn assert_all(intent: Intent, texts: &[&str]) {
    for text in texts {
        assert_eq!(read(text).intent, intent, "{text}");
    }
}

#[test]
fn farewells_are_understood_however_they_are_written() {
    assert_all(
        Intent::Goodbye,
        &[
            "Goodbye.",
            "good bye",
            "Bye-bye!",
            "by by",
            "Okay, thanks a lot, bye.",
            "that's all",
            "That is all, thank you very much.",
            "No, that's everything for today, thanks.",
            "no thank you nothing else",
            "No, thank you. Nothing else.",
            "nothing more from my side thank you",
            "I don't have any more questions.",
            "no further questions",
            "That's all I wanted to know, thank you for your help.",
            "alright well have a great day",
            "Thank you, you have been very helpful. Goodbye.",
            "I have to go now",
            "you can hang up now",
            "Bye, Anna.",
            "goodbye mister smith",
            "thank you anna goodbye",
            "Okay then I will call the shop tomorrow and ask them. Goodbye!",
            "okay then i will call the shop tomorrow and ask them goodbye",
            "I am done, thanks.",
        ],
    );
}

#[test]
fn a_sentence_that_only_contains_a_farewell_is_none() {
    assert_all(
        Intent::Matter,
        &[
            "goodbye is the word I heard",
            "the word I heard was goodbye",
            "How do you say goodbye in French?",
            "say goodbye",
            "he said that is all",
            "Is that all you offer?",
            "is that all",
            "that's all wrong",
            "do you have nothing else in blue",
            "can you hang up a picture for me",
            "I want to say goodbye to my old bike",
            "Do you sell the goodbye card?",
            "I waved her goodbye",
            "what does bye mean",
        ],
    );
}

#[test]
fn a_question_with_a_closing_is_a_question_first() {
    for text in [
        "I need to know when you open, that's all.",
        "Can I get a refund? Thanks, bye.",
        "I think I have understood the rest that's all",
    ] {
        let reading = read(text);
        assert_eq!(reading.intent, Intent::Matter, "{text}");
        assert_eq!(reading.otherwise, Intent::Goodbye, "{text}");
    }
}

#[test]
fn small_talk_is_told_apart() {
    assert_all(
        Intent::Greeting,
        &["Hello?", "hi there", "Good morning!", "yes hello", "um hey"],
    );
    assert_all(
        Intent::Presence,
        &[
            "Hello, can you hear me?",
            "are you still there",
            "is anybody there",
        ],
    );
    assert_all(
        Intent::Wellbeing,
        &["Hi, how are you doing today?", "how are you"],
    );
    assert_all(
        Intent::Identity,
        &["Who are you?", "hello, who is this", "Are you a robot?"],
    );
    assert_all(
        Intent::Thanks,
        &[
            "thank you",
            "Great, thanks a lot.",
            "okay perfect thank you so much",
            "great, thanks, I'll try that",
        ],
    );
    assert_all(
        Intent::Decline,
        &[
            "no",
            "No, thank you.",
            "not right now thanks",
            "nope, all good",
            "nope, all good",
        ],
    );
    assert_all(
        Intent::Accept,
        &[
            "Yes.",
            "yes please",
            "sure",
            "No, but I have another question.",
        ],
    );
    assert_all(
        Intent::Acknowledge,
        &["okay", "All right.", "I see.", "hmm"],
    );
    assert_all(
        Intent::Repeat,
        &[
            "Sorry?",
            "Could you repeat that, please?",
            "what did you say",
            "I didn't catch that",
        ],
    );
    assert_all(
        Intent::Wait,
        &["One moment, please.", "Hold on.", "let me see"],
    );
    assert_all(Intent::Accept, &["Wait, I have another question."]);
    assert_all(Intent::Nothing, &["", "  ", "…", "?!"]);
}

#[test]
fn matters_of_substance_are_left_alone() {
    assert_all(
        Intent::Matter,
        &[
            "When are you open?",
            "hello when are you open",
            "Thanks. And where are you?",
            "yes I would like to return a bike",
            "No, I mean the red one.",
            "This is broken.",
        ],
    );
}

#[test]
fn a_name_after_a_greeting_is_a_greeting_unless_it_is_known() {
    for text in ["Hello Anna", "hi this is John Miller"] {
        let expected = Reading {
            intent: Intent::Matter,
            otherwise: Intent::Greeting,
        };
        assert_eq!(read(text), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text: String) {
        read(&text);
    }

    #[test]
    fn no_row_of_words_makes_it_panic(
        text in "((goodbye|bye|that's|all|no|thank|you|nothing|else|is|the|word|hello|when)[ .,?]){0,9}",
    ) {
        read(&text);
    }
}
