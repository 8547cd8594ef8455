-- Rows are found by the hash of what the cookie holds. A session or challenge that ends is deleted: nothing can revive it.
CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    from_address TEXT,
    browser TEXT,
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX sessions_by_user ON sessions (customer_id, user_id);

-- Half-finished sign-ins, and the set-ups that recovery links lead to.
CREATE TABLE challenges (
    token_hash TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    step TEXT NOT NULL,
    link_id TEXT,
    -- The secret of the authenticator being set up, sealed; gone once its first code was right.
    secret TEXT,
    next_path TEXT,
    wrong_codes BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX challenges_by_user ON challenges (customer_id, user_id);
