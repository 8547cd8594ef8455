-- A reset is a frozen plan until confirmed_at, a running batch until completed_at, and a record from then on.
CREATE TABLE resets (
    id TEXT PRIMARY KEY,
    requester_customer_id TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    reason TEXT,
    ticket TEXT,
    confirmed_at BIGINT,
    completed_at BIGINT,
    leased_until BIGINT,
    -- The network address it was confirmed from.
    from_address TEXT,
    FOREIGN KEY (requester_customer_id, requester_id) REFERENCES users (customer_id, id)
);
CREATE INDEX resets_by_requester ON resets (requester_customer_id, requester_id, id);

CREATE TABLE reset_items (
    reset_id TEXT NOT NULL REFERENCES resets (id),
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- Why this user is skipped; NULL where they are reset.
    skip TEXT,
    authenticator_apps BIGINT NOT NULL,
    backup_codes BIGINT NOT NULL,
    sessions BIGINT NOT NULL,
    challenges BIGINT NOT NULL,
    links BIGINT NOT NULL,
    done_at BIGINT,
    link_id TEXT,
    PRIMARY KEY (reset_id, customer_id, user_id),
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX reset_items_by_user ON reset_items (customer_id, user_id);

CREATE TABLE links (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- A newer generation kills the tokens of the older ones. The token is derived, never stored.
    generation BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    opened_at BIGINT,
    proved_at BIGINT,
    wrong_passwords BIGINT NOT NULL DEFAULT 0,
    ended_at BIGINT,
    ended_how TEXT,
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
-- One link a user that has not ended.
CREATE UNIQUE INDEX links_live ON links (customer_id, user_id) WHERE ended_at IS NULL;
