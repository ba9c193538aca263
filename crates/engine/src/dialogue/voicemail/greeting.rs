//! Whether words are those of a machine that takes messages.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::phrases::PHRASES;

/// From how many points on words are a greeting.
const GREETING: i32 = 4;

/// The most words that `*` stands for.
const FEW: usize = 4;

/// The end of a sentence among words.
const STOP: &str = ".";

/// How much the words of the far end sound like a machine's greeting: each phrase that is found in
/// them counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score(i32);

impl Score {
    /// The score of these words.
    pub(super) fn of(said: &str) -> Self {
        let words = words(said);
        let found = |phrase: &&(i32, &str)| is_in(phrase.1, &words);
        Self(PHRASES.iter().filter(found).map(|(points, _)| points).sum())
    }

    /// Whether they surely are a greeting.
    pub(super) const fn is_greeting(self) -> bool {
        self.0 >= GREETING
    }

    /// Whether they may be a part of one.
    pub(super) const fn is_promising(self) -> bool {
        self.0 > 0
    }
}

/// The words of a text in small letters without accents, and the ends of its sentences. An
/// apostrophe joins.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let folded = text
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter) && !matches!(letter, '\'' | '’'));
    for letter in folded.flat_map(char::to_lowercase) {
        if letter == 'ß' {
            push(&mut words, "ss");
        } else if letter.is_alphanumeric() {
            push(&mut words, letter.encode_utf8(&mut [0; 4]));
        } else {
            if matches!(letter, '.' | '!' | '?' | '…') {
                words.push(STOP.to_owned());
            }
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn push(words: &mut [String], letters: &str) {
    if let Some(word) = words.last_mut() {
        word.push_str(letters);
    }
}

/// Whether a phrase is somewhere in these words.
fn is_in(phrase: &str, words: &[String]) -> bool {
    let parts: Vec<&str> = phrase.split(' ').collect();
    (0..words.len()).any(|start| begins(words.get(start..).unwrap_or_default(), &parts))
}

/// Whether `words` begin with a phrase of these parts.
fn begins(words: &[String], parts: &[&str]) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return true;
    };
    let most = match *part {
        "?" => 1,
        "*" => FEW,
        alternatives => {
            return words.split_first().is_some_and(|(word, following)| {
                alternatives.split('|').any(|one| one == word) && begins(following, rest)
            });
        }
    };
    let skipped = words.iter().take_while(|word| *word != STOP).take(most);
    (0..=skipped.count()).any(|skip| begins(words.get(skip..).unwrap_or_default(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETINGS: &[&str] = &[
        "Hi, you've reached the voicemail of Anna Brandt. I'll call you back.",
        "Hey, it's Bob, leave a message.",
        "Please leave a message after the tone.",
        "Please leave your message after the beep. Beep.",
        "You have reached 415 555 0123. Nobody is available to take your call. At the tone, please \
         record your message.",
        "Your call has been forwarded to an automatic voice message system. 4 1 5 5 5 5 is not \
         available.",
        "Your call has been forwarded to voicemail. The person you're trying to reach is not \
         available.",
        "The person you are calling is not available right now",
        "the subscriber you have dialed is unavailable",
        "Nobody is available to take your call at the moment.",
        "Sorry, but the user's mailbox can't accept more messages.",
        "I can't take your call right now.",
        "We are unable to answer your call at this time.",
        "Hello, I can’t come to the phone. Leave me your number and a short message, and I'll get \
         back to you as soon as I can. I promise.",
        "Hi, this is John. I'm not here. Leave your name and number and I will call you back.",
        "You've reached Bob. I'm not available right now.",
        "If you would like to leave a message, press one or simply wait for the beep.",
        "To leave a voice message, press 1. To leave a callback number, press 2. Record your \
         message after the tone. When you are finished, hang up or press pound.",
        "The mailbox is full. Goodbye.",
        "This is the voice mail of Larkfield.",
        "You may hang up. You've reached the mailbox of extension 12.",
        "Feel free to leave us a message.",
        "Sorry I missed your call. You've reached Jane.",
        // Spanish, French, German.
        "Ha llamado al buzón de voz del número seis cero cero.",
        "Deje su mensaje después de la señal.",
        "En este momento no estoy disponible, deja un mensaje.",
        "El número que ha marcado no está disponible.",
        "Vous êtes bien sur le répondeur de Claire.",
        "Bonjour, je ne suis pas disponible, laissez-moi un message après le bip sonore.",
        "Votre correspondant n'est pas joignable.",
        "Dies ist die Mailbox von Peter.",
        "Bitte hinterlassen Sie eine Nachricht nach dem Signalton.",
        "Der Teilnehmer ist zur Zeit nicht erreichbar.",
        "Ich kann Ihren Anruf leider nicht persönlich entgegennehmen.",
    ];

    const PEOPLE: &[&str] = &[
        "",
        "Hello?",
        "Hello, this is Anna speaking.",
        "I left a message with you yesterday.",
        "I'm not available on Monday, can we do Tuesday?",
        "I'm not available right now, I'll call you back.",
        "Can I leave a message?",
        "Could you leave a message with my wife?",
        "I wanted to leave a message for Bob.",
        "Would you like to leave a message?",
        "If you want to leave a message, I can pass it on.",
        "You can leave a message with me.",
        "He's not available, can I take a message?",
        "She can't come to the phone right now. Can I get your name and number?",
        "He can't come to the phone, he is asleep.",
        "Did you get my voicemail?",
        "I got your voicemail, but I'm not available on Friday.",
        "I heard your message on my voicemail yesterday.",
        "Sorry I missed your call yesterday.",
        "My mailbox is full, send it again.",
        "You've reached Larkfield, how can I help you?",
        "You have reached the wrong number.",
        "I have to leave. Message me later.",
        "Leave me a message on WhatsApp, will you?",
        "The beep from the microwave.",
        "It has been forwarded to accounting.",
        "I'm driving, I will get back to you as soon as I can.",
        "The tone of your email was rude.",
        "Who is calling please? He's not here.",
        "One moment please, I will get her.",
        "That model is unavailable, is it?",
        "I cannot take that.",
        "Is the room available on the twelfth?",
        "The number you have dialed is not in service. Please check the number and try again.",
        "The person you are calling is not at their desk. I will try to locate them for you.",
        "The person you have called is not available. Please try again later.",
        "That feature is not available on this line.",
        "Te dejé un mensaje ayer.",
        "¿Puedo dejar un mensaje?",
        "El lunes no estoy disponible.",
        "Je ne suis pas disponible lundi.",
        "J'ai laissé un message hier.",
        "Kann ich eine Nachricht hinterlassen?",
        "Am Montag bin ich nicht erreichbar.",
    ];

    #[test]
    fn greetings_of_machines_are_known() {
        for said in GREETINGS {
            assert!(
                Score::of(said).is_greeting(),
                "{said} {:?}",
                Score::of(said)
            );
        }
    }

    #[test]
    fn what_people_say_is_no_greeting() {
        for said in PEOPLE {
            assert!(
                !Score::of(said).is_greeting(),
                "{said} {:?}",
                Score::of(said)
            );
        }
    }

    #[test]
    fn of_the_recordings_only_those_of_voicemails_are_greetings() {
        let manifest = include_str!("../../../../../fixtures/manifest.tsv");
        let rows = manifest.lines().skip(1).map(|row| row.split('\t'));
        let greetings: Vec<&str> = rows
            .filter_map(|mut columns| Some((columns.next()?, columns.next()?)))
            .filter(|(_, transcript)| Score::of(transcript).is_greeting())
            .map(|(file, _)| file)
            .collect();
        let expected = [
            "ast_en_vm-nobodyavail.wav",
            "ast_en_vm-mailboxfull.wav",
            "ast_fr_vm-newuser.wav",
        ];
        assert_eq!(greetings, expected);
    }

    #[test]
    fn words_are_compared_whole_and_not_across_sentences() {
        let points = |said| Score::of(said).0;
        assert_eq!(points("Voicemailbox mailboxes unavailables"), 0);
        assert_eq!(points("Take your leave. Message sent"), 0);
        assert_eq!(points("LEAVE, a MESSAGE"), points("leave a message"));
        assert_eq!(points("you’ve reached"), points("You've reached"));
    }

    #[test]
    fn half_a_greeting_is_promising() {
        let half = Score::of("Hi, you've reached Anna.");
        assert!(half.is_promising() && !half.is_greeting());
        assert!(!Score::of("Yes, speaking.").is_promising());
    }

    #[test]
    fn a_phrase_that_is_said_twice_counts_once() {
        let once = Score::of("I got this voicemail");
        assert_eq!(once, Score::of("I got this voicemail, this voicemail"));
    }

    #[test]
    fn every_phrase_can_be_found() {
        for (points, phrase) in PHRASES {
            assert!(*points != 0, "{phrase}");
            for part in phrase.split(' ') {
                assert!(!part.is_empty(), "{phrase}");
                let one = part.split('|');
                let plain = |word: &str| words(word) == [word] || matches!(word, "?" | "*");
                assert!(one.into_iter().all(plain), "{phrase}");
            }
        }
    }
}
