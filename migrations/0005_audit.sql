-- One chain a customer; the chain named 'rekey' holds what belongs to none. Each hash is keyed, over the row and the hash
-- before it; the head's seal makes a cut-off end visible.
CREATE TABLE audit_events (
    chain TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    what TEXT NOT NULL,
    actor_customer_id TEXT,
    actor_id TEXT,
    target_id TEXT,
    from_address TEXT,
    details TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (chain, number)
);
CREATE INDEX audit_events_by_target ON audit_events (chain, target_id, number);

CREATE TABLE audit_heads (
    chain TEXT PRIMARY KEY,
    number BIGINT NOT NULL,
    hash TEXT NOT NULL,
    seal TEXT NOT NULL
);
