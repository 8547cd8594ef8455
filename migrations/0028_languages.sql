-- The language of a user's mails and of the pages they are signed in to: what they chose, or else what their browser asked for
-- when they first proved themself. None before that.
ALTER TABLE users ADD COLUMN language TEXT;
