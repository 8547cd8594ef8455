-- Addresses that somebody pasted or uploaded, out of which a selection is made: the text alone, for half an hour. Whom it
-- names is looked up anew each time, within what its reader may see at that moment. One a person: the newest.
CREATE TABLE reset_lists (
    requester_customer_id TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (requester_customer_id, requester_id),
    FOREIGN KEY (requester_customer_id, requester_id) REFERENCES users (customer_id, id)
);

-- Whoever is made an admin between review and confirmation is not who was reviewed. NULL in plans from before this.
ALTER TABLE reset_items ADD COLUMN role TEXT;

-- The links of one user, the ended ones too.
CREATE INDEX links_by_user ON links (customer_id, user_id, issued_at);

-- Resets are found by their reason and ticket, as names are: folded, any part of them.
ALTER TABLE resets ADD COLUMN words_key TEXT;
UPDATE resets SET words_key = LOWER(COALESCE(reason, '') || ' ' || COALESCE(ticket, ''));
CREATE INDEX resets_by_plan ON resets (plan_hash);
CREATE INDEX resets_running ON resets (id) WHERE confirmed_at IS NOT NULL AND completed_at IS NULL;
