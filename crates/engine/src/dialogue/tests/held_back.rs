//! Answers that are kept back, cut off, or said of the agent's own accord.

use super::*;
use crate::script::{Filler, SilencePrompt};

fn speculating() -> Script {
    let mut script = script();
    script.turn.speculate = true;
    script
}

pub(super) fn resuming() -> Script {
    Script {
        resume_after: Some(Duration::from_secs(2)),
        ..script()
    }
}

/// The caller says `text`, falls silent, and its words are known before the turn is over.
fn caller_pauses_after(call: &mut Call, text: &str) {
    call.hear(true, 960);
    call.hear(false, 128);
    call.recognise(text);
}

#[test]
fn an_answer_is_composed_out_of_earshot_and_heard_when_the_turn_is_over() {
    let mut call = Call::new(speculating());
    caller_pauses_after(&mut call, "Do you open on Sunday?");
    assert_eq!(call.asked.len(), 1);
    assert!(call.held);
    call.reply(&[Call::text("We do.")]);
    assert_eq!(call.spoken.len(), 1);
    assert!(
        call.turns().next().is_none(),
        "nobody has decided anything yet"
    );
    call.hear(false, 320);
    assert!(!call.held);
    assert_eq!(call.asked.len(), 1, "the model is not asked twice");
    let decided = call.now;
    call.play_from(0);
    let latency = call.latencies()[0].clone();
    assert_eq!(latency.speculation.tries, 1);
    assert_eq!(latency.speculation.used, 1);
    assert!(latency.speculation.saved_ms > 0);
    let texts: Vec<_> = call.turns().map(|turn| turn.text.clone()).collect();
    assert_eq!(texts, ["Do you open on Sunday?", "We do."]);
    assert!(call.now > decided);
}

#[test]
fn an_answer_to_half_a_turn_is_thrown_away_unheard_and_counted() {
    let mut call = Call::new(speculating());
    caller_pauses_after(&mut call, "I have a question.");
    let first = call.asked[0].0;
    call.dialogue
        .reply_part(call.now, first, Call::text("Which one, please? "));
    call.drain();
    call.hear(true, 640);
    assert_eq!(call.cancelled, [first]);
    assert!(!call.held);
    call.hear(false, 128);
    call.recognise("I have a question. Do you open on Sunday?");
    call.hear(false, 320);
    call.reply(&[Call::text("We do.")]);
    let last = call.spoken.len() - 1;
    call.play_from(last);
    let latency = call.latencies()[0].clone();
    assert_eq!(latency.speculation.tries, 2);
    assert_eq!(latency.speculation.wasted, 1);
    assert_eq!(latency.speculation.wasted_tokens, 3);
    let agent: Vec<_> = call
        .turns()
        .filter(|turn| turn.speaker == Speaker::Agent)
        .collect();
    assert_eq!(agent.len(), 1);
    assert_eq!(agent[0].text, "We do.");
}

#[test]
fn an_answer_that_is_stopped_before_its_first_sound_counts_as_wasted() {
    let mut call = Call::new(speculating());
    caller_pauses_after(&mut call, "I have a question.");
    call.reply(&[Call::text("Which one, please?")]);
    call.hear(false, 320);
    assert!(!call.held, "it was released");
    call.hear(true, 640);
    assert_eq!(call.silenced, 1);
    call.hear(false, 128);
    call.recognise("Do you open on Sunday?");
    call.reply(&[Call::text("We do.")]);
    call.hear(false, 320);
    let last = call.spoken.len() - 1;
    call.play_from(last);
    let tally = call.latencies()[0].speculation;
    assert_eq!((tally.tries, tally.used, tally.wasted), (2, 1, 1));
    assert_eq!((tally.used_tokens, tally.wasted_tokens), (2, 3));
}

#[test]
fn answers_that_are_always_stopped_before_their_first_sound_use_up_the_budget() {
    let mut call = Call::new(speculating());
    caller_pauses_after(&mut call, "I have a question.");
    assert!(call.held, "one is begun ahead");
    for _ in 0..40 {
        call.hear(false, 320);
        call.hear(true, 640);
        caller_pauses_after(&mut call, "I have a question.");
    }
    assert!(!call.held, "none is begun any more");
}

#[test]
fn an_answer_that_failed_out_of_earshot_is_asked_for_again() {
    let mut call = Call::new(speculating());
    caller_pauses_after(&mut call, "Do you open on Sunday?");
    let first = call.asked[0].0;
    call.dialogue.reply_ended(call.now, first, Ok(()));
    call.drain();
    call.hear(false, 320);
    assert_eq!(call.asked.len(), 2);
    assert!(!call.held);
}

/// The agent has begun to say two sentences and is stopped by a noise after the first second.
pub(super) fn stopped_by_a_noise(script: Script) -> Call {
    let mut call = Call::new(script);
    call.caller_says("What do I do?");
    call.reply(&[Call::text("Please check the cable. Then dial again.")]);
    let segments: Vec<_> = call.spoken.iter().map(|(segment, _)| *segment).collect();
    for segment in &segments {
        call.synthesise(*segment);
    }
    call.start(segments[0]);
    call.hear(false, 480);
    call.hear(true, 352);
    assert_eq!(call.silenced, 1);
    call
}

#[test]
fn after_an_interruption_without_words_the_agent_goes_on_where_it_was() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.spoken.len();
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 320);
    let rest: Vec<_> = call.spoken[before..]
        .iter()
        .map(|(_, text)| text.clone())
        .collect();
    assert_eq!(rest, ["cable.", "Then dial again."]);
    let heard = call.turns().last().expect("the agent's turn");
    assert_eq!(heard.text, "Please check the");
}

/// What was ordered to be said after the first `before` sentences.
pub(super) fn said_since(call: &Call, before: usize) -> Vec<&str> {
    let since = call.spoken[before..].iter();
    since.map(|(_, text)| text.as_str()).collect()
}

#[test]
fn the_agent_goes_on_after_a_sound_however_long_it_was() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.spoken.len();
    call.hear(true, 4_000);
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 320);
    assert_eq!(said_since(&call, before), ["cable.", "Then dial again."]);
}

#[test]
fn the_agent_goes_on_when_a_slow_recogniser_finds_no_words() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.spoken.len();
    call.hear(false, 1_700);
    assert_eq!(said_since(&call, before), [""; 0]);
    call.recognise("");
    assert_eq!(said_since(&call, before), ["cable.", "Then dial again."]);
    assert_eq!(call.asked.len(), 1);
}

#[test]
fn a_sound_that_nobody_recognises_in_time_counts_as_one_without_words() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.spoken.len();
    let end_of_sound = call.now;
    call.hear(false, 1_700);
    assert_eq!(said_since(&call, before), [""; 0]);
    let due = call.dialogue.deadline();
    assert_eq!(due, end_of_sound + Duration::from_secs(2));
    call.now = due;
    call.dialogue.timeout(due);
    call.drain();
    assert_eq!(said_since(&call, before), ["cable.", "Then dial again."]);
}

#[test]
fn words_that_are_known_only_after_the_agent_went_on_are_answered_all_the_same() {
    let mut call = stopped_by_a_noise(resuming());
    call.hear(false, 1_700);
    call.now = call.dialogue.deadline();
    call.dialogue.timeout(call.now);
    call.drain();
    call.recognise("Which cable?");
    assert_eq!(call.silenced, 2);
    assert_eq!(call.last_asked(), "Which cable?");
}

#[test]
fn words_that_are_still_being_weighed_keep_the_agent_silent() {
    let mut script = resuming();
    script.turn.max_endpointing_delay = Duration::from_secs(5);
    let mut call = stopped_by_a_noise(script);
    let before = call.spoken.len();
    call.hear(false, 128);
    call.recognise("I want to");
    for _ in 0..100 {
        call.hear(false, 32);
        call.dialogue.timeout(call.now);
        call.drain();
    }
    assert_eq!(said_since(&call, before), [""; 0]);
}

#[test]
fn mere_agreement_that_is_recognised_late_lets_the_agent_go_on() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.spoken.len();
    call.hear(false, 1_700);
    call.recognise("Yeah, okay.");
    assert_eq!(said_since(&call, before), ["cable.", "Then dial again."]);
}

#[test]
fn two_sounds_in_a_row_stop_the_agent_no_longer_than_one() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.spoken.len();
    call.hear(false, 1_700);
    call.hear(true, 96);
    call.hear(false, 1_700);
    let sounds = call.attempts.len();
    call.recognise_attempt(sounds - 2, "");
    call.recognise_attempt(sounds - 1, "");
    assert_eq!(said_since(&call, before), ["cable.", "Then dial again."]);
}

#[test]
fn a_goodbye_that_a_noise_cuts_off_in_its_last_word_still_ends_the_call() {
    let mut call = Call::new(resuming());
    call.caller_says("That is all.");
    call.reply(&[Call::text("Bye."), Call::end_call()]);
    let segment = call.spoken[0].0;
    call.synthesise(segment);
    call.start(segment);
    call.hear(false, 960);
    call.hear(true, 352);
    assert_eq!(call.silenced, 1);
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 320);
    assert!(call.hung_up.is_some());
}

#[test]
fn after_an_interruption_with_words_it_does_not_go_on() {
    let mut call = stopped_by_a_noise(resuming());
    let before = call.spoken.len();
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("Which cable?");
    call.hear(false, 320);
    assert_eq!(call.spoken.len(), before);
    assert_eq!(call.last_asked(), "Which cable?");
}

fn resuming_and_speculating() -> Script {
    Script {
        resume_after: Some(Duration::from_secs(2)),
        ..speculating()
    }
}

#[test]
fn a_caller_who_interrupts_is_answered_ahead_while_the_agent_may_still_go_on() {
    let mut call = stopped_by_a_noise(resuming_and_speculating());
    let before = call.asked.len();
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("Which cable?");
    assert_eq!(call.asked.len(), before + 1);
    assert!(call.held);
    let conversation = &call.asked[before].1.messages;
    let said: Vec<_> = conversation
        .iter()
        .map(|one| one.content.as_str())
        .collect();
    assert_eq!(said, ["What do I do?", "Please check the", "Which cable?"]);
    let spoken = call.spoken.len();
    call.reply(&[Call::text("The blue one.")]);
    call.hear(false, 320);
    assert!(!call.held);
    assert_eq!(call.asked.len(), before + 1, "the model is not asked twice");
    assert_eq!(said_since(&call, spoken), ["The blue one."]);
    call.play_from(spoken);
    let tally = call.latencies().last().expect("an answer").speculation;
    assert_eq!((tally.tries, tally.used), (1, 1));
}

#[test]
fn what_an_interruption_is_answered_ahead_is_thrown_away_when_the_caller_goes_on() {
    let mut call = stopped_by_a_noise(resuming_and_speculating());
    call.hear(true, 640);
    call.hear(false, 128);
    call.recognise("I have a question.");
    let ahead = call.asked.last().expect("asked").0;
    call.hear(true, 640);
    assert_eq!(call.cancelled, [ahead]);
    assert!(!call.held);
    call.hear(false, 128);
    call.recognise("I have a question. Which cable?");
    call.hear(false, 320);
    assert_eq!(call.last_asked(), "I have a question. Which cable?");
}

#[test]
fn mere_agreement_that_stops_the_agent_is_not_answered_ahead() {
    let mut call = stopped_by_a_noise(resuming_and_speculating());
    let (asked, spoken) = (call.asked.len(), call.spoken.len());
    call.hear(false, 128);
    call.recognise("Yeah, okay.");
    assert_eq!(call.asked.len(), asked);
    call.hear(false, 320);
    assert_eq!(said_since(&call, spoken), ["cable.", "Then dial again."]);
}

#[test]
fn an_agent_that_is_not_to_go_on_stays_silent() {
    let mut call = stopped_by_a_noise(script());
    let before = call.spoken.len();
    call.hear(false, 128);
    call.recognise("");
    call.hear(false, 320);
    assert_eq!(call.spoken.len(), before);
}

#[test]
fn a_silent_caller_is_asked_as_often_as_it_is_set_and_then_hung_up_on() {
    let mut call = Call::new(Script {
        silence_timeout: Duration::from_secs(30),
        silence_prompt: Some(SilencePrompt {
            message: "Are you still there?".to_owned(),
            interval: Duration::from_secs(10),
            most: 2,
        }),
        ..script()
    });
    let mut asked = Vec::new();
    while call.hung_up.is_none() && call.now < Moment::from_millis(60_000) {
        let before = call.spoken.len();
        call.hear(false, 32);
        call.dialogue.timeout(call.now);
        call.drain();
        if call.spoken.len() > before {
            asked.push((call.now.as_millis() / 1_000, call.spoken[before].1.clone()));
            call.play_from(before);
        }
    }
    let prompts: Vec<_> = asked.iter().map(|(at, _)| *at).collect();
    assert_eq!(prompts, [10, 20, 30], "{asked:?}");
    assert_eq!(asked[0].1, "Are you still there?");
    assert_eq!(asked[2].1, "Good bye.");
    assert!(call.hung_up.is_some());
}

#[test]
fn a_question_that_is_being_asked_when_the_silence_is_over_does_not_begin_it_anew() {
    let mut call = Call::new(Script {
        silence_timeout: Duration::from_secs(15),
        silence_prompt: Some(SilencePrompt {
            message: "Are you still there?".to_owned(),
            interval: Duration::from_millis(4_900),
            most: 9,
        }),
        ..script()
    });
    let mut said = Vec::new();
    while call.hung_up.is_none() && call.now < Moment::from_millis(60_000) {
        call.now = call.now.max(call.dialogue.deadline());
        call.dialogue.timeout(call.now);
        call.drain();
        if let Some((segment, text)) = call.spoken.pop() {
            said.push((call.now.as_millis(), text));
            call.start(segment);
            for _ in 0..20 {
                call.hear(false, 32);
                call.dialogue.timeout(call.now);
                call.drain();
            }
            let end = Playback::Finished(segment);
            call.dialogue.synthesised(call.now, segment, WINDOW * 20);
            call.dialogue.playback(call.now, end);
            call.drain();
        }
    }
    let moments: Vec<_> = said.iter().map(|(at, _)| *at).collect();
    assert_eq!(moments, [4_900, 9_800, 14_700, 15_340], "{said:?}");
    assert_eq!(said[3].1, "Good bye.");
}

#[test]
fn a_slow_model_is_bridged_once() {
    let mut call = Call::new(Script {
        filler: Some(Filler {
            message: "One moment.".to_owned(),
            after: Duration::from_secs(1),
        }),
        ..script()
    });
    call.caller_says("What is my balance?");
    for _ in 0..60 {
        call.hear(false, 32);
        call.dialogue.timeout(call.now);
        call.drain();
    }
    let spoken: Vec<_> = call.spoken.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(spoken, ["One moment."]);
    call.reply(&[Call::text("It is ten dollars.")]);
    assert_eq!(call.spoken.last().expect("spoken").1, "It is ten dollars.");
}

/// The model is so slow that a filler has been played, and still says nothing.
fn bridged(script: Script) -> Call {
    let mut call = Call::new(Script {
        filler: Some(Filler {
            message: "One moment.".to_owned(),
            after: Duration::from_secs(1),
        }),
        ..script
    });
    call.caller_says("What is my balance?");
    while call.spoken.is_empty() {
        call.hear(false, 32);
        call.dialogue.timeout(call.now);
        call.drain();
    }
    let segment = call.spoken[0].0;
    call.synthesise(segment);
    call.start(segment);
    call.now = call.now + Duration::from_secs(1);
    call.dialogue
        .playback(call.now, Playback::Finished(segment));
    call.drain();
    call
}

#[test]
fn a_filler_does_not_hide_how_slow_the_model_is() {
    let mut call = bridged(script());
    assert!(call.latencies().is_empty(), "the model has still to speak");
    call.hear(false, 640);
    call.reply(&[Call::text("It is ten dollars.")]);
    let latency = call.latencies()[0].clone();
    let part = |name: &str| {
        let mut items = latency.items.iter();
        let item = items.find(|item| item.name == name);
        item.map(|item| item.duration_ms)
    };
    let waited = part("filler_wait").expect("an item of its own");
    assert!((1_000.0..1_100.0).contains(&waited), "{latency:?}");
    assert_eq!(part("model_first_token"), None);
    assert_eq!(part("sentence_split"), None);
    assert!(latency.unattributed_ms < 1.0, "{latency:?}");
    assert!(latency.model_first_token_ms >= Some(2_500), "{latency:?}");
    call.play_from(1);
    assert_eq!(call.latencies().len(), 1);
}

#[test]
fn the_agent_thinks_again_when_a_filler_was_played() {
    let mut call = bridged(script());
    call.hear(true, 96);
    assert_eq!(call.cancelled.len(), 1, "the caller goes on");
}

#[test]
fn a_noise_after_a_filler_does_not_lose_the_callers_question() {
    for script in [script(), resuming()] {
        let mut call = bridged(script);
        call.hear(true, 96);
        call.hear(false, 128);
        call.recognise("");
        call.hear(false, 320);
        assert_eq!(call.last_asked(), "What is my balance?");
        call.reply(&[Call::text("It is ten dollars.")]);
        assert_eq!(call.spoken.last().expect("spoken").1, "It is ten dollars.");
    }
}

#[test]
fn two_noises_after_a_filler_do_not_lose_it_either() {
    let mut call = bridged(resuming());
    for _ in 0..2 {
        call.hear(true, 96);
        call.hear(false, 128);
        call.recognise("");
        call.hear(false, 320);
    }
    assert_eq!(call.last_asked(), "What is my balance?");
    call.reply(&[Call::text("It is ten dollars.")]);
    assert_eq!(call.spoken.last().expect("spoken").1, "It is ten dollars.");
}

#[test]
fn a_model_that_fails_without_a_word_has_no_first_token() {
    let mut call = Call::new(script());
    call.caller_says("What is my balance?");
    call.now = call.now + Duration::from_secs(2);
    call.reply(&[]);
    call.play_from(0);
    let latency = call.latencies()[0].clone();
    assert_eq!(latency.model_first_token_ms, None);
    let mut items = latency.items.iter();
    let model = items.find(|item| item.name == "model_first_token");
    assert!(
        model.expect("an item").duration_ms >= 2_000.0,
        "{latency:?}"
    );
}

#[test]
fn the_way_of_the_callers_last_sound_is_told_step_by_step() {
    let mut call = Call::new(script());
    call.behind = [12, 3, 5].map(Duration::from_millis);
    caller_pauses_after(&mut call, "Do you open on Sunday?");
    call.hear(false, 320);
    call.reply(&[Call::text("We do.")]);
    call.play_from(0);
    let latency = call.latencies()[0].clone();
    for (name, expected) in [("jitter_buffer", 12.0), ("decode", 3.0), ("detection", 5.0)] {
        let mut items = latency.items.iter();
        let item = items.find(|item| item.name == name).expect(name);
        assert_eq!(item.duration_ms, expected, "{name}");
    }
    assert!(latency.unattributed_ms < 1.0, "{latency:?}");
}

#[test]
fn the_parts_of_a_wait_add_up_to_it() {
    for script in [script(), speculating()] {
        let mut call = Call::new(script);
        caller_pauses_after(&mut call, "Do you open on Sunday?");
        call.hear(false, 320);
        call.reply(&[Call::text("We do.")]);
        call.play_from(0);
        let latency = call.latencies()[0].clone();
        let parts: f64 = latency.items.iter().map(|item| item.duration_ms).sum();
        let whole = latency.voiced_to_audible_ms as f64;
        assert!(
            (parts + latency.unattributed_ms - whole).abs() < 1.0,
            "{latency:?}"
        );
        assert!(latency.unattributed_ms < 1.0, "{latency:?}");
        assert!(latency.evidence.is_some());
    }
}

#[test]
fn a_greeting_yields_in_its_first_words_to_a_caller_who_begins_at_once() {
    let stops_after = |before: u64| {
        let mut call = Call::new(Script {
            first_message: Some("Hello, this is support.".to_owned()),
            turn: turn::Settings::default(),
            ..script()
        });
        call.now = call.now + Duration::from_secs(10);
        let segment = call.spoken[0].0;
        call.synthesise(segment);
        call.start(segment);
        call.hear(false, before);
        let mut spoken = 0;
        while call.silenced == 0 && spoken < 1_000 {
            call.hear(true, 32);
            spoken += 32;
        }
        spoken
    };
    let at_once = stops_after(160);
    let later = stops_after(640);
    assert!(at_once < later && later <= 160, "{at_once} {later} ms");
}
