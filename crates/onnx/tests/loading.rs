//! Loading the library and models, and the errors an operator meets.

use std::fs;
use std::path::{Path, PathBuf};

use onnx::{LoadModelError, LoadRuntimeError, Runtime};

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/libonnxruntime.so.1.32.0")
}

fn silero() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/silero_vad_op18_ifless.onnx")
}

#[test]
fn a_missing_library_is_named_together_with_the_command_that_brings_it() {
    let error = Runtime::load(Path::new("/nowhere/libonnxruntime.so.1")).expect_err("no such file");

    assert!(matches!(error, LoadRuntimeError::Missing { .. }));
    let message = error.to_string();
    assert!(
        message.contains("/nowhere/libonnxruntime.so.1"),
        "{message}"
    );
    assert!(message.contains("make setup"), "{message}");
}

#[test]
fn loading_twice_gives_the_same_library() {
    let first = Runtime::load(&library()).expect("runtime library (make setup)");
    let second = Runtime::load(&library()).expect("runtime library (make setup)");

    assert_eq!(first.library(), second.library());
}

#[test]
fn a_second_copy_of_the_library_is_refused() {
    Runtime::load(&library()).expect("runtime library (make setup)");
    let folder = tempfile::tempdir().expect("temporary folder");
    let copy = folder.path().join("libonnxruntime.so");
    fs::copy(library(), &copy).expect("writable temporary folder");

    let error = Runtime::load(&copy).expect_err("one library per process");

    assert!(
        matches!(error, LoadRuntimeError::AlreadyLoaded { .. }),
        "{error}"
    );
}

#[test]
fn a_model_opens_with_its_inputs() {
    let runtime = Runtime::load(&library()).expect("runtime library (make setup)");

    let session = runtime.session(&silero()).expect("model file (make setup)");

    let mut names: Vec<_> = session.inputs().iter().map(|input| input.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["input", "sr", "state"]);
}

#[test]
fn a_missing_model_is_named_together_with_the_command_that_brings_it() {
    let runtime = Runtime::load(&library()).expect("runtime library (make setup)");

    let error = runtime
        .session(Path::new("/nowhere/model.onnx"))
        .expect_err("no such file");

    assert!(matches!(error, LoadModelError::Missing { .. }));
    let message = error.to_string();
    assert!(message.contains("/nowhere/model.onnx"), "{message}");
    assert!(message.contains("make setup"), "{message}");
}

#[test]
fn a_truncated_model_is_refused_by_name() {
    let runtime = Runtime::load(&library()).expect("runtime library (make setup)");
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("half.onnx");
    let whole = fs::read(silero()).expect("model file (make setup)");
    fs::write(&path, &whole[..whole.len() / 2]).expect("writable temporary folder");

    let error = runtime.session(&path).expect_err("half a model");

    assert!(matches!(error, LoadModelError::Unusable { .. }));
    assert!(error.to_string().contains("half.onnx"), "{error}");
}
