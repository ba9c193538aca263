//! Percentiles by the nearest rank.

/// The smallest of the values that at least `percent` per cent of them do not exceed; `None` of
/// none.
#[must_use]
pub fn percentile(values: &[u64], percent: u8) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * usize::from(percent.min(100))).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank_is_one_of_the_values() {
        let values = [50, 15, 40, 20, 35];
        assert_eq!(percentile(&values, 30), Some(20));
        assert_eq!(percentile(&values, 50), Some(35));
        assert_eq!(percentile(&values, 95), Some(50));
        assert_eq!(percentile(&values, 0), Some(15));
        assert_eq!(percentile(&[], 50), None);
    }
}
