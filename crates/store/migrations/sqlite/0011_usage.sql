-- How many requests were made with a key in a month of UTC, such as `2026-03`.
CREATE TABLE key_usage (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    key_id       TEXT NOT NULL,
    month        TEXT NOT NULL,
    requests     INTEGER NOT NULL,
    PRIMARY KEY (key_id, month)
) STRICT, WITHOUT ROWID;
