//! Sealed files, record by record.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use audio::SampleRate;
use rand::TryRngCore as _;

use crate::key::{FINGERPRINT, Key, Keys, SALT};

pub(crate) const MAGIC: [u8; 8] = *b"MIHUREC\x01";
const HEADING: usize = 64;
const TAG: usize = 16;
/// Bytes that say how long a record is.
const LENGTH: usize = 4;
/// The most samples' bytes of a record.
const LONGEST: usize = 1 << 20;

/// Samples that are collected before they become a record although nobody asks: 128 KiB.
pub(crate) const GATHERED: usize = 1 << 17;

/// What seals and opens the records of one file.
struct Cipher {
    aes: Aes256Gcm,
    heading: [u8; HEADING],
}

impl Cipher {
    fn nonce(record: u64) -> [u8; 12] {
        let mut nonce = [0; 12];
        for (to, from) in nonce[4..].iter_mut().zip(record.to_be_bytes()) {
            *to = from;
        }
        nonce
    }

    fn seal(&self, record: u64, body: &mut [u8]) -> io::Result<[u8; TAG]> {
        let nonce = Self::nonce(record);
        let tag = self
            .aes
            .encrypt_inout_detached((&nonce).into(), &self.heading, body.into())
            .map_err(|_| io::Error::other("a record was not sealed"))?;
        Ok(tag.into())
    }

    fn open(&self, record: u64, body: &mut [u8], tag: &[u8; TAG]) -> io::Result<()> {
        let nonce = Self::nonce(record);
        self.aes
            .decrypt_inout_detached((&nonce).into(), &self.heading, body.into(), tag.into())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a record was tampered with"))
    }
}

/// A sealed file that is being written.
pub(crate) struct SealedWriter {
    file: File,
    cipher: Cipher,
    records: u64,
    gathered: Vec<u8>,
}

impl SealedWriter {
    pub(crate) fn create(
        path: &Path,
        key: &Key,
        rate: SampleRate,
        channels: u16,
    ) -> io::Result<Self> {
        let mut salt = [0; SALT];
        rand::rngs::OsRng
            .try_fill_bytes(&mut salt)
            .map_err(io::Error::other)?;
        let mut heading = [0; HEADING];
        let fields: [&[u8]; 5] = [
            &MAGIC,
            &key.fingerprint(),
            &salt,
            &rate.hertz().to_le_bytes(),
            &channels.to_le_bytes(),
        ];
        for (place, byte) in heading.iter_mut().zip(fields.into_iter().flatten()) {
            *place = *byte;
        }
        let mut file = File::create(path)?;
        file.write_all(&heading)?;
        Ok(Self {
            file,
            cipher: Cipher {
                aes: Aes256Gcm::new((&*key.of_file(&salt)).into()),
                heading,
            },
            records: 0,
            gathered: Vec::with_capacity(GATHERED),
        })
    }

    pub(crate) fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        for piece in samples.chunks(GATHERED / 2) {
            self.gathered
                .extend(piece.iter().flat_map(|sample| sample.to_le_bytes()));
            if self.gathered.len() >= GATHERED {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Makes a record of what was gathered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let length = (self.gathered.len() as u32).to_le_bytes();
        let tag = self.cipher.seal(self.records, &mut self.gathered)?;
        self.records += 1;
        // In one piece, so that little of it can be missing.
        let mut record = Vec::with_capacity(LENGTH + self.gathered.len() + TAG);
        record.extend_from_slice(&length);
        record.append(&mut self.gathered);
        record.extend_from_slice(&tag);
        self.file.write_all(&record)
    }
}

impl std::fmt::Debug for SealedWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SealedWriter")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

/// A sealed file that is being read.
pub(crate) struct SealedReader {
    file: File,
    cipher: Cipher,
    pub(crate) rate: SampleRate,
    pub(crate) channels: u16,
    records: Vec<Record>,
    /// The record that was opened last, and its samples.
    opened: Option<(usize, Vec<u8>)>,
}

/// Where a record is.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// Its first sample's place among those of all, in bytes.
    start: u64,
    /// Its sealed samples' place in the file.
    place: u64,
    /// Bytes of samples.
    length: usize,
}

/// Why a sealed file can not be read.
#[derive(Debug)]
pub(crate) enum Unopened {
    Io(io::Error),
    /// None of the keys is its.
    NoKey,
    /// What is no sealed recording.
    Damaged,
}

impl From<io::Error> for Unopened {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl SealedReader {
    /// A file whose heading begins with [`MAGIC`].
    pub(crate) fn open(mut file: File, keys: &Keys) -> Result<Self, Unopened> {
        let mut heading = [0; HEADING];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut heading)
            .map_err(|_| Unopened::Damaged)?;
        let (_, rest) = heading.split_at(MAGIC.len());
        let (fingerprint, rest) = rest
            .split_first_chunk::<FINGERPRINT>()
            .ok_or(Unopened::Damaged)?;
        let (salt, rest) = rest.split_first_chunk::<SALT>().ok_or(Unopened::Damaged)?;
        let (rate, rest) = rest.split_first_chunk::<4>().ok_or(Unopened::Damaged)?;
        let (channels, _) = rest.split_first_chunk::<2>().ok_or(Unopened::Damaged)?;
        let key = keys.find(fingerprint).ok_or(Unopened::NoKey)?;
        let aes = Aes256Gcm::new((&*key.of_file(salt)).into());
        let rate = SampleRate::new(u32::from_le_bytes(*rate)).ok_or(Unopened::Damaged)?;
        let channels = u16::from_le_bytes(*channels);
        if !(1..=64).contains(&channels) {
            return Err(Unopened::Damaged);
        }
        let records = index(&mut file)?;
        Ok(Self {
            file,
            cipher: Cipher { aes, heading },
            rate,
            channels,
            records,
            opened: None,
        })
    }

    /// Bytes of samples.
    pub(crate) fn length(&self) -> u64 {
        let last = self.records.last();
        last.map_or(0, |record| record.start + record.length as u64)
    }

    /// Samples' bytes from `offset` on, as many as its record has but no more than `most`; none
    /// behind the end.
    pub(crate) fn read(&mut self, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        let index = self
            .records
            .partition_point(|record| record.start <= offset);
        let Some(index) = index.checked_sub(1) else {
            return Ok(Vec::new());
        };
        let Some(record) = self.records.get(index).copied() else {
            return Ok(Vec::new());
        };
        if self
            .opened
            .as_ref()
            .is_none_or(|(opened, _)| *opened != index)
        {
            self.opened = Some((index, self.unseal(index, record)?));
        }
        let samples = self.opened.as_ref().map_or(&[][..], |(_, samples)| samples);
        let from = usize::try_from(offset - record.start).unwrap_or(usize::MAX);
        let rest = samples.get(from..).unwrap_or_default();
        Ok(rest.iter().take(most).copied().collect())
    }

    fn unseal(&mut self, index: usize, record: Record) -> io::Result<Vec<u8>> {
        let mut samples = vec![0; record.length];
        let mut tag = [0; TAG];
        self.file.seek(SeekFrom::Start(record.place))?;
        self.file.read_exact(&mut samples)?;
        self.file.read_exact(&mut tag)?;
        self.cipher.open(index as u64, &mut samples, &tag)?;
        Ok(samples)
    }
}

/// All whole records. What a killed process left of the last one is passed over.
fn index(file: &mut File) -> Result<Vec<Record>, Unopened> {
    let end = file.metadata()?.len();
    let mut records = Vec::new();
    let mut start = 0;
    let mut place = HEADING as u64;
    loop {
        let mut length = [0; LENGTH];
        file.seek(SeekFrom::Start(place))?;
        match file.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(records),
            Err(error) => return Err(error.into()),
        }
        let length = u32::from_le_bytes(length) as usize;
        if !(1..=LONGEST).contains(&length) {
            return Err(Unopened::Damaged);
        }
        place += LENGTH as u64;
        let next = place + (length + TAG) as u64;
        if next > end {
            return Ok(records);
        }
        records.push(Record {
            start,
            place,
            length,
        });
        start += length as u64;
        place = next;
    }
}
