-- Conversations have sessions, sessions are evaluated, and figures over them are read by time.

ALTER TABLE conversations ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
UPDATE conversations SET updated_at = coalesce(ended_at, started_at);

CREATE INDEX conversations_by_time ON conversations (workspace_id, started_at, id);
CREATE INDEX conversations_by_change ON conversations (workspace_id, updated_at, id);

-- A call is one session of its conversation, under the call's own id. `line` is what was measured
-- of its media, as JSON. Its evaluation is owed while `evaluation_due_at` is set; whoever works on
-- it holds `evaluation_claim` until `evaluation_claimed_until`. The report of its end is owed at
-- `report_due_at` at the latest, with what is known of its words by then.
CREATE TABLE sessions (
    id                       TEXT COLLATE "C" PRIMARY KEY,
    workspace_id             TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    conversation_id          TEXT COLLATE "C" NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    call_id                  TEXT COLLATE "C" UNIQUE REFERENCES calls (id) ON DELETE CASCADE,
    started_at               BIGINT NOT NULL,
    ended_at                 BIGINT,
    last_activity_at         BIGINT NOT NULL,
    summary                  TEXT COLLATE "C",
    summary_generated_at     BIGINT,
    evaluated_at             BIGINT,
    line                     TEXT COLLATE "C",
    evaluation_due_at        BIGINT,
    evaluation_claim         TEXT COLLATE "C",
    evaluation_claimed_until BIGINT,
    evaluation_attempts      BIGINT NOT NULL DEFAULT 0,
    report_due_at            BIGINT,
    updated_at               BIGINT NOT NULL
);

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
ALTER TABLE messages ADD COLUMN session_id TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
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
    id               TEXT COLLATE "C" PRIMARY KEY,
    workspace_id     TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    session_id       TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES sessions (id) ON DELETE CASCADE,
    conversation_id  TEXT COLLATE "C" NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    agent_id         TEXT COLLATE "C" NOT NULL REFERENCES agents (id),
    source           TEXT COLLATE "C" NOT NULL CHECK (source IN ('model', 'offline')),
    source_reason    TEXT COLLATE "C",
    blocks           TEXT COLLATE "C" NOT NULL,
    voice            TEXT COLLATE "C" NOT NULL,
    sentiment        TEXT COLLATE "C",
    human_escalation BIGINT CHECK (human_escalation IN (0, 1)),
    success          BIGINT CHECK (success IN (0, 1)),
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);

CREATE INDEX evaluations_by_time ON evaluations (workspace_id, created_at, id);

-- How sessions are evaluated, as JSON: those of an agent, or without one those of the workspace.
CREATE TABLE evaluate_settings (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    agent_id     TEXT COLLATE "C" REFERENCES agents (id),
    settings     TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);

CREATE UNIQUE INDEX evaluate_settings_of ON evaluate_settings
    (workspace_id, coalesce(agent_id, ''));

-- How long the other party waited for each answer of an agent.
CREATE TABLE answer_waits (
    session_id   TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    position     BIGINT NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    started_at   BIGINT NOT NULL,
    wait_ms      BIGINT NOT NULL,
    PRIMARY KEY (session_id, position)
);

CREATE INDEX answer_waits_by_time ON answer_waits (workspace_id, started_at);

INSERT INTO answer_waits (session_id, position, workspace_id, started_at, wait_ms)
SELECT calls.id, latency.place - 1, calls.workspace_id, calls.created_at,
    CAST(latency.value ->> 'voiced_to_audible_ms' AS BIGINT)
FROM calls,
    json_array_elements(CAST(calls.latencies AS JSON)) WITH ORDINALITY AS latency (value, place)
WHERE latency.value ->> 'voiced_to_audible_ms' IS NOT NULL;

CREATE INDEX task_attempts_by_conversation ON task_attempts (conversation_id);
CREATE INDEX listings_by_campaign ON listings (campaign_id);
