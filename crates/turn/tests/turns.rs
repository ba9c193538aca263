//! The turn machine in virtual time: windows of 32 ms, one after the other.

use std::time::Duration;

use audio::Moment;
use proptest::prelude::*;
use turn::{AgentState, Attempt, Completeness, Effect, Ended, Machine, Settings, Window};

const WINDOW: Duration = Duration::from_millis(32);

/// Settings under which nothing is begun ahead.
fn quiet_settings() -> Settings {
    Settings {
        speculate: false,
        min_interruption_duration: Duration::from_millis(300),
        ..Settings::default()
    }
}

struct Bench {
    machine: Machine,
    now: Moment,
    articulated: f32,
    unbroken: Duration,
    articulated_before: Duration,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        Self {
            machine: Machine::new(settings),
            now: Moment::ZERO,
            articulated: 1.0,
            unbroken: WINDOW,
            articulated_before: Duration::ZERO,
        }
    }

    fn hear(&mut self, probability: f32, millis: u64) -> Vec<Effect> {
        let end = self.now + Duration::from_millis(millis);
        while self.now < end {
            self.now = self.now + WINDOW;
            let window = Window {
                at: self.now,
                duration: WINDOW,
                probability,
                audible_until: (probability > 0.3).then_some(self.now),
                articulated: self.articulated,
                unbroken: self.unbroken,
                articulated_before: self.articulated_before,
            };
            self.machine.window(self.now, window);
        }
        self.effects()
    }

    fn speak(&mut self, millis: u64) -> Vec<Effect> {
        self.hear(0.95, millis)
    }

    fn pause(&mut self, millis: u64) -> Vec<Effect> {
        self.hear(0.02, millis)
    }

    fn recognise(&mut self, attempt: Attempt, text: &str) -> Vec<Effect> {
        self.machine.recognised(self.now, attempt, text);
        self.effects()
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::iter::from_fn(|| self.machine.poll()).collect()
    }
}

fn decode_in(effects: &[Effect]) -> Attempt {
    effects
        .iter()
        .find_map(|effect| {
            if let Effect::Decode(attempt) = effect {
                Some(*attempt)
            } else {
                None
            }
        })
        .expect("a decode was asked for")
}

/// Whether all that was decided is that it was no turn.
fn is_dismissed(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Dismissed(_)])
}

fn end_in(effects: &[Effect]) -> Option<Ended> {
    effects.iter().find_map(|effect| {
        if let Effect::TurnEnded(ended) = effect {
            Some(*ended)
        } else {
            None
        }
    })
}

#[test]
fn a_finished_sentence_ends_the_turn_at_the_minimum_delay() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(1_000);
    let spoken_until = bench.now;
    let attempt = decode_in(&bench.pause(128));
    assert_eq!(bench.recognise(attempt, "How old is the bridge?"), []);
    let ended = end_in(&bench.pause(320)).expect("the turn ended");
    assert_eq!(ended.attempt, attempt);
    assert_eq!(ended.last_voiced, spoken_until);
    assert!(ended.recognised);
    let waited = ended.decided.since(spoken_until);
    assert!(waited >= Duration::from_millis(300) && waited <= Duration::from_millis(332));
}

#[test]
fn an_unfinished_sentence_waits_for_the_maximum_delay() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(1_000);
    let spoken_until = bench.now;
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, "My number is");
    assert_eq!(bench.pause(1_280), []);
    let ended = end_in(&bench.pause(200)).expect("the turn ended");
    assert!(ended.decided.since(spoken_until) >= Duration::from_millis(1_500));
}

#[test]
fn a_recogniser_that_never_answers_cannot_hold_the_turn_longer_than_the_maximum() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(1_000);
    let ended = end_in(&bench.pause(1_600)).expect("the turn ended");
    assert!(!ended.recognised);
}

#[test]
fn the_deadline_names_the_moment_of_the_decision_between_two_windows() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(640);
    let spoken_until = bench.now;
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, "Yes.");
    assert_eq!(bench.pause(160), []);
    let deadline = bench.machine.deadline().expect("a decision is due");
    assert_eq!(deadline, spoken_until + Duration::from_millis(300));
    bench.machine.timeout(deadline);
    assert_eq!(
        end_in(&bench.effects()).expect("the turn ended").decided,
        deadline
    );
}

#[test]
fn a_pause_that_was_not_heard_yet_is_no_pause() {
    let mut bench = Bench::new(quiet_settings());
    let lag = Duration::from_millis(1_200);
    for index in 1..=60 {
        bench.now = bench.now + WINDOW;
        let probability = if index % 20 == 0 { 0.02 } else { 0.95 };
        let window = Window {
            at: bench.now,
            duration: WINDOW,
            probability,
            audible_until: Some(bench.now),
            articulated: 1.0,
            unbroken: WINDOW,
            articulated_before: Duration::ZERO,
        };
        bench.machine.window(bench.now + lag, window);
        bench.machine.timeout(bench.now + lag);
        let due = bench.machine.deadline();
        assert!(
            due.is_none_or(|due| due > bench.now + lag),
            "the driver would spin"
        );
    }
    let effects = bench.effects();
    assert!(
        effects
            .iter()
            .all(|effect| !matches!(effect, Effect::Decode(_))),
        "{effects:?}"
    );
}

#[test]
fn a_caller_who_goes_on_supersedes_the_decode_and_keeps_the_turn() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(1_000);
    let first = decode_in(&bench.pause(128));
    assert_eq!(bench.speak(500), [Effect::Superseded(first)]);
    assert_eq!(bench.recognise(first, "Too late."), []);
    let second = decode_in(&bench.pause(128));
    assert!(second > first);
    bench.recognise(second, "I went there yesterday.");
    assert_eq!(
        end_in(&bench.pause(320)).expect("the turn ended").attempt,
        second
    );
}

#[test]
fn a_long_turn_is_settled_at_its_pauses() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(6_000);
    let first = decode_in(&bench.pause(128));
    bench.recognise(first, "It began on Monday and");
    bench.pause(200);
    assert_eq!(bench.speak(1_000), [Effect::Settle(first)]);
}

#[test]
fn what_is_settled_counts_when_the_rest_is_weighed() {
    let ends_with = |rest: &str| {
        let mut bench = Bench::new(quiet_settings());
        bench.speak(6_000);
        let first = decode_in(&bench.pause(128));
        bench.recognise(first, "Although it took a while.");
        bench.pause(200);
        bench.speak(1_000);
        let last = decode_in(&bench.pause(128));
        bench.recognise(last, rest);
        let ended = end_in(&bench.pause(1_600)).expect("the turn ended");
        ended.evidence.words
    };
    let fragment = Some(Completeness::Fragment);
    assert_eq!(ends_with("Engraved in wood."), fragment);
    assert_ne!(ends_with("In the end, they did it."), fragment);
}

#[test]
fn a_burst_shorter_than_the_minimum_is_no_speech() {
    let mut bench = Bench::new(quiet_settings());
    assert_eq!(bench.speak(32), []);
    assert_eq!(bench.pause(2_000), []);
}

#[test]
fn sound_without_words_is_dismissed() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(500);
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, " ");
    assert!(is_dismissed(&bench.pause(320)));
}

#[test]
fn a_dismissal_says_when_it_fell_and_what_it_rests_on() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(500);
    let spoken_until = bench.now;
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, " ");
    bench.machine.judged(bench.now, attempt, 0.25);
    let effects = bench.pause(320);
    let [Effect::Dismissed(ended)] = effects[..] else {
        panic!("it is dismissed: {effects:?}");
    };
    assert_eq!(ended.last_voiced, spoken_until);
    assert!(ended.decided > spoken_until);
    assert_eq!(ended.evidence.words, Some(Completeness::Wordless));
    assert_eq!(ended.evidence.sound, Some(0.25));
}

#[test]
fn speech_over_the_agent_interrupts_it_once_it_has_lasted_long_enough() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    assert!(!bench.speak(224).contains(&Effect::Interrupt));
    assert_eq!(bench.speak(96), [Effect::Interrupt]);
    assert_eq!(bench.speak(1_000), []);
}

#[test]
fn a_short_sound_of_agreement_does_not_interrupt_and_is_dismissed() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.speak(192);
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, "Yeah.");
    assert!(is_dismissed(&bench.pause(320)));
}

#[test]
fn a_short_answer_into_the_last_words_of_the_agent_counts_when_the_agent_has_finished() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    bench.speak(192);
    bench.machine.agent_is(AgentState::Silent);
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, "Yes.");
    assert!(end_in(&bench.pause(320)).is_some());
}

#[test]
fn an_agent_that_may_not_be_interrupted_goes_on() {
    let settings = Settings {
        allow_interruptions: false,
        ..quiet_settings()
    };
    let mut bench = Bench::new(settings);
    bench.machine.agent_is(AgentState::Speaking);
    assert!(!bench.speak(3_000).contains(&Effect::Interrupt));
}

#[test]
fn an_answer_that_is_not_audible_yet_is_dropped_when_the_caller_goes_on() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Thinking);
    assert!(bench.speak(64).contains(&Effect::Interrupt));
}

#[test]
fn probabilities_between_the_thresholds_keep_the_previous_judgement() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(320);
    assert_eq!(bench.hear(0.4, 2_000), []);
    assert!(bench.machine.caller_has_turn());
}

#[test]
fn an_answer_is_begun_as_soon_as_the_words_promise_an_end() {
    let mut bench = Bench::new(Settings::default());
    bench.speak(1_000);
    let attempt = decode_in(&bench.pause(128));
    assert_eq!(
        bench.recognise(attempt, "How old is the bridge?"),
        [Effect::Speculate(attempt)]
    );
    let effects = bench.pause(320);
    assert_eq!(effects.len(), 1, "{effects:?}");
    assert!(end_in(&effects).is_some());
}

#[test]
fn no_answer_is_begun_for_words_that_call_for_more() {
    let mut bench = Bench::new(Settings::default());
    bench.speak(1_000);
    let attempt = decode_in(&bench.pause(128));
    assert_eq!(bench.recognise(attempt, "My number is"), []);
}

#[test]
fn an_answer_is_begun_three_times_a_turn_at_most() {
    let mut bench = Bench::new(Settings::default());
    let mut begun = 0;
    for _ in 0..6 {
        bench.speak(500);
        let attempt = decode_in(&bench.pause(128));
        let effects = bench.recognise(attempt, "I went there.");
        begun += effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Speculate(_)))
            .count();
    }
    assert_eq!(begun, 3);
}

#[test]
fn a_turn_that_sounds_unfinished_waits_longer_than_its_words_ask_for() {
    let waited = |sound: Option<f32>| {
        let mut bench = Bench::new(quiet_settings());
        bench.speak(1_000);
        let until = bench.now;
        let attempt = decode_in(&bench.pause(128));
        bench.recognise(attempt, "I would like a pizza.");
        if let Some(sound) = sound {
            bench.machine.judged(bench.now, attempt, sound);
        }
        let ended = end_in(&bench.pause(1_600)).expect("the turn ended");
        assert_eq!(ended.evidence.sound, sound);
        ended.decided.since(until)
    };
    assert!(waited(None) <= Duration::from_millis(340));
    assert!(waited(Some(0.05)) >= Duration::from_millis(500));
}

#[test]
fn a_caller_who_pauses_long_within_turns_is_waited_for() {
    let mut bench = Bench::new(quiet_settings());
    for _ in 0..3 {
        bench.speak(500);
        let attempt = decode_in(&bench.pause(128));
        bench.recognise(attempt, "And then");
        bench.pause(480);
    }
    bench.speak(500);
    let until = bench.now;
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, "I went home.");
    let ended = end_in(&bench.pause(1_000)).expect("the turn ended");
    assert!(ended.evidence.own_pauses.is_some());
    assert!(ended.decided.since(until) >= Duration::from_millis(600));
}

#[test]
fn the_sound_that_dies_away_after_the_voice_belongs_to_the_turn() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(1_000);
    let tail = Window {
        at: bench.now + WINDOW,
        duration: WINDOW,
        probability: 0.02,
        audible_until: Some(bench.now + WINDOW / 2),
        articulated: 0.0,
        unbroken: WINDOW,
        articulated_before: Duration::ZERO,
    };
    bench.now = tail.at;
    bench.machine.window(bench.now, tail);
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, "How old is the bridge?");
    let ended = end_in(&bench.pause(320)).expect("the turn ended");
    assert_eq!(Some(ended.last_voiced), tail.audible_until);
    assert_eq!(ended.last_window, tail.at);
}

#[test]
fn a_hum_does_not_interrupt_the_agent() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    bench.articulated = 0.0;
    assert!(!bench.speak(900).contains(&Effect::Interrupt));
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, "Mm-hmm.");
    assert!(is_dismissed(&bench.pause(320)));
}

#[test]
fn a_word_interrupts_that_is_articulated_at_its_end_alone() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    bench.articulated = 0.0;
    assert!(!bench.speak(256).contains(&Effect::Interrupt));
    bench.articulated = 1.0;
    assert!(!bench.speak(96).contains(&Effect::Interrupt));
    assert!(bench.speak(32).contains(&Effect::Interrupt));
}

#[test]
fn the_sound_before_the_detector_noticed_it_counts() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    bench.unbroken = WINDOW * 3;
    assert!(!bench.speak(224).contains(&Effect::Interrupt));
    assert!(bench.speak(32).contains(&Effect::Interrupt));
}

#[test]
fn a_sure_voice_behind_a_consonant_interrupts_with_its_first_window() {
    let first = |probability| {
        let mut bench = Bench::new(Settings {
            min_interruption_duration: Duration::from_millis(90),
            ..quiet_settings()
        });
        bench.machine.agent_is(AgentState::Speaking);
        bench.pause(1_000);
        bench.unbroken = WINDOW * 3;
        bench.articulated_before = WINDOW;
        bench.hear(probability, 32).contains(&Effect::Interrupt)
    };
    assert!(first(0.98));
    assert!(!first(0.9));
}

#[test]
fn the_words_in_the_sound_before_count_as_well() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    bench.unbroken = WINDOW * 3;
    bench.articulated = 0.2;
    assert!(!bench.speak(320).contains(&Effect::Interrupt));
    bench.pause(1_600);
    bench.articulated_before = WINDOW * 2;
    assert!(bench.speak(320).contains(&Effect::Interrupt));
}

#[test]
fn words_that_the_detector_hesitates_at_count_while_the_agent_speaks() {
    let begins = |articulated, agent| {
        let mut bench = Bench::new(quiet_settings());
        bench.machine.agent_is(agent);
        bench.pause(1_000);
        bench.articulated = articulated;
        let started = |effect: &Effect| matches!(effect, Effect::SpeechStarted(_));
        bench.hear(0.4, 320).iter().any(started)
    };
    assert!(begins(1.0, AgentState::Speaking));
    assert!(!begins(0.8, AgentState::Speaking));
    assert!(!begins(1.0, AgentState::Silent));
}

#[test]
fn sounds_with_pauses_between_do_not_add_up_to_an_interruption() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    for _ in 0..4 {
        assert!(!bench.speak(192).contains(&Effect::Interrupt));
        bench.pause(160);
    }
    assert!(bench.speak(320).contains(&Effect::Interrupt));
}

#[test]
fn an_interruption_of_mere_agreement_is_dismissed() {
    let mut bench = Bench::new(quiet_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    assert!(bench.speak(480).contains(&Effect::Interrupt));
    bench.machine.agent_is(AgentState::Silent);
    let attempt = decode_in(&bench.pause(128));
    bench.recognise(attempt, "Yeah, okay.");
    assert!(is_dismissed(&bench.pause(320)));
}

/// How much speech it takes to stop an agent that began to be heard `before` ago.
fn stops_after(settings: Settings, before: u64) -> u64 {
    let mut bench = Bench::new(settings);
    bench.pause(1_000);
    bench.machine.agent_is(AgentState::Speaking);
    bench.machine.agent_begins(bench.now);
    bench.pause(before);
    let mut spoken = 0;
    while spoken < 2_000 {
        spoken += 32;
        if bench.speak(32).contains(&Effect::Interrupt) {
            break;
        }
    }
    spoken
}

#[test]
fn the_agent_yields_sooner_when_both_have_begun() {
    for settings in [Settings::default(), quiet_settings()] {
        let least = settings.min_interruption_duration.as_millis() as u64;
        assert_eq!(stops_after(settings.clone(), 160), 64);
        assert_eq!(stops_after(settings, 640), least.next_multiple_of(32));
    }
}

#[test]
fn no_words_are_counted_when_both_have_begun() {
    assert_eq!(stops_after(counting_settings(), 160), 64);
    assert_eq!(stops_after(counting_settings(), 640), 2_016);
}

#[test]
fn an_agent_that_is_not_heard_yet_has_not_begun() {
    let mut bench = Bench::new(Settings::default());
    bench.machine.agent_is(AgentState::Speaking);
    assert!(!bench.speak(64).contains(&Effect::Interrupt));
    bench.machine.agent_begins(bench.now);
    assert!(bench.speak(32).contains(&Effect::Interrupt));
}

#[test]
fn a_hum_at_the_agents_first_word_does_not_stop_it() {
    let mut bench = Bench::new(Settings::default());
    bench.machine.agent_is(AgentState::Speaking);
    bench.machine.agent_begins(bench.now);
    bench.articulated = 0.0;
    assert!(!bench.speak(900).contains(&Effect::Interrupt));
}

#[test]
fn where_words_are_asked_for_speech_alone_does_not_interrupt() {
    let settings = Settings {
        words_to_interrupt: 2,
        ..quiet_settings()
    };
    let mut bench = Bench::new(settings);
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    let effects = bench.speak(800);
    assert!(!effects.contains(&Effect::Interrupt), "{effects:?}");
    let probe = decode_in(&effects);
    assert_eq!(bench.recognise(probe, "Wait"), []);
    let probe = decode_in(&bench.speak(400));
    assert_eq!(bench.recognise(probe, "Wait a moment"), [Effect::Interrupt]);
}

/// Settings under which two words stop the agent.
fn counting_settings() -> Settings {
    Settings {
        words_to_interrupt: 2,
        ..quiet_settings()
    }
}

#[test]
fn a_short_interruption_whose_words_are_known_in_its_pause_stops_the_agent() {
    let mut bench = Bench::new(counting_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    bench.speak(384);
    let attempt = decode_in(&bench.pause(128));
    assert_eq!(bench.recognise(attempt, "No, stop."), [Effect::Interrupt]);
    bench.machine.agent_is(AgentState::Silent);
    let effects = bench.pause(320);
    assert!(end_in(&effects).is_some(), "{effects:?}");
}

#[test]
fn the_words_of_an_interruption_count_that_are_known_just_after_it() {
    let mut bench = Bench::new(counting_settings());
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    let probe = decode_in(&bench.speak(384));
    assert_eq!(bench.pause(32), []);
    assert_eq!(bench.recognise(probe, "No, stop"), [Effect::Interrupt]);
}

#[test]
fn too_few_words_or_mere_agreement_do_not_stop_the_agent_in_a_pause_either() {
    for text in ["Stop.", "Yeah, okay."] {
        let mut bench = Bench::new(counting_settings());
        bench.machine.agent_is(AgentState::Speaking);
        bench.pause(1_000);
        bench.speak(384);
        let attempt = decode_in(&bench.pause(128));
        assert_eq!(bench.recognise(attempt, text), []);
        assert!(is_dismissed(&bench.pause(320)));
    }
}

#[test]
fn words_do_not_stop_an_agent_that_may_not_be_interrupted() {
    let settings = Settings {
        allow_interruptions: false,
        ..counting_settings()
    };
    let mut bench = Bench::new(settings);
    bench.machine.agent_is(AgentState::Speaking);
    bench.pause(1_000);
    bench.speak(384);
    let attempt = decode_in(&bench.pause(128));
    assert_eq!(bench.recognise(attempt, "No, stop."), []);
}

#[test]
fn the_pause_is_counted_from_the_last_sound_and_not_from_the_detectors_last_window() {
    let mut bench = Bench::new(quiet_settings());
    bench.speak(960);
    let until = bench.now;
    for _ in 0..3 {
        bench.now = bench.now + WINDOW;
        let window = Window {
            at: bench.now,
            duration: WINDOW,
            probability: 0.6,
            audible_until: None,
            articulated: 0.0,
            unbroken: WINDOW,
            articulated_before: Duration::ZERO,
        };
        bench.machine.window(bench.now, window);
    }
    let attempt = decode_in(&bench.pause(32));
    bench.recognise(attempt, "It is over.");
    let ended = end_in(&bench.pause(320)).expect("the turn ended");
    assert_eq!(ended.last_voiced, until);
    assert!(ended.decided.since(until) <= Duration::from_millis(332));
}

proptest! {
    #[test]
    fn every_turn_ends_no_later_than_the_maximum_delay_after_its_last_voiced_window(
        windows in prop::collection::vec(0.0_f32..1.0, 1..400),
        answers in prop::collection::vec(prop::option::of("[a-z ]{0,12}[.?]?"), 1..40),
    ) {
        let settings = quiet_settings();
        let maximum = settings.max_endpointing_delay + WINDOW;
        let mut bench = Bench::new(settings);
        let mut answers = answers.into_iter().cycle();
        for probability in windows.into_iter().chain(std::iter::repeat_n(0.0, 60)) {
            let effects = bench.hear(probability, 32);
            for effect in effects {
                match effect {
                    Effect::Decode(attempt) => {
                        if let Some(Some(text)) = answers.next() {
                            for effect in bench.recognise(attempt, &text) {
                                prop_assert!(!matches!(effect, Effect::Decode(_)));
                            }
                        }
                    }
                    Effect::TurnEnded(ended) => {
                        prop_assert!(ended.started < ended.last_voiced);
                        prop_assert!(ended.decided.since(ended.last_voiced) <= maximum);
                    }
                    Effect::SpeechStarted(_)
                    | Effect::Superseded(_)
                    | Effect::Settle(_)
                    | Effect::Speculate(_)
                    | Effect::Interrupt
                    | Effect::Dismissed(_) => {}
                }
            }
        }
        prop_assert!(!bench.machine.caller_has_turn());
    }
}
