//! Compiles the C shim around flite and links flite statically, so that the
//! finished program needs nothing of it.

#![allow(
    clippy::print_stdout,
    reason = "a build script speaks to Cargo through its output"
)]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The parts of flite that one English voice needs, each before what it uses.
/// The last is the core, which is linked with its calls to `exit` and `rand` renamed.
const PARTS: [&str; 3] = ["flite_cmu_us_rms", "flite_usenglish", "flite_cmulex"];
const CORE: &str = "flite";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=native");
    for variable in ["FLITE_INCLUDE_DIR", "FLITE_LIB_DIR", "OBJCOPY"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let built = locate().and_then(|(headers, libraries)| build(&headers, &libraries));
    if let Err(problem) = built {
        println!("cargo::error={problem}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The folder that holds `flite/flite.h` and the one that holds the archives.
fn locate() -> Result<(PathBuf, PathBuf), String> {
    let given = |variable: &str| env::var_os(variable).map(PathBuf::from);
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let headers = given("FLITE_INCLUDE_DIR")
        .into_iter()
        .chain(["/usr/include", "/usr/local/include"].map(PathBuf::from))
        .find(|folder| folder.join("flite/flite.h").is_file())
        .ok_or_else(|| missing("the header flite/flite.h"))?;
    let libraries = given("FLITE_LIB_DIR")
        .into_iter()
        .chain([format!("/usr/lib/{architecture}-linux-gnu").into()])
        .chain(["/usr/lib64", "/usr/lib", "/usr/local/lib"].map(PathBuf::from))
        .find(|folder| archive(folder, CORE).is_file())
        .ok_or_else(|| missing("the static library libflite.a"))?;
    for part in PARTS {
        if !archive(&libraries, part).is_file() {
            return Err(missing(&archive(&libraries, part).display().to_string()));
        }
    }
    Ok((headers, libraries))
}

fn missing(what: &str) -> String {
    format!(
        "{what} of the flite speech synthesiser is missing: install flite1-dev or run `make setup`"
    )
}

fn archive(folder: &Path, library: &str) -> PathBuf {
    folder.join(format!("lib{library}.a"))
}

fn build(headers: &Path, libraries: &Path) -> Result<(), String> {
    let out = env::var_os("OUT_DIR")
        .map(PathBuf::from)
        .ok_or("Cargo set no OUT_DIR")?;
    cc::Build::new()
        .files(["native/flite_shim.c", "native/no_sound_card.c"])
        .include(headers)
        .include(headers.join("flite"))
        .std("c11")
        .warnings(true)
        .try_compile("speech_flite_shim")
        .map_err(|error| format!("the shim around flite does not compile: {error}"))?;

    let core = "speech_flite_core";
    let objcopy = env::var_os("OBJCOPY").unwrap_or_else(|| "objcopy".into());
    let status = Command::new(&objcopy)
        .args(["--redefine-sym", "exit=speech_flite_exit"])
        .args(["--redefine-sym", "rand=speech_flite_rand"])
        .arg(archive(libraries, CORE))
        .arg(archive(&out, core))
        .status()
        .map_err(|error| {
            format!(
                "cannot run {}: {error}: install binutils",
                objcopy.display()
            )
        })?;
    if !status.success() {
        return Err(format!(
            "{} could not rewrite libflite.a ({status})",
            objcopy.display()
        ));
    }

    println!("cargo::rustc-link-search=native={}", libraries.display());
    println!("cargo::rustc-link-search=native={}", out.display());
    for part in PARTS {
        println!("cargo::rustc-link-lib=static={part}");
    }
    println!("cargo::rustc-link-lib=static={core}");
    println!("cargo::rustc-link-lib=m");
    Ok(())
}
