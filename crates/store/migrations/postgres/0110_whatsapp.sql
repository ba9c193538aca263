-- WhatsApp Business accounts, their templates, and the messages that were sent.

CREATE TABLE whatsapp_accounts (
    id              TEXT COLLATE "C" PRIMARY KEY,
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name            TEXT COLLATE "C" NOT NULL,
    phone_number    TEXT COLLATE "C",
    phone_number_id TEXT COLLATE "C" NOT NULL,
    waba_id         TEXT COLLATE "C" NOT NULL,
    access_token    TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    UNIQUE (workspace_id, phone_number_id)
);

-- `template_id` is Meta's own. `components` is JSON as Meta has it. One that Meta does not list any
-- more is deleted.
CREATE TABLE whatsapp_templates (
    id               TEXT COLLATE "C" PRIMARY KEY,
    workspace_id     TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    waba_id          TEXT COLLATE "C" NOT NULL,
    template_id      TEXT COLLATE "C" NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    language         TEXT COLLATE "C" NOT NULL,
    category         TEXT COLLATE "C" NOT NULL,
    status           TEXT COLLATE "C" NOT NULL,
    parameter_format TEXT COLLATE "C" NOT NULL CHECK (parameter_format IN ('POSITIONAL', 'NAMED')),
    components       TEXT COLLATE "C" NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    deleted_at       BIGINT,
    UNIQUE (workspace_id, waba_id, template_id)
);

CREATE INDEX whatsapp_templates_by_time ON whatsapp_templates (workspace_id, created_at, id);

-- What stands in the places of a template where nobody says it for one message; JSON.
CREATE TABLE whatsapp_template_settings (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    template_id  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES whatsapp_templates (id),
    params       TEXT COLLATE "C" NOT NULL,
    status       TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);

-- A message is written down before it is sent. `attempt_id` is the attempt of a task that it is
-- sent for: one attempt sends one message. `message_id` is Meta's own.
CREATE TABLE whatsapp_messages (
    id              TEXT COLLATE "C" PRIMARY KEY,
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    conversation_id TEXT COLLATE "C" NOT NULL,
    agent_id        TEXT COLLATE "C" NOT NULL REFERENCES agents (id),
    contact_id      TEXT COLLATE "C" REFERENCES contacts (id) ON DELETE SET NULL,
    template_id     TEXT COLLATE "C" NOT NULL REFERENCES whatsapp_templates (id),
    attempt_id      TEXT COLLATE "C" UNIQUE,
    phone_number_id TEXT COLLATE "C" NOT NULL,
    recipient       TEXT COLLATE "C" NOT NULL,
    message_id      TEXT COLLATE "C",
    status          TEXT COLLATE "C" NOT NULL CHECK (status IN ('sending', 'sent', 'failed')),
    error           TEXT COLLATE "C",
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE INDEX whatsapp_messages_by_contact ON whatsapp_messages (contact_id, agent_id);
CREATE INDEX whatsapp_messages_by_time ON whatsapp_messages (workspace_id, created_at, id);
