//! Answers as they are kept: encrypted, each under a key of its own.

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const PURPOSE: &[u8] = b"mihu kept answer 1";

/// An answer that is given again.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl KeptAnswer {
    pub(super) fn new(parts: &Parts, body: &Bytes) -> Self {
        let headers = parts.headers.iter().filter_map(|(name, value)| {
            let is_own = name != CONTENT_LENGTH && name != TRANSFER_ENCODING;
            let value = value.to_str().ok().filter(|_| is_own)?;
            Some((name.to_string(), value.to_owned()))
        });
        Self {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: body.to_vec(),
        }
    }

    /// The answer, readable only with the same `secret`.
    pub(super) fn seal(&self, secret: &str, reservation: Uuid) -> Option<Vec<u8>> {
        let plain = serde_json::to_vec(self).ok()?;
        let nonce = Nonce::default();
        cipher(secret, reservation)
            .encrypt(&nonce, plain.as_slice())
            .ok()
    }

    /// Nothing if it was kept with another secret.
    pub(super) fn open(content: &[u8], secret: &str, reservation: Uuid) -> Option<Self> {
        let nonce = Nonce::default();
        let plain = cipher(secret, reservation).decrypt(&nonce, content).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

impl IntoResponse for KeptAnswer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name);
            if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// A reservation has one answer, so its key encrypts once and needs no other nonce.
fn cipher(secret: &str, reservation: Uuid) -> Aes256Gcm {
    let mut key = Sha256::new();
    key.update(PURPOSE);
    key.update(reservation.as_bytes());
    key.update(secret.as_bytes());
    let key: [u8; 32] = key.finalize().into();
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_opens_with_the_same_token_alone() {
        let answer = KeptAnswer {
            status: 201,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: b"{\"token\":\"mihu_once\"}".to_vec(),
        };
        let reservation = Uuid::now_v7();
        let sealed = answer.seal("token", reservation).unwrap();
        let shown = sealed.windows(9).any(|piece| piece == b"mihu_once");
        assert!(!shown);
        assert_eq!(
            KeptAnswer::open(&sealed, "token", reservation),
            Some(answer)
        );
        assert_eq!(KeptAnswer::open(&sealed, "other", reservation), None);
        assert_eq!(KeptAnswer::open(&sealed, "token", Uuid::now_v7()), None);
    }
}
