//! Pages of lists, in the two shapes that the API has.

use serde_json::{Value, json};

use super::query::Query;
use crate::error::ApiError;

const USUAL: u32 = 15;
const MOST: u32 = 100;

/// Which page of a list was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paging {
    /// From 1.
    pub(crate) page: u32,
    /// 1 to 100.
    pub(crate) per_page: u32,
}

impl Paging {
    pub(crate) fn take(query: &mut Query) -> Result<Self, ApiError> {
        let page = number(query.take("page"), 1).filter(|page| *page >= 1);
        let page = page.ok_or_else(|| ApiError::invalid("page", "a whole number from 1"))?;
        let in_range = |count: &u32| (1..=MOST).contains(count);
        let per_page = number(query.take("per_page"), USUAL).filter(in_range);
        let per_page = per_page
            .ok_or_else(|| ApiError::invalid("per_page", "a whole number from 1 to 100"))?;
        Ok(Self { page, per_page })
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

fn number(text: Option<String>, otherwise: u32) -> Option<u32> {
    match text {
        Some(text) => text.parse().ok(),
        None => Some(otherwise),
    }
}

/// The paginator with its entries under `data`. `link` is the list's own, with its filters.
pub(crate) fn paginator(paging: Paging, total: u64, link: &str, entries: Vec<Value>) -> Value {
    let join = if link.contains('?') { '&' } else { '?' };
    let last = paging.last_page(total);
    let page = u64::from(paging.page);
    let url = |page: u64| format!("{link}{join}page={page}&per_page={}", paging.per_page);
    json!({
        "current_page": paging.page,
        "data": entries,
        "first_page_url": url(1),
        "last_page": last,
        "last_page_url": url(last),
        "next_page_url": (page < last).then(|| url(page + 1)),
        "prev_page_url": (page > 1).then(|| url(page - 1)),
        "per_page": paging.per_page,
        "total": total,
    })
}

/// The other shape: entries under `items`, their place under `pagination`.
pub(crate) fn items(paging: Paging, total: u64, entries: Vec<Value>) -> Value {
    json!({
        "items": entries,
        "pagination": {
            "current_page": paging.page,
            "per_page": paging.per_page,
            "total": total,
            "last_page": paging.last_page(total),
        },
    })
}
