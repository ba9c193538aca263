//! Where in a YAML text a field stands.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// The place of the field's value, or of the nearest thing around it that is
/// there; `None` when the text can't be read.
pub(crate) fn locate(yaml: &str, field: &str) -> Option<Location> {
    let path = segments(field);
    (0..=path.len())
        .rev()
        .find_map(|depth| find(yaml, path.get(..depth)?))
}

fn find(yaml: &str, path: &[String]) -> Option<Location> {
    let mut found = None;
    let seek = Seek {
        path,
        found: &mut found,
    };
    // The walk may fail behind the place that it looks for, or because a value
    // has another shape than the path; what it found until then is right.
    let _ = serde_saphyr::with_deserializer_from_str(yaml, |yaml| seek.deserialize(yaml));
    found.filter(|location| *location != Location::UNKNOWN)
}

/// `training[2].content` as `training`, `2`, `content`.
fn segments(field: &str) -> Vec<String> {
    field
        .split(['.', '[', ']'])
        .filter(|segment| !segment.is_empty())
        .map(str::to_owned)
        .collect()
}

struct Seek<'a> {
    path: &'a [String],
    found: &'a mut Option<Location>,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.path.is_empty() {
            return deserializer.deserialize_any(self);
        }
        let spanned = Spanned::<IgnoredAny>::deserialize(deserializer)?;
        *self.found = Some(spanned.referenced);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((wanted, rest)) = self.path.split_first() else {
            return Ok(());
        };
        while let Some(key) = map.next_key::<String>()? {
            if key == *wanted {
                map.next_value_seed(Seek {
                    path: rest,
                    found: self.found,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let Some((wanted, rest)) = self.path.split_first() else {
            return Ok(());
        };
        let wanted: usize = wanted.parse().map_err(A::Error::custom)?;
        for _ in 0..wanted {
            if sequence.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        sequence.next_element_seed(Seek {
            path: rest,
            found: self.found,
        })?;
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "name: Maya\nsettings:\n  voice:\n    voice_advanced:\n      speed: 9\n\
                        training:\n  - content: a\n  - content: b\n    response: c\n";

    fn line(field: &str) -> Option<u64> {
        locate(YAML, field).map(|location| location.line())
    }

    #[test]
    fn a_nested_field_is_found() {
        assert_eq!(line("settings.voice.voice_advanced.speed"), Some(5));
    }

    #[test]
    fn a_field_of_an_item_is_found() {
        assert_eq!(line("training[1].response"), Some(9));
    }

    #[test]
    fn a_missing_field_is_placed_where_its_object_begins() {
        assert_eq!(line("training[1].intent"), Some(8));
        assert_eq!(line("language"), Some(1));
    }

    #[test]
    fn a_text_that_is_no_yaml_has_no_places() {
        assert!(locate("{", "name").is_none());
    }
}
