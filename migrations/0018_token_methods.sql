-- Which hardware token a method is; its secret lies in the stock.
ALTER TABLE methods ADD COLUMN token_id TEXT;
-- Tokens that a reset returns to the stock.
ALTER TABLE reset_items ADD COLUMN hardware_tokens BIGINT NOT NULL DEFAULT 0;
