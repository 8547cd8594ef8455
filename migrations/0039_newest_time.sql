-- How late it was when it was last written down, in milliseconds since 1970: a start after that with a clock that was set
-- back goes on from here.
ALTER TABLE installation ADD COLUMN newest_time BIGINT NOT NULL DEFAULT 0;
