//! The folder that audio is kept in, which one node has or several share.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The file that says which folder it is.
const NAME: &str = "folder-id";

/// A folder of audio, with an id of its own: the store says by it which files are where.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    id: String,
}

impl Folder {
    /// Opens the folder, making it if there is none.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let file = path.join(NAME);
        let id = match read_id(&file)? {
            Some(id) => id,
            None => {
                // Whoever links first has named it, for all that come at once.
                let new = path.join(format!("{}.new", Uuid::now_v7()));
                std::fs::write(&new, Uuid::now_v7().to_string())?;
                let linked = std::fs::hard_link(&new, &file);
                std::fs::remove_file(&new)?;
                match linked {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    Ok(()) | Err(_) => {}
                }
                let id = read_id(&file)?;
                id.ok_or_else(|| io::Error::other("the folder's id is gone"))?
            }
        };
        Ok(Self {
            path: path.to_owned(),
            id,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells it from others.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The audio of a transcription.
    pub(crate) fn voice(&self, transcription: Uuid) -> PathBuf {
        self.path.join(format!("{transcription}.voice"))
    }

    /// The audio of the customer's side.
    pub(crate) fn customer_voice(&self, transcription: Uuid) -> PathBuf {
        self.path.join(format!("{transcription}.customer"))
    }

    /// A name for a file that is not whole yet.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.path.join(format!("{}.part", Uuid::now_v7()))
    }
}

fn read_id(file: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(file) {
        Ok(id) => Ok(Some(id.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_id_and_another_has_another() {
        let root = tempfile::tempdir().unwrap();
        let one = Folder::open(&root.path().join("one")).unwrap();
        let again = Folder::open(&root.path().join("one")).unwrap();
        let other = Folder::open(&root.path().join("other")).unwrap();
        assert_eq!(one.id(), again.id());
        assert_ne!(one.id(), other.id());
    }
}
