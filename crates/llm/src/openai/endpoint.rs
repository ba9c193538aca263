//! Where a server's chat completions are, from whatever form of its address.

use url::Url;

/// The address is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EndpointError {
    #[error("{0}")]
    NotAUrl(url::ParseError),
    #[error("it begins with `{0}:`")]
    OtherScheme(String),
    #[error("it holds a user name or password, which belongs into the key")]
    Credentials,
}

/// The URL of the chat completions of the server at `base_url`.
///
/// Accepts the server alone (`http://host:8000`), the root of its interface
/// (`…/v1`, `…/v1beta/openai`) and the full path, each with or without a slash
/// at the end. A path without a version is given `v1`. A query stays.
pub(super) fn endpoint(base_url: &str) -> Result<Url, EndpointError> {
    let mut url = Url::parse(base_url.trim()).map_err(EndpointError::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(EndpointError::OtherScheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Credentials);
    }
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = if path.ends_with("/chat/completions") {
        path.to_owned()
    } else if path.split('/').any(is_version) {
        format!("{path}/chat/completions")
    } else {
        format!("{path}/v1/chat/completions")
    };
    url.set_path(&path);
    Ok(url)
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_leads_to_the_chat_completions() {
        let table = [
            (
                "http://localhost:8000",
                "http://localhost:8000/v1/chat/completions",
            ),
            (
                "http://localhost:8000/",
                "http://localhost:8000/v1/chat/completions",
            ),
            (
                " http://localhost:8000/v1 ",
                "http://localhost:8000/v1/chat/completions",
            ),
            (
                "http://localhost:8000/v1/",
                "http://localhost:8000/v1/chat/completions",
            ),
            (
                "http://h/v1/chat/completions",
                "http://h/v1/chat/completions",
            ),
            (
                "http://h/v1/chat/completions/",
                "http://h/v1/chat/completions",
            ),
            ("http://h/chat/completions", "http://h/chat/completions"),
            (
                "https://openrouter.ai/api/v1",
                "https://openrouter.ai/api/v1/chat/completions",
            ),
            (
                "https://api.groq.com/openai",
                "https://api.groq.com/openai/v1/chat/completions",
            ),
            (
                "https://g.com/v1beta/openai/",
                "https://g.com/v1beta/openai/chat/completions",
            ),
            (
                "https://a.com/openai/v1?api-version=1#x",
                "https://a.com/openai/v1/chat/completions?api-version=1",
            ),
            ("http://h/video", "http://h/video/v1/chat/completions"),
        ];
        for (base, expected) in table {
            assert_eq!(
                endpoint(base).map(String::from),
                Ok(expected.to_owned()),
                "{base}"
            );
        }
    }

    #[test]
    fn an_address_of_no_use_is_refused() {
        assert!(matches!(endpoint(""), Err(EndpointError::NotAUrl(_))));
        assert!(matches!(
            endpoint("example.com/v1"),
            Err(EndpointError::NotAUrl(_))
        ));
        assert!(matches!(
            endpoint("localhost:8000"),
            Err(EndpointError::OtherScheme(_))
        ));
        assert_eq!(
            endpoint("http://me:pw@host/v1"),
            Err(EndpointError::Credentials)
        );
    }
}
