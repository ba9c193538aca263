//! A failed load leaves the process able to load the right file. Alone in its
//! own test program, because the first library that loads stays.

use std::fs;
use std::path::Path;

use onnx::{LoadRuntimeError, Runtime};

#[test]
fn a_file_that_is_no_library_is_refused_by_name_and_a_good_one_loads_afterwards() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let broken = folder.path().join("libonnxruntime.so");
    fs::write(&broken, b"not a library").expect("writable temporary folder");
    let library =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/libonnxruntime.so.1.32.0");

    let error = Runtime::load(&broken).expect_err("not a library");

    assert!(matches!(error, LoadRuntimeError::Unusable { .. }));
    assert!(error.to_string().contains("libonnxruntime.so"), "{error}");
    Runtime::load(&library).expect("runtime library (make setup)");
}
