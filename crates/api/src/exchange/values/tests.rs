use serde_json::{Value, json};

use super::*;
use crate::exchange::{Change, typed};

words! {
    /// Colours.
    enum Colour {
        /// Like a rose.
        Red = "red",
        /// Like the sky.
        SkyBlue = "sky-blue",
    }
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    text: Option<Text<1, 3>>,
    any: Option<Text<0, 3>>,
    whole: Option<Whole<-1, 10>>,
    at: Option<Moment>,
    date: Option<LocalDate>,
    time: Option<TimeOfDay>,
    zone: Option<ZoneName>,
    colour: Option<Colour>,
    change: Change<Text<1, 3>>,
}

fn read(field: &str, value: Value) -> Result<Body, String> {
    let body = typed(json!({ field: value }));
    body.map_err(|error| format!("{error:?}"))
}

#[test]
fn what_fits_is_read() {
    for (field, value) in [
        ("text", json!("äöü")),
        ("any", json!("")),
        ("whole", json!(-1)),
        ("whole", json!(10)),
        ("whole", json!(5.0)),
        ("at", json!("2026-03-29T10:00:00+02:00")),
        ("date", json!("2028-02-29")),
        ("time", json!("23:59")),
        ("time", json!("09:00:30")),
        ("zone", json!("Europe/Berlin")),
        ("zone", json!("UTC")),
        ("colour", json!("sky-blue")),
        ("change", json!("a")),
        ("change", json!(null)),
    ] {
        let body = read(field, value.clone());
        assert!(body.is_ok(), "{field} {value}: {body:?}");
    }
}

#[test]
fn what_does_not_fit_is_named_with_what_was_expected() {
    for (field, value, expected) in [
        ("text", json!(""), "text of 1 to 3 characters"),
        ("text", json!("  "), "text of 1 to 3 characters"),
        ("text", json!("abcd"), "text of 1 to 3 characters"),
        ("text", json!(1), "text of 1 to 3 characters"),
        ("whole", json!(11), "a whole number from -1 to 10"),
        ("whole", json!(-2), "a whole number from -1 to 10"),
        ("whole", json!(1.5), "a whole number from -1 to 10"),
        ("whole", json!(1e300), "a whole number from -1 to 10"),
        ("whole", json!(u64::MAX), "a whole number from -1 to 10"),
        ("whole", json!("1"), "a whole number from -1 to 10"),
        ("at", json!("2026-03-29"), "RFC 3339"),
        ("at", json!("2026-03-29T10:00:00"), "RFC 3339"),
        ("at", json!(0), "RFC 3339"),
        ("date", json!("2027-02-29"), "a date"),
        ("date", json!("29.3.2026"), "a date"),
        ("date", json!("2026-03-29T10:00:00Z"), "a date"),
        ("time", json!("24:00"), "a time of day"),
        ("time", json!("9:00"), "a time of day"),
        ("time", json!(" 9:00"), "a time of day"),
        ("time", json!("09:00:00.5"), "a time of day"),
        ("zone", json!("Mars/Olympus"), "IANA"),
        ("zone", json!("+02:00"), "IANA"),
        ("colour", json!("green"), "`red` or `sky-blue`"),
        ("colour", json!({ "red": null }), "`red` or `sky-blue`"),
        ("colour", json!(0), "`red` or `sky-blue`"),
        ("change", json!(""), "text of 1 to 3 characters"),
    ] {
        let problem = read(field, value.clone()).unwrap_err();
        assert!(problem.contains(expected), "{field} {value}: {problem}");
        assert!(problem.contains(&format!("Some(\"{field}\")")), "{problem}");
    }
}

#[test]
fn a_change_is_left_out_null_or_a_value() {
    let change = |value: Value| typed::<Body>(value).unwrap().change;
    assert_eq!(change(json!({})), Change::Keep);
    assert_eq!(change(json!({ "change": null })), Change::Clear);
    let set = change(json!({ "change": "a" }));
    assert_eq!(set, Change::Set(Text("a".to_owned())));
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(set.map(|it| it.0).apply(text("b")), text("a"));
    assert_eq!(Change::Keep.apply(text("b")), text("b"));
    assert_eq!(Change::Clear.apply(text("b")), None);
}

#[test]
fn values_are_shown_as_they_are_documented() {
    fn shown<T: FromText + Serialize>(text: &str) -> Value {
        serde_json::to_value(T::from_text(text).unwrap()).unwrap()
    }

    assert_eq!(shown::<TimeOfDay>("09:00"), "09:00:00");
    assert_eq!(shown::<LocalDate>("2026-03-29"), "2026-03-29");
    assert_eq!(
        shown::<Moment>("2026-03-29T12:00:00+02:00"),
        "2026-03-29T10:00:00Z"
    );
    assert_eq!(shown::<Colour>("sky-blue"), "sky-blue");
    assert_eq!(Colour::ALL, [Colour::Red, Colour::SkyBlue]);
}
