-- Codes that were sent to phones. The digits are nowhere: they are derived when they are sent, and again when they are typed.
CREATE TABLE phone_codes (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- The method that the number is; NULL while it is being added.
    method_id TEXT,
    -- The number, sealed and bound to this row.
    number TEXT NOT NULL,
    -- Keyed hash of the number, so that messages to it can be counted.
    number_key TEXT NOT NULL,
    -- What the code is for: it counts nowhere else. See domain/phone.rs.
    about TEXT NOT NULL,
    key_id TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    wrong_codes BIGINT NOT NULL DEFAULT 0,
    used_at BIGINT,
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX phone_codes_by_user ON phone_codes (customer_id, user_id, asked_at);
CREATE INDEX phone_codes_by_number ON phone_codes (number_key, asked_at);
CREATE INDEX phone_codes_by_customer ON phone_codes (customer_id, asked_at);

-- Whoever counts messages holds what they are counted by, until theirs is counted too.
CREATE TABLE phone_counts (
    key TEXT PRIMARY KEY,
    version BIGINT NOT NULL
);

-- Mails and text messages wait for servers of their own, and neither waits for the other's.
ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'mail';
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (channel, next_try_at) WHERE next_try_at IS NOT NULL;

ALTER TABLE reset_items ADD COLUMN phones BIGINT NOT NULL DEFAULT 0;
