-- Some plans wait for a second person before they may run: whoever is asked decides about the very same plan. All of it
-- stands in the plan's own row, so that of two decisions at once one is written. The reason and the ticket are those of the
-- request, confirmed_at is written with an approval.
ALTER TABLE resets ADD COLUMN approval_asked_at BIGINT;
ALTER TABLE resets ADD COLUMN decided_at BIGINT;
-- See domain/approval.rs.
ALTER TABLE resets ADD COLUMN decision TEXT;
ALTER TABLE resets ADD COLUMN decided_by_customer_id TEXT;
ALTER TABLE resets ADD COLUMN decided_by_id TEXT;
-- Why it was decided so, and the network address it was decided from.
ALTER TABLE resets ADD COLUMN decided_why TEXT;
ALTER TABLE resets ADD COLUMN decided_from TEXT;
CREATE INDEX resets_waiting ON resets (approval_asked_at) WHERE approval_asked_at IS NOT NULL AND decided_at IS NULL;
