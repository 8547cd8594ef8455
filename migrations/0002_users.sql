CREATE TABLE users (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE,
    address_verified_at BIGINT,
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    suspended_at BIGINT,
    last_sign_in_at BIGINT,
    -- A reset took every factor and the user has not set up again yet.
    set_up_due_at BIGINT,
    -- Raised by every transaction that decides about this user: raising it takes the row's lock on both engines.
    version BIGINT NOT NULL DEFAULT 0,
    wrong_codes_in_a_row BIGINT NOT NULL DEFAULT 0,
    wrong_codes_recent BIGINT NOT NULL DEFAULT 0,
    wrong_codes_since BIGINT,
    PRIMARY KEY (customer_id, id)
);
CREATE INDEX users_by_name ON users (customer_id, name_key, id);

CREATE TABLE memberships (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    user_customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, user_id),
    FOREIGN KEY (user_customer_id, user_id) REFERENCES users (customer_id, id)
);
CREATE INDEX memberships_by_user ON memberships (user_customer_id, user_id);
