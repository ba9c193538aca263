use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::record::Record;

/// Records that may wait for the recording thread: some half minute of a call.
const WAITING: usize = 4_096;

/// A record as it is written.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

/// Takes a call's records to the recording thread. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    entries: Sender<Entry>,
    lost: Arc<AtomicBool>,
}

/// The recording thread's end.
#[derive(Debug)]
pub(super) struct Entries {
    entries: Receiver<Entry>,
    lost: Arc<AtomicBool>,
}

pub(super) fn log() -> (Log, Entries) {
    let (sender, receiver) = crossbeam_channel::bounded(WAITING);
    let lost = Arc::new(AtomicBool::new(false));
    let log = Log {
        entries: sender,
        lost: Arc::clone(&lost),
    };
    let entries = receiver;
    (log, Entries { entries, lost })
}

impl Log {
    pub(crate) fn write(&self, record: &Record) {
        self.write_with(record, Vec::new());
    }

    /// Writes a record with a body.
    pub(crate) fn write_with(&self, record: &Record, body: Vec<u8>) {
        let head = encoded(record);
        // overflow: dropped, and the bundle says that something is missing
        if self.entries.try_send(Entry { head, body }).is_err() {
            self.lost.store(true, Ordering::Release);
        }
    }

    /// Writes a piece of a sentence's sound.
    pub(crate) fn sound(&self, segment: media::SegmentId, samples: &[i16]) {
        let octets = samples.iter().flat_map(|sample| sample.to_le_bytes());
        self.write_with(&Record::Sound { segment }, octets.collect());
    }
}

impl Entries {
    pub(super) fn next(&self) -> Option<Entry> {
        self.entries.try_recv().ok()
    }

    /// Whether a record found no room.
    pub(super) fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

pub(super) fn encoded(record: &Record) -> Vec<u8> {
    // Records are numbers, text and lists of them, which JSON always holds.
    serde_json::to_vec(record).unwrap_or_default()
}
