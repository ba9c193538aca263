-- Telephone numbers that operators bring, the SIP connections that their calls leave through, the
-- agents that they are bound to, and the calls that each carries.

-- One number belongs to one workspace. `channel_limit` columns are calls at once; empty is as many
-- as the node takes. `destinations` is JSON: two-letter codes of countries, none for all of them.
CREATE TABLE phone_numbers (
    id               TEXT COLLATE "C" PRIMARY KEY,
    workspace_id     TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    number           TEXT COLLATE "C" NOT NULL UNIQUE,
    country_code     TEXT COLLATE "C",
    name             TEXT COLLATE "C" NOT NULL,
    direction        TEXT COLLATE "C" NOT NULL CHECK (direction IN ('inbound', 'outbound', 'both')),
    ani_format       TEXT COLLATE "C" CHECK (ani_format IN ('e164', 'digits')),
    voice_enabled    BIGINT NOT NULL DEFAULT 1,
    voice_limit      BIGINT,
    destinations     TEXT COLLATE "C" NOT NULL DEFAULT '[]',
    inbound_enabled  BIGINT NOT NULL DEFAULT 1,
    inbound_limit    BIGINT,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);

CREATE INDEX phone_numbers_by_time ON phone_numbers (workspace_id, created_at, id);

-- `phone_number` is as it was given. `state` is what the last call came to that left through it.
CREATE TABLE sip_connections (
    id                TEXT COLLATE "C" PRIMARY KEY,
    workspace_id      TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    number_id         TEXT COLLATE "C" NOT NULL REFERENCES phone_numbers (id) ON DELETE CASCADE,
    name              TEXT COLLATE "C" NOT NULL,
    phone_number      TEXT COLLATE "C" NOT NULL,
    gateway           TEXT COLLATE "C" NOT NULL,
    port              BIGINT,
    secondary_gateway TEXT COLLATE "C",
    username          TEXT COLLATE "C",
    password          TEXT COLLATE "C",
    state             TEXT COLLATE "C" NOT NULL CHECK (state IN ('unverified', 'active', 'failing')),
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);

CREATE INDEX sip_connections_by_time ON sip_connections (workspace_id, created_at, id);
CREATE INDEX sip_connections_by_number ON sip_connections (number_id, created_at);

-- The agents that a number is bound to; the latest takes its calls. Without a connection of its
-- own a binding uses the newest of the number.
CREATE TABLE number_bindings (
    number_id     TEXT COLLATE "C" NOT NULL REFERENCES phone_numbers (id) ON DELETE CASCADE,
    agent_id      TEXT COLLATE "C" NOT NULL REFERENCES agents (id),
    workspace_id  TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    connection_id TEXT COLLATE "C" REFERENCES sip_connections (id) ON DELETE CASCADE,
    bound_at      BIGINT NOT NULL,
    PRIMARY KEY (number_id, agent_id)
);

CREATE INDEX number_bindings_by_agent ON number_bindings (agent_id, bound_at);

-- Places of calls at numbers, taken before a call is written down. One whose call is over, or was
-- not written down within a minute, holds nothing.
CREATE TABLE number_calls (
    call_id       TEXT COLLATE "C" PRIMARY KEY,
    workspace_id  TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    number_id     TEXT COLLATE "C" NOT NULL REFERENCES phone_numbers (id) ON DELETE CASCADE,
    connection_id TEXT COLLATE "C" REFERENCES sip_connections (id) ON DELETE CASCADE,
    direction     TEXT COLLATE "C" NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    taken_at      BIGINT NOT NULL
);

CREATE INDEX number_calls_by_number ON number_calls (number_id, taken_at);
