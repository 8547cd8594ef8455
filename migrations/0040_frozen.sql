-- The few whose account is frozen, or was and who are not back since: the recovery board counts them.
CREATE INDEX users_disowned ON users (customer_id, id) WHERE disowned_at IS NOT NULL;
