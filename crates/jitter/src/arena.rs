//! Room for payloads of any length, allocated once.

use std::ops::Range;

/// Keeps pieces of bytes in one allocation. A piece goes to the first gap that
/// holds it, so that few pieces stay in few pages, however large the arena.
#[derive(Debug)]
pub(crate) struct Arena {
    bytes: Box<[u8]>,
    /// The pieces, by place. Never longer than its first capacity.
    pieces: Vec<Range<usize>>,
}

impl Arena {
    /// Room for `bytes` in at most `pieces` pieces.
    pub(crate) fn new(bytes: usize, pieces: usize) -> Self {
        Self {
            bytes: vec![0; bytes].into_boxed_slice(),
            pieces: Vec::with_capacity(pieces),
        }
    }

    /// The most that one piece can hold.
    pub(crate) const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Keeps a copy of `piece` and says where; `None` if no gap is long enough.
    pub(crate) fn keep(&mut self, piece: &[u8]) -> Option<Range<usize>> {
        if self.pieces.len() == self.pieces.capacity() {
            return None;
        }
        let mut start = 0;
        let mut index = 0;
        for kept in &self.pieces {
            if kept.start - start >= piece.len() {
                break;
            }
            start = kept.end;
            index += 1;
        }
        let place = start..start + piece.len();
        self.bytes.get_mut(place.clone())?.copy_from_slice(piece);
        self.pieces.insert(index, place.clone());
        Some(place)
    }

    /// What is kept at `place`.
    pub(crate) fn get(&self, place: &Range<usize>) -> &[u8] {
        &self.bytes[place.clone()]
    }

    /// Frees `place`. Its bytes stay readable until something else is kept.
    pub(crate) fn free(&mut self, place: &Range<usize>) {
        if let Some(index) = self.pieces.iter().position(|kept| kept == place) {
            self.pieces.remove(index);
        }
    }

    /// Frees everything.
    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_keep_what_they_were_given() {
        let mut arena = Arena::new(100, 10);
        let places: Vec<_> = (1..=10u8)
            .map(|n| arena.keep(&vec![n; usize::from(n)]).expect("it fits"))
            .collect();
        for (n, place) in (1..=10u8).zip(&places) {
            assert_eq!(arena.get(place), vec![n; usize::from(n)]);
        }
    }

    #[test]
    fn the_first_gap_that_is_long_enough_is_used_again() {
        let mut arena = Arena::new(40, 10);
        let places = [[1; 10], [2; 10], [3; 10]].map(|piece| arena.keep(&piece).expect("it fits"));
        arena.free(&places[0]);
        arena.free(&places[1]);
        assert_eq!(arena.keep(&[4; 15]), Some(0..15));
        assert_eq!(arena.keep(&[5; 6]), Some(30..36));
        assert_eq!(arena.keep(&[6; 5]), Some(15..20));
        assert_eq!(arena.get(&places[2]), [3; 10]);
        assert_eq!(arena.keep(&[7; 5]), None);
    }

    #[test]
    fn empty_pieces_take_no_bytes_but_count() {
        let mut arena = Arena::new(4, 3);
        let empty = arena.keep(&[]).expect("it fits");
        assert!(arena.keep(&[1; 4]).is_some() && arena.keep(&[]).is_some());
        assert_eq!(arena.keep(&[]), None);
        arena.free(&empty);
        assert!(arena.keep(&[]).is_some());
    }

    #[test]
    fn a_cleared_arena_has_all_its_room() {
        let mut arena = Arena::new(10, 2);
        assert!(arena.keep(&[1; 10]).is_some());
        assert_eq!(arena.keep(&[1]), None);
        arena.clear();
        assert!(arena.keep(&[1; 10]).is_some());
    }
}
