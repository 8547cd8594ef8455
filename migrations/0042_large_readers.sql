-- Whoever looks after thousands of customers: their roles are read without looking at the rows.
CREATE INDEX memberships_held ON memberships (user_customer_id, user_id, customer_id, role, ends_at);
DROP INDEX memberships_by_user;
-- And a page of users by their last sign-in without sorting everybody. Whoever never signed in did so before everybody.
CREATE INDEX users_by_sign_in ON users ((COALESCE(last_sign_in_at, 0)), id, customer_id) WHERE removed_at IS NULL;
