-- When its user said of a notice that it was not them. Nobody gets into the account before a newer reset, and after that only
-- its link leads back in; NULL again once they have set up.
ALTER TABLE users ADD COLUMN disowned_at BIGINT;
-- The same of what this link led to, or would have led to: it stands on the board, however the link ended.
ALTER TABLE links ADD COLUMN disowned_at BIGINT;
-- When its user last asked their administrators for help with it; NULL once somebody did something about it.
ALTER TABLE links ADD COLUMN help_asked_at BIGINT;
