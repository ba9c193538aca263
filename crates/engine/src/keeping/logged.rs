use std::time::Duration;

use audio::dtmf::Digit;
use audio::{Moment, SampleRate};
use llm::{ReplyError, ReplyPart};
use media::SegmentId;
use speech::RecogniseError;
use turn::Attempt;

use super::effect::Did;
use super::input::{Input, Reason};
use super::log::Log;
use super::record::Record;
use crate::dialogue::{Dialogue, Effect, HeardWindow, Playback, ReplyId, TimedWord, ToolId};
use crate::patience::Patience;
use crate::routing::{Destination, ForwardOutcome};
use crate::script::Script;
use crate::tools::ToolReply;

/// A dialogue that logs what it is told and what it orders, if there is a log. Its methods are
/// those of [`Dialogue`].
#[derive(Debug)]
pub(crate) struct LoggedDialogue {
    dialogue: Dialogue,
    log: Option<Log>,
}

impl LoggedDialogue {
    pub(crate) fn new(
        log: Option<Log>,
        script: Script,
        patience: Patience,
        rate: SampleRate,
        origin: Option<Moment>,
        now: Moment,
    ) -> Self {
        if let Some(log) = &log {
            log.write(&Record::Began {
                script: Box::new(script.clone()),
                patience,
                rate,
                origin,
                now,
            });
        }
        let dialogue = Dialogue::new(script, patience, rate, origin, now);
        Self { dialogue, log }
    }

    /// Takes the window of this number.
    pub(crate) fn heard(&mut self, now: Moment, number: u64, window: &HeardWindow<'_>) {
        if let Some(log) = &self.log {
            log.write(&Record::Heard {
                now,
                gathered: window.gathered,
                window: number,
                probability: window.probability.to_bits(),
            });
        }
        self.dialogue.heard(now, window);
    }

    pub(crate) fn pressed(&mut self, now: Moment, at: Moment, digit: Digit) {
        let key = digit.as_char();
        self.told(|| Input::Pressed { now, at, key });
        self.dialogue.pressed(now, at, digit);
    }

    pub(crate) fn recognised(
        &mut self,
        now: Moment,
        attempt: Attempt,
        result: Result<(String, Duration), RecogniseError>,
    ) {
        self.told(|| Input::Recognised {
            now,
            attempt,
            words: result.as_ref().map_err(ToString::to_string).cloned(),
        });
        self.dialogue.recognised(now, attempt, result);
    }

    pub(crate) fn provider_says(&mut self, now: Moment, attempt: Attempt, over: bool) {
        self.told(|| Input::ProviderSays { now, attempt, over });
        self.dialogue.provider_says(now, attempt, over);
    }

    pub(crate) fn judged(&mut self, now: Moment, attempt: Attempt, completeness: Option<f32>) {
        self.told(|| Input::Judged {
            now,
            attempt,
            completeness: completeness.map(f32::to_bits),
        });
        self.dialogue.judged(now, attempt, completeness);
    }

    pub(crate) fn reply_part(&mut self, now: Moment, reply: ReplyId, part: ReplyPart) {
        self.told(|| Input::ReplyPart {
            now,
            reply,
            part: part.clone(),
        });
        self.dialogue.reply_part(now, reply, part);
    }

    pub(crate) fn reply_ended(
        &mut self,
        now: Moment,
        reply: ReplyId,
        result: Result<(), ReplyError>,
    ) {
        self.told(|| Input::ReplyEnded {
            now,
            reply,
            failure: result.as_ref().err().map(ToString::to_string),
        });
        self.dialogue.reply_ended(now, reply, result);
    }

    pub(crate) fn tool_answered(&mut self, now: Moment, id: ToolId, reply: &ToolReply) {
        if let Some(agent) = reply.passes_to {
            self.told(|| Input::ToolPassesOn {
                now,
                id,
                agent,
                answer: reply.text.clone(),
            });
            self.dialogue.tool_passes_on(now, id, agent, &reply.text);
            return;
        }
        self.told(|| Input::ToolAnswered {
            now,
            id,
            answer: reply.text.clone(),
            is_spoken: reply.is_spoken,
        });
        self.dialogue
            .tool_answered(now, id, &reply.text, reply.is_spoken);
    }

    pub(crate) fn synthesis_started(&mut self, at: Moment, segment: SegmentId) {
        self.told(|| Input::SynthesisStarted { at, segment });
        self.dialogue.synthesis_started(at, segment);
    }

    pub(crate) fn word_times(&mut self, segment: SegmentId, words: &[TimedWord]) {
        self.told(|| Input::WordTimes {
            segment,
            words: words.to_vec(),
        });
        self.dialogue.word_times(segment, words);
    }

    pub(crate) fn synthesised(&mut self, now: Moment, segment: SegmentId, duration: Duration) {
        self.told(|| Input::Synthesised {
            now,
            segment,
            duration,
        });
        self.dialogue.synthesised(now, segment, duration);
    }

    pub(crate) fn synthesis_failed(
        &mut self,
        now: Moment,
        segment: SegmentId,
        spoken: Duration,
        reason: &str,
    ) {
        self.told(|| Input::SynthesisFailed {
            now,
            segment,
            spoken,
            reason: reason.to_owned(),
        });
        self.dialogue.synthesis_failed(now, segment, spoken, reason);
    }

    pub(crate) fn playback(&mut self, at: Moment, playback: Playback) {
        self.told(|| Input::Playback { at, playback });
        self.dialogue.playback(at, playback);
    }

    pub(crate) fn cut_off(&mut self, now: Moment, segment: Option<SegmentId>, played: Duration) {
        self.told(|| Input::CutOff {
            now,
            segment,
            played,
        });
        self.dialogue.cut_off(now, segment, played);
    }

    /// `reason` is one of [`Reasons`](super::Reasons).
    pub(crate) fn hang_up(&mut self, now: Moment, message: Option<&str>, reason: &'static str) {
        self.told(|| Input::HangUp {
            now,
            message: message.map(str::to_owned),
            reason: Reason::new(reason),
        });
        self.dialogue.hang_up(now, message, reason);
    }

    /// `ends_call` is one of [`Reasons`](super::Reasons).
    pub(crate) fn say_line(&mut self, now: Moment, text: &str, ends_call: Option<&'static str>) {
        self.told(|| Input::SayLine {
            now,
            text: text.to_owned(),
            ends_call: ends_call.map(Reason::new),
        });
        self.dialogue.say_line(now, text, ends_call);
    }

    pub(crate) fn mute(&mut self, now: Moment, muted: bool) {
        self.told(|| Input::Mute { now, muted });
        self.dialogue.mute(now, muted);
    }

    pub(crate) fn forward(&mut self, now: Moment, to: Destination, message: Option<&str>) {
        self.told(|| Input::Forward {
            now,
            to: to.clone(),
            message: message.map(str::to_owned),
        });
        self.dialogue.forward(now, to, message);
    }

    pub(crate) fn forwarded(
        &mut self,
        now: Moment,
        outcome: ForwardOutcome,
        sip_code: Option<u16>,
    ) {
        self.told(|| Input::Forwarded {
            now,
            outcome,
            sip_code,
        });
        self.dialogue.forwarded(now, outcome, sip_code);
    }

    pub(crate) fn taken_over(&mut self, now: Moment, script: Script) {
        self.told(|| Input::TakenOver {
            now,
            script: Box::new(script.clone()),
        });
        self.dialogue.taken_over(now, script);
    }

    pub(crate) fn hold(&mut self, now: Moment, held: bool) {
        self.told(|| Input::Hold { now, held });
        self.dialogue.hold(now, held);
    }

    pub(crate) fn timeout(&mut self, now: Moment) {
        self.told(|| Input::Timeout { now });
        self.dialogue.timeout(now);
    }

    pub(crate) fn close(&mut self) {
        self.told(|| Input::Close);
        self.dialogue.close();
    }

    pub(crate) fn fall_silent(&mut self, now: Moment) {
        self.told(|| Input::FallSilent { now });
        self.dialogue.fall_silent(now);
    }

    pub(crate) fn finish(&mut self, now: Moment) {
        self.told(|| Input::Finish { now });
        self.dialogue.finish(now);
    }

    pub(crate) fn deadline(&self) -> Moment {
        self.dialogue.deadline()
    }

    pub(crate) const fn awaits_cut_off(&self) -> bool {
        self.dialogue.awaits_cut_off()
    }

    pub(crate) fn poll(&mut self) -> Option<Effect> {
        let effect = self.dialogue.poll()?;
        if let Some(log) = &self.log {
            log.write(&Record::Did(Did::of(&effect)));
        }
        Some(effect)
    }

    fn told(&self, input: impl FnOnce() -> Input) {
        if let Some(log) = &self.log {
            log.write(&Record::Told(input()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keeping::log::{Entries, log};

    fn script() -> Script {
        Script {
            system: "You answer the phone.".to_owned(),
            knowledge: Vec::new(),
            tools: Vec::new(),
            first_message: Some("Hello. Who is it?".to_owned()),
            goodbye: "Good bye.".to_owned(),
            voicemail: None,
            trouble: "I have some trouble.".to_owned(),
            not_understood: "I did not catch that.".to_owned(),
            max_duration: Duration::from_secs(600),
            max_duration_message: "Our time is up.".to_owned(),
            silence_timeout: Duration::from_secs(60),
            silence_prompt: None,
            filler: None,
            resume_after: None,
            speed: 1.0,
            turn: turn::Settings::default(),
            routing: crate::routing::Routing::default(),
            background: None,
            suppress_noise: false,
            record: true,
        }
    }

    fn records(entries: &Entries) -> Vec<(Vec<u8>, Record)> {
        let entries = std::iter::from_fn(|| entries.next());
        entries
            .map(|entry| {
                let record = serde_json::from_slice(&entry.head).unwrap();
                (entry.head, record)
            })
            .collect()
    }

    /// A short call: a greeting of two sentences, of which the second fails, some keys, an answer.
    fn talk(log: Log) {
        let now = Moment::from_millis;
        let patience = Patience::default();
        let rate = SampleRate::HZ_8000;
        let mut dialogue =
            LoggedDialogue::new(Some(log), script(), patience, rate, Some(now(0)), now(0));
        let poll = |dialogue: &mut LoggedDialogue| while dialogue.poll().is_some() {};
        poll(&mut dialogue);
        let (first, second) = (SegmentId(0), SegmentId(1));
        dialogue.synthesis_started(now(10), first);
        dialogue.synthesised(now(12), first, Duration::from_millis(600));
        dialogue.synthesis_failed(now(14), second, Duration::ZERO, "no voice");
        dialogue.playback(now(20), Playback::Started(first));
        dialogue.playback(now(620), Playback::Finished(first));
        poll(&mut dialogue);
        let window = HeardWindow {
            at: now(700),
            delivered: now(702),
            gathered: now(703),
            probability: 0.1,
            samples: &[0; 256],
        };
        dialogue.heard(now(705), 0, &window);
        dialogue.pressed(now(900), now(890), Digit::ALL[4]);
        poll(&mut dialogue);
        dialogue.timeout(dialogue.deadline());
        poll(&mut dialogue);
        let part = ReplyPart::Text("You pressed four.".to_owned());
        dialogue.reply_part(now(5_000), ReplyId(0), part);
        dialogue.reply_ended(now(5_010), ReplyId(0), Ok(()));
        poll(&mut dialogue);
        dialogue.hang_up(now(6_000), None, crate::keeping::Reasons::API);
        dialogue.close();
        dialogue.fall_silent(now(6_000));
        dialogue.finish(now(6_100));
        poll(&mut dialogue);
    }

    #[test]
    fn what_was_logged_makes_another_dialogue_do_the_same() {
        let (log, entries) = log();
        talk(log);
        let records = records(&entries);
        assert!(!entries.has_lost());
        let mut dialogue = None;
        let (mut done, mut told) = (0, 0);
        for (head, record) in records {
            match (record, &mut dialogue) {
                (
                    Record::Began {
                        script,
                        patience,
                        rate,
                        origin,
                        now,
                    },
                    begun @ None,
                ) => *begun = Some(Dialogue::new(*script, patience, rate, origin, now)),
                (Record::Told(input), Some(dialogue)) => {
                    input.tell(dialogue);
                    told += 1;
                }
                (Record::Heard { now, gathered, .. }, Some(dialogue)) => {
                    let window = HeardWindow {
                        at: Moment::from_millis(700),
                        delivered: Moment::from_millis(702),
                        gathered,
                        probability: 0.1,
                        samples: &[0; 256],
                    };
                    dialogue.heard(now, &window);
                }
                (Record::Did(_), Some(dialogue)) => {
                    let effect = dialogue.poll().expect("it does as much");
                    let did = serde_json::to_vec(&Record::Did(Did::of(&effect))).unwrap();
                    assert_eq!(String::from_utf8(did), String::from_utf8(head));
                    done += 1;
                }
                (record, _) => panic!("{record:?} has no place here"),
            }
        }
        assert!(dialogue.is_some_and(|mut dialogue| dialogue.poll().is_none()));
        assert!(done > 8 && told > 10, "{done} {told}");
    }

    #[test]
    fn without_a_log_a_dialogue_is_itself() {
        let now = Moment::ZERO;
        let patience = Patience::default();
        let rate = SampleRate::HZ_8000;
        let mut logged = LoggedDialogue::new(None, script(), patience, rate, None, now);
        let mut plain = Dialogue::new(script(), patience, rate, None, now);
        let shown = |effect: Option<Effect>| effect.map(|effect| format!("{effect:?}"));
        loop {
            let effect = shown(plain.poll());
            assert_eq!(shown(logged.poll()), effect);
            if effect.is_none() {
                break;
            }
        }
    }
}
