-- Hardware OATH tokens: the stock of a customer, and in whose hands each is.
CREATE TABLE tokens (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    id TEXT NOT NULL,
    serial TEXT NOT NULL,
    -- The serial number as it is compared.
    serial_key TEXT NOT NULL,
    maker TEXT,
    model TEXT,
    digest TEXT NOT NULL,
    digits BIGINT NOT NULL,
    -- Seconds in a step; NULL where a counter moves (HOTP).
    period BIGINT,
    -- Sealed, bound to this row (see platform/keys.rs).
    secret TEXT NOT NULL,
    -- The step or counter of the last code taken: a code counts once.
    last_step BIGINT NOT NULL,
    added_at BIGINT NOT NULL,
    -- Who has it. Assigned, activated, returned and lost say since when; see domain/token.rs.
    user_id TEXT,
    assigned_at BIGINT,
    activated_at BIGINT,
    returned_at BIGINT,
    lost_at BIGINT,
    -- Raised by each act: of two at once, one is done.
    version BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id),
    UNIQUE (customer_id, serial_key),
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX tokens_by_serial ON tokens (serial_key, id, customer_id);
CREATE INDEX tokens_by_user ON tokens (customer_id, user_id);
CREATE INDEX tokens_by_id ON tokens (id);

CREATE TABLE token_history (
    customer_id TEXT NOT NULL,
    token_id TEXT NOT NULL,
    -- The token's version after it.
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    act TEXT NOT NULL,
    -- Whose it became, or whose it was.
    user_id TEXT,
    by_customer_id TEXT NOT NULL,
    by_id TEXT NOT NULL,
    PRIMARY KEY (customer_id, token_id, number),
    FOREIGN KEY (customer_id, token_id) REFERENCES tokens (customer_id, id)
);

-- A file of tokens between preview and confirmation, and then how many came of it.
CREATE TABLE token_imports (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    requester_customer_id TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    -- The lines with their secrets, sealed and bound to this row; gone once they are in the stock.
    sealed TEXT,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    taken BIGINT,
    untaken BIGINT,
    FOREIGN KEY (requester_customer_id, requester_id) REFERENCES users (customer_id, id)
);
