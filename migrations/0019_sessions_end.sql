-- The first moment at which a session is over, used or not: twelve hours after it began, or earlier where it was let in for
-- a shorter time.
ALTER TABLE sessions ADD COLUMN ends_at BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET ends_at = created_at + 43200000;
