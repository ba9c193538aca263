//! What was answered to whom, noted down for the test that looks for statuses which no test saw.
//!
//! Tests are processes of their own, so each notes in a file of its own in the folder that
//! `SEEN_STATUSES` names; without it nothing is noted.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use axum::http::{Method, StatusCode};

/// A request and its status.
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: String,
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("SEEN_STATUSES").map(PathBuf::from)
}

pub(crate) fn note(method: &Method, path: &str, status: StatusCode) {
    let Some(folder) = folder() else { return };
    let file = folder.join(std::process::id().to_string());
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .unwrap();
    // One write, so that lines of threads do not mix.
    let line = format!("{method} {} {path}\n", status.as_u16());
    file.write_all(line.as_bytes()).unwrap();
}

/// All that was noted.
pub(crate) fn read() -> Vec<Seen> {
    let folder = folder().expect("SEEN_STATUSES names the folder of what was seen");
    let mut seen = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines() {
            let mut parts = line.splitn(3, ' ');
            let mut part = || parts.next().unwrap().to_owned();
            let (method, status, path) = (part(), part(), part());
            seen.push(Seen {
                method,
                path,
                status,
            });
        }
    }
    seen
}

impl Seen {
    /// Whether its path is one of this path of the document. What another path of the document,
    /// which are `all`, has as a word of its own in the place of a parameter is no value of it.
    pub(crate) fn is_at(&self, documented: &str, all: &[String]) -> bool {
        let nearer = |other: &&String| {
            let first = other.split('/').zip(documented.split('/'));
            let mut differing =
                first.filter(|(other, own)| is_parameter(other) != is_parameter(own));
            differing
                .next()
                .is_some_and(|(other, _)| !is_parameter(other))
        };
        self.fits(documented) && !all.iter().filter(nearer).any(|other| self.fits(other))
    }

    fn fits(&self, documented: &str) -> bool {
        let (mut parts, mut words) = (documented.split('/'), self.path.split('/'));
        loop {
            match (parts.next(), words.next()) {
                (None, None) => return true,
                (Some(part), Some(word)) if is_parameter(part) || part == word => {}
                _ => return false,
            }
        }
    }
}

fn is_parameter(part: &str) -> bool {
    part.starts_with('{')
}

#[test]
fn a_word_of_another_path_is_no_value_of_a_parameter() {
    let all = [
        "/contacts/{uuid}",
        "/contacts/fields",
        "/contacts/{uuid}/erase",
        "/{kind}/fields",
    ];
    let all = all.map(str::to_owned);
    let places = |path: &str| -> Vec<&str> {
        let seen = Seen {
            method: "get".to_owned(),
            path: path.to_owned(),
            status: "200".to_owned(),
        };
        let places = all.iter().filter(|one| seen.is_at(one, &all));
        places.map(String::as_str).collect()
    };
    assert_eq!(places("/contacts/fields"), ["/contacts/fields"]);
    assert_eq!(places("/contacts/1"), ["/contacts/{uuid}"]);
    assert_eq!(places("/contacts/fields/erase"), ["/contacts/{uuid}/erase"]);
    assert_eq!(places("/tags/fields"), ["/{kind}/fields"]);
    assert!(places("/tags/1").is_empty());
}
