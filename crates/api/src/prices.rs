//! What calls cost: the operator's price list, and the cost of one call by it.
//!
//! Money is counted in millionths of a currency's unit, in whole numbers all the way.

use std::fmt::Write as _;
use std::time::Duration;

/// Millionths of one unit of a currency.
const MILLION: u64 = 1_000_000;

/// What outbound calls cost, by where they go to.
#[derive(Clone, Debug, Default)]
pub struct PriceList {
    /// ISO 4217 code, such as `EUR`.
    currency: String,
    /// By their prefixes.
    rates: Vec<Rate>,
}

/// What calls to numbers with a prefix cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// ISO 3166 two-letter code.
    pub country_code: String,
    /// What the country is called.
    pub country_name: String,
    /// The digits that numbers begin with, without `+`.
    pub prefix: String,
    /// What they are.
    pub description: String,
    /// What a minute costs, in millionths of the currency's unit.
    pub per_minute: u64,
    /// Seconds that a call that was answered costs at least.
    pub least_seconds: u32,
    /// Calls are counted in so many seconds, of which each costs once it has begun; at least 1.
    pub increment_seconds: u32,
}

/// Why a price list can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceListError {
    /// The currency is none.
    #[error("prices.currency must be three capital letters, such as EUR")]
    Currency,
    /// A rate's country is none.
    #[error("country_code of the rate of prefix {0} must be two capital letters, such as DE")]
    Country(String),
    /// A rate's prefix is none.
    #[error("destination_prefix must be 1 to 15 digits, not {0:?}")]
    Prefix(String),
    /// Two rates are for the same numbers.
    #[error("two rates have the prefix {0}")]
    Twice(String),
    /// A rate counts in nothing.
    #[error("billing_increment_seconds of the rate of prefix {0} must be at least 1")]
    Increment(String),
    /// A price is none.
    #[error("a price must be a decimal number with at most 6 digits behind the point, not {0:?}")]
    Amount(String),
}

impl PriceList {
    /// The list of these rates. Without any it has no price for anything.
    pub fn new(currency: &str, mut rates: Vec<Rate>) -> Result<Self, PriceListError> {
        let is_code = |text: &str, letters| {
            text.len() == letters && text.bytes().all(|letter| letter.is_ascii_uppercase())
        };
        if !is_code(currency, 3) && !rates.is_empty() {
            return Err(PriceListError::Currency);
        }
        rates.sort_by(|one, other| one.prefix.cmp(&other.prefix));
        for rate in &rates {
            let prefix = || rate.prefix.clone();
            let is_number = rate.prefix.bytes().all(|digit| digit.is_ascii_digit());
            if !(1..=15).contains(&rate.prefix.len()) || !is_number {
                return Err(PriceListError::Prefix(prefix()));
            }
            if !is_code(&rate.country_code, 2) {
                return Err(PriceListError::Country(prefix()));
            }
            if rate.increment_seconds == 0 {
                return Err(PriceListError::Increment(prefix()));
            }
        }
        for (one, next) in rates.iter().zip(rates.iter().skip(1)) {
            if one.prefix == next.prefix {
                return Err(PriceListError::Twice(one.prefix.clone()));
            }
        }
        Ok(Self {
            currency: currency.to_owned(),
            rates,
        })
    }

    /// ISO 4217 code.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The rates in the order of their prefixes.
    pub fn rates(&self) -> &[Rate] {
        &self.rates
    }

    /// The rate of a number in E.164 form: that with the longest of the prefixes that it begins with.
    pub fn rate_of(&self, number: &str) -> Option<&Rate> {
        let digits = number.strip_prefix('+')?;
        (1..=digits.len().min(15)).rev().find_map(|length| {
            let prefix = digits.get(..length)?;
            let place = self
                .rates
                .binary_search_by(|rate| rate.prefix.as_str().cmp(prefix));
            place.ok().and_then(|place| self.rates.get(place))
        })
    }
}

impl Rate {
    /// What a call costs that was answered for so long, in millionths. One that was not answered
    /// costs nothing. Parts of a millionth are rounded up.
    pub fn cost(&self, talked: Option<Duration>) -> u64 {
        let Some(talked) = talked else { return 0 };
        let seconds = talked
            .as_secs()
            .saturating_add(u64::from(talked.subsec_nanos() > 0));
        let seconds = seconds.max(u64::from(self.least_seconds));
        let increment = u64::from(self.increment_seconds.max(1));
        let counted = seconds.div_ceil(increment).saturating_mul(increment);
        let cost = u128::from(self.per_minute) * u128::from(counted);
        u64::try_from(cost.div_ceil(60)).unwrap_or(u64::MAX)
    }
}

/// Reads an amount such as `0.0125`, in millionths.
pub fn read_amount(text: &str) -> Result<u64, PriceListError> {
    let wrong = || PriceListError::Amount(text.to_owned());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 6 {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let part: u64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    let amount = whole
        .checked_mul(MILLION)
        .and_then(|it| it.checked_add(part));
    amount.ok_or_else(wrong)
}

/// An amount of millionths as a decimal number with at least two digits behind the point.
pub(crate) fn amount(millionths: u64) -> String {
    let mut text = format!("{}.", millionths / MILLION);
    let part = format!("{:06}", millionths % MILLION);
    let kept = part.trim_end_matches('0');
    // Writing to a string never fails.
    let _ = write!(text, "{kept:0<2}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(prefix: &str, per_minute: &str, least: u32, increment: u32) -> Rate {
        Rate {
            country_code: "DE".to_owned(),
            country_name: "Germany".to_owned(),
            prefix: prefix.to_owned(),
            description: String::new(),
            per_minute: read_amount(per_minute).unwrap(),
            least_seconds: least,
            increment_seconds: increment,
        }
    }

    #[test]
    fn the_longest_prefix_decides() {
        let rates = ["49", "4915", "1", "44"].map(|prefix| rate(prefix, "1", 0, 1));
        let list = PriceList::new("EUR", rates.to_vec()).unwrap();
        for (number, prefix) in [
            ("+4915112345678", Some("4915")),
            ("+4930123456", Some("49")),
            ("+14155550123", Some("1")),
            ("+33123456789", None),
            ("+4", None),
            ("+", None),
            ("ann", None),
            ("49301234", None),
        ] {
            let found = list.rate_of(number).map(|rate| rate.prefix.as_str());
            assert_eq!(found, prefix, "{number}");
        }
    }

    #[test]
    fn what_has_begun_is_counted_and_a_little_at_least() {
        let by_minute = rate("49", "0.06", 60, 60);
        let by_second = rate("49", "0.0125", 0, 1);
        let seconds = |seconds: f64| Some(Duration::from_secs_f64(seconds));
        for (rate, talked, cost) in [
            (&by_minute, None, 0),
            (&by_minute, seconds(0.0), 60_000),
            (&by_minute, seconds(60.0), 60_000),
            (&by_minute, seconds(60.001), 120_000),
            (&by_second, seconds(0.0), 0),
            (&by_second, seconds(60.0), 12_500),
            // 208.33 millionths a second.
            (&by_second, seconds(1.0), 209),
            (&by_second, seconds(2.5), 625),
        ] {
            assert_eq!(rate.cost(talked), cost, "{talked:?}");
        }
        let dear = rate("49", "18446744073709", 0, 1);
        assert_eq!(dear.cost(Some(Duration::MAX)), u64::MAX);
    }

    #[test]
    fn amounts_are_read_and_shown_exactly() {
        for (text, millionths, shown) in [
            ("0", 0, "0.00"),
            ("1", 1_000_000, "1.00"),
            ("0.1", 100_000, "0.10"),
            ("0.0125", 12_500, "0.0125"),
            ("12.000001", 12_000_001, "12.000001"),
        ] {
            assert_eq!(read_amount(text), Ok(millionths));
            assert_eq!(amount(millionths), shown);
        }
        for text in [
            "",
            ".5",
            "1.",
            "-1",
            "1e3",
            "0.0000001",
            "1,5",
            "18446744073710",
        ] {
            let wrong = PriceListError::Amount(text.to_owned());
            assert_eq!(read_amount(text), Err(wrong));
        }
    }

    #[test]
    fn a_list_that_contradicts_itself_is_none() {
        let list = |currency, rates| PriceList::new(currency, rates).unwrap_err();
        let one = rate("49", "1", 0, 1);
        let of = |change: fn(&mut Rate)| {
            let mut changed = one.clone();
            change(&mut changed);
            vec![changed]
        };
        let prefix = || "49".to_owned();
        for (error, expected) in [
            (list("eur", vec![one.clone()]), PriceListError::Currency),
            (
                list("EUR", vec![one.clone(), one.clone()]),
                PriceListError::Twice(prefix()),
            ),
            (
                list("EUR", of(|rate| rate.country_code = "Ger".to_owned())),
                PriceListError::Country(prefix()),
            ),
            (
                list("EUR", of(|rate| rate.increment_seconds = 0)),
                PriceListError::Increment(prefix()),
            ),
            (
                list("EUR", of(|rate| rate.prefix = "+49".to_owned())),
                PriceListError::Prefix("+49".to_owned()),
            ),
        ] {
            assert_eq!(error, expected);
        }
        assert!(
            PriceList::new("", Vec::new())
                .unwrap()
                .rate_of("+49301")
                .is_none()
        );
    }
}
