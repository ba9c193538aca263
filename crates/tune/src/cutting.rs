//! Makes passages from recordings of one utterance: whole ones, and ones that pause in the
//! middle of a clause.
//!
//! A cut is made where the audio is quietest between two words: the recogniser hears the known
//! words up to there in the part before, and those from there on in the part after, and neither
//! punctuation nor a word that begins a clause stands between them.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use audio::file::{ReadAudioError, read_mono};
use audio::level::{peak, rms};
use thiserror::Error;

use crate::listener::{ListenError, Listener};
use crate::passage::{Kind, Passage, Pause, RATE, moment};

/// Cuts in one utterance at most.
const CUTS: usize = 4;

/// Moments of one utterance that are tried as cuts at most.
const TRIED: usize = 14;

/// Known words before a cut at least, and after it.
const WORDS: usize = 2;

/// Two cuts of an utterance are this far apart at least, and as far from its ends.
const APART: Duration = Duration::from_millis(250);

/// What a level is measured over.
const STEP: Duration = Duration::from_millis(10);

/// Silence behind an utterance.
const AFTERWARDS: Duration = Duration::from_millis(2_300);

/// What the recogniser is given of silence behind a part.
const BREATH: Duration = Duration::from_millis(200);

/// Where a sound is cut off it fades out in this time, and in as quickly where it goes on.
const FADE: Duration = Duration::from_millis(5);

/// The shortest pause that is made, and how much longer the longest is.
const SHORTEST_PAUSE: Duration = Duration::from_millis(300);
const PAUSES_SPAN: Duration = Duration::from_millis(1_200);

/// Sound that counts as speech has a peak of -40 dBFS, or this share of the loudest one in a
/// quiet recording.
const AUDIBLE: i16 = 328;
const AUDIBLE_SHARE: i16 = 56;

/// Words that begin a clause: a speaker who stops before one may well have finished.
const STARTERS: &[&str] = &[
    "and", "or", "but", "because", "so", "which", "who", "whose", "that", "when", "while", "where",
    "if", "as", "unless", "until", "before", "after", "then", "please", "ask", "press", "we're",
    "there's", "i", "to", "ou", "et",
];

/// Why a folder of utterances gave no passages.
#[derive(Debug, Error)]
pub enum ReadUtterancesError {
    /// The list of what was said cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The list.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The list lacks a column.
    #[error("{}: expected a first line with the columns file and transcript", path.display())]
    Columns {
        /// The list.
        path: PathBuf,
    },
    /// A recording cannot be read.
    #[error(transparent)]
    Audio(#[from] ReadAudioError),
}

/// A recording of one utterance.
#[derive(Clone, Debug)]
pub struct Utterance {
    /// Its file's name, without its ending.
    pub name: String,
    /// What is said, with its punctuation.
    pub transcript: String,
    /// 16 kHz, mono.
    pub samples: Vec<i16>,
}

/// The English utterances that `manifest.tsv` in `folder` lists, no longer than `longest`.
///
/// # Errors
///
/// [`ReadUtterancesError`] with the file that is wrong.
pub fn read(folder: &Path, longest: Duration) -> Result<Vec<Utterance>, ReadUtterancesError> {
    let path = folder.join("manifest.tsv");
    let text = fs::read_to_string(&path).map_err(|source| ReadUtterancesError::Read {
        path: path.clone(),
        source,
    })?;
    let mut lines = text
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let column = |name: &str| header.iter().position(|column| *column == name);
    let (Some(file), Some(transcript)) = (column("file"), column("transcript")) else {
        return Err(ReadUtterancesError::Columns { path });
    };
    let language = column("language").or_else(|| column("lang"));
    let mut utterances = Vec::new();
    for line in lines {
        let (Some(file), Some(transcript)) = (line.get(file), line.get(transcript)) else {
            continue;
        };
        let language = language
            .and_then(|column| line.get(column))
            .unwrap_or(&"en");
        if *language != "en" {
            continue;
        }
        let samples = read_mono(folder.join(file), RATE)?;
        if RATE.duration_of(samples.len()) <= longest {
            utterances.push(Utterance {
                name: file.trim_end_matches(".wav").to_owned(),
                transcript: (*transcript).to_owned(),
                samples,
            });
        }
    }
    Ok(utterances)
}

/// The whole utterance, and one passage for each cut in it: one turn with a pause of 300 to 1,500
/// ms, which `seed` and the name decide.
///
/// # Errors
///
/// [`ListenError`] if the recogniser fails.
pub fn passages(
    utterance: &Utterance,
    seed: u64,
    listener: &mut dyn Listener,
) -> Result<Vec<Passage>, ListenError> {
    let Some(speech) = speech(&utterance.samples) else {
        return Ok(Vec::new());
    };
    let mut random = Random::new(seed, &utterance.name);
    let floor = floor(&utterance.samples);
    let mut passages = vec![whole(utterance, &speech, floor, &mut random)];
    for cut in cuts(utterance, &speech, listener)? {
        passages.push(paused(utterance, &speech, cut, floor, &mut random));
    }
    Ok(passages)
}

/// From the first sample of speech to behind the last.
type Speech = std::ops::Range<usize>;

fn speech(samples: &[i16]) -> Option<Speech> {
    let audible = AUDIBLE.min(peak(samples) / AUDIBLE_SHARE).max(1);
    let is_audible = |sample: &i16| sample.saturating_abs() >= audible;
    let first = samples.iter().position(is_audible)?;
    let last = samples.iter().rposition(is_audible)?;
    Some(first..last + 1)
}

/// The amplitude of the quietest moments of a recording.
fn floor(samples: &[i16]) -> f32 {
    let quietest = samples
        .chunks_exact(RATE.samples_in(STEP * 5))
        .map(|step| rms(step).amplitude());
    let quietest = quietest.min_by(f32::total_cmp).unwrap_or_default();
    quietest.min(0.005)
}

fn whole(utterance: &Utterance, speech: &Speech, floor: f32, random: &mut Random) -> Passage {
    let mut samples = utterance
        .samples
        .get(..speech.end)
        .unwrap_or_default()
        .to_vec();
    fade_out(&mut samples);
    let stops = samples.len();
    samples.extend(random.noise(AFTERWARDS, floor));
    Passage {
        name: utterance.name.clone(),
        pauses: vec![Pause {
            kind: Kind::Whole,
            turn: moment(speech.start),
            start: moment(stops),
            end: moment(samples.len()),
        }],
        samples,
    }
}

fn paused(
    utterance: &Utterance,
    speech: &Speech,
    cut: usize,
    floor: f32,
    random: &mut Random,
) -> Passage {
    let (before, after) = utterance.samples.split_at(cut);
    let mut samples = before.to_vec();
    fade_out(&mut samples);
    let length = SHORTEST_PAUSE + PAUSES_SPAN.mul_f64(random.unit());
    samples.extend(random.noise(length, floor));
    let resumes = samples.len();
    samples.extend(after);
    if let Some(resumed) = samples.get_mut(resumes..) {
        fade(resumed.iter_mut());
    }
    let ends = samples.len() - (utterance.samples.len() - speech.end);
    samples.extend(random.noise(AFTERWARDS, floor));
    Passage {
        name: format!("{} at {} ms", utterance.name, moment(cut).as_millis()),
        pauses: vec![
            Pause {
                kind: Kind::MidClause,
                turn: moment(speech.start),
                // What was cut at a stop consonant ends before it.
                start: moment(self::speech(before).map_or(cut, |speech| speech.end)),
                end: moment(resumes),
            },
            Pause {
                kind: Kind::Between,
                turn: moment(speech.start),
                start: moment(ends),
                end: moment(samples.len()),
            },
        ],
        samples,
    }
}

fn fade_out(samples: &mut [i16]) {
    fade(samples.iter_mut().rev());
}

fn fade<'a>(samples: impl Iterator<Item = &'a mut i16>) {
    let length = RATE.samples_in(FADE);
    for (index, sample) in samples.take(length).enumerate() {
        *sample = (f32::from(*sample) * index as f32 / length as f32) as i16;
    }
}

/// The samples at which the utterance is cut, in order.
fn cuts(
    utterance: &Utterance,
    speech: &Speech,
    listener: &mut dyn Listener,
) -> Result<Vec<usize>, ListenError> {
    let known: Vec<(String, bool)> = utterance
        .transcript
        .split_whitespace()
        .map(|word| {
            (
                bare(word),
                word.ends_with([',', '.', ';', ':', '?', '!', '-']),
            )
        })
        .collect();
    let apart = RATE.samples_in(APART);
    let mut found: Vec<usize> = Vec::new();
    for place in quiet_moments(&utterance.samples, speech)
        .into_iter()
        .take(TRIED)
    {
        if found.iter().any(|other| other.abs_diff(place) < apart) {
            continue;
        }
        if is_between_words(utterance, place, &known, listener)? {
            found.push(place);
        }
        if found.len() == CUTS {
            break;
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Moments that are quieter than what is around them, the quietest first.
fn quiet_moments(samples: &[i16], speech: &Speech) -> Vec<usize> {
    let step = RATE.samples_in(STEP);
    let levels: Vec<f32> = samples.chunks(step).map(|step| rms(step).value()).collect();
    let around = |index: usize| levels.get(index.saturating_sub(3)..(index + 4).min(levels.len()));
    let margin = RATE.samples_in(APART);
    let mut moments: Vec<(f32, usize)> = levels
        .iter()
        .enumerate()
        .filter(|(index, level)| {
            around(*index).is_some_and(|around| around.iter().all(|other| other >= *level))
        })
        .map(|(index, level)| (*level, index * step + step / 2))
        .filter(|(_, place)| *place > speech.start + margin && *place + margin < speech.end)
        .collect();
    moments.sort_by(|one, other| one.0.total_cmp(&other.0));
    moments.into_iter().map(|(_, place)| place).collect()
}

fn is_between_words(
    utterance: &Utterance,
    place: usize,
    known: &[(String, bool)],
    listener: &mut dyn Listener,
) -> Result<bool, ListenError> {
    let (before, after) = utterance.samples.split_at(place);
    let said = words(&spoken(listener, before)?);
    let count = said.len();
    let begun = known.iter().take(count).map(|(word, _)| word);
    if count < WORDS || count + WORDS > known.len() || !begun.eq(said.iter()) {
        return Ok(false);
    }
    let closes = known.get(count - 1).is_none_or(|(_, closes)| *closes);
    let next = known.get(count).map_or("", |(word, _)| word);
    if closes || STARTERS.contains(&next) {
        return Ok(false);
    }
    let rest = words(&spoken(listener, after)?);
    let expected = known.iter().skip(count).take(WORDS).map(|(word, _)| word);
    Ok(expected.eq(rest.iter().take(WORDS)))
}

/// What the recogniser hears in a part of an utterance.
fn spoken(listener: &mut dyn Listener, part: &[i16]) -> Result<String, ListenError> {
    let mut samples = part.to_vec();
    fade_out(&mut samples);
    samples.resize(samples.len() + RATE.samples_in(BREATH), 0);
    listener.words(&samples, RATE)
}

fn words(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(bare);
    words.filter(|word| !word.is_empty()).collect()
}

/// A word without its marks, and a figure as the word for it.
fn bare(word: &str) -> String {
    let word = word
        .trim_matches(|c: char| !c.is_alphanumeric())
        .replace('’', "'")
        .to_lowercase();
    const FIGURES: [&str; 10] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    let figure = word
        .parse::<usize>()
        .ok()
        .and_then(|figure| FIGURES.get(figure));
    figure.map_or(word, |figure| (*figure).to_owned())
}

/// The generator SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    /// A generator for each name.
    fn new(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(mixed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// White noise of this amplitude (root mean square, 1 is full scale).
    fn noise(&mut self, length: Duration, amplitude: f32) -> Vec<i16> {
        let peak = f64::from(amplitude) * 32_768.0 * 3_f64.sqrt();
        (0..RATE.samples_in(length))
            .map(|_| ((2.0 * self.unit() - 1.0) * peak).round() as i16)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio::SampleRate;

    /// Hears words each of which is a level of its own.
    struct Levels(&'static [&'static str]);

    impl Listener for Levels {
        fn words(&mut self, samples: &[i16], _: SampleRate) -> Result<String, ListenError> {
            let heard = samples.chunks(RATE.samples_in(STEP)).map(peak);
            let mut places: Vec<usize> = heard
                .filter(|peak| *peak >= 1_000)
                .map(|peak| peak as usize / 1_000 - 1)
                .collect();
            places.dedup();
            let words = places.iter().filter_map(|place| self.0.get(*place));
            Ok(words.copied().collect::<Vec<_>>().join(" "))
        }

        fn sound(&mut self, _: &[i16], _: SampleRate) -> Result<f32, ListenError> {
            Ok(0.5)
        }
    }

    const WORDS: &[&str] = &[
        "please", "check", "the", "number", "and", "try", "it", "again",
    ];

    fn utterance(transcript: &str) -> Utterance {
        let mut samples = Vec::new();
        for index in 1..=WORDS.len() {
            samples.extend(vec![1_000 * index as i16; RATE.samples_in(STEP * 45)]);
            for level in [2, 2, 0, 2, 2] {
                samples.extend(vec![level; RATE.samples_in(STEP)]);
            }
        }
        Utterance {
            name: "made-up".to_owned(),
            transcript: transcript.to_owned(),
            samples,
        }
    }

    /// After how many of the words it is cut.
    fn cuts_of(transcript: &str) -> Vec<u64> {
        let passages = passages(&utterance(transcript), 1, &mut Levels(WORDS)).expect("words");
        let pauses = passages.iter().filter_map(|passage| passage.pauses.first());
        let cuts = pauses.filter(|pause| pause.kind == Kind::MidClause);
        cuts.map(|pause| (pause.start.as_millis() + 50) / 500)
            .collect()
    }

    #[test]
    fn an_utterance_is_cut_between_words_but_not_before_one_that_begins_a_clause() {
        let cuts = cuts_of("Please check the number and try it again.");
        assert_eq!(cuts, [2, 3, 5, 6]);
    }

    #[test]
    fn an_utterance_is_not_cut_at_punctuation() {
        let cuts = cuts_of("Please check, the number and try, it again.");
        assert_eq!(cuts, [3, 5]);
    }

    #[test]
    fn what_the_recogniser_does_not_hear_as_it_is_known_is_not_cut() {
        assert!(cuts_of("Something else was said by whom.").is_empty());
    }

    #[test]
    fn one_seed_gives_one_set_of_pauses() {
        let made = |seed| {
            let utterance = utterance("Please check the number and try it again.");
            let made = passages(&utterance, seed, &mut Levels(WORDS)).expect("words");
            made.into_iter().map(|one| one.samples).collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
    }

    #[test]
    fn a_list_without_its_columns_is_refused_with_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("manifest.tsv"), "name\twords\n").expect("a file");
        let error = read(folder.path(), Duration::from_secs(9)).expect_err("no columns");
        assert!(error.to_string().contains("manifest.tsv"), "{error}");
        assert!(error.to_string().contains("transcript"), "{error}");
    }
}
