-- Who asks for another address leaves one row, whoever has that address: how often is counted here. As long as it waits for the
-- link in the mail to it, there is a challenge with the same id.
CREATE TABLE address_changes (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- Whether it is to be their address or their second one.
    place TEXT NOT NULL,
    address TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    -- When it became theirs by the link.
    confirmed_at BIGINT,
    -- The address that was given up for it and can be taken back: until then it is nobody else's. The row goes when it is over.
    old_address TEXT,
    old_address_key TEXT,
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX address_changes_by_user ON address_changes (customer_id, user_id);
CREATE INDEX address_changes_by_old_address ON address_changes (old_address_key) WHERE old_address_key IS NOT NULL;

-- A second mailbox that hears of every change of what lets its user in; it is there once its link was followed.
ALTER TABLE users ADD COLUMN second_address TEXT;
ALTER TABLE users ADD COLUMN second_verified_at BIGINT;
-- The mail that this one is a copy of, for a second address. No limit counts it, and no board shows what became of it.
ALTER TABLE outbox ADD COLUMN copy_of TEXT;
