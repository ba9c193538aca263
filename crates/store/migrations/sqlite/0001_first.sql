-- Times are microseconds since 1970-01-01T00:00:00Z. Ids are hyphenated lower-case UUIDs.
-- Every row names its workspace.

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY NOT NULL
) STRICT;

INSERT INTO workspaces (id) VALUES ('default');

-- A token is never stored: only its SHA-256 and the public prefix that finds it.
CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    hash         BLOB NOT NULL CHECK (length(hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT;

CREATE INDEX api_keys_by_prefix ON api_keys (prefix);

-- `definition` is the agent as JSON, in the field names of the API.
-- A deleted agent stays, so that its calls keep their agent.
CREATE TABLE agents (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    source       TEXT NOT NULL CHECK (source IN ('file', 'api')),
    name         TEXT NOT NULL,
    definition   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER
) STRICT;

CREATE INDEX agents_by_workspace ON agents (workspace_id, created_at);

-- `events` is a JSON array of event names. The secret signs, so it must be readable.
CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    agent_id        TEXT NOT NULL REFERENCES agents (id),
    source          TEXT NOT NULL CHECK (source IN ('file', 'api')),
    url             TEXT NOT NULL,
    events          TEXT NOT NULL,
    secret          TEXT NOT NULL,
    is_active       INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    disabled_reason TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX webhooks_by_agent ON webhooks (agent_id, created_at);

CREATE TABLE contacts (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    number       TEXT NOT NULL,
    name         TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, number)
) STRICT;

CREATE TABLE conversations (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    agent_id     TEXT NOT NULL REFERENCES agents (id),
    contact_id   TEXT REFERENCES contacts (id),
    channel      TEXT NOT NULL CHECK (channel IN ('call')),
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    summary      TEXT,
    sentiment    TEXT
) STRICT;

CREATE INDEX conversations_by_contact ON conversations (contact_id);

-- A call is over when `ended_at` is set. `latencies` is a JSON array.
CREATE TABLE calls (
    id              TEXT PRIMARY KEY NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    agent_id        TEXT NOT NULL REFERENCES agents (id),
    contact_id      TEXT REFERENCES contacts (id),
    direction       TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    number          TEXT NOT NULL,
    provider        TEXT NOT NULL,
    status          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    ringing_at      INTEGER,
    answered_at     INTEGER,
    ended_at        INTEGER,
    updated_at      INTEGER NOT NULL,
    duration_ms     INTEGER NOT NULL DEFAULT 0,
    sip_code        INTEGER,
    reason          TEXT,
    recording       TEXT,
    latencies       TEXT NOT NULL DEFAULT '[]'
) STRICT;

CREATE INDEX calls_by_time ON calls (workspace_id, created_at);
CREATE INDEX calls_by_agent ON calls (agent_id, created_at);
CREATE INDEX calls_by_conversation ON calls (conversation_id);
CREATE INDEX calls_unfinished ON calls (created_at) WHERE ended_at IS NULL;

-- One row for each turn of a conversation, in order from position 0.
CREATE TABLE messages (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    speaker         TEXT NOT NULL CHECK (speaker IN ('agent', 'caller')),
    text            TEXT NOT NULL,
    start_ms        INTEGER NOT NULL,
    end_ms          INTEGER NOT NULL,
    interrupted     INTEGER NOT NULL CHECK (interrupted IN (0, 1)),
    PRIMARY KEY (conversation_id, position)
) STRICT, WITHOUT ROWID;

-- Webhook messages that are owed. A row is open until it is delivered or given up.
CREATE TABLE outbox (
    id              TEXT PRIMARY KEY NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    webhook_id      TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event           TEXT NOT NULL,
    payload         TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    claimed_until   INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    delivered_at    INTEGER,
    given_up_at     INTEGER,
    last_error      TEXT
) STRICT;

CREATE INDEX outbox_open ON outbox (next_attempt_at)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_by_webhook ON outbox (webhook_id);
