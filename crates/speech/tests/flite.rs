//! What flite says, for any text, and that it stops.

mod support;

use std::time::Duration;

use audio::SampleRate;
use speech::{
    Flite, FliteConfig, Recogniser, SpeakRequest, SpeechStream, SpokenWord, StartFliteError,
    SynthesiseError, Synthesiser, Utterance, WordErrors, word_errors,
};
use support::{listen, moonshine, telephone};

const SENTENCE: &str = "Thank you for calling, how can I help you today?";

fn flite(workers: usize, queue: usize) -> Flite {
    Flite::start(&FliteConfig { workers, queue }).expect("flite starts")
}

fn speak(flite: &Flite, text: &str, speed: f32, rate: SampleRate) -> SpeechStream {
    flite.speak(SpeakRequest {
        text: text.to_owned(),
        speed,
        rate,
    })
}

async fn spoken(flite: &Flite, text: &str) -> Vec<i16> {
    listen(speak(flite, text, 1.0, SampleRate::HZ_16000)).await
}

fn duration(samples: &[i16], rate: SampleRate) -> Duration {
    rate.duration_of(samples.len())
}

#[tokio::test]
async fn a_sentence_lasts_as_long_as_a_person_needs_for_it() {
    let flite = flite(1, 1);
    for rate in [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_48000,
    ] {
        let samples = listen(speak(&flite, SENTENCE, 1.0, rate)).await;

        let lasts = duration(&samples, rate);
        assert!(
            (Duration::from_millis(1_800)..Duration::from_millis(3_600)).contains(&lasts),
            "{lasts:?} at {rate}"
        );
        let peak = audio::level::peak(&samples);
        assert!((3_000..32_767).contains(&peak), "peak {peak} at {rate}");
    }
}

#[tokio::test]
async fn speech_begins_and_ends_nearly_without_silence() {
    let flite = flite(1, 1);
    let audible = |sample: &i16| sample.unsigned_abs() >= 328;
    for text in [
        SENTENCE,
        "Yes.",
        "For sure, she said so.",
        "How old is it?",
        "Okay.",
    ] {
        for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
            let samples = listen(speak(&flite, text, 1.0, rate)).await;

            let first = samples.iter().position(audible).expect("audible speech");
            let last = samples.iter().rposition(audible).expect("audible speech");
            let lead = rate.duration_of(first);
            let trail = rate.duration_of(samples.len() - last - 1);
            assert!(
                lead < Duration::from_millis(30),
                "{text:?} at {rate}: {lead:?} of lead"
            );
            assert!(
                trail < Duration::from_millis(160),
                "{text:?} at {rate}: {trail:?} of trail"
            );
        }
    }
}

/// What a stream says, and the words it was said to consist of.
async fn timed(mut stream: SpeechStream) -> (Vec<i16>, Vec<SpokenWord>) {
    let (mut samples, mut words) = (Vec::new(), Vec::new());
    while let Some(chunk) = stream.next().await {
        let news = stream.take_words();
        let late = news.iter().find(|word| word.audio.start < samples.len());
        assert!(late.is_none(), "{late:?} after {} samples", samples.len());
        words.extend(news);
        samples.extend(chunk.expect("speech"));
    }
    (samples, words)
}

#[tokio::test]
async fn every_word_of_a_text_has_its_time_in_order_and_within_the_speech() {
    let flite = flite(1, 1);
    let long = "Well, then it went on and on, for 42 days and €3.50. ".repeat(8);
    for (text, speed, rate) in [
        (SENTENCE, 1.0, SampleRate::HZ_16000),
        (SENTENCE, 0.6, SampleRate::HZ_8000),
        (
            "Dr. Smith owes $12.50 since 10:30 a.m., or 42%.",
            1.5,
            SampleRate::HZ_8000,
        ),
        (
            "“It’s” (Zoë’s) café #1: http://example.com/a?b",
            1.0,
            SampleRate::HZ_48000,
        ),
        (long.as_str(), 1.0, SampleRate::HZ_8000),
    ] {
        let (samples, words) = timed(speak(&flite, text, speed, rate)).await;

        let timed: Vec<_> = words.iter().map(|word| &text[word.text.clone()]).collect();
        let written: Vec<_> = text.split_whitespace().collect();
        assert_eq!(timed, written);
        for (word, next) in words.iter().zip(&words[1..]) {
            assert!(word.audio.start < word.audio.end, "{word:?}");
            assert!(word.audio.end <= next.audio.start, "{word:?} {next:?}");
        }
        let last = words.last().expect("words").audio.end;
        let apart = rate.duration_of(last.abs_diff(samples.len()));
        // The slower the voice, the longer its last sound dies away.
        let most = Duration::from_millis(120).div_f32(speed);
        assert!(apart < most, "{text:?}: {apart:?}");
    }
}

#[tokio::test]
async fn words_sound_where_their_times_say() {
    let flite = flite(1, 1);
    for (speed, rate) in [
        (1.0, SampleRate::HZ_8000),
        (1.0, SampleRate::HZ_16000),
        (0.7, SampleRate::HZ_8000),
    ] {
        let text = "Four, eight, nine, two, eleven, one.";
        let (samples, words) = timed(speak(&flite, text, speed, rate)).await;

        let frame = rate.samples_in(Duration::from_millis(5));
        let sounds = |at: usize| {
            let begin = at * frame;
            let piece = &samples[begin..(begin + frame).min(samples.len())];
            audio::level::peak(piece) >= 500
        };
        let frames = samples.len() / frame;
        let (mut ends, mut begins) = (Vec::new(), Vec::new());
        let mut quiet_since = 0;
        for at in 0..frames {
            if sounds(at) {
                // A closure within a word is shorter than the pauses between them.
                if (at - quiet_since) * 5 > 90 {
                    ends.push(quiet_since * frame);
                    begins.push(at * frame);
                }
                quiet_since = at + 1;
            }
        }
        ends.push(quiet_since * frame);
        assert_eq!(
            ends.len(),
            words.len(),
            "pauses between all words at {speed}"
        );
        let away = |sample: usize, other: usize| rate.duration_of(sample.abs_diff(other));
        for (word, end) in words.iter().zip(ends) {
            let away = away(word.audio.end, end);
            println!("{speed} {:?} ends {away:?} away", &text[word.text.clone()]);
            assert!(away < Duration::from_millis(80), "{word:?} ends at {end}");
        }
        for (word, begin) in words[1..].iter().zip(begins) {
            let away = away(word.audio.start, begin);
            println!(
                "{speed} {:?} begins {away:?} away",
                &text[word.text.clone()]
            );
            assert!(
                away < Duration::from_millis(80),
                "{word:?} begins at {begin}"
            );
        }
    }
}

#[tokio::test]
async fn the_recogniser_understands_what_is_said() {
    let (flite, moonshine) = (flite(2, 8), moonshine(2, 8));
    let (mut wide, mut phone) = (WordErrors::default(), WordErrors::default());
    for text in [
        "Thank you for calling the support line, how can I help you today?",
        "I can see that your internet connection has been slow since Monday.",
        "Please restart the router, and wait about two minutes.",
        "Our office is open from nine in the morning until five in the afternoon.",
        "Your order was sent yesterday and should arrive on Thursday.",
        "I am sorry, I did not understand that. Could you say it again?",
        "Is there anything else that I can do for you?",
        "Goodbye, and have a nice day.",
    ] {
        let samples = spoken(&flite, text).await;
        let utterance = Utterance {
            samples,
            rate: SampleRate::HZ_16000,
        };
        let on_the_phone = telephone(&utterance);
        let heard = moonshine.recognise(utterance).await.expect("recognition");
        wide += word_errors(text, &heard.text);
        let heard = moonshine
            .recognise(on_the_phone)
            .await
            .expect("recognition");
        phone += word_errors(text, &heard.text);
        println!("{text:?} is heard on the phone as {:?}", heard.text);
    }
    println!(
        "wide band {:.1} %, phone {:.1} %",
        wide.rate() * 100.0,
        phone.rate() * 100.0
    );
    assert!(wide.rate() <= 0.15, "wide band: {wide:?}");
    assert!(phone.rate() <= 0.15, "phone: {phone:?}");
}

#[tokio::test]
async fn speed_changes_the_duration_and_is_held_within_its_limits() {
    let flite = flite(1, 1);
    let mut lasts = Vec::new();
    for speed in [0.1, 0.5, 1.0, 2.0, 7.0, f32::NAN] {
        let samples = listen(speak(&flite, SENTENCE, speed, SampleRate::HZ_8000)).await;
        lasts.push(samples.len() as f64);
    }

    let [slowest, slow, normal, fast, fastest, unknown] = lasts[..] else {
        panic!("six durations");
    };
    assert!((1.7..2.3).contains(&(slow / normal)), "{}", slow / normal);
    assert!((0.4..0.6).contains(&(fast / normal)), "{}", fast / normal);
    assert!((slowest / slow - 1.0).abs() < 0.05, "{slowest} {slow}");
    assert!((fastest / fast - 1.0).abs() < 0.05, "{fastest} {fast}");
    assert!((unknown / normal - 1.0).abs() < 0.05, "{unknown} {normal}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_at_the_same_time_do_not_disturb_each_other() {
    let flite = flite(4, 8);
    let texts = [
        SENTENCE,
        "Your order has been sent.",
        "One, two, three, four, five, six, seven.",
        "Could you please repeat that?",
    ];
    let mut alone = Vec::new();
    for text in texts {
        alone.push(spoken(&flite, text).await.len());
    }
    let [a, b, c, d] = texts.map(|text| spoken(&flite, text));

    let (a, b, c, d) = tokio::join!(a, b, c, d);

    // Excitation is random, so the trimmed silences differ by a little.
    for (together, alone) in [a, b, c, d].iter().zip(alone) {
        assert!(
            together.len().abs_diff(alone) < 800,
            "{} {alone}",
            together.len()
        );
    }
}

#[tokio::test]
async fn a_text_without_anything_to_say_gives_no_sound_and_no_error() {
    let flite = flite(1, 1);
    for text in [
        "",
        " \n\t",
        "👍🎉",
        "\u{0}\u{7}\u{1b}",
        "?!...",
        "***",
        "你好",
        "((((((",
        "-",
    ] {
        assert!(spoken(&flite, text).await.is_empty(), "{text:?}");
    }
}

#[tokio::test]
async fn odd_texts_are_spoken() {
    let flite = flite(2, 4);
    for text in [
        "Great 👍 news!",
        "a\u{0}b\u{1b}[31mred\u{7f}",
        "It’s “quoted” — naïve café…",
        "$1,234.56 at 10:30 a.m. on 3/4/2025, 50% off",
        "http://user:pass@example.com:8080/a/b?c=d&e=f#g",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "99999999999999999999999999999999999999999999999999999999999999999999",
        "bcdfghjklmnpqrstvwxz'''''s.......,,,,,,;;;;;(((((x)))))",
        "(a",
        "1",
        "'s",
        "<speak><break time='10s'/>Hello</speak>",
    ] {
        assert!(!spoken(&flite, text).await.is_empty(), "{text:?}");
    }
}

#[tokio::test]
async fn a_text_of_ten_thousand_characters_is_spoken_to_its_end() {
    let flite = flite(2, 4);
    let text = "This sentence is repeated until the text is very long. ".repeat(182);
    assert!(text.len() > 10_000);
    let sentence = spoken(
        &flite,
        "This sentence is repeated until the text is very long.",
    )
    .await;

    let mut stream = speak(&flite, &text, 2.0, SampleRate::HZ_8000);
    let mut samples = 0;
    while let Some(chunk) = stream.next().await {
        samples += chunk.expect("speech").len();
    }

    let least = sentence.len() / 4 * 182 * 9 / 10;
    assert!(
        samples > least,
        "{samples} samples, at least {least} expected"
    );
}

#[tokio::test]
async fn ten_thousand_characters_without_a_space_are_spoken() {
    let flite = flite(2, 4);
    for text in ["x".repeat(10_000), "7".repeat(10_000)] {
        let mut stream = speak(&flite, &text, 2.0, SampleRate::HZ_8000);
        for _ in 0..400 {
            let chunk = stream.next().await.expect("there is more to say");
            assert!(!chunk.expect("speech").is_empty());
        }
    }
}

/// Asks for speech until the queue refuses it, and returns the streams that
/// were taken and the one that was not, with its error.
async fn fill(flite: &Flite) -> (Vec<SpeechStream>, SpeechStream, SynthesiseError) {
    let text = format!("{SENTENCE} ").repeat(5);
    let mut taken = Vec::new();
    loop {
        let mut stream = speak(flite, &text, 0.5, SampleRate::HZ_16000);
        let first = tokio::select! {
            biased;
            first = stream.next() => first,
            () = std::future::ready(()) => None,
        };
        if let Some(Err(error)) = first {
            return (taken, stream, error);
        }
        taken.push(stream);
    }
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_how_many_wait() {
    let flite = flite(1, 3);

    let (_taken, mut refused, error) = fill(&flite).await;

    assert!(
        matches!(error, SynthesiseError::Busy { waiting: 3 }),
        "{error}"
    );
    assert!(
        refused.next().await.is_none(),
        "nothing comes after an error"
    );
}

#[tokio::test]
async fn dropped_streams_give_their_places_back() {
    let flite = flite(1, 3);
    let (taken, ..) = fill(&flite).await;

    drop(taken);

    let streams = [(); 3].map(|()| speak(&flite, "Yes.", 1.0, SampleRate::HZ_16000));
    for stream in streams {
        assert!(!listen(stream).await.is_empty());
    }
}

#[tokio::test]
async fn a_stream_outlives_its_synthesiser_only_with_an_error() {
    let flite = flite(1, 4);
    let mut in_work = speak(
        &flite,
        &format!("{SENTENCE} ").repeat(20),
        1.0,
        SampleRate::HZ_16000,
    );
    assert!(in_work.next().await.is_some_and(|chunk| chunk.is_ok()));

    drop(flite);

    let mut last = None;
    while let Some(chunk) = in_work.next().await {
        last = Some(chunk);
    }
    assert!(matches!(last, Some(Err(SynthesiseError::Stopped))));
}

#[test]
fn a_synthesiser_without_workers_or_queue_is_refused() {
    for (workers, queue) in [(0, 1), (1, 0)] {
        let error = Flite::start(&FliteConfig { workers, queue }).err();
        assert!(matches!(error, Some(StartFliteError::Nothing)), "{error:?}");
    }
}
