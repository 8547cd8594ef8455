CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- What the mail says, as JSON, without any secret: links are derived as they are sent.
    mail TEXT NOT NULL,
    link_id TEXT,
    created_at BIGINT NOT NULL,
    -- NULL once nothing is left to do. Whoever takes a mail to send it moves this on: nobody else takes it until then.
    next_try_at BIGINT,
    tries BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    sent_at BIGINT,
    failed_at BIGINT,
    -- A newer mail says what this one would have said.
    superseded_at BIGINT,
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX outbox_due ON outbox (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX outbox_by_link ON outbox (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX outbox_by_user ON outbox (customer_id, user_id);
