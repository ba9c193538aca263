//! The set phrases of a telephone conversation, and what they are for.

/// What a phrase is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Means a farewell wherever a sentence ends with it.
    Farewell,
    /// Means an end where nothing of substance is said.
    Closing,
    Greeting,
    Presence,
    Wellbeing,
    Identity,
    Repeat,
    Request,
    Wait,
    No,
    Yes,
    Thanks,
    Pardon,
    /// Means nothing by itself.
    Filler,
}

/// All phrases: lower case, contractions written out, no apostrophes.
#[rustfmt::skip]
pub(super) const MARKED: &[(Mark, &[&str])] = &[
    (Mark::Farewell, &[
        "bye", "bye bye", "byebye", "bye now", "goodbye", "goodbye now", "good bye", "goodby",
        "bye for now", "have a good day", "have a nice day", "have a great day",
        "have a lovely day", "have a wonderful day", "have a good one", "have a good evening",
        "have a nice evening", "have a great evening", "have a good night", "have a good weekend",
        "have a nice weekend", "have a great weekend", "have a good afternoon",
        "have a nice afternoon",
    ]),
    (Mark::Closing, &[
        // What a recogniser makes of a farewell.
        "bye by", "buy bye", "buy buy", "by by", "by bye", "good buy", "good by", "goodbuy",
        "ciao", "cheerio", "farewell", "good night", "goodnight", "see you", "see you later",
        "see you soon", "see you then", "see you tomorrow", "take care", "talk later", "talk soon",
        "talk to you later", "talk to you soon", "speak soon", "speak to you soon",
        "until next time",
        "end the call", "hang up", "you can hang up", "you can end the call", "i will hang up",
        "got to go", "i got to go", "i have got to go", "i have to go", "i must go", "i need to go",
        "i have to hang up",
        "that is all", "that is everything", "that is it", "that was all", "that was everything",
        "that was it", "that will be all", "that will be everything", "that will be it",
        "that would be all", "that would be it", "that is all i have",
        "nothing else", "nothing further", "nothing more", "there is nothing else",
        "i am all set", "all set", "i am done", "i am finished", "we are done", "were done",
        "no further questions", "no more questions", "no other questions",
        "i have no further questions", "i have no more questions", "i have no other questions",
        "i have no questions", "i do not have any further questions",
        "i do not have any more questions", "i do not have any other questions",
        "i do not have any questions", "i do not need anything", "i do not need anything else",
        "i do not need anything more", "i do not want anything else", "i have everything",
        "i have everything i need", "i have all i need", "i have got everything",
        "i have got everything i need", "i have got all i need",
    ]),
    (Mark::Greeting, &[
        "good afternoon", "good day", "good evening", "good morning", "hello", "hello there", "hey",
        "hey there", "hi", "hi there", "morning",
    ]),
    (Mark::Presence, &[
        "anybody there", "anyone there", "are you still there", "are you there",
        "can you hear me", "can you hear me now", "do you hear me", "is anybody there",
        "is anyone there", "is someone there", "is there anybody", "is there anyone",
        "still there", "you there",
    ]),
    (Mark::Wellbeing, &[
        "how are things", "how are you", "how are you doing", "how are you doing today",
        "how are you today", "how do you do", "how is it going",
    ]),
    (Mark::Identity, &[
        "am i speaking to a computer", "am i speaking to a human", "am i speaking to a machine",
        "am i speaking to a person", "am i speaking to a real person", "am i speaking to a robot",
        "am i speaking with a human", "am i speaking with a machine",
        "am i speaking with a robot", "am i talking to a computer", "am i talking to a human",
        "am i talking to a machine", "am i talking to a person", "am i talking to a real person",
        "am i talking to a robot", "are you a bot", "are you a computer", "are you a human",
        "are you a machine", "are you a person", "are you a real person", "are you a robot",
        "are you an ai", "are you human", "are you real", "what are you", "what is your name",
        "who am i speaking to", "who am i speaking with", "who am i talking to",
        "who am i talking with", "who are you", "who is calling", "who is speaking",
        "who is there", "who is this",
    ]),
    (Mark::Repeat, &[
        "again", "again please", "can you repeat", "can you repeat it", "can you repeat that",
        "can you say that again", "come again", "could you repeat", "could you repeat it",
        "could you repeat that", "could you say that again", "i could not hear you",
        "i did not catch that", "i did not get that", "i did not hear", "i did not hear that",
        "i did not hear you", "i did not understand", "i did not understand that",
        "i do not understand", "i missed that", "once again", "once more", "one more time",
        "repeat", "repeat it", "repeat that", "say again", "say it again", "say that again",
        "what did you say", "what was that", "would you repeat that", "what",
    ]),
    (Mark::Request, &[
        "another question", "can i ask you a question", "can i ask you something", "can you help",
        "can you help me", "could you help", "could you help me", "i have a question",
        "i have another question", "i have one more question", "i have some questions",
        "i have a few questions", "i need help", "i need some help", "i need your help",
        "i want to ask you something", "may i ask you something", "one more question",
        "one more thing", "please help me",
    ]),
    (Mark::Wait, &[
        "a moment", "a second", "give me a minute", "give me a moment", "give me a second",
        "hang on", "hold on", "just a minute", "just a moment", "just a second", "let me check",
        "let me see", "let me think", "one minute", "one moment", "one second", "wait",
        "wait a minute", "wait a moment", "wait a second",
    ]),
    (Mark::No, &[
        "all fine", "all good", "another time", "i am all good", "i am fine", "i am good", "i am ok", "i am okay", "i do not think so",
        "i do not want that", "maybe later", "nah", "no", "no need", "no thank you", "no thanks",
        "none", "nope", "not at the moment", "not now", "not really", "not right now", "not today",
        "not yet", "nothing", "we are good",
    ]),
    (Mark::Yes, &[
        "absolutely", "certainly", "definitely", "go ahead", "i would like that", "of course",
        "please do", "sure", "ya", "yeah", "yep", "yes", "yes please", "yup",
    ]),
    (Mark::Thanks, &[
        "cheers", "i appreciate it", "i appreciate that", "many thanks", "much appreciated",
        "thank u", "thank you", "thank you again", "thank you so much", "thank you very much",
        "thanks", "thanks a lot", "thanks again", "thanks so much", "thanks very much",
        "that is kind of you", "that is very kind", "that is very kind of you",
        "you are very helpful", "you are very kind", "you have been a great help",
        "you have been helpful", "you have been so helpful", "you have been very helpful",
        "that answers all my questions", "that answers my question", "that answers my questions",
        "that helps", "that helps a lot", "that is very helpful", "that was helpful",
        "that was very helpful",
    ]),
    (Mark::Pardon, &[
        "beg your pardon", "excuse me", "i am sorry", "i beg your pardon", "pardon", "pardon me",
        "sorry",
    ]),
    (Mark::Filler, &[
        "actually", "ah", "all right", "alright", "amazing", "and", "and you", "awesome", "bit",
        "but", "cool", "correct", "eh", "er", "everyone", "exactly", "excellent", "fantastic",
        "fine", "for calling", "for everything", "for now", "for that", "for the call",
        "for the help", "for the information", "for today", "for your answer", "for your help",
        "for your time", "from me", "from my side", "good", "got it", "great", "hm", "hmm", "huh",
        "i believe", "i get it", "i guess", "i know", "i need", "i needed", "i needed to know",
        "i see", "i think", "i think so", "i understand", "i understood", "i wanted",
        "i wanted to ask", "i wanted to know", "i want to know", "i will", "i will do that", "i will try",
        "i will try it", "i will try that", "ill do that", "ill try", "ill try it", "ill try that",
        "in that case",
        "indeed", "interesting", "it is fine", "it is okay", "just", "lovely", "maam", "madam",
        "makes sense", "mhm", "my friend", "nice", "no problem", "no worries", "now", "oh", "ok",
        "okay", "perfect", "please", "really", "right", "right now", "sir", "so", "sounds good",
        "super", "that is fine", "that is good", "that is great", "that is okay",
        "that is perfect", "that is wonderful", "that makes sense", "that sounds good",
        "the same to you", "then", "to ask", "to know", "today", "too", "uh", "uhm", "um",
        "understood", "well", "wonderful", "you", "you are welcome", "you too",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::words::words;

    #[test]
    fn every_phrase_is_written_as_it_is_compared() {
        for (_, phrases) in MARKED {
            for phrase in *phrases {
                assert_eq!(words(phrase).join(" "), *phrase);
            }
        }
    }

    #[test]
    fn no_phrase_has_two_marks() {
        let mut all: Vec<&str> = MARKED
            .iter()
            .flat_map(|(_, phrases)| phrases.iter().copied())
            .collect();
        let total = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), total);
    }
}
