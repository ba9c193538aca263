use std::time::Duration;

use agent::SentenceSplitter;
use audio::Moment;
use media::SegmentId;

use super::ReplyId;
use super::ledger::Ledger;

/// One contribution of the agent: a greeting, or the answer to a turn of the caller.
#[derive(Debug)]
pub(super) struct Answer {
    /// The model's reply that still brings words, if it comes from the model.
    pub(super) asking: Option<ReplyId>,
    /// Hang up once it has been played.
    pub(super) ends_call: Option<&'static str>,
    /// The latency account, for answers to a caller's turn.
    pub(super) ledger: Option<Ledger>,
    /// Whether it only asks if the caller is still there.
    pub(super) is_prompt: bool,
    /// Whether the model has said anything of it.
    pub(super) worded: bool,
    /// Cuts the model's words into sentences.
    pub(super) splitter: SentenceSplitter,
    segments: Vec<Segment>,
    /// Whether it answers the caller, in the model's words.
    to_caller: bool,
}

#[derive(Debug)]
struct Segment {
    id: SegmentId,
    text: String,
    duration: Option<Duration>,
    started: Option<Moment>,
    finished: Option<Moment>,
    lost: bool,
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
            ledger,
            is_prompt: false,
            worded: false,
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
        };
        self.segments.push(segment);
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

    /// Whether nothing more will be heard of it.
    pub(super) fn is_over(&self) -> bool {
        self.asking.is_none()
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
            let played = at.since(segment.started?);
            let mut text = words_played(&segment.text, played, segment.duration);
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
            let played = segment.started.map_or_else(String::new, |started| {
                words_played(&segment.text, at.since(started), segment.duration)
            });
            let heard = played.split_whitespace().count();
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

/// The words of `text` that fit into `played` of its `duration`, each word taking time in
/// proportion to its length.
fn words_played(text: &str, played: Duration, duration: Option<Duration>) -> String {
    let characters = text.chars().count().max(1) as f64;
    let duration = duration
        .map_or(characters / CHARACTERS_PER_SECOND, |duration| {
            duration.as_secs_f64()
        })
        .max(0.001);
    let budget = (played.as_secs_f64() / duration).min(1.0) * characters;
    let mut heard = String::new();
    let mut spent = 0.0;
    for word in text.split_whitespace() {
        spent += word.chars().count() as f64;
        if spent > budget + 0.5 {
            break;
        }
        if !heard.is_empty() {
            heard.push(' ');
        }
        heard.push_str(word);
        spent += 1.0;
    }
    heard
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
        let text = "aaaa bbbb cccc";
        let second = Some(Duration::from_secs(1));
        assert_eq!(
            words_played(text, Duration::from_millis(320), second),
            "aaaa"
        );
        assert_eq!(
            words_played(text, Duration::from_millis(700), second),
            "aaaa bbbb"
        );
        assert_eq!(
            words_played(text, Duration::from_millis(1_500), second),
            text
        );
        assert_eq!(words_played(text, Duration::ZERO, second), "");
    }
}
