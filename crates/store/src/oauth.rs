//! OAuth 2.0: the programs that may ask for a workspace ([`clients`]), what the holders of keys let
//! them do ([`grants`]), and the tokens that came of it ([`tokens`]).
//!
//! A grant begins with a code and goes on with tokens, which are its family: what revokes the grant
//! revokes all of them. It never outlives the API key of whoever made it, nor its client.

pub(crate) mod clients;
pub(crate) mod grants;
pub(crate) mod tokens;

use crate::credentials::CredentialKind;

const SECRET: CredentialKind = CredentialKind::new("mihu_secret_");
const CODE: CredentialKind = CredentialKind::new("mihu_code_");
const ACCESS_TOKEN: CredentialKind = CredentialKind::new("mihu_access_");
const REFRESH_TOKEN: CredentialKind = CredentialKind::new("mihu_refresh_");

/// Whether this has the form of an access token of OAuth; the tokens of keys have another.
pub fn is_oauth_token(text: &str) -> bool {
    ACCESS_TOKEN.prefix(text).is_some()
}
