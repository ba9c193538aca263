-- Conversations have sessions, sessions are evaluated, and figures over them are read by time.

ALTER TABLE conversations ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE conversations SET updated_at = coalesce(ended_at, started_at);

CREATE INDEX conversations_by_time ON conversations (workspace_id, started_at, id);
CREATE INDEX conversations_by_change ON conversations (workspace_id, updated_at, id);

-- A call is one session of its conversation, under the call's own id. `line` is what was measured
-- of its media, as JSON. Its evaluation is owed while `evaluation_due_at` is set; whoever works on
-- it holds `evaluation_claim` until `evaluation_claimed_until`. The report of its end is owed at
-- `report_due_at` at the latest, with what is known of its words by then.
CREATE TABLE sessions (
    id                       TEXT PRIMARY KEY NOT NULL,
    workspace_id             TEXT NOT NULL REFERENCES workspaces (id),
    conversation_id          TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    call_id                  TEXT UNIQUE REFERENCES calls (id) ON DELETE CASCADE,
    started_at               INTEGER NOT NULL,
    ended_at                 INTEGER,
    last_activity_at         INTEGER NOT NULL,
    summary                  TEXT,
    summary_generated_at     INTEGER,
    evaluated_at             INTEGER,
    line                     TEXT,
    evaluation_due_at        INTEGER,
    evaluation_claim         TEXT,
    evaluation_claimed_until INTEGER,
    evaluation_attempts      INTEGER NOT NULL DEFAULT 0,
    report_due_at            INTEGER,
    updated_at               INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_conversation ON sessions (conversation_id, started_at);
CREATE INDEX sessions_by_time ON sessions (workspace_id, started_at);
CREATE INDEX sessions_to_evaluate ON sessions (evaluation_due_at)
    WHERE evaluation_due_at IS NOT NULL;
CREATE INDEX sessions_to_report ON sessions (report_due_at) WHERE report_due_at IS NOT NULL;

INSERT INTO sessions (id, workspace_id, conversation_id, call_id, started_at, ended_at,
    last_activity_at, summary, summary_generated_at, updated_at)
SELECT calls.id, calls.workspace_id, calls.conversation_id, calls.id, calls.created_at,
    calls.ended_at, calls.updated_at, conversations.summary,
    CASE WHEN conversations.summary IS NULL THEN NULL ELSE calls.ended_at END, calls.updated_at
FROM calls JOIN conversations ON conversations.id = calls.conversation_id;

-- When a turn began, and in which session.
ALTER TABLE messages ADD COLUMN session_id TEXT;
ALTER TABLE messages ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE messages SET
    session_id = (
        SELECT id FROM sessions WHERE conversation_id = messages.conversation_id
        ORDER BY started_at DESC, id DESC LIMIT 1
    ),
    created_at = start_ms * 1000 + coalesce((
        SELECT coalesce(answered_at, created_at) FROM calls
        WHERE conversation_id = messages.conversation_id
        ORDER BY created_at DESC, id DESC LIMIT 1
    ), 0);

CREATE INDEX messages_by_time ON messages (workspace_id, created_at, conversation_id, position);

-- What a session comes to. `blocks` and `voice` are JSON; what figures are made of has columns.
CREATE TABLE evaluations (
    id               TEXT PRIMARY KEY NOT NULL,
    workspace_id     TEXT NOT NULL REFERENCES workspaces (id),
    session_id       TEXT NOT NULL UNIQUE REFERENCES sessions (id) ON DELETE CASCADE,
    conversation_id  TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    agent_id         TEXT NOT NULL REFERENCES agents (id),
    source           TEXT NOT NULL CHECK (source IN ('model', 'offline')),
    source_reason    TEXT,
    blocks           TEXT NOT NULL,
    voice            TEXT NOT NULL,
    sentiment        TEXT,
    human_escalation INTEGER CHECK (human_escalation IN (0, 1)),
    success          INTEGER CHECK (success IN (0, 1)),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;

CREATE INDEX evaluations_by_time ON evaluations (workspace_id, created_at, id);

-- How sessions are evaluated, as JSON: those of an agent, or without one those of the workspace.
CREATE TABLE evaluate_settings (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    agent_id     TEXT REFERENCES agents (id),
    settings     TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX evaluate_settings_of ON evaluate_settings
    (workspace_id, coalesce(agent_id, ''));

-- How long the other party waited for each answer of an agent.
CREATE TABLE answer_waits (
    session_id   TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    started_at   INTEGER NOT NULL,
    wait_ms      INTEGER NOT NULL,
    PRIMARY KEY (session_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_waits_by_time ON answer_waits (workspace_id, started_at);

INSERT INTO answer_waits (session_id, position, workspace_id, started_at, wait_ms)
SELECT calls.id, latency.key, calls.workspace_id, calls.created_at,
    CAST(json_extract(latency.value, '$.voiced_to_audible_ms') AS INTEGER)
FROM calls, json_each(calls.latencies) AS latency
WHERE json_extract(latency.value, '$.voiced_to_audible_ms') IS NOT NULL;

CREATE INDEX task_attempts_by_conversation ON task_attempts (conversation_id);
CREATE INDEX listings_by_campaign ON listings (campaign_id);
