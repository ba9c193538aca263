//! Pages of lists, in the three shapes that the API has. A list without pages is a plain array.

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema as _, ToSchema};

use super::query::Query;
use super::values::Whole;
use crate::error::ApiError;

const USUAL: u32 = 15;

type Page = Whole<1, 1_000_000>;
type PerPage = Whole<1, 100>;

/// Which page of a list was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paging {
    /// From 1.
    pub(crate) page: u32,
    /// 1 to 100.
    pub(crate) per_page: u32,
}

impl Paging {
    /// `page` from 1, `per_page` 1 to 100, 15 if not given.
    pub(crate) fn take(query: &mut Query) -> Result<Self, ApiError> {
        Self::take_with(query, USUAL)
    }

    /// Like [`take`](Self::take), with another number to a page if none is given.
    pub(crate) fn take_with(query: &mut Query, usual: u32) -> Result<Self, ApiError> {
        let page: Option<Page> = query.read("page")?;
        let per_page: Option<PerPage> = query.read("per_page")?;
        Ok(Self {
            page: page.map_or(1, |page| page.0 as u32),
            per_page: per_page.map_or(usual, |count| count.0 as u32),
        })
    }

    /// The entries of this page out of all of them.
    pub(crate) fn cut<T>(self, all: Vec<T>) -> Vec<T> {
        let size = self.per_page as usize;
        let before = (self.page as usize - 1).saturating_mul(size);
        all.into_iter().skip(before).take(size).collect()
    }

    fn last_page(self, total: u64) -> u64 {
        total.div_ceil(u64::from(self.per_page)).max(1)
    }
}

/// In `params(…)`, documents `page` and `per_page`.
impl IntoParams for Paging {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = |name: &str, description: &str, schema: RefOr<Schema>| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        let usual = format!("Entries to a page; {USUAL} unless the list says otherwise.");
        vec![
            parameter(
                "page",
                "Which page, from 1; 1 if not given.",
                Page::schema(),
            ),
            parameter("per_page", &usual, PerPage::schema()),
        ]
    }
}

/// A page with its entries under `data`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Paginator<T> {
    /// This page, from 1.
    #[schema(minimum = 1)]
    current_page: u32,
    /// The entries of this page.
    data: Vec<T>,
    /// Where the first page is.
    #[schema(example = "https://node.example/api/v1/calls?page=1&per_page=15")]
    first_page_url: String,
    /// The number of the last page, 1 if there are no entries.
    #[schema(minimum = 1)]
    last_page: u64,
    /// Where the last page is.
    #[schema(example = "https://node.example/api/v1/calls?page=1&per_page=15")]
    last_page_url: String,
    /// Where the next page is, if there is one.
    #[schema(required, example = json!(null))]
    next_page_url: Option<String>,
    /// Where the page before is, if there is one.
    #[schema(required, example = json!(null))]
    prev_page_url: Option<String>,
    /// Entries to a page.
    #[schema(minimum = 1, maximum = 100, example = 15)]
    per_page: u32,
    /// Entries of all pages.
    total: u64,
}

impl<T> Paginator<T> {
    /// `link` is the list's own, with its filters.
    pub(crate) fn new(paging: Paging, total: u64, link: &str, entries: Vec<T>) -> Self {
        let join = if link.contains('?') { '&' } else { '?' };
        let last = paging.last_page(total);
        let page = u64::from(paging.page);
        let url = |page: u64| format!("{link}{join}page={page}&per_page={}", paging.per_page);
        Self {
            current_page: paging.page,
            data: entries,
            first_page_url: url(1),
            last_page: last,
            last_page_url: url(last),
            next_page_url: (page < last).then(|| url(page + 1)),
            prev_page_url: (page > 1).then(|| url(page - 1)),
            per_page: paging.per_page,
            total,
        }
    }
}

/// A page with its entries under `items`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Items<T> {
    /// The entries of this page.
    items: Vec<T>,
    /// Where in the list they stand.
    pagination: Pagination,
}

/// The place of a page in its list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pagination {
    /// This page, from 1.
    #[schema(minimum = 1)]
    current_page: u32,
    /// Entries to a page.
    #[schema(minimum = 1, maximum = 100, example = 15)]
    per_page: u32,
    /// Entries of all pages.
    total: u64,
    /// The number of the last page, 1 if there are no entries.
    #[schema(minimum = 1)]
    last_page: u64,
}

impl<T> Items<T> {
    pub(crate) fn new(paging: Paging, total: u64, entries: Vec<T>) -> Self {
        Self {
            items: entries,
            pagination: Pagination {
                current_page: paging.page,
                per_page: paging.per_page,
                total,
                last_page: paging.last_page(total),
            },
        }
    }
}

/// A page that is followed by asking for what comes after its cursor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CursorPage<T> {
    /// The entries of this page.
    items: Vec<T>,
    /// How to go on.
    pagination: Cursor,
}

/// The place after a page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cursor {
    /// Sent as `cursor`, gives the page after this one; null after the last.
    #[schema(required)]
    next_cursor: Option<String>,
    /// Whether there is a page after this one.
    has_more: bool,
    /// Entries to a page.
    #[schema(minimum = 1)]
    limit: u32,
}

impl<T> CursorPage<T> {
    pub(crate) fn new(items: Vec<T>, next_cursor: Option<String>, limit: u32) -> Self {
        Self {
            items,
            pagination: Cursor::new(next_cursor, limit),
        }
    }
}

impl Cursor {
    /// Without a cursor there is nothing after the page.
    pub(crate) fn new(next_cursor: Option<String>, limit: u32) -> Self {
        Self {
            has_more: next_cursor.is_some(),
            next_cursor,
            limit,
        }
    }
}
