-- Tasks, campaigns, and what they call by: rules, pools and the do-not-call list.

CREATE TABLE rules (
    id                     TEXT COLLATE "C" PRIMARY KEY,
    workspace_id           TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name                   TEXT COLLATE "C" NOT NULL,
    type                   TEXT COLLATE "C" NOT NULL CHECK (type IN ('call', 'text')),
    max_calls_per_day      BIGINT NOT NULL,
    max_total_calls        BIGINT NOT NULL,
    retry_interval_minutes BIGINT NOT NULL,
    start_time             TEXT COLLATE "C" NOT NULL,
    end_time               TEXT COLLATE "C" NOT NULL,
    dnc_check              BIGINT NOT NULL CHECK (dnc_check IN (0, 1)),
    remove_on_opt_out      BIGINT NOT NULL CHECK (remove_on_opt_out IN (0, 1)),
    escalation_after       BIGINT,
    escalation_type        TEXT COLLATE "C",
    escalation_target      TEXT COLLATE "C",
    created_at             BIGINT NOT NULL,
    updated_at             BIGINT NOT NULL,
    deleted_at             BIGINT
);

CREATE INDEX rules_by_time ON rules (workspace_id, created_at);

CREATE TABLE pools (
    id                 TEXT COLLATE "C" PRIMARY KEY,
    workspace_id       TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name               TEXT COLLATE "C" NOT NULL,
    description        TEXT COLLATE "C" NOT NULL,
    type               TEXT COLLATE "C" NOT NULL CHECK (type IN ('FIFO', 'LIFO', 'Parallel')),
    max_parallel_items BIGINT NOT NULL,
    max_retries        BIGINT NOT NULL,
    is_active          BIGINT NOT NULL CHECK (is_active IN (0, 1)),
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    deleted_at         BIGINT
);

CREATE INDEX pools_by_time ON pools (workspace_id, created_at);

-- `position` is the order of joining within the pool.
CREATE TABLE pool_contacts (
    pool_id       TEXT COLLATE "C" NOT NULL REFERENCES pools (id),
    contact_id    TEXT COLLATE "C" NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    workspace_id  TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    status        TEXT COLLATE "C" NOT NULL,
    priority      BIGINT NOT NULL,
    position      BIGINT NOT NULL,
    retry_count   BIGINT NOT NULL DEFAULT 0,
    started_at    BIGINT,
    completed_at  BIGINT,
    failed_at     BIGINT,
    next_retry_at BIGINT,
    notes         TEXT COLLATE "C",
    added_at      BIGINT NOT NULL,
    PRIMARY KEY (pool_id, contact_id)
);

CREATE INDEX pool_contacts_by_position ON pool_contacts (pool_id, position);
CREATE INDEX pool_contacts_by_contact ON pool_contacts (contact_id);

-- `ends_at` is the first moment after the campaign.
CREATE TABLE campaigns (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name         TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C",
    status       TEXT COLLATE "C" NOT NULL,
    type         TEXT COLLATE "C" NOT NULL CHECK (type IN ('call', 'text')),
    starts_at    BIGINT,
    ends_at      BIGINT,
    agent_id     TEXT COLLATE "C" REFERENCES agents (id),
    rule_id      TEXT COLLATE "C" REFERENCES rules (id),
    template_id  TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    deleted_at   BIGINT
);

CREATE INDEX campaigns_by_time ON campaigns (workspace_id, created_at);
CREATE INDEX campaigns_by_status ON campaigns (status) WHERE deleted_at IS NULL;

CREATE TABLE campaign_pools (
    campaign_id  TEXT COLLATE "C" NOT NULL REFERENCES campaigns (id),
    pool_id      TEXT COLLATE "C" NOT NULL REFERENCES pools (id),
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    attached_at  BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, pool_id)
);

CREATE INDEX campaign_pools_by_pool ON campaign_pools (pool_id);

CREATE TABLE listings (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    campaign_id  TEXT COLLATE "C" NOT NULL REFERENCES campaigns (id),
    pool_id      TEXT COLLATE "C" NOT NULL REFERENCES pools (id),
    created_at   BIGINT NOT NULL
);

CREATE INDEX listings_by_time ON listings (workspace_id, created_at);

CREATE TABLE do_not_call (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    number       TEXT COLLATE "C" NOT NULL,
    reason       TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    UNIQUE (workspace_id, number)
);

-- `due_at` is when the node looks at a task next. `revision` changes with everything that a
-- decision about the task rests on. `open_attempt` is the attempt that is under way;
-- `awaits_verdict` says that one is over and nobody has decided yet what follows.
CREATE TABLE tasks (
    id             TEXT COLLATE "C" PRIMARY KEY,
    workspace_id   TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    title          TEXT COLLATE "C" NOT NULL,
    description    TEXT COLLATE "C",
    type           TEXT COLLATE "C" NOT NULL,
    status         TEXT COLLATE "C" NOT NULL,
    priority       BIGINT NOT NULL,
    agent_id       TEXT COLLATE "C" NOT NULL REFERENCES agents (id),
    contact_id     TEXT COLLATE "C" REFERENCES contacts (id) ON DELETE SET NULL,
    campaign_id    TEXT COLLATE "C" REFERENCES campaigns (id),
    pool_id        TEXT COLLATE "C" REFERENCES pools (id),
    pool_priority  BIGINT NOT NULL DEFAULT 0,
    position       BIGINT NOT NULL DEFAULT 0,
    scheduled_at   BIGINT NOT NULL,
    due_at         BIGINT NOT NULL,
    expires_at     BIGINT,
    timezone       TEXT COLLATE "C",
    max_attempts   BIGINT NOT NULL,
    attempts_left  BIGINT NOT NULL,
    attempts_made  BIGINT NOT NULL DEFAULT 0,
    retry_strategy TEXT COLLATE "C" NOT NULL,
    retry_minutes  TEXT COLLATE "C" NOT NULL,
    task_data      TEXT COLLATE "C" NOT NULL,
    metadata       TEXT COLLATE "C" NOT NULL,
    auto_queue     BIGINT NOT NULL CHECK (auto_queue IN (0, 1)),
    is_escalated   BIGINT NOT NULL DEFAULT 0 CHECK (is_escalated IN (0, 1)),
    reason         TEXT COLLATE "C",
    open_attempt   TEXT COLLATE "C",
    awaits_verdict BIGINT NOT NULL DEFAULT 0 CHECK (awaits_verdict IN (0, 1)),
    revision       BIGINT NOT NULL DEFAULT 0,
    completed_at   BIGINT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    deleted_at     BIGINT
);

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
    id              TEXT COLLATE "C" PRIMARY KEY,
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    task_id         TEXT COLLATE "C" NOT NULL REFERENCES tasks (id),
    campaign_id     TEXT COLLATE "C" REFERENCES campaigns (id),
    number          TEXT COLLATE "C",
    call_id         TEXT COLLATE "C" UNIQUE,
    conversation_id TEXT COLLATE "C",
    node            TEXT COLLATE "C" NOT NULL,
    started_at      BIGINT NOT NULL,
    claimed_until   BIGINT NOT NULL,
    ended_at        BIGINT,
    outcome         TEXT COLLATE "C",
    reason          TEXT COLLATE "C"
);

CREATE INDEX task_attempts_by_task ON task_attempts (task_id, started_at);
CREATE INDEX task_attempts_by_number ON task_attempts (workspace_id, number, started_at);
CREATE INDEX task_attempts_open ON task_attempts (claimed_until) WHERE ended_at IS NULL;
