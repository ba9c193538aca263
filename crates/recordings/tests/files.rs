//! Recordings, plain and sealed, as they are written, read, cut short and tampered with.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use audio::SampleRate;
use proptest::prelude::*;
use recordings::{Key, Keys, OpenError, Reader, Writer};

const RATE: SampleRate = SampleRate::HZ_8000;
const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const OTHER_KEY: &str = "YWJjZGVmZ2hpamtsbW5vcGFiY2RlZmdoaWprbG1ub3A=";

fn key(text: &str) -> Key {
    Key::from_base64(text).unwrap()
}

fn keys(current: &str, former: &[&str]) -> Keys {
    let former = former.iter().map(|former| key(former)).collect();
    Keys::new(Some(key(current)), former)
}

/// Writes these pieces, with a flush behind each.
fn written(folder: &Path, sealed: bool, pieces: &[Vec<i16>]) -> PathBuf {
    let path = recordings::path(folder, "call", sealed);
    let key = sealed.then(|| key(KEY));
    let mut writer = Writer::create(&path, RATE, 2, key.as_ref()).unwrap();
    for piece in pieces {
        writer.write(piece).unwrap();
        writer.flush().unwrap();
    }
    path
}

fn whole(path: &Path, keys: &Keys) -> Vec<u8> {
    let mut reader = Reader::open(path, keys).unwrap();
    let mut bytes = Vec::new();
    loop {
        let piece = reader.read(bytes.len() as u64, 1_000).unwrap();
        if piece.is_empty() {
            assert_eq!(bytes.len() as u64, reader.length());
            return bytes;
        }
        bytes.extend(piece);
    }
}

fn tone(samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|sample| (sample * 37 % 2_003) as i16)
        .collect()
}

#[test]
fn a_sealed_recording_is_read_as_the_same_wav_and_shows_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let pieces = [tone(400), tone(200_000), tone(2)];
    let plain = whole(&written(folder.path(), false, &pieces), &Keys::default());
    let sealed = written(folder.path(), true, &pieces);
    assert_eq!(whole(&sealed, &keys(KEY, &[])), plain);
    let kept = std::fs::read(&sealed).unwrap();
    let shown = plain[44..].windows(16).step_by(16).take(1_000);
    for part in shown {
        assert!(!kept.windows(16).any(|there| there == part));
    }
}

#[test]
fn two_files_of_the_same_sound_have_nothing_in_common() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let read = |folder: &Path| std::fs::read(written(folder, true, &[tone(4_000)])).unwrap();
    let (one, other) = (read(one.path()), read(other.path()));
    let same = one.iter().zip(&other).skip(68).filter(|(a, b)| a == b);
    assert!(same.count() < 100, "by chance one of 256 is the same");
}

#[test]
fn a_former_key_still_reads_and_another_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), true, &[tone(100)]);
    assert_eq!(whole(&path, &keys(OTHER_KEY, &[KEY])).len(), 44 + 200);
    for keys in [keys(OTHER_KEY, &[]), Keys::default()] {
        let error = Reader::open(&path, &keys).unwrap_err();
        assert!(matches!(error, OpenError::NoKey { .. }), "{error}");
    }
}

#[test]
fn of_a_file_that_was_cut_off_every_whole_second_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), true, &[tone(100), tone(100)]);
    let kept = std::fs::read(&path).unwrap();
    let record = 4 + 200 + 16;
    for (length, expected) in [
        (kept.len() - 1, 200),
        (kept.len() - record + 2, 200),
        (kept.len() - record, 200),
        (64, 0),
    ] {
        std::fs::write(&path, &kept[..length]).unwrap();
        let read = whole(&path, &keys(KEY, &[]));
        assert_eq!(read.len(), 44 + expected, "{length}");
    }
    std::fs::write(&path, &kept[..40]).unwrap();
    let error = Reader::open(&path, &keys(KEY, &[])).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[test]
fn an_empty_recording_is_a_wav_without_samples() {
    let folder = tempfile::tempdir().unwrap();
    for sealed in [false, true] {
        let path = written(folder.path(), sealed, &[]);
        let reader = Reader::open(&path, &keys(KEY, &[])).unwrap();
        assert_eq!((reader.length(), reader.has_sound()), (44, false));
    }
}

proptest! {
    #[test]
    fn any_changed_bit_behind_the_first_bytes_is_noticed(place in 8_usize..304, bit in 0_u8..8) {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), true, &[tone(100)]);
        let mut kept = std::fs::read(&path).unwrap();
        let place = place.min(kept.len() - 1);
        kept[place] ^= 1_u8 << bit;
        std::fs::write(&path, &kept).unwrap();
        let whole = Reader::open(&path, &keys(KEY, &[])).and_then(|mut reader| {
            let read = reader.read(44, 1_000)?;
            Ok(read.len() == 200)
        });
        prop_assert!(!matches!(whole, Ok(true)), "{place}");
    }

    #[test]
    fn any_part_can_be_read(offset in 0_u64..1_300, most in 1_usize..2_000) {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), true, &[tone(300), tone(300)]);
        let all = whole(&path, &keys(KEY, &[]));
        let part = Reader::open(&path, &keys(KEY, &[])).unwrap().read(offset, most).unwrap();
        let rest = all.get(offset as usize..).unwrap_or_default();
        prop_assert!(rest.starts_with(&part) && part.len() <= most);
        prop_assert_eq!(part.is_empty(), rest.is_empty());
    }
}
