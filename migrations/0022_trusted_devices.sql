-- Browsers that their users trust for some days. As with sessions, rows are found by the hash of what the cookie holds, and
-- one that ends is deleted: nothing can revive it.
CREATE TABLE trusted_devices (
    token_hash TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    trusted_at BIGINT NOT NULL,
    -- The first moment at which it is trusted no longer; brought forward where the policy is.
    ends_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    from_address TEXT,
    browser TEXT,
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX trusted_devices_by_user ON trusted_devices (customer_id, user_id);

-- Which trusted device a session belongs to: the one that let it in, or that became one with it.
ALTER TABLE sessions ADD COLUMN device_id TEXT;
-- Trusted devices that a reset ends.
ALTER TABLE reset_items ADD COLUMN trusted_devices BIGINT NOT NULL DEFAULT 0;
