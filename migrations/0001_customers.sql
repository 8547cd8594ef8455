-- One text for both engines: TEXT and BIGINT only. Times are milliseconds since 1970 in UTC; a nullable time says what
-- happened, and when. The customer comes first in the keys of every big table.

CREATE TABLE customers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    help_desk TEXT,
    policy TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What this database knows of the key file: a database opened with another one is refused.
CREATE TABLE installation (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    key_check TEXT NOT NULL
);
