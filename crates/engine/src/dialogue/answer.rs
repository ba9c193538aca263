use std::ops::Range;
use std::time::Duration;

use agent::SentenceSplitter;
use audio::{Moment, SampleRate};
use media::SegmentId;
use serde::{Deserialize, Serialize};
use speech::SpokenWord;

use super::ReplyId;
use super::ledger::Ledger;
use super::tools::Tools;
use crate::event::TurnLatency;

/// One contribution of the agent: a greeting, or the answer to a turn of the caller.
#[derive(Debug)]
pub(super) struct Answer {
    /// The model's reply that still brings words, if it comes from the model.
    pub(super) asking: Option<ReplyId>,
    /// Hang up once it has been played.
    pub(super) ends_call: Option<&'static str>,
    /// Pass the call on once it has been played.
    pub(super) passes_on: bool,
    /// Whether none of it is spoken.
    pub(super) is_silent: bool,
    /// The latency account, for answers to a caller's turn.
    pub(super) ledger: Option<Ledger>,
    /// The account of an answer of which only a filler was heard, until the model says something.
    pub(super) bridged: Option<Bridged>,
    /// The fillers that were said for it.
    pub(super) fillers: u32,
    /// Whether it only asks if the caller is still there.
    pub(super) is_prompt: bool,
    /// Whether it is the rest of one that was cut off.
    pub(super) goes_on: bool,
    /// The tools that it uses.
    pub(super) tools: Tools,
    /// What the model has said since it was asked.
    pub(super) said: String,
    /// Words of the model so far.
    pub(super) words: u64,
    /// When it was begun ahead of the decision, until it is heard.
    pub(super) tried: Option<Moment>,
    /// Cuts the model's words into sentences.
    pub(super) splitter: SentenceSplitter,
    segments: Vec<Segment>,
    /// Whether it answers the caller, in the model's words.
    to_caller: bool,
}

/// The account of a wait that a filler has bridged.
#[derive(Debug)]
pub(super) struct Bridged {
    pub(super) ledger: Ledger,
    pub(super) latency: Box<TurnLatency>,
}

#[derive(Debug)]
struct Segment {
    id: SegmentId,
    text: String,
    duration: Option<Duration>,
    started: Option<Moment>,
    finished: Option<Moment>,
    lost: bool,
    /// When each word sounds, if the synthesiser knows.
    words: Vec<TimedWord>,
    /// How much of it was sent when it was cut off, if that is known.
    sent: Option<Duration>,
}

/// A word of a segment, and when it sounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedWord {
    /// Where it stands in the segment's text, in bytes.
    pub text: Range<usize>,
    /// When it sounds, from the first frame on that carries the segment's name.
    pub sounds: Range<Duration>,
}

impl TimedWord {
    /// A word of a segment that begins with `lead` of silence, whose speech has this rate.
    pub fn new(word: SpokenWord, rate: SampleRate, lead: Duration) -> Self {
        let time = |sample: usize| lead + rate.duration_of(sample);
        Self {
            text: word.text,
            sounds: time(word.audio.start)..time(word.audio.end),
        }
    }
}

/// What the caller heard of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) text: String,
    pub(super) started: Moment,
    pub(super) finished: Moment,
}

impl Answer {
    pub(super) fn new(asking: Option<ReplyId>, ledger: Option<Ledger>) -> Self {
        Self {
            to_caller: asking.is_some(),
            asking,
            ends_call: None,
            passes_on: false,
            is_silent: false,
            ledger,
            bridged: None,
            fillers: 0,
            is_prompt: false,
            goes_on: false,
            tools: Tools::default(),
            said: String::new(),
            words: 0,
            tried: None,
            splitter: SentenceSplitter::default(),
            segments: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, id: SegmentId, text: String) {
        let segment = Segment {
            id,
            text,
            duration: None,
            started: None,
            finished: None,
            lost: false,
            words: Vec::new(),
            sent: None,
        };
        self.segments.push(segment);
    }

    /// Whether the model, or a tool for it, is still at work.
    pub(super) fn is_being_composed(&self) -> bool {
        self.asking.is_some() || !self.tools.are_idle()
    }

    /// Whether a filler was played to its end while the model has still to say something.
    pub(super) fn is_bridged_in_vain(&self) -> bool {
        let played = |segment: &Segment| segment.finished.is_some();
        self.is_being_composed() && self.words == 0 && self.segments.iter().all(played)
    }

    /// When it fell silent, unless it has still something to say.
    pub(super) fn quiet_since(&self) -> Option<Moment> {
        let ends = self.segments.iter().map(|segment| segment.finished);
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Whether nothing but a filler was to be heard of it.
    pub(super) const fn only_fills(&self) -> bool {
        self.fillers > 0 && self.words == 0
    }

    pub(super) fn has_words(&self) -> bool {
        !self.segments.is_empty()
    }

    /// A segment is synthesised in full. One without sound is over at once, as no playout
    /// event will follow.
    pub(super) fn synthesised(&mut self, now: Moment, id: SegmentId, duration: Duration) {
        let Some(segment) = self.segment(id) else {
            return;
        };
        segment.duration = Some(duration);
        if duration.is_zero() {
            segment.finished = Some(now);
        }
    }

    /// A segment could not be spoken at all.
    pub(super) fn lost(&mut self, now: Moment, id: SegmentId) {
        self.synthesised(now, id, Duration::ZERO);
        if let Some(segment) = self.segment(id) {
            segment.lost = true;
        }
    }

    /// Whether the caller hears nothing of an answer because it could not be spoken.
    pub(super) fn was_lost(&self) -> bool {
        let unheard = |segment: &Segment| segment.started.is_none();
        self.to_caller
            && self.segments.iter().all(unheard)
            && self.segments.iter().any(|segment| segment.lost)
    }

    /// Whether some of it could not be spoken.
    pub(super) fn lacks_words(&self) -> bool {
        self.segments.is_empty() || self.segments.iter().any(|segment| segment.lost)
    }

    pub(super) fn started(&mut self, at: Moment, id: SegmentId) -> bool {
        let Some(segment) = self.segment(id) else {
            return false;
        };
        segment.started.get_or_insert(at);
        true
    }

    pub(super) fn finished(&mut self, at: Moment, id: SegmentId) {
        if let Some(segment) = self.segment(id) {
            segment.finished = Some(at);
        }
    }

    /// More of a segment's words have known times.
    pub(super) fn timed(&mut self, id: SegmentId, words: &[TimedWord]) {
        if let Some(segment) = self.segment(id) {
            segment.words.extend_from_slice(words);
        }
    }

    /// A segment was cut off when this much of it had been sent.
    pub(super) fn sent(&mut self, id: SegmentId, played: Duration) {
        if let Some(segment) = self.segment(id) {
            segment.sent = Some(played);
        }
    }

    /// Whether a segment was begun, and it is not known how much of it was sent.
    pub(super) fn is_uncertain(&self) -> bool {
        self.segments.iter().any(|segment| {
            segment.started.is_some() && segment.finished.is_none() && segment.sent.is_none()
        })
    }

    /// Whether nothing more will be heard of it.
    pub(super) fn is_over(&self) -> bool {
        self.asking.is_none()
            && self.tools.are_idle()
            && self
                .segments
                .iter()
                .all(|segment| segment.finished.is_some())
    }

    /// What was heard when everything was played.
    pub(super) fn heard(&self) -> Option<Heard> {
        self.heard_of(|segment| segment.finished.map(|at| (segment.text.clone(), at)))
    }

    /// What was heard when playout stops at `at`: whatever was audible begins with a word, even
    /// if that word was cut.
    pub(super) fn heard_until(&self, at: Moment) -> Option<Heard> {
        let first = self
            .segments
            .iter()
            .find(|segment| segment.started.is_some())?
            .id;
        self.heard_of(|segment| {
            if let Some(finished) = segment.finished {
                return Some((segment.text.clone(), finished));
            }
            let mut text = segment.words_until(at).join(" ");
            if text.is_empty() && segment.id == first {
                text = segment.text.split_whitespace().next()?.to_owned();
            }
            (!text.is_empty()).then_some((text, at))
        })
    }

    /// What was not heard when playout stops at `at`, sentence by sentence.
    pub(super) fn unheard_from(&self, at: Moment) -> Vec<String> {
        let rests = self.segments.iter().filter_map(|segment| {
            if segment.finished.is_some() {
                return None;
            }
            let heard = segment.words_until(at).len();
            let rest: Vec<&str> = segment.text.split_whitespace().skip(heard).collect();
            (!rest.is_empty()).then(|| rest.join(" "))
        });
        rests.collect()
    }

    /// Whether anything of it was audible.
    pub(super) fn is_audible(&self) -> bool {
        self.segments
            .iter()
            .any(|segment| segment.started.is_some())
    }

    /// Whether this segment is one of its own.
    pub(super) fn holds(&self, id: SegmentId) -> bool {
        self.segments.iter().any(|segment| segment.id == id)
    }

    fn heard_of(&self, part: impl Fn(&Segment) -> Option<(String, Moment)>) -> Option<Heard> {
        let mut heard: Option<Heard> = None;
        for segment in &self.segments {
            let Some(started) = segment.started else {
                continue;
            };
            let Some((text, finished)) = part(segment) else {
                continue;
            };
            match &mut heard {
                None => {
                    heard = Some(Heard {
                        text,
                        started,
                        finished,
                    })
                }
                Some(heard) => {
                    heard.text.push(' ');
                    heard.text.push_str(&text);
                    heard.finished = finished;
                }
            }
        }
        heard
    }

    fn segment(&mut self, id: SegmentId) -> Option<&mut Segment> {
        self.segments.iter_mut().find(|segment| segment.id == id)
    }
}

/// Speech of unknown length is taken to run at this many characters a second.
const CHARACTERS_PER_SECOND: f64 = 15.0;

impl Segment {
    /// The words that were heard when playout stopped at `at`: those of which at least half was
    /// sent. Where the times of words are not known they are guessed from their lengths.
    fn words_until(&self, at: Moment) -> Vec<&str> {
        let Some(started) = self.started else {
            return Vec::new();
        };
        let played = at.since(started);
        match self.words.first() {
            // The first word is the first sound.
            Some(first) => {
                let sent = self.sent.unwrap_or(first.sounds.start + played);
                words_sent(&self.text, &self.words, sent)
            }
            None => words_played(&self.text, played, self.duration),
        }
    }
}

/// The words of `text` of which at least half lies within `sent`. What has no sound of its own,
/// such as a dash, goes with the word before it.
fn words_sent<'a>(text: &'a str, words: &[TimedWord], sent: Duration) -> Vec<&'a str> {
    let is_unheard = |word: &&TimedWord| (word.sounds.start + word.sounds.end) / 2 > sent;
    let end = words
        .iter()
        .find(is_unheard)
        .map_or(text.len(), |word| word.text.start);
    let heard = text.get(..end).unwrap_or(text);
    heard.split_whitespace().collect()
}

/// The words of `text` that fit into `played` of its `duration`, each word taking time in
/// proportion to its length.
fn words_played(text: &str, played: Duration, duration: Option<Duration>) -> Vec<&str> {
    let characters = text.chars().count().max(1) as f64;
    let duration = duration
        .map_or(characters / CHARACTERS_PER_SECOND, |duration| {
            duration.as_secs_f64()
        })
        .max(0.001);
    let budget = (played.as_secs_f64() / duration).min(1.0) * characters;
    let mut spent = 0.0;
    let fits = |word: &&str| {
        spent += word.chars().count() as f64;
        let fits = spent <= budget + 0.5;
        spent += 1.0;
        fits
    };
    text.split_whitespace().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SegmentId = SegmentId(1);
    const TWO: SegmentId = SegmentId(2);

    fn answer() -> Answer {
        let mut answer = Answer::new(None, None);
        answer.add(ONE, "Please check the number.".to_owned());
        answer.add(TWO, "Then dial again.".to_owned());
        answer.synthesised(Moment::ZERO, ONE, Duration::from_millis(2_000));
        answer.synthesised(Moment::ZERO, TWO, Duration::from_millis(1_000));
        answer
    }

    #[test]
    fn an_answer_is_over_when_every_segment_was_played() {
        let mut answer = answer();
        answer.started(Moment::from_millis(100), ONE);
        answer.finished(Moment::from_millis(2_100), ONE);
        assert!(!answer.is_over());
        answer.started(Moment::from_millis(2_100), TWO);
        answer.finished(Moment::from_millis(3_100), TWO);
        assert!(answer.is_over());
        assert_eq!(
            answer.heard(),
            Some(Heard {
                text: "Please check the number. Then dial again.".to_owned(),
                started: Moment::from_millis(100),
                finished: Moment::from_millis(3_100),
            })
        );
    }

    #[test]
    fn an_interrupted_answer_keeps_only_the_words_that_were_played() {
        let mut answer = answer();
        answer.started(Moment::from_millis(100), ONE);
        let heard = answer
            .heard_until(Moment::from_millis(1_100))
            .expect("words");
        assert_eq!(heard.text, "Please check");
    }

    #[test]
    fn an_answer_stopped_before_its_first_sound_was_not_heard() {
        assert_eq!(answer().heard_until(Moment::from_millis(50)), None);
    }

    #[test]
    fn a_segment_without_sound_does_not_hold_the_answer() {
        let mut answer = Answer::new(None, None);
        answer.add(ONE, "…".to_owned());
        answer.synthesised(Moment::ZERO, ONE, Duration::ZERO);
        assert!(answer.is_over());
        assert_eq!(answer.heard(), None);
    }

    #[test]
    fn words_are_charged_by_their_length() {
        let words = |millis| {
            let played = Duration::from_millis(millis);
            words_played("aaaa bbbb cccc", played, Some(Duration::from_secs(1)))
        };
        assert_eq!(words(320), ["aaaa"]);
        assert_eq!(words(700), ["aaaa", "bbbb"]);
        assert_eq!(words(1_500), ["aaaa", "bbbb", "cccc"]);
        assert!(words(0).is_empty());
    }

    #[test]
    fn a_word_is_heard_when_half_of_it_was_sent() {
        let text = "** Well — it depends. ☎";
        let word = |word: &str, from: u64, to: u64| {
            let begin = text.find(word).expect("a word of the text");
            TimedWord {
                text: begin..begin + word.len(),
                sounds: Duration::from_millis(from)..Duration::from_millis(to),
            }
        };
        let words = [
            word("Well", 170, 400),
            word("it", 600, 700),
            word("depends.", 700, 1_200),
        ];
        let heard = |millis| words_sent(text, &words, Duration::from_millis(millis)).join(" ");
        assert_eq!(heard(160), "**");
        assert_eq!(heard(284), "**");
        assert_eq!(heard(285), "** Well —");
        assert_eq!(heard(640), "** Well —");
        assert_eq!(heard(660), "** Well — it");
        assert_eq!(heard(960), text);
    }
}
