//! Moonshine on recorded speech, and its queue.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use audio::SampleRate;
use onnx::LoadModelError;
use speech::{
    Moonshine, MoonshineConfig, RecogniseError, Recogniser, Recognition, StartMoonshineError,
    Utterance, WordErrors, word_errors,
};
use support::{Row, english, moonshine, project, runtime, telephone};
use tokio::task::JoinHandle;

/// Word errors over the wide band and over a telephone line.
#[allow(clippy::print_stdout, reason = "the figures are what one runs it for")]
async fn compare(rows: &[Row]) -> (WordErrors, WordErrors) {
    let moonshine = moonshine(2, 4);
    let (mut wide, mut phone) = (WordErrors::default(), WordErrors::default());
    for row in rows {
        let utterance = row.utterance();
        let on_the_phone = telephone(&utterance);
        let (wide_answer, phone_answer) = tokio::join!(
            moonshine.recognise(utterance),
            moonshine.recognise(on_the_phone)
        );
        let (wide_answer, phone_answer) = (
            wide_answer.expect("recognition"),
            phone_answer.expect("recognition"),
        );
        let wide_errors = word_errors(&row.transcript, &wide_answer.text);
        let phone_errors = word_errors(&row.transcript, &phone_answer.text);
        println!(
            "{}: {} wide, {} phone, of {} words: {}",
            row.file.display(),
            wide_errors.errors,
            phone_errors.errors,
            wide_errors.words,
            wide_answer.text
        );
        wide += wide_errors;
        phone += phone_errors;
    }
    for (band, errors) in [("wide band", wide), ("8 kHz mu-law", phone)] {
        let WordErrors {
            errors: wrong,
            words,
        } = errors;
        println!(
            "{band}: {wrong} of {words} words wrong, {:.1} %",
            errors.rate() * 100.0
        );
    }
    (wide, phone)
}

#[tokio::test]
async fn the_projects_recordings_are_understood() {
    let mut rows = english(&project("fixtures")).expect("the project's fixtures");
    rows.retain(|row| !row.synthesised);
    assert!(rows.len() > 10);

    let (wide, phone) = compare(&rows).await;

    assert!(wide.rate() <= 0.08, "wide band: {wide:?}");
    assert!(phone.rate() <= 0.15, "8 kHz mu-law: {phone:?}");
}

#[tokio::test]
async fn a_mixed_collection_of_speakers_is_understood() {
    let Some(rows) = english(&project("../shared/fixtures")) else {
        println!("skipped: the folder ../shared/fixtures with more recordings is absent");
        return;
    };

    let (wide, phone) = compare(&rows).await;

    assert!(wide.rate() <= 0.08, "wide band: {wide:?}");
    assert!(phone.rate() <= 0.15, "8 kHz mu-law: {phone:?}");
}

#[tokio::test]
async fn what_is_too_short_to_hold_a_word_gives_an_empty_text() {
    let moonshine = moonshine(1, 1);
    for (count, rate) in [
        (0, SampleRate::HZ_16000),
        (1, SampleRate::HZ_8000),
        (799, SampleRate::HZ_8000),
        (1_599, SampleRate::HZ_16000),
    ] {
        let samples = (0..count)
            .map(|index| (index * 7_919 % 20_011 - 10_000) as i16)
            .collect();

        let recognition = moonshine
            .recognise(Utterance { samples, rate })
            .await
            .expect("recognition");

        assert_eq!(recognition.text, "", "{count} samples at {rate}");
    }
}

#[tokio::test]
async fn audio_longer_than_the_model_hears_at_once_is_understood_whole() {
    let moonshine = moonshine(1, 1);
    let mut rows = english(&project("fixtures")).expect("the project's fixtures");
    rows.retain(|row| {
        let name = row.file.display().to_string();
        ["vm-msginstruct", "vm-review", "agent-alreadyon"]
            .iter()
            .any(|one| name.contains(one))
    });
    let pause = vec![0; 8_000];
    let (mut samples, mut said) = (Vec::new(), String::new());
    for row in &rows {
        samples.extend(row.utterance().samples);
        samples.extend_from_slice(&pause);
        said += &format!("{} ", row.transcript);
    }
    assert!(samples.len() > 25 * 16_000, "{} samples", samples.len());

    let recognition = moonshine
        .recognise(Utterance {
            samples,
            rate: SampleRate::HZ_16000,
        })
        .await
        .expect("recognition");

    let errors = word_errors(&said, &recognition.text);
    assert!(errors.rate() <= 0.10, "{errors:?}: {}", recognition.text);
}

/// A minute of speech, which keeps a worker busy for a second or more.
fn a_minute() -> Utterance {
    let rows = english(&project("fixtures")).expect("the project's fixtures");
    let long = rows
        .iter()
        .find(|row| row.file.ends_with("ast_en_vm-msginstruct.wav"));
    let mut utterance = long.expect("the long recording").utterance();
    utterance.samples = utterance.samples.repeat(4);
    utterance
}

fn short() -> Utterance {
    Utterance {
        samples: vec![0; 100],
        rate: SampleRate::HZ_8000,
    }
}

type Task = JoinHandle<Result<Recognition, RecogniseError>>;

/// A task that has asked for recognition; it is finished if that was refused.
async fn ask(moonshine: &Arc<Moonshine>, utterance: Utterance) -> Task {
    let moonshine = Arc::clone(moonshine);
    let task = tokio::spawn(async move { moonshine.recognise(utterance).await });
    tokio::task::yield_now().await;
    task
}

/// Asks for long work until the queue refuses it, and returns what it took and
/// how it refused.
async fn fill(moonshine: &Arc<Moonshine>) -> (Vec<Task>, RecogniseError) {
    let utterance = a_minute();
    let mut taken = Vec::new();
    loop {
        let task = ask(moonshine, utterance.clone()).await;
        if task.is_finished() {
            let answer = task.await.expect("no panic");
            return (taken, answer.expect_err("nothing is done so soon"));
        }
        taken.push(task);
    }
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_how_many_wait() {
    let moonshine = Arc::new(moonshine(1, 2));

    let (taken, refused) = fill(&moonshine).await;

    assert!(
        matches!(refused, RecogniseError::Busy { waiting: 2 }),
        "{refused}"
    );
    assert!(
        taken.len() <= 3,
        "one in work and two that wait, not {}",
        taken.len()
    );
    taken.iter().for_each(Task::abort);
}

#[tokio::test]
async fn a_cancelled_utterance_gives_its_place_in_the_queue_back() {
    let moonshine = Arc::new(moonshine(1, 1));
    let (mut taken, _) = fill(&moonshine).await;
    let waiting = taken.pop().expect("one that waits");

    waiting.abort();
    assert!(waiting.await.is_err_and(|error| error.is_cancelled()));

    let task = ask(&moonshine, short()).await;
    taken.iter().for_each(Task::abort);
    let recognition = task
        .await
        .expect("no panic")
        .expect("taken in the place that is free");
    assert_eq!(recognition.text, "");
}

#[test]
fn a_missing_file_is_named_together_with_the_command_that_brings_it() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let source = project("models/moonshine-tiny-en");
    let start = |folder: &Path| {
        let folder = folder.to_owned();
        Moonshine::start(
            &runtime(),
            &MoonshineConfig {
                folder,
                workers: 1,
                queue: 1,
            },
        )
        .err()
    };
    for file in [
        "tokenizer.bin",
        "encoder_model.ort",
        "decoder_model_merged.ort",
    ] {
        let error = start(folder.path()).expect("a file is missing");

        assert!(
            matches!(
                error,
                StartMoonshineError::Model(LoadModelError::Missing { .. })
            ),
            "{error}"
        );
        let message = error.to_string();
        assert!(
            message.contains(file) && message.contains("make setup"),
            "{message}"
        );
        fs::copy(source.join(file), folder.path().join(file)).expect("writable folder");
    }
    assert!(start(folder.path()).is_none(), "with all files it starts");
}

#[test]
fn a_tokenizer_of_another_model_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let source = project("models/moonshine-tiny-en");
    for file in ["encoder_model.ort", "decoder_model_merged.ort"] {
        fs::copy(source.join(file), folder.path().join(file)).expect("writable folder");
    }
    fs::write(folder.path().join("tokenizer.bin"), [1, b'a', 1, b'b']).expect("writable folder");
    let config = MoonshineConfig {
        folder: folder.path().to_owned(),
        workers: 1,
        queue: 1,
    };

    let error = Moonshine::start(&runtime(), &config)
        .err()
        .expect("two tokens");

    assert!(error.to_string().contains("tokenizer.bin"), "{error}");
}

#[test]
fn a_recogniser_without_workers_or_queue_is_refused() {
    let folder = project("models/moonshine-tiny-en");
    for (workers, queue) in [(0, 1), (1, 0)] {
        let config = MoonshineConfig {
            folder: folder.clone(),
            workers,
            queue,
        };
        let error = Moonshine::start(&runtime(), &config).err();
        assert!(
            matches!(error, Some(StartMoonshineError::Nothing)),
            "{error:?}"
        );
    }
}
