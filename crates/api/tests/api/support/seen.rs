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
    path: String,
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
    /// Whether its path is one of this path of the document. A word that another path has in the
    /// place of a parameter is no value of it.
    pub(crate) fn is_at(&self, documented: &str) -> bool {
        let (mut parts, mut words) = (documented.split('/'), self.path.split('/'));
        loop {
            match (parts.next(), words.next()) {
                (None, None) => return true,
                (Some(part), Some(word)) if part.starts_with('{') || part == word => {}
                _ => return false,
            }
        }
    }
}
