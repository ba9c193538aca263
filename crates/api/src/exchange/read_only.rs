//! What an answer shows and a client can not change: sent back as it was read, it is passed over.

use serde_json::Value;

use crate::error::ApiError;

/// Takes the fields of these `names` out of `sent` where they are as `shown`.
///
/// One that differs is an error about `{prefix}{name}`.
pub(crate) fn pass_over(
    sent: &mut Value,
    shown: &Value,
    names: &[&str],
    prefix: &str,
) -> Result<(), ApiError> {
    let Some(fields) = sent.as_object_mut() else {
        return Ok(());
    };
    for name in names {
        match fields.remove(*name) {
            Some(value) if shown.get(name) != Some(&value) => {
                let expected = "what it is, or nothing: it can not be changed";
                return Err(ApiError::invalid(format!("{prefix}{name}"), expected));
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}
