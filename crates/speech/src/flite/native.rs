//! The edge to flite: a C shim (`native/flite_shim.c`) that keeps its structures
//! to itself.

#![allow(unsafe_code, reason = "calls into the C shim around flite")]

use std::any::Any;
use std::ffi::{CStr, c_char, c_float, c_int, c_void};
use std::mem;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::slice;
use std::sync::OnceLock;
use std::time::Duration;

use audio::SampleRate;

/// What the shim's `speech_flite_speak` returns.
const SPOKEN: c_int = 0;
const STOPPED: c_int = 1;

type Note = unsafe extern "C" fn(*mut c_void, *const c_char, c_float, c_float);
type Deliver = unsafe extern "C" fn(*mut c_void, *const i16, usize) -> c_int;

unsafe extern "C" {
    fn speech_flite_voice() -> *mut c_void;
    fn speech_flite_sample_rate(voice: *const c_void) -> c_int;
    fn speech_flite_speak(
        voice: *mut c_void,
        text: *const c_char,
        stretch: c_float,
        chunk: c_int,
        note: Note,
        deliver: Deliver,
        context: *mut c_void,
    ) -> c_int;
}

/// flite's voice `rms`, registered.
pub(super) struct Voice {
    pointer: NonNull<c_void>,
    rate: SampleRate,
}

// SAFETY: the voice is never freed, and after registration flite only reads it:
// an utterance links to the voice's features and keeps what it sets in its own.
unsafe impl Send for Voice {}
// SAFETY: as above.
unsafe impl Sync for Voice {}

/// How an utterance ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All of it was delivered.
    Spoken,
    /// The receiver wanted no more.
    Stopped,
    /// flite could not speak the text.
    Failed,
}

impl Voice {
    /// The one voice of this process, registered at the first call; `None` if
    /// flite could not register it.
    pub(super) fn get() -> Option<&'static Self> {
        static VOICE: OnceLock<Option<Voice>> = OnceLock::new();
        VOICE.get_or_init(Self::register).as_ref()
    }

    fn register() -> Option<Self> {
        // SAFETY: called once, under the lock of `VOICE`, before any synthesis.
        let pointer = NonNull::new(unsafe { speech_flite_voice() })?;
        // SAFETY: `pointer` is the voice that was just registered.
        let hertz = unsafe { speech_flite_sample_rate(pointer.as_ptr()) };
        let rate = SampleRate::new(u32::try_from(hertz).ok()?)?;
        Some(Self { pointer, rate })
    }

    /// Rate of the samples that it delivers.
    pub(super) const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Speaks `text` on this thread, `stretch` times as slowly as usual, and
    /// delivers about `chunk` samples at a time, with the times of all words before
    /// the first of them, until the receiver breaks off.
    pub(super) fn speak(
        &self,
        text: &CStr,
        stretch: f32,
        chunk: usize,
        receiver: &mut dyn FnMut(Delivery<'_>) -> ControlFlow<()>,
    ) -> Outcome {
        let mut receiver = Receiver {
            deliver: receiver,
            tokens: Vec::new(),
            panic: None,
        };
        // SAFETY: the voice and the text live through the call; `note` and
        // `pass_on` get back the receiver, which nobody else uses meanwhile.
        let outcome = unsafe {
            speech_flite_speak(
                self.pointer.as_ptr(),
                text.as_ptr(),
                stretch,
                c_int::try_from(chunk).unwrap_or(c_int::MAX),
                note,
                pass_on,
                (&raw mut receiver).cast(),
            )
        };
        if let Some(panic) = receiver.panic {
            resume_unwind(panic);
        }
        match outcome {
            SPOKEN => Outcome::Spoken,
            STOPPED => Outcome::Stopped,
            _ => Outcome::Failed,
        }
    }
}

/// What a receiver is given.
#[derive(Debug)]
pub(super) enum Delivery<'a> {
    /// The words of the whole text, once, before any sample.
    Tokens(Vec<Token>),
    /// The next samples.
    Samples(&'a [i16]),
}

/// A word of the text, as flite found it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    /// Its letters and digits as they stand in the text, without the punctuation
    /// around them.
    pub(super) name: String,
    /// Where it sounds, from the first sample on.
    pub(super) sounds: Range<Duration>,
}

struct Receiver<'a> {
    deliver: &'a mut dyn FnMut(Delivery<'_>) -> ControlFlow<()>,
    /// Waits for the first samples.
    tokens: Vec<Token>,
    /// A panic must not unwind through flite; it is kept here until flite has
    /// returned.
    panic: Option<Box<dyn Any + Send>>,
}

unsafe extern "C" fn note(context: *mut c_void, name: *const c_char, begins: f32, ends: f32) {
    // SAFETY: `context` is the receiver that `Voice::speak` gave, exclusively.
    let receiver = unsafe { &mut *context.cast::<Receiver<'_>>() };
    // SAFETY: the shim gives the name of an item, terminated by a zero.
    let name = unsafe { CStr::from_ptr(name) };
    let time = |seconds: f32| Duration::try_from_secs_f32(seconds).unwrap_or_default();
    receiver.tokens.push(Token {
        name: name.to_string_lossy().into_owned(),
        sounds: time(begins)..time(ends),
    });
}

unsafe extern "C" fn pass_on(context: *mut c_void, samples: *const i16, count: usize) -> c_int {
    // SAFETY: `context` is the receiver that `Voice::speak` gave, exclusively.
    let receiver = unsafe { &mut *context.cast::<Receiver<'_>>() };
    // SAFETY: the shim gives `count` samples of the utterance's wave.
    let samples = unsafe { slice::from_raw_parts(samples, count) };
    let tokens = mem::take(&mut receiver.tokens);
    let deliver = &mut receiver.deliver;
    let delivered = catch_unwind(AssertUnwindSafe(|| {
        if !tokens.is_empty() {
            deliver(Delivery::Tokens(tokens))?;
        }
        deliver(Delivery::Samples(samples))
    }));
    match delivered {
        Ok(ControlFlow::Continue(())) => 0,
        Ok(ControlFlow::Break(())) => 1,
        Err(panic) => {
            receiver.panic = Some(panic);
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::transmute;
    use std::ptr::null_mut;

    use super::*;

    const CHUNK: usize = 800;

    fn voice() -> &'static Voice {
        Voice::get().expect("flite registers its voice")
    }

    fn samples_of(text: &CStr, stretch: f32) -> usize {
        let mut samples = 0;
        let outcome = voice().speak(text, stretch, CHUNK, &mut |delivery| {
            if let Delivery::Samples(chunk) = delivery {
                samples += chunk.len();
            }
            ControlFlow::Continue(())
        });
        assert_eq!(outcome, Outcome::Spoken);
        samples
    }

    #[test]
    fn the_voice_speaks_at_16_khz() {
        assert_eq!(voice().rate(), SampleRate::HZ_16000);
    }

    #[test]
    fn each_word_of_the_text_comes_with_its_time_before_any_sample() {
        let mut noted = Vec::new();
        let mut first = None;

        voice().speak(c"It's (only) 42 - thanks!", 1.0, CHUNK, &mut |delivery| {
            match delivery {
                Delivery::Tokens(tokens) => noted = tokens,
                Delivery::Samples(_) => first = first.or(Some(noted.len())),
            }
            ControlFlow::Continue(())
        });

        let names: Vec<_> = noted.iter().map(|token| token.name.as_str()).collect();
        assert_eq!(names, ["It's", "only", "42", "thanks"]);
        assert_eq!(first, Some(4));
        for (token, next) in noted.iter().zip(&noted[1..]) {
            assert!(token.sounds.start < token.sounds.end, "{noted:?}");
            assert!(token.sounds.end <= next.sounds.start, "{noted:?}");
        }
    }

    #[test]
    fn the_same_text_gives_the_same_samples_whatever_was_said_before() {
        let spoken = |text: &CStr| {
            let mut samples = Vec::new();
            voice().speak(text, 1.0, CHUNK, &mut |delivery| {
                if let Delivery::Samples(chunk) = delivery {
                    samples.extend_from_slice(chunk);
                }
                ControlFlow::Continue(())
            });
            samples
        };
        let first = spoken(c"She sells sea shells.");
        spoken(c"Something else.");

        assert_eq!(spoken(c"She sells sea shells."), first);
    }

    #[test]
    fn a_receiver_that_breaks_off_gets_nothing_more() {
        let mut chunks = 0;

        let outcome = voice().speak(c"A sentence of some length.", 1.0, CHUNK, &mut |delivery| {
            chunks += usize::from(matches!(delivery, Delivery::Samples(_)));
            if chunks == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });

        assert_eq!((outcome, chunks), (Outcome::Stopped, 3));
    }

    #[test]
    fn a_panic_of_the_receiver_comes_out_of_the_call() {
        let spoken = catch_unwind(|| {
            voice().speak(c"Hello.", 1.0, CHUNK, &mut |_| panic!("receiver"));
        });

        assert!(spoken.is_err());
        assert!(samples_of(c"Hello.", 1.0) > 0, "the thread can speak again");
    }

    #[test]
    fn an_error_inside_flite_ends_the_utterance_and_not_the_process() {
        unsafe extern "C" {
            fn val_car(value: *const c_void) -> *const c_void;
        }
        unsafe extern "C" fn unnoted(_: *mut c_void, _: *const c_char, _: f32, _: f32) {}
        // SAFETY: it takes a pointer in the place of the context and looks at no
        // other argument.
        let deliver = unsafe {
            transmute::<unsafe extern "C" fn(*const c_void) -> *const c_void, Deliver>(val_car)
        };
        // SAFETY: the voice and the text live through the call. `val_car` of no
        // value is what flite itself ends the process for.
        let outcome = unsafe {
            speech_flite_speak(
                voice().pointer.as_ptr(),
                c"Hello.".as_ptr(),
                1.0,
                800,
                unnoted,
                deliver,
                null_mut(),
            )
        };

        assert!(outcome != SPOKEN && outcome != STOPPED);
        assert!(samples_of(c"Hello.", 1.0) > 0, "the thread can speak again");
    }

    #[test]
    fn one_voice_on_many_threads_gives_each_what_it_gives_alone() {
        let texts = [
            c"Thank you for calling, how can I help you?",
            c"Your order 4 5 1 2 was sent on the 3rd of March, and costs $12.50.",
            c"Dr. Smith isn't available. Please try again at 10:30 a.m.",
        ];
        let alone = texts.map(|text| samples_of(text, 1.0));

        std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    for round in 0..6 {
                        let which = (thread + round) % texts.len();
                        assert_eq!(samples_of(texts[which], 1.0), alone[which]);
                    }
                });
            }
        });
    }
}
