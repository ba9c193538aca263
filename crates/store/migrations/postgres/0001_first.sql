-- The sum of the first three migrations of SQLite; from the fourth on both have the same.
--
-- Times are microseconds since 1970-01-01T00:00:00Z, flags are 0 or 1, ids are hyphenated
-- lower-case UUIDs. Every row names its workspace. Text compares byte by byte, as in SQLite,
-- whatever the database's own collation.

CREATE TABLE workspaces (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL DEFAULT 'Default',
    plan       TEXT COLLATE "C" NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'unlimited')),
    created_at BIGINT NOT NULL DEFAULT 0
);

INSERT INTO workspaces (id, created_at)
VALUES ('default', CAST(extract(epoch FROM now()) AS BIGINT) * 1000000);

-- A token is never stored: only its SHA-256 and the public prefix that finds it.
-- `scopes` is a JSON array; `*` is every one.
CREATE TABLE api_keys (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name         TEXT COLLATE "C" NOT NULL,
    prefix       TEXT COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL CHECK (length(hash) = 32),
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    scopes       TEXT COLLATE "C" NOT NULL DEFAULT '["*"]'
);

CREATE INDEX api_keys_by_prefix ON api_keys (prefix);

-- `definition` is the agent as JSON, in the field names of the API.
-- A deleted agent stays, so that its calls keep their agent.
CREATE TABLE agents (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    source       TEXT COLLATE "C" NOT NULL CHECK (source IN ('file', 'api')),
    name         TEXT COLLATE "C" NOT NULL,
    definition   TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    deleted_at   BIGINT
);

CREATE INDEX agents_by_workspace ON agents (workspace_id, created_at);

-- `events` is a JSON array of event names. The secret signs, so it must be readable.
CREATE TABLE webhooks (
    id              TEXT COLLATE "C" PRIMARY KEY,
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    agent_id        TEXT COLLATE "C" NOT NULL REFERENCES agents (id),
    source          TEXT COLLATE "C" NOT NULL CHECK (source IN ('file', 'api')),
    url             TEXT COLLATE "C" NOT NULL,
    events          TEXT COLLATE "C" NOT NULL,
    secret          TEXT COLLATE "C" NOT NULL,
    is_active       BIGINT NOT NULL CHECK (is_active IN (0, 1)),
    disabled_reason TEXT COLLATE "C",
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE INDEX webhooks_by_agent ON webhooks (agent_id, created_at);

CREATE TABLE contacts (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    number       TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE (workspace_id, number)
);

CREATE INDEX contacts_by_time ON contacts (workspace_id, created_at);

CREATE TABLE conversations (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    agent_id     TEXT COLLATE "C" NOT NULL REFERENCES agents (id),
    contact_id   TEXT COLLATE "C" REFERENCES contacts (id),
    channel      TEXT COLLATE "C" NOT NULL CHECK (channel IN ('call')),
    started_at   BIGINT NOT NULL,
    ended_at     BIGINT,
    summary      TEXT COLLATE "C",
    sentiment    TEXT COLLATE "C"
);

CREATE INDEX conversations_by_contact ON conversations (contact_id);

-- A call is over when `ended_at` is set. `latencies` is a JSON array.
CREATE TABLE calls (
    id              TEXT COLLATE "C" PRIMARY KEY,
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    conversation_id TEXT COLLATE "C" NOT NULL REFERENCES conversations (id),
    agent_id        TEXT COLLATE "C" NOT NULL REFERENCES agents (id),
    contact_id      TEXT COLLATE "C" REFERENCES contacts (id),
    direction       TEXT COLLATE "C" NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    number          TEXT COLLATE "C" NOT NULL,
    provider        TEXT COLLATE "C" NOT NULL,
    status          TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    ringing_at      BIGINT,
    answered_at     BIGINT,
    ended_at        BIGINT,
    updated_at      BIGINT NOT NULL,
    duration_ms     BIGINT NOT NULL DEFAULT 0,
    sip_code        BIGINT,
    reason          TEXT COLLATE "C",
    recording       TEXT COLLATE "C",
    latencies       TEXT COLLATE "C" NOT NULL DEFAULT '[]'
);

CREATE INDEX calls_by_time ON calls (workspace_id, created_at);
CREATE INDEX calls_by_agent ON calls (workspace_id, agent_id, created_at);
CREATE INDEX calls_by_conversation ON calls (conversation_id);
CREATE INDEX calls_unfinished ON calls (created_at) WHERE ended_at IS NULL;

-- One row for each turn of a conversation, in order from position 0.
CREATE TABLE messages (
    conversation_id TEXT COLLATE "C" NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position        BIGINT NOT NULL,
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    speaker         TEXT COLLATE "C" NOT NULL CHECK (speaker IN ('agent', 'caller')),
    text            TEXT COLLATE "C" NOT NULL,
    start_ms        BIGINT NOT NULL,
    end_ms          BIGINT NOT NULL,
    interrupted     BIGINT NOT NULL CHECK (interrupted IN (0, 1)),
    PRIMARY KEY (conversation_id, position)
);

-- Webhook messages that are owed. A row is open until it is delivered or given up.
CREATE TABLE outbox (
    id              TEXT COLLATE "C" PRIMARY KEY,
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    webhook_id      TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event           TEXT COLLATE "C" NOT NULL,
    payload         TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    claimed_until   BIGINT,
    attempts        BIGINT NOT NULL DEFAULT 0,
    delivered_at    BIGINT,
    given_up_at     BIGINT,
    last_error      TEXT COLLATE "C"
);

CREATE INDEX outbox_open ON outbox (next_attempt_at)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_by_webhook ON outbox (webhook_id);
-- Messages that are delivered or given up, by the time they were: they are kept for a while.
CREATE INDEX outbox_settled ON outbox (coalesce(delivered_at, given_up_at))
    WHERE delivered_at IS NOT NULL OR given_up_at IS NOT NULL;

-- How many rows of a kind a workspace has, kept by triggers: counting them would read them all.
CREATE TABLE row_counts (
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    kind         TEXT COLLATE "C" NOT NULL,
    count        BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind)
);

-- Once for each statement, not for each row: a row that a transaction changes a hundred thousand
-- times becomes slow to find.
CREATE FUNCTION count_rows() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO row_counts (workspace_id, kind, count)
        SELECT workspace_id, TG_TABLE_NAME, count(*) FROM changed GROUP BY workspace_id
        ON CONFLICT (workspace_id, kind)
        DO UPDATE SET count = row_counts.count + excluded.count;
    ELSE
        UPDATE row_counts SET count = row_counts.count - gone.count
        FROM (SELECT workspace_id, count(*) AS count FROM changed GROUP BY workspace_id) AS gone
        WHERE row_counts.workspace_id = gone.workspace_id AND row_counts.kind = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER contacts_added AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER contacts_removed AFTER DELETE ON contacts
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
