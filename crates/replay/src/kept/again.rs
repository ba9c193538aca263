//! A call that was kept, with another agent: the caller's packets come when they came, and
//! everything else happens anew. What the stages answered before, they answer again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agent::{AgentDefinition, CallPrompt};
use audio::Moment;
use engine::keeping::Input;
use engine::{Occasion, Script, Timeline};
use media::{ConnectError, RecordedFrame};

use super::leg::{KeptLeg, Mouth};
use super::read::{Bundle, LoadBundleError, Step};
use crate::account::{self, Names};
use crate::call::{Happened, LAST_TICKS, LINGER};
use crate::cassettes::{Cassettes, Reused};
use crate::conversation::{Conversation, End, Parts};
use crate::latency::Timing;
use crate::order::Replayed;
use crate::stages::{Mind, Stages};

/// Another agent in the place of the one that was called.
#[derive(Clone, Debug)]
pub struct Another {
    /// Who is called.
    pub agent: Arc<AgentDefinition>,
    /// Who thinks for it, where the bundle has no answer.
    pub mind: Mind,
}

/// Lets the caller of a bundle talk to `another` agent, and tells what was answered from the
/// bundle.
///
/// The caller says what it said when it said it, whatever the agent does, and hangs up when it
/// did; the conversation hears of it as soon as it did. If the agent that was called had hung up, the call goes on until this one has said all.
///
/// # Errors
///
/// [`LoadBundleError::Leg`] if the call's line cannot be set up, [`LoadBundleError::Model`] if
/// the agent's language model cannot be asked.
pub fn replay_with(
    stages: &mut Stages,
    bundle: &Bundle,
    another: Another,
    source: String,
) -> Result<(Replayed, Reused), LoadBundleError> {
    stages.remember(Some(Cassettes::of(bundle)));
    let names = Names {
        source,
        agent: another.agent.name.clone(),
        seed: bundle.opened.seed,
    };
    let happened = carry(stages, bundle, another);
    let reused = stages.remember(None).unwrap_or_default();
    let happened = happened.map_err(|source| LoadBundleError::Leg {
        path: bundle.path.clone(),
        source,
    })?;
    if let Some(reason) = &happened.story.unreachable {
        return Err(LoadBundleError::Model(reason.clone()));
    }
    let replayed = Replayed {
        spoke: Vec::new(),
        duration: happened.ended.since(happened.origin),
        account: account::account(names, &happened),
        caller: happened.caller,
        latencies: happened.story.latencies,
        agent: happened.agent,
        rate: bundle.began.rate,
    };
    Ok((replayed, reused))
}

fn carry(stages: &mut Stages, bundle: &Bundle, another: Another) -> Result<Happened, ConnectError> {
    let began = &bundle.began;
    let script = script(bundle, &another.agent);
    let longest_silence = script.turn.max_endpointing_delay + LINGER;
    let mut leg = KeptLeg::new(bundle, Mouth::Another(script.background));
    let origin = began.now;
    let mut tape = Timeline::new(began.rate, origin);
    let mut orders = orders(bundle).peekable();
    let parts = Parts {
        script,
        patience: began.patience,
        mind: another.mind,
        timing: Timing::Modelled,
        tools: BTreeMap::new(),
        rate: began.rate,
        playout: leg.ends.playout.clone(),
    };
    leg.carry(bundle.connected().max(began.now))?;
    let mut conversation = Conversation::new(stages, parts, began.now);
    conversation.follow(began.now, schedule(bundle), &leg.ends.feed);
    let mut now = began.now;
    let (end, hung_up) = loop {
        leg.carry(now)?;
        conversation.hear(now, &leg.ends.feed);
        while let Some((_, order)) = orders.next_if(|(at, _)| *at <= now) {
            conversation.told(now, order);
        }
        conversation.advance(now);
        record(&mut tape, &leg);
        match conversation.end() {
            Some(End::HungUp(reason)) => break (reason, true),
            Some(End::Vanished) => break ("the caller's audio stopped arriving", false),
            Some(End::Failed) => break ("the leg's media broke", false),
            Some(End::Unreachable) => break ("the language model cannot be asked", false),
            None => {}
        }
        if now >= bundle.ended.at {
            if !bundle.ended.hung_up {
                break (bundle.ended.reason.as_str(), false);
            }
            let quiet = conversation.manner().quiet_since;
            let since = quiet.unwrap_or(bundle.ended.at).max(bundle.ended.at);
            if now >= since + longest_silence && !conversation.is_busy() {
                break ("the bundle has no more of the caller", false);
            }
        }
        let next = leg.deadline().min(conversation.deadline());
        let order = orders.peek().map_or(next, |(at, _)| *at);
        // Whatever is due now has been done, so time goes on.
        now = next.min(order).max(now + Duration::from_micros(1));
    };
    if hung_up {
        let until = now + began.patience.last_words;
        while leg.deadline() <= until {
            let at = leg.deadline();
            leg.carry(at)?;
            while leg.ends.feed.pop_frame().is_some() {}
            record(&mut tape, &leg);
        }
        now = until;
    }
    conversation.fall_silent(now);
    let latest = now + LAST_TICKS;
    conversation.learn_what_was_played(now, &leg.ends.feed);
    while conversation.awaits_cut_off() && leg.deadline() <= latest {
        let at = leg.deadline();
        leg.carry(at)?;
        conversation.learn_what_was_played(at, &leg.ends.feed);
    }
    let story = conversation.finish(now);
    let [caller, agent] = sides(tape, began.rate.samples_in(now.since(origin)));
    Ok(Happened {
        story,
        origin,
        said: Vec::new(),
        started: Vec::new(),
        hung_up,
        end: end.to_owned(),
        ended: now,
        caller,
        agent,
    })
}

/// What the agent brings to the call, in the circumstances of that call.
fn script(bundle: &Bundle, agent: &AgentDefinition) -> Script {
    let opened = &bundle.opened;
    let prompt = opened
        .prompt
        .as_ref()
        .map(|(content, overwrite)| CallPrompt {
            content: content.clone(),
            overwrite: *overwrite,
        });
    Script::for_call(
        agent,
        &Occasion {
            direction: opened.direction,
            number: &opened.number,
            about: opened.about.as_deref(),
            prompt: prompt.as_ref(),
            first_message: opened.first_message.as_deref(),
            local_time: agent.local_time(opened.time),
        },
    )
}

/// When the conversation was told of which window.
fn schedule(bundle: &Bundle) -> BTreeMap<u64, Moment> {
    let heard = bundle.steps.iter().filter_map(|step| match step {
        Step::Heard { now, window, .. } => Some((*window, *now)),
        Step::Told(_) | Step::Did(..) => None,
    });
    heard.collect()
}

/// What came from outside of the call: from its far end's signalling, from people who gave it
/// orders, and from the node. What became of passing it on is an answer, which the cassettes have.
fn orders(bundle: &Bundle) -> impl Iterator<Item = (Moment, &Input)> {
    bundle.steps.iter().filter_map(|step| match step {
        Step::Told(
            input @ (Input::Hold { now, .. }
            | Input::HangUp { now, .. }
            | Input::SayLine { now, .. }
            | Input::Mute { now, .. }
            | Input::Forward { now, .. }),
        ) => Some((*now, input)),
        Step::Told(_) | Step::Heard { .. } | Step::Did(..) => None,
    })
}

fn record(tape: &mut Timeline, leg: &KeptLeg<'_>) {
    let feed = leg.ends.recording.as_ref();
    let frames = std::iter::from_fn(|| feed.and_then(|feed| feed.pop()));
    frames.for_each(|frame: RecordedFrame| tape.place(&frame));
}

/// The caller's side and the agent's, of this length.
fn sides(mut tape: Timeline, length: usize) -> [Vec<i16>; 2] {
    let mut interleaved = Vec::new();
    tape.give_all(&mut interleaved);
    let (pairs, _) = interleaved.as_chunks::<2>();
    let side = |pick: fn(&[i16; 2]) -> i16| {
        let mut side: Vec<i16> = pairs.iter().map(pick).collect();
        side.resize(length, 0);
        side
    };
    [side(|[caller, _]| *caller), side(|[_, agent]| *agent)]
}
