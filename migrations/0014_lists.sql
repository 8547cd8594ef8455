-- Lists read no row that they do not show: who was removed is on none, and the index of names leaves them out.
DROP INDEX users_by_name;
CREATE INDEX users_by_name ON users (customer_id, name_key, id) WHERE removed_at IS NULL;
-- Whoever looks after very many customers reads everybody by name, whatever the customer.
CREATE INDEX users_by_name_anywhere ON users (name_key, id, customer_id) WHERE removed_at IS NULL;
-- Ticked people and a user's page are named by identifiers alone.
CREATE INDEX users_by_id ON users (id);
-- The newest of one chain, and of all.
CREATE INDEX audit_events_by_time ON audit_events (chain, at, number);
CREATE INDEX audit_events_newest ON audit_events (at, number, chain);
