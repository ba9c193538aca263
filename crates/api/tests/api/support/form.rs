//! Forms as clients send them.

use axum::http::Method;

use super::{Answer, Node};

/// A field of a form.
pub(crate) enum Field<'a> {
    Text(&'a str, &'a str),
    File(&'a str, &'a [u8]),
}

/// The body of a form with this boundary.
pub(crate) fn body(fields: &[Field<'_>], boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for field in fields {
        let (head, content) = match field {
            Field::Text(name, text) => (format!("name=\"{name}\"\r\n"), text.as_bytes()),
            Field::File(name, bytes) => {
                let kind = "Content-Type: audio/wav\r\n";
                let head = format!("name=\"{name}\"; filename=\"a.wav\"\r\n{kind}");
                (head, *bytes)
            }
        };
        body.extend(format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n").bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    body
}

impl Node {
    /// Posts a form.
    pub(crate) async fn post_form(&self, path: &str, fields: &[Field<'_>]) -> Answer {
        self.post_form_with(path, fields, "boundary", None).await
    }

    /// Posts a form with this boundary and idempotency key.
    pub(crate) async fn post_form_with(
        &self,
        path: &str,
        fields: &[Field<'_>],
        boundary: &str,
        key: Option<&str>,
    ) -> Answer {
        let kind = format!("multipart/form-data; boundary={boundary}");
        let mut request = self
            .request(Method::POST, path)
            .header("content-type", kind);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(body(fields, boundary).into()).unwrap())
            .await
    }
}
