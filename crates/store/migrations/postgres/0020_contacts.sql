-- Contacts become people with more than a number, which they need not have; with tags and with
-- fields that a workspace adds. Workspaces say how long they keep things; erasures are jobs.

ALTER TABLE contacts ALTER COLUMN number DROP NOT NULL;
ALTER TABLE contacts ADD COLUMN surname TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN email TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN number_type TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN country_code TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN timezone TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN primary_language TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN preferred_channel TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN preferred_time TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN status TEXT COLLATE "C" NOT NULL DEFAULT 'Active'
    CHECK (status IN ('Active', 'Inactive'));
ALTER TABLE contacts ADD COLUMN do_not_call BIGINT NOT NULL DEFAULT 0
    CHECK (do_not_call IN (0, 1));

DROP INDEX contacts_by_time;
CREATE INDEX contacts_by_time ON contacts (workspace_id, created_at, id);
CREATE INDEX contacts_by_status ON contacts (workspace_id, status, created_at, id);
CREATE INDEX contacts_by_channel ON contacts (workspace_id, preferred_channel, created_at, id);
CREATE INDEX calls_by_contact ON calls (contact_id);

-- `options` is a JSON array, of what a `select` can be.
CREATE TABLE contact_fields (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    key          TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    type         TEXT COLLATE "C" NOT NULL
        CHECK (type IN ('text', 'number', 'boolean', 'date', 'select')),
    options      TEXT COLLATE "C" NOT NULL DEFAULT '[]',
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE (workspace_id, key)
);

-- `value` is JSON.
CREATE TABLE contact_values (
    contact_id   TEXT COLLATE "C" NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    field_id     TEXT COLLATE "C" NOT NULL REFERENCES contact_fields (id) ON DELETE CASCADE,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    value        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (contact_id, field_id)
);

CREATE INDEX contact_values_by_field ON contact_values (field_id);

CREATE TABLE tags (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name         TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE contact_tags (
    contact_id   TEXT COLLATE "C" NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    tag_id       TEXT COLLATE "C" NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    PRIMARY KEY (contact_id, tag_id)
);

CREATE INDEX contact_tags_by_tag ON contact_tags (tag_id, contact_id);

-- How many days something is kept; 0 is for ever.
ALTER TABLE workspaces ADD COLUMN retention_days_recordings BIGINT NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN retention_days_transcripts BIGINT NOT NULL DEFAULT 0;

-- People that were erased, by an id that means nothing any more. `removed` counts what went, as
-- JSON. An erasure is finished when none of its `erased_calls` is left: their files are gone.
CREATE TABLE erasures (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    contact_id   TEXT COLLATE "C" NOT NULL,
    removed      TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT
);

CREATE INDEX erasures_open ON erasures (created_at) WHERE finished_at IS NULL;

-- Calls of which files are still to be deleted. `recording` is the file that the call named.
CREATE TABLE erased_calls (
    erasure_id   TEXT COLLATE "C" NOT NULL REFERENCES erasures (id) ON DELETE CASCADE,
    call_id      TEXT COLLATE "C" NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    recording    TEXT COLLATE "C",
    PRIMARY KEY (erasure_id, call_id)
);
