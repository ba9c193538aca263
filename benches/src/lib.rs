//! What benches share: the distribution of what was measured, and the load of the machine while
//! it was. Figures are printed, and never judged here.

pub mod estimates;

use std::time::Duration;

use serde_json::{Value, json};

/// Durations of many repetitions of one thing.
#[derive(Clone, Debug, Default)]
pub struct Distribution {
    sorted: Vec<Duration>,
}

impl FromIterator<Duration> for Distribution {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut sorted: Vec<Duration> = durations.into_iter().collect();
        sorted.sort_unstable();
        Self { sorted }
    }
}

impl Distribution {
    /// The smallest duration that at least `share` of all do not exceed; `share` from 0 to 1.
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.sorted.len() as f64).ceil() as usize;
        self.sorted
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// In milliseconds: `count`, `p50`, `p95`, `p99`, `max`.
    pub fn to_json(&self) -> Value {
        let millis = |share| (self.quantile(share).as_secs_f64() * 1e6).round() / 1e3;
        json!({
            "count": self.count(),
            "p50": millis(0.5),
            "p95": millis(0.95),
            "p99": millis(0.99),
            "max": millis(1.0),
        })
    }
}

/// The machine's load averages over 1, 5 and 15 minutes, as the system tells them.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_measured_values() {
        let distribution: Distribution = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(distribution.quantile(0.5), Duration::from_millis(50));
        assert_eq!(distribution.quantile(0.99), Duration::from_millis(99));
        assert_eq!(distribution.quantile(1.0), Duration::from_millis(100));
        assert_eq!(Distribution::default().quantile(0.5), Duration::ZERO);
    }
}
