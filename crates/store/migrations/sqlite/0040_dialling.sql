-- Tasks, campaigns, and what they call by: rules, pools and the do-not-call list.

CREATE TABLE rules (
    id                     TEXT PRIMARY KEY NOT NULL,
    workspace_id           TEXT NOT NULL REFERENCES workspaces (id),
    name                   TEXT NOT NULL,
    type                   TEXT NOT NULL CHECK (type IN ('call', 'text')),
    max_calls_per_day      INTEGER NOT NULL,
    max_total_calls        INTEGER NOT NULL,
    retry_interval_minutes INTEGER NOT NULL,
    start_time             TEXT NOT NULL,
    end_time               TEXT NOT NULL,
    dnc_check              INTEGER NOT NULL CHECK (dnc_check IN (0, 1)),
    remove_on_opt_out      INTEGER NOT NULL CHECK (remove_on_opt_out IN (0, 1)),
    escalation_after       INTEGER,
    escalation_type        TEXT,
    escalation_target      TEXT,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL,
    deleted_at             INTEGER
) STRICT;

CREATE INDEX rules_by_time ON rules (workspace_id, created_at);

CREATE TABLE pools (
    id                 TEXT PRIMARY KEY NOT NULL,
    workspace_id       TEXT NOT NULL REFERENCES workspaces (id),
    name               TEXT NOT NULL,
    description        TEXT NOT NULL,
    type               TEXT NOT NULL CHECK (type IN ('FIFO', 'LIFO', 'Parallel')),
    max_parallel_items INTEGER NOT NULL,
    max_retries        INTEGER NOT NULL,
    is_active          INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    deleted_at         INTEGER
) STRICT;

CREATE INDEX pools_by_time ON pools (workspace_id, created_at);

-- `position` is the order of joining within the pool.
CREATE TABLE pool_contacts (
    pool_id       TEXT NOT NULL REFERENCES pools (id),
    contact_id    TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    status        TEXT NOT NULL,
    priority      INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    retry_count   INTEGER NOT NULL DEFAULT 0,
    started_at    INTEGER,
    completed_at  INTEGER,
    failed_at     INTEGER,
    next_retry_at INTEGER,
    notes         TEXT,
    added_at      INTEGER NOT NULL,
    PRIMARY KEY (pool_id, contact_id)
) STRICT;

CREATE INDEX pool_contacts_by_position ON pool_contacts (pool_id, position);
CREATE INDEX pool_contacts_by_contact ON pool_contacts (contact_id);

-- `ends_at` is the first moment after the campaign.
CREATE TABLE campaigns (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name         TEXT NOT NULL,
    description  TEXT,
    status       TEXT NOT NULL,
    type         TEXT NOT NULL CHECK (type IN ('call', 'text')),
    starts_at    INTEGER,
    ends_at      INTEGER,
    agent_id     TEXT REFERENCES agents (id),
    rule_id      TEXT REFERENCES rules (id),
    template_id  TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER
) STRICT;

CREATE INDEX campaigns_by_time ON campaigns (workspace_id, created_at);
CREATE INDEX campaigns_by_status ON campaigns (status) WHERE deleted_at IS NULL;

CREATE TABLE campaign_pools (
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    pool_id      TEXT NOT NULL REFERENCES pools (id),
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    attached_at  INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, pool_id)
) STRICT;

CREATE INDEX campaign_pools_by_pool ON campaign_pools (pool_id);

CREATE TABLE listings (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    pool_id      TEXT NOT NULL REFERENCES pools (id),
    created_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX listings_by_time ON listings (workspace_id, created_at);

CREATE TABLE do_not_call (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    number       TEXT NOT NULL,
    reason       TEXT,
    created_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, number)
) STRICT;

-- `due_at` is when the node looks at a task next. `revision` changes with everything that a
-- decision about the task rests on. `open_attempt` is the attempt that is under way;
-- `awaits_verdict` says that one is over and nobody has decided yet what follows.
CREATE TABLE tasks (
    id             TEXT PRIMARY KEY NOT NULL,
    workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
    title          TEXT NOT NULL,
    description    TEXT,
    type           TEXT NOT NULL,
    status         TEXT NOT NULL,
    priority       INTEGER NOT NULL,
    agent_id       TEXT NOT NULL REFERENCES agents (id),
    contact_id     TEXT REFERENCES contacts (id) ON DELETE SET NULL,
    campaign_id    TEXT REFERENCES campaigns (id),
    pool_id        TEXT REFERENCES pools (id),
    pool_priority  INTEGER NOT NULL DEFAULT 0,
    position       INTEGER NOT NULL DEFAULT 0,
    scheduled_at   INTEGER NOT NULL,
    due_at         INTEGER NOT NULL,
    expires_at     INTEGER,
    timezone       TEXT,
    max_attempts   INTEGER NOT NULL,
    attempts_left  INTEGER NOT NULL,
    attempts_made  INTEGER NOT NULL DEFAULT 0,
    retry_strategy TEXT NOT NULL,
    retry_minutes  TEXT NOT NULL,
    task_data      TEXT NOT NULL,
    metadata       TEXT NOT NULL,
    auto_queue     INTEGER NOT NULL CHECK (auto_queue IN (0, 1)),
    is_escalated   INTEGER NOT NULL DEFAULT 0 CHECK (is_escalated IN (0, 1)),
    reason         TEXT,
    open_attempt   TEXT,
    awaits_verdict INTEGER NOT NULL DEFAULT 0 CHECK (awaits_verdict IN (0, 1)),
    revision       INTEGER NOT NULL DEFAULT 0,
    completed_at   INTEGER,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    deleted_at     INTEGER
) STRICT;

CREATE INDEX tasks_by_time ON tasks (workspace_id, created_at);
CREATE INDEX tasks_by_contact ON tasks (contact_id);
CREATE INDEX tasks_due ON tasks (due_at)
    WHERE pool_id IS NULL AND deleted_at IS NULL AND status IN ('scheduled', 'queued');
CREATE INDEX tasks_of_pool ON tasks (campaign_id, pool_id, pool_priority DESC, position)
    WHERE deleted_at IS NULL AND status IN ('pending', 'scheduled', 'queued', 'in_progress');
CREATE INDEX tasks_without_verdict ON tasks (due_at) WHERE awaits_verdict = 1;
CREATE INDEX tasks_expiring ON tasks (expires_at)
    WHERE expires_at IS NOT NULL AND deleted_at IS NULL
    AND status IN ('pending', 'scheduled', 'queued', 'on_hold');
-- A campaign has one task for each of its contacts.
CREATE UNIQUE INDEX tasks_of_campaign ON tasks (campaign_id, contact_id)
    WHERE pool_id IS NOT NULL AND deleted_at IS NULL;

-- One row for each try of a task, written before anything is done. `call_id` is the call that it
-- makes, if it makes one. An attempt is under way until `ended_at` is set; its node renews
-- `claimed_until` meanwhile.
CREATE TABLE task_attempts (
    id              TEXT PRIMARY KEY NOT NULL,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
    task_id         TEXT NOT NULL REFERENCES tasks (id),
    campaign_id     TEXT REFERENCES campaigns (id),
    number          TEXT,
    call_id         TEXT UNIQUE,
    conversation_id TEXT,
    node            TEXT NOT NULL,
    started_at      INTEGER NOT NULL,
    claimed_until   INTEGER NOT NULL,
    ended_at        INTEGER,
    outcome         TEXT,
    reason          TEXT
) STRICT;

CREATE INDEX task_attempts_by_task ON task_attempts (task_id, started_at);
CREATE INDEX task_attempts_by_number ON task_attempts (workspace_id, number, started_at);
CREATE INDEX task_attempts_open ON task_attempts (claimed_until) WHERE ended_at IS NULL;
