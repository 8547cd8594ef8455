-- When whoever is not back by then gets a link once more; NULL where nobody is to, and from when it was done or is needless.
ALTER TABLE reset_items ADD COLUMN remind_at BIGINT;
CREATE INDEX reset_items_to_remind ON reset_items (remind_at) WHERE remind_at IS NOT NULL;
-- Who was reset lately, in some customers.
CREATE INDEX reset_items_by_done ON reset_items (customer_id, done_at);
