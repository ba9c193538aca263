-- Contacts become people with more than a number, which they need not have; with tags and with
-- fields that a workspace adds. Workspaces say how long they keep things; erasures are jobs.
--
-- SQLite can not make a column optional: the table is made anew around its rows. What refers to
-- it is checked at the end of the migration, when the rows are back.

PRAGMA defer_foreign_keys = ON;

CREATE TEMP TABLE contacts_before AS SELECT * FROM contacts;
DROP TABLE contacts;

CREATE TABLE contacts (
    id                TEXT PRIMARY KEY NOT NULL,
    workspace_id      TEXT NOT NULL REFERENCES workspaces (id),
    number            TEXT,
    name              TEXT,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    surname           TEXT,
    email             TEXT,
    number_type       TEXT,
    country_code      TEXT,
    timezone          TEXT,
    primary_language  TEXT,
    preferred_channel TEXT,
    preferred_time    TEXT,
    status            TEXT NOT NULL DEFAULT 'Active' CHECK (status IN ('Active', 'Inactive')),
    do_not_call       INTEGER NOT NULL DEFAULT 0 CHECK (do_not_call IN (0, 1)),
    UNIQUE (workspace_id, number)
) STRICT;

INSERT INTO contacts (id, workspace_id, number, name, created_at, updated_at)
SELECT id, workspace_id, number, name, created_at, updated_at FROM contacts_before;
DROP TABLE contacts_before;

CREATE INDEX contacts_by_time ON contacts (workspace_id, created_at, id);
CREATE INDEX contacts_by_status ON contacts (workspace_id, status, created_at, id);
CREATE INDEX contacts_by_channel ON contacts (workspace_id, preferred_channel, created_at, id);
CREATE INDEX calls_by_contact ON calls (contact_id);

-- They went with the table. The count itself is that of before.
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

-- `options` is a JSON array, of what a `select` can be.
CREATE TABLE contact_fields (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    key          TEXT NOT NULL,
    name         TEXT NOT NULL,
    type         TEXT NOT NULL CHECK (type IN ('text', 'number', 'boolean', 'date', 'select')),
    options      TEXT NOT NULL DEFAULT '[]',
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, key)
) STRICT;

-- `value` is JSON.
CREATE TABLE contact_values (
    contact_id   TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    field_id     TEXT NOT NULL REFERENCES contact_fields (id) ON DELETE CASCADE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    value        TEXT NOT NULL,
    PRIMARY KEY (contact_id, field_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX contact_values_by_field ON contact_values (field_id);

CREATE TABLE tags (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE contact_tags (
    contact_id   TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    tag_id       TEXT NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    PRIMARY KEY (contact_id, tag_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX contact_tags_by_tag ON contact_tags (tag_id, contact_id);

-- How many days something is kept; 0 is for ever.
ALTER TABLE workspaces ADD COLUMN retention_days_recordings INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN retention_days_transcripts INTEGER NOT NULL DEFAULT 0;

-- People that were erased, by an id that means nothing any more. `removed` counts what went, as
-- JSON. An erasure is finished when none of its `erased_calls` is left: their files are gone.
CREATE TABLE erasures (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    contact_id   TEXT NOT NULL,
    removed      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER
) STRICT;

CREATE INDEX erasures_open ON erasures (created_at) WHERE finished_at IS NULL;

-- Calls of which files are still to be deleted. `recording` is the file that the call named.
CREATE TABLE erased_calls (
    erasure_id   TEXT NOT NULL REFERENCES erasures (id) ON DELETE CASCADE,
    call_id      TEXT NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    recording    TEXT,
    PRIMARY KEY (erasure_id, call_id)
) STRICT, WITHOUT ROWID;
