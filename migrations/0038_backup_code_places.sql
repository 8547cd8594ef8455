-- The network address from which a code was used.
ALTER TABLE backup_codes ADD COLUMN used_from TEXT;
