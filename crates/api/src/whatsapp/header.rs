//! What stands above a message.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::exchange::words;

words! {
    /// What a header is.
    pub(crate) enum HeaderType {
        /// A picture.
        Image = "image",
        /// A film.
        Video = "video",
        /// A file.
        Document = "document",
        /// Text for the place in a text header.
        Text = "text",
    }
}

/// What stands above a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = WhatsappHeader)]
pub(crate) struct Header {
    /// What it is; as the template's header is.
    #[serde(rename = "type")]
    pub(crate) kind: HeaderType,
    /// Where WhatsApp fetches the picture, film or file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048, nullable = false)]
    pub(crate) url: Option<String>,
    /// What stands in the place of a text header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, nullable = false)]
    pub(crate) text: Option<String>,
}
