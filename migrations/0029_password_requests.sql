-- Who asks for a new password at the sign-in page leaves one row, whether the address is somebody's or nobody's: who it is, is
-- looked up afterwards, so that both take the same.
CREATE TABLE password_requests (
    id TEXT PRIMARY KEY,
    -- Keyed hash of the address, by which requests are counted.
    address_key TEXT NOT NULL,
    -- The address as it was typed; gone once the request is answered.
    address TEXT,
    from_address TEXT,
    asked_at BIGINT NOT NULL,
    answered_at BIGINT
);
CREATE INDEX password_requests_by_address ON password_requests (address_key, asked_at);
CREATE INDEX password_requests_by_origin ON password_requests (from_address, asked_at);
CREATE INDEX password_requests_waiting ON password_requests (id) WHERE answered_at IS NULL;

-- When the password was set with nothing but a mail; NULL once its user has signed in with a second factor. Until then it is
-- no second proof beside a recovery link, which goes to the same mailbox.
ALTER TABLE users ADD COLUMN password_by_mail_at BIGINT;
