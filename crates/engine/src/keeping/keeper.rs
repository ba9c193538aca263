use std::path::{Path, PathBuf};
use std::time::SystemTime;

use audio::SampleRate;
use bundle::Writer;
use media::{Noted, Port, RecordedFrame, Security, TapFeed};
use srtp::Keys;

use super::Shelf;
use super::agreed::Agreed;
use super::effect::fingerprint;
use super::log::{Entries, Log, encoded, log};
use super::record::{Opened, Record};

/// Ending of a bundle's name.
const ENDING: &str = "mihu";

/// Keeps one call, on the recording thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    shelf: Shelf,
    path: PathBuf,
    tap: TapFeed,
    entries: Entries,
    opened: Box<Opened>,
    writer: Option<Writer>,
    /// The keys so far, by their numbers. They are compared and never written.
    keys: Vec<Keys>,
    broken: bool,
}

/// Keeps the call of this name on `shelf`: what is to be told of it goes into the log, what its
/// leg notes comes out of `tap`.
pub(crate) fn keeper(shelf: &Shelf, name: &str, opened: Opened, tap: TapFeed) -> (Log, Keeper) {
    let (log, entries) = log();
    let keeper = Keeper {
        shelf: shelf.clone(),
        path: shelf.folder.join(name).with_extension(ENDING),
        tap,
        entries,
        opened: Box::new(opened),
        writer: None,
        keys: Vec::new(),
        broken: false,
    };
    (log, keeper)
}

impl Keeper {
    /// Keeps what came out of the leg for the recording.
    pub(crate) fn frame(&mut self, rate: SampleRate, recorded: &RecordedFrame) {
        self.write(&Record::Frame {
            side: recorded.side.into(),
            at: recorded.at,
            sound: fingerprint(rate, recorded.frame.samples()),
        });
    }

    /// Writes what there is.
    pub(crate) fn drain(&mut self, flush: bool) {
        while let Some(noted) = self.tap.pop() {
            self.note(noted);
        }
        while let Some(entry) = self.entries.next() {
            self.put(&entry.head, &entry.body);
        }
        if flush && let Some(writer) = &mut self.writer {
            let flushed = writer.flush();
            self.check(flushed);
        }
    }

    /// Writes the rest and puts the bundle in its place. A call that was never `begun` is not
    /// kept. `frames_lost` are those that the recording thread was too late for.
    pub(crate) fn finish(mut self, begun: bool, frames_lost: u64) {
        self.drain(false);
        if !begun {
            if let Some(Err(error)) = self.writer.take().map(Writer::discard) {
                tracing::warn!(%error, "a bundle of a call without an answer stays unfinished");
            }
            return;
        }
        let missing = if !self.tap.is_complete() {
            Some("packets, for which there was no room".to_owned())
        } else if self.entries.has_lost() {
            Some("steps of the conversation, for which there was no room".to_owned())
        } else if frames_lost > 0 {
            Some(format!("{frames_lost} frames of the recording"))
        } else {
            None
        };
        if let Some(missing) = &missing {
            tracing::warn!(missing, "the call's bundle has gaps");
        }
        self.write(&Record::Kept { missing });
        if let Some(writer) = self.writer.take() {
            let finished = writer.finish();
            self.check(finished);
        }
        self.clear_out();
    }

    fn clear_out(&self) {
        match bundle::clear_out(&self.shelf.folder, self.shelf.limits, SystemTime::now()) {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "bundles were old or too many"),
            Err(error) => tracing::error!(%error, "the folder of bundles cannot be cleared out"),
        }
    }

    fn note(&mut self, noted: Noted) {
        match noted {
            Noted::Connected {
                at,
                connection,
                start,
            } => {
                let keys = &mut self.keys;
                let number = |security: &Security| {
                    (
                        number_of(keys, &security.send),
                        number_of(keys, &security.receive),
                    )
                };
                let agreed = Agreed::new(at, &connection, start, number);
                self.write(&Record::Connected(Box::new(agreed)));
            }
            Noted::Packet {
                at,
                from,
                port,
                packet,
            } => {
                let report = port == Port::Rtcp;
                self.put(&encoded(&Record::Packet { at, from, report }), &packet);
            }
            Noted::Tick { at } => self.write(&Record::Tick { at }),
            Noted::Fenced { generation } => self.write(&Record::Fenced {
                generation: generation.number(),
            }),
            Noted::Taken {
                segment,
                generation,
                last,
            } => self.write(&Record::Taken {
                segment,
                generation: generation.number(),
                last,
            }),
        }
    }

    fn write(&mut self, record: &Record) {
        self.put(&encoded(record), &[]);
    }

    fn put(&mut self, head: &[u8], body: &[u8]) {
        if self.broken {
            return;
        }
        if self.writer.is_none() {
            let begun = begin(&self.path, &self.opened);
            self.writer = self.check(begun);
        }
        if let Some(writer) = &mut self.writer {
            let written = writer.write(head, body);
            self.check(written);
        }
    }

    /// A failure is told once, in the log; the call goes on without its bundle.
    fn check<T>(&mut self, result: std::io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::error!(%error, "the call's bundle breaks off here");
                self.broken = true;
                // What there is of it stays as it is, and shows that it is not whole.
                self.writer = None;
                None
            }
        }
    }
}

fn begin(path: &Path, opened: &Opened) -> std::io::Result<Writer> {
    let mut writer = Writer::create(path)?;
    let opened = Record::Opened(Box::new(opened.clone()));
    writer.write(&encoded(&opened), &[])?;
    Ok(writer)
}

/// The number of these keys, a new one if they were not there before.
fn number_of(known: &mut Vec<Keys>, keys: &Keys) -> usize {
    let place = known.iter().position(|other| other == keys);
    place.unwrap_or_else(|| {
        known.push(keys.clone());
        known.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use audio::Moment;
    use srtp::Profile;

    use super::*;

    fn keys(octet: u8) -> Keys {
        let profile = Profile::AeadAes128Gcm;
        Keys::new(profile, &vec![octet; profile.key_and_salt_length()]).unwrap()
    }

    #[test]
    fn the_same_keys_have_the_same_number() {
        let mut known = Vec::new();
        let numbers = [1, 2, 1, 3].map(|octet| number_of(&mut known, &keys(octet)));
        assert_eq!(numbers, [0, 1, 0, 2]);
    }

    fn opened() -> Opened {
        let second = std::time::Duration::from_secs(1);
        Opened {
            program: "0".to_owned(),
            call: "call".to_owned(),
            agent: "Maya".to_owned(),
            time: jiff::Timestamp::UNIX_EPOCH,
            direction: crate::event::Direction::Inbound,
            number: "+15550100".to_owned(),
            about: None,
            prompt: None,
            first_message: None,
            suppress_noise: false,
            widest: SampleRate::HZ_8000,
            inband_digits: true,
            background: None,
            seed: 7,
            no_rtp_timeout: second,
            ceiling: second,
            waiting_packets: 50,
            waiting_octets: 8_000,
        }
    }

    /// A leg that notes, and what keeps its call in a folder.
    fn kept() -> (media::LegCore, Log, Keeper, tempfile::TempDir) {
        use media::rtcp::{Cname, WallClock};
        let (widest, policy) = (SampleRate::HZ_8000, media::Policy::Listen);
        let format = jitter::Format {
            clock: widest,
            rate: widest,
        };
        let settings = jitter::Settings::new(policy, format);
        let (mut core, _) = media::LegCore::new(media::LegSetup {
            options: media::LegOptions {
                widest,
                record: false,
                policy,
                inband_digits: false,
                background: None,
            },
            identity: media::Identity {
                cname: Cname::new([0; 12]),
                wall_clock: WallClock::new(Moment::ZERO, std::time::Duration::ZERO),
                seed: 1,
            },
            no_rtp_timeout: std::time::Duration::from_secs(1),
            buffer: Box::new(jitter::AdaptiveBuffer::new(settings)),
        });
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf {
            folder: folder.path().to_owned(),
            limits: bundle::Limits {
                most: 1,
                longest: std::time::Duration::from_secs(1_000),
            },
        };
        let tap = core.tap();
        let (log, keeper) = keeper(&shelf, "call", opened(), tap);
        (core, log, keeper, folder)
    }

    fn records(folder: &tempfile::TempDir) -> Vec<Record> {
        let file = std::fs::read(folder.path().join("call.mihu")).unwrap();
        let mut reader = bundle::Reader::new(&file[..]).unwrap();
        std::iter::from_fn(|| reader.read().unwrap())
            .map(|record| serde_json::from_slice(&record.head).unwrap())
            .collect()
    }

    #[test]
    fn a_call_is_kept_from_what_it_is_to_its_end() {
        let (mut core, log, mut keeper, folder) = kept();
        core.tick(Moment::from_millis(20));
        let segment = media::SegmentId(3);
        log.sound(segment, &[1, -2]);
        keeper.drain(true);
        keeper.finish(true, 0);
        let records = records(&folder);
        assert!(matches!(&records[0], Record::Opened(it) if **it == opened()));
        assert!(matches!(records[1], Record::Tick { at } if at == Moment::from_millis(20)));
        assert!(matches!(records[2], Record::Sound { segment: of } if of == segment));
        assert!(matches!(records[3], Record::Kept { missing: None }));
        assert_eq!(records.len(), 4);
    }

    #[test]
    fn a_call_that_was_never_answered_is_not_kept() {
        let (mut core, _log, keeper, folder) = kept();
        core.tick(Moment::from_millis(20));
        keeper.finish(false, 0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_bundle_says_what_it_lacks() {
        let (mut core, _log, keeper, folder) = kept();
        for tick in 0..2_000 {
            core.tick(Moment::from_millis(20 * tick));
        }
        keeper.finish(true, 0);
        let last = records(&folder).pop();
        let lacks = |missing: &String| missing.starts_with("packets");
        assert!(matches!(last, Some(Record::Kept { missing: Some(it) }) if lacks(&it)));
    }

    #[test]
    fn the_oldest_bundle_makes_room_for_the_newest() {
        let (_core, log, keeper, folder) = kept();
        let old = folder.path().join("old.mihu");
        let file = std::fs::File::create(&old).unwrap();
        let before = SystemTime::now() - std::time::Duration::from_secs(10);
        file.set_modified(before).unwrap();
        log.sound(media::SegmentId(0), &[1]);
        keeper.finish(true, 0);
        assert!(!old.exists());
        assert_eq!(records(&folder).len(), 3);
    }
}
