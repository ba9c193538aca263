-- Webhooks may be of a whole workspace, and know how their endpoint has done of late; messages
-- about one conversation go out in order; each attempt to deliver one is kept.

-- Without `agent_id` it is of the workspace and hears of every agent. `failures` counts failed
-- attempts since the last good one; nothing is sent before `paused_until`, and then one message.
ALTER TABLE webhooks ALTER COLUMN agent_id DROP NOT NULL;
ALTER TABLE webhooks ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN paused_until BIGINT;

CREATE INDEX webhooks_by_workspace ON webhooks (workspace_id, created_at);

-- `position` is a message's place among the open ones of its webhook and conversation; without it,
-- it is in nobody's way. It is due at `next_attempt_at`, which is NULL while an earlier one is open.
-- `owed_since` is when it was last put into the outbox, with `attempts_before` attempts made before
-- that.
ALTER TABLE outbox ADD COLUMN conversation_id TEXT COLLATE "C";
ALTER TABLE outbox ADD COLUMN position BIGINT;
ALTER TABLE outbox ADD COLUMN attempts_before BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN owed_since BIGINT;
UPDATE outbox SET owed_since = created_at;
ALTER TABLE outbox ALTER COLUMN owed_since SET NOT NULL;
ALTER TABLE outbox ALTER COLUMN next_attempt_at DROP NOT NULL;

DROP INDEX outbox_open;
DROP INDEX outbox_by_webhook;
CREATE INDEX outbox_open ON outbox (webhook_id, next_attempt_at)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_order ON outbox (webhook_id, conversation_id, position)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_by_webhook ON outbox (webhook_id, created_at, id);
CREATE INDEX outbox_by_conversation ON outbox (conversation_id);

-- What became of each attempt, numbered from 1.
CREATE TABLE outbox_attempts (
    message_id   TEXT COLLATE "C" NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    number       BIGINT NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    started_at   BIGINT NOT NULL,
    duration_ms  BIGINT NOT NULL,
    status_code  BIGINT,
    error        TEXT COLLATE "C",
    PRIMARY KEY (message_id, number)
);
