//! What stands in the places of a template where nobody says it for one message.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, time, uuid, words};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};

/// How a template is filled for tasks and campaigns.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateSettings {
    /// The settings' id.
    pub id: Uuid,
    /// The template.
    pub template: Uuid,
    /// What stands in its places, as the API spells it.
    pub params: Value,
    /// Whether tasks may use it.
    pub is_active: bool,
    /// When they were first given.
    pub created_at: Timestamp,
    /// When they last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// Page `page` (from 1) of the settings of all templates, newest first.
    pub async fn template_settings(
        &self,
        page: u32,
        per_page: u32,
    ) -> Result<Page<TemplateSettings>, StoreError> {
        let list = List {
            select: "SELECT * FROM whatsapp_template_settings",
            table: "whatsapp_template_settings",
            filter: Filter::of(&self.workspace, "workspace_id"),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The settings of one template.
    pub async fn settings_of_template(
        &self,
        template: Uuid,
    ) -> Result<Option<TemplateSettings>, StoreError> {
        let found = sqlx::query_as(
            "SELECT * FROM whatsapp_template_settings
             WHERE template_id = $1 AND workspace_id = $2",
        )
        .bind(template.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found)
    }

    /// The template that settings with this id fill; `None` when there is none any more.
    pub async fn template_of_settings(&self, id: Uuid) -> Result<Option<Uuid>, StoreError> {
        let found = sqlx::query(
            "SELECT whatsapp_templates.id FROM whatsapp_template_settings AS settings
             JOIN whatsapp_templates ON whatsapp_templates.id = settings.template_id
                 AND whatsapp_templates.deleted_at IS NULL
             WHERE settings.id = $1 AND settings.workspace_id = $2",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.map(|row| uuid(&row, "id")).transpose()?)
    }

    /// Says how a template is filled; `None` when there is no such template.
    pub async fn set_template_settings(
        &self,
        template: Uuid,
        params: &Value,
        is_active: bool,
        now: Timestamp,
    ) -> Result<Option<TemplateSettings>, StoreError> {
        let mut write = self.write().await?;
        let saved = sqlx::query_as(
            "INSERT INTO whatsapp_template_settings
                 (id, workspace_id, template_id, params, status, created_at, updated_at)
             SELECT $1, workspace_id, id, $4, $5, $6, $6 FROM whatsapp_templates
             WHERE id = $2 AND workspace_id = $3 AND deleted_at IS NULL
             ON CONFLICT (template_id) DO UPDATE SET params = excluded.params,
                 status = excluded.status, updated_at = excluded.updated_at
             RETURNING *",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(template.to_string())
        .bind(self.workspace.as_str())
        .bind(words(&params.to_string()))
        .bind(if is_active { "active" } else { "inactive" })
        .bind(micros(now))
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(saved)
    }
}

impl FromRow<'_, AnyRow> for TemplateSettings {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let status: &str = row.try_get("status")?;
        Ok(Self {
            id: uuid(row, "id")?,
            template: uuid(row, "template_id")?,
            params: json(row, "params")?,
            is_active: status == "active",
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
