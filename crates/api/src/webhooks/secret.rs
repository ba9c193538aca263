//! Signing secrets and signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rand::RngCore as _;
use standardwebhooks::{Webhook, WebhookError};
use store::Secret;

const MARK: &str = "whsec_";
const RANDOM_BYTES: usize = 32;

/// A fresh secret: `whsec_` and base64 of 32 random bytes.
pub(super) fn generate() -> Secret {
    let mut bytes = [0; RANDOM_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    Secret::new(format!("{MARK}{}", STANDARD.encode(bytes)))
}

/// Whether a secret that says it is base64 is.
pub(super) fn is_well_formed(secret: &str) -> bool {
    match secret.strip_prefix(MARK) {
        Some(encoded) => STANDARD.decode(encoded).is_ok_and(|key| !key.is_empty()),
        None => !secret.is_empty(),
    }
}

/// The value of `webhook-signature` for this message.
pub(super) fn sign(
    secret: &Secret,
    id: &str,
    at: Timestamp,
    payload: &str,
) -> Result<String, WebhookError> {
    let key = match secret
        .expose()
        .strip_prefix(MARK)
        .map(|encoded| STANDARD.decode(encoded))
    {
        Some(Ok(key)) => key,
        Some(Err(_)) | None => secret.expose().as_bytes().to_vec(),
    };
    Webhook::from_bytes(key)?.sign(id, at.as_second(), payload.as_bytes())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn verifies(with: &str, signature: &str, at: Timestamp) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_1".parse().unwrap());
        headers.insert("webhook-timestamp", at.as_second().into());
        headers.insert("webhook-signature", signature.parse().unwrap());
        Webhook::new(with).unwrap().verify(b"{}", &headers).is_ok()
    }

    #[test]
    fn a_generated_secret_verifies_as_it_is() {
        let (secret, now) = (generate(), Timestamp::now());
        assert!(is_well_formed(secret.expose()));
        let signature = sign(&secret, "msg_1", now, "{}").unwrap();
        assert!(verifies(secret.expose(), &signature, now));
        assert!(!verifies(generate().expose(), &signature, now));
    }

    #[test]
    fn any_other_secret_is_the_key_itself() {
        let (secret, now) = (Secret::new("my very own secret"), Timestamp::now());
        let signature = sign(&secret, "msg_1", now, "{}").unwrap();
        assert!(verifies(
            &STANDARD.encode("my very own secret"),
            &signature,
            now
        ));
    }

    #[test]
    fn a_marked_secret_must_be_base64() {
        assert!(is_well_formed("whsec_c2VjcmV0"));
        assert!(!is_well_formed("whsec_???"));
        assert!(!is_well_formed("whsec_"));
        assert!(is_well_formed("???"));
    }
}
