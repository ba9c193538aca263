-- OAuth 2.0: programs of others that act for a workspace. Codes, tokens and secrets are never
-- stored: only their SHA-256 and the prefix that finds them.

-- `redirect_uris` and `scopes` are JSON arrays. A client without a secret is a public one.
CREATE TABLE oauth_clients (
    id            TEXT COLLATE "C" PRIMARY KEY,
    workspace_id  TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name          TEXT COLLATE "C" NOT NULL,
    redirect_uris TEXT COLLATE "C" NOT NULL,
    scopes        TEXT COLLATE "C" NOT NULL,
    secret_hash   BYTEA CHECK (length(secret_hash) = 32),
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE INDEX oauth_clients_by_workspace ON oauth_clients (workspace_id, created_at);

-- What the holder of a key let a client do. It begins with a code, which is good for one use;
-- `granted_at` says when that was. `code_challenge` is that of PKCE.
CREATE TABLE oauth_grants (
    id                TEXT COLLATE "C" PRIMARY KEY,
    workspace_id      TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    client_id         TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    key_id            TEXT COLLATE "C" NOT NULL REFERENCES api_keys (id),
    scopes            TEXT COLLATE "C" NOT NULL,
    redirect_uri      TEXT COLLATE "C" NOT NULL,
    redirect_uri_sent BIGINT NOT NULL CHECK (redirect_uri_sent IN (0, 1)),
    code_prefix       TEXT COLLATE "C" NOT NULL,
    code_hash         BYTEA NOT NULL CHECK (length(code_hash) = 32),
    code_challenge    TEXT COLLATE "C" NOT NULL,
    code_expires_at   BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    granted_at        BIGINT,
    revoked_at        BIGINT,
    last_used_at      BIGINT
);

CREATE INDEX oauth_grants_by_workspace ON oauth_grants (workspace_id, granted_at);
CREATE INDEX oauth_grants_by_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_by_code ON oauth_grants (code_prefix);

-- A refresh token that was used has `replaced_at`: should it come again, it was stolen.
CREATE TABLE oauth_tokens (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    grant_id     TEXT COLLATE "C" NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    kind         TEXT COLLATE "C" NOT NULL CHECK (kind IN ('access', 'refresh')),
    prefix       TEXT COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL CHECK (length(hash) = 32),
    scopes       TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    replaced_at  BIGINT,
    revoked_at   BIGINT
);

CREATE INDEX oauth_tokens_by_prefix ON oauth_tokens (prefix);
CREATE INDEX oauth_tokens_by_grant ON oauth_tokens (grant_id);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at);
