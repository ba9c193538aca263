//! Where a contact's clock hangs: in a zone that is named, or in those that a number may be in.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

/// Beginnings of E.164 numbers without the `+`, each with the zones of the places that it stands
/// for. A number is in the zones of the longest beginning that it has.
const TABLE: &str = include_str!("../zones.txt");

static BY_BEGINNING: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// The zones that a contact may be in, at least one. What is asked of a contact's clock has to be
/// true in each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zones(Vec<TimeZone>);

/// A name that no zone has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no time zone; an IANA name such as Europe/Berlin is")]
pub struct UnknownZone {
    name: String,
}

impl Zones {
    /// The one zone with this IANA name.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        let unknown = |_| UnknownZone {
            name: name.to_owned(),
        };
        TimeZone::get(name)
            .map(|zone| Self(vec![zone]))
            .map_err(unknown)
    }

    /// The zones in which a number in E.164 form may ring: of its area where that is known, else
    /// of its country. `None` for a number without a country, such as a SIP user's name.
    pub fn of_number(number: &str) -> Option<Self> {
        let digits = number.strip_prefix('+')?;
        let names = (1..=digits.len())
            .rev()
            .filter_map(|length| digits.get(..length))
            .find_map(|beginning| BY_BEGINNING.get(beginning))?;
        let zones: Vec<TimeZone> = names
            .split(' ')
            .filter_map(|name| TimeZone::get(name).ok())
            .collect();
        (!zones.is_empty()).then_some(Self(zones))
    }

    /// The zone that the contact is known to be in, else those of its number, else UTC.
    ///
    /// A name that no zone has counts as none.
    pub fn of_contact(name: Option<&str>, number: &str) -> Self {
        name.and_then(|name| Self::named(name).ok())
            .or_else(|| Self::of_number(number))
            .unwrap_or_else(|| Self(vec![TimeZone::UTC]))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &TimeZone> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(number: &str) -> Vec<String> {
        let zones = Zones::of_number(number).unwrap();
        let names = zones.iter().map(|zone| zone.iana_name().unwrap_or("?"));
        names.map(str::to_owned).collect()
    }

    #[test]
    fn every_zone_of_the_table_exists() {
        for line in TABLE.lines() {
            let (beginning, zones) = line.split_once(' ').unwrap();
            assert!(beginning.bytes().all(|b| b.is_ascii_digit()), "{line}");
            for zone in zones.split(' ') {
                assert!(TimeZone::get(zone).is_ok(), "{line}");
            }
        }
    }

    #[test]
    fn a_country_with_one_zone_is_in_it() {
        assert_eq!(names("+4915112345678"), ["Europe/Berlin"]);
        assert_eq!(names("+905321234567"), ["Europe/Istanbul"]);
    }

    #[test]
    fn an_area_with_a_zone_of_its_own_is_in_it() {
        assert_eq!(names("+14155550123"), ["America/Los_Angeles"]);
        assert_eq!(names("+12125550123"), ["America/New_York"]);
    }

    #[test]
    fn a_number_without_a_place_is_in_all_zones_of_its_country() {
        assert!(names("+18005550123").len() > 4);
    }

    #[test]
    fn the_contacts_own_zone_goes_before_the_numbers() {
        let zones = Zones::of_contact(Some("Asia/Tokyo"), "+4915112345678");
        assert_eq!(zones, Zones::named("Asia/Tokyo").unwrap());
        let zones = Zones::of_contact(Some("Nowhere/Land"), "+4915112345678");
        assert_eq!(zones, Zones::named("Europe/Berlin").unwrap());
        let zones = Zones::of_contact(None, "alice");
        assert_eq!(zones, Zones(vec![TimeZone::UTC]));
    }

    #[test]
    fn a_zone_that_does_not_exist_is_named() {
        let error = Zones::named("Mars/Olympus").unwrap_err();
        assert!(error.to_string().contains("Mars/Olympus"));
    }
}
