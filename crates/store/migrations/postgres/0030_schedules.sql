-- When schedules are open, what is booked in them, and which of them agents book in.
-- What is deleted while other rows name it stays, with the time of its deletion.

-- `settings` is a JSON object in the field names of the API.
CREATE TABLE availability_types (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name         TEXT COLLATE "C" NOT NULL,
    settings     TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    deleted_at   BIGINT
);

CREATE INDEX availability_types_by_workspace ON availability_types (workspace_id, created_at);

-- `details` is a JSON object in the field names of the API.
CREATE TABLE schedules (
    id                   TEXT COLLATE "C" PRIMARY KEY,
    workspace_id         TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    availability_type_id TEXT COLLATE "C" NOT NULL REFERENCES availability_types (id),
    name                 TEXT COLLATE "C" NOT NULL,
    details              TEXT COLLATE "C" NOT NULL,
    created_at           BIGINT NOT NULL,
    updated_at           BIGINT NOT NULL,
    deleted_at           BIGINT
);

CREATE INDEX schedules_by_workspace ON schedules (workspace_id, created_at);
CREATE INDEX schedules_by_availability_type ON schedules (availability_type_id);

-- `custom_answers` is a JSON object.
CREATE TABLE appointments (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    workspace_id        TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    schedule_id         TEXT COLLATE "C" NOT NULL REFERENCES schedules (id),
    contact_id          TEXT COLLATE "C" REFERENCES contacts (id) ON DELETE SET NULL,
    title               TEXT COLLATE "C" NOT NULL,
    description         TEXT COLLATE "C",
    start_time          BIGINT NOT NULL,
    end_time            BIGINT NOT NULL CHECK (end_time > start_time),
    status              TEXT COLLATE "C" NOT NULL
        CHECK (status IN ('pending', 'approved', 'cancelled', 'completed', 'no_show')),
    notes               TEXT COLLATE "C",
    custom_answers      TEXT COLLATE "C" NOT NULL,
    cancellation_reason TEXT COLLATE "C",
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL
);

CREATE INDEX appointments_by_time ON appointments (workspace_id, start_time);
CREATE INDEX appointments_by_schedule ON appointments (schedule_id, start_time);
CREATE INDEX appointments_by_contact ON appointments (contact_id, start_time);

-- `number` counts the requests of a workspace. `kind` says what is asked for: a new appointment,
-- or that the one of `appointment_id` be moved or cancelled.
CREATE TABLE appointment_requests (
    id               TEXT COLLATE "C" PRIMARY KEY,
    workspace_id     TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    number           BIGINT NOT NULL,
    kind             TEXT COLLATE "C" NOT NULL CHECK (kind IN ('create', 'reschedule', 'cancel')),
    schedule_id      TEXT COLLATE "C" NOT NULL REFERENCES schedules (id),
    contact_id       TEXT COLLATE "C" REFERENCES contacts (id) ON DELETE SET NULL,
    appointment_id   TEXT COLLATE "C" REFERENCES appointments (id) ON DELETE SET NULL,
    contact_name     TEXT COLLATE "C",
    contact_surname  TEXT COLLATE "C",
    contact_email    TEXT COLLATE "C",
    contact_phone    TEXT COLLATE "C",
    title            TEXT COLLATE "C" NOT NULL,
    description      TEXT COLLATE "C",
    start_time       BIGINT NOT NULL,
    end_time         BIGINT NOT NULL CHECK (end_time > start_time),
    status           TEXT COLLATE "C" NOT NULL
        CHECK (status IN ('pending', 'approved', 'rejected', 'cancelled')),
    notes            TEXT COLLATE "C",
    approval_note    TEXT COLLATE "C",
    rejection_reason TEXT COLLATE "C",
    approved_at      BIGINT,
    rejected_at      BIGINT,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    UNIQUE (workspace_id, number)
);

CREATE INDEX appointment_requests_by_time ON appointment_requests (workspace_id, start_time);
CREATE INDEX appointment_requests_by_schedule ON appointment_requests (schedule_id);
CREATE INDEX appointment_requests_by_contact ON appointment_requests (contact_id);
CREATE INDEX appointment_requests_by_appointment ON appointment_requests (appointment_id);

-- How agents book. `settings` is a JSON object in the field names of the API.
CREATE TABLE agent_bookings (
    agent_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES agents (id),
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    settings     TEXT COLLATE "C" NOT NULL,
    updated_at   BIGINT NOT NULL
);

-- Whoever asks for an appointment is found by their address, in capital or small letters.
CREATE INDEX contacts_by_email ON contacts (workspace_id, lower(email));
