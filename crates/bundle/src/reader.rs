use std::io::{self, BufRead, Read};

use crate::{LONGEST_BODY, LONGEST_HEAD, Record, TITLE, VERSION};

/// Digits that the number of a version has at most.
const DIGITS: u64 = 10;

/// Why a bundle cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The first line is another one.
    #[error("this is no call bundle: it does not begin with \"{TITLE}\" and a number")]
    NoBundle,
    /// The bundle was written in another format.
    #[error(
        "this is a bundle of version {found}; expected version {VERSION}: replay it with the mihu \
         that kept it, or keep the call anew"
    )]
    Version {
        /// The version that it says it has.
        found: u64,
    },
    /// The file ends before the mark of its end.
    #[error("the bundle is cut off after {whole} whole records; its node may have died meanwhile")]
    CutOff {
        /// Whole records before that.
        whole: u64,
    },
    /// A record is longer than any may be, or something follows the mark of the end.
    #[error("the bundle is damaged after {whole} whole records")]
    Damaged {
        /// Whole records before that.
        whole: u64,
    },
    /// The system does not read on.
    #[error("the bundle cannot be read: {0}")]
    System(#[from] io::Error),
}

/// Reads records.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    whole: u64,
    over: bool,
}

impl<R: BufRead> Reader<R> {
    /// Checks the first line.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn new(mut source: R) -> Result<Self, ReadError> {
        let mut line = Vec::new();
        (&mut source)
            .take(TITLE.len() as u64 + DIGITS + 1)
            .read_until(b'\n', &mut line)?;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let number = line.strip_prefix(TITLE.as_bytes());
        let number = number.and_then(|number| std::str::from_utf8(number).ok());
        let number = number.filter(|number| number.bytes().all(|digit| digit.is_ascii_digit()));
        let found = number.and_then(|number| number.parse::<u64>().ok());
        let found = found.ok_or(ReadError::NoBundle)?;
        if found != u64::from(VERSION) {
            return Err(ReadError::Version { found });
        }
        Ok(Self {
            source,
            whole: 0,
            over: false,
        })
    }

    /// The next record; `None` behind the last one of a whole file.
    ///
    /// # Errors
    ///
    /// [`ReadError`]. There is no more to be read then.
    pub fn read(&mut self) -> Result<Option<Record>, ReadError> {
        if self.over {
            return Ok(None);
        }
        let read = self.try_read();
        self.over = !matches!(read, Ok(Some(_)));
        read
    }

    fn try_read(&mut self) -> Result<Option<Record>, ReadError> {
        let head = self.length()?;
        let body = self.length()?;
        if head == 0 {
            let ends = body == 0 && self.source.fill_buf()?.is_empty();
            return ends.then_some(None).ok_or_else(|| self.damaged());
        }
        if head > LONGEST_HEAD || body > LONGEST_BODY {
            return Err(self.damaged());
        }
        let record = Record {
            head: self.octets(head)?,
            body: self.octets(body)?,
        };
        self.whole += 1;
        Ok(Some(record))
    }

    fn length(&mut self) -> Result<usize, ReadError> {
        let octets = self.octets(4)?;
        let number = octets.first_chunk().copied().map(u32::from_be_bytes);
        Ok(number.map_or(0, |number| number as usize))
    }

    /// Takes memory only as octets come, whatever length the file tells.
    fn octets(&mut self, count: usize) -> Result<Vec<u8>, ReadError> {
        let mut octets = Vec::new();
        (&mut self.source)
            .take(count as u64)
            .read_to_end(&mut octets)?;
        if octets.len() < count {
            return Err(ReadError::CutOff { whole: self.whole });
        }
        Ok(octets)
    }

    const fn damaged(&self) -> ReadError {
        ReadError::Damaged { whole: self.whole }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::writer::write;

    fn file(records: &[Record]) -> Vec<u8> {
        let mut file = format!("{TITLE}{VERSION}\n").into_bytes();
        for record in records {
            write(&mut file, &record.head, &record.body).unwrap();
        }
        file.extend([0; 8]);
        file
    }

    fn read(file: &[u8]) -> Result<Vec<Record>, ReadError> {
        let mut reader = Reader::new(file)?;
        let mut records = Vec::new();
        while let Some(record) = reader.read()? {
            records.push(record);
        }
        Ok(records)
    }

    fn record(head: &[u8], body: &[u8]) -> Record {
        Record {
            head: head.to_vec(),
            body: body.to_vec(),
        }
    }

    #[test]
    fn another_version_is_named_before_anything_else_is_looked_at() {
        let mut file = file(&[record(b"a", b"")]);
        file[TITLE.len()] = b'7';
        file.truncate(TITLE.len() + 2);
        let error = read(&file).unwrap_err().to_string();
        assert!(error.contains("version 7; expected version 2"), "{error}");
    }

    #[test]
    fn what_does_not_begin_like_a_bundle_is_none() {
        for begins in ["", "RIFF", TITLE, "mihu call bundle, version one\n"] {
            assert!(matches!(read(begins.as_bytes()), Err(ReadError::NoBundle)));
        }
        let long = format!("{TITLE}{}\n", "1".repeat(10_000));
        assert!(read(long.as_bytes()).is_err());
    }

    #[test]
    fn a_file_without_its_end_is_cut_off_wherever_it_ends() {
        let whole = file(&[record(b"a", b"bc"), record(b"def", b"")]);
        for length in TITLE.len() + 2..whole.len() {
            let cut = read(&whole[..length]);
            assert!(matches!(cut, Err(ReadError::CutOff { .. })), "{length}");
        }
    }

    #[test]
    fn what_follows_the_end_is_damage() {
        let mut longer = file(&[]);
        longer.push(1);
        assert!(matches!(
            read(&longer),
            Err(ReadError::Damaged { whole: 0 })
        ));
    }

    #[test]
    fn a_record_longer_than_any_is_refused_unread() {
        let mut file = format!("{TITLE}{VERSION}\n").into_bytes();
        file.extend(u32::MAX.to_be_bytes());
        file.extend([0; 4]);
        assert!(matches!(read(&file), Err(ReadError::Damaged { .. })));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            records in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 1..40), prop::collection::vec(any::<u8>(), 0..40)),
                0..10,
            ),
        ) {
            let records: Vec<Record> =
                records.iter().map(|(head, body)| record(head, body)).collect();
            prop_assert_eq!(read(&file(&records)).unwrap(), records);
        }

        #[test]
        fn foreign_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut file = format!("{TITLE}{VERSION}\n").into_bytes();
            file.extend(&octets);
            let _ = read(&file);
            let _ = read(&octets);
        }
    }
}
