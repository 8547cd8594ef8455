-- Where a user's clock is, by its name in the IANA time zone database: that of the browser they signed in with last. None
-- before that, and where nothing runs that could tell.
ALTER TABLE users ADD COLUMN zone TEXT;
-- What a customer's mails speak, and where their times are, as long as nothing is known of the user. None: English, UTC.
ALTER TABLE customers ADD COLUMN language TEXT;
ALTER TABLE customers ADD COLUMN zone TEXT;
