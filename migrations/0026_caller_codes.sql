-- Codes that a help desk read out to somebody whom it had identified. The digits are nowhere: they are derived when they are
-- shown, and again when they are typed.
CREATE TABLE caller_codes (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- The link that it goes with, and which token of it: a newer one kills the code.
    link_id TEXT NOT NULL REFERENCES links (id),
    generation BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by_customer_id TEXT NOT NULL,
    made_by_id TEXT NOT NULL,
    wrong_codes BIGINT NOT NULL DEFAULT 0,
    -- When it was used, or a newer one took its place.
    ended_at BIGINT,
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX caller_codes_by_user ON caller_codes (customer_id, user_id, made_at);
CREATE INDEX caller_codes_by_link ON caller_codes (link_id);

-- Which set-up that a link led to its user's help desk confirmed by three words, when, and who did.
ALTER TABLE links ADD COLUMN call_back_challenge TEXT;
ALTER TABLE links ADD COLUMN call_back_at BIGINT;
ALTER TABLE links ADD COLUMN call_back_by_customer_id TEXT;
ALTER TABLE links ADD COLUMN call_back_by_id TEXT;
