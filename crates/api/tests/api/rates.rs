//! What calls cost: the list of rates, and the sums in figures.

use api::{PriceList, Rate, read_amount};
use serde_json::{Value, json};

use crate::conformance::is_documented;
use crate::support::Node;

fn rate(country: &str, prefix: &str, per_minute: &str) -> Rate {
    Rate {
        country_code: country.to_owned(),
        country_name: country.to_lowercase(),
        prefix: prefix.to_owned(),
        description: format!("numbers of {prefix}"),
        per_minute: read_amount(per_minute).unwrap(),
        least_seconds: 30,
        increment_seconds: 6,
    }
}

async fn node() -> Node {
    Node::start_with(|config| {
        let rates = vec![
            rate("US", "1", "0.01"),
            rate("US", "1415", "0.06"),
            rate("DE", "49", "0.02"),
        ];
        config.prices = PriceList::new("EUR", rates).unwrap();
    })
    .await
}

fn prefixes(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|rate| rate["destination_prefix"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn rates_are_listed_filtered_and_paged() {
    let node = node().await;
    let all = node.get("/phone-numbers/rates").await;
    is_documented("get", "/phone-numbers/rates", &all);
    let all = all.data();
    assert_eq!(prefixes(&all), ["1", "1415", "49"]);
    assert_eq!(
        all["items"][1],
        json!({
            "country_code": "US", "country_name": "us", "destination_prefix": "1415",
            "origination": null, "description": "numbers of 1415", "min_duration_seconds": 30,
            "billing_increment_seconds": 6, "price": { "amount": "0.06", "currency": "EUR" },
        })
    );
    assert_eq!(
        all["pagination"],
        json!({
            "current_page": 1, "per_page": 50, "total": 3, "last_page": 1, "from": 1, "to": 3,
            "has_more": false,
        })
    );
    for (query, expected) in [
        ("country_code=de", vec!["49"]),
        ("country_code=FR", vec![]),
        ("prefix=14", vec!["1415"]),
        ("prefix=%2B1", vec!["1", "1415"]),
        ("prefix=+1", vec!["1", "1415"]),
    ] {
        let page = node
            .get(&format!("/phone-numbers/rates?{query}"))
            .await
            .data();
        assert_eq!(prefixes(&page), expected, "{query}");
    }
    let second = node
        .get("/phone-numbers/rates?per_page=2&page=2")
        .await
        .data();
    assert_eq!(prefixes(&second), ["49"]);
    let place = &second["pagination"];
    assert_eq!((&place["from"], &place["to"]), (&json!(3), &json!(3)));
    assert_eq!(place["has_more"], false);
    let first = node.get("/phone-numbers/rates?per_page=2").await.data();
    assert_eq!(first["pagination"]["has_more"], true);
    let beyond = node.get("/phone-numbers/rates?page=9").await.data();
    assert_eq!(beyond["pagination"]["from"], Value::Null);
    for (query, field) in [
        ("prefix=x", "prefix"),
        ("country_code=DEU", "country_code"),
        ("per_page=201", "per_page"),
        ("page=0", "page"),
    ] {
        let answer = node.get(&format!("/phone-numbers/rates?{query}")).await;
        answer.is_about(field);
    }
}

#[tokio::test]
async fn without_a_price_list_there_are_no_rates_and_no_costs() {
    let node = Node::start().await;
    let none = node.get("/phone-numbers/rates").await.data();
    assert!(prefixes(&none).is_empty());
    let placed = node.place_call().await;
    crate::conversations::end(&node, &placed).await;
    let window = "from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
    let figures = node.get(&format!("/analytics/calls?{window}")).await.json();
    assert_eq!(figures["totals"]["calls"], 1);
    assert_eq!(figures["cost"], Value::Null);
}

#[tokio::test]
async fn what_a_call_costs_is_settled_when_it_ends() {
    let node = node().await;
    let placed = node.place_call().await;
    crate::conversations::end(&node, &placed).await;
    let window = "from=2020-01-01T00:00:00Z&to=2030-01-01T00:00:00Z";
    let path = format!("/analytics/calls?{window}&granularity=month&compare_prev=true");
    let figures = node.get(&path).await;
    is_documented("get", "/analytics/calls", &figures);
    let figures = figures.json();
    // 61.6 seconds to +1415: six cents a minute, in steps of six seconds.
    let expected = json!({ "EUR": "0.066" });
    assert_eq!(figures["cost"], expected);
    assert_eq!(figures["previous"]["cost"], Value::Null);
    let buckets = figures["buckets"].as_array().unwrap().iter();
    let costs: Vec<&Value> = buckets
        .map(|bucket| &bucket["cost"])
        .filter(|cost| !cost.is_null())
        .collect();
    assert_eq!(costs, [&expected]);
}
