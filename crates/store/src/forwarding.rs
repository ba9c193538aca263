//! What came of passing a call on.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::columns::{micros, words};
use crate::database::{Store, StoreError};

/// A try to pass a call on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// The number, the extension, or the id of the agent.
    pub to: String,
    /// What came of it, in a word.
    pub outcome: String,
    /// The SIP status that refused it, if one did.
    pub sip_code: Option<u16>,
}

impl Forwarding {
    /// That of a row of `calls`, if there was one.
    pub(crate) fn read(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let to: Option<String> = row.try_get("forwarded_to")?;
        let outcome: Option<String> = row.try_get("forward_outcome")?;
        let sip_code: Option<i64> = row.try_get("forward_sip_code")?;
        Ok(to.zip(outcome).map(|(to, outcome)| Self {
            to,
            outcome,
            sip_code: sip_code.and_then(|code| u16::try_from(code).ok()),
        }))
    }
}

impl Store {
    /// Notes what came of passing a call on that is not over, in place of an earlier try.
    pub async fn note_forwarding(
        &self,
        call: Uuid,
        forwarding: &Forwarding,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query(
            "UPDATE calls SET forwarded_to = $1, forward_outcome = $2, forward_sip_code = $3,
                 updated_at = $4
             WHERE id = $5 AND workspace_id = $6 AND ended_at IS NULL",
        )
        .bind(words(&forwarding.to))
        .bind(&forwarding.outcome)
        .bind(forwarding.sip_code.map(i64::from))
        .bind(micros(at))
        .bind(call.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }
}
