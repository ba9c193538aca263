//! What the Graph API answers.

use serde::Deserialize;
use serde_json::{Value, json};
use store::TemplateTerms;

/// Characters of Meta's words that are given on.
const LONGEST: usize = 500;

/// A page of templates.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    data: Vec<Template>,
    #[serde(default)]
    paging: Paging,
}

#[derive(Debug, Default, Deserialize)]
struct Paging {
    #[serde(default)]
    cursors: Cursors,
    /// There is a page after this one.
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Cursors {
    after: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Template {
    id: String,
    name: String,
    language: String,
    status: String,
    category: String,
    parameter_format: Option<String>,
    components: Option<Value>,
}

impl Listed {
    /// Where the next page begins, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        let has_next = self.paging.next.is_some();
        self.paging.cursors.after.clone().filter(|_| has_next)
    }

    pub(super) fn templates(self) -> impl Iterator<Item = TemplateTerms> {
        self.data.into_iter().map(Template::terms)
    }
}

/// One template.
pub(super) fn template(answer: Value) -> Result<TemplateTerms, serde_json::Error> {
    serde_json::from_value(answer).map(Template::terms)
}

impl Template {
    fn terms(self) -> TemplateTerms {
        let is_named = self.parameter_format.as_deref() == Some("NAMED");
        TemplateTerms {
            template_id: self.id,
            name: self.name,
            language: self.language,
            category: self.category,
            status: self.status,
            parameter_format: if is_named { "NAMED" } else { "POSITIONAL" }.to_owned(),
            components: self.components.unwrap_or_else(|| json!([])),
        }
    }
}

/// An error of the Graph API.
#[derive(Debug, Deserialize)]
pub(super) struct Refused {
    pub(super) code: i64,
    #[serde(default)]
    message: String,
    error_data: Option<ErrorData>,
    fbtrace_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ErrorData {
    details: Option<String>,
}

/// The error in an answer, if it is one.
pub(super) fn error_of(answer: &Value) -> Option<Refused> {
    serde_json::from_value(answer.get("error")?.clone()).ok()
}

impl Refused {
    /// What Meta says, with what its support asks for.
    pub(super) fn words(&self) -> String {
        let details = self.error_data.as_ref();
        let details = details.and_then(|data| data.details.as_deref());
        let said: String = [Some(self.message.as_str()), details]
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
            .chars()
            .take(LONGEST)
            .collect();
        match &self.fbtrace_id {
            Some(trace) => format!("{said} (fbtrace_id {trace})"),
            None => said,
        }
    }
}
