-- By customer, so that whoever sends goes round among those for whom something is due: ten thousand mails of one customer
-- keep no other's waiting.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (channel, customer_id, next_try_at, id) WHERE next_try_at IS NOT NULL;
