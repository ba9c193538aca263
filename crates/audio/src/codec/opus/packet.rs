//! What can be said of a packet of Opus without decoding it (RFC 6716 §3).

use crate::units::SampleRate;

/// A well-formed packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) struct Packet<'a> {
    toc: Toc,
    frames: usize,
    first: &'a [u8],
}

/// Which of its two coders made a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Linear prediction alone.
    Silk,
    /// Linear prediction below 8 kHz, the transform above.
    Hybrid,
    /// The transform alone.
    Celt,
}

/// The longest frame in bytes (RFC 6716 §3.4, R2).
const LONGEST_FRAME: usize = 1_275;
/// The rate that decoded audio has here.
const RATE: SampleRate = SampleRate::HZ_16000;
/// The most audio that a packet has: 120 ms (RFC 6716 §3.4, R5).
const MOST_SAMPLES: usize = RATE.hertz() as usize / 1_000 * 120;
/// The part of a SILK frame that has its own flags: 20 ms.
const SILK_FRAME: usize = RATE.hertz() as usize / 1_000 * 20;

impl<'a> Packet<'a> {
    /// Reads a packet's structure; `None` if it breaks a rule of RFC 6716 §3.4.
    pub(in crate::codec) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&toc, rest) = bytes.split_first()?;
        let (frames, first) = match toc & 0b11 {
            0 => (1, rest),
            1 => (2, split_evenly(rest, 2)?),
            2 => {
                let (length, rest) = frame_length(rest)?;
                let (first, second) = rest.split_at_checked(length)?;
                (2, (second.len() <= LONGEST_FRAME).then_some(first)?)
            }
            _ => many_frames(rest)?,
        };
        let toc = Toc(toc);
        let whole = first.len() <= LONGEST_FRAME && frames * toc.frame_samples() <= MOST_SAMPLES;
        whole.then_some(Self { toc, frames, first })
    }

    /// Samples in the packet when decoded at 16 kHz.
    pub(in crate::codec) const fn samples(&self) -> usize {
        self.frames * self.toc.frame_samples()
    }

    /// Samples in each of its frames when decoded at 16 kHz.
    pub(super) const fn frame_samples(&self) -> usize {
        self.toc.frame_samples()
    }

    /// Which coder made it.
    pub(super) const fn mode(&self) -> Mode {
        self.toc.mode()
    }

    /// Whether its first frame carries a coarser copy of the frame before it
    /// (LBRR, RFC 6716 §4.2.4).
    ///
    /// The flags are the first symbols of a frame: for each channel one bit of
    /// voice activity per 20 ms, then the bit that counts here. Bits of even odds
    /// leave the range coder as they are, from the most significant one down.
    pub(super) fn has_copy(&self) -> bool {
        // A frame of one byte has no audio: the encoder was discontinuous.
        let (Some(&flags), true) = (self.first.first(), self.first.len() > 1) else {
            return false;
        };
        if self.mode() == Mode::Celt {
            return false;
        }
        let activity_bits = self.frame_samples().div_ceil(SILK_FRAME);
        let per_channel = activity_bits + 1;
        let channels = if self.toc.is_stereo() { 2 } else { 1 };
        (1..=channels).any(|channel| flags & 1 << (8 - channel * per_channel) != 0)
    }
}

/// The byte that begins a packet, its table of contents (RFC 6716 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Toc(u8);

impl Toc {
    const fn mode(self) -> Mode {
        match self.0 >> 3 {
            0..12 => Mode::Silk,
            12..16 => Mode::Hybrid,
            _ => Mode::Celt,
        }
    }

    const fn is_stereo(self) -> bool {
        self.0 & 0b100 != 0
    }

    const fn frame_samples(self) -> usize {
        let configuration = self.0 >> 3;
        let halves_of_5_ms = match self.mode() {
            Mode::Silk => [4, 8, 16, 24][(configuration & 0b11) as usize],
            Mode::Hybrid => [4, 8][(configuration & 0b1) as usize],
            Mode::Celt => [1, 2, 4, 8][(configuration & 0b11) as usize],
        };
        halves_of_5_ms * RATE.hertz() as usize / 400
    }
}

/// The first of `count` frames of equal length.
fn split_evenly(bytes: &[u8], count: usize) -> Option<&[u8]> {
    let length = bytes.len() / count;
    (length * count == bytes.len()).then(|| &bytes[..length])
}

/// The length at the start of `bytes` and what comes after it (RFC 6716 §3.2.1).
fn frame_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [length @ 0..252, rest @ ..] => Some((usize::from(*length), rest)),
        [low, high, rest @ ..] => Some((usize::from(*low) + 4 * usize::from(*high), rest)),
        [] | [_] => None,
    }
}

/// The number of frames in a packet of code 3 and the first of them
/// (RFC 6716 §3.2.5).
fn many_frames(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&flags, mut rest) = bytes.split_first()?;
    let frames = usize::from(flags & 0x3F);
    if frames == 0 {
        return None;
    }
    if flags & 0x40 != 0 {
        let (padding, after) = padding_length(rest)?;
        rest = &after[..after.len().checked_sub(padding)?];
    }
    if flags & 0x80 == 0 {
        return Some((frames, split_evenly(rest, frames)?));
    }
    let mut first_length = None;
    let mut coded = 0;
    for _ in 1..frames {
        let (length, after) = frame_length(rest)?;
        first_length.get_or_insert(length);
        coded += length;
        rest = after;
    }
    let last = rest.len().checked_sub(coded)?;
    if last > LONGEST_FRAME {
        return None;
    }
    Some((frames, &rest[..first_length.unwrap_or(last)]))
}

/// The length of the padding at the end and what comes after its coding.
fn padding_length(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut padding = 0;
    loop {
        let (&length, rest) = bytes.split_first()?;
        bytes = rest;
        if length < 255 {
            return Some((padding + usize::from(length), bytes));
        }
        padding += 254;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(bytes: &[u8]) -> Option<usize> {
        Packet::parse(bytes).map(|packet| packet.samples())
    }

    fn first(bytes: &[u8]) -> Option<&[u8]> {
        Packet::parse(bytes).map(|packet| packet.first)
    }

    /// A table of contents of this configuration, mono, and this code of frames.
    const fn toc(configuration: u8, code: u8) -> u8 {
        configuration << 3 | code
    }

    #[test]
    fn every_configuration_has_the_duration_of_its_table() {
        // RFC 6716 §3.1, table 2, in tenths of a millisecond.
        let silk = [100, 200, 400, 600].repeat(3);
        let hybrid = [100, 200].repeat(2);
        let celt = [25, 50, 100, 200].repeat(4);
        let durations = [silk, hybrid, celt].concat();
        assert_eq!(durations.len(), 32);
        for (configuration, tenths) in durations.into_iter().enumerate() {
            let packet = [toc(configuration as u8, 0), 0];
            assert_eq!(samples(&packet), Some(tenths * 16 / 10), "{configuration}");
        }
    }

    #[test]
    fn a_packet_without_bytes_is_none_and_one_without_audio_is() {
        assert_eq!(samples(&[]), None);
        assert_eq!(samples(&[toc(1, 0)]), Some(320));
        assert_eq!(samples(&[toc(1, 1)]), Some(640));
    }

    #[test]
    fn a_frame_has_at_most_1275_bytes() {
        let packet = |code, bytes: usize| [&[toc(1, code)][..], &vec![0; bytes]].concat();
        assert_eq!(samples(&packet(0, 1_275)), Some(320));
        assert_eq!(samples(&packet(0, 1_276)), None);
        assert_eq!(samples(&packet(1, 2_550)), Some(640));
        assert_eq!(samples(&packet(1, 2_552)), None);
        // A first frame of no bytes and then the second.
        assert_eq!(samples(&packet(2, 1_276)), Some(640));
        assert_eq!(samples(&packet(2, 1_277)), None);
    }

    #[test]
    fn two_frames_of_one_length_share_the_bytes_evenly() {
        assert_eq!(first(&[toc(1, 1), 1, 2, 3, 4]), Some(&[1, 2][..]));
        assert_eq!(samples(&[toc(1, 1), 1, 2, 3]), None);
    }

    #[test]
    fn the_first_of_two_frames_has_a_length() {
        assert_eq!(first(&[toc(1, 2), 2, 7, 8, 9]), Some(&[7, 8][..]));
        assert_eq!(samples(&[toc(1, 2)]), None);
        assert_eq!(samples(&[toc(1, 2), 4, 7, 8, 9]), None);
        let long = [&[toc(1, 2), 252, 1][..], &[5; 256]].concat();
        assert_eq!(first(&long), Some(&[5; 256][..]));
        assert_eq!(samples(&long[..258]), None);
        assert_eq!(samples(&[toc(1, 2), 252]), None);
    }

    #[test]
    fn many_frames_are_counted() {
        let three = [toc(1, 3), 3, 1, 2, 3, 4, 5, 6];
        assert_eq!(samples(&three), Some(960));
        assert_eq!(first(&three), Some(&[1, 2][..]));
        assert_eq!(samples(&three[..7]), None);
        assert_eq!(samples(&[toc(1, 3)]), None);
        assert_eq!(samples(&[toc(1, 3), 0]), None);
    }

    #[test]
    fn a_packet_lasts_120_ms_at_most() {
        assert_eq!(samples(&[toc(1, 3), 6]), Some(1_920));
        assert_eq!(samples(&[toc(1, 3), 7]), None);
        assert_eq!(samples(&[toc(3, 3), 2]), Some(1_920));
        assert_eq!(samples(&[toc(3, 3), 3]), None);
        assert_eq!(samples(&[toc(16, 3), 48]), Some(1_920));
        assert_eq!(samples(&[toc(16, 3), 49]), None);
    }

    #[test]
    fn frames_of_several_lengths_have_all_but_the_last_written() {
        let packet = [toc(1, 3), 0x80 | 3, 1, 2, 10, 20, 21, 30];
        assert_eq!(first(&packet), Some(&[10][..]));
        assert_eq!(samples(&packet), Some(960));
        assert_eq!(samples(&packet[..7]), Some(960));
        assert_eq!(samples(&packet[..6]), None);
        assert_eq!(samples(&packet[..3]), None);
        assert_eq!(first(&[toc(1, 3), 0x80 | 1, 5, 6]), Some(&[5, 6][..]));
        let last = [&[toc(1, 3), 0x80 | 2, 0][..], &[0; 1_276]].concat();
        assert_eq!(samples(&last), None);
        assert_eq!(samples(&last[..1_278]), Some(640));
    }

    #[test]
    fn padding_is_taken_off() {
        let packet = [toc(1, 3), 0x40 | 2, 1, 10, 20, 0];
        assert_eq!(first(&packet), Some(&[10][..]));
        assert_eq!(samples(&[toc(1, 3), 0x40 | 1]), None);
        assert_eq!(samples(&[toc(1, 3), 0x40 | 1, 2, 0]), None);
        let long = [&[toc(1, 3), 0x40 | 1, 255, 3, 9][..], &[0; 257]].concat();
        assert_eq!(first(&long), Some(&[9][..]));
        assert_eq!(first(&long[..261]), Some(&[][..]));
        assert_eq!(samples(&long[..260]), None);
        assert_eq!(samples(&[toc(1, 3), 0x40 | 1, 255]), None);
    }

    #[test]
    fn the_copy_is_announced_after_the_voice_activity_of_each_channel() {
        const STEREO: u8 = 0b100;
        for (toc, mono, stereo) in [
            (toc(8, 0), 0b0100_0000, 0b0001_0000),
            (toc(9, 0), 0b0100_0000, 0b0001_0000),
            (toc(10, 0), 0b0010_0000, 0b0000_0100),
            (toc(11, 0), 0b0001_0000, 0b0000_0001),
            (toc(13, 0), 0b0100_0000, 0b0001_0000),
        ] {
            let has_copy = |toc: u8, flags: u8| {
                let packet = [toc, flags, 0];
                Packet::parse(&packet).map(|packet| packet.has_copy())
            };
            assert_eq!(has_copy(toc, mono), Some(true));
            assert_eq!(has_copy(toc, !mono), Some(false));
            assert_eq!(has_copy(toc | STEREO, mono), Some(true));
            assert_eq!(has_copy(toc | STEREO, stereo), Some(true));
            assert_eq!(has_copy(toc | STEREO, !(mono | stereo)), Some(false));
        }
    }

    #[test]
    fn there_is_no_copy_in_the_transform_and_in_frames_without_audio() {
        for packet in [
            &[toc(31, 0), 0xFF, 0xFF][..],
            &[toc(9, 0), 0xFF],
            &[toc(9, 0)],
        ] {
            let parsed = Packet::parse(packet).map(|packet| packet.has_copy());
            assert_eq!(parsed, Some(false), "{packet:?}");
        }
    }
}
