//! How long to wait between attempts.

use jiff::SignedDuration;

/// The longest wait that doubling leads to.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How a task waits between its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Always as long.
    Fixed(SignedDuration),
    /// Twice as long after each attempt, up to a week.
    Exponential(SignedDuration),
    /// As long as listed; the last one again and again. No wait when nothing is listed.
    Custom(Vec<SignedDuration>),
}

impl Retry {
    /// The wait after so many attempts, of which there is at least one.
    pub fn wait(&self, attempts: u32) -> SignedDuration {
        let before = attempts.saturating_sub(1);
        match self {
            Self::Fixed(wait) => *wait,
            Self::Exponential(first) => {
                let doubled = 2_i32
                    .checked_pow(before)
                    .and_then(|factor| first.checked_mul(factor))
                    .unwrap_or(LONGEST);
                doubled.min(LONGEST.max(*first))
            }
            Self::Custom(waits) => {
                let nth = usize::try_from(before).ok().and_then(|n| waits.get(n));
                nth.or_else(|| waits.last())
                    .copied()
                    .unwrap_or(SignedDuration::ZERO)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_fixed_wait_stays() {
        let retry = Retry::Fixed(minutes(60));
        assert_eq!(
            [1, 2, 9].map(|n| retry.wait(n)),
            [minutes(60), minutes(60), minutes(60)]
        );
    }

    #[test]
    fn an_exponential_wait_doubles_up_to_a_week() {
        let retry = Retry::Exponential(minutes(10));
        assert_eq!(
            [1, 2, 3, 40].map(|n| retry.wait(n)),
            [minutes(10), minutes(20), minutes(40), LONGEST]
        );
    }

    #[test]
    fn a_custom_wait_follows_its_list_and_keeps_to_its_end() {
        let retry = Retry::Custom(vec![minutes(1), minutes(30)]);
        assert_eq!(
            [1, 2, 3].map(|n| retry.wait(n)),
            [minutes(1), minutes(30), minutes(30)]
        );
        assert_eq!(Retry::Custom(Vec::new()).wait(1), SignedDuration::ZERO);
    }
}
