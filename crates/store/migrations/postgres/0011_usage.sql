-- How many requests were made with a key in a month of UTC, such as `2026-03`.
CREATE TABLE key_usage (
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    key_id       TEXT COLLATE "C" NOT NULL,
    month        TEXT COLLATE "C" NOT NULL,
    requests     BIGINT NOT NULL,
    PRIMARY KEY (key_id, month)
);
