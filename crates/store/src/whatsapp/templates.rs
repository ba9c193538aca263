//! Templates, as Meta last described them.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, time, uuid, words};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// What Meta says of a template. The words are Meta's.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateTerms {
    /// Meta's id of it.
    pub template_id: String,
    /// Its name.
    pub name: String,
    /// Its language, such as `en_US`.
    pub language: String,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    pub category: String,
    /// `APPROVED`, `PENDING`, `REJECTED` and others.
    pub status: String,
    /// `POSITIONAL` or `NAMED`: how its places are called.
    pub parameter_format: String,
    /// Header, body, footer and buttons.
    pub components: Value,
}

/// A stored template.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateRecord {
    /// The template's id in the node.
    pub id: Uuid,
    /// Meta's id of the business account that it belongs to.
    pub waba_id: String,
    /// What Meta says of it.
    pub terms: TemplateTerms,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// Page `page` (from 1) of the templates with this status, newest first.
    pub async fn whatsapp_templates(
        &self,
        status: Option<&str>,
        page: u32,
        per_page: u32,
    ) -> Result<Page<TemplateRecord>, StoreError> {
        let list = List {
            select: "SELECT * FROM whatsapp_templates",
            table: "whatsapp_templates",
            filter: Filter::of(&self.workspace, "workspace_id")
                .equal("status", status)
                .empty("deleted_at", Some(true)),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The template with this id.
    pub async fn whatsapp_template(&self, id: Uuid) -> Result<Option<TemplateRecord>, StoreError> {
        let template = sqlx::query_as(
            "SELECT * FROM whatsapp_templates
             WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(template)
    }

    /// Notes what Meta says of one template of a business account.
    pub async fn save_whatsapp_template(
        &self,
        waba_id: &str,
        terms: &TemplateTerms,
        now: Timestamp,
    ) -> Result<TemplateRecord, StoreError> {
        let mut write = self.write().await?;
        let saved = save(&mut write, &self.workspace, waba_id, terms, now).await?;
        write.commit().await?;
        Ok(saved)
    }

    /// Notes all the templates that Meta lists of a business account; those that it does not list
    /// any more are deleted.
    pub async fn replace_whatsapp_templates(
        &self,
        waba_id: &str,
        listed: &[TemplateTerms],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query(
            "UPDATE whatsapp_templates SET deleted_at = $1
             WHERE workspace_id = $2 AND waba_id = $3 AND deleted_at IS NULL",
        )
        .bind(micros(now))
        .bind(self.workspace.as_str())
        .bind(waba_id)
        .execute(&mut *write)
        .await?;
        for terms in listed {
            save(&mut write, &self.workspace, waba_id, terms, now).await?;
        }
        write.commit().await?;
        Ok(())
    }
}

/// A template that is as it was keeps the time of its last change.
async fn save(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    waba_id: &str,
    terms: &TemplateTerms,
    now: Timestamp,
) -> Result<TemplateRecord, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO whatsapp_templates (id, workspace_id, waba_id, template_id, name, language,
             category, status, parameter_format, components, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
         ON CONFLICT (workspace_id, waba_id, template_id) DO UPDATE SET
             name = excluded.name, language = excluded.language, category = excluded.category,
             status = excluded.status, parameter_format = excluded.parameter_format,
             components = excluded.components, deleted_at = NULL,
             updated_at = CASE
                 WHEN whatsapp_templates.status = excluded.status
                     AND whatsapp_templates.category = excluded.category
                     AND whatsapp_templates.components = excluded.components
                 THEN whatsapp_templates.updated_at ELSE excluded.updated_at END
         RETURNING *",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(workspace.as_str())
    .bind(waba_id)
    .bind(&terms.template_id)
    .bind(words(&terms.name))
    .bind(words(&terms.language))
    .bind(words(&terms.category))
    .bind(words(&terms.status))
    .bind(&terms.parameter_format)
    .bind(words(&terms.components.to_string()))
    .bind(micros(now))
    .fetch_one(write)
    .await
}

impl FromRow<'_, AnyRow> for TemplateRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            waba_id: row.try_get("waba_id")?,
            terms: TemplateTerms {
                template_id: row.try_get("template_id")?,
                name: row.try_get("name")?,
                language: row.try_get("language")?,
                category: row.try_get("category")?,
                status: row.try_get("status")?,
                parameter_format: row.try_get("parameter_format")?,
                components: json(row, "components")?,
            },
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
