//! Which payload type stands for what, for the whole of a session.

use super::description::MediaLine;
use super::format::{Format, payload_types};

/// The first of the dynamic payload types (RFC 3551 §6); the last is 127.
const FIRST_DYNAMIC: u8 = 96;

/// Payload types and their meanings, which do not change during a session (RFC 3264 §8.3.2):
/// those of the other side's offers, and those that we chose.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// Each number once; `None` for what we do not know.
    known: Vec<(u8, Option<Format>)>,
}

impl Numbers {
    /// Takes the numbers of an offer that was answered. They go before our own.
    pub(super) fn learn(&mut self, line: &MediaLine) {
        // From the last to the first, so that the number that the other side likes most for a
        // format is the one that is found.
        let numbers: Vec<u8> = payload_types(line).collect();
        for number in numbers.into_iter().rev() {
            self.known.retain(|(known, _)| *known != number);
            self.known.push((number, Format::of(line, number)));
        }
    }

    /// The number of a format; a new one where it has none, `None` where all are taken.
    pub(super) fn of(&mut self, format: Format) -> Option<u8> {
        let found = self.known.iter().rev().find(|(_, f)| *f == Some(format));
        if let Some((number, _)) = found {
            return Some(*number);
        }
        let number = std::iter::once(format.usual_payload_type())
            .chain(FIRST_DYNAMIC..128)
            .find(|number| self.known.iter().all(|(known, _)| known != number))?;
        self.known.push((number, Some(format)));
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use audio::SampleRate;
    use audio::codec::Codec;

    use super::*;
    use crate::sdp::Description;

    const OPUS: Format = Format::Audio(Codec::Opus);

    fn line(text: &str) -> MediaLine {
        let description = Description::parse(&format!("v=0\r\n{text}")).unwrap();
        description.media.into_iter().next().unwrap()
    }

    #[test]
    fn the_numbers_of_the_other_side_are_kept() {
        let mut numbers = Numbers::default();
        numbers.learn(&line(
            "m=audio 1 RTP/AVP 111 96\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:96 opus/48000/2\r\n",
        ));
        assert_eq!(numbers.of(OPUS), Some(111));
    }

    #[test]
    fn a_number_that_means_something_else_is_not_taken() {
        let mut numbers = Numbers::default();
        numbers.learn(&line(
            "m=audio 1 RTP/AVP 96 0\r\na=rtpmap:96 telephone-event/8000\r\na=rtpmap:0 x/8000\r\n",
        ));
        assert_eq!(numbers.of(OPUS), Some(97));
        assert_eq!(
            numbers.of(Format::Event(SampleRate::HZ_8000)),
            Some(96),
            "the other side's"
        );
        assert_eq!(numbers.of(Format::Audio(Codec::Pcmu)), Some(98));
        assert_eq!(numbers.of(OPUS), Some(97), "the same as before");
    }

    #[test]
    fn when_all_numbers_are_taken_a_format_gets_none() {
        let formats: Vec<_> = (0..128_u8).map(|number| number.to_string()).collect();
        let mappings: String = (0..128_u8)
            .map(|number| format!("a=rtpmap:{number} x/8000\r\n"))
            .collect();
        let text = format!("m=audio 1 RTP/AVP {}\r\n{mappings}", formats.join(" "));
        let mut numbers = Numbers::default();
        numbers.learn(&line(&text));
        assert_eq!(numbers.of(OPUS), None);
    }
}
