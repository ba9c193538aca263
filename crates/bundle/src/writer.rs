use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::{LONGEST_BODY, LONGEST_HEAD, TITLE, UNFINISHED, VERSION};

/// Nobody but the node's own user may read what callers said.
const MODE: u32 = 0o600;

/// Writes a bundle beside its place.
#[derive(Debug)]
pub struct Writer {
    file: BufWriter<File>,
    unfinished: PathBuf,
    path: PathBuf,
}

impl Writer {
    /// Begins the bundle that is to be at `path`.
    ///
    /// # Errors
    ///
    /// What the system says if it refuses the file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let unfinished = path.with_extension(UNFINISHED);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(MODE)
            .open(&unfinished)?;
        let mut file = BufWriter::new(file);
        writeln!(file, "{TITLE}{VERSION}")?;
        Ok(Self {
            file,
            unfinished,
            path: path.to_owned(),
        })
    }

    /// Appends a record.
    ///
    /// # Errors
    ///
    /// What the system says, or that the record is longer than any may be.
    pub fn write(&mut self, head: &[u8], body: &[u8]) -> io::Result<()> {
        write(&mut self.file, head, body)
    }

    /// Hands all that was written to the system.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Marks the end and puts the file in its place.
    ///
    /// # Errors
    ///
    /// What the system says. What was written stays beside the place then.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.write_all(&[0; 8])?;
        self.file.flush()?;
        std::fs::rename(&self.unfinished, &self.path)
    }

    /// Removes what was written.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn discard(self) -> io::Result<()> {
        std::fs::remove_file(&self.unfinished)
    }
}

pub(crate) fn write(out: &mut impl Write, head: &[u8], body: &[u8]) -> io::Result<()> {
    if head.is_empty() || head.len() > LONGEST_HEAD || body.len() > LONGEST_BODY {
        let reason = "a record is empty or longer than any may be";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    out.write_all(&(head.len() as u32).to_be_bytes())?;
    out.write_all(&(body.len() as u32).to_be_bytes())?;
    out.write_all(head)?;
    out.write_all(body)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{ReadError, Reader, Record};

    #[test]
    fn a_bundle_is_in_its_place_once_it_is_whole_and_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.mihu");
        let mut writer = Writer::create(&path).unwrap();
        writer.write(b"head", b"body").unwrap();
        assert!(!path.exists());
        writer.finish().unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let file = std::fs::read(&path).unwrap();
        let mut reader = Reader::new(&file[..]).unwrap();
        let record = Record {
            head: b"head".to_vec(),
            body: b"body".to_vec(),
        };
        assert_eq!(reader.read().unwrap(), Some(record));
        assert_eq!(reader.read().unwrap(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_flushed_can_be_read_when_its_writer_died() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.mihu");
        let mut writer = Writer::create(&path).unwrap();
        writer.write(b"head", b"").unwrap();
        writer.flush().unwrap();
        let file = std::fs::read(path.with_extension(UNFINISHED)).unwrap();
        let mut reader = Reader::new(&file[..]).unwrap();
        assert!(reader.read().unwrap().is_some());
        assert!(matches!(reader.read(), Err(ReadError::CutOff { whole: 1 })));
    }

    #[test]
    fn a_bundle_that_nobody_wants_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(&folder.path().join("call.mihu")).unwrap();
        writer.write(b"head", b"").unwrap();
        writer.discard().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_record_without_a_head_is_not_written() {
        assert!(write(&mut Vec::new(), b"", b"x").is_err());
    }
}
