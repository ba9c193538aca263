//! Links libopus statically, so that the finished program needs nothing of it.
//!
//! The bindings ask for whatever `-lopus` finds, which is the shared library.
//! The whole archive comes before it here and leaves it nothing to provide, and
//! the linker drops a shared library that provides nothing.

#![allow(
    clippy::print_stdout,
    reason = "a build script speaks to Cargo through its output"
)]

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = match pkg_config::get_variable("opus", "libdir") {
        Ok(folder) => PathBuf::from(folder),
        Err(problem) => {
            println!(
                "cargo::error=libopus is missing: install libopus-dev or run `make setup` ({problem})"
            );
            return ExitCode::FAILURE;
        }
    };
    if folder.join("libopus.a").is_file() {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:+whole-archive=opus");
        println!("cargo::rustc-link-lib=m");
    }
    ExitCode::SUCCESS
}
