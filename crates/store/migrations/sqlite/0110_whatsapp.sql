-- WhatsApp Business accounts, their templates, and the messages that were sent.

CREATE TABLE whatsapp_accounts (
    id              TEXT PRIMARY KEY NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    name            TEXT NOT NULL,
    phone_number    TEXT,
    phone_number_id TEXT NOT NULL,
    waba_id         TEXT NOT NULL,
    access_token    TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    UNIQUE (workspace_id, phone_number_id)
) STRICT;

-- `template_id` is Meta's own. `components` is JSON as Meta has it. One that Meta does not list any
-- more is deleted.
CREATE TABLE whatsapp_templates (
    id               TEXT PRIMARY KEY NOT NULL,
    workspace_id     TEXT NOT NULL REFERENCES workspaces (id),
    waba_id          TEXT NOT NULL,
    template_id      TEXT NOT NULL,
    name             TEXT NOT NULL,
    language         TEXT NOT NULL,
    category         TEXT NOT NULL,
    status           TEXT NOT NULL,
    parameter_format TEXT NOT NULL CHECK (parameter_format IN ('POSITIONAL', 'NAMED')),
    components       TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    deleted_at       INTEGER,
    UNIQUE (workspace_id, waba_id, template_id)
) STRICT;

CREATE INDEX whatsapp_templates_by_time ON whatsapp_templates (workspace_id, created_at, id);

-- What stands in the places of a template where nobody says it for one message; JSON.
CREATE TABLE whatsapp_template_settings (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    template_id  TEXT NOT NULL UNIQUE REFERENCES whatsapp_templates (id),
    params       TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

-- A message is written down before it is sent. `attempt_id` is the attempt of a task that it is
-- sent for: one attempt sends one message. `message_id` is Meta's own.
CREATE TABLE whatsapp_messages (
    id              TEXT PRIMARY KEY NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    conversation_id TEXT NOT NULL,
    agent_id        TEXT NOT NULL REFERENCES agents (id),
    contact_id      TEXT REFERENCES contacts (id) ON DELETE SET NULL,
    template_id     TEXT NOT NULL REFERENCES whatsapp_templates (id),
    attempt_id      TEXT UNIQUE,
    phone_number_id TEXT NOT NULL,
    recipient       TEXT NOT NULL,
    message_id      TEXT,
    status          TEXT NOT NULL CHECK (status IN ('sending', 'sent', 'failed')),
    error           TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX whatsapp_messages_by_contact ON whatsapp_messages (contact_id, agent_id);
CREATE INDEX whatsapp_messages_by_time ON whatsapp_messages (workspace_id, created_at, id);
