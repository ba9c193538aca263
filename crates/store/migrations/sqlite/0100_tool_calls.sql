-- What agents had done in calls: one row for each use of a tool, numbered from 0 in each call.
-- `intent_id` is that of the agent's intent behind the tool, as it was then; `arguments` is what
-- the language model wrote, as it wrote it. A row without `status` has not been answered.
CREATE TABLE tool_calls (
    call_id         TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    number          INTEGER NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    tool            TEXT NOT NULL,
    intent_id       TEXT,
    intent_name     TEXT,
    arguments       TEXT NOT NULL,
    called_at       INTEGER NOT NULL,
    status          TEXT CHECK (status IN ('done', 'incomplete', 'failed', 'timed_out')),
    answer          TEXT,
    spoken          INTEGER NOT NULL DEFAULT 0 CHECK (spoken IN (0, 1)),
    took_ms         INTEGER,
    PRIMARY KEY (call_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX tool_calls_by_conversation ON tool_calls (conversation_id, called_at, number);
