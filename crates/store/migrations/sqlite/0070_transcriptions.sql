-- Audio files that are to be written down, and what was said in them.

-- `storage` names the folder that the files are in, which not every node has; it is chosen by whoever
-- takes in the file. A job is due while its status is `pending` or `processing`; who works on it holds
-- `claim` until `claimed_until`. `attempts` counts how often it was begun without getting on since.
-- The report of its end is owed while `report_due_at` is set. What is discarded has no words any
-- more, and is gone when its files are.
CREATE TABLE transcriptions (
    id                    TEXT PRIMARY KEY NOT NULL,
    workspace_id          TEXT NOT NULL REFERENCES workspaces (id),
    reference_id          TEXT,
    status                TEXT NOT NULL
        CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    storage               TEXT,
    has_voice             INTEGER NOT NULL CHECK (has_voice IN (0, 1)),
    has_customer_voice    INTEGER NOT NULL CHECK (has_customer_voice IN (0, 1)),
    voice_url             TEXT,
    customer_voice_url    TEXT,
    possible_language     TEXT,
    possible_conversation TEXT,
    email                 TEXT,
    customer_phone        TEXT,
    customer_email        TEXT,
    webhook_url           TEXT,
    webhook_token         TEXT,
    qa_agent_id           TEXT REFERENCES agents (id),
    coaching_agent_id     TEXT REFERENCES agents (id),
    progress              INTEGER NOT NULL,
    error                 TEXT,
    due_at                INTEGER NOT NULL,
    attempts              INTEGER NOT NULL DEFAULT 0,
    claim                 TEXT,
    claimed_until         INTEGER,
    processed_at          INTEGER,
    report_due_at         INTEGER,
    report_attempts       INTEGER NOT NULL DEFAULT 0,
    report_error          TEXT,
    reported_at           INTEGER,
    is_discarded          INTEGER NOT NULL DEFAULT 0 CHECK (is_discarded IN (0, 1)),
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL
) STRICT;

CREATE INDEX transcriptions_by_time ON transcriptions (workspace_id, created_at, id);
CREATE INDEX transcriptions_by_reference ON transcriptions (workspace_id, reference_id);
CREATE INDEX transcriptions_to_do ON transcriptions (due_at)
    WHERE status IN ('pending', 'processing') AND is_discarded = 0;
CREATE INDEX transcriptions_to_report ON transcriptions (report_due_at)
    WHERE report_due_at IS NOT NULL;
CREATE INDEX transcriptions_to_discard ON transcriptions (storage) WHERE is_discarded = 1;

CREATE TABLE transcription_segments (
    transcription_id TEXT NOT NULL REFERENCES transcriptions (id) ON DELETE CASCADE,
    start_ms         INTEGER NOT NULL,
    speaker          TEXT NOT NULL CHECK (speaker IN ('agent', 'customer', 'speaker')),
    workspace_id     TEXT NOT NULL REFERENCES workspaces (id),
    end_ms           INTEGER NOT NULL,
    text             TEXT NOT NULL,
    PRIMARY KEY (transcription_id, start_ms, speaker)
) STRICT, WITHOUT ROWID;
