//! `GET /phone-numbers/rates`: what outbound calls cost, as the operator settled it.

use std::borrow::Cow;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::{Envelope, FromText, Query, Whole, ok};
use crate::prices::{self, PriceList, Rate};
use crate::state::ApiState;

/// Rates to a page, unless it is said.
const USUAL: usize = 50;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Two letters, made capital.
struct Country(String);

impl FromText for Country {
    fn expected() -> Cow<'static, str> {
        "two letters such as `DE`".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        fits.then(|| Self(text.to_ascii_uppercase()))
    }
}

/// Up to 15 digits, without the `+` that may stand before them.
struct Prefix(String);

impl FromText for Prefix {
    fn expected() -> Cow<'static, str> {
        "up to 15 digits, with or without `+`".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        // A `+` that was not escaped has become a blank.
        let digits = text.strip_prefix(['+', ' ']).unwrap_or(text);
        let fits =
            (1..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        fits.then(|| Self(digits.to_owned()))
    }
}

/// What calls to numbers with a prefix cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "country_code": "DE",
    "country_name": "Germany",
    "destination_prefix": "4915",
    "origination": null,
    "description": "Germany, mobile",
    "min_duration_seconds": 1,
    "billing_increment_seconds": 1,
    "price": { "amount": "0.0125", "currency": "EUR" },
}))]
struct CallRate {
    /// ISO 3166 two-letter code.
    country_code: String,
    /// What the country is called.
    country_name: String,
    /// The digits that numbers begin with, without `+`. Of several that fit, the longest counts.
    destination_prefix: String,
    /// Always null: a call costs the same whatever number it comes from.
    #[schema(required)]
    origination: Option<String>,
    /// What numbers these are.
    description: String,
    /// Seconds that a call that was answered costs at least.
    min_duration_seconds: u32,
    /// Calls are counted in so many seconds, of which each costs once it has begun.
    #[schema(minimum = 1)]
    billing_increment_seconds: u32,
    /// What a minute costs.
    price: Price,
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "amount": "0.0125", "currency": "EUR" }))]
struct Price {
    /// A decimal number, exact to the millionth.
    #[schema(example = "0.0125")]
    amount: String,
    /// ISO 4217 code.
    #[schema(example = "EUR")]
    currency: String,
}

/// A page of rates.
#[derive(Debug, Serialize, ToSchema)]
struct CallRates {
    /// The rates of this page, in the order of their prefixes.
    items: Vec<CallRate>,
    /// Where in the list they stand.
    pagination: RatePagination,
}

/// The place of a page of rates in its list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "current_page": 1, "per_page": 50, "total": 1, "last_page": 1, "from": 1, "to": 1,
    "has_more": false,
}))]
struct RatePagination {
    /// This page, from 1.
    #[schema(minimum = 1)]
    current_page: usize,
    /// Rates to a page.
    #[schema(minimum = 1, maximum = 200)]
    per_page: usize,
    /// Rates of all pages.
    total: usize,
    /// The number of the last page, 1 if there are no rates.
    #[schema(minimum = 1)]
    last_page: usize,
    /// The place of the page's first rate in the list, from 1; null of an empty page.
    #[schema(required)]
    from: Option<usize>,
    /// The place of its last rate.
    #[schema(required)]
    to: Option<usize>,
    /// Whether there is a page after this one.
    has_more: bool,
}

/// What outbound calls cost
///
/// The operator's price list, by the prefixes of the numbers that are called. Without one there are
/// no rates, and calls have no cost.
#[utoipa::path(
    get, path = "/phone-numbers/rates", operation_id = "list_call_rates", tag = "calls",
    security(("token" = ["channels:read"])),
    params(
        ("country_code" = Option<String>, Query, pattern = "^[A-Za-z]{2}$",
            description = "Only rates of this country: two letters, such as `DE`."),
        ("prefix" = Option<String>, Query, pattern = "^[+ ]?[0-9]{1,15}$",
            description = "Only rates whose prefix begins with these digits; a `+` before them does not \
                count."),
        ("page" = inline(Option<Whole<1, 1_000_000>>), Query,
            description = "Which page, from 1; 1 if not given."),
        ("per_page" = inline(Option<Whole<1, 200>>), Query,
            description = "Rates to a page; 50 if not given."),
    ),
    responses((status = 200, description = "A page of rates.", body = Envelope<CallRates>)),
)]
async fn list(
    State(state): State<ApiState>,
    _: Caller,
    mut query: Query,
) -> Result<Envelope<CallRates>, ApiError> {
    let country: Option<Country> = query.read("country_code")?;
    let prefix: Option<Prefix> = query.read("prefix")?;
    let page: Option<Whole<1, 1_000_000>> = query.read("page")?;
    let per_page: Option<Whole<1, 200>> = query.read("per_page")?;
    let list = &state.config.prices;
    let found = list.rates().iter().filter(|rate| {
        country
            .as_ref()
            .is_none_or(|country| country.0 == rate.country_code)
            && prefix
                .as_ref()
                .is_none_or(|prefix| rate.prefix.starts_with(&prefix.0))
    });
    let found: Vec<&Rate> = found.collect();
    let number = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
    let page = page.map_or(1, |page| number(page.0));
    let per_page = per_page.map_or(USUAL, |count| number(count.0));
    Ok(ok(
        "Rates retrieved successfully",
        cut(list, &found, page, per_page),
    ))
}

fn cut(list: &PriceList, found: &[&Rate], page: usize, per_page: usize) -> CallRates {
    let before = page.saturating_sub(1).saturating_mul(per_page);
    let shown = found.iter().skip(before).take(per_page);
    let items: Vec<CallRate> = shown.map(|rate| view(list, rate)).collect();
    let is_empty = items.is_empty();
    let after = before.saturating_add(items.len());
    CallRates {
        pagination: RatePagination {
            current_page: page,
            per_page,
            total: found.len(),
            last_page: found.len().div_ceil(per_page).max(1),
            from: (!is_empty).then_some(before + 1),
            to: (!is_empty).then_some(after),
            has_more: after < found.len(),
        },
        items,
    }
}

fn view(list: &PriceList, rate: &Rate) -> CallRate {
    CallRate {
        country_code: rate.country_code.clone(),
        country_name: rate.country_name.clone(),
        destination_prefix: rate.prefix.clone(),
        origination: None,
        description: rate.description.clone(),
        min_duration_seconds: rate.least_seconds,
        billing_increment_seconds: rate.increment_seconds,
        price: Price {
            amount: prices::amount(rate.per_minute),
            currency: list.currency().to_owned(),
        },
    }
}
