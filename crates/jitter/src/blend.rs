//! Joins two pieces of audio that do not follow on each other.

/// Turns `frame` into `next`, moving from one to the other over the first
/// `over` samples, at least one.
pub(crate) fn blend(frame: &mut [i16], next: &[i16], over: usize) {
    let over = over.max(1);
    for (place, (sample, &following)) in frame.iter_mut().zip(next).enumerate() {
        let weight = place.min(over) as i32;
        let rest = over as i32 - weight;
        let mixed = i32::from(*sample) * rest + i32::from(following) * weight;
        *sample = (mixed / over as i32) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moves_into_the_other_and_stays_there() {
        let mut frame = [1_000; 8];
        blend(&mut frame, &[-1_000; 8], 4);
        assert_eq!(frame, [1_000, 500, 0, -500, -1_000, -1_000, -1_000, -1_000]);
    }

    #[test]
    fn the_loudest_audio_blends_without_overflow() {
        let mut frame = [i16::MIN; 160];
        blend(&mut frame, &[i16::MAX; 160], 80);
        assert!(frame.is_sorted());
        assert_eq!((frame[0], frame[159]), (i16::MIN, i16::MAX));
    }
}
