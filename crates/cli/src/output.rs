//! A file that a command writes: whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

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
        let folder = place
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
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
