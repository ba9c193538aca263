//! Which voice detector a node listens with.

use std::path::Path;

use onnx::Runtime;
use vad::{Backend, LineDetector, LoadDetectorError, LoadKernelError, Settings};

/// Loads the detector: in the project's own code, or in ONNX Runtime if the
/// file is another network than that code computes.
pub(crate) fn load(runtime: &Runtime, model: &Path) -> Result<LineDetector, LoadDetectorError> {
    let load = |settings| LineDetector::load(runtime, model, settings);
    match load(Settings::default()) {
        Err(LoadDetectorError::Kernel(error @ LoadKernelError::Graph { .. })) => {
            tracing::warn!(%error, "voice detection will take several times the processor time");
            load(Settings {
                backend: Backend::Onnx,
                ..Settings::default()
            })
        }
        loaded => loaded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(path)
    }

    fn runtime() -> Runtime {
        Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup")
    }

    #[test]
    fn the_model_of_the_project_is_computed_by_its_own_code() {
        let model = project("models/silero_vad_op18_ifless.onnx");

        let detector = load(&runtime(), &model).expect("make setup");

        assert_eq!(detector.backend(), Backend::Kernel);
    }

    #[test]
    fn a_model_with_another_activation_is_left_to_onnx_runtime() {
        let mut model =
            std::fs::read(project("models/silero_vad_op18_ifless.onnx")).expect("make setup");
        for place in 0..model.len() - 4 {
            if &model[place..place + 4] == b"Tanh" {
                model[place..place + 4].copy_from_slice(b"Relu");
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, model).expect("a file");

        let detector = load(&runtime(), &path).expect("an ONNX model");

        assert_eq!(detector.backend(), Backend::Onnx);
    }

    #[test]
    fn a_missing_model_is_not_looked_for_twice() {
        let error = load(&runtime(), Path::new("/nowhere/silero.onnx")).expect_err("no such file");

        assert!(error.to_string().contains("make setup"), "{error}");
    }
}
