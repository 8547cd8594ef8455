-- An invitation of a user whose set-up is not finished, one row a user. Sending it again raises the generation, which kills
-- the older link. Its token is derived, never stored.
CREATE TABLE invitations (
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    generation BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    opened_at BIGINT,
    ended_at BIGINT,
    ended_how TEXT,
    PRIMARY KEY (customer_id, user_id),
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);

-- The password that somebody invited has chosen, hashed, until their first factor was right. Nobody signs in with it.
ALTER TABLE challenges ADD COLUMN password_hash TEXT;

-- Where a mail goes whose user has that address no more; gone once the mail is settled.
ALTER TABLE outbox ADD COLUMN address TEXT;

-- A list of people to invite: a frozen preview until confirmed_at, a running batch until completed_at, a report from then on.
CREATE TABLE invite_lists (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    requester_customer_id TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    completed_at BIGINT,
    -- The network address it was confirmed from.
    from_address TEXT,
    FOREIGN KEY (requester_customer_id, requester_id) REFERENCES users (customer_id, id)
);
CREATE INDEX invite_lists_open ON invite_lists (confirmed_at) WHERE completed_at IS NULL;

CREATE TABLE invite_list_lines (
    list_id TEXT NOT NULL REFERENCES invite_lists (id),
    -- Where in the file the line begins.
    number BIGINT NOT NULL,
    -- Who, as the file has it.
    who TEXT NOT NULL,
    name TEXT,
    address TEXT,
    role TEXT,
    -- Why nobody is invited by this line; NULL where somebody is.
    untaken TEXT,
    -- The line whose address it has again.
    same_as BIGINT,
    user_id TEXT,
    PRIMARY KEY (list_id, number)
);
