-- Audio files that are to be written down, and what was said in them.

-- `storage` names the folder that the files are in, which not every node has; it is chosen by whoever
-- takes in the file. A job is due while its status is `pending` or `processing`; who works on it holds
-- `claim` until `claimed_until`. `attempts` counts how often it was begun without getting on since.
-- The report of its end is owed while `report_due_at` is set. What is discarded has no words any
-- more, and is gone when its files are.
CREATE TABLE transcriptions (
    id                    TEXT COLLATE "C" PRIMARY KEY,
    workspace_id          TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    reference_id          TEXT COLLATE "C",
    status                TEXT COLLATE "C" NOT NULL
        CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    storage               TEXT COLLATE "C",
    has_voice             BIGINT NOT NULL CHECK (has_voice IN (0, 1)),
    has_customer_voice    BIGINT NOT NULL CHECK (has_customer_voice IN (0, 1)),
    voice_url             TEXT COLLATE "C",
    customer_voice_url    TEXT COLLATE "C",
    possible_language     TEXT COLLATE "C",
    possible_conversation TEXT COLLATE "C",
    email                 TEXT COLLATE "C",
    customer_phone        TEXT COLLATE "C",
    customer_email        TEXT COLLATE "C",
    webhook_url           TEXT COLLATE "C",
    webhook_token         TEXT COLLATE "C",
    qa_agent_id           TEXT COLLATE "C" REFERENCES agents (id),
    coaching_agent_id     TEXT COLLATE "C" REFERENCES agents (id),
    progress              BIGINT NOT NULL,
    error                 TEXT COLLATE "C",
    due_at                BIGINT NOT NULL,
    attempts              BIGINT NOT NULL DEFAULT 0,
    claim                 TEXT COLLATE "C",
    claimed_until         BIGINT,
    processed_at          BIGINT,
    report_due_at         BIGINT,
    report_attempts       BIGINT NOT NULL DEFAULT 0,
    report_error          TEXT COLLATE "C",
    reported_at           BIGINT,
    is_discarded          BIGINT NOT NULL DEFAULT 0 CHECK (is_discarded IN (0, 1)),
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL
);

CREATE INDEX transcriptions_by_time ON transcriptions (workspace_id, created_at, id);
CREATE INDEX transcriptions_by_reference ON transcriptions (workspace_id, reference_id);
CREATE INDEX transcriptions_to_do ON transcriptions (due_at)
    WHERE status IN ('pending', 'processing') AND is_discarded = 0;
CREATE INDEX transcriptions_to_report ON transcriptions (report_due_at)
    WHERE report_due_at IS NOT NULL;
CREATE INDEX transcriptions_to_discard ON transcriptions (storage) WHERE is_discarded = 1;

CREATE TABLE transcription_segments (
    transcription_id TEXT COLLATE "C" NOT NULL REFERENCES transcriptions (id) ON DELETE CASCADE,
    start_ms         BIGINT NOT NULL,
    speaker          TEXT COLLATE "C" NOT NULL CHECK (speaker IN ('agent', 'customer', 'speaker')),
    workspace_id     TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    end_ms           BIGINT NOT NULL,
    text             TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (transcription_id, start_ms, speaker)
);
