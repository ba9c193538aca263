-- Workspaces have a name and a plan, keys have scopes, and lists know their length.

ALTER TABLE workspaces ADD COLUMN name TEXT NOT NULL DEFAULT 'Default';
ALTER TABLE workspaces ADD COLUMN plan TEXT NOT NULL DEFAULT 'free'
    CHECK (plan IN ('free', 'unlimited'));
ALTER TABLE workspaces ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE workspaces SET created_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000;

-- A JSON array of scopes; `*` is every one.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '["*"]';

CREATE INDEX contacts_by_time ON contacts (workspace_id, created_at);
DROP INDEX calls_by_agent;
CREATE INDEX calls_by_agent ON calls (workspace_id, agent_id, created_at);

-- How many rows of a kind a workspace has, kept by triggers: counting them would read them all.
CREATE TABLE row_counts (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    kind         TEXT NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER contacts_added AFTER INSERT ON contacts
BEGIN
    INSERT INTO row_counts (workspace_id, kind, count) VALUES (NEW.workspace_id, 'contacts', 1)
    ON CONFLICT (workspace_id, kind) DO UPDATE SET count = row_counts.count + 1;
END;

CREATE TRIGGER contacts_removed AFTER DELETE ON contacts
BEGIN
    UPDATE row_counts SET count = count - 1
    WHERE workspace_id = OLD.workspace_id AND kind = 'contacts';
END;

INSERT INTO row_counts (workspace_id, kind, count)
SELECT workspace_id, 'contacts', count(*) FROM contacts GROUP BY workspace_id;
