//! Every input of every corpus is read as fuzzing left it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fuzz_targets::{Seed, Target, Verdict, seeds};

/// Octets that a corpus may have.
const LIMIT: usize = 200 * 1_024;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

fn corpus(target: Target) -> Vec<Seed> {
    let folder = folder().join(target.name());
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let read = |path: PathBuf| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let input = fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        (name, input)
    };
    let mut corpus: Vec<_> = files.flatten().map(|file| read(file.path())).collect();
    corpus.sort();
    corpus
}

/// Runs the target with each input, and gives the verdicts; panics with the names
/// of those that it does not survive.
fn replay(target: Target, inputs: &[Seed]) -> Vec<Verdict> {
    let run = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| target.run(input)));
    let (mut verdicts, mut failed) = (Vec::new(), Vec::new());
    for (name, input) in inputs {
        match run(input) {
            Ok(verdict) => verdicts.push(verdict),
            Err(_) => failed.push(name),
        }
    }
    assert!(failed.is_empty(), "{} fails with {failed:?}", target.name());
    verdicts
}

#[test]
fn no_target_fails_with_an_input_of_its_corpus() {
    for target in Target::ALL {
        let verdicts = replay(target, &corpus(target));
        for verdict in [Verdict::Accepted, Verdict::Refused] {
            let name = target.name();
            assert!(
                verdicts.contains(&verdict),
                "{name} has no input {verdict:?}"
            );
        }
    }
}

#[test]
fn no_target_fails_with_a_seed_and_those_as_they_were_sent_are_accepted() {
    for target in Target::ALL {
        let seeds = seeds(target);
        let verdicts = replay(target, &seeds);
        for ((name, _), verdict) in seeds.iter().zip(verdicts) {
            let foreign = target == Target::Sdp;
            let whole = !name.contains("changed") && !foreign;
            assert!(
                !whole || verdict == Verdict::Accepted,
                "{} {name}",
                target.name()
            );
        }
    }
}

#[test]
fn no_target_fails_with_nothing_or_with_the_longest_datagram_of_one_octet() {
    for target in Target::ALL {
        assert_eq!(target.run(&[]), Verdict::Refused, "{}", target.name());
        for octet in [0, 0x80, 0xFF] {
            target.run(&vec![octet; 65_507]);
        }
    }
}

#[test]
fn every_corpus_is_small_and_has_a_target() {
    for target in Target::ALL {
        let size: usize = corpus(target).iter().map(|(_, input)| input.len()).sum();
        assert!(size <= LIMIT, "{} has {size} octets", target.name());
    }
    let names = Target::ALL.map(Target::name);
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(
            names.contains(&name.as_str()),
            "no target has the corpus {name}"
        );
    }
}

#[test]
fn every_target_has_a_binary() {
    let binaries = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz_targets");
    for target in Target::ALL {
        let binary = binaries.join(target.name()).with_extension("rs");
        assert!(binary.is_file(), "{binary:?} is missing");
    }
}
