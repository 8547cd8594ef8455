-- When whoever asked for a reset was last told by mail how many are back, or first wanted to be, and how many that were; NULL
-- where they do not want to be told.
ALTER TABLE resets ADD COLUMN back_told_at BIGINT;
ALTER TABLE resets ADD COLUMN back_told BIGINT;
CREATE INDEX resets_back_told ON resets (back_told_at) WHERE back_told_at IS NOT NULL;
-- When a set-up that ended a link came from a network from which its user had never signed in.
ALTER TABLE links ADD COLUMN new_network_at BIGINT;
