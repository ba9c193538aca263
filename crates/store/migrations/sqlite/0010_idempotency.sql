-- Requests that must not be done twice, by the key that a client gave them, and their answers.
-- A row without an answer is being worked on. `content` is encrypted by its writer.
CREATE TABLE idempotency (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    key          TEXT NOT NULL,
    request      TEXT NOT NULL,
    reservation  TEXT NOT NULL,
    reserved_at  INTEGER NOT NULL,
    content      BLOB,
    PRIMARY KEY (workspace_id, key)
) STRICT;

CREATE UNIQUE INDEX idempotency_by_reservation ON idempotency (reservation);
CREATE INDEX idempotency_by_age ON idempotency (reserved_at);
