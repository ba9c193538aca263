-- OAuth 2.0: programs of others that act for a workspace. Codes, tokens and secrets are never
-- stored: only their SHA-256 and the prefix that finds them.

-- `redirect_uris` and `scopes` are JSON arrays. A client without a secret is a public one.
CREATE TABLE oauth_clients (
    id            TEXT PRIMARY KEY NOT NULL,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    name          TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    secret_hash   BLOB CHECK (length(secret_hash) = 32),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX oauth_clients_by_workspace ON oauth_clients (workspace_id, created_at);

-- What the holder of a key let a client do. It begins with a code, which is good for one use;
-- `granted_at` says when that was. `code_challenge` is that of PKCE.
CREATE TABLE oauth_grants (
    id                TEXT PRIMARY KEY NOT NULL,
    workspace_id      TEXT NOT NULL REFERENCES workspaces (id),
    client_id         TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    key_id            TEXT NOT NULL REFERENCES api_keys (id),
    scopes            TEXT NOT NULL,
    redirect_uri      TEXT NOT NULL,
    redirect_uri_sent INTEGER NOT NULL CHECK (redirect_uri_sent IN (0, 1)),
    code_prefix       TEXT NOT NULL,
    code_hash         BLOB NOT NULL CHECK (length(code_hash) = 32),
    code_challenge    TEXT NOT NULL,
    code_expires_at   INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    granted_at        INTEGER,
    revoked_at        INTEGER,
    last_used_at      INTEGER
) STRICT;

CREATE INDEX oauth_grants_by_workspace ON oauth_grants (workspace_id, granted_at);
CREATE INDEX oauth_grants_by_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_by_code ON oauth_grants (code_prefix);

-- A refresh token that was used has `replaced_at`: should it come again, it was stolen.
CREATE TABLE oauth_tokens (
    id           TEXT PRIMARY KEY NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    grant_id     TEXT NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
    prefix       TEXT NOT NULL,
    hash         BLOB NOT NULL CHECK (length(hash) = 32),
    scopes       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    replaced_at  INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE INDEX oauth_tokens_by_prefix ON oauth_tokens (prefix);
CREATE INDEX oauth_tokens_by_grant ON oauth_tokens (grant_id);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at);
