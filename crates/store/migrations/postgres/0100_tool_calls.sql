-- What agents had done in calls: one row for each use of a tool, numbered from 0 in each call.
-- `intent_id` is that of the agent's intent behind the tool, as it was then; `arguments` is what
-- the language model wrote, as it wrote it. A row without `status` has not been answered.
CREATE TABLE tool_calls (
    call_id         TEXT COLLATE "C" NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    number          BIGINT NOT NULL,
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    conversation_id TEXT COLLATE "C" NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    tool            TEXT COLLATE "C" NOT NULL,
    intent_id       TEXT COLLATE "C",
    intent_name     TEXT COLLATE "C",
    arguments       TEXT COLLATE "C" NOT NULL,
    called_at       BIGINT NOT NULL,
    status          TEXT COLLATE "C"
        CHECK (status IN ('done', 'incomplete', 'failed', 'timed_out')),
    answer          TEXT COLLATE "C",
    spoken          BIGINT NOT NULL DEFAULT 0 CHECK (spoken IN (0, 1)),
    took_ms         BIGINT,
    PRIMARY KEY (call_id, number)
);

CREATE INDEX tool_calls_by_conversation ON tool_calls (conversation_id, called_at, number);
