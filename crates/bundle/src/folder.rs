use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{ENDING, UNFINISHED};

/// What a folder of bundles may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bundles, the newest ones.
    pub most: usize,
    /// How old they may become.
    pub longest: Duration,
}

/// Removes from `folder`, as of `now`, the bundles that are too old and the oldest of those that
/// are too many. A file that is being written is removed only once nobody has written to it for
/// as long. Other files are left alone. Returns how many were removed.
///
/// # Errors
///
/// What the system says if the folder cannot be read. A file that cannot be removed stays.
pub fn clear_out(folder: &Path, limits: Limits, now: SystemTime) -> io::Result<usize> {
    let mut whole: Vec<(SystemTime, PathBuf)> = Vec::new();
    let mut stale = Vec::new();
    let too_old = |time| {
        now.duration_since(time)
            .is_ok_and(|age| age > limits.longest)
    };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // What is gone meanwhile need not be removed.
        let Ok(written) = entry.metadata().and_then(|file| file.modified()) else {
            continue;
        };
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(ENDING | UNFINISHED) if too_old(written) => stale.push(path),
            Some(ENDING) => whole.push((written, path)),
            Some(_) | None => {}
        }
    }
    whole.sort();
    let excess = whole.len().saturating_sub(limits.most);
    stale.extend(whole.drain(..excess).map(|(_, path)| path));
    let removed = stale.iter().filter(|path| fs::remove_file(path).is_ok());
    Ok(removed.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        most: 2,
        longest: Duration::from_secs(1_000),
    };

    /// A folder of files with these names and ages in seconds, and the time.
    fn folder(files: &[(&str, u64)]) -> (tempfile::TempDir, SystemTime) {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        for (name, age) in files {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(now - Duration::from_secs(*age)).unwrap();
        }
        (folder, now)
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_newest_bundles_stay() {
        let files = [("a.mihu", 30), ("b.mihu", 10), ("c.mihu", 20)];
        let (folder, now) = folder(&files);
        assert_eq!(clear_out(folder.path(), LIMITS, now).unwrap(), 1);
        assert_eq!(names(&folder), ["b.mihu", "c.mihu"]);
    }

    #[test]
    fn what_is_too_old_goes_even_if_it_was_never_finished() {
        let files = [
            ("a.mihu", 1_010),
            ("b.mihu-part", 1_020),
            ("c.mihu-part", 5),
        ];
        let (folder, now) = folder(&files);
        assert_eq!(clear_out(folder.path(), LIMITS, now).unwrap(), 2);
        assert_eq!(names(&folder), ["c.mihu-part"]);
    }

    #[test]
    fn other_files_are_left_alone() {
        let (folder, now) = folder(&[("notes.txt", 5_000)]);
        assert_eq!(clear_out(folder.path(), LIMITS, now).unwrap(), 0);
        assert_eq!(names(&folder), ["notes.txt"]);
    }
}
