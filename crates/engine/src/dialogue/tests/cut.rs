//! What was heard of answers that were cut off.

use super::*;

const ANSWER: &str = "Please check the cable. Then dial again.";

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Times for the words of `text`, which begin at `begin` and take `each` one after the other.
fn evenly(text: &str, begin: Duration, each: Duration) -> Vec<TimedWord> {
    let words = text.split_whitespace().zip(0..);
    words
        .map(|(word, place)| {
            let at = word.as_ptr().addr() - text.as_ptr().addr();
            TimedWord {
                text: at..at + word.len(),
                sounds: begin + each * place..begin + each * (place + 1),
            }
        })
        .collect()
}

/// The agent says [`ANSWER`], a word every 200 ms after a pause, and is interrupted in its first sentence. The
/// leg has not said yet what it played.
fn interrupted(script: Script) -> (Call, [SegmentId; 2]) {
    let mut call = Call::new(script);
    call.leg_answers = false;
    call.caller_says("What do I do?");
    call.reply(&[Call::text(ANSWER)]);
    let spoken = call.spoken.clone();
    for (segment, text) in &spoken {
        call.synthesise(*segment);
        call.dialogue
            .word_times(*segment, &evenly(text, millis(160), millis(200)));
    }
    let segments = [spoken[0].0, spoken[1].0];
    call.start(segments[0]);
    call.hear(false, 128);
    while call.silenced == 0 {
        call.hear(true, 32);
    }
    (call, segments)
}

fn resuming() -> Script {
    Script {
        resume_after: Some(millis(2_000)),
        ..script()
    }
}

impl Call {
    fn cut_off(&mut self, segment: Option<SegmentId>, played: Duration) {
        self.dialogue.cut_off(self.now, segment, played);
        self.drain();
    }

    fn last_heard(&self) -> Option<&str> {
        let last = self.turns().last()?;
        (last.speaker == Speaker::Agent).then_some(last.text.as_str())
    }
}

#[test]
fn an_answer_cut_after_any_number_of_samples_keeps_just_the_words_sent_and_leaves_the_rest() {
    let sentence = "Please check the cable.";
    for samples in (0..=8_400).step_by(40) {
        let (mut call, [first, _]) = interrupted(resuming());
        call.cut_off(Some(first), RATE.duration_of(samples));

        // A word lasts 1,600 samples, after 1,280 without any; the first word is audible in any case.
        let heard = (samples + 800).saturating_sub(1_280) / 1_600;
        let words: Vec<_> = sentence.split_whitespace().collect();
        let (heard, rest) = words.split_at(heard.min(words.len()));
        let expected = if heard.is_empty() {
            words[0].to_owned()
        } else {
            heard.join(" ")
        };
        assert_eq!(call.last_heard(), Some(expected.as_str()), "{samples}");

        let before = call.spoken.len();
        call.hear(false, 128);
        call.recognise("");
        call.hear(false, 320);
        let rest = rest.join(" ");
        let expected = [rest.as_str(), "Then dial again."];
        let expected = expected.iter().filter(|text| !text.is_empty());
        let resumed = call.spoken[before..].iter().map(|(_, text)| text.as_str());
        assert!(resumed.eq(expected.copied()), "{samples}: {rest:?}");
    }
}

#[test]
fn the_agents_words_are_told_when_the_leg_has_said_what_it_played() {
    let (mut call, [first, _]) = interrupted(script());
    assert_eq!(call.last_heard(), None);
    assert!(call.dialogue.awaits_cut_off());

    call.cut_off(Some(first), millis(500));

    assert_eq!(call.last_heard(), Some("Please check"));
    assert!(!call.dialogue.awaits_cut_off());
}

#[test]
fn a_leg_that_does_not_say_is_waited_for_no_longer_than_60_ms() {
    let (mut call, _) = interrupted(script());
    let due = call.dialogue.deadline();
    assert!(due.since(call.now) <= millis(60));

    call.dialogue.timeout(due);
    call.drain();

    // Less than 500 ms after the first word began to sound, the third had just begun.
    assert_eq!(call.last_heard(), Some("Please check"));
}

#[test]
fn word_of_an_earlier_interruption_settles_nothing() {
    let (mut call, [first, _]) = interrupted(script());
    call.cut_off(None, Duration::ZERO);
    assert_eq!(call.last_heard(), None);
    call.cut_off(Some(SegmentId(99)), millis(500));
    assert_eq!(call.last_heard(), None);
    call.cut_off(Some(first), millis(300));
    assert_eq!(call.last_heard(), Some("Please"));
}

#[test]
fn a_sentence_that_ended_in_the_last_tick_was_heard_whole() {
    let (mut call, [first, second]) = interrupted(script());
    call.dialogue.playback(call.now, Playback::Finished(first));
    call.cut_off(Some(second), millis(20));
    assert_eq!(call.last_heard(), Some("Please check the cable."));
}

#[test]
fn the_pause_before_a_sentence_holds_none_of_its_words() {
    let (mut call, [first, second]) = interrupted(script());
    call.dialogue.playback(call.now, Playback::Finished(first));
    call.dialogue.playback(call.now, Playback::Started(second));
    call.cut_off(Some(second), millis(200));
    assert_eq!(call.last_heard(), Some("Please check the cable."));
}

#[test]
fn keys_that_interrupt_are_answered_when_it_is_known_what_was_heard() {
    let mut call = Call::new(script());
    call.leg_answers = false;
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Press the hash key now.")]);
    let (segment, text) = call.spoken[0].clone();
    call.synthesise(segment);
    call.dialogue
        .word_times(segment, &evenly(&text, Duration::ZERO, millis(100)));
    call.start(segment);
    call.hear(false, 320);
    let asked = call.asked.len();
    let hash = Digit::from_char('#').expect("a key");
    call.dialogue.pressed(call.now, call.now, hash);
    call.drain();
    assert_eq!((call.silenced, call.asked.len()), (1, asked));

    call.cut_off(Some(segment), millis(260));

    let messages = &call.asked.last().expect("asked").1.messages;
    let said: Vec<_> = messages.iter().map(|said| said.content.as_str()).collect();
    assert_eq!(said, ["What do I do?", "Press the hash", "[pressed #]"]);
}

#[test]
fn what_was_played_when_the_far_end_left_is_accounted_for_to_the_word() {
    let (mut call, [first, second]) = interrupted(script());
    call.cut_off(Some(first), millis(500));
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("I did.");
    call.hear(false, 320);
    call.reply(&[Call::text("Then try again.")]);
    let (third, text) = call.spoken.last().cloned().expect("spoken");
    assert_ne!(third, second);
    call.dialogue
        .word_times(third, &evenly(&text, Duration::ZERO, millis(100)));
    call.start(third);
    call.dialogue.close();
    call.dialogue.fall_silent(call.now);
    assert!(call.dialogue.awaits_cut_off());
    call.cut_off(Some(third), millis(170));

    call.dialogue.finish(call.now + millis(900));
    call.drain();

    let texts: Vec<_> = call.transcript().iter().map(|(_, text)| *text).collect();
    assert_eq!(texts[1..], ["Please check", "I did.", "Then try"]);
}

#[test]
fn a_call_that_ends_without_the_legs_word_counts_what_time_allows() {
    let (mut call, _) = interrupted(script());
    call.dialogue.finish(call.now);
    call.drain();
    assert_eq!(call.last_heard(), Some("Please check"));
}
