//! Bounded queues of frames.

use audio::{FRAME, Frame, SampleRate};
use crossbeam_queue::ArrayQueue;

/// A lock-free queue of entries that hold a frame and a note each.
///
/// A [`Frame`] has room for 16 kHz; a leg that is never wider than 8 kHz stores
/// half of it, which is most of what a leg weighs.
#[derive(Debug)]
pub(crate) enum FrameQueue<N> {
    Narrow(ArrayQueue<Entry<N, NARROW>>),
    Wide(ArrayQueue<Entry<N, { Frame::CAPACITY }>>),
}

/// Samples of 20 ms at 8 kHz.
const NARROW: usize = SampleRate::HZ_8000.samples_in(FRAME);

#[derive(Debug)]
pub(crate) struct Entry<N, const SAMPLES: usize> {
    note: N,
    samples: [i16; SAMPLES],
    len: u16,
}

impl<N> FrameQueue<N> {
    /// A queue of `capacity` entries whose frames have at most the given rate.
    pub(crate) fn new(widest: SampleRate, capacity: usize) -> Self {
        if widest.samples_in(FRAME) <= NARROW {
            Self::Narrow(ArrayQueue::new(capacity))
        } else {
            Self::Wide(ArrayQueue::new(capacity))
        }
    }

    /// Queues an entry if there is room; says whether there was.
    pub(crate) fn push(&self, note: N, frame: &Frame) -> bool {
        match self {
            Self::Narrow(queue) => queue.push(Entry::pack(note, frame)).is_ok(),
            Self::Wide(queue) => queue.push(Entry::pack(note, frame)).is_ok(),
        }
    }

    /// Queues an entry, if need be in place of the oldest; says whether that was dropped.
    pub(crate) fn force_push(&self, note: N, frame: &Frame) -> bool {
        match self {
            Self::Narrow(queue) => queue.force_push(Entry::pack(note, frame)).is_some(),
            Self::Wide(queue) => queue.force_push(Entry::pack(note, frame)).is_some(),
        }
    }

    pub(crate) fn pop(&self) -> Option<(N, Frame)> {
        match self {
            Self::Narrow(queue) => queue.pop().map(Entry::unpack),
            Self::Wide(queue) => queue.pop().map(Entry::unpack),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Narrow(queue) => queue.len(),
            Self::Wide(queue) => queue.len(),
        }
    }
}

impl<N, const SAMPLES: usize> Entry<N, SAMPLES> {
    /// Keeps the first `SAMPLES` samples, which are all at the queue's rate.
    fn pack(note: N, frame: &Frame) -> Self {
        let mut samples = [0; SAMPLES];
        let mut len = 0;
        for (kept, &sample) in samples.iter_mut().zip(frame.samples()) {
            *kept = sample;
            len += 1;
        }
        Self { note, samples, len }
    }

    fn unpack(self) -> (N, Frame) {
        let mut frame = Frame::silence(SampleRate::HZ_8000);
        frame.set_len(usize::from(self.len));
        for (sample, &kept) in frame.samples_mut().iter_mut().zip(&self.samples) {
            *sample = kept;
        }
        (self.note, frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(len: usize) -> Frame {
        let samples: Vec<i16> = (0..len as i16).map(|sample| sample - 50).collect();
        Frame::from_samples(&samples).unwrap()
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        for (rate, longest) in [(SampleRate::HZ_8000, 160), (SampleRate::HZ_16000, 320)] {
            let queue = FrameQueue::new(rate, 4);
            for len in [0, 1, 160, longest] {
                assert!(queue.push(len, &ramp(len)));
                assert_eq!(queue.len(), 1);
                assert_eq!(queue.pop(), Some((len, ramp(len))));
            }
        }
    }

    #[test]
    fn a_full_queue_refuses_or_drops_the_oldest() {
        let queue = FrameQueue::new(SampleRate::HZ_8000, 2);
        assert!(queue.push('a', &ramp(160)));
        assert!(!queue.force_push('b', &ramp(160)));
        assert!(!queue.push('c', &ramp(160)));
        assert!(queue.force_push('d', &ramp(160)));
        let notes: Vec<_> = std::iter::from_fn(|| queue.pop())
            .map(|(note, _)| note)
            .collect();
        assert_eq!(notes, ['b', 'd']);
    }

    #[test]
    fn a_narrow_queue_weighs_half() {
        let (narrow, wide) = (size_of::<Entry<(), NARROW>>(), size_of::<Entry<(), 320>>());
        assert!(narrow * 2 <= wide + size_of::<u16>());
    }
}
