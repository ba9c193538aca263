//! A number of requests per second, with a burst after a pause.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::Standing;

/// Whose requests are counted at once. Beyond it, those who come new are not limited until others
/// are forgotten, which takes a second or so.
const MOST_KNOWN: usize = 100_000;

/// A rate for each `K`, or none.
pub(super) struct Rate<K: Hash + Eq + Clone>(Option<Limited<K>>);

struct Limited<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DashMapStateStore<K>, ToldTime, StateInformationMiddleware>,
    time: ToldTime,
    quota: Quota,
}

/// One too many.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) wait: Duration,
    pub(super) standing: Standing,
}

/// The latest time that anybody told, in nanoseconds.
#[derive(Clone, Debug, Default)]
struct ToldTime(Arc<AtomicU64>);

impl<K: Hash + Eq + Clone> Rate<K> {
    /// `requests` per second on average, `burst` at once; none if `requests` is 0.
    pub(super) fn per_second(requests: u32, burst: u32) -> Self {
        let burst = NonZeroU32::new(burst.max(requests));
        let quota = NonZeroU32::new(requests).map(Quota::per_second);
        Self::new(
            quota
                .zip(burst)
                .map(|(quota, burst)| quota.allow_burst(burst)),
        )
    }

    /// `requests` per minute; none if it is 0.
    pub(super) fn per_minute(requests: u32) -> Self {
        Self::new(NonZeroU32::new(requests).map(Quota::per_minute))
    }

    fn new(quota: Option<Quota>) -> Self {
        Self(quota.map(|quota| {
            let time = ToldTime::default();
            let limiter = RateLimiter::dashmap_with_clock(quota, time.clone());
            Limited {
                limiter: limiter.with_middleware(),
                time,
                quota,
            }
        }))
    }

    /// Takes one request of `key`; what is left, if there is a limit.
    pub(super) fn take(&self, key: &K, now: Duration) -> Result<Option<Standing>, Refused> {
        let Some(limited) = &self.0 else {
            return Ok(None);
        };
        if limited.limiter.len() > MOST_KNOWN {
            return Ok(None);
        }
        let now = limited.time.advance(now);
        match limited.limiter.check_key(key) {
            Ok(state) => Ok(Some(limited.standing(state.remaining_burst_capacity()))),
            Err(until) => Err(Refused {
                wait: until.wait_time_from(now),
                standing: limited.standing(0),
            }),
        }
    }

    /// Forgets those who have their whole burst again.
    pub(super) fn forget_the_idle(&self) {
        if let Some(limited) = &self.0 {
            limited.limiter.retain_recent();
        }
    }
}

impl<K: Hash + Eq + Clone> Limited<K> {
    fn standing(&self, remaining: u32) -> Standing {
        let limit = self.quota.burst_size().get();
        let missing = limit.saturating_sub(remaining);
        Standing {
            limit: limit.into(),
            remaining: remaining.into(),
            reset: self.quota.replenish_interval() * missing,
        }
    }
}

impl ToldTime {
    fn advance(&self, now: Duration) -> Duration {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let before = self.0.fetch_max(now, Ordering::AcqRel);
        Duration::from_nanos(before.max(now))
    }
}

impl Clock for ToldTime {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Acquire))
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for Rate<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quota = self.0.as_ref().map(|limited| limited.quota);
        formatter.debug_tuple("Rate").field(&quota).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_is_followed_by_the_rate() {
        let rate = Rate::per_second(2, 3);
        for left in [2, 1, 0] {
            let standing = rate.take(&"a", at(0)).unwrap().unwrap();
            assert_eq!((standing.limit, standing.remaining), (3, left));
        }
        let refused = rate.take(&"a", at(100)).unwrap_err();
        assert_eq!(refused.wait, at(400));
        assert_eq!(refused.standing.reset, at(1_500));
        assert!(rate.take(&"b", at(100)).is_ok());
        assert!(rate.take(&"a", at(499)).is_err());
        assert!(rate.take(&"a", at(500)).is_ok());
        assert!(rate.take(&"a", at(501)).is_err());
    }

    #[test]
    fn after_a_pause_the_whole_burst_is_there_again() {
        let rate = Rate::per_second(2, 3);
        for _ in 0..3 {
            rate.take(&"a", at(0)).unwrap();
        }
        rate.forget_the_idle();
        assert!(rate.take(&"a", at(1)).is_err());
        let standing = rate.take(&"a", at(10_000)).unwrap().unwrap();
        assert_eq!(standing.remaining, 2);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let rate = Rate::per_second(0, 0);
        for _ in 0..10_000 {
            assert_eq!(rate.take(&"a", at(0)).unwrap(), None);
        }
    }
}
