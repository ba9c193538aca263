//! What was heard of an agent that was interrupted, against what its recording holds.

mod support;

use std::time::Duration;

use agent::AgentDefinition;
use audio::SampleRate;
use audio::codec::Codec;
use replay::{Caller, Cue};
use report::Turn;
use speech::{SpeakRequest, SpokenWord, Synthesiser};
use support::{Line, call, fixture, stages, voice};

const SENTENCES: [&str; 2] = [
    "Thank you for calling the museum.",
    "The galleries on the ground floor open every morning at nine, and the roof garden closes \
     when the sun goes down.",
];

const LINE: Line = Line {
    codec: Codec::L16Wide,
    net: "clean",
    seed: 1,
};

fn museum() -> AgentDefinition {
    let mut agent = support::support();
    agent.settings.voice.interaction.inbound_first_message = Some(SENTENCES.join(" "));
    agent
}

/// A sentence as the agent's voice says it, and when each of its words sounds.
fn spoken(text: &str, rate: SampleRate) -> (Vec<i16>, Vec<SpokenWord>) {
    let request = SpeakRequest {
        text: text.to_owned(),
        speed: museum().speaking_rate(),
        rate,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let voice = voice();
    runtime.block_on(async {
        let mut stream = voice.speak(request);
        let (mut samples, mut words) = (Vec::new(), Vec::new());
        while let Some(chunk) = stream.next().await {
            samples.extend(chunk.expect("speech"));
            words.extend(stream.take_words());
        }
        (samples, words)
    })
}

/// How much of `sentence` a recording holds, which must be from its beginning.
fn played(recording: &[i16], sentence: &[i16]) -> usize {
    let sounding = sentence.iter().position(|sample| sample.abs() > 1_000);
    let from = sounding.expect("a sentence sounds");
    let mark = &sentence[from..from + 80];
    let found = recording.windows(mark.len()).position(|part| part == mark);
    let begin = found.expect("the sentence was begun") - from;
    let pairs = recording[begin..].iter().zip(sentence);
    pairs.take_while(|(one, other)| one == other).count()
}

/// The words of which at least half sounds within the first `samples`.
fn words_within(text: &str, words: &[SpokenWord], samples: usize) -> String {
    let heard = words
        .iter()
        .take_while(|word| (word.audio.start + word.audio.end) / 2 <= samples);
    let end = heard.last().map_or(0, |word| word.text.end);
    text[..end].to_owned()
}

fn interrupted(turns: &[Turn]) -> &Turn {
    let turn = turns.iter().find(|turn| turn.interrupted);
    turn.expect("the agent was interrupted")
}

#[test]
fn an_interrupted_agent_was_heard_to_say_just_the_words_that_its_recording_holds() {
    let mut stages = stages();
    let (sound, words) = spoken(SENTENCES[1], LINE.codec.rate());
    for millis in [2_300, 2_900, 3_400, 4_100, 4_700, 5_600] {
        let caller = fixture("ast_en_followme_status.wav", LINE.codec, &mut stages);
        let cue = Cue::Speech(Duration::from_millis(millis));
        let call = call(
            &mut stages,
            &museum(),
            Caller::Speaking(vec![(cue, caller)]),
            &LINE,
        );
        let turn = interrupted(&call.account.turns);
        let samples = played(&call.agent, &sound);
        assert!(samples < sound.len(), "{turn:?}");
        let second = words_within(SENTENCES[1], &words, samples);
        let heard = format!("{} {second}", SENTENCES[0]);
        assert_eq!(turn.heard_text, heard.trim_end(), "after {millis} ms");
        assert_eq!(turn.text, SENTENCES.join(" "));
    }
}
