-- A search looks at names and addresses, and finds both where it reads in order: no row is fetched that it does not show.
DROP INDEX users_by_name;
CREATE INDEX users_by_name ON users (customer_id, name_key, id, address_key) WHERE removed_at IS NULL;
DROP INDEX users_by_name_anywhere;
CREATE INDEX users_by_name_anywhere ON users (name_key, id, customer_id, address_key) WHERE removed_at IS NULL;
