//! The input is a list of packets: the time since the one before in milliseconds
//! (one octet), the marker in the highest bit and the source in the others (one
//! octet), the timestamp (four), the length of the payload (one), and the payload.
//! The first octet of the input is even for a clock of 8 kHz and odd for 48 kHz.

use std::time::Duration;

use audio::{Moment, RtpTimestamp, SampleRate, SequenceNumber};
use media::rtp::Header;
use media::telephone_event::{KeyEvent, Receiver, parse};

use crate::Verdict;
use crate::input::Input;

pub(crate) fn run(input: &[u8]) -> Verdict {
    let mut input = Input::new(input);
    let clock = match input.octet() {
        Some(first) if first % 2 == 1 => SampleRate::HZ_48000,
        _ => SampleRate::HZ_8000,
    };
    let mut receiver = Receiver::new(clock, Receiver::END_TIMEOUT);
    let mut keys = Keys::default();
    let mut now = Moment::ZERO;
    while let Some((wait, header, payload)) = packet(&mut input) {
        now = now + wait;
        keys.count(receiver.poll(now));
        let told = receiver.handle(now, &header, payload);
        assert_eq!(told.is_ok(), parse(payload).is_ok());
        told.into_iter().for_each(|told| keys.count(told));
        let held = u64::from(receiver.held().is_some());
        assert_eq!(keys.pressed, keys.released + held);
    }
    keys.count(receiver.poll(now + Receiver::END_TIMEOUT));
    assert_eq!(keys.pressed, keys.released, "what is pressed is released");
    assert_eq!(keys.pressed, receiver.statistics().pressed);
    Verdict::of(keys.pressed > 0)
}

#[derive(Default)]
struct Keys {
    pressed: u64,
    released: u64,
}

impl Keys {
    fn count(&mut self, events: impl IntoIterator<Item = KeyEvent>) {
        for event in events {
            match event {
                KeyEvent::Pressed(_) => self.pressed += 1,
                KeyEvent::Released { .. } => self.released += 1,
            }
        }
    }
}

fn packet<'a>(input: &mut Input<'a>) -> Option<(Duration, Header, &'a [u8])> {
    let wait = Duration::from_millis(u64::from(input.octet()?));
    let flags = input.octet()?;
    let header = Header {
        marker: flags & 0x80 != 0,
        payload_type: 101,
        sequence: SequenceNumber(0),
        timestamp: RtpTimestamp(input.word()?),
        ssrc: u32::from(flags & 0x7F),
    };
    let len = input.octet()?;
    Some((wait, header, input.octets(usize::from(len))))
}
