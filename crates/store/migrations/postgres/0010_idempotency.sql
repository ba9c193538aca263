-- Requests that must not be done twice, by the key that a client gave them, and their answers.
-- A row without an answer is being worked on. `content` is encrypted by its writer.
CREATE TABLE idempotency (
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    key          TEXT COLLATE "C" NOT NULL,
    request      TEXT COLLATE "C" NOT NULL,
    reservation  TEXT COLLATE "C" NOT NULL,
    reserved_at  BIGINT NOT NULL,
    content      BYTEA,
    PRIMARY KEY (workspace_id, key)
);

CREATE UNIQUE INDEX idempotency_by_reservation ON idempotency (reservation);
CREATE INDEX idempotency_by_age ON idempotency (reserved_at);
