//! A file that a command writes: whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::Failure;

/// A file that lies beside its place until it is put there. Dropped before that, it leaves
/// nothing, and what was in its place stays.
#[derive(Debug)]
pub(crate) struct Output {
    unfinished: NamedTempFile,
    place: PathBuf,
}

impl Output {
    /// Begins a file whose place is `place`, to make sure, before there is anything to write, that
    /// it can be written.
    pub(crate) fn beside(place: &Path) -> Result<Self, Failure> {
        let folder = folder_of(place);
        let mut builder = tempfile::Builder::new();
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        let made = builder
            .permissions(readable)
            .prefix(".mihu-")
            .tempfile_in(folder);
        let unfinished = made.map_err(|error| unwritable(place, &error))?;
        if place.is_dir() {
            let error = std::io::ErrorKind::IsADirectory.into();
            return Err(unwritable(place, &error));
        }
        Ok(Self {
            unfinished,
            place: place.to_owned(),
        })
    }

    /// Begins the file that an option names, if it does.
    pub(crate) fn of(option: Option<&Path>) -> Result<Option<Self>, Failure> {
        option.map(Self::beside).transpose()
    }

    /// Where the file lies until it is put in its place.
    pub(crate) fn unfinished(&self) -> &Path {
        self.unfinished.path()
    }

    /// Writes `text` to its end.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.unfinished.write_all(text.as_bytes());
        written.map_err(|error| unwritable(&self.place, &error))
    }

    /// Puts the file in its place.
    pub(crate) fn put(self) -> Result<(), Failure> {
        let put = self.unfinished.persist(&self.place);
        put.map(drop)
            .map_err(|error| unwritable(&self.place, &error.error))
    }
}

/// Puts all files in their places, or none of them: if one cannot be, what was in the places of
/// those before it is put back.
pub(crate) fn put_all(outputs: impl IntoIterator<Item = Output>) -> Result<(), Failure> {
    let mut replaced = Vec::new();
    for output in outputs {
        let put = Replaced::keep(&output.place).and_then(|kept| {
            output.put()?;
            Ok(kept)
        });
        match put {
            Ok(kept) => replaced.push(kept),
            Err(failure) => {
                let taken_back = replaced.into_iter().rev().map(Replaced::put_back);
                let left: Vec<String> = taken_back.filter_map(Result::err).collect();
                return Err(match &left[..] {
                    [] => failure,
                    left => format!("{failure}; {}", left.join("; ")).into(),
                });
            }
        }
    }
    Ok(())
}

/// What was in a place before a file was put there.
struct Replaced {
    place: PathBuf,
    /// Gone once this is dropped; none where there was nothing.
    before: Option<TempPath>,
}

impl Replaced {
    fn keep(place: &Path) -> Result<Self, Failure> {
        let before = if place.exists() {
            let folder = folder_of(place);
            let kept = |how: &dyn Fn(&Path) -> std::io::Result<()>| {
                let mut builder = tempfile::Builder::new();
                builder.prefix(".mihu-").make_in(folder, how)
            };
            let linked = kept(&|path| std::fs::hard_link(place, path));
            // Not every file system has links.
            let kept = linked.or_else(|_| kept(&|path| std::fs::copy(place, path).map(drop)));
            let kept = kept.map_err(|error| unwritable(place, &error))?;
            Some(kept.into_temp_path())
        } else {
            None
        };
        Ok(Self {
            place: place.to_owned(),
            before,
        })
    }

    /// Says what is wrong if that is not possible.
    fn put_back(self) -> Result<(), String> {
        let result = match self.before {
            Some(before) => before.persist(&self.place).map_err(|error| error.error),
            None => std::fs::remove_file(&self.place),
        };
        let place = self.place.display();
        result.map_err(|error| format!("{place} is new, and cannot be taken back: {error}"))
    }
}

fn folder_of(place: &Path) -> &Path {
    let folder = place
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    format!(
        "cannot write {}: {}; check that the folder exists and may be written to",
        path.display(),
        error.kind()
    )
    .into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_in_its_place_once_all_of_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("report.json");
        fs::write(&place, "the one before").unwrap();
        let mut output = Output::beside(&place).unwrap();
        output.write("half").unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "the one before");
        output.write(" and half").unwrap();
        output.put().unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "half and half");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn where_one_file_cannot_be_put_in_its_place_none_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::write(place("a"), "the one before").unwrap();
        let outputs: Vec<Output> = ["a", "b", "c", "d"]
            .map(|name| {
                let mut output = Output::beside(&place(name)).unwrap();
                output.write(name).unwrap();
                output
            })
            .into();
        fs::create_dir(place("c")).unwrap();
        let failure = put_all(outputs).unwrap_err().to_string();
        assert!(
            failure.contains(&place("c").display().to_string()),
            "{failure}"
        );
        assert_eq!(fs::read_to_string(place("a")).unwrap(), "the one before");
        let left = fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "c"]);
    }

    #[test]
    fn files_that_are_all_put_in_their_places_leave_nothing_of_those_before() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        fs::write(&place, "the one before").unwrap();
        let mut output = Output::beside(&place).unwrap();
        output.write("a").unwrap();
        put_all([output]).unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "a");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Output::beside(&folder.path().join("report.json")).unwrap();
        output.write("half").unwrap();
        drop(output);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_named_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for place in [folder.path(), Path::new("/nowhere/report.json")] {
            let refused = Output::beside(place).unwrap_err().to_string();
            assert!(refused.contains(&place.display().to_string()), "{refused}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
