//! Reads a bundle as a whole, and refuses what no node has written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use audio::{Moment, SampleRate};
use bundle::{ReadError, Reader};
use engine::keeping::{Agreed, Did, Ended, Input, Opened, Record, Side};
use engine::{Patience, Script};
use media::SegmentId;
use serde_json::Value;

use super::moments::{self, Moments};

/// No setting and no span within a call is longer, in seconds.
const LONGEST_SPAN: u64 = 10_000_000;

/// No call has more interruptions.
const MOST_GENERATIONS: u64 = 1_000_000;

/// No sentence begins with more frames of silence.
const LONGEST_LEAD: usize = 1_000;

/// No leg lets more packets wait, nor more octets of them.
const MOST_WAITING: (usize, usize) = (10_000, 16 * 1024 * 1024);

/// Why a bundle cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum LoadBundleError {
    /// The file cannot be opened.
    #[error("cannot read {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no bundle, one of another version, or not a whole one.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ReadError,
    },
    /// A record is none that a node writes.
    #[error("{}: record {number} is damaged: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// The record's number, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The node could not keep all of the call, or the call broke off.
    #[error("{}: the bundle is not complete, it lacks {lacks}", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// What is missing.
        lacks: String,
    },
    /// The leg cannot be set up as it was.
    #[error("{}: the call's line cannot be set up: {source}", path.display())]
    Leg {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: media::ConnectError,
    },
    /// Another agent's language model cannot be asked.
    #[error("{0}")]
    Model(String),
}

/// A call that a node kept.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub(super) path: PathBuf,
    pub(super) opened: Opened,
    pub(super) leg: Vec<LegStep>,
    pub(crate) began: Began,
    pub(crate) steps: Vec<Step>,
    pub(crate) sentences: BTreeMap<SegmentId, Sentence>,
    pub(super) frames: Vec<KeptFrame>,
    pub(super) ended: Ended,
}

/// Something that went into the leg.
#[derive(Clone, Debug)]
pub(super) enum LegStep {
    Connected(Box<Agreed>),
    Packet {
        at: Moment,
        from: SocketAddr,
        report: bool,
        packet: Vec<u8>,
    },
    Tick {
        at: Moment,
    },
    Fenced {
        generation: u64,
    },
    Taken(Taken),
}

/// A frame of the agent that a tick took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) segment: SegmentId,
    pub(super) generation: u64,
    pub(super) last: bool,
}

/// How the conversation began.
#[derive(Clone, Debug)]
pub(crate) struct Began {
    pub(crate) script: Script,
    pub(super) patience: Patience,
    pub(crate) rate: SampleRate,
    pub(super) origin: Moment,
    pub(crate) now: Moment,
}

/// Something that the conversation was told, or that it ordered.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Heard {
        now: Moment,
        gathered: Moment,
        window: u64,
        probability: f32,
    },
    Told(Input),
    /// The record as it stands in the file.
    Did(Vec<u8>, Did),
}

/// What a sentence sounded like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sentence {
    /// When the synthesiser was asked for it.
    pub(crate) asked: Moment,
    /// How many frames of silence go before it.
    pub(super) lead: usize,
    pub(crate) samples: Vec<i16>,
}

/// What came out of the leg for the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeptFrame {
    pub(super) side: Side,
    pub(super) at: Moment,
    pub(super) sound: u64,
}

impl Bundle {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// [`LoadBundleError`]; its message names the file.
    pub fn load(path: &Path) -> Result<Self, LoadBundleError> {
        let file = File::open(path).map_err(|source| LoadBundleError::Open {
            path: path.to_owned(),
            source,
        })?;
        Self::read(BufReader::new(file), path)
    }

    /// Reads a bundle from `source`, which messages call `path`.
    ///
    /// # Errors
    ///
    /// [`LoadBundleError`].
    pub fn read(source: impl BufRead, path: &Path) -> Result<Self, LoadBundleError> {
        let read = |source| LoadBundleError::Read {
            path: path.to_owned(),
            source,
        };
        let mut reader = Reader::new(source).map_err(read)?;
        let mut parts = Parts::default();
        let mut number = 0;
        while let Some(record) = reader.read().map_err(read)? {
            number += 1;
            parts
                .take(record)
                .map_err(|reason| LoadBundleError::Record {
                    path: path.to_owned(),
                    number,
                    reason,
                })?;
        }
        parts
            .whole(path)
            .map_err(|lacks| LoadBundleError::Incomplete {
                path: path.to_owned(),
                lacks,
            })
    }

    /// When the leg was first connected.
    pub(super) fn connected(&self) -> Moment {
        let mut leg = self.leg.iter();
        let connected = leg.find_map(|step| match step {
            LegStep::Connected(agreed) => Some(agreed.at()),
            LegStep::Packet { .. }
            | LegStep::Tick { .. }
            | LegStep::Fenced { .. }
            | LegStep::Taken(_) => None,
        });
        connected.unwrap_or(self.began.now)
    }
}

/// What was read so far.
#[derive(Default)]
struct Parts {
    opened: Option<Opened>,
    leg: Vec<LegStep>,
    began: Option<Began>,
    steps: Vec<Step>,
    sentences: BTreeMap<SegmentId, Sentence>,
    frames: Vec<KeptFrame>,
    ended: Option<Ended>,
    kept: Option<Option<String>>,
    moments: Moments,
}

impl Parts {
    fn take(&mut self, record: bundle::Record) -> Result<(), String> {
        let bundle::Record { head, body } = record;
        check_spans(&head)?;
        let record: Record = serde_json::from_slice(&head).map_err(|error| error.to_string())?;
        match record {
            Record::Opened(opened) => self.opened = Some(checked(*opened)?),
            Record::Connected(agreed) => {
                self.moments.happens(agreed.at())?;
                self.leg.push(LegStep::Connected(agreed));
            }
            Record::Packet { at, from, report } => {
                self.moments.happens(at)?;
                self.leg.push(LegStep::Packet {
                    at,
                    from,
                    report,
                    packet: body,
                });
            }
            Record::Tick { at } => {
                self.moments.ticks(at)?;
                self.leg.push(LegStep::Tick { at });
            }
            Record::Fenced { generation } if generation > MOST_GENERATIONS => {
                return Err("more interruptions than any call has".to_owned());
            }
            Record::Fenced { generation } => self.leg.push(LegStep::Fenced { generation }),
            Record::Taken {
                segment,
                generation,
                last,
            } => self.leg.push(LegStep::Taken(Taken {
                segment,
                generation,
                last,
            })),
            Record::Frame { side, at, sound } => {
                self.moments.happens(at)?;
                self.frames.push(KeptFrame { side, at, sound });
            }
            Record::Began {
                script,
                patience,
                rate,
                origin,
                now,
            } => {
                check_rate(rate)?;
                moments::within_reason(&patience)?;
                self.moments.tells(now)?;
                self.moments.happens(origin.unwrap_or(now))?;
                self.began = Some(Began {
                    script: *script,
                    patience,
                    rate,
                    origin: origin.unwrap_or(now),
                    now,
                });
            }
            Record::Heard {
                now,
                gathered,
                window,
                probability,
            } => {
                self.moments.tells(now)?;
                self.moments.happens(gathered)?;
                self.steps.push(Step::Heard {
                    now,
                    gathered,
                    window,
                    probability: f32::from_bits(probability),
                });
            }
            Record::Told(input) => {
                if let Some(now) = input.now() {
                    self.moments.tells(now)?;
                }
                if let Some(at) = input.at() {
                    self.moments.happens(at)?;
                }
                self.steps.push(Step::Told(input));
            }
            Record::Did(did) => self.steps.push(Step::Did(head, did)),
            Record::Asked { segment, lead, .. } if lead > LONGEST_LEAD => {
                return Err(format!(
                    "sentence {} begins with too much silence",
                    segment.0
                ));
            }
            Record::Asked { segment, at, lead } => {
                self.moments.happens(at)?;
                let sentence = self.sentence(segment);
                sentence.asked = at;
                sentence.lead = lead;
            }
            Record::Sound { segment } => {
                let (pairs, _) = body.as_chunks();
                let samples = pairs.iter().map(|pair| i16::from_le_bytes(*pair));
                self.sentence(segment).samples.extend(samples);
            }
            Record::Sounded { .. } => {}
            Record::Ended(ended) => {
                self.moments.happens(ended.at)?;
                self.ended = Some(ended);
            }
            Record::Kept { missing } => self.kept = Some(missing),
        }
        Ok(())
    }

    fn sentence(&mut self, segment: SegmentId) -> &mut Sentence {
        self.sentences.entry(segment).or_default()
    }

    /// The bundle, or what is missing.
    fn whole(self, path: &Path) -> Result<Bundle, String> {
        if let Some(missing) = self.kept.ok_or("its end")? {
            return Err(missing);
        }
        let ended = self.ended.ok_or("the end of the call")?;
        if ended.frames_lost > 0 {
            return Err(format!("{} frames of the caller", ended.frames_lost));
        }
        Ok(Bundle {
            path: path.to_owned(),
            opened: self.opened.ok_or("its beginning")?,
            leg: self.leg,
            began: self.began.ok_or("the beginning of the conversation")?,
            steps: self.steps,
            sentences: self.sentences,
            frames: self.frames,
            ended,
        })
    }
}

fn check_rate(rate: SampleRate) -> Result<(), String> {
    let rates = [SampleRate::HZ_8000, SampleRate::HZ_16000];
    match rates.contains(&rate) {
        true => Ok(()),
        false => Err(format!("no leg runs at {rate}")),
    }
}

fn checked(opened: Opened) -> Result<Opened, String> {
    check_rate(opened.widest)?;
    let (packets, octets) = MOST_WAITING;
    if opened.waiting_packets > packets || opened.waiting_octets > octets {
        return Err("no leg lets so many packets wait".to_owned());
    }
    Ok(opened)
}

/// Refuses spans of time with which nobody can reckon.
fn check_spans(head: &[u8]) -> Result<(), String> {
    const SECONDS: &[u8] = b"\"secs\"";
    if !head.windows(SECONDS.len()).any(|octets| octets == SECONDS) {
        return Ok(());
    }
    let value: Value = serde_json::from_slice(head).map_err(|error| error.to_string())?;
    match is_within_reason(&value) {
        true => Ok(()),
        false => Err("a span of time is longer than any call".to_owned()),
    }
}

fn is_within_reason(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            let span = fields.get("secs").and_then(Value::as_u64);
            span.is_none_or(|seconds| seconds <= LONGEST_SPAN)
                && fields.values().all(is_within_reason)
        }
        Value::Array(values) => values.iter().all(is_within_reason),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use bundle::Writer;

    use super::super::example;
    use super::*;

    fn load(records: &[&str]) -> Result<Bundle, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.mihu");
        let mut writer = Writer::create(&path).unwrap();
        for record in records {
            writer.write(record.as_bytes(), b"").unwrap();
        }
        writer.finish().unwrap();
        Bundle::load(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_bundle_in_which_something_is_missing_says_what() {
        let refused = load(&[r#"{"kept":{"missing":"packets"}}"#]).unwrap_err();
        assert!(refused.contains("lacks packets"), "{refused}");
        let refused = load(&[r#"{"tick":{"at":5}}"#]).unwrap_err();
        assert!(refused.contains("lacks its end"), "{refused}");
    }

    #[test]
    fn a_record_that_no_node_writes_is_named_by_its_number() {
        let refused = load(&[r#"{"tick":{"at":5}}"#, r#"{"tock":{"at":5}}"#]).unwrap_err();
        assert!(refused.contains("record 2"), "{refused}");
    }

    #[test]
    fn what_nobody_can_reckon_with_is_refused() {
        let span = r#"{"told":{"synthesised":{"now":1,"segment":1,"duration":{"secs":18446744073709551615,"nanos":0}}}}"#;
        let refused = load(&[span]).unwrap_err();
        assert!(refused.contains("span of time"), "{refused}");
        let refused = load(&[r#"{"fenced":{"generation":99999999999}}"#]).unwrap_err();
        assert!(refused.contains("interruptions"), "{refused}");
    }

    /// What is said of the example with these steps, changed as told.
    fn refused(steps: &[Record], change: impl FnOnce(&mut Vec<Record>)) -> String {
        let mut records = example::records(steps);
        change(&mut records);
        example::load(&records).expect_err("no such bundle")
    }

    #[test]
    fn moments_that_lie_further_apart_than_any_call_lasts_are_refused() {
        let early = Record::Tick { at: Moment::ZERO };
        assert!(example::load(&example::records(std::slice::from_ref(&early))).is_ok());
        let told = refused(&[early], |records| {
            let far = Moment::from_micros(u64::MAX);
            records.push(Record::Told(Input::Timeout { now: far }));
        });
        assert!(told.contains("24 hours"), "{told}");
        let told = refused(&[], |records| {
            let ended = records.iter_mut().find_map(|record| {
                if let Record::Ended(ended) = record {
                    Some(ended)
                } else {
                    None
                }
            });
            ended.expect("an end").at = Moment::from_micros(u64::MAX / 2);
        });
        assert!(told.contains("24 hours"), "{told}");
    }

    #[test]
    fn a_time_that_goes_back_is_refused() {
        let tick = |millis| Record::Tick {
            at: Moment::from_millis(millis),
        };
        let told = refused(&[tick(6_020), tick(6_000)], |_| ());
        assert!(told.contains("ticks earlier"), "{told}");
        let timeout = |millis| {
            Record::Told(Input::Timeout {
                now: Moment::from_millis(millis),
            })
        };
        let told = refused(&[timeout(6_020), timeout(6_000)], |_| ());
        assert!(told.contains("before what came before"), "{told}");
        assert!(example::load(&example::records(&[timeout(6_000), timeout(6_000)])).is_ok());
    }

    #[test]
    fn a_rate_that_no_leg_has_and_a_patience_that_no_node_has_are_refused() {
        let begun = |change: fn(&mut SampleRate, &mut Patience)| {
            refused(&[], |records| {
                for record in records {
                    if let Record::Began { rate, patience, .. } = record {
                        change(rate, patience);
                    }
                }
            })
        };
        let told = begun(|rate, _| *rate = SampleRate::new(192_000).unwrap());
        assert!(told.contains("no leg runs at 192000 Hz"), "{told}");
        let told =
            begun(|_, patience| patience.last_words = std::time::Duration::from_secs(90_000));
        assert!(told.contains("no node waits"), "{told}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let refused = Bundle::load(Path::new("/nowhere/call.mihu")).unwrap_err();
        assert!(refused.to_string().contains("/nowhere/call.mihu"));
    }
}
