-- What is written down is evaluated. `evaluation` is JSON, as clients see it. It is owed while
-- `evaluation_due_at` is set; whoever works on it holds `evaluation_claim` until
-- `evaluation_claimed_until`.
ALTER TABLE transcriptions ADD COLUMN evaluation TEXT COLLATE "C";
ALTER TABLE transcriptions ADD COLUMN evaluated_at BIGINT;
ALTER TABLE transcriptions ADD COLUMN evaluation_due_at BIGINT;
ALTER TABLE transcriptions ADD COLUMN evaluation_claim TEXT COLLATE "C";
ALTER TABLE transcriptions ADD COLUMN evaluation_claimed_until BIGINT;
ALTER TABLE transcriptions ADD COLUMN evaluation_attempts BIGINT NOT NULL DEFAULT 0;

CREATE INDEX transcriptions_to_evaluate ON transcriptions (evaluation_due_at)
    WHERE evaluation_due_at IS NOT NULL;
