//! Messages against the requests that Meta's documentation shows.

use serde_json::json;

use super::*;

fn template(format: &str, components: Value) -> TemplateTerms {
    TemplateTerms {
        template_id: "1".to_owned(),
        name: "order_confirmation".to_owned(),
        language: "en_US".to_owned(),
        category: "UTILITY".to_owned(),
        status: "APPROVED".to_owned(),
        parameter_format: format.to_owned(),
        components,
    }
}

fn parameters(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn field(refused: Result<Value, Refusal>) -> String {
    match refused {
        Err(Refusal::Parameter { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn positional_places_are_filled_in_the_order_of_their_numbers() {
    let text = "{{2}} for {{1}}, {{10}}, {{3}}{{4}}{{5}}{{6}}{{7}}{{8}}{{9}}";
    let template = template("POSITIONAL", json!([{ "type": "BODY", "text": text }]));
    let values: Map<String, Value> = (1..=10)
        .map(|number| (format!("field{number}"), format!("value {number}").into()))
        .collect();
    let message = message("+16505551234", &template, &values, None).unwrap();
    let expected: Vec<Value> = (1..=10)
        .map(|number| json!({ "type": "text", "text": format!("value {number}") }))
        .collect();
    assert_eq!(
        message,
        json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+16505551234",
            "type": "template",
            "template": {
                "name": "order_confirmation",
                "language": { "code": "en_US" },
                "components": [{ "type": "body", "parameters": expected }],
            },
        })
    );
}

#[test]
fn named_places_are_filled_by_their_names_under_a_picture() {
    let template = template(
        "NAMED",
        json!([
            { "type": "HEADER", "format": "IMAGE" },
            { "type": "BODY", "text": "Thank you, {{first_name}}! Your order is {{order_number}}." },
        ]),
    );
    let values = parameters(json!({ "first_name": "Jessica", "order_number": 40_235 }));
    let header = Header {
        kind: HeaderType::Image,
        url: Some("https://example.com/a.png".to_owned()),
        text: None,
    };
    let message = message("+16505551234", &template, &values, Some(&header)).unwrap();
    assert_eq!(
        message["template"]["components"],
        json!([
            { "type": "header", "parameters": [
                { "type": "image", "image": { "link": "https://example.com/a.png" } },
            ] },
            { "type": "body", "parameters": [
                { "type": "text", "parameter_name": "first_name", "text": "Jessica" },
                { "type": "text", "parameter_name": "order_number", "text": "40235" },
            ] },
        ])
    );
}

#[test]
fn a_template_without_places_is_sent_without_components() {
    let template = template("POSITIONAL", json!([{ "type": "BODY", "text": "Hello." }]));
    let message = message("+16505551234", &template, &Map::new(), None).unwrap();
    assert_eq!(message["template"].get("components"), None);
}

#[test]
fn what_is_missing_too_much_or_of_another_kind_is_named() {
    let body = json!({ "type": "BODY", "text": "Hello {{1}} and {{2}}." });
    let two = template("POSITIONAL", json!([body]));
    for (values, expected) in [
        (json!({ "field1": "a" }), "parameters.field2"),
        (json!({ "field1": "a", "field2": "" }), "parameters.field2"),
        (
            json!({ "field1": "a", "field2": ["b"] }),
            "parameters.field2",
        ),
        (
            json!({ "field1": "a", "field2": "b", "field3": "c" }),
            "parameters.field3",
        ),
    ] {
        let refused = message("+1", &two, &parameters(values), None);
        assert_eq!(field(refused), expected);
    }
    let named = template(
        "NAMED",
        json!([{ "type": "BODY", "text": "{{first_name}}" }]),
    );
    assert_eq!(
        field(message("+1", &named, &Map::new(), None)),
        "parameters.first_name"
    );
    let film = template(
        "POSITIONAL",
        json!([{ "type": "HEADER", "format": "VIDEO" }]),
    );
    assert_eq!(field(message("+1", &film, &Map::new(), None)), "header");
    let header = Header {
        kind: HeaderType::Text,
        url: None,
        text: Some("a".to_owned()),
    };
    let plain = template("POSITIONAL", json!([]));
    assert_eq!(
        field(message("+1", &plain, &Map::new(), Some(&header))),
        "header"
    );
}

fn with_buttons(buttons: Value) -> TemplateTerms {
    template(
        "POSITIONAL",
        json!([
            { "type": "BODY", "text": "Your order {{1}}." },
            { "type": "BUTTONS", "buttons": buttons },
        ]),
    )
}

#[test]
fn the_urls_of_buttons_are_ended_by_the_place_of_the_button() {
    let template = with_buttons(json!([
        { "type": "QUICK_REPLY", "text": "Stop" },
        { "type": "URL", "text": "Track", "url": "https://shop.example/track/{{1}}",
          "example": ["https://shop.example/track/40235"] },
        { "type": "URL", "text": "Home", "url": "https://shop.example/" },
        { "type": "URL", "text": "Rate", "url": "https://shop.example/rate?order={{1}}" },
    ]));
    let values = parameters(json!({ "field1": "A", "button2": "40235", "button4": 7 }));
    let message = message("+16505551234", &template, &values, None).unwrap();
    // As in "Interactive message templates" of Meta's documentation.
    assert_eq!(
        message["template"]["components"],
        json!([
            { "type": "body", "parameters": [{ "type": "text", "text": "A" }] },
            { "type": "button", "sub_type": "url", "index": "1",
              "parameters": [{ "type": "text", "text": "40235" }] },
            { "type": "button", "sub_type": "url", "index": "3",
              "parameters": [{ "type": "text", "text": "7" }] },
        ])
    );
}

#[test]
fn a_button_that_can_not_be_filled_is_named() {
    let template = with_buttons(json!([
        { "type": "URL", "text": "Track", "url": "https://shop.example/{{1}}" },
        { "type": "URL", "text": "Home", "url": "https://shop.example/" },
    ]));
    for (values, named) in [
        (json!({ "field1": "A" }), "parameters.button1"),
        (
            json!({ "field1": "A", "button1": "a b" }),
            "parameters.button1",
        ),
        (
            json!({ "field1": "A", "button1": "" }),
            "parameters.button1",
        ),
        (
            json!({ "field1": "A", "button1": null }),
            "parameters.button1",
        ),
        (
            json!({ "field1": "A", "button1": "a", "button2": "b" }),
            "parameters.button2",
        ),
        (json!({ "button1": "a" }), "parameters.field1"),
    ] {
        let refused = message("+16505551234", &template, &parameters(values), None);
        assert_eq!(field(refused), named);
    }
}
