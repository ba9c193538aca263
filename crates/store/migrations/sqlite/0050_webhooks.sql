-- Webhooks may be of a whole workspace, and know how their endpoint has done of late; messages
-- about one conversation go out in order; each attempt to deliver one is kept.
--
-- SQLite can not make a column optional: both tables are made anew around their rows, the
-- messages first, because they go with their webhook.

CREATE TEMP TABLE outbox_before AS SELECT * FROM outbox;
CREATE TEMP TABLE webhooks_before AS SELECT * FROM webhooks;
DROP TABLE outbox;
DROP TABLE webhooks;

-- Without `agent_id` it is of the workspace and hears of every agent. `failures` counts failed
-- attempts since the last good one; nothing is sent before `paused_until`, and then one message.
CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    agent_id        TEXT REFERENCES agents (id),
    source          TEXT NOT NULL CHECK (source IN ('file', 'api')),
    url             TEXT NOT NULL,
    events          TEXT NOT NULL,
    secret          TEXT NOT NULL,
    is_active       INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    disabled_reason TEXT,
    failures        INTEGER NOT NULL DEFAULT 0,
    paused_until    INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

INSERT INTO webhooks (id, workspace_id, agent_id, source, url, events, secret, is_active,
    disabled_reason, created_at, updated_at)
SELECT id, workspace_id, agent_id, source, url, events, secret, is_active, disabled_reason,
    created_at, updated_at FROM webhooks_before;
DROP TABLE webhooks_before;

CREATE INDEX webhooks_by_agent ON webhooks (agent_id, created_at);
CREATE INDEX webhooks_by_workspace ON webhooks (workspace_id, created_at);

-- Webhook messages. A row is open until it is delivered or given up. `position` is its place among
-- the open ones of its webhook and conversation; without it, it is in nobody's way. It is due at
-- `next_attempt_at`, which is NULL while an earlier one is open. `owed_since` is when it was last
-- put into the outbox, with `attempts_before` attempts made before that.
CREATE TABLE outbox (
    id              TEXT PRIMARY KEY NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    webhook_id      TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    conversation_id TEXT,
    position        INTEGER,
    event           TEXT NOT NULL,
    payload         TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    owed_since      INTEGER NOT NULL,
    next_attempt_at INTEGER,
    claimed_until   INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    attempts_before INTEGER NOT NULL DEFAULT 0,
    delivered_at    INTEGER,
    given_up_at     INTEGER,
    last_error      TEXT
) STRICT;

INSERT INTO outbox (id, workspace_id, webhook_id, event, payload, created_at, owed_since,
    next_attempt_at, claimed_until, attempts, delivered_at, given_up_at, last_error)
SELECT id, workspace_id, webhook_id, event, payload, created_at, created_at, next_attempt_at,
    claimed_until, attempts, delivered_at, given_up_at, last_error FROM outbox_before;
DROP TABLE outbox_before;

CREATE INDEX outbox_open ON outbox (webhook_id, next_attempt_at)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_order ON outbox (webhook_id, conversation_id, position)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_by_webhook ON outbox (webhook_id, created_at, id);
CREATE INDEX outbox_by_conversation ON outbox (conversation_id);
-- Messages that are delivered or given up, by the time they were: they are kept for a while.
CREATE INDEX outbox_settled ON outbox (coalesce(delivered_at, given_up_at))
    WHERE delivered_at IS NOT NULL OR given_up_at IS NOT NULL;

-- What became of each attempt, numbered from 1.
CREATE TABLE outbox_attempts (
    message_id   TEXT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    started_at   INTEGER NOT NULL,
    duration_ms  INTEGER NOT NULL,
    status_code  INTEGER,
    error        TEXT,
    PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;
