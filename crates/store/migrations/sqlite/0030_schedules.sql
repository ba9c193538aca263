-- When schedules are open, what is booked in them, and which of them agents book in.
-- What is deleted while other rows name it stays, with the time of its deletion.

-- `settings` is a JSON object in the field names of the API.
CREATE TABLE availability_types (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name         TEXT NOT NULL,
    settings     TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER
) STRICT;

CREATE INDEX availability_types_by_workspace ON availability_types (workspace_id, created_at);

-- `details` is a JSON object in the field names of the API.
CREATE TABLE schedules (
    id                   TEXT PRIMARY KEY NOT NULL,
    workspace_id         TEXT NOT NULL REFERENCES workspaces (id),
    availability_type_id TEXT NOT NULL REFERENCES availability_types (id),
    name                 TEXT NOT NULL,
    details              TEXT NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    deleted_at           INTEGER
) STRICT;

CREATE INDEX schedules_by_workspace ON schedules (workspace_id, created_at);
CREATE INDEX schedules_by_availability_type ON schedules (availability_type_id);

-- `custom_answers` is a JSON object.
CREATE TABLE appointments (
    id                  TEXT PRIMARY KEY NOT NULL,
    workspace_id        TEXT NOT NULL REFERENCES workspaces (id),
    schedule_id         TEXT NOT NULL REFERENCES schedules (id),
    contact_id          TEXT REFERENCES contacts (id) ON DELETE SET NULL,
    title               TEXT NOT NULL,
    description         TEXT,
    start_time          INTEGER NOT NULL,
    end_time            INTEGER NOT NULL CHECK (end_time > start_time),
    status              TEXT NOT NULL
        CHECK (status IN ('pending', 'approved', 'cancelled', 'completed', 'no_show')),
    notes               TEXT,
    custom_answers      TEXT NOT NULL,
    cancellation_reason TEXT,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL
) STRICT;

CREATE INDEX appointments_by_time ON appointments (workspace_id, start_time);
CREATE INDEX appointments_by_schedule ON appointments (schedule_id, start_time);
CREATE INDEX appointments_by_contact ON appointments (contact_id, start_time);

-- `number` counts the requests of a workspace. `kind` says what is asked for: a new appointment,
-- or that the one of `appointment_id` be moved or cancelled.
CREATE TABLE appointment_requests (
    id               TEXT PRIMARY KEY NOT NULL,
    workspace_id     TEXT NOT NULL REFERENCES workspaces (id),
    number           INTEGER NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('create', 'reschedule', 'cancel')),
    schedule_id      TEXT NOT NULL REFERENCES schedules (id),
    contact_id       TEXT REFERENCES contacts (id) ON DELETE SET NULL,
    appointment_id   TEXT REFERENCES appointments (id) ON DELETE SET NULL,
    contact_name     TEXT,
    contact_surname  TEXT,
    contact_email    TEXT,
    contact_phone    TEXT,
    title            TEXT NOT NULL,
    description      TEXT,
    start_time       INTEGER NOT NULL,
    end_time         INTEGER NOT NULL CHECK (end_time > start_time),
    status           TEXT NOT NULL
        CHECK (status IN ('pending', 'approved', 'rejected', 'cancelled')),
    notes            TEXT,
    approval_note    TEXT,
    rejection_reason TEXT,
    approved_at      INTEGER,
    rejected_at      INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (workspace_id, number)
) STRICT;

CREATE INDEX appointment_requests_by_time ON appointment_requests (workspace_id, start_time);
CREATE INDEX appointment_requests_by_schedule ON appointment_requests (schedule_id);
CREATE INDEX appointment_requests_by_contact ON appointment_requests (contact_id);
CREATE INDEX appointment_requests_by_appointment ON appointment_requests (appointment_id);

-- How agents book. `settings` is a JSON object in the field names of the API.
CREATE TABLE agent_bookings (
    agent_id     TEXT PRIMARY KEY NOT NULL REFERENCES agents (id),
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    settings     TEXT NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

-- Whoever asks for an appointment is found by their address, in capital or small letters.
CREATE INDEX contacts_by_email ON contacts (workspace_id, lower(email));
