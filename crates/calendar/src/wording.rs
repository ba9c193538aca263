//! Times as people say them: `tomorrow at ten`, `Friday the fourth, half past nine`.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Span, ToSpan};

/// What a wording says of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wording {
    /// The day, if one is named.
    pub(crate) day: Option<Date>,
    /// The times of day that may be meant, the likeliest first: without a word on the half of the
    /// day, `four` is in the afternoon before it is in the night. None if no time is named.
    pub(crate) times: Vec<Time>,
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Numbers from 1, as they are counted and as they are ranked.
const NUMBERS: [(&str, &str); 20] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("four", "fourth"),
    ("five", "fifth"),
    ("six", "sixth"),
    ("seven", "seventh"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("ten", "tenth"),
    ("eleven", "eleventh"),
    ("twelve", "twelfth"),
    ("thirteen", "thirteenth"),
    ("fourteen", "fourteenth"),
    ("fifteen", "fifteenth"),
    ("sixteen", "sixteenth"),
    ("seventeen", "seventeenth"),
    ("eighteen", "eighteenth"),
    ("nineteen", "nineteenth"),
    ("twenty", "twentieth"),
];

const TENS: [(&str, i8); 4] = [("twenty", 20), ("thirty", 30), ("forty", 40), ("fifty", 50)];

/// Hours before this are in the afternoon if nothing says which half of the day is meant.
const EARLIEST_HOUR: i8 = 7;

/// Words before a number that make it an hour.
const BEFORE_HOURS: [&str; 5] = ["at", "around", "about", "by", "from"];

/// Reads a wording, said when the clocks show `now`.
pub(crate) fn read(text: &str, now: DateTime) -> Wording {
    let words = words(text);
    let mut wording = Wording::default();
    let mut place = 0;
    while place < words.len() {
        let rest = words.get(place..).unwrap_or_default();
        let before = place.checked_sub(1).and_then(|before| words.get(before));
        let read = day(rest, now.date()).map(|(day, used)| (Found::Day(day), used));
        let read = read.or_else(|| {
            let before = before.map(String::as_str);
            time(rest, before).map(|(times, used)| (Found::Times(times), used))
        });
        let Some((found, used)) = read else {
            place += 1;
            continue;
        };
        match found {
            // Who corrects themselves says the right one last.
            Found::Day(day) => wording.day = day,
            Found::Times(times) => wording.times = times,
        }
        place += used;
    }
    wording
}

enum Found {
    /// None for a day that there is not, such as the 30th of February.
    Day(Option<Date>),
    Times(Vec<Time>),
}

/// The words without their signs; days and times in digits stay whole.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let text = text.replace("a.m", "am").replace("p.m", "pm");
    let parts = text.split(|one: char| !(one.is_alphanumeric() || matches!(one, ':' | '-')));
    let mut words = Vec::new();
    for part in parts {
        let part = part.trim_matches([':', '-']);
        if part.parse::<Date>().is_ok() {
            words.push(part.to_owned());
        } else {
            for word in part.split('-').filter(|word| !word.is_empty()) {
                // `10am`
                let half = ["am", "pm"].into_iter().find(|half| word.ends_with(half));
                let hour = half.and_then(|half| word.strip_suffix(half));
                let is_hour =
                    hour.is_some_and(|it| it.starts_with(|one: char| one.is_ascii_digit()));
                match (hour, half) {
                    (Some(hour), Some(half)) if is_hour => {
                        words.extend([hour.to_owned(), half.to_owned()]);
                    }
                    _ => words.push(word.to_owned()),
                }
            }
        }
    }
    words
}

/// The day that the first words name, if there is such a day, and how many they are.
fn day(words: &[String], today: Date) -> Option<(Option<Date>, usize)> {
    let word = |place: usize| words.get(place).map(String::as_str);
    let first = word(0)?;
    if let Ok(day) = first.parse::<Date>() {
        return Some((Some(day), 1));
    }
    let ahead = |days: Span| today.checked_add(days).ok();
    match (first, word(1), word(2), word(3)) {
        ("today" | "tonight", ..) => return Some((Some(today), 1)),
        ("tomorrow", ..) => return Some((ahead(1.day()), 1)),
        ("day", Some("after"), Some("tomorrow"), _) => return Some((ahead(2.days()), 3)),
        _ => {}
    }
    if let Some((_, weekday)) = WEEKDAYS.iter().find(|(name, _)| *name == first) {
        return Some((today.nth_weekday(1, *weekday).ok(), 1));
    }
    if let Some(month) = month(first) {
        let the = usize::from(word(1) == Some("the"));
        let (number, used) = number(words.get(1 + the..)?)?;
        return Some((next(today, month, number.value), 1 + the + used));
    }
    let (number, used) = number(words)?;
    let of = usize::from(word(used) == Some("of"));
    match word(used + of).and_then(month) {
        Some(month) => Some((next(today, month, number.value), used + of + 1)),
        // `Friday the fourth`: the month that it next is.
        None if number.is_ranked => Some((next_in_month(today, number.value), used)),
        None => None,
    }
}

/// The times that the first words may mean, and how many they are.
fn time(words: &[String], before: Option<&str>) -> Option<(Vec<Time>, usize)> {
    let word = |place: usize| words.get(place).map(String::as_str);
    let first = word(0)?;
    match first {
        "noon" | "midday" => return Some((vec![Time::constant(12, 0, 0, 0)], 1)),
        "midnight" => return Some((vec![Time::midnight()], 1)),
        _ => {}
    }
    if let Some((hour, minute)) = first.split_once(':') {
        let (hour, minute) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
        let (half, used) = half_of_day(words.get(1..)?);
        // What is written with a colon and two digits is on a clock of 24 hours.
        let half = half.or_else(|| first.starts_with('0').then_some(Half::AsSaid));
        return Some((meant(hour, minute, half)?, 1 + used));
    }
    let shift: Option<i8> = match (first, word(1)) {
        ("half", Some("past")) => Some(30),
        ("quarter", Some("past" | "after")) => Some(15),
        ("quarter", Some("to" | "before")) => Some(-15),
        _ => None,
    };
    if let Some(shift) = shift {
        let (hour, used) = number(words.get(2..)?)?;
        let (half, more) = half_of_day(words.get(2 + used..)?);
        let (hour, minute) = if shift < 0 {
            (hour.value.checked_sub(1)?, 60 + shift)
        } else {
            (hour.value, shift)
        };
        return Some((meant(hour, minute, half)?, 2 + used + more));
    }
    let (hour, used) = number(words).filter(|(hour, _)| !hour.is_ranked)?;
    let rest = words.get(used..)?;
    let minute = number(rest).filter(|(minute, _)| !minute.is_ranked && minute.value >= 10);
    let (minute, more) = minute.map_or((0, 0), |(minute, more)| (minute.value, more));
    let (half, last) = half_of_day(rest.get(more..)?);
    let clock = rest
        .get(more)
        .is_some_and(|word| word == "o" || word == "oclock");
    let is_time = half.is_some() || clock || before.is_some_and(|it| BEFORE_HOURS.contains(&it));
    let times = meant(hour.value, minute, half).filter(|_| is_time)?;
    Some((times, used + more + last))
}

/// Which half of the day is meant.
#[derive(Clone, Copy)]
enum Half {
    Morning,
    Afternoon,
    AsSaid,
}

fn half_of_day(words: &[String]) -> (Option<Half>, usize) {
    let words: Vec<&str> = words.iter().take(4).map(String::as_str).collect();
    match words.as_slice() {
        ["am", ..] => (Some(Half::Morning), 1),
        ["pm", ..] => (Some(Half::Afternoon), 1),
        ["in", "the", "morning", ..] => (Some(Half::Morning), 3),
        ["in", "the", "afternoon" | "evening", ..] => (Some(Half::Afternoon), 3),
        // `ten o'clock` is two words without its sign.
        ["o", "clock", rest @ ..] => {
            let (half, used) = half_after_clock(rest);
            (half, 2 + used)
        }
        _ => (None, 0),
    }
}

fn half_after_clock(words: &[&str]) -> (Option<Half>, usize) {
    match words {
        ["am", ..] => (Some(Half::Morning), 1),
        ["pm", ..] => (Some(Half::Afternoon), 1),
        _ => (None, 0),
    }
}

/// The times of day that an hour and a minute may mean.
fn meant(hour: i8, minute: i8, half: Option<Half>) -> Option<Vec<Time>> {
    let at = |hour: i8| Time::new(hour, minute, 0, 0).ok();
    let later = hour.checked_add(12).filter(|later| *later < 24);
    let times = match half {
        Some(Half::Morning) => vec![at(hour % 12)],
        Some(Half::Afternoon) => vec![at(if hour < 12 { hour + 12 } else { hour })],
        Some(Half::AsSaid) => vec![at(hour)],
        None if hour < EARLIEST_HOUR => vec![later.and_then(at), at(hour)],
        None => vec![at(hour), later.and_then(at)],
    };
    let times: Vec<Time> = times.into_iter().flatten().collect();
    (!times.is_empty()).then_some(times)
}

struct Number {
    value: i8,
    /// Whether it is one such as `fourth` or `4th`.
    is_ranked: bool,
}

/// The number that the first words are, up to 99, and how many they are.
fn number(words: &[String]) -> Option<(Number, usize)> {
    let first = words.first()?.as_str();
    let digits = first.trim_end_matches(char::is_alphabetic);
    if !digits.is_empty() {
        let ending = first.get(digits.len()..).unwrap_or_default();
        let is_ranked = matches!(ending, "st" | "nd" | "rd" | "th");
        let value = digits.parse().ok().filter(|value| *value < 100)?;
        return (is_ranked || ending.is_empty()).then_some((Number { value, is_ranked }, 1));
    }
    let tens = TENS.iter().find(|(name, _)| *name == first);
    if let Some((_, tens)) = tens {
        let unit = words.get(1).and_then(|word| unit(word));
        let unit = unit.filter(|unit| unit.value < 10);
        return Some(match unit {
            Some(unit) => {
                let value = tens + unit.value;
                (Number { value, ..unit }, 2)
            }
            None => {
                let (value, is_ranked) = (*tens, false);
                (Number { value, is_ranked }, 1)
            }
        });
    }
    if first == "thirtieth" {
        let (value, is_ranked) = (30, true);
        return Some((Number { value, is_ranked }, 1));
    }
    unit(first).map(|unit| (unit, 1))
}

fn unit(word: &str) -> Option<Number> {
    let place = NUMBERS
        .iter()
        .position(|(counted, ranked)| *counted == word || *ranked == word)?;
    let (counted, _) = NUMBERS.get(place)?;
    Some(Number {
        value: i8::try_from(place + 1).ok()?,
        is_ranked: *counted != word,
    })
}

fn month(word: &str) -> Option<i8> {
    let place = MONTHS.iter().position(|name| *name == word)?;
    i8::try_from(place + 1).ok()
}

/// The next day of this month and number, today included.
fn next(today: Date, month: i8, day: i8) -> Option<Date> {
    let in_year = |year| Date::new(year, month, day).ok();
    let mut years = (0..=4).map(|more| today.year().saturating_add(more));
    years.find_map(|year| in_year(year).filter(|day| *day >= today))
}

/// The next day of this number, today included.
fn next_in_month(today: Date, day: i8) -> Option<Date> {
    let mut months =
        (0..=2).filter_map(|more: i32| today.first_of_month().checked_add(more.months()).ok());
    months.find_map(|first| {
        let found = Date::new(first.year(), first.month(), day).ok();
        found.filter(|day| *day >= today)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Said on a Tuesday at noon.
    fn said(text: &str) -> (Option<String>, Vec<String>) {
        let wording = read(text, "2026-12-01T12:00:00".parse().unwrap());
        let times = wording.times.iter();
        (
            wording.day.map(|day| day.to_string()),
            times
                .map(|time| time.strftime("%H:%M").to_string())
                .collect(),
        )
    }

    fn day(text: &str) -> Option<String> {
        said(text).0
    }

    fn first_time(text: &str) -> Option<String> {
        said(text).1.first().cloned()
    }

    #[test]
    fn days_are_understood_as_they_are_said() {
        for (text, expected) in [
            ("today please", "2026-12-01"),
            ("Tomorrow at ten.", "2026-12-02"),
            ("the day after tomorrow", "2026-12-03"),
            ("on Friday", "2026-12-04"),
            ("next Tuesday", "2026-12-08"),
            ("December the fourth", "2026-12-04"),
            ("the twenty-first of December", "2026-12-21"),
            ("Monday the 7th", "2026-12-07"),
            ("January 5th", "2027-01-05"),
            ("5 January", "2027-01-05"),
            ("on 2026-12-09", "2026-12-09"),
            ("the thirty first", "2026-12-31"),
            ("Thursday, no, Friday", "2026-12-04"),
        ] {
            assert_eq!(day(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn times_of_day_are_understood_as_they_are_said() {
        for (text, expected) in [
            ("at ten", "10:00"),
            ("10 a.m.", "10:00"),
            ("ten thirty in the morning", "10:30"),
            ("at four", "16:00"),
            ("four o'clock", "16:00"),
            ("three p.m.", "15:00"),
            ("at 10am", "10:00"),
            ("12 a.m.", "00:00"),
            ("12 p.m.", "12:00"),
            ("at half past nine", "09:30"),
            ("quarter to eleven", "10:45"),
            ("at noon", "12:00"),
            ("14:15", "14:15"),
            ("at 9:45", "09:45"),
        ] {
            assert_eq!(first_time(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_hour_without_its_half_of_the_day_may_be_either() {
        assert_eq!(said("at four").1, ["16:00", "04:00"]);
        assert_eq!(said("at eight").1, ["08:00", "20:00"]);
        assert_eq!(said("at eight in the evening").1, ["20:00"]);
    }

    #[test]
    fn what_names_no_time_is_none() {
        for text in [
            "I want to book an appointment for two people",
            "next week",
            "",
            "at 99",
            "the second one",
            "I may come",
        ] {
            assert_eq!(said(text).1, Vec::<String>::new(), "{text}");
        }
        assert_eq!(day("I may come at ten"), None);
        assert_eq!(day("February 30th"), None);
    }
}
