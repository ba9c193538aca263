//! What criterion measured, as JSON for programs.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;
use std::{env, fs, io};

use serde_json::{Map, Value, json};

/// Where criterion keeps its results, if it is told.
const HOME: &str = "CRITERION_HOME";

/// Runs `benches`, which read criterion's arguments themselves. With `--json FILE` among
/// the arguments they are run by another process of this program, without it, and the
/// file gets what they measured, by the benchmarks' names, in nanoseconds.
pub fn run(benches: fn()) -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let Some(place) = arguments.iter().position(|argument| argument == "--json") else {
        benches();
        return ExitCode::SUCCESS;
    };
    let file = arguments
        .drain(place..arguments.len().min(place + 2))
        .nth(1);
    let file = PathBuf::from(file.expect("expected a file after --json"));
    let program = env::current_exe().expect("a program knows its own path");
    let home = env::var_os(HOME).map_or_else(|| results(&program), PathBuf::from);
    let began = SystemTime::now();
    let status = Command::new(program)
        .args(arguments)
        .env(HOME, &home)
        .status()
        .expect("this program starts once more");
    let estimates = json!({ "nanoseconds": newer(&home, began).expect("results are read") });
    fs::write(file, format!("{estimates:#}\n")).expect("the file can be written");
    ExitCode::from(u8::from(!status.success()))
}

/// Beside the folder of the profile that the program was built with.
fn results(program: &Path) -> PathBuf {
    let target = program
        .ancestors()
        .nth(3)
        .unwrap_or_else(|| Path::new("target"));
    target.join("criterion")
}

/// What was measured since `began`, in the folder and those in it.
fn newer(folder: &Path, began: SystemTime) -> io::Result<Map<String, Value>> {
    let mut all = Map::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let estimates = path.join("estimates.json");
        let is_new = path.ends_with("new")
            && estimates.is_file()
            && fs::metadata(&estimates)?.modified()? >= began;
        if is_new {
            let name = read(&path.join("benchmark.json"))?["full_id"].clone();
            let estimates = read(&estimates)?;
            let figure = |of: &str| estimates[of]["point_estimate"].clone();
            let figures = json!({ "mean": figure("mean"), "median": figure("median") });
            all.insert(name.as_str().unwrap_or_default().to_owned(), figures);
        }
        all.append(&mut newer(&path, began)?);
    }
    Ok(all)
}

fn read(file: &Path) -> io::Result<Value> {
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_since_is_found_under_its_name() {
        let folder = env::temp_dir().join(format!("estimates-{}", std::process::id()));
        let new = folder.join("codec").join("encode").join("new");
        fs::create_dir_all(&new).expect("a folder");
        let estimates = r#"{"mean":{"point_estimate":7.5},"median":{"point_estimate":7.0}}"#;
        fs::write(new.join("estimates.json"), estimates).expect("a file");
        let benchmark = r#"{"full_id":"codec/encode"}"#;
        fs::write(new.join("benchmark.json"), benchmark).expect("a file");
        let found = newer(&folder, SystemTime::UNIX_EPOCH).expect("results");
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        let none = newer(&folder, later).expect("results");
        fs::remove_dir_all(&folder).expect("the folder is removed");
        assert_eq!(found["codec/encode"], json!({ "mean": 7.5, "median": 7.0 }));
        assert!(none.is_empty());
    }
}
