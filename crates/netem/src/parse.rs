//! Reads profiles from text, as on a command line.

use std::time::Duration;

use crate::bottleneck::{Bottleneck, CrossTraffic};
use crate::preset::Preset;
use crate::profile::{Freezes, Jitter, Loss, Order, Profile};
use crate::trace::{Passage, ReadTraceError, Trace};
use crate::units::{BitRate, Drift, Share};

/// The longest duration in the text of a profile or a trace.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

const LOSS: &str = "a share as in loss=2%, or loss=gilbert:DECLINE:RECOVERY:LOSS_IN_GOOD:LOSS_IN_BAD \
     in shares as in loss=gilbert:2%:25%:0%:75%";
const DELAY: &str = "a duration of at most 60s as in delay=40ms";
const JITTER: &str = "a duration of at most 60s as in jitter=30ms, \
     jitter=spiky:SHARE:PEAK:FADING as in jitter=spiky:1%:200ms:400ms, \
     or jitter=trace:DELAY:DELAY:… as in jitter=trace:0ms:15ms:5ms";
const REORDERING: &str = "reordering=on or reordering=off";
const DUPLICATION: &str = "a share as in duplication=1%";
const DRIFT: &str = "at most 100000ppm either way as in drift=-300ppm";
const BOTTLENECK: &str = "bottleneck=RATE:QUEUE with a rate from 1kbit to 100Mbit and at most 60s to send \
     what waits, as in bottleneck=2Mbit:300ms";
const CROSS: &str = "cross=RATE:BURST:PAUSE with a rate from 1kbit to 100Mbit and durations from 1ms to 60s, \
     as in cross=2.2Mbit:2s:3s";
const FREEZE: &str = "freeze=PERIOD:LENGTH with the length shorter than the period, each at most 60s, \
     as in freeze=10s:800ms";

/// Why a text is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseProfileError {
    /// An item that is neither a preset nor a setting.
    #[error(
        "`{item}` is not a network; expected a name (clean, wifi, mobile, lossy, bursty, spiky, \
         drift, freeze, bufferbloat) or settings as in loss=2%,jitter=30ms"
    )]
    UnknownPreset {
        /// What stands there.
        item: String,
    },
    /// A preset after something else.
    #[error("`{name}` must come first: settings change what a named network has")]
    PresetNotFirst {
        /// The preset's name.
        name: &'static str,
    },
    /// A setting that profiles do not have.
    #[error(
        "`{setting}` is not a setting of a network; expected loss, delay, jitter, trace, bottleneck, \
         cross, reordering, duplication, drift or freeze"
    )]
    UnknownSetting {
        /// What stands before the equals sign.
        setting: String,
    },
    /// A setting that was given before.
    #[error("`{setting}` is given twice; give it once")]
    Repeated {
        /// The setting.
        setting: String,
    },
    /// Both a kind of jitter and a trace, which is one too.
    #[error("a network has either jitter or a trace; give one of them")]
    JitterAndTrace,
    /// Traffic beside the packets without a bottleneck that it could fill.
    #[error("`cross` needs a bottleneck to share; put bottleneck=RATE:QUEUE before it")]
    CrossWithoutBottleneck,
    /// A trace that cannot be read.
    #[error(transparent)]
    Trace(#[from] ReadTraceError),
    /// A value that its setting cannot have.
    #[error("`{value}` is not a value of `{setting}`; expected {expected}")]
    Value {
        /// What stands before the equals sign.
        setting: String,
        /// What stands after it.
        value: String,
        /// What may stand there.
        expected: &'static str,
    },
}

impl Profile {
    /// Reads a profile from text: the name of a [`Preset`], or settings separated
    /// by commas, or a name and then settings that change it. Without a name the
    /// settings change the default.
    ///
    /// - `loss=2%`, or `loss=gilbert:2%:25%:0%:75%` with the fields of
    ///   [`Loss::GilbertElliott`] in their order
    /// - `delay=40ms`
    /// - `jitter=30ms` for [`Jitter::Normal`], `jitter=spiky:1%:200ms:400ms` with
    ///   the fields of [`Jitter::Spiky`] in their order, `jitter=trace:0ms:15ms:5ms`
    /// - `trace=PATH` for a [`Trace`] read from a file whose path has no comma, in
    ///   place of `jitter`
    /// - `bottleneck=2Mbit:300ms` with the rate and the queue of a [`Bottleneck`], and
    ///   after it `cross=2.2Mbit:2s:3s` with the fields of [`CrossTraffic`] in their order
    /// - `reordering=on` for [`Order::Free`], `reordering=off` for [`Order::Kept`]
    /// - `duplication=1%`
    /// - `drift=-300ppm`
    /// - `freeze=10s:800ms` with the period and the length of [`Freezes`]
    ///
    /// Durations are in `us`, `ms` or `s`, at most 60 s; rates are in `kbit` or `Mbit`
    /// a second. Durations, rates and shares may have decimals. Spaces around items do not matter.
    ///
    /// # Errors
    ///
    /// [`ParseProfileError`] says which item is wrong and what is expected.
    pub fn parse(text: &str) -> Result<Self, ParseProfileError> {
        let mut profile = Self::default();
        let mut given: Vec<&str> = Vec::new();
        for (place, item) in text.split(',').map(str::trim).enumerate() {
            let Some((setting, value)) = item.split_once('=') else {
                let preset =
                    Preset::named(item).ok_or_else(|| ParseProfileError::UnknownPreset {
                        item: item.to_owned(),
                    })?;
                if place > 0 {
                    return Err(ParseProfileError::PresetNotFirst {
                        name: preset.name(),
                    });
                }
                profile = preset.profile();
                continue;
            };
            if given.contains(&setting) {
                return Err(ParseProfileError::Repeated {
                    setting: setting.to_owned(),
                });
            }
            given.push(setting);
            if given.contains(&"jitter") && given.contains(&"trace") {
                return Err(ParseProfileError::JitterAndTrace);
            }
            profile.set(setting, value)?;
        }
        Ok(profile)
    }

    fn set(&mut self, setting: &str, value: &str) -> Result<(), ParseProfileError> {
        let refused = |expected| ParseProfileError::Value {
            setting: setting.to_owned(),
            value: value.to_owned(),
            expected,
        };
        match setting {
            "loss" => self.loss = loss(value).ok_or_else(|| refused(LOSS))?,
            "delay" => self.delay = duration(value).ok_or_else(|| refused(DELAY))?,
            "jitter" => self.jitter = jitter(value).ok_or_else(|| refused(JITTER))?,
            "trace" => self.jitter = Jitter::Trace(Trace::read(value)?),
            "bottleneck" => {
                let cross = self.bottleneck.and_then(|bottleneck| bottleneck.cross);
                let (rate, queue) = bottleneck(value).ok_or_else(|| refused(BOTTLENECK))?;
                self.bottleneck = Some(Bottleneck { rate, queue, cross });
            }
            "cross" => {
                let cross = cross(value).ok_or_else(|| refused(CROSS))?;
                let bottleneck = self.bottleneck.as_mut();
                bottleneck
                    .ok_or(ParseProfileError::CrossWithoutBottleneck)?
                    .cross = Some(cross);
            }
            "reordering" => self.order = order(value).ok_or_else(|| refused(REORDERING))?,
            "duplication" => {
                self.duplication = share(value).ok_or_else(|| refused(DUPLICATION))?;
            }
            "drift" => self.drift = drift(value).ok_or_else(|| refused(DRIFT))?,
            "freeze" => self.freezes = Some(freezes(value).ok_or_else(|| refused(FREEZE))?),
            _ => {
                return Err(ParseProfileError::UnknownSetting {
                    setting: setting.to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn loss(text: &str) -> Option<Loss> {
    let Some(shares) = text.strip_prefix("gilbert:") else {
        return share(text).map(Loss::Uniform);
    };
    let shares: Vec<Share> = shares.split(':').map(share).collect::<Option<_>>()?;
    let [decline, recovery, loss_in_good, loss_in_bad] = shares[..] else {
        return None;
    };
    Some(Loss::GilbertElliott {
        decline,
        recovery,
        loss_in_good,
        loss_in_bad,
    })
}

fn jitter(text: &str) -> Option<Jitter> {
    if let Some(delays) = text.strip_prefix("trace:") {
        let packets = delays.split(':').map(duration);
        let packets = packets.map(|delay| delay.map(Passage::Arrived));
        return Some(Jitter::Trace(Trace::new(packets.collect::<Option<_>>()?)));
    }
    let Some(spiky) = text.strip_prefix("spiky:") else {
        return duration(text).map(Jitter::Normal);
    };
    let (chance, times) = spiky.split_once(':')?;
    let (peak, fading) = times.split_once(':')?;
    Some(Jitter::Spiky {
        share: share(chance)?,
        peak: duration(peak)?,
        fading: duration(fading)?,
    })
}

fn bottleneck(text: &str) -> Option<(BitRate, Duration)> {
    let (rate, queue) = text.split_once(':')?;
    Some((bit_rate(rate)?, duration(queue)?))
}

fn cross(text: &str) -> Option<CrossTraffic> {
    let (rate, times) = text.split_once(':')?;
    let (burst, pause) = times.split_once(':')?;
    CrossTraffic::new(bit_rate(rate)?, duration(burst)?, duration(pause)?)
}

fn bit_rate(text: &str) -> Option<BitRate> {
    let (number, unit) = match text.strip_suffix("kbit") {
        Some(number) => (number, 1_000.0),
        None => (text.strip_suffix("Mbit")?, 1_000_000.0),
    };
    BitRate::bits_per_second((decimal(number)? * unit).round() as u64)
}

fn order(text: &str) -> Option<Order> {
    match text {
        "on" => Some(Order::Free),
        "off" => Some(Order::Kept),
        _ => None,
    }
}

fn drift(text: &str) -> Option<Drift> {
    Drift::ppm(text.strip_suffix("ppm")?.parse().ok()?)
}

fn freezes(text: &str) -> Option<Freezes> {
    let (period, length) = text.split_once(':')?;
    Freezes::new(duration(period)?, duration(length)?)
}

fn share(text: &str) -> Option<Share> {
    Share::percent(decimal(text.strip_suffix('%')?)?)
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|character: char| character.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let micros = match unit {
        "us" => 1.0,
        "ms" => 1_000.0,
        "s" => 1_000_000.0,
        _ => return None,
    };
    let micros = (decimal(number)? * micros).round();
    (micros <= LONGEST.as_micros() as f64).then(|| Duration::from_micros(micros as u64))
}

/// Digits, with or without decimals, and nothing else that `f64` would take.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn parsed(text: &str) -> Profile {
        Profile::parse(text).expect("a profile")
    }

    fn message(text: &str) -> String {
        Profile::parse(text).expect_err("no profile").to_string()
    }

    #[test]
    fn settings_change_the_perfect_network() {
        assert_eq!(
            parsed("loss=2%, jitter=30ms"),
            Profile {
                loss: Loss::Uniform(Share(0.02)),
                jitter: Jitter::Normal(Duration::from_millis(30)),
                ..Profile::default()
            }
        );
    }

    #[test]
    fn every_preset_can_be_written_out() {
        let written = [
            "delay=0ms",
            "delay=15ms,jitter=8ms,loss=gilbert:0.5%:30%:0%:25%",
            "delay=60ms,jitter=20ms,loss=1%,freeze=20s:400ms",
            "delay=40ms,jitter=5ms,loss=5%,reordering=on,duplication=1%",
            "delay=40ms,loss=gilbert:2%:25%:0%:75%",
            "delay=40ms,jitter=spiky:0.5%:200ms:400ms",
            "delay=20ms,jitter=3ms,drift=300ppm",
            "delay=40ms,freeze=10s:1s",
            "delay=20ms,jitter=1ms,bottleneck=2Mbit:300ms,cross=2.2Mbit:2s:3s",
        ];
        for (preset, written) in Preset::ALL.into_iter().zip(written) {
            assert_eq!(parsed(preset.name()), preset.profile());
            assert_eq!(parsed(written), preset.profile(), "{written}");
        }
    }

    #[test]
    fn settings_after_a_name_change_what_it_has() {
        assert_eq!(
            parsed("lossy,reordering=off,drift=-300ppm,jitter=trace:0ms:1.5ms:250us"),
            Profile {
                order: Order::Kept,
                drift: Drift(-300),
                jitter: Jitter::Trace(Trace::new(
                    [0, 1_500, 250]
                        .map(|micros| Passage::Arrived(Duration::from_micros(micros)))
                        .to_vec()
                )),
                ..Preset::Lossy.profile()
            }
        );
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_names() {
        let every = Preset::ALL.map(Preset::name).join(", ");
        for text in ["", "wlan", "wifi,", "loss"] {
            assert!(message(text).contains(&every), "{}", message(text));
        }
        assert!(message("wlan").starts_with("`wlan` is not a network"));
    }

    #[test]
    fn a_name_after_a_setting_is_refused() {
        let expected = "`wifi` must come first: settings change what a named network has";
        assert_eq!(message("loss=1%,wifi"), expected);
        assert_eq!(message("clean,wifi"), expected);
    }

    #[test]
    fn an_unknown_setting_is_answered_with_the_settings() {
        assert_eq!(
            message("los=2%"),
            "`los` is not a setting of a network; expected loss, delay, jitter, trace, bottleneck, \
             cross, reordering, duplication, drift or freeze"
        );
    }

    #[test]
    fn a_setting_given_twice_is_refused() {
        assert_eq!(
            message("loss=1%,loss=2%"),
            "`loss` is given twice; give it once"
        );
    }

    #[test]
    fn a_wrong_value_is_answered_with_what_is_expected() {
        assert_eq!(
            message("delay=40"),
            "`40` is not a value of `delay`; expected a duration of at most 60s as in delay=40ms"
        );
        for text in [
            "loss=2",
            "loss=101%",
            "loss=-1%",
            "loss=NaN%",
            "loss=gilbert:1%:2%:3%",
            "loss=gilbert:1%:2%:3%:4%:5%",
            "delay=61s",
            "delay=ms",
            "delay=1e3ms",
            "delay=1min",
            "jitter=spiky:1%:200ms",
            "jitter=trace:",
            "reordering=yes",
            "duplication=",
            "drift=100001ppm",
            "drift=1%",
            "freeze=1s",
            "freeze=1s:1s",
            "bottleneck=2Mbit",
            "bottleneck=2:300ms",
            "bottleneck=2mbit:300ms",
            "bottleneck=101Mbit:300ms",
            "bottleneck=0.9kbit:300ms",
            "bottleneck=2Mbit:300ms,cross=2Mbit:2s",
            "bottleneck=2Mbit:300ms,cross=2Mbit:0s:2s",
        ] {
            assert!(message(text).contains("; expected "), "{text}");
        }
    }

    #[test]
    fn a_bottleneck_keeps_the_traffic_beside_it() {
        let changed = parsed("bufferbloat,bottleneck=500kbit:1.5s");
        let bottleneck = changed.bottleneck.expect("a bottleneck");
        assert_eq!(bottleneck.rate, BitRate(500_000));
        assert_eq!(bottleneck.queue, Duration::from_millis(1_500));
        let before = Preset::Bufferbloat.profile().bottleneck;
        assert_eq!(bottleneck.cross, before.and_then(|before| before.cross));
    }

    #[test]
    fn traffic_without_a_bottleneck_is_refused() {
        assert_eq!(
            message("cross=1Mbit:1s:1s"),
            "`cross` needs a bottleneck to share; put bottleneck=RATE:QUEUE before it"
        );
    }

    #[test]
    fn jitter_and_a_trace_exclude_each_other() {
        let expected = "a network has either jitter or a trace; give one of them";
        assert_eq!(message("jitter=1ms,trace=/absent"), expected);
    }

    #[test]
    fn a_trace_that_cannot_be_read_is_named() {
        let message = message("trace=/absent/delays.txt");
        assert!(message.starts_with("cannot read the trace /absent/delays.txt: "));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(20_110_613),
            ..ProptestConfig::with_cases(2_000)
        })]

        #[test]
        fn no_text_makes_the_parser_fail(text in "[a-z]{0,6}[=,]?[a-z:]{0,8}[0-9.,:%µ-]{0,8}[a-z]{0,3}") {
            let _ = Profile::parse(&text);
        }
    }
}
