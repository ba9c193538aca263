//! Telephone numbers, from how people write them to E.164.

use phonenumber::country;
use phonenumber::metadata::DATABASE;

use crate::error::ApiError;

/// E.164 numbers have at most this many digits, country code included (ITU-T E.164 §6.1).
const MOST_DIGITS: usize = 15;
/// Shorter numbers are real only where the country's numbering plan says so.
const USUAL_LEAST_DIGITS: usize = 8;
const LONGEST_COUNTRY_CODE: usize = 3;

/// Countries whose prefix for calls abroad is 011.
const NORTH_AMERICA: &[&str] = &["US", "CA", "PR"];

/// How numbers without a country code are read.
#[derive(Clone, Debug)]
pub(crate) struct NumberRules {
    default_country: Option<country::Id>,
}

/// The configured country does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{code}` is no country; `default_country` takes an ISO 3166 two-letter code such as `US`")]
pub struct UnknownCountry {
    code: String,
}

/// Why a text is no number that can be called. The messages follow the word "expected".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidNumber {
    #[error("digits, spaces and `+ - ( ) . /` only, such as +14155550123")]
    Characters,
    #[error("a number with its country code, such as +14155550123")]
    NoCountryCode,
    #[error("an existing country code after the `+`, such as in +14155550123")]
    UnknownCountryCode,
    #[error("more digits; an E.164 number such as +14155550123 has country code and number")]
    TooShort,
    #[error("at most 15 digits, such as +14155550123")]
    TooLong,
}

impl NumberRules {
    /// The number in a field of a request, in E.164 form.
    pub(crate) fn read(&self, field: &str, text: &str) -> Result<String, ApiError> {
        self.normalise(text)
            .map_err(|problem| ApiError::invalid(field, problem))
    }

    pub(crate) fn new(default_country: Option<&str>) -> Result<Self, UnknownCountry> {
        let default_country = default_country
            .map(|code| {
                let unknown = || UnknownCountry {
                    code: code.to_owned(),
                };
                code.parse::<country::Id>().map_err(|_| unknown())
            })
            .transpose()?;
        // The numbering plans are unpacked now, not while the first caller waits.
        split_country_code("1");
        Ok(Self { default_country })
    }

    /// The number in E.164 form: `+`, country code, number, nothing else.
    ///
    /// Whether the number is in use is not asked: numbering plans change faster than tables of
    /// them, and a network answers for itself.
    pub(crate) fn normalise(&self, text: &str) -> Result<String, InvalidNumber> {
        let text = text.trim();
        if !text.chars().all(is_expected) || text.chars().skip(1).any(|c| c == '+') {
            return Err(InvalidNumber::Characters);
        }
        if let Some(international) = text.strip_prefix('+') {
            // The zero that is dialled only within the country.
            return international_form(&digits(&international.replacen("(0)", "", 1)));
        }
        if let Some(international) = self.dialled_abroad(&digits(text)) {
            return international_form(international);
        }
        let country = self.default_country.ok_or(InvalidNumber::NoCountryCode)?;
        let parsed = phonenumber::parse(Some(country), text).map_err(|error| {
            if matches!(error, phonenumber::ParseError::TooLong) {
                InvalidNumber::TooLong
            } else {
                InvalidNumber::TooShort
            }
        })?;
        international_form(&digits(&format!(
            "{}{}",
            parsed.code().value(),
            parsed.national()
        )))
    }
}

impl NumberRules {
    /// The numbers that may be meant by what a telephone network puts where the called number
    /// stands, all in E.164 form: with a `+`, without one, behind 00, or as in the country of this
    /// node. What is no number means none.
    pub(crate) fn spellings(&self, called: &str) -> Vec<String> {
        let called = called.split(';').next().unwrap_or_default().trim();
        let abroad = match called.strip_prefix("00") {
            _ if called.starts_with('+') => None,
            Some(abroad) => Some(format!("+{abroad}")),
            None => Some(format!("+{called}")),
        };
        let read = |text: &str| self.normalise(text).ok();
        let mut numbers: Vec<String> = abroad.as_deref().and_then(read).into_iter().collect();
        numbers.extend(read(called).filter(|number| abroad.is_none() || !numbers.contains(number)));
        numbers
    }

    /// What follows the prefix that is dialled for another country: 00 in most of the world, 011
    /// in North America.
    fn dialled_abroad<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let country = self.default_country?;
        let north_america = NORTH_AMERICA.contains(&country.as_ref());
        let prefix = if north_america { "011" } else { "00" };
        digits
            .strip_prefix(prefix)
            .or_else(|| digits.strip_prefix("00"))
    }
}

/// Two-letter code of the country whose plan an E.164 number is of, where it is clear.
pub(crate) fn country_of(number: &str) -> Option<String> {
    let parsed = phonenumber::parse(None, number).ok()?;
    if let Some(country) = parsed.country().id() {
        return Some(country.as_ref().to_owned());
    }
    // One that no plan has assigned is of the country that has its code alone.
    let (code, _) = split_country_code(number.strip_prefix('+')?)?;
    match DATABASE.region(&code)?.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    }
}

/// Whether an E.164 number is of one of these countries, by their two-letter codes; of all, if
/// there are none. One of several countries that share a code counts as of each, if its plan does
/// not say which it is of.
pub(crate) fn is_in_any_of(number: &str, countries: &[String]) -> bool {
    if countries.is_empty() {
        return true;
    }
    let is_listed = |country: &str| countries.iter().any(|one| one == country);
    if let Some(country) = country_of(number) {
        return is_listed(&country);
    }
    let code = number.strip_prefix('+').and_then(split_country_code);
    let sharing = code.and_then(|(code, _)| DATABASE.region(&code));
    sharing.is_some_and(|sharing| sharing.iter().any(|country| is_listed(country)))
}

fn international_form(digits: &str) -> Result<String, InvalidNumber> {
    if digits.len() > MOST_DIGITS {
        return Err(InvalidNumber::TooLong);
    }
    if digits.starts_with('0') {
        return Err(InvalidNumber::UnknownCountryCode);
    }
    let Some((code, national)) = split_country_code(digits) else {
        return Err(if digits.len() < USUAL_LEAST_DIGITS {
            InvalidNumber::TooShort
        } else {
            InvalidNumber::UnknownCountryCode
        });
    };
    if digits.len() < USUAL_LEAST_DIGITS && !is_planned_length(code, national.len()) {
        return Err(InvalidNumber::TooShort);
    }
    Ok(format!("+{digits}"))
}

/// No country code is the beginning of another, so the first that fits is the one.
fn split_country_code(digits: &str) -> Option<(u16, &str)> {
    (1..=LONGEST_COUNTRY_CODE).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        let code: u16 = code.parse().ok()?;
        DATABASE.region(&code).map(|_| (code, national))
    })
}

fn is_planned_length(code: u16, national: usize) -> bool {
    let Ok(length) = u16::try_from(national) else {
        return false;
    };
    let plans = DATABASE.by_code(&code).unwrap_or_default();
    plans.iter().any(|plan| {
        let kinds = [plan.descriptors().fixed_line(), plan.descriptors().mobile()];
        kinds
            .into_iter()
            .flatten()
            .any(|kind| kind.possible_length().contains(&length))
    })
}

fn is_expected(c: char) -> bool {
    const NO_BREAK_SPACE: char = '\u{a0}';
    const DASHES: std::ops::RangeInclusive<char> = '\u{2010}'..='\u{2015}';
    c.is_ascii_digit()
        || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '/' | NO_BREAK_SPACE)
        || DASHES.contains(&c)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn international(text: &str) -> Result<String, InvalidNumber> {
        NumberRules::new(None).unwrap().normalise(text)
    }

    fn at_home_in(country: &str, text: &str) -> Result<String, InvalidNumber> {
        NumberRules::new(Some(country)).unwrap().normalise(text)
    }

    #[test]
    fn the_ways_people_write_a_number_are_understood() {
        for text in [
            "+14155550123",
            "+1 (415) 555-0123",
            " +1-415-555-0123 ",
            "+1.415.555.0123",
            "+1\u{a0}415\u{2011}555\u{2013}0123",
            "+1/415/5550123",
        ] {
            assert_eq!(international(text).as_deref(), Ok("+14155550123"), "{text}");
        }
    }

    #[test]
    fn numbers_dialled_with_the_prefix_for_abroad_keep_all_their_digits() {
        assert_eq!(
            at_home_in("US", "0114915112345678"),
            Ok("+4915112345678".to_owned())
        );
        assert_eq!(
            at_home_in("US", "011 86 138 1234 5678"),
            Ok("+8613812345678".to_owned())
        );
        assert_eq!(
            at_home_in("US", "011441632960123"),
            Ok("+441632960123".to_owned())
        );
        assert_eq!(
            at_home_in("DE", "0033123456789"),
            Ok("+33123456789".to_owned())
        );
        assert_eq!(
            at_home_in("US", "00441632960123"),
            Ok("+441632960123".to_owned())
        );
    }

    #[test]
    fn numbers_of_many_countries_keep_all_their_digits() {
        for number in [
            "+442079460958",
            "+390612345678",
            "+78005553535",
            "+375800123456",
            "+4915112345678",
            "+919876543210",
            "+88213123456789",
            "+6834002",
            "+29022345",
        ] {
            assert_eq!(international(number).as_deref(), Ok(number));
        }
    }

    #[test]
    fn numbers_that_no_plan_has_assigned_pass() {
        for number in ["+15555550100", "+12025550199", "+441632960000", "+15550100"] {
            assert_eq!(international(number).as_deref(), Ok(number));
        }
    }

    #[test]
    fn the_zero_in_parentheses_is_not_dialled_from_abroad() {
        assert_eq!(
            international("+44 (0)20 7946 0958").as_deref(),
            Ok("+442079460958")
        );
    }

    #[test]
    fn letters_and_other_signs_are_refused() {
        for text in [
            "+1-800-FLOWERS",
            "call me",
            "+1415555O123",
            "+1415#5550123",
            "+1+4155550123",
            "++14155550123",
            "sip:+14155550123@example.com",
            "+１４１５５５５０１２３",
        ] {
            assert_eq!(
                international(text),
                Err(InvalidNumber::Characters),
                "{text}"
            );
        }
    }

    #[test]
    fn lengths_beyond_the_plan_are_refused() {
        for text in ["+", "+1", "+1 415", "+1415555"] {
            assert_eq!(international(text), Err(InvalidNumber::TooShort), "{text}");
        }
        for text in ["+1415555012345678", "+44 1234567890 1234567890"] {
            assert_eq!(international(text), Err(InvalidNumber::TooLong), "{text}");
        }
    }

    #[test]
    fn country_codes_that_nobody_has_are_refused() {
        for text in ["+0155550123", "+99912345678", "+210123456789"] {
            assert_eq!(
                international(text),
                Err(InvalidNumber::UnknownCountryCode),
                "{text}"
            );
        }
    }

    #[test]
    fn a_national_number_needs_a_country() {
        for text in ["", "4155550123", "0041555501230", "(415) 555-0123"] {
            assert_eq!(
                international(text),
                Err(InvalidNumber::NoCountryCode),
                "{text}"
            );
        }
    }

    #[test]
    fn a_national_number_is_read_in_its_country() {
        assert_eq!(
            at_home_in("US", "(415) 555-0123").as_deref(),
            Ok("+14155550123")
        );
        assert_eq!(
            at_home_in("GB", "020 7946 0958").as_deref(),
            Ok("+442079460958")
        );
        assert_eq!(
            at_home_in("GB", "+1 415 555 0123").as_deref(),
            Ok("+14155550123")
        );
        assert_eq!(at_home_in("US", "5"), Err(InvalidNumber::TooShort));
    }

    #[test]
    fn a_country_that_does_not_exist_is_named() {
        let error = NumberRules::new(Some("XX")).unwrap_err();
        assert!(error.to_string().contains("`XX`"), "{error}");
    }

    #[test]
    fn a_called_number_is_known_in_every_spelling_of_the_networks() {
        let us = NumberRules::new(Some("US")).unwrap();
        let none = NumberRules::new(None).unwrap();
        for called in [
            "+14155550100",
            "14155550100",
            "0014155550100",
            "+14155550100;npdi",
        ] {
            for rules in [&us, &none] {
                let numbers = rules.spellings(called);
                assert_eq!(
                    numbers.first().map(String::as_str),
                    Some("+14155550100"),
                    "{called}"
                );
            }
        }
        let numbers = us.spellings("4155550100");
        assert!(
            numbers.iter().any(|number| number == "+14155550100"),
            "{numbers:?}"
        );
        for called in [
            "support",
            "",
            "1001",
            "019a0000-0000-7000-8000-00000000000a",
        ] {
            assert_eq!(us.spellings(called), Vec::<String>::new(), "{called}");
        }
    }

    #[test]
    fn countries_that_share_a_code_are_told_apart_where_the_plan_does() {
        let listed = |number: &str, countries: &[&str]| {
            let countries: Vec<String> = countries.iter().map(|&it| it.to_owned()).collect();
            is_in_any_of(number, &countries)
        };
        assert!(listed("+442079460958", &[]));
        assert!(listed("+442079460958", &["US", "GB"]));
        assert!(!listed("+442079460958", &["US"]));
        assert!(listed("+4915112345678", &["DE"]));
        assert!(!listed("+4915112345678", &["AT"]));
        assert!(listed("+16135550123", &["CA"]));
        assert!(!listed("+16135550123", &["DE"]));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(14_155),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn whatever_passes_is_e164(text in "\\PC{0,40}") {
            for rules in [None, Some("US"), Some("DE")] {
                if let Ok(number) = NumberRules::new(rules).unwrap().normalise(&text) {
                    let digits = number.strip_prefix('+').unwrap();
                    prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
                    prop_assert!((5..=15).contains(&digits.len()));
                    prop_assert!(!digits.starts_with('0'));
                }
            }
        }

        #[test]
        fn an_e164_number_stays_as_it_is(digits in "[1-9][0-9]{7,14}") {
            let number = format!("+{digits}");
            if let Ok(normal) = international(&number) {
                prop_assert_eq!(normal, number);
            }
        }
    }
}
