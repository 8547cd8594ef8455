CREATE TABLE methods (
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- Sealed, bound to this row (see platform/keys.rs).
    secret TEXT NOT NULL,
    -- The time step of the last code taken: a code counts once (RFC 6238 §5.2).
    last_step BIGINT NOT NULL,
    registered_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (customer_id, user_id, id),
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);

CREATE TABLE backup_codes (
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    -- Keyed hash; the code itself is nowhere.
    hash TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (customer_id, user_id, number),
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);

-- One set a user; without saved_at nobody typed a code back yet.
CREATE TABLE backup_code_sets (
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    saved_at BIGINT,
    PRIMARY KEY (customer_id, user_id),
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
