-- Passkeys and security keys stand beside the other methods. Of one, `secret` holds the credential's public part, sealed
-- like any other and so bound to its row, and `last_step` the signature counter of its last use.
-- What the key calls itself; nobody else's may be the same.
ALTER TABLE methods ADD COLUMN credential_id TEXT;
-- Since when it is refused: its counter went back, which only a copy of it explains.
ALTER TABLE methods ADD COLUMN copied_at BIGINT;
CREATE UNIQUE INDEX methods_by_credential ON methods (credential_id);

-- What the server must remember between asking a key and its answer, sealed. An answer takes it away: it counts once.
ALTER TABLE challenges ADD COLUMN ceremony TEXT;

ALTER TABLE reset_items ADD COLUMN passkeys BIGINT NOT NULL DEFAULT 0;
