//! A call that was kept, run again as it was: its packets through the leg and the voice detector,
//! its conversation in the order in which it was told of everything. What comes out is compared
//! with what was kept, and the first difference of each kind is told.

use audio::Moment;
use engine::Timeline;
use engine::dialogue::{Dialogue, Effect, HeardWindow, Playback};
use engine::keeping::{Did, Input, Record, Side, fingerprint};
use engine::listening::{Ear, HeardAudio, Hearing};
use media::{ConnectError, LegEvent};
use report::Expectation;

use super::leg::{KeptLeg, Mouth};
use super::read::{Bundle, KeptFrame, LoadBundleError, Step};
use crate::account::{self, Names};
use crate::call::Happened;
use crate::order::Replayed;
use crate::stages::Stages;
use crate::story::{Narrator, Story};

/// Runs a call again as it was. Whether all of it came out as it was kept is what the account
/// expects.
///
/// # Errors
///
/// [`LoadBundleError::Leg`] if the call's line cannot be set up.
pub fn replay_exactly(
    stages: &mut Stages,
    bundle: &Bundle,
    source: String,
) -> Result<Replayed, LoadBundleError> {
    let line = Line::run(stages, bundle).map_err(|source| LoadBundleError::Leg {
        path: bundle.path.clone(),
        source,
    })?;
    let talk = Talk::run(bundle, &line);
    let played = line
        .played
        .clone()
        .or_else(|| differing_events(bundle, &line.events));
    let happened = Happened {
        story: talk.story,
        origin: bundle.began.origin,
        said: Vec::new(),
        started: Vec::new(),
        hung_up: bundle.ended.hung_up,
        end: bundle.ended.reason.clone(),
        ended: bundle.ended.at,
        caller: line.sides.iter().map(|[caller, _]| *caller).collect(),
        agent: line.sides.iter().map(|[_, agent]| *agent).collect(),
    };
    let names = Names {
        source,
        agent: bundle.opened.agent.clone(),
        seed: bundle.opened.seed,
    };
    let mut account = account::account(names, &happened);
    account.expectations = vec![
        expectation("the caller is heard as recorded", line.heard.or(talk.heard)),
        expectation("the conversation goes as recorded", talk.went),
        expectation("the agent is played as recorded", played),
    ];
    Ok(Replayed {
        spoke: Vec::new(),
        duration: happened.ended.since(happened.origin),
        account,
        caller: happened.caller,
        latencies: happened.story.latencies,
        agent: happened.agent,
        rate: bundle.began.rate,
    })
}

fn expectation(text: &str, difference: Option<String>) -> Expectation {
    Expectation {
        text: text.to_owned(),
        passed: difference.is_none(),
        detail: difference.unwrap_or_else(|| "bit by bit".to_owned()),
    }
}

/// What came out of the leg.
struct Line {
    windows: Vec<HeardAudio>,
    events: Vec<LegEvent>,
    /// Both sides as the recording has them.
    sides: Vec<[i16; 2]>,
    /// The first difference of each side.
    heard: Option<String>,
    played: Option<String>,
}

impl Line {
    fn run(stages: &mut Stages, bundle: &Bundle) -> Result<Self, ConnectError> {
        let mut leg = KeptLeg::new(bundle, Mouth::Kept);
        let mut ear = Ear::new(Hearing {
            suppress_noise: bundle.opened.suppress_noise,
        });
        let rate = bundle.began.rate;
        let mut timeline = Timeline::new(rate, bundle.began.origin);
        let mut heard = Comparison::new(bundle, Side::Heard);
        let mut played = Comparison::new(bundle, Side::Played);
        let (mut windows, mut events) = (Vec::new(), Vec::new());
        while leg.advance()? {
            events.extend(std::iter::from_fn(|| leg.ends.feed.pop_event()));
            while let Some(frame) = leg.ends.feed.pop_frame() {
                ear.hear(&frame);
                while let Some(mut window) = ear.window() {
                    window.probability = stages.listen(&mut ear, &window.samples);
                    windows.push(window);
                }
            }
            while let Some(recorded) = leg.ends.recording.as_ref().and_then(|feed| feed.pop()) {
                let frame = KeptFrame {
                    side: recorded.side.into(),
                    at: recorded.at,
                    sound: fingerprint(rate, recorded.frame.samples()),
                };
                let comparison = match frame.side {
                    Side::Heard => &mut heard,
                    Side::Played => &mut played,
                };
                if comparison.take(&frame) {
                    timeline.place(&recorded);
                }
            }
        }
        let mut interleaved = Vec::new();
        timeline.give_all(&mut interleaved);
        let (sides, _) = interleaved.as_chunks();
        Ok(Self {
            windows,
            events,
            sides: sides.to_vec(),
            heard: heard.finish(),
            played: played.finish(),
        })
    }
}

/// Compares one side's frames with those that were kept, which begin and end within them.
struct Comparison {
    kept: Vec<KeptFrame>,
    next: usize,
    origin: Moment,
    difference: Option<String>,
}

impl Comparison {
    fn new(bundle: &Bundle, side: Side) -> Self {
        let kept = bundle.frames.iter().filter(|frame| frame.side == side);
        Self {
            kept: kept.copied().collect(),
            next: 0,
            origin: bundle.began.origin,
            difference: None,
        }
    }

    /// Whether the frame belongs to the recording.
    fn take(&mut self, frame: &KeptFrame) -> bool {
        let Some(kept) = self.kept.get(self.next) else {
            return false;
        };
        if self.next == 0 && frame.at < kept.at {
            return false;
        }
        self.next += 1;
        if frame != kept && self.difference.is_none() {
            let place = seconds(kept.at, self.origin);
            self.difference = Some(if frame.at == kept.at {
                format!("other samples from {place} on")
            } else {
                let found = seconds(frame.at, self.origin);
                format!("20 ms that were at {place} are at {found}")
            });
        }
        true
    }

    fn finish(self) -> Option<String> {
        let missing = self.kept.get(self.next);
        self.difference.or_else(|| {
            let place = seconds(missing?.at, self.origin);
            Some(format!("nothing from {place} on"))
        })
    }
}

/// What came of the conversation.
struct Talk {
    story: Story,
    /// The first difference in what it was given to hear, and in what it did.
    heard: Option<String>,
    went: Option<String>,
}

impl Talk {
    fn run(bundle: &Bundle, line: &Line) -> Self {
        let began = &bundle.began;
        let origin = Some(began.origin);
        let script = began.script.clone();
        let mut dialogue = Dialogue::new(script, began.patience, began.rate, origin, began.now);
        let mut narrator = Narrator::of(&began.script);
        let mut now = began.now;
        let (mut heard, mut went) = (None, None);
        for step in &bundle.steps {
            match step {
                Step::Heard {
                    now: at,
                    gathered,
                    window,
                    probability,
                } => {
                    now = *at;
                    let found = usize::try_from(*window).ok();
                    let found = found.and_then(|number| line.windows.get(number));
                    let Some(found) = found else {
                        heard.get_or_insert_with(|| format!("there is no window {window}"));
                        continue;
                    };
                    if found.probability.to_bits() != probability.to_bits() {
                        heard.get_or_insert_with(|| {
                            format!(
                                "at {} a voice has the probability {}, recorded {probability}",
                                seconds(found.at, began.origin),
                                found.probability,
                            )
                        });
                    }
                    let window = HeardWindow {
                        at: found.at,
                        delivered: found.delivered,
                        gathered: *gathered,
                        probability: *probability,
                        samples: &found.samples,
                    };
                    dialogue.heard(now, &window);
                }
                Step::Told(input) => {
                    now = input.now().unwrap_or(now);
                    input.tell(&mut dialogue);
                }
                Step::Did(head, did) => {
                    let effect = dialogue.poll();
                    let found = effect.as_ref().map(Did::of);
                    if found.as_ref().map(written).as_ref() != Some(head) {
                        went.get_or_insert_with(|| {
                            let place = seconds(now, began.origin);
                            match found {
                                Some(found) => {
                                    format!("at {place} it orders {found:?}, recorded {did:?}")
                                }
                                None => format!("at {place} it orders nothing, recorded {did:?}"),
                            }
                        });
                    }
                    if let Some(effect) = effect {
                        narrate(&mut narrator, now, effect);
                    }
                }
            }
        }
        if let Some(effect) = dialogue.poll() {
            went.get_or_insert_with(|| format!("at its end it orders {:?}", Did::of(&effect)));
        }
        Self {
            story: narrator.story(),
            heard,
            went,
        }
    }
}

/// A record as a node writes it.
fn written(did: &Did) -> Vec<u8> {
    // Records are numbers, text and lists of them, which JSON always holds.
    serde_json::to_vec(&Record::Did(did.clone())).unwrap_or_default()
}

fn narrate(narrator: &mut Narrator, now: Moment, effect: Effect) {
    match effect {
        Effect::Speak(_, text) => narrator.order(&text),
        Effect::Silence => narrator.silence(),
        Effect::Tell(kind) => narrator.tell(now, kind),
        Effect::Recognise(..)
        | Effect::Judge(..)
        | Effect::CancelRecognise(_)
        | Effect::Ask(..)
        | Effect::CancelAsk(_)
        | Effect::RunTool(..)
        | Effect::Hold
        | Effect::Release
        | Effect::Transfer(_)
        | Effect::HandOver(_)
        | Effect::HangUp(_) => {}
    }
}

/// The first thing that the conversation was told of the leg and that the leg does not tell.
fn differing_events(bundle: &Bundle, events: &[LegEvent]) -> Option<String> {
    let mut events = events.iter();
    let told = bundle.steps.iter().filter_map(|step| match step {
        Step::Told(input) => is_of_leg(input).then_some(input),
        Step::Heard { .. } | Step::Did(..) => None,
    });
    for input in told {
        if !events.any(|event| is_same(input, event)) {
            return Some(format!("the line does not tell of {input:?}"));
        }
    }
    None
}

const fn is_of_leg(input: &Input) -> bool {
    matches!(
        input,
        Input::Playback { .. } | Input::CutOff { .. } | Input::Pressed { .. }
    )
}

fn is_same(input: &Input, event: &LegEvent) -> bool {
    match (input, event) {
        (
            Input::Playback {
                at: told,
                playback: Playback::Started(name),
            },
            LegEvent::SegmentStarted { segment, at },
        )
        | (
            Input::Playback {
                at: told,
                playback: Playback::Finished(name),
            },
            LegEvent::SegmentFinished { segment, at },
        ) => told == at && name == segment,
        (
            Input::CutOff {
                segment: name,
                played: told,
                ..
            },
            LegEvent::Interrupted {
                segment, played, ..
            },
        ) => name == segment && told == played,
        (Input::Pressed { at: told, key, .. }, LegEvent::Digit { digit, at }) => {
            told == at && *key == digit.as_char()
        }
        _ => false,
    }
}

fn seconds(moment: Moment, origin: Moment) -> String {
    format!("{:.3} s", moment.since(origin).as_secs_f64())
}
