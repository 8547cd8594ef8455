-- Whose own transaction failed keeps everything they have: when, and why.
ALTER TABLE reset_items ADD COLUMN failed_at BIGINT;
ALTER TABLE reset_items ADD COLUMN failed_why TEXT;
-- From then on nobody else is begun; who had not been is skipped.
ALTER TABLE resets ADD COLUMN cancelled_at BIGINT;
ALTER TABLE resets ADD COLUMN cancelled_by_customer_id TEXT;
ALTER TABLE resets ADD COLUMN cancelled_by_id TEXT;
-- When the newest generation of a link was issued; NULL while that is the first, issued_at.
ALTER TABLE links ADD COLUMN renewed_at BIGINT;
