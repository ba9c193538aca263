use std::time::Duration;

use speech::{SpeakRequest, SpeechStream, SynthesiseError, Synthesiser};

/// The waits before a sentence that was refused is tried again. A caller takes all of them
/// together for a moment of thought.
const WAITS: [Duration; 2] = [Duration::from_millis(120), Duration::from_millis(400)];

/// Begins to speak, again if the synthesiser refuses for the moment: the first chunk of sound and
/// what follows it, or `None` when the text has no sound. Gives up early when `wanted` says no.
pub(super) async fn begin(
    synthesiser: &dyn Synthesiser,
    request: &SpeakRequest,
    wanted: impl Fn() -> bool,
) -> Result<Option<(Vec<i16>, SpeechStream)>, SynthesiseError> {
    let mut waits = WAITS.iter();
    loop {
        let mut stream = synthesiser.speak(request.clone());
        let refusal = match stream.next().await {
            None => return Ok(None),
            Some(Ok(first)) => return Ok(Some((first, stream))),
            Some(Err(error)) => error,
        };
        let wait = match refusal {
            SynthesiseError::Busy { .. } | SynthesiseError::Stopped => waits.next(),
            SynthesiseError::Failed { .. } => None,
        };
        let Some(wait) = wait.filter(|_| wanted()) else {
            return Err(refusal);
        };
        tracing::warn!(error = %refusal, "a sentence is tried again");
        tokio::time::sleep(*wait).await;
        if !wanted() {
            return Err(refusal);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use audio::SampleRate;
    use speech::SpeechSource;
    use tokio::time::Instant;

    use super::*;

    type Attempt = Vec<Result<Vec<i16>, SynthesiseError>>;

    /// A voice whose every attempt goes as it was told.
    struct Scripted {
        attempts: Mutex<VecDeque<Attempt>>,
    }

    struct Chunks(VecDeque<Result<Vec<i16>, SynthesiseError>>);

    #[async_trait::async_trait]
    impl SpeechSource for Chunks {
        async fn next(&mut self) -> Option<Result<Vec<i16>, SynthesiseError>> {
            self.0.pop_front()
        }
    }

    impl Synthesiser for Scripted {
        fn speak(&self, _: SpeakRequest) -> SpeechStream {
            let next = self.attempts.lock().unwrap().pop_front();
            SpeechStream::new(Chunks(next.expect("an attempt was told").into()))
        }
    }

    fn busy() -> Attempt {
        vec![Err(SynthesiseError::Busy { waiting: 9 })]
    }

    fn sound() -> Attempt {
        vec![Ok(vec![1; 8]), Ok(vec![2; 8])]
    }

    async fn attempt(
        attempts: Vec<Attempt>,
        wanted: impl Fn() -> bool,
    ) -> (Result<Option<Vec<i16>>, SynthesiseError>, usize) {
        let voice = Scripted {
            attempts: Mutex::new(attempts.into()),
        };
        let request = SpeakRequest {
            text: "Hello.".to_owned(),
            speed: 1.0,
            rate: SampleRate::HZ_8000,
        };
        let begun = begin(&voice, &request, wanted).await;
        let left = voice.attempts.lock().unwrap().len();
        (begun.map(|begun| begun.map(|(first, _)| first)), left)
    }

    #[tokio::test(start_paused = true)]
    async fn a_voice_that_is_busy_for_a_moment_is_heard_a_moment_later() {
        let began = Instant::now();
        let (begun, _) = attempt(vec![busy(), busy(), sound()], || true).await;
        assert_eq!(begun.unwrap(), Some(vec![1; 8]));
        assert_eq!(began.elapsed(), Duration::from_millis(520));
    }

    #[tokio::test(start_paused = true)]
    async fn a_voice_that_stays_busy_is_given_up_after_three_attempts() {
        let (begun, left) = attempt(vec![busy(), busy(), busy(), sound()], || true).await;
        assert!(matches!(begun, Err(SynthesiseError::Busy { waiting: 9 })));
        assert_eq!(left, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_text_that_cannot_be_spoken_is_not_tried_again() {
        let failed = vec![Err(SynthesiseError::Failed {
            reason: "no such letters".to_owned(),
        })];
        let (begun, left) = attempt(vec![failed, sound()], || true).await;
        assert!(matches!(begun, Err(SynthesiseError::Failed { .. })));
        assert_eq!(left, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_that_was_silenced_does_not_try_again() {
        let began = Instant::now();
        let wanted = || began.elapsed().is_zero();
        let (begun, left) = attempt(vec![busy(), sound()], wanted).await;
        assert!(matches!(begun, Err(SynthesiseError::Busy { .. })));
        assert_eq!(left, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_text_without_sound_is_no_failure() {
        let (begun, _) = attempt(vec![Vec::new()], || true).await;
        assert!(matches!(begun, Ok(None)));
    }
}
