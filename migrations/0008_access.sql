-- Access that ends by itself: a person of a provider, or anyone, who looks after a customer until a date.
ALTER TABLE memberships ADD COLUMN ends_at BIGINT;
-- A provider's owners and admins add customers.
ALTER TABLE customers ADD COLUMN provider_since BIGINT;
-- Through which provider a customer was added.
ALTER TABLE customers ADD COLUMN provider_id TEXT REFERENCES customers (id);
-- Removed people keep their row for the records' sake: no membership, no address, no password, no factor.
ALTER TABLE users ADD COLUMN removed_at BIGINT;
-- The policy's warning level once more, for the conditions of lists: the rest of the policy is no matter of SQL.
ALTER TABLE customers ADD COLUMN codes_low BIGINT NOT NULL DEFAULT 3;
